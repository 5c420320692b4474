"""Modules of :class:`netspec.layers.SwinStage` and :class:`netspec.layers.PatchMerging`."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.swin import PatchMerging, SwinStage
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer
from netspec.modules.transformer_encoder import EncoderBlock


def relative_position_index(window: int) -> np.ndarray:
    """Row of the bias table for each pair of places in a window: ``(window², window²)`` integers.

    Places are numbered row by row. The pair ``(i, j)`` gets ``(y_i − y_j + w − 1)·(2w − 1) + (x_i − x_j + w − 1)``.
    Source: Liu et al. 2021 (arXiv:2103.14030), sec. 3.2, below eq. 4.
    """
    rows, columns = np.divmod(np.arange(window**2), window)
    down, right = (place[:, None] - place + window - 1 for place in (rows, columns))
    return down * (2 * window - 1) + right


def partition(x: jax.Array, window: int) -> jax.Array:
    """``(B, H, W, d) -> (B, windows, window², d)``, windows and the places inside them row by row."""
    batch, height, width, d = x.shape
    x = x.reshape(batch, height // window, window, width // window, window, d)
    return x.swapaxes(2, 3).reshape(batch, -1, window**2, d)


def join(windows: jax.Array, height: int, width: int) -> jax.Array:
    """``(B, windows, window², d) -> (B, height, width, d)``, the inverse of :func:`partition`."""
    batch, _, places, d = windows.shape
    window = int(places**0.5)
    x = windows.reshape(batch, height // window, width // window, window, window, d)
    return x.swapaxes(2, 3).reshape(batch, height, width, d)


def neighbours(sides: tuple[int, int], window: int, shifts: tuple[int, int]) -> np.ndarray:
    """Which pairs of a window of the shifted grid lie together in the image: ``(windows, window², window²)``.

    The cyclic shift brings the first ``shift`` rows or columns behind the last ones; in the windows that hold both,
    each side attends to itself only. Source: Liu et al. 2021 (arXiv:2103.14030), fig. 4.
    """
    rows, columns = (np.arange(side) >= side - shift for side, shift in zip(sides, shifts, strict=True))
    side = 2 * rows[:, None] + columns
    labels = partition(side[None, :, :, None], window)[0, :, :, 0]
    return labels[:, :, None] == labels[:, None, :]


class WindowAttention(nnx.Module):
    """Self-attention within windows, with a learned bias per relative position: ``(B, H, W, d) -> (B, H, W, d)``.

    A grid that the window does not tile is padded with zeros at the bottom and the right; the padding is attended to
    like any other place and cut off again, as in the published code. A side no longer than the window holds one
    window, so it is not shifted. Source: Liu et al. 2021 (arXiv:2103.14030), eq. 4.
    """

    def __init__(self, layer: SwinStage, shift: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.window, self.heads, self.shift = layer.window, layer.heads, shift
        self.qkv = numerics.linear(layer.width, 3 * layer.width, rngs)
        self.out = numerics.linear(layer.width, layer.width, rngs)
        table = ((2 * layer.window - 1) ** 2, layer.heads)
        # It is a bias, and so has no fan-in.
        self.bias_table = nnx.Param(numerics.scheme.bias_table(rngs.params(), table, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Shift, attend, shift back; the softmax runs in float32."""
        _, height, width, d = x.shape
        window = self.window
        x = jnp.pad(x, ((0, 0), (0, -height % window), (0, -width % window), (0, 0)))
        sides = x.shape[1:3]
        down, across = (0 if side == window else self.shift for side in sides)
        shifts = down, across
        windows = partition(jnp.roll(x, [-shift for shift in shifts], (1, 2)), window)
        qkv = self.qkv(windows).reshape(*windows.shape[:3], 3, self.heads, d // self.heads)
        bias = self.bias_table[...][relative_position_index(window)].transpose(2, 0, 1)[None]
        mask = jnp.asarray(neighbours(sides, window, shifts))[:, None] if any(shifts) else None
        # One example at a time, so that the windows are the batch of the attention and share masks between examples.
        within = jax.vmap(partial(attend, bias=bias, mask=mask))
        mixed = within(qkv[:, :, :, 0], qkv[:, :, :, 1], qkv[:, :, :, 2]).reshape(windows.shape)
        x = jnp.roll(join(self.out(mixed), *sides), shifts, (1, 2))
        return x[:, :height, :width]


@build_layer.register
def _(layer: SwinStage, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    shifts = [block % 2 * (layer.window // 2) for block in range(layer.n_blocks)]
    attentions = [partial(WindowAttention, layer, shift, numerics, rngs) for shift in shifts]
    block = TransformerEncoder(layer.width, layer.heads, layer.mlp_width, 1)
    return nnx.Sequential(*[EncoderBlock(block, attention, numerics, rngs) for attention in attentions])


class Merging(nnx.Module):
    """2×2 neighbours side by side, LayerNorm, linear map: ``(B, H, W, in) -> (B, H/2, W/2, out)``, odd sides padded.

    Source: Liu et al. 2021 (arXiv:2103.14030), sec. 3.1; the channels in the order of the published code.
    """

    def __init__(self, layer: PatchMerging, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.norm = numerics.layer_norm(4 * layer.in_channels, rngs)
        self.reduction = numerics.linear(4 * layer.in_channels, layer.out_channels, rngs, bias=layer.bias)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Upper left, lower left, upper right, lower right."""
        if x.shape[1] % 2 or x.shape[2] % 2:
            x = jnp.pad(x, ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0)))
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(jnp.concatenate(corners, axis=-1)))


@build_layer.register
def _(layer: PatchMerging, numerics: Numerics, rngs: nnx.Rngs) -> Merging:
    return Merging(layer, numerics, rngs)
