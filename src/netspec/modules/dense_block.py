"""Modules of the DenseNet layers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from netspec.layers.dense_block import DenseBlock, TransitionLayer
from netspec.modules.base import Numerics, build_layer
from netspec.modules.cpu.channel_sums import UnbiasedBatchNorm, unbiased
from netspec.modules.cpu.loopable_conv import loopable_conv
from netspec.modules.dtypes import at_least_float32

#: How many times as wide as the first the last layer of a loop may be.
WIDEST = 1.5


class DenseLayer(nnx.Module):
    """BatchNorm-ReLU-1×1-BatchNorm-ReLU-3×3: ``(B, H, W, C) -> (B, H, W, growth)``, what a layer adds to its block.

    Source: Huang et al. 2016 (arXiv:1608.06993), sec. 3, "Bottleneck layers".
    """

    def __init__(
        self, channels: int, growth: int, numerics: Numerics, rngs: nnx.Rngs, bottleneck: int = 4, bias: bool = True
    ) -> None:
        wide = bottleneck * growth
        self.norm1 = numerics.batch_norm(channels, rngs)
        self.conv1 = numerics.conv(channels, wide, 1, rngs, bias=bias)
        self.norm2 = numerics.batch_norm(wide, rngs)
        self.conv2 = numerics.conv(wide, growth, 3, rngs, bias=bias)
        self.conv2.conv_general_dilated = loopable_conv

    def __call__(self, x: jax.Array, before: Statistics) -> tuple[jax.Array, Statistics]:
        """The new channels, and the statistics of the hidden ones; ``before`` are those of ``x`` in the batch.

        What it takes to normalise by running statistics, and to move them, the block does for all layers at once.
        """
        hidden = _convolved(self.norm1, self.conv1, x, before)
        inside = statistics(hidden)
        return _convolved(self.norm2, self.conv2, hidden, inside).astype(x.dtype), inside


class Block(nnx.Module):
    """Layers that each read all channels before them: ``(B, H, W, in) -> (B, H, W, in + n · growth)``.

    Every layer normalises by the same statistics of what arrived and of the channels added since, so they are taken
    once per channel and not once per layer: the same numbers from less code.

    The tensors of all layers are kept together, since a program that updates a thousand small ones takes longer to
    compile than the network: ``layers`` has those of all layers behind each other along the channels that are read,
    and where these do not matter in a stack. In training, neighbours of nearly the same width are one loop over layers
    as wide as the last of them; what the narrower ones lack is zero and stays zero. So the 98 layers of DenseNet-201
    are compiled as 13, for a tenth more arithmetic.
    """

    def __init__(self, layer: DenseBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.growth = layer.growth_rate
        self.widths = tuple(layer.in_channels + index * self.growth for index in range(layer.n_layers))
        separate = [
            DenseLayer(width, self.growth, numerics, rngs, layer.bottleneck, layer.bias) for width in self.widths
        ]
        self.layers = separate[-1]
        nnx.update(self.layers, joined([nnx.state(one) for one in separate]))

    def layer(self, index: int) -> DenseLayer:
        """One of the layers, with its own copy of its tensors."""
        structure, tensors = nnx.split(self.layers)
        return nnx.merge(structure, _separated(tensors, self.widths)[index])

    def canonical(self, kept: dict[str, Any]) -> dict[str, Any]:
        """The tensors of each layer by its place; see :class:`netspec.weights.canonical.Arranged`."""
        return {"layers": dict(enumerate(_separated(kept["layers"], self.widths)))}

    def arranged(self, canonical: dict[str, Any]) -> dict[str, Any]:
        """The inverse of :meth:`canonical`."""
        return {"layers": joined([canonical["layers"][place] for place in range(len(self.widths))])}

    def __call__(self, x: jax.Array) -> jax.Array:
        """What arrived, then the new channels of each layer."""
        norm1, norm2 = self.layers.norm1, self.layers.norm2
        structure, tensors = nnx.split(_folded(self.layers) if norm1.use_running_average else self.layers)
        separate, carried, inside = _separated(tensors, self.widths), (x, statistics(x)), []
        for start, end in self._groups():
            run = _in_loop if end - start > 1 else _once
            carried, found = run(structure, separate[start:end], *carried, self.growth)
            inside.append(found)
        whole, outside = carried
        if not norm1.use_running_average:
            _follow(norm1, [jnp.concatenate([part[:width] for width in self.widths]) for part in outside], x)
            _follow(norm2, [jnp.concatenate(parts) for parts in zip(*inside, strict=True)], x)
        return whole

    def _groups(self) -> Iterator[tuple[int, int]]:
        """First layer and end of what runs as one loop; in evaluation each alone, without more arithmetic."""
        start = 0
        while start < len(self.widths):
            most = (1 if self.layers.norm1.use_running_average else WIDEST) * self.widths[start]
            end = sum(width <= most for width in self.widths)
            yield start, end
            start = end


class Statistics(NamedTuple):
    """Of channels over all other axes, ``(C,)`` each; the variance is the biased one."""

    mean: jax.Array
    variance: jax.Array


def statistics(x: jax.Array) -> Statistics:
    """Those of the channels of ``x`` ``(…, C)``, in float32 at least."""
    x, axes = at_least_float32(x), tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    return Statistics(mean, jnp.maximum(0.0, jnp.square(x).mean(axes) - jnp.square(mean)))


def joined(separate: Sequence[Any]) -> Any:
    """The tensors of layers, nested by name, as their block keeps them."""

    def together(path: tuple[Any, ...], *leaves: Any) -> jax.Array:
        axis = _reading(path)
        return jnp.stack(leaves) if axis is None else jnp.concatenate(leaves, axis)

    return jax.tree.map_with_path(together, *separate)


def _separated(tensors: nnx.State, widths: Sequence[int]) -> list[nnx.State]:
    """The tensors of each layer; the inverse of :func:`joined`."""

    def apart(path: tuple[Any, ...], leaf: Any) -> list[jax.Array]:
        axis = _reading(path)
        if axis is None:
            return [part[0] for part in jnp.split(leaf, len(widths))]
        return jnp.split(leaf, list(itertools.accumulate(widths))[:-1], axis)

    leaves, structure = jax.tree.flatten_with_path(tensors)
    parts = zip(*(apart(*leaf) for leaf in leaves), strict=True)
    return [jax.tree.unflatten(structure, part) for part in parts]


def _reading(path: tuple) -> int | None:
    """The axis of a layer's tensor that runs over the channels it reads, whose number is another in each layer."""
    names = [key.key for key in path if isinstance(key, jax.tree_util.DictKey)]
    return 0 if "norm1" in names else 2 if names[:2] == ["conv1", "kernel"] else None


