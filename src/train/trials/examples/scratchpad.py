"""Products of two-digit numbers: a decoder writes the partial products down before the answer, or answers at once.

An encoder reads the four digits of a question in both directions; the decoder writes digits, the least significant
first, so that a carry is known when it is needed. No product that is judged was trained on, in either order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.reasoning.scratchpad import Reasoner, next_token_logs, reasoner
from netspec.vocabulary.safety.uncertainty import calibration_error
from train.trials.base import Metric, Run, Series, Trial, fit, less, percent, size, surprise

#: What stands where a step would, and how many tokens there are.
DOT, VOCABULARY = 10, 11
#: Digits of a product with the tens, of one with the ones, and of the answer.
TENS, ONES, ANSWER = 4, 3, 4
STEPS = TENS + ONES
#: The product that the document works out; it is always among those held out, and the first of them.
PRINTED = (47, 23)
#: Deviation of the embeddings at the start.
SPREAD = 0.3
BINS = 10


def drawn(key: jax.Array, width: int) -> Reasoner:
    """Weights, with embeddings narrower than the vocabulary's, so that scores are small at first."""
    weights = reasoner(key, VOCABULARY, STEPS + ANSWER, width)
    return weights._replace(table=SPREAD * weights.table, places=SPREAD * weights.places)


def written(weights: Reasoner, question: jax.Array, given: jax.Array, heads: int) -> tuple[jax.Array, jax.Array]:
    """Chains, each time with the most probable token, and the tokens' log-probabilities; both as ``given``.

    ``given`` ``(count, tokens)`` holds what is put in, and -1 where the decoder is to write.
    """

    def on(chain: jax.Array, at: jax.Array) -> tuple[jax.Array, jax.Array]:
        logs = next_token_logs(question, chain, weights, heads=heads)[:, at]
        found = jnp.where(given[:, at] < 0, jnp.argmax(logs, -1), given[:, at])
        return chain.at[:, at].set(found), jnp.take_along_axis(logs, found[:, None], -1)[:, 0]

    chain, logs = jax.lax.scan(on, jnp.zeros_like(given), jnp.arange(given.shape[1]))
    return chain, logs.T


def digits(numbers: jax.Array, count: int) -> jax.Array:
    """The last ``count`` decimal digits of whole numbers, the least significant first, along a new last axis."""
    return numbers[..., None] // 10 ** jnp.arange(count) % 10


def number(digits: jax.Array) -> jax.Array:
    """Whole numbers of digits, the least significant first, along the last axis."""
    return jnp.sum(digits * 10 ** jnp.arange(digits.shape[-1]), -1)


def questions(pairs: jax.Array) -> jax.Array:
    """``(count, 4)``: both numbers as one reads them."""
    return digits(pairs, 2)[..., ::-1].reshape(-1, 4)


