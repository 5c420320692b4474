"""Convolutions that no layer of a network here is: over one, three and four axes, causal, deformable, octave, long.

Images and sequences have their channels last and kernels are ``(*sides, in, out)``. As everywhere in the field, what
is called a convolution does not flip its kernel: it is a cross-correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.ndimage import map_coordinates

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

Padding = Literal["SAME", "VALID"]


def dilated_conv_4d(x: jax.Array, kernel: jax.Array, *, dilation: int = 2) -> jax.Array:
    """See over time and space at once, and further than the kernel has taps: four axes convolved with gaps.

    Formula: y[p] = Σ_o W[o] x[p + r·o], o over the taps of all four axes
    Shapes: x (batch, a, b, c, d, in), kernel (ka, kb, kc, kd, in, out); a side of n leaves n − r(k − 1).
    Parameters: ka·kb·kc·kd·in·out: 81·in·out for sides of three.
    Cost: ka·kb·kc·kd·in·out multiply-adds at every position that is left.
    Training: as in evaluation.
    Caveats: a video (batch, channels, time, height, width) has three axes to convolve, not four; see conv3d.
    Raises: VocabularyError where channels do not match, the dilation is below 1 or a side is shorter than the kernel.
    Source: Yu and Koltun 2016 [arXiv:1511.07122], eq. 2, for two axes; vocabulary line 1228.

    >>> x = jax.numpy.ones((1, 5, 5, 5, 5, 1))
    >>> dilated_conv_4d(x, jax.numpy.ones((3, 3, 3, 3, 1, 1))).squeeze().item()
    81.0
    """
    _check(x, kernel, "a b c d", dilation)
    for side, taps in zip(x.shape[1:5], kernel.shape[:4], strict=True):
        expect.whole("positions that are left", side - dilation * (taps - 1))
    return _conv(x, kernel, padding="VALID", dilation=dilation)


def conv1d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: int = 1,
    padding: Padding = "SAME",
    dilation: int = 1,
) -> jax.Array:
    """Find the same local pattern wherever it stands in a sequence, with one small kernel slid along it.

    Formula: y[i, c] = Σ_j Σ_a x[i + j, a] W[j, a, c] + b[c]
    Shapes: x (batch, tokens, in), kernel (taps, in, out), bias (out); ceil(tokens / stride) are left by "SAME" padding.
    Parameters: taps·in·out + out.
    Cost: taps·in·out multiply-adds at every position that is left.
    Training: as in evaluation.
    Caveats: the kernel is not flipped (cross-correlation), as in every framework.
    Raises: VocabularyError where channels do not match or stride or dilation is below 1.
    Source: LeCun et al. 1989, sec. 4, in two dimensions; vocabulary line 1905.

    >>> rise = jax.numpy.array([-1.0, 1.0]).reshape(2, 1, 1)
    >>> steps = jax.numpy.array([0.0, 0.0, 3.0, 3.0, 1.0]).reshape(1, 5, 1)
    >>> conv1d(steps, rise, padding="VALID").ravel().tolist()
    [0.0, 3.0, 0.0, -2.0]
    """
    _check(x, kernel, "tokens", dilation)
    expect.whole("stride", stride)
    return _biased(_conv(x, kernel, stride=stride, padding=padding, dilation=dilation), bias)


def causal_conv1d(x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None, *, dilation: int = 1) -> jax.Array:
    """Convolve a sequence without looking ahead, so that a model of it can be run forward one step at a time.

    Formula: y[t] = Σ_j W[j] x[t − (k − 1 − j)·r] + b, zeros before the first
    Shapes: x (batch, tokens, in), kernel (taps, in, out), bias (out); the tokens keep their number.
    Parameters: taps·in·out + out.
    Cost: taps·in·out multiply-adds a token.
    Training: all tokens at once; in generation the last r(k − 1) tokens are all that must be kept.
    Caveats: the last tap reads the present; texts that number the taps backwards in time mean the flipped kernel.
    Raises: VocabularyError where channels do not match or the dilation is below 1.
    Source: van den Oord et al. 2016 [arXiv:1609.03499], sec. 2.1; vocabulary line 1937.

    >>> delay = jax.numpy.array([1.0, 0.0]).reshape(2, 1, 1)
    >>> causal_conv1d(jax.numpy.arange(1.0, 5.0).reshape(1, 4, 1), delay, dilation=2).ravel().tolist()
    [0.0, 0.0, 1.0, 2.0]
    """
    _check(x, kernel, "tokens", dilation)
    before = dilation * (kernel.shape[0] - 1)
    return _biased(_conv(x, kernel, padding=[(before, 0)], dilation=dilation), bias)


def conv3d(
    x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None, *, stride: int = 1, padding: Padding = "SAME"
) -> jax.Array:
    """See motion in a video, or shape in a scan: a kernel that reaches over depth or time as well as over the image.

    Formula: y[i, j, k, c] = Σ_l Σ_m Σ_n Σ_a x[i + l, j + m, k + n, a] W[l, m, n, a, c] + b[c]
    Shapes: x (batch, depth, height, width, in), kernel (kd, kh, kw, in, out), bias (out).
    Parameters: kd·kh·kw·in·out + out.
    Cost: kd·kh·kw·in·out multiply-adds at every position that is left.
    Training: as in evaluation.
    Caveats: it works on grids; points have to be put into voxels first.
    Raises: VocabularyError where channels do not match or the stride is below 1.
    Source: Tran et al. 2015 [arXiv:1412.0767], sec. 3; vocabulary line 1969.

    >>> clip = jax.numpy.arange(3.0).reshape(1, 3, 1, 1, 1) * jax.numpy.ones((1, 3, 2, 2, 1))
    >>> change = jax.numpy.array([-1.0, 1.0]).reshape(2, 1, 1, 1, 1)
    >>> conv3d(clip, change, padding="VALID").shape
    (1, 2, 2, 2, 1)
    """
    _check(x, kernel, "depth height width")
    expect.whole("stride", stride)
    return _biased(_conv(x, kernel, stride=stride, padding=padding), bias)


def deformable_conv(x: jax.Array, kernel: jax.Array, offsets: jax.Array) -> jax.Array:
    """Let the taps of a kernel move to where the object is, by a distance predicted at every pixel.

    Formula: y(p) = Σ_k W_k x(p + p_k + Δp_k), x between pixels by bilinear interpolation
    Shapes: x (batch, height, width, in), kernel (kh, kw, in, out) of odd sides, offsets (batch, height, width, kh·kw,
        2) in pixels, down and right; what leaves is (batch, height, width, out).
    Parameters: those of the convolution; what predicts the offsets has 2·kh·kw channels more.
    Cost: as a convolution, and four reads in place of one for every tap and channel.
    Training: the offsets learn through the interpolation, whose slope jumps at whole pixels.
    Caveats: pixels outside the image are zero, as are the neighbours there of a sample at its border.
    Raises: VocabularyError where shapes do not match or a side of the kernel is even.
    Source: Dai et al. 2017 [arXiv:1703.06211], eqs. 2-4; vocabulary line 2083.

    >>> x = jax.numpy.arange(4.0).reshape(1, 1, 4, 1)
    >>> half = jax.numpy.broadcast_to(jax.numpy.array([0.0, 0.5]), (1, 1, 4, 1, 2))
    >>> deformable_conv(x, jax.numpy.ones((1, 1, 1, 1)), half).ravel().tolist()
    [0.5, 1.5, 2.5, 1.5]
    """
    sizes = expect.axes(x=(x, "batch height width in"), kernel=(kernel, "kh kw in out"))
    for side in (sizes["kh"], sizes["kw"]):
        expect.one_of("kernel side", side % 2, (1,))
    taps = sizes["kh"] * sizes["kw"]
    expect.axes(sizes, offsets=(offsets, f"batch height width {taps} 2"))
    # Where the taps of an ordinary kernel would read, (height, width, taps, 2), counted from its middle.
    pixels = np.indices(x.shape[1:3]).transpose(1, 2, 0)[:, :, None]
    around = np.indices(kernel.shape[:2]).reshape(2, taps).T - np.array(kernel.shape[:2]) // 2
    places = pixels + around + offsets
    sample = partial(map_coordinates, order=1, mode="constant")
    read = jax.vmap(jax.vmap(sample, (2, None), -1))(x, jnp.moveaxis(places, -1, 1))
    return jnp.einsum("bhwka,kac->bhwc", read, kernel.reshape(taps, *kernel.shape[2:]))


def octave_conv(
    high: jax.Array, low: jax.Array | None, kernel: jax.Array, *, low_out: int
) -> tuple[jax.Array, jax.Array | None]:
    """Keep what changes slowly at half the resolution, where it costs a quarter, and let both resolutions exchange.

    Formula: Y_H = W_HH∗X_H + up(W_LH∗X_L); Y_L = W_LL∗X_L + W_HL∗pool(X_H)
    Shapes: high (batch, height, width, in_H), low (batch, height/2, width/2, in_L) or None, kernel (k, k, in_H + in_L,
        out) with the high channels first on both axes; leaves (…, out − low_out) and (…/2, low_out) or None.
    Parameters: k²·in·out, as the convolution that it replaces.
    Cost: with fractions α of low channels on both sides, 1 − ¾·α(2 − α) of the convolution's.
    Training: as in evaluation.
    Caveats: pooling averages and raising repeats, both by two; sides must be even where anything is low.
    Raises: VocabularyError where channels do not match, sides are odd, or low_out is not from 0 to out − 1.
    Source: Chen et al. 2019 [arXiv:1904.05049], eqs. 2-4; vocabulary line 2093.

    >>> high, low = octave_conv(jax.numpy.ones((1, 4, 4, 3)), None, jax.numpy.ones((1, 1, 3, 4)), low_out=1)
    >>> high.shape, low.shape
    ((1, 4, 4, 3), (1, 2, 2, 1))
    """
    sizes = expect.axes(high=(high, "batch height width in_H"))
    channels, out = sizes["in_H"], kernel.shape[-1]
    if expect.whole("low_out", low_out, 0) >= out:
        raise VocabularyError(f"low_out: arrived {low_out}, expected less than the {out} channels of the kernel")
    if low is not None or low_out:
        expect.divides("resolution", 2, "height", sizes["height"])
        expect.divides("resolution", 2, "width", sizes["width"])
    if low is not None:
        half = f"batch {sizes['height'] // 2} {sizes['width'] // 2} in_L"
        channels += expect.axes({"batch": sizes["batch"]}, low=(low, half))["in_L"]
    expect.axes(kernel=(kernel, f"k k {channels} out"))
    split, low_from = sizes["in_H"], out - low_out
    to_high = _conv(high, kernel[:, :, :split, :low_from])
    to_low = _conv(_pooled(high), kernel[:, :, :split, low_from:]) if low_out else None
    if low is not None:
        to_high = to_high + _raised(_conv(low, kernel[:, :, split:, :low_from]))
        to_low = to_low + _conv(low, kernel[:, :, split:, low_from:]) if to_low is not None else None
    return to_high, to_low


def hyena(value: jax.Array, gates: Sequence[jax.Array], filters: Sequence[jax.Array]) -> jax.Array:
    """Mix all tokens without attention: filters as long as the sequence, each followed by a gate made of the tokens.

    Formula: z_0 = v; z_n = x_n ⊙ (h_n ∗ z_{n−1}); y = z_N
    Shapes: value and each of the N gates (batch, tokens, channels), each of the N filters (tokens, channels).
    Parameters: none here; a model makes the filters of a small network of the position and the rest by projections.
    Cost: N Fourier transforms of twice the tokens a channel: tokens·log(tokens), no product tokens × tokens.
    Training: as in evaluation; generation has no state of fixed size.
    Caveats: the transforms are padded to twice the length, or the end of the sequence would leak into its start.
    Raises: VocabularyError where shapes do not match or there are not as many filters as gates.
    Source: Poli et al. 2023 [arXiv:2302.10866], def. 3.1; vocabulary line 6024.

    >>> one = jax.numpy.ones((1, 4, 1))
    >>> hyena(one, [one], [jax.numpy.ones((4, 1))]).round().ravel().tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    sizes = expect.axes(value=(value, "batch tokens channels"))
    expect.one_of("number of filters", len(filters), (len(gates),))
    z = value
    for gate, taps in zip(gates, filters, strict=True):
        expect.axes(sizes, gate=(gate, "batch tokens channels"), filter=(taps, "tokens channels"))
        z = gate * long_conv(z, taps)
    return z