def _folded(layers: DenseLayer) -> DenseLayer:
    """A copy with scales that are divided by the roots of the running variances: two programs and not two per layer."""
    layers = nnx.clone(layers)
    for norm in (layers.norm1, layers.norm2):
        norm.scale.set_value(norm.scale[...] * lax.rsqrt(norm.var[...] + norm.epsilon))
    return layers


def _convolved(norm: nnx.BatchNorm, conv: nnx.Conv, x: jax.Array, batch: Statistics) -> jax.Array:
    """BatchNorm by the statistics of the batch, or in evaluation by the running ones once folded; ReLU; ``conv``.

    Kept for the way back is ``x`` alone: in a loop everything that is kept is written out for every turn.
    """
    mean, rate = batch.mean, norm.scale[...] * lax.rsqrt(batch.variance + norm.epsilon)
    if norm.use_running_average:
        mean, rate = norm.mean[...], norm.scale[...]

    @partial(jax.checkpoint, prevent_cse=False)
    def convolved(x: jax.Array, mean: jax.Array, rate: jax.Array, bias: jax.Array, tensors: Any) -> jax.Array:
        return nnx.merge(structure, tensors)(nnx.relu((at_least_float32(x) - mean) * rate + bias))

    structure, tensors = nnx.split(conv)
    return convolved(x, mean, rate, norm.bias[...], tensors)


