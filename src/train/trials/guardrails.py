"""Guardrails as what they are, tests with a threshold: how well each ranks, what it lets through, whom it stops.

On made-up data: sentences that try to override instructions beside harmless ones, of which a third share their phrases;
embeddings of texts about harm and with intent; claims beside facts; pairs of answers of which people prefer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary.safety.judges import content_filter, entailment_logits, preference_loss
from train.trials.base import Params, Run, Series, Trial, dense, fit, less, percent, size, some, through
from train.trials.sentences import Texts, overrides

#: What the document prints: when trained detection of overrides fires, and when a text is blocked.
OVERRIDE, BLOCK = 0.8, 0.7
CATEGORIES, WIDTH, HIDDEN = 4, 32, 32
#: False alarms at which the curves are drawn, in percent.
ALARMS = tuple(range(0, 101, 5))


def ranked(scores: jax.Array, positive: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Area under the curve of hits against false alarms, in percent, and the hits in percent at :data:`ALARMS`.

    Of equal scores no order is known: between them the curve is straight, and a pair counts half.
    """
    cuts = jnp.concatenate([jnp.array([jnp.inf]), jnp.sort(scores)[::-1]])
    above = scores[None] >= cuts[:, None]
    hits = (above & positive).sum(1) / positive.sum()
    alarms = (above & ~positive).sum(1) / (~positive).sum()
    area = jnp.sum(jnp.diff(alarms) * (hits[1:] + hits[:-1]) / 2)
    return 100 * area, 100 * jnp.interp(jnp.array(ALARMS) / 100, alarms, hits)


def judged(scores: jax.Array, fired: jax.Array, positive: jax.Array, params: int = 0) -> dict[str, Any]:
    """The figures of a guardrail that ``fired`` at its threshold, from scores that are higher for what it seeks."""
    positive = jnp.asarray(positive, bool)
    area, curve = ranked(scores, positive)
    caught = 100 * (fired & positive).sum() / positive.sum()
    alarms = 100 * (fired & ~positive).sum() / (~positive).sum()
    return {"auc": area, "caught": caught, "alarms": alarms, "errors": (100 - caught + alarms) / 2, "roc": curve,
            "params": params}  # fmt: skip


@cache
def _texts() -> Texts:
    return overrides()


def overriding(variant: str, settings: Mapping[str, Any]) -> Run:
    """Is it an attempt? Judged on templates and fillings of which training saw none."""
    texts = _texts()
    half, fillings = texts.words.shape[0] // 4, texts.words.shape[1] // 2

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        order, filled, training = jax.random.split(key, 3)
        rows = jnp.stack([jax.random.permutation(k, 2 * half) for k in jax.random.split(order)])
        rows = rows + jnp.array([[0], [2 * half]])  # attempts, then harmless ones
        gaps = jax.random.permutation(filled, 2 * fillings)

        def part(array: Any, last: bool) -> jax.Array:
            some_rows = (rows[:, half:] if last else rows[:, :half]).ravel()
            picked = jnp.asarray(array)[some_rows][:, gaps[fillings:] if last else gaps[:fillings]]
            return picked.reshape(-1, *picked.shape[2:])

        positive = jnp.repeat(jnp.asarray(texts.attempts)[rows[:, half:].ravel()], fillings)
        if variant in texts.rules:
            hit = part(texts.rules[variant], True)
            return judged(hit.astype(float), hit, positive)
        x, y = part(texts.words, False), jnp.repeat(jnp.asarray(texts.attempts)[rows[:, :half].ravel()], fillings)
        params = jax.tree.map(jnp.zeros_like, dense(training, x.shape[1], 1))

        def loss(params: Params, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 64, x, y)
            held = sum(jnp.sum(layer["kernel"] ** 2) for layer in params)
            return optax.sigmoid_binary_cross_entropy(through(params, inputs)[:, 0], labels).mean() + 1e-3 * held

        params = fit(loss, params, training, settings["steps"], rate)
        scores = jax.nn.sigmoid(through(params, part(texts.words, True))[:, 0])
        fired = scores > OVERRIDE
        if variant == "either":
            hit = part(texts.rules["printed"], True)
            scores, fired = jnp.maximum(scores, hit), fired | hit
        return judged(scores, fired, positive, size(params))

    return run