def long_conv(x: jax.Array, taps: jax.Array) -> jax.Array:
    """Causal convolution with a filter as long as the sequence, by Fourier transforms: ``y_t = Σ_{s ≤ t} h_{t−s} x_s``.

    x (batch, tokens, channels), taps (tokens, channels); the filter's first entry weighs the present.
    """
    tokens = x.shape[1]
    spectrum = jnp.fft.rfft(x, 2 * tokens, axis=1) * jnp.fft.rfft(taps, 2 * tokens, axis=0)
    return jnp.fft.irfft(spectrum, 2 * tokens, axis=1)[:, :tokens]


def _conv(
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int = 1,
    padding: str | Sequence[tuple[int, int]] = "SAME",
    dilation: int = 1,
) -> jax.Array:
    sides = kernel.ndim - 2
    last = (0, sides + 1, *range(1, sides + 1))
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        (stride,) * sides,
        padding,
        rhs_dilation=(dilation,) * sides,
        dimension_numbers=jax.lax.ConvDimensionNumbers(last, (sides + 1, sides, *range(sides)), last),
    )


def _check(x: jax.Array, kernel: jax.Array, sides: str, dilation: int = 1) -> None:
    expect.whole("dilation", dilation)
    taps = " ".join(f"k_{side}" for side in sides.split())
    expect.axes(x=(x, f"batch {sides} in"), kernel=(kernel, f"{taps} in out"))


def _biased(y: jax.Array, bias: jax.Array | None) -> jax.Array:
    if bias is None:
        return y
    expect.axes({"out": y.shape[-1]}, bias=(bias, "out"))
    return y + bias


def _pooled(x: jax.Array) -> jax.Array:
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean((2, 4))


def _raised(x: jax.Array) -> jax.Array:
    return x.repeat(2, 1).repeat(2, 2)
