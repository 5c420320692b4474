"""Smaller networks: weights left out one by one or in whole units, and numbers of few bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


class Ticket(NamedTuple):
    """What is left of a network: its first ``weights``, zero where ``mask`` is false."""

    weights: jax.Array
    mask: jax.Array


class Smaller(NamedTuple):
    """Two layers with fewer units between them, and which units of the larger ones they are."""

    kernel: jax.Array
    bias: jax.Array
    following: jax.Array
    kept: jax.Array


class Quantized(NamedTuple):
    """Whole numbers ``values`` (int8) that stand for ``scale · (values − zero)``."""

    values: jax.Array
    scale: jax.Array
    zero: jax.Array


def magnitude_mask(weights: jax.Array, fraction: float) -> jax.Array:
    """Leave out the weights that are smallest, which are many and change least.

    Formula: m_i = 1 except for the round(p n) smallest |w_i| of n
    Shapes: weights of any shape; the mask has the same, true where a weight stays.
    Parameters: none; fraction p of the weights goes.
    Cost: one sorting.
    Training: the mask is applied in every step that follows, or what was left out grows back.
    Caveats: zeros in an array save neither time nor memory without code for sparse arrays. Of equal weights the first
        ones go.
    Raises: VocabularyError where nothing arrived or the fraction is outside [0, 1].
    Source: Han et al. 2015 (arXiv:1506.02626), sec. 3; vocabulary line 4687.

    >>> magnitude_mask(jnp.array([0.5, -0.1, 2.0, 0.3]), 0.5).tolist()
    [True, False, True, False]
    """
    expect.axes(weights=(weights, "..."))
    expect.probability("fraction", fraction)
    return _largest(jnp.abs(weights), round(fraction * jnp.size(weights)))


def structured_pruning(kernel: jax.Array, bias: jax.Array, following: jax.Array, fraction: float) -> Smaller:
    """Leave out whole units, so that what remains is a smaller dense network that any code runs faster.

    Formula: the round(p n) units j with the smallest ‖W₁[:, j]‖ go, with b₁[j] and W₂[j, :]
    Shapes: kernel W₁ (inputs, units), bias b₁ (units,), following W₂ (units, outputs); fewer units come back.
    Parameters: (inputs + 1 + outputs) a unit fewer for each that goes; at least one stays.
    Cost: one norm a unit.
    Training: the smaller network is trained on for a while.
    Caveats: it is the same network as the larger one with these units silenced, where the function between gives 0
        for 0.
    Raises: VocabularyError where shapes disagree, the fraction is outside [0, 1], or no unit would stay.
    Source: Li et al. 2017 (arXiv:1608.08710), sec. 3.1; vocabulary line 1664.

    >>> smaller = structured_pruning(jnp.array([[1.0, 0.1, 3.0]]), jnp.zeros(3), jnp.ones((3, 2)), 0.34)
    >>> smaller.kept.tolist(), smaller.kernel.tolist(), smaller.following.shape
    ([0, 2], [[1.0, 3.0]], (2, 2))
    """
    sizes = expect.axes(kernel=(kernel, "inputs units"), bias=(bias, "units"))
    expect.axes(sizes, following=(following, "units outputs"))
    expect.probability("fraction", fraction)
    removed = round(fraction * sizes["units"])
    if removed == sizes["units"]:
        raise VocabularyError(f"fraction: arrived {fraction} of {removed} units, expected less, so that one stays")
    order = jnp.argsort(jnp.linalg.norm(kernel, axis=0))
    kept = jnp.sort(order[removed:])
    return Smaller(kernel[:, kept], bias[kept], following[kept], kept)


def lottery_ticket(
    train: Callable[[jax.Array, jax.Array], jax.Array], weights: jax.Array, fraction: float = 0.2, rounds: int = 3
) -> Ticket:
    """Find a small network in a large one that trains as well from the same start, and from hardly any other.

    Formula: m ← 1; r times: w ← train(w₀ ⊙ m, m), m ← m without the round(p Σ m) smallest |w|; then w₀ ⊙ m
    Shapes: weights w₀ of any shape; the mask has the same.
    Parameters: (1 − p)^r of them stay.
    Cost: r trainings.
    Training: train takes weights and mask and gives trained weights; what is masked is not to move.
    Caveats: what makes it a ticket is the return to w₀: drawn anew, the same mask trains worse. Large networks have to
        return to an early step of training instead.
    Raises: VocabularyError where nothing arrived, the fraction is outside [0, 1], or there are no rounds.
    Source: Frankle and Carbin 2019 (arXiv:1803.03635), sec. 1; vocabulary line 1652.

    >>> start, best = jnp.array([0.1, 0.2, 0.3, 0.4]), jnp.array([9.0, 0.0, 0.0, 5.0])
    >>> ticket = lottery_ticket(lambda w, mask: w + (best - w) * mask, start, fraction=0.5, rounds=1)
    >>> [round(float(w), 4) for w in ticket.weights]
    [0.1, 0.0, 0.0, 0.4]
    """
    expect.axes(weights=(weights, "..."))
    expect.probability("fraction", fraction)
    expect.whole("rounds", rounds)
    mask, left = jnp.ones(jnp.shape(weights), bool), jnp.size(weights)
    for _ in range(rounds):
        trained = train(weights * mask, mask)
        left -= round(fraction * left)
        mask = _largest(jnp.where(mask, jnp.abs(trained), -1.0), jnp.size(weights) - left)
    return Ticket(weights * mask, mask)


def quantize(x: jax.Array, bits: int = 8, symmetric: bool = True, axis: int | None = None) -> Quantized:
    """Keep numbers in 8 bits or 4 instead of 32, and compute with whole numbers.

    Formula: q = clip(round(x/s) + z), x̃ = s (q − z)
    Shapes: x of any shape; values, in int8, have the same; scale s and zero z are one number, or one an index of axis.
    Parameters: none. Symmetric: s = max |x| / (2^{b−1} − 1), z = 0. Else s = (max − min)/(2^b − 1) over a range with 0.
    Cost: one division an element.
    Training: :func:`fake_quantized` rounds as this does and hands gradients through, so that a network can adapt.
    Caveats: one value far off takes the steps from all others, so kernels have a scale for each output. 4 bits are kept
        in 8 here.
    Raises: VocabularyError where nothing arrived, bits are not 2 to 8, or there is no such axis.
    Source: Jacob et al. 2018 (arXiv:1712.05877), eq. 1; vocabulary line 4680.

    >>> q = quantize(jnp.array([-1.0, 0.0, 0.25, 1.0]))
    >>> q.values.tolist(), round(float(q.scale), 5)
    ([-127, 0, 32, 127], 0.00787)
    """
    expect.axes(x=(x, "..."))
    if expect.whole("bits", bits, 2) > 8:
        raise VocabularyError(f"bits: arrived {bits}, expected 2 to 8")
    if axis is not None:
        expect.one_of("axis", axis, tuple(range(-jnp.ndim(x), jnp.ndim(x))))
    others = None if axis is None else tuple(i for i in range(jnp.ndim(x)) if i != axis % jnp.ndim(x))
    least, most = (each(x, others, keepdims=axis is not None) for each in (jnp.min, jnp.max))
    high = 2 ** (bits - 1) - 1
    if symmetric:
        low, scale = -high, jnp.maximum(-least, most) / high
    else:
        least = jnp.minimum(least, 0.0)
        low, scale = -high - 1, (jnp.maximum(most, 0.0) - least) / (2 * high + 1)
    scale = jnp.where(scale > 0, scale, 1.0)
    zero = jnp.zeros_like(scale) if symmetric else low - jnp.round(least / scale)
    values = jnp.clip(jnp.round(x / scale) + zero, low, high)
    return Quantized(values.astype(jnp.int8), scale, zero.astype(jnp.int32))


def dequantized(quantized: Quantized) -> jax.Array:
    """The numbers that whole numbers stand for: ``s (q − z)``."""
    return quantized.scale * (quantized.values.astype(jnp.int32) - quantized.zero)


def fake_quantized(x: jax.Array, bits: int = 8, symmetric: bool = True, axis: int | None = None) -> jax.Array:
    """``x`` rounded as :func:`quantize` rounds it, with a gradient of one, as if it were not.

    The gradient of rounding is zero almost everywhere, and nothing would be learned through it.
    Source: Bengio et al. 2013 (arXiv:1308.3432), sec. 4, the straight-through estimator.
    """
    return x + jax.lax.stop_gradient(dequantized(quantize(x, bits, symmetric, axis)) - x)


@jax.jit
def _largest(sizes: jax.Array, removed: int) -> jax.Array:
    """True where a size is not among the ``removed`` smallest."""
    places = jnp.argsort(jnp.argsort(sizes.ravel()))
    return (places >= removed).reshape(sizes.shape)
