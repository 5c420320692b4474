"""A tiny BERT on the embedded text: hidden tokens from both sides or one, with and without its second objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary.embeddings import segment_embedding
from netspec.vocabulary.losses import masked_language_loss, nsp_head
from netspec.vocabulary.positions import sinusoidal
from train.trials.base import Metric, Run, Series, Trial, dense, fit, percent, right, size, surprise
from train.trials.examples import passages
from train.trials.examples.passages import ALL_MASKED, MIXED, SPECIAL

#: Share of the tokens that are hidden in training, and those of the curve, of which the first is judged.
HIDDEN, SHARES = 0.3, (0.15, 0.3, 0.5, 0.7, 0.9)
COUNTED = ("unigram", "neighbours")


def drawn(key: jax.Array, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Weights: tables of tokens, places and segments, blocks, a pooler, and both heads. The token table is tied."""
    width, tokens = settings["width"], settings["pieces"] + SPECIAL
    keys = iter(jax.random.split(key, 4 + 4 * settings["blocks"]))

    def table(rows: int) -> jax.Array:
        return 0.1 * jax.random.normal(next(keys), (rows, width))

    def layer(inputs: int, outputs: int) -> dict[str, jax.Array]:
        [made] = dense(next(keys), inputs, outputs)
        return {"kernel": made["kernel"] / jnp.sqrt(2), "bias": made["bias"]}

    def norm() -> dict[str, jax.Array]:
        return {"scale": jnp.ones(width), "shift": jnp.zeros(width)}

    # Places start as sine waves, so that neighbours are alike everywhere, and are trained as BERT's are.
    places = 0.2 * sinusoidal(2 * settings["passage"] + 3, width, base=100.0)
    tables = {"tokens": table(tokens), "places": places, "segments": table(2)}

    blocks = [
        {"qkv": layer(width, 3 * width), "out": layer(width, width), "norm": norm(),
         "up": layer(width, 4 * width), "down": layer(4 * width, width), "last": norm()}
        for _ in range(settings["blocks"])
    ]  # fmt: skip
    head = {"dense": layer(width, width), "norm": norm(), "bias": jnp.zeros(tokens)}
    pooler = layer(width, width)
    return {"tables": tables, "norm": norm(), "blocks": blocks, "head": head, "pooler": pooler,
            "follows": {"kernel": jnp.zeros((width, 2)), "bias": jnp.zeros(2)}}  # fmt: skip


def _normed(x: jax.Array, norm: Mapping[str, jax.Array]) -> jax.Array:
    return jax.nn.standardize(x, epsilon=1e-12) * norm["scale"] + norm["shift"]


def _dense(x: jax.Array, layer: Mapping[str, jax.Array]) -> jax.Array:
    return x @ layer["kernel"] + layer["bias"]