def chains(pairs: jax.Array, kind: str) -> jax.Array:
    """What is to be written of pairs ``(count, 2)``: the partial products or as many dots, and the answer."""
    one, other = pairs[:, 0], pairs[:, 1]
    answer = digits(one * other, ANSWER)
    if kind == "direct":
        return answer
    steps = jnp.concatenate([digits(one * (other // 10 * 10), TENS), digits(one * (other % 10), ONES)], -1)
    if kind == "dots":
        steps = jnp.full_like(steps, DOT)
    return jnp.concatenate([steps, answer], -1)


def divided(key: jax.Array, held_out: int) -> tuple[jax.Array, jax.Array]:
    """Pairs to train on, the smaller number first, and ``held_out`` others in some order, the printed one first."""
    every = np.asarray([(a, b) for a in range(10, 100) for b in range(a, 100)])
    own = int(np.flatnonzero((every == sorted(PRINTED)).all(1))[0])
    draw, turn = jax.random.split(key)
    order = jax.random.permutation(draw, jnp.asarray(np.delete(np.arange(len(every)), own)))
    pairs = jnp.asarray(every)[order]
    held = turned(turn, pairs[: held_out - 1])
    return pairs[held_out - 1 :], jnp.concatenate([jnp.asarray([PRINTED]), held])


def turned(key: jax.Array, pairs: jax.Array) -> jax.Array:
    """Half of the pairs the other way round."""
    return jnp.where(jax.random.bernoulli(key, 0.5, (len(pairs), 1)), pairs[:, ::-1], pairs)


def swapped(pairs: jax.Array) -> jax.Array:
    """``(count, tokens)``: the product with the tens from the next question, that with the ones, no answer yet.

    Whether an answer follows a step that was put in is how Lanham et al. 2023 [arXiv:2307.13702] ask if steps count.
    """
    steps = chains(pairs, "scratchpad")[:, :STEPS]
    first = jnp.roll(steps[:, :TENS], -1, axis=0)
    return jnp.concatenate([first, steps[:, TENS:], jnp.full((len(pairs), ANSWER), -1)], -1)


def followed(chain: jax.Array) -> jax.Array:
    """``(count,)``: whether the answer is the sum of the two products that stand there."""
    added = number(chain[:, :TENS]) + number(chain[:, TENS:STEPS])
    return (chain[:, STEPS:] == digits(added, ANSWER)).all(1)


def reliability(confidence: jax.Array, correct: jax.Array) -> jax.Array:
    """``(BINS,)``: percent right among the answers of each tenth of confidence; NaN where there are fewer than five."""
    own = jnp.clip((confidence * BINS).astype(int), 0, BINS - 1)
    count = jnp.bincount(own, length=BINS)
    right = jnp.bincount(own, correct.astype(confidence.dtype), length=BINS)
    return jnp.where(count < 5, jnp.nan, 100 * right / jnp.maximum(count, 1))


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """``direct-tokens`` takes as many more steps as a chain has tokens to an answer's."""
    kind = variant.partition("-")[0]
    heads, batch = settings["heads"], settings["batch"]
    length = ANSWER if kind == "direct" else STEPS + ANSWER
    steps = settings["steps"] * (STEPS + ANSWER) // ANSWER if variant == "direct-tokens" else settings["steps"]

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training = jax.random.split(key, 3)
        pairs, held = divided(data, settings["held_out"])

        def loss(weights: Reasoner, key: jax.Array) -> jax.Array:
            draw, turn = jax.random.split(key)
            asked = turned(turn, pairs[jax.random.randint(draw, (batch,), 0, len(pairs))])
            chain = chains(asked, kind)
            return surprise(next_token_logs(questions(asked), chain, weights, heads=heads), chain)

        weights = fit(loss, drawn(start, settings["width"]), training, steps, rate)
        free = jnp.full((len(held), length), -1)
        if kind == "scratchpad":
            free = jnp.concatenate([free, swapped(held)])
        asked = jnp.tile(questions(held), (len(free) // len(held), 1))
        chain, logs = written(weights, asked, free, heads)
        put, chain, logs = chain[len(held) :], chain[: len(held)], logs[: len(held)]
        correct = (chain[:, -ANSWER:] == digits(held.prod(1), ANSWER)).all(1)
        confidence, whole = jnp.exp(logs[:, -ANSWER:].sum(1)), jnp.exp(logs.sum(1))
        found = {
            "exact": 100 * correct.mean(),
            "confidence": 100 * confidence.mean(),
            "excess": 100 * (confidence.mean() - correct.mean()),
            "calibration": 100 * calibration_error(jnp.clip(confidence, 0, 1), correct, bins=BINS),
            "whole": 100 * calibration_error(jnp.clip(whole, 0, 1), correct, bins=BINS),
            "tokens": steps * batch * length / 1e6,
            "reliability": reliability(confidence, correct),
            "params": size(weights),
            "told": {"pairs": held[:4], "chain": chain[:4], "confidence": confidence[:4]},
        }
        if kind == "scratchpad":
            found["steps"] = 100 * (chain == chains(held, kind)).all(1).mean()
            found["follows"] = 100 * followed(put).mean()
        return found

    return run


def tell(told: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Four products as they were written."""
    rows = zip(told["pairs"], told["chain"], told["confidence"], strict=True)
    return "; ".join(_line(int(pair[0]), int(pair[1]), np.asarray(chain), float(sure)) for pair, chain, sure in rows)


def _line(one: int, other: int, chain: np.ndarray, sure: float) -> str:
    def shown(tokens: np.ndarray) -> str:
        text = "".join("·" if token == DOT else str(token) for token in tokens[::-1])
        return text.lstrip("0") or "0"

    answer = shown(chain[-ANSWER:])
    steps = f"{shown(chain[:TENS])} + {shown(chain[TENS:STEPS])} = " if len(chain) > ANSWER else ""
    right = "" if answer == str(one * other) else f", which is wrong ({one * other})"
    return f"{one} × {other} = {steps}{answer}{right}, sure to {100 * sure:.0f} %"


TRIAL = Trial(
    variants={
        "scratchpad": "both partial products, then the answer",
        "direct": "the answer alone, as many steps of training",
        "direct-tokens": "the answer alone, as many tokens in training",
        "dots": "as many dots as the steps have digits, then the answer",
    },
    figures=(
        percent("exact", "held-out products right"),
        percent("steps", "scratchpads with every step right"),
        percent("follows", "answers that follow a step put in"),
        percent("confidence", "mean confidence"),
        less("excess", "confidence beyond what is right", "%"),
        less("calibration", "calibration error", "%"),
        less("whole", "calibration error with the steps’ chances", "%"),
        Metric("tokens", "tokens in training", "M", "down"),
    ),
    make=make,
    series=(
        Series(
            "reliability",
            "answers right, in %",
            "confidence, in %",
            lambda s: [100 * (b + 0.5) / BINS for b in range(BINS)],
        ),
    ),
    tell=tell,
    settings={"width": 64, "heads": 4, "batch": 64, "steps": 1200, "held_out": 500},
    smoke={"width": 8, "batch": 4, "steps": 4, "held_out": 8},
)
