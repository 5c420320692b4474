"""Pooling: one number for many positions, so that a picture gets smaller and small shifts matter less.

Pictures are ``(batch, height, width, channels)``.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

_PICTURES = "batch height width channels"


def avg_pool(x: jax.Array, window: int, stride: int | None = None) -> jax.Array:
    """Halve a picture, or more, by the mean under each window: a low-pass filter before positions are left out.

    Formula: y[i, j, c] = 1/k² · Σ x[s·i + a, s·j + b, c] over 0 ≤ a, b < k
    Shapes: x (batch, height, width, channels); the result (batch, ⌊(height − k)/s⌋ + 1, likewise, channels).
    Parameters: none; window k and stride s, which is k where none is given.
    Cost: k² additions for each number that leaves.
    Training: as in evaluation.
    Caveats: rows and columns that fill no window are left out. Where windows tile the picture, its mean stays.
    Raises: VocabularyError for a window that is larger than the picture.
    Source: LeCun et al. 1989, "Handwritten digit recognition with a back-propagation network"; vocabulary line 2845.

    >>> x = jax.numpy.arange(16.0).reshape(1, 4, 4, 1)
    >>> avg_pool(x, 2)[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    _fits(x, window)
    stride = window if stride is None else expect.whole("stride", stride)
    return nnx.avg_pool(jnp.asarray(x), (window, window), strides=(stride, stride))


def global_max_pool(x: jax.Array) -> jax.Array:
    """Ask of each channel whether its feature is anywhere in the picture, and how strongly, and not where.

    Formula: y[c] = max over i, j of x[i, j, c]
    Shapes: x (batch, height, width, channels), or (batch, tokens, channels); the result (batch, channels).
    Parameters: none.
    Cost: one comparison an element.
    Training: as in evaluation; the gradient reaches one position of each channel.
    Caveats: a single outlier decides, where the mean would dilute it.
    Raises: VocabularyError for a shape without positions.
    Source: Oquab et al. 2015, "Is object localization for free?", sec. 3; vocabulary line 2859.

    >>> global_max_pool(jax.numpy.arange(8.0).reshape(1, 2, 2, 2)).tolist()
    [[6.0, 7.0]]
    """
    expect.axes(x=(x, "... batch tokens channels"))
    return jnp.max(x, axis=tuple(range(1, jnp.ndim(x) - 1)))


def adaptive_avg_pool(x: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Bring pictures of any size to one size, so that a dense layer can read them.

    Formula: bin i of o covers ⌊i·L/o⌋ to ⌈(i + 1)·L/o⌉ − 1 of L positions; y = the mean over its bins
    Shapes: x (batch, height, width, channels); size (rows, columns); the result (batch, rows, columns, channels).
    Parameters: none.
    Cost: one product with a matrix of means for each side, L·o for each of the other positions.
    Training: as in evaluation.
    Caveats: where o does not divide L neighbouring bins share a position; where o is larger, positions are repeated.
    Raises: VocabularyError for a size below one.
    Source: He et al. 2014, arXiv:1406.4729, sec. 2.2 and 2.3, for bins that follow the picture; vocabulary line 2864.

    >>> adaptive_avg_pool(jax.numpy.arange(5.0).reshape(1, 1, 5, 1), (1, 3))[0, 0, :, 0].tolist()
    [0.5, 2.0, 3.5]
    """
    sizes = expect.axes(x=(x, _PICTURES))
    rows, columns = (expect.whole("size", side) for side in size)
    down, across = _means(sizes["height"], rows), _means(sizes["width"], columns)
    return jnp.einsum("bhwc,ih,jw->bijc", x, down.astype(x.dtype), across.astype(x.dtype))


def stochastic_pool(
    x: jax.Array, window: int, key: jax.Array | None = None, *, deterministic: bool = False
) -> jax.Array:
    """Take under each window one of its values, the more often the larger it is: a regulariser for maxima.

    Formula: pᵢ = aᵢ / Σₖ aₖ; in training y = aₗ with l ~ p; in evaluation y = Σᵢ pᵢ·aᵢ
    Shapes: x (batch, height, width, channels), at least zero; windows tile it, so each side is divided by k.
    Parameters: none; the window k.
    Cost: one random number a value and one comparison.
    Training: one value of each window is drawn with key; in evaluation (deterministic) their weighted mean is taken.
    Caveats: a window of zeros gives zero. Inputs have to be activations of a ReLU, since they serve as probabilities.
    Raises: VocabularyError for negative inputs, windows that do not tile the picture, and no key in training.
    Source: Zeiler and Fergus 2013, arXiv:1301.3557, eq. 4 to 6; vocabulary line 2871.

    >>> x = jax.numpy.array([[1.0, 0.0], [0.0, 3.0]]).reshape(1, 2, 2, 1)
    >>> float(stochastic_pool(x, 2, deterministic=True)[0, 0, 0, 0])
    2.5
    >>> float(stochastic_pool(x, 2, jax.random.key(0))[0, 0, 0, 0]) in (1.0, 3.0)
    True
    """
    sizes = _fits(x, window)
    expect.not_negative("x", x)
    for side in ("height", "width"):
        expect.divides("window", window, side, sizes[side])
    values = _windows(jnp.asarray(x), window)
    total = values.sum(axis=-1, keepdims=True)
    chances = values / jnp.where(total > 0, total, 1)
    if deterministic:
        return (chances * values).sum(axis=-1)
    if key is None:
        raise VocabularyError("key: arrived None, expected a key, since a value is drawn in training")
    drawn = jax.random.categorical(key, jnp.log(chances), axis=-1)
    return jnp.take_along_axis(values, drawn[..., None], axis=-1)[..., 0]


def fractional_max_pool(x: jax.Array, size: tuple[int, int], key: jax.Array) -> jax.Array:
    """Shrink a picture by a factor between 1 and 2, by windows of one and two positions in a random order.

    Formula: window i of o covers ⌊(i·L + r)/o⌋ to ⌊((i + 1)·L + r)/o⌋ − 1 of L positions, r ~ U{0, …, o − 1}
    Shapes: x (batch, height, width, channels); size (rows, columns), each from half a side to it; the result as size.
    Parameters: none.
    Cost: one comparison an element.
    Training: as in evaluation, where several draws can be averaged.
    Caveats: windows are disjoint here; Graham also has them overlap. All examples and channels of a call share them.
    It is the paper's ⌊α(i + u)⌋ in whole numbers. A factor of 1 or 2 leaves nothing to draw: it is an ordinary pool.
    Raises: VocabularyError for a size outside of half a side to a side.
    Source: Graham 2014, arXiv:1412.6071, sec. 2; vocabulary line 2875.

    >>> x = jax.numpy.arange(10.0).reshape(1, 1, 10, 1)
    >>> y = fractional_max_pool(x, (1, 7), jax.random.key(0))
    >>> y.shape, float(y[0, 0, -1, 0]), len(set(y.ravel().tolist()))
    ((1, 1, 7, 1), 9.0, 7)
    """
    sizes = expect.axes(x=(x, _PICTURES))
    y = jnp.asarray(x)
    for axis, side, count in zip((1, 2), ("height", "width"), size, strict=True):
        length = sizes[side]
        if not math.ceil(length / 2) <= expect.whole("size", count) <= length:
            raise VocabularyError(f"size: arrived {count}, expected from half of {side} {length} to all of it")
        offset = jax.random.randint(jax.random.fold_in(key, axis), (), 0, count)
        ends = (length * jnp.arange(1, count + 1) + offset) // count
        window = jnp.searchsorted(ends, jnp.arange(length), side="right")
        y = jnp.moveaxis(jax.ops.segment_max(jnp.moveaxis(y, axis, 0), window, count), 0, axis)
    return y


def _fits(x: jax.Array, window: int) -> expect.Sizes:
    sizes = expect.axes(x=(x, _PICTURES))
    if expect.whole("window", window) > min(sizes["height"], sizes["width"]):
        raise VocabularyError(f"window: arrived {window}, expected at most the smaller side of {jnp.shape(x)}")
    return sizes


def _means(length: int, count: int) -> np.ndarray:
    """``(count, length)``: the share of each position in the mean of each bin."""
    place, index = np.arange(length), np.arange(count)[:, None]
    inside = (place >= index * length // count) & (place < -(-(index + 1) * length // count))
    return inside / inside.sum(axis=1, keepdims=True)


def _windows(x: jax.Array, window: int) -> jax.Array:
    """``(batch, rows, columns, channels, window²)``: the values under each window."""
    batch, height, width, channels = x.shape
    cut = x.reshape(batch, height // window, window, width // window, window, channels)
    return cut.transpose(0, 1, 3, 5, 2, 4).reshape(batch, height // window, width // window, channels, window**2)
