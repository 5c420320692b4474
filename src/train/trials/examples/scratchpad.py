"""Products of two-digit numbers: an encoder whose decoder writes partial products down first, or answers at once.

Numbers are written with their last digit first, which is the order that they are computed in. A product that is judged
was trained on in neither order of its factors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.reasoning.scratchpad import next_token_logs, reasoner
from train.trials.base import Metric, Run, Series, Trial, fit, percent, size

#: Digits and the sign between the factors; the longest sequence; digits of the answer.
TOKENS, LONGEST, ANSWER = 11, 12, 4
#: Digits of each partial product, the ones of both factors and the tens of the second; the ones come first.
PARTIAL = 3
#: Of 4,095 products of two factors from 10 to 99, those that are never trained on.
HELD_OUT = 500
#: The product that the document works out, which is always held out, and the first of those judged.
PRINTED = (47, 23)
#: Bins of equal width that confidence is compared with accuracy in.
BINS = 10


def digits_of(numbers: jax.Array, count: int) -> jax.Array:
    """``(…, count)`` decimal digits, the last one first."""
    return numbers[..., None] // 10 ** jnp.arange(count) % 10


def number_of(digits: jax.Array) -> jax.Array:
    """What :func:`digits_of` came from."""
    return (digits * 10 ** jnp.arange(digits.shape[-1])).sum(-1)


def questions(first: jax.Array, second: jax.Array) -> jax.Array:
    """``(count, 5)``: two digits, the sign, two digits."""
    sign = jnp.full((*first.shape, 1), 10)
    return jnp.concatenate([digits_of(first, 2), sign, digits_of(second, 2)], axis=-1)


def divided(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Factors to train on, ``(count, 2)`` with the smaller first, and ``HELD_OUT`` others in some order."""
    every = np.asarray([(a, b) for a in range(10, 100) for b in range(a, 100)])
    printed = (every == sorted(PRINTED)).all(-1)
    draw, turn = jax.random.split(key)
    others = jax.random.permutation(draw, jnp.asarray(every[~printed]))
    held = turned(turn, others[: HELD_OUT - 1])
    return others[HELD_OUT - 1 :], jnp.concatenate([jnp.asarray([PRINTED]), held])


def turned(key: jax.Array, pairs: jax.Array) -> jax.Array:
    """About half of the pairs ``(count, 2)`` the other way round."""
    return jnp.where(jax.random.bernoulli(key, 0.5, (len(pairs), 1)), pairs[:, ::-1], pairs)