def harmful(key: jax.Array, count: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Embeddings ``(count, WIDTH)``, kinds of harm ``(count, CATEGORIES)``, topics as a list of words would see them.

    Two texts in three are about something that can do harm, and half of all mean ill: harm is where both come together.
    """
    about, ill, noise = jax.random.split(key, 3)
    topic = jax.nn.one_hot(jax.random.randint(about, (count,), 0, CATEGORIES + CATEGORIES // 2), CATEGORIES)
    intent = jax.random.bernoulli(ill, 0.5, (count,)).astype(float)
    x = 0.6 * jax.random.normal(noise, (count, WIDTH))
    x = x.at[:, :CATEGORIES].add(2 * topic).at[:, CATEGORIES].add(2 * intent)
    return x, topic * intent[:, None], x[:, :CATEGORIES].max(1)


def blocking(variant: str, settings: Mapping[str, Any]) -> Run:
    """Is it harmful in any of four ways? By topic alone, by a linear map, or by the document's classifier."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, last = jax.random.split(key, 4)
        (x, y, _), (seen, truth, topic) = harmful(data, settings["examples"]), harmful(last, settings["judged"])
        positive = truth.any(1)
        if variant == "topic":
            return judged(topic, topic > 1, positive)
        params = dense(start, WIDTH, CATEGORIES) if variant == "linear" else dense(start, WIDTH, HIDDEN, CATEGORIES)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 64, x, y)
            return optax.sigmoid_binary_cross_entropy(through(params, inputs), labels).mean()

        params = fit(loss, params, training, settings["steps"], rate)
        found = content_filter(through(params, seen), threshold=0.5 if variant == "filter-half" else BLOCK)
        return judged(found.scores.max(1), found.blocked, positive, size(params))

    return run