def encoded(params: Mapping[str, Any], shown: jax.Array, heads: int, *, causal: bool) -> jax.Array:
    """States ``(count, tokens, width)``: norms stand behind the sums, and every token sees all, or those before it."""
    kinds = jnp.broadcast_to(passages.segments((shown.shape[1] - 3) // 2), shown.shape)
    tables = params["tables"]
    x = segment_embedding(shown, kinds, tables["tokens"], tables["places"], tables["segments"])
    x = _normed(x, params["norm"])
    for block in params["blocks"]:
        q, k, v = (one.reshape(*one.shape[:2], heads, -1) for one in jnp.split(_dense(x, block["qkv"]), 3, axis=-1))
        seen = jax.nn.dot_product_attention(q, k, v, is_causal=causal).reshape(x.shape)
        x = _normed(x + _dense(seen, block["out"]), block["norm"])
        x = _normed(x + _dense(jax.nn.gelu(_dense(x, block["up"])), block["down"]), block["last"])
    return x


def told(params: Mapping[str, Any], states: jax.Array, places: jax.Array) -> jax.Array:
    """Scores of all tokens at ``places (count, number)``: dense, GELU, norm, the tied table and a bias."""
    chosen = jnp.take_along_axis(states, places[..., None], axis=1)
    head = params["head"]
    raised = _normed(jax.nn.gelu(_dense(chosen, head["dense"])), head["norm"])
    return raised @ params["tables"]["tokens"].T + head["bias"]


def follows(params: Mapping[str, Any], states: jax.Array) -> jax.Array:
    """Chances ``(count, 2)`` that the second passage does not follow, and that it does, from [CLS]."""
    pooled = jnp.tanh(_dense(states[:, :1], params["pooler"]))
    return nsp_head(pooled, params["follows"]["kernel"], params["follows"]["bias"])


def objective(
    params: Mapping[str, Any], shown: jax.Array, tokens: jax.Array, places: jax.Array, pairs: jax.Array | None,
    heads: int, *, causal: bool,
) -> jax.Array:  # fmt: skip
    """Nats a hidden token, and, where ``pairs`` says which passages follow, nats a pair."""
    states = encoded(params, shown, heads, causal=causal)
    answers = jnp.take_along_axis(tokens, places, axis=1)
    loss = masked_language_loss(told(params, states, places), answers, jnp.ones(places.shape, bool))
    if pairs is not None:
        chances = follows(params, states)[jnp.arange(len(pairs)), pairs.astype(int)]
        loss = loss - jnp.log(chances).mean()
    return loss


def counted(variant: str, text: passages.Text, pieces: int) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Log chances at places of shown pairs, from how often tokens occur, and beside which others."""
    alone = jnp.asarray(passages.unigram(text.train, pieces), jnp.float32)
    if variant == "unigram":
        # Hidden from the compiler, which would work out what is the same everywhere for minutes.
        return lambda shown, places: jnp.broadcast_to(jax.lax.optimization_barrier(alone), (*places.shape, len(alone)))
    sides = [jnp.asarray(passages.beside(text.train, pieces, right=one), jnp.float32) for one in (False, True)]

    def both(shown: jax.Array, places: jax.Array) -> jax.Array:
        at = jnp.arange(len(shown))[:, None]
        scores = sides[0][shown[at, places - 1]] + sides[1][shown[at, places + 1]] - alone
        return jax.nn.log_softmax(scores)

    return both


def probed(key: jax.Array, features: jax.Array) -> jax.Array:
    """Percent of passages whose topic a linear reading of ``features (topics, passages, …)`` tells, learned from half.

    Which half is drawn from ``key``; columns are scaled by what the half has.
    """
    topics, count, width = features.shape
    order = jax.random.permutation(key, count)
    known, judged = (features[:, one].reshape(-1, width) for one in (order[: count // 2], order[count // 2 :]))
    middle, spread = known.mean(0), known.std(0) + 1e-6
    labels = [jnp.repeat(jnp.arange(topics), len(one) // topics) for one in (known, judged)]
    known, judged = (known - middle) / spread, (judged - middle) / spread

    def loss(layer: Any, key: jax.Array) -> jax.Array:
        return surprise(_dense(known, layer), labels[0]) + 1e-2 * jnp.sum(layer["kernel"] ** 2)

    layer = fit(loss, {"kernel": jnp.zeros((width, topics)), "bias": jnp.zeros(topics)}, key, 150, 0.05)
    return right(_dense(judged, layer), labels[1])


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Counts, an encoder as it is drawn, or one that was trained; all are judged on the same held-out passages."""
    pieces, passage, heads = settings["pieces"], settings["passage"], settings["heads"]
    text = passages.text(pieces, passage)
    causal, second = variant == "causal", variant == "bert"
    forms = ALL_MASKED if variant == "all-masked" else MIXED
    train, held = jnp.asarray(text.train, jnp.int32), jnp.asarray(text.held_out, jnp.int32)
    number = round(HIDDEN * 2 * passage)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, judging, sorting = jax.random.split(key, 4)

        def loss(params: Any, key: jax.Array) -> jax.Array:
            which, hide = jax.random.split(key)
            first, then, really = passages.pairs(which, train, settings["batch"], passage, not second)
            tokens = passages.joined(first, then, pieces)
            shown, places = passages.hidden(hide, tokens, number, pieces, passage, forms)
            return objective(params, shown, tokens, places, really if second else None, heads, causal=causal)

        if variant in COUNTED:
            params, of = (), counted(variant, text, pieces)
        else:
            params = drawn(start, settings)
            if variant != "untrained":
                params = fit(loss, params, training, settings["steps"], rate)

            def of(shown: jax.Array, places: jax.Array) -> jax.Array:
                return told(params, encoded(params, shown, heads, causal=causal), places)

        whole = jnp.asarray(passages.windows(text.held_out, 2 * passage)[: settings["judged"]])
        tokens = passages.joined(whole[:, :passage], whole[:, passage:], pieces)
        few, most = (round(share * 2 * passage) for share in (SHARES[0], SHARES[-1]))

        def filled(how: tuple) -> dict[str, Any]:
            """Held-out passages of which the first ``among`` places are judged, shown as [MASK] or as they are."""
            masked, among = how
            shown, places = passages.hidden(judging, tokens, most, pieces, passage, (masked, 0.0), among)
            answers, judged = jnp.take_along_axis(tokens, places, axis=1), jnp.arange(most) < among
            scores = of(shown, places)
            nats = optax.softmax_cross_entropy_with_integer_labels(scores, answers)
            hits = jnp.argmax(scores, -1) == answers
            where = jnp.broadcast_to(judged, answers.shape)
            return {"nats": nats.mean(where=where), "hits": 100 * hits.mean(where=where), "shown": shown[0],
                    "places": places[0, :few], "scores": scores[0, :few]}  # fmt: skip

        counts = jnp.asarray([round(share * 2 * passage) for share in (SHARES[0], *SHARES)])
        masked = jnp.ones(len(counts)).at[0].set(0.0)
        judged = jax.lax.map(filled, (masked, counts))
        found = {
            "loss": judged["nats"][1],
            "accuracy": judged["hits"][1],
            "kept": judged["hits"][0],
            "by_share": judged["nats"][1:],
            "params": size(params),
        }
        parts = jnp.asarray(text.by_topic)
        if variant in COUNTED:
            bag = jax.nn.one_hot(parts, pieces).sum(2)
            topic = probed(sorting, bag) if variant == "unigram" else jnp.nan
            return {**found, "next": jnp.nan, "topic": topic, "beyond_mean": jnp.nan}
        flat = parts.reshape(-1, 2 * passage)
        first, then, really = passages.pairs(judging, held, settings["judged"], passage, always=False)
        first, then = (jnp.concatenate(both) for both in ((flat[:, :passage], first), (flat[:, passage:], then)))
        states = encoded(params, passages.joined(first, then, pieces), heads, causal=causal)
        of_topics = states[: len(flat)].reshape(*parts.shape[:2], *states.shape[1:])
        mean = of_topics[:, :, jnp.asarray(passages.words(passage))].mean(2)
        topic, of_mean = (probed(sorting, one) for one in (of_topics[:, :, 0], mean))
        guessed = right(follows(params, states[len(flat) :]), really.astype(int)) if second else jnp.nan
        example = {name: judged[name][1] for name in ("shown", "places", "scores")}
        return {**found, "next": guessed, "topic": topic, "beyond_mean": topic - of_mean, "told": example}

    return run


def tell(found: Mapping[str, np.ndarray], settings: Mapping[str, Any]) -> str:
    """The first held-out pair with a guess and its chance in place of each hidden token."""
    learned, pieces = passages.text(settings["pieces"], settings["passage"]).pieces, settings["pieces"]
    special = {pieces: "[CLS]", pieces + 1: "[SEP]", pieces + 2: "[MASK]"}
    chances = np.asarray(jax.nn.softmax(found["scores"]))
    guesses = {int(at): one for at, one in zip(found["places"], chances, strict=True)}
    said = []
    for at, token in enumerate(map(int, found["shown"])):
        best = int(guesses[at].argmax()) if at in guesses else token
        piece = special.get(best) or learned.names[best].replace("▁", " ")
        said.append(f" «{piece.strip()}, {guesses[at].max():.2f}»" if at in guesses else piece)
    return " ".join("".join(said).split())


TRIAL = Trial(
    variants={
        "unigram": "the most frequent token; topics by how often each token occurs",
        "neighbours": "counts of tokens beside both neighbours",
        "untrained": "the encoder as it is drawn",
        "without-next": "sees both sides; hidden tokens alone are its objective",
        "bert": "the same, and whether the second passage follows",
        "causal": "as without-next, but every token sees those before it alone",
        "all-masked": "as without-next, but hidden tokens are always shown as [MASK]",
    },
    figures=(
        Metric("loss", "held-out loss a hidden token", "nats", "down"),
        percent("accuracy", "hidden tokens told right"),
        percent("kept", "visible tokens said again"),
        percent("next", "whether a passage follows, told right"),
        percent("topic", "topics told from [CLS]"),
        Metric("beyond_mean", "topics told from [CLS] beyond those from the mean of states", "%", "up"),
    ),
    make=make,
    settings={
        "pieces": 400,
        "passage": 15,
        "width": 64,
        "heads": 4,
        "blocks": 2,
        "batch": 16,
        "steps": 700,
        "judged": 400,
    },
    smoke={"passage": 6, "width": 8, "heads": 2, "blocks": 1, "batch": 4, "steps": 3, "judged": 20},
    series=(Series("by_share", "loss a hidden token (nats)", "share of tokens hidden", lambda settings: SHARES),),
    tell=tell,
)
