"""Depthwise convolutions: in a form that processors are fast at, and as XLA's own convolution elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from netspec.modules.cpu.switch import by_platform, instead_of
from netspec.modules.dtypes import at_least_float32

#: Positions whose terms are added in one expression at most; with 14 or fewer, each took several times as long.
TERMS = 32
#: Taps up to which XLA may take them again wherever their sum is read.
FEW_TAPS = 9


class Window(NamedTuple):
    """How a kernel slides, by spatial axis."""

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]


@instead_of(lax.conv_general_dilated)
def depthwise_conv(
    x: jnp.ndarray,
    kernel: jnp.ndarray,
    strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    *,
    rhs_dilation: Sequence[int],
    **_rest,
) -> jnp.ndarray:
    """A convolution with one kernel per channel, ``(B, *spatial, C)`` by ``(*taps, 1, C)`` to ``(B, *spatial', C)``.

    Takes the place of ``conv_general_dilated`` with as many groups as channels. XLA on CPU has no fast code for that
    and takes tens of times as long as for the sum of the shifted inputs, each times one tap, which becomes a loop over
    the channels that the processor vectorises. On CPU it is written so, and both gradients likewise. Sums are in
    float32, or in the inputs' type where that is wider.
    """
    if isinstance(padding, str):
        reach = [step * (taps - 1) + 1 for step, taps in zip(rhs_dilation, kernel.shape[:-2], strict=True)]
        padding = lax.padtype_to_pads(x.shape[1:-1], reach, strides, padding)
    return _depthwise(x, kernel, Window(tuple(strides), tuple(map(tuple, padding)), tuple(rhs_dilation)))


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _depthwise(x, kernel, window: Window):
    forms = {"cpu": partial(sum_of_taps, window=window), "elsewhere": partial(grouped, window=window)}
    return by_platform(x, kernel, **forms)


def _gradients(window: Window, kept, cotangent):
    def derived(x, kernel, cotangent):
        return jax.vjp(partial(grouped, window=window), x, kernel)[1](cotangent)

    written = partial(gradients_of_taps, window=window)
    return by_platform(*kept, cotangent, cpu=written, elsewhere=derived)


_depthwise.defvjp(lambda x, kernel, window: (_depthwise(x, kernel, window), (x, kernel)), _gradients)


def grouped(x: jnp.ndarray, kernel: jnp.ndarray, window: Window) -> jnp.ndarray:
    """As XLA's convolution."""
    spatial = "DHW"[-len(window.strides) :]
    return lax.conv_general_dilated(
        x,
        kernel,
        window.strides,
        window.padding,
        rhs_dilation=window.dilation,
        dimension_numbers=(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
        feature_group_count=x.shape[-1],
    )


def sum_of_taps(x: jnp.ndarray, kernel: jnp.ndarray, window: Window) -> jnp.ndarray:
    """As the sum of shifted inputs, each times one tap."""
    padded = _padded(at_least_float32(x), [(*sides, 0) for sides in window.padding])
    return _slid(padded, at_least_float32(kernel), window.strides, window.dilation).astype(x.dtype)


def gradients_of_taps(x, kernel, cotangent, window: Window) -> tuple[jnp.ndarray, jnp.ndarray]:
    """Those of :func:`sum_of_taps`, to ``x`` and ``kernel``."""
    wide = at_least_float32(cotangent)
    of_x = _of_input(x.shape[1:-1], at_least_float32(kernel), wide, window)
    of_kernel = _of_kernel(at_least_float32(x), kernel.shape[:-2], wide, window)
    return of_x.astype(x.dtype), of_kernel.astype(kernel.dtype)


def _of_input(sizes, kernel, cotangent, window: Window):
    """The kernel turned round, sliding by one over the cotangent with zeros between what strides had set apart."""
    edges = []
    for size, taps, left, stride, (before, _), step in zip(
        sizes, kernel.shape[:-2], cotangent.shape[1:-1], *window, strict=True
    ):
        edges.append((step * (taps - 1) - before, size + before - (stride * (left - 1) + 1), stride - 1))
    turned = jnp.flip(kernel, tuple(range(kernel.ndim - 2)))
    return _slid(_padded(cotangent, edges), turned, (1,) * len(edges), window.dilation)


def _of_kernel(x, taps: tuple[int, ...], cotangent, window: Window):
    """Sums over examples and positions of the shifted input times the cotangent, a block of positions at a time.

    A position adds its cotangent times the part of the input that the kernel lies on, whatever the strides, which goes
    along the channels of both. Blocks are small enough for the processor's caches. Examples are summed last, by which
    devices that share a batch exchange once and not for each block.
    """
    batch, *left, channels = cotangent.shape
    block = _block(left)
    blocks = [-(-size // side) for size, side in zip(left, block, strict=True)]
    reach = [step * (size - 1) + 1 for step, size in zip(window.dilation, taps, strict=True)]
    span = [stride * (side - 1) + size for stride, side, size in zip(window.strides, block, reach, strict=True)]
    edges, ends = [], []
    for size, (before, _), stride, count, side, across in zip(
        x.shape[1:-1], window.padding, window.strides, blocks, block, span, strict=True
    ):
        edges.append((before, stride * side * (count - 1) + across - size - before, 0))
    for size, count, side in zip(left, blocks, block, strict=True):
        ends.append((0, count * side - size, 0))
    x, cotangent = _padded(x, edges), _padded(cotangent, ends)

    def added(total, starts):
        # Whole numbers by themselves, without the arithmetic that makes them, leave the loop over channels vectorised.
        of_x, of_cotangent = (lax.optimization_barrier((np.uint32(0), *start, np.uint32(0))) for start in starts)
        seen = lax.dynamic_slice(x, of_x, (batch, *span, channels))
        given = lax.dynamic_slice(cotangent, of_cotangent, (batch, *block, channels))
        return total + sum(term(seen, given, at) for at in np.ndindex(*block)), None

    def term(seen, given, at):
        under = [
            slice(stride * place, stride * place + size, step)
            for stride, place, size, step in zip(window.strides, at, reach, window.dilation, strict=True)
        ]
        return seen[:, *under] * given[:, *(slice(place, place + 1) for place in at)]

    starts = np.stack(np.unravel_index(np.arange(math.prod(blocks)), blocks), 1) * block
    starts = (jnp.asarray(starts * window.strides, jnp.uint32), jnp.asarray(starts, jnp.uint32))
    total, _ = lax.scan(added, jnp.zeros((batch, *taps, channels), x.dtype), starts)
    return total.sum(0).reshape(*taps, 1, channels)


def _block(sizes: Sequence[int]) -> list[int]:
    """Sides of blocks of at most :data:`TERMS` positions, as many as fit along the last axis first, all about equal."""
    block, room = [], TERMS
    for size in reversed(sizes):
        block.append(-(-size // -(-size // room)))
        room = max(1, room // block[-1])
    return block[::-1]


def _slid(padded, kernel, strides, dilation):
    """Taps times strided slices of what is already padded, summed.

    With many taps in a loop over parts of the rows, although one expression could say it all: XLA would then take all
    taps again in everything that reads the sum. Of few taps, that is faster than to write the sum out.
    """
    reach = [step * (taps - 1) + 1 for step, taps in zip(dilation, kernel.shape[:-2], strict=True)]
    left = [
        (size - across) // stride + 1 for size, across, stride in zip(padded.shape[1:-1], reach, strides, strict=True)
    ]
    rows = left[0]
    if math.prod(kernel.shape[:-2]) > FEW_TAPS:
        rows = next((rows // parts for parts in range(2, rows + 1) if rows % parts == 0), rows)
    batch, channels = len(padded), padded.shape[-1]
    cut = (batch, strides[0] * (rows - 1) + reach[0], *padded.shape[2:])

    def added(seen):
        return sum(term(seen, tap) for tap in np.ndindex(*kernel.shape[:-2]))

    def term(seen, tap):
        cuts = [
            slice(step * at, step * at + stride * (size - 1) + 1, stride)
            for step, at, stride, size in zip(dilation, tap, strides, (rows, *left[1:]), strict=True)
        ]
        return seen[:, *cuts] * kernel[*tap, 0]

    if rows == left[0]:
        return added(padded)

    def part(whole, start):
        zeros = (np.uint32(0),) * len(left)
        seen = lax.dynamic_slice(padded, lax.optimization_barrier((np.uint32(0), start[0], *zeros)), cut)
        return lax.dynamic_update_slice(whole, added(seen), (np.uint32(0), start[1], *zeros)), None

    firsts = np.arange(0, left[0], rows)
    starts = jnp.asarray(np.stack([firsts * strides[0], firsts], 1), jnp.uint32)
    return lax.scan(part, jnp.zeros((batch, *left, channels), padded.dtype), starts)[0]


def _padded(x, edges):
    """Zeros before, behind and between the positions of the spatial axes; a negative number takes positions away."""
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *edges, (0, 0, 0)))
