"""What must hold of pruning and of numbers of few bits."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import scaling
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import gradient, program
from netspec.vocabulary.scaling.compression import Quantized, Smaller, Ticket
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _count(mask: Implementation, case: Case) -> float:
    """Of 16 weights 5 go, and none that stays is smaller than one that goes."""
    weights = case.normal(4, 4)
    kept = np.asarray(mask(weights, 0.3))
    sizes = np.abs(weights)
    return wrong(kept.shape == (4, 4) and (~kept).sum() == 5 and sizes[kept].min() > sizes[~kept].max())


def _ends(mask: Implementation, case: Case) -> float:
    """With a fraction of 0 all stay, with 1 all go, of equal weights as many as asked."""
    weights = case.normal(4, 4)
    found = [np.asarray(mask(*given)).sum() for given in ((weights, 0.0), (weights, 1.0), (np.ones((4, 4)), 0.3))]
    return wrong(found == [16, 0, 11])


def _by_threshold(weights: jax.Array, fraction: float) -> jax.Array:
    """What is below the fraction as a share of the largest weight."""
    sizes = jnp.abs(weights)
    return sizes > fraction * sizes.max()


def _network(case: Case) -> tuple[np.ndarray, ...]:
    return case.normal(2, 3, seed=3), case.normal(3, 5), case.normal(5, seed=1), case.normal(5, 2, seed=2)


def _cut_out(prune: Implementation, case: Case) -> float:
    """The smaller network gives what the larger one gives with two of five units silenced, those of smallest norm."""
    x, kernel, bias, following = _network(case)
    smaller = prune(kernel, bias, following, 0.4)
    if smaller.kernel.shape != (3, 3):
        return 1.0
    silent = np.argsort(np.linalg.norm(kernel, axis=0))[:2]
    hidden = np.maximum(x @ kernel + bias, 0)
    hidden[:, silent] = 0
    return apart(np.maximum(x @ smaller.kernel + smaller.bias, 0) @ smaller.following, hidden @ following)


def _nothing(prune: Implementation, case: Case) -> float:
    """With a fraction of zero it is the network itself."""
    _, *network = _network(case)
    return max(apart(one, other) for one, other in zip(prune(*network, 0.0), (*network, np.arange(5)), strict=True))


def _first_rows(kernel: jax.Array, bias: jax.Array, following: jax.Array, fraction: float) -> Smaller:
    """The right units go, and the next layer keeps its first rows."""
    right = scaling.structured_pruning(kernel, bias, following, fraction)
    return right._replace(following=following[: len(right.kept)])


def _largest_units(kernel: jax.Array, bias: jax.Array, following: jax.Array, fraction: float) -> Smaller:
    kept = jnp.sort(jnp.argsort(-jnp.linalg.norm(kernel, axis=0))[round(fraction * len(bias)) :])
    return Smaller(kernel[:, kept], bias[kept], following[kept], kept)


def _masked(kernel: jax.Array, bias: jax.Array, following: jax.Array, fraction: float) -> Smaller:
    """Single weights set to zero: nothing becomes smaller, and biases still speak."""
    return Smaller(kernel * scaling.magnitude_mask(kernel, fraction), bias, following, jnp.arange(len(bias)) + 1)


def _ticket(find: Implementation, case: Case) -> float:
    """Of 16 weights 2 are left after three rounds of a half each; they are where training ends largest, as at first."""
    start, ends = case.normal(16), case.normal(16, seed=1)
    seen: list[np.ndarray] = []

    def train(weights: jax.Array, mask: jax.Array) -> jax.Array:
        seen.append(np.asarray(weights))
        return weights + (ends - weights) * mask

    ticket = find(train, start, 0.5, 3)
    best = np.argsort(-np.abs(ends))[:2]
    expected = np.zeros(16)
    expected[best] = start[best]
    rewound = all(np.isin(weights, np.append(start, 0.0)).all() for weights in seen)
    return max(apart(ticket.weights, expected), wrong(len(seen) == 3 and rewound and ticket.mask.sum() == 2))


def _in_turn(find: Implementation, case: Case) -> float:
    """What training makes large only once others are gone is found: one by one, which all at once does not."""
    order = case.rng().permutation(16)

    def train(weights: jax.Array, mask: jax.Array) -> jax.Array:
        """The last in the order of those that are left, and no other, stays small."""
        left = [place for place in order if mask[place]]
        return np.where(np.arange(16) == left[-1], 0.1, 1.0) * np.asarray(mask)

    found = np.asarray(find(train, case.normal(16), 1 / 16, 4).mask)
    return wrong(found.sum() == 12 and found[order[:12]].all())


def _kept_trained(train: Implementation, weights: jax.Array, fraction: float, rounds: int) -> Ticket:
    """The trained weights are kept from round to round."""
    mask = jnp.ones(len(weights), bool)
    for _ in range(rounds):
        weights = train(weights * mask, mask)
        left = int(mask.sum()) - round(fraction * int(mask.sum()))
        mask = scaling.magnitude_mask(weights * mask, 1 - left / len(weights))
    return Ticket(weights * mask, mask)


def _at_once(train: Implementation, weights: jax.Array, fraction: float, rounds: int) -> Ticket:
    left = len(weights)
    for _ in range(rounds):
        left -= round(fraction * left)
    return scaling.lottery_ticket(train, weights, 1 - left / len(weights), 1)


def _of_all(train: Implementation, weights: jax.Array, fraction: float, rounds: int) -> Ticket:
    """The fraction is one of all weights and not of those that are left."""
    mask = scaling.magnitude_mask(train(weights, jnp.ones(len(weights), bool)), min(1.0, fraction * rounds))
    return Ticket(weights * mask, mask)


@cache
def _program(quantized: Implementation, bits: int, symmetric: bool, axis: int | None) -> Any:
    return jax.jit(lambda x: quantized(x, bits, symmetric, axis))


def _rounded(quantized: Implementation, case: Case) -> float:
    """Numbers come back within half a step, zero exactly: 8 bits with a zero point, 4 bits with a scale a column."""
    x = case.normal(6, 4) + 0.5
    x[0, 0] = 0.0
    worst = 0.0
    for bits, symmetric, axis in ((8, False, None), (4, True, 1)):
        q = _program(quantized, bits, symmetric, axis)(x)
        back = np.asarray(q.scale) * (np.asarray(q.values, int) - np.asarray(q.zero))
        # A zero that is rounded itself moves the ends of the range by up to half a step.
        allowed = np.asarray(q.scale) * (0.5 if symmetric else 1.0)
        levels = 2 ** (bits - 1)
        inside = (np.abs(np.asarray(q.values, int) + 0.5) < levels + 0.1).all() and back[0, 0] == 0
        size = 2 * np.abs(x).max() / (2**bits - 2)
        worst = max(worst, (np.abs(back - x) / allowed).max() - 1, wrong(inside and np.max(q.scale) <= size * 1.0001))
    return max(worst, 0.0)


def _products(quantized: Implementation, case: Case) -> float:
    """A product of whole numbers, times both scales, is the product of the numbers they stand for."""
    x = _program(quantized, 8, True, None)(case.normal(3, 5))
    kernel = _program(quantized, 8, True, 1)(case.normal(5, 2, seed=1))
    whole = np.asarray(x.values, np.int32) @ np.asarray(kernel.values, np.int32)
    found = np.asarray(x.scale) * np.asarray(kernel.scale) * whole
    exact = case.normal(3, 5) @ case.normal(5, 2, seed=1)
    numbers = [np.asarray(q.scale) * (np.asarray(q.values, float) - np.asarray(q.zero)) for q in (x, kernel)]
    return max(apart(found, numbers[0] @ numbers[1]), wrong(np.abs(found - exact).max() < 0.1))


def _through(x: jax.Array, weights: jax.Array) -> jax.Array:
    return scaling.fake_quantized(x, 4) * weights


def _straight(quantized: Implementation, case: Case) -> float:
    """What trains with it sees the rounded numbers and a gradient as if they were not."""
    x, weights = case.normal(6), case.normal(6, seed=1)

    q = _program(quantized, 4, True, None)(x)
    back = np.asarray(q.scale) * (np.asarray(q.values, int) - np.asarray(q.zero))
    return max(apart(gradient(_through)(x, weights), weights), apart(program(_through)(x, weights), back * weights))


def _cut_off(x: jax.Array, bits: int = 8, symmetric: bool = True, axis: int | None = None) -> Quantized:
    """Fractions are cut off instead of rounded."""
    q = scaling.quantize(x, bits, symmetric, axis)
    return q._replace(values=jnp.trunc(x / q.scale + q.zero).astype(jnp.int8))


def _too_many_levels(x: jax.Array, bits: int = 8, symmetric: bool = True, axis: int | None = None) -> Quantized:
    """The largest number is 2^(b−1), which there is not."""
    scale = jnp.abs(x).max(None if axis is None else 0, keepdims=axis is not None) / 2 ** (bits - 1)
    values = (jnp.round(x / scale).astype(jnp.int32) + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
    return Quantized(values.astype(jnp.int8), scale, jnp.zeros((), int))


def _no_zero(x: jax.Array, bits: int = 8, symmetric: bool = True, axis: int | None = None) -> Quantized:
    """The range begins at the smallest number, and zero is not among the levels."""
    q = scaling.quantize(x - 0.013, bits, symmetric, axis)
    return q._replace(zero=q.zero - 0.013 / q.scale)


TERMS = (
    Term(
        "lottery-ticket",
        scaling.lottery_ticket,
        (
            Property(
                "Three rounds of a half leave 2 of 16 weights, largest when trained, each as it was at first.",
                _ticket,
                0.0,
                (
                    Mistake("trained weights kept", _kept_trained),
                    Mistake("the fraction of all weights", _of_all),
                    Mistake("all at once", _at_once),
                ),
            ),
            Property(
                "One weight a round goes by what training makes of those that are left.",
                _in_turn,
                0.0,
                (Mistake("all at once", _at_once), Mistake("the fraction of all weights", _of_all)),
            ),
        ),
    ),
    Term(
        "structured-pruning",
        scaling.structured_pruning,
        (
            Property(
                "The smaller network gives what the larger one does with its smallest units silenced.",
                _cut_out,
                1e-12,
                (
                    Mistake("the next layer keeps its first rows", _first_rows),
                    Mistake("the largest units go", _largest_units),
                    Mistake("single weights set to zero", _masked),
                ),
            ),
            Property(
                "With a fraction of zero it is the network itself.",
                _nothing,
                0.0,
                (Mistake("units counted from one", _masked),),
            ),
        ),
    ),
    Term(
        "quantization",
        scaling.quantize,
        (
            Property(
                "Every number comes back within half a step (a whole one where zero is moved), and zero exactly.",
                _rounded,
                1e-9,
                (
                    Mistake("fractions cut off", _cut_off),
                    Mistake("one level too many", _too_many_levels),
                    Mistake("zero is not a level", _no_zero),
                ),
            ),
            Property(
                "Products of whole numbers, times both scales, are those of the numbers they stand for.",
                _products,
                1e-12,
                (
                    Mistake("one level too many", _too_many_levels),
                    Mistake("zero is not a level", _no_zero),
                ),
            ),
            Property(
                "In training the rounded numbers are seen, and a gradient as if they were not.",
                _straight,
                1e-12,
                (Mistake("fractions cut off", _cut_off),),
            ),
        ),
    ),
    Term(
        "pruning",
        scaling.magnitude_mask,
        (
            Property(
                "With 30 % of 16 weights exactly 5 go, none of them larger than one that stays.",
                _count,
                0.0,
                (
                    Mistake("below 30 % of the largest", _by_threshold),
                    Mistake("by value, not by size", lambda w, p: scaling.magnitude_mask(w - w.min(), p)),
                    Mistake("those that stay counted", lambda w, p: scaling.magnitude_mask(w, 1 - p)),
                ),
            ),
            Property(
                "None go with 0, all with 1, and of equal weights as many as asked.",
                _ends,
                0.0,
                (
                    Mistake("all below a quantile", lambda w, p: jnp.abs(w) > jnp.quantile(jnp.abs(w), p)),
                    Mistake("below 30 % of the largest", _by_threshold),
                ),
            ),
        ),
    ),
)
