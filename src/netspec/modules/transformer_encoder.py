"""Module of :class:`netspec.layers.TransformerEncoder`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.parts import GATED, skip_factor
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics, build_layer
from netspec.modules.positions import Added
from netspec.modules.self_attention import Cache as Cache
from netspec.modules.self_attention import SelfAttention as SelfAttention
from netspec.modules.self_attentions import self_attention
from netspec.modules.transformer_block import function_of, hidden, residual, scales


class EncoderBlock(nnx.Module):
    """What ``attention`` makes, and an MLP, each with a residual kept in float32: ``(B, …, width) -> (B, …, width)``.

    Widths and parts are those of ``layer``. Source: Dosovitskiy et al. 2020 (arXiv:2010.11929), eqs. 2 and 3; Liu et
    al. 2021 (arXiv:2103.14030), eq. 3, for windows.
    """

    def __init__(
        self, layer: TransformerEncoder, attention: Callable[[], nnx.Module], numerics: Numerics, rngs: nnx.Rngs
    ) -> None:
        self.placement, self.mlp = layer.placement, layer.mlp
        self.skip = skip_factor(layer.residual, 2 * layer.n_blocks)
        self.function = function_of(layer.mlp, layer.gelu, numerics)
        maps = 2 if layer.mlp in GATED else 1
        norm = partial(numerics.norm, layer.norm, layer.width, rngs, layer.norm_epsilon)
        self.norm1 = norm()
        self.attention = attention()
        self.norm2 = norm()
        self.fc1 = numerics.linear(layer.width, maps * layer.mlp_width, rngs, maps=maps, bias=layer.mlp_bias)
        self.fc2 = numerics.linear(layer.mlp_width, layer.width, rngs, bias=layer.mlp_bias)
        self.after = nnx.List([norm() for _ in range(2 if layer.placement == "sandwich" else 0)])
        self.ends = nnx.List([nnx.Sequential(*scales(layer), *numerics.branch_end(rngs)) for _ in range(2)])

    def feed(self, x: jax.Array) -> jax.Array:
        """The MLP."""
        return self.fc2(hidden(self.fc1(x), self.mlp, self.function))

    def branches(self, x: jax.Array, attention: Callable[[jax.Array], jax.Array]) -> jax.Array:
        """Attention, then the MLP, each on a residual branch."""
        for index, (branch, norm) in enumerate(((attention, self.norm1), (self.feed, self.norm2))):
            norms = (norm, *self.after[index : index + 1])
            x = residual(self.placement, x, branch, norms, self.ends[index], self.skip)
        return x

    def __call__(self, x: jax.Array, *shared: jax.Array, **seen: jax.Array) -> jax.Array:
        """``shared`` is what the attention reads besides ``x``: a table of all blocks, which tokens are ``seen``."""
        return self.branches(x, lambda branch: self.attention(branch, *shared, **seen))

    def step(self, x: jax.Array, cache: Cache, position: jax.Array, *shared: jax.Array) -> tuple[jax.Array, Cache]:
        """The block for one token ``(B, 1, width)``; see :meth:`SelfAttention.step`."""
        left = [cache]

        def attention(branch: jax.Array) -> jax.Array:
            mixed, left[0] = self.attention.step(branch, cache, position, *shared)
            return mixed

        return self.branches(x, attention), left[0]


class Encoder(nnx.Module):
    """The blocks, the final norm, the readout, and where blocks share one, a table of relative positions."""

    def __init__(self, layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        attention = partial(self_attention, layer, numerics, rngs)
        self.blocks = nnx.List([EncoderBlock(layer, attention, numerics, rngs) for _ in range(layer.n_blocks)])
        self.norm = final_norm(layer, numerics, rngs)
        self.tables = position_tables(layer, numerics, rngs)
        self.added = added_positions(layer, numerics, rngs)
        self.readout = layer.readout

    def __call__(self, x: jax.Array, *mask: jax.Array) -> jax.Array:
        """``(B, …, width)`` to the same shape, or to ``(B, width)`` when one token is read out."""
        shape, seen = x.shape, {"seen": mask[0] != 0} if mask else {}
        x = x.reshape(shape[0], -1, shape[-1])
        for added in self.added:
            x = added(x)
        for block in self.blocks:
            x = block(x, *(table[...] for table in self.tables), **seen)
        if self.readout == "all":
            return self.norm(x).reshape(shape)
        # A norm acts per token, so reading one token first gives the same values for less work.
        return self.norm(x[:, 0] if self.readout == "class_token" else x[:, -1])

    def step(self, x: jax.Array, caches: tuple[Cache, ...], position: jax.Array) -> tuple[jax.Array, tuple[Cache, ...]]:
        """One token ``(B, 1, width)`` of a causal encoder that reads out all, and what it leaves for those to come."""
        left = []
        for added in self.added:
            x = added(x, position)
        for block, cache in zip(self.blocks, caches, strict=True):
            x, cache = block.step(x, cache, position, *(table[...] for table in self.tables))
            left.append(cache)
        return self.norm(x), tuple(left)

    def caches(self, batch: int, tokens: int) -> tuple[Cache, ...]:
        """Room for the keys and values of as many tokens in every block."""
        return (self.blocks[0].attention.empty(batch, tokens),) * len(self.blocks)


def final_norm(layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
    """The norm behind the last block, which ends in one itself where norms follow the sums."""
    if not layer.normed_last:
        return nnx.Sequential()
    return numerics.norm(layer.norm, layer.width, rngs, layer.norm_epsilon)


def position_tables(layer: Any, numerics: Numerics, rngs: nnx.Rngs) -> nnx.List:
    """The table of relative positions that all blocks share, ``(buckets, heads)``, if there is one."""
    if not layer.attention.table(layer.heads):
        return nnx.List([])
    shape = (layer.attention.buckets, layer.heads)
    return nnx.List([nnx.Param(numerics.scheme.position_table(rngs.params(), shape, jnp.float32))])


def added_positions(layer: Any, numerics: Numerics, rngs: nnx.Rngs) -> nnx.List:
    """Positions that are added to what enters the blocks, if these are such."""
    parts = layer.attention
    if parts.positions not in ("learned", "sinusoidal"):
        return nnx.List([])
    rows = (parts.max_tokens, layer.width)
    learned = parts.positions == "learned"
    table = nnx.Param(numerics.scheme.position_table(rngs.params(), rows, jnp.float32)) if learned else None
    return nnx.List([Added(table)])


@build_layer.register
def _(layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> Encoder:
    return Encoder(layer, numerics, rngs)