def chains(first: jax.Array, second: jax.Array, variant: str, key: jax.Array) -> jax.Array:
    """What is to be written: both partial products and the answer, or the answer alone.

    ``shuffled`` has partial products of another pair, so that as many tokens are written that say nothing.
    """
    ones, tens = first * (second % 10), first * (second // 10)
    answer = digits_of(first * second, ANSWER)
    if variant.startswith("direct"):
        return answer
    parts = jnp.concatenate([digits_of(ones, PARTIAL), digits_of(tens, PARTIAL)], axis=-1)
    return jnp.concatenate([jax.random.permutation(key, parts) if variant == "shuffled" else parts, answer], axis=-1)


def written(weights: Any, asked: jax.Array, length: int, heads: int) -> tuple[jax.Array, jax.Array]:
    """The most probable chain token by token, ``(count, length)``, and the log-probability of its answer."""

    def on(chain: jax.Array, place: jax.Array) -> tuple[jax.Array, jax.Array]:
        logs = next_token_logs(asked, chain, weights, heads=heads)[:, place, :10]
        return chain.at[:, place].set(logs.argmax(-1)), logs.max(-1)

    chain, logs = jax.lax.scan(on, jnp.zeros((len(asked), length), int), jnp.arange(length))
    return chain, logs[-ANSWER:].sum(0)


def checked(chain: jax.Array, first: jax.Array, second: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Percent of chains whose partial products are both right, and whose answer is the sum of them as they stand."""
    ones, tens = number_of(chain[:, :PARTIAL]), number_of(chain[:, PARTIAL : 2 * PARTIAL])
    right = (ones == first * (second % 10)) & (tens == first * (second // 10))
    return 100 * right.mean(), 100 * jnp.mean(number_of(chain[:, -ANSWER:]) == ones + 10 * tens)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """A network of one block on either side; ``direct-tokens`` trains on as many tokens as the scratchpad."""
    heads, channels, batch = settings["heads"], settings["channels"], settings["batch"]
    length = ANSWER if variant.startswith("direct") else ANSWER + 2 * PARTIAL
    steps = settings["steps"]
    if variant == "direct-tokens":
        steps = steps * (ANSWER + 2 * PARTIAL) // ANSWER

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        split, start, training = jax.random.split(key, 3)
        known, held = divided(split)

        def loss(weights: Any, key: jax.Array) -> jax.Array:
            draw, turn, mixing = jax.random.split(key, 3)
            first, second = turned(turn, known[jax.random.randint(draw, (batch,), 0, len(known))]).T
            chain = chains(first, second, variant, mixing)
            logs = next_token_logs(questions(first, second), chain, weights, heads=heads)
            return -jnp.take_along_axis(logs, chain[..., None], axis=-1).mean()

        weights = reasoner(start, TOKENS, LONGEST, channels)
        weights = weights._replace(table=0.3 * weights.table, places=0.3 * weights.places)
        weights = fit(loss, weights, training, steps, rate)
        first, second = held[: settings["judged"]].T
        chain, logs = written(weights, questions(first, second), length, heads)
        told = number_of(chain[:, -ANSWER:]) == first * second
        sure = jnp.exp(logs)
        place = jnp.clip((sure * BINS).astype(int), 0, BINS - 1)
        counts = jnp.zeros(BINS).at[place].add(1)
        hits = jnp.zeros(BINS).at[place].add(told)
        apart = jnp.abs(jnp.zeros(BINS).at[place].add(sure) - hits).sum() / len(held)
        figures = {
            "accuracy": 100 * told.mean(),
            "calibration": 100 * apart,
            "confidence": 100 * sure.mean(),
            "tokens": steps * batch * length / 1e6,
            "params": size(weights),
            "reliability": jnp.where(counts > 0, 100 * hits / jnp.maximum(counts, 1), jnp.nan),
            "told": {"first": first[:4], "second": second[:4], "chain": chain[:4], "sure": sure[:4]},
        }
        if length > ANSWER:
            figures["steps"], figures["sums"] = checked(chain, first, second)
        else:
            figures["steps"] = figures["sums"] = jnp.nan
        return figures

    return run


def tell(told: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The first products of those held out, as they were written, with the confidence in the answer."""
    lines = []
    for first, second, chain, sure in zip(told["first"], told["second"], told["chain"], told["sure"], strict=True):
        parts = [chain[:PARTIAL], chain[PARTIAL : 2 * PARTIAL], chain[-ANSWER:]] if len(chain) > ANSWER else [chain]
        numbers = [int(number_of(jnp.asarray(part))) for part in parts]
        wrote = f"{numbers[0]} + {numbers[1]}0 = {numbers[2]}" if len(numbers) > 1 else f"{numbers[0]}"
        mark = "" if numbers[-1] == int(first) * int(second) else f", which is wrong: {int(first) * int(second)}"
        lines.append(f"{int(first)} × {int(second)}: {wrote} (confidence {float(sure):.2f}{mark})")
    return "; ".join(lines)


TRIAL = Trial(
    variants={
        "scratchpad": "writes both partial products, then the answer",
        "direct": "answers at once, as many steps",
        "direct-tokens": "answers at once, as many tokens trained on",
        "shuffled": "writes the partial products of another pair, then the answer",
    },
    figures=(
        percent("accuracy", "held-out products right"),
        percent("steps", "partial products right"),
        percent("sums", "answers that are the sum of what is written"),
        Metric("calibration", "calibration error", "%", "down"),
        Metric("confidence", "mean confidence", "%", "up"),
        Metric("tokens", "tokens trained on", "M", "down"),
    ),
    make=make,
    settings={"channels": 64, "heads": 4, "batch": 64, "steps": 2000, "judged": 500},
    smoke={"channels": 8, "heads": 2, "batch": 4, "steps": 3, "judged": 20},
    series=(
        Series(
            "reliability",
            "right (%)",
            "confidence (%)",
            lambda settings: [100 * (place + 0.5) / BINS for place in range(BINS)],
        ),
    ),
    tell=tell,
)