def claimed(key: jax.Array, count: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Claims and facts ``(count, WIDTH)``, and whether the claim is entailed (0), neutral (1) or contradicted (2).

    The first half of an embedding is what a sentence is about, the other what it says of that.
    """
    what, which, kinds, others, noise = jax.random.split(key, 5)
    names = jax.random.normal(jax.random.key(7), (50, WIDTH // 2))
    values = jax.random.normal(jax.random.key(8), (6, WIDTH // 2))
    kind = jax.random.randint(kinds, (count,), 0, 3)
    name, value = jax.random.randint(what, (count,), 0, 50), jax.random.randint(which, (count,), 0, 6)
    by = jax.random.randint(others, (2, count), 1, jnp.array([[50], [6]]))
    name_ = jnp.where(kind == 1, (name + by[0]) % 50, name)
    value_ = jnp.where(kind == 0, value, (value + by[1]) % 6)
    shakes = 0.3 * jax.random.normal(noise, (2, count, WIDTH))
    fact = jnp.concatenate([names[name], values[value]], -1) + shakes[0]
    return jnp.concatenate([names[name_], values[value_]], -1) + shakes[1], fact, kind


def checking(variant: str, settings: Mapping[str, Any]) -> Run:
    """Does a claim contradict a fact? By both side by side, as listed, or by their products and distances as well."""
    features = 2 * WIDTH if variant == "beside" else 4 * WIDTH

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, training, last = jax.random.split(key, 3)
        made, seen = claimed(data, settings["examples"]), claimed(last, settings["judged"])
        params = {"kernel": jnp.zeros((features, 3)), "bias": jnp.zeros(3)}

        def logits(params: Params, claim: jax.Array, fact: jax.Array) -> jax.Array:
            if variant == "beside":
                return jnp.concatenate([claim, fact], -1) @ params["kernel"] + params["bias"]
            return entailment_logits(claim, fact, params["kernel"], params["bias"])

        def loss(params: Params, key: jax.Array) -> jax.Array:
            claim, fact, kind = some(key, 64, *made)
            return optax.softmax_cross_entropy_with_integer_labels(logits(params, claim, fact), kind).mean()

        params = fit(loss, params, training, settings["steps"], rate)
        found = logits(params, *seen[:2])
        return judged(jax.nn.softmax(found)[:, 2], found.argmax(-1) == 2, seen[2] == 2, size(params))

    return run


def answers(key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Pairs of answers ``(count, 2, WIDTH)``, of which the first feature is the length, and what they are worth.

    Worth is a little of length, more of other features, and of one only where another is there, too.
    """
    x = jax.random.normal(key, (count, 2, WIDTH))
    return x, 0.5 * x[..., 0] + x[..., 1] - x[..., 2] + x[..., 3] * x[..., 4]


def preferring(variant: str, settings: Mapping[str, Any]) -> Run:
    """Which of two answers is worth more? By length, or by a reward learned from choices that people waver in."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, choice, start, training, last = jax.random.split(key, 5)
        (x, worth), (seen, truth) = answers(data, settings["examples"]), answers(last, settings["judged"])
        better = truth[:, 0] > truth[:, 1]
        if variant == "longer":
            ahead = seen[:, 0, 0] - seen[:, 1, 0]
            return judged(ahead, ahead > 0, better)
        first = jax.random.bernoulli(choice, jax.nn.sigmoid(worth[:, 0] - worth[:, 1]))
        chosen, other = (jnp.where((first == one)[:, None], x[:, 0], x[:, 1]) for one in (True, False))
        params = dense(start, WIDTH, HIDDEN, 1)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            preferred, rejected = some(key, 64, chosen, other)
            return preference_loss(through(params, preferred)[:, 0], through(params, rejected)[:, 0])

        params = fit(loss, params, training, settings["steps"], rate)
        ahead = through(params, seen[:, 0])[:, 0] - through(params, seen[:, 1])[:, 0]
        return judged(ahead, ahead > 0, better, size(params))

    return run


QUESTIONS = {
    "printed": overriding, "whole": overriding, "words": overriding, "either": overriding, "topic": blocking,
    "linear": blocking, "filter": blocking, "filter-half": blocking, "beside": checking, "compared": checking,
    "longer": preferring, "reward": preferring,
}  # fmt: skip


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """The run of the guardrail that a variant is a form of."""
    return QUESTIONS[variant](variant, settings)


TRIAL = Trial(
    variants={
        "printed": "overrides: the document's four phrases, anywhere in the text",
        "whole": "overrides: such phrases, as whole words",
        "words": "overrides: logistic regression on the words, 0.8",
        "either": "overrides: the four phrases or the trained one, as listed",
        "topic": "harm: a topic that can do harm",
        "linear": "harm: a linear map of the embedding, 0.7",
        "filter": "harm: one hidden layer, as listed, 0.7",
        "filter-half": "harm: the same, 0.5",
        "beside": "facts: claim and fact side by side, as listed",
        "compared": "facts: with their products and distances",
        "longer": "answers: the longer one",
        "reward": "answers: a reward learned from choices",
    },
    figures=(
        percent("auc", "area under the curve"),
        percent("caught", "caught at the threshold"),
        less("alarms", "false alarms at the threshold", "%"),
        less("errors", "mean of misses and false alarms", "%"),
    ),
    make=make,
    settings={"examples": 600, "judged": 600, "steps": 400},
    smoke={"examples": 20, "judged": 20, "steps": 3},
    series=(Series("roc", "caught (%)", "false alarms (%)", lambda settings: ALARMS),),
)