def _once(
    structure: nnx.GraphDef, tensors: Sequence[nnx.State], x: jax.Array, outside: Statistics, growth: int
) -> tuple[tuple[jax.Array, Statistics], tuple[Statistics, ...] | Statistics]:
    """``x`` with the channels of one layer behind it, the statistics of all, and those inside of the layer."""
    new, inside = nnx.merge(structure, tensors[0])(x, outside)
    added = zip(outside, statistics(new), strict=True)
    carried = jnp.concatenate([x, new], axis=-1), Statistics(*map(jnp.concatenate, added))
    return carried, jax.tree.map(lambda part: part[None], inside)


def _in_loop(
    structure: nnx.GraphDef, tensors: Sequence[nnx.State], x: jax.Array, outside: Statistics, growth: int
) -> tuple[Any, Any]:
    """As :func:`_once` for layer after layer, which all run as wide as the last."""
    arrived = x.shape[-1]
    end = arrived + len(tensors) * growth
    alike = jax.tree.map(lambda *leaves: jnp.stack([_as_large(leaf, leaves[-1].shape) for leaf in leaves]), *tensors)
    room = jax.tree.map(lambda part: _as_large(part, (*part.shape[:-1], end)), (x, outside))

    def turn(carried: Any, place_and_tensors: Any) -> tuple[Any, Any]:
        place, own = place_and_tensors
        # What the last layer adds is read by none of them.
        x, outside = jax.tree.map(lambda part: part[..., :-growth], carried)
        new, inside = nnx.merge(structure, own)(x, outside)
        return jax.tree.map(
            lambda whole, part: lax.dynamic_update_slice_in_dim(whole, part, place, axis=-1),
            carried,
            (new, statistics(new)),
        ), inside

    return lax.scan(turn, room, (jnp.arange(arrived, end, growth), alike))


def _as_large(leaf: jax.Array, shape: Sequence[int]) -> jax.Array:
    """``leaf`` with zeros behind it."""
    return jnp.pad(leaf, [(0, most - size) for size, most in zip(leaf.shape, shape, strict=True)])


def _follow(norm: nnx.BatchNorm, batch: Sequence[jax.Array], x: jax.Array) -> None:
    """Move the running statistics towards mean and variance of the batch, taken over as many values as ``x`` has."""
    mean, variance = batch
    if isinstance(norm, UnbiasedBatchNorm):
        variance = unbiased(variance, x)
    for running, current in zip((norm.mean, norm.var), (mean, variance), strict=True):
        running.set_value(norm.momentum * running[...] + (1 - norm.momentum) * lax.stop_gradient(current))


class Transition(nnx.Module):
    """BatchNorm, ReLU, 1×1 convolution, 2×2 average: ``(B, H, W, in) -> (B, H/2, W/2, out)``.

    The ReLU is part of the composite function of Huang et al. 2016, sec. 3, and of their implementation.
    """

    def __init__(self, layer: TransitionLayer, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.norm = numerics.batch_norm(layer.in_channels, rngs)
        self.conv = numerics.conv(layer.in_channels, layer.out_channels, 1, rngs, bias=layer.bias)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Fewer channels, a quarter of the positions."""
        return nnx.avg_pool(self.conv(nnx.relu(self.norm(x))), (2, 2), strides=(2, 2))


@build_layer.register
def _(layer: DenseBlock, numerics: Numerics, rngs: nnx.Rngs) -> Block:
    return Block(layer, numerics, rngs)


@build_layer.register
def _(layer: TransitionLayer, numerics: Numerics, rngs: nnx.Rngs) -> Transition:
    return Transition(layer, numerics, rngs)
