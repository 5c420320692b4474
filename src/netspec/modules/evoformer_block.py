"""Module of :class:`netspec.layers.EvoformerBlock`.

Algorithm numbers are those of the supplement of Jumper et al. 2021, Nature 596. Dropout, which the paper trains with,
is not part of the layer. ``B`` is the batch, ``s`` the sequences, ``r`` the residues, ``m`` and ``z`` the channels of
alignment and pairs.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.evoformer_block import EvoformerBlock
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32

#: Sequences that the released code divides by beside those there are, so that none are no error.
SPARE = 1e-3


class PairBias(nnx.Module):
    """A bias per head and pair of positions: ``(B, r, r, z) -> (B, heads, r, r)``; algorithm 7, line 3."""

    def __init__(self, channels: int, heads: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.linear = numerics.linear(channels, heads, rngs, bias=False)

    def __call__(self, pair: jax.Array) -> jax.Array:
        """Heads in front, as attention reads them."""
        return jnp.moveaxis(self.linear(pair), -1, 1)


class GatedAttention(nnx.Module):
    """Attention along each row, gated: ``(B, rows, n, c) -> (B, rows, n, c)``; the shared part of algorithms 7, 8, 13.

    No bias on queries, keys and values. The input is already normalised.
    """

    def __init__(self, channels: int, heads: int, head_width: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        inner = heads * head_width
        self.heads = heads
        self.query, self.key, self.value = (numerics.linear(channels, inner, rngs, bias=False) for _ in range(3))
        self.gate = numerics.linear(channels, inner, rngs)
        self.out = numerics.linear(inner, channels, rngs)

    def __call__(self, x: jax.Array, bias: jax.Array | None = None) -> jax.Array:
        """``bias`` ``(B, heads, n, n)`` is added to the logits of every row alike; the softmax runs in float32."""
        query, key, value = (
            linear(x).reshape(*x.shape[:-1], self.heads, -1) for linear in (self.query, self.key, self.value)
        )
        if bias is None:
            mixed = jax.vmap(attend)(query, key, value)
        else:
            # Under vmap the rows of one example are the batch of the attention, over which its one bias broadcasts.
            mixed = jax.vmap(attend)(query, key, value, bias[:, None])
        return self.out(nnx.sigmoid(self.gate(x)) * mixed.reshape(*x.shape[:-1], -1))


class RowAttention(nnx.Module):
    """Each sequence attends along its residues, biased by the pairs: ``(B, s, r, m) -> (B, s, r, m)``; algorithm 7."""

    def __init__(self, layer: EvoformerBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.norm = numerics.layer_norm(layer.msa_channels, rngs)
        self.pair_norm = numerics.layer_norm(layer.pair_channels, rngs)
        self.bias = PairBias(layer.pair_channels, layer.msa_heads, numerics, rngs)
        self.attention = GatedAttention(layer.msa_channels, layer.msa_heads, layer.msa_head_width, numerics, rngs)

    def __call__(self, msa: jax.Array, pair: jax.Array) -> jax.Array:
        """Update of the alignment."""
        return self.attention(self.norm(msa), self.bias(self.pair_norm(pair)))


class ColumnAttention(nnx.Module):
    """Each residue attends along the sequences: ``(B, s, r, m) -> (B, s, r, m)``; algorithm 8."""

    def __init__(self, layer: EvoformerBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.norm = numerics.layer_norm(layer.msa_channels, rngs)
        self.attention = GatedAttention(layer.msa_channels, layer.msa_heads, layer.msa_head_width, numerics, rngs)

    def __call__(self, msa: jax.Array) -> jax.Array:
        """Update of the alignment."""
        return self.attention(self.norm(msa).swapaxes(1, 2)).swapaxes(1, 2)


class Transition(nnx.Module):
    """Norm and a ReLU network ``times`` as wide: ``(…, c) -> (…, c)``; algorithms 9 and 15."""

    def __init__(self, channels: int, times: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.norm = numerics.layer_norm(channels, rngs)
        self.relu = numerics.activation("relu")
        self.fc1 = numerics.linear(channels, times * channels, rngs)
        self.fc2 = numerics.linear(times * channels, channels, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Update of ``x``."""
        return self.fc2(self.relu(self.fc1(self.norm(x))))


class OuterProductMean(nnx.Module):
    """Outer products of two columns, averaged over sequences: ``(B, s, r, m) -> (B, r, r, z)``; algorithm 10."""

    def __init__(self, layer: EvoformerBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.norm = numerics.layer_norm(layer.msa_channels, rngs)
        self.left = numerics.linear(layer.msa_channels, layer.outer, rngs)
        self.right = numerics.linear(layer.msa_channels, layer.outer, rngs)
        self.out = numerics.linear(layer.outer**2, layer.pair_channels, rngs)
        self.behind = layer.outer_mean == "behind"

    def __call__(self, msa: jax.Array) -> jax.Array:
        """Update of the pairs; the mean is taken before the linear map, which it commutes with but for the bias."""
        msa = self.norm(msa)
        left, right = self.left(msa), self.right(msa)
        products = jnp.einsum("bsic,bsjd->bijcd", left, right)
        products = products.reshape(*products.shape[:3], -1)
        if self.behind:
            return self.out(products) / (msa.shape[1] + SPARE)
        return self.out(products / msa.shape[1])


class TriangleMultiplication(nnx.Module):
    """Each edge from the two others of its triangles: ``(B, r, r, z) -> (B, r, r, z)``; algorithms 11 and 12.

    Outgoing edges: ``Σ_k a_ik · b_jk``; incoming edges: ``Σ_k a_ki · b_kj``.
    """

    def __init__(self, layer: EvoformerBlock, outgoing: bool, numerics: Numerics, rngs: nnx.Rngs) -> None:
        channels, inner = layer.pair_channels, layer.triangle
        self.equation = "bikc,bjkc->bijc" if outgoing else "bkic,bkjc->bijc"
        self.norm = numerics.layer_norm(channels, rngs)
        self.left, self.left_gate, self.right, self.right_gate = (
            numerics.linear(channels, inner, rngs) for _ in range(4)
        )
        self.gate = numerics.linear(channels, channels, rngs)
        self.product_norm = numerics.layer_norm(inner, rngs)
        self.out = numerics.linear(inner, channels, rngs)

    def __call__(self, pair: jax.Array) -> jax.Array:
        """Update of the pairs."""
        pair = self.norm(pair)
        left = nnx.sigmoid(self.left_gate(pair)) * self.left(pair)
        right = nnx.sigmoid(self.right_gate(pair)) * self.right(pair)
        product = jnp.einsum(self.equation, left, right)
        return nnx.sigmoid(self.gate(pair)) * self.out(self.product_norm(product))


class TriangleAttention(nnx.Module):
    """Edges that share a node attend to each other: ``(B, r, r, z) -> (B, r, r, z)``; algorithms 13 and 14.

    Around the starting node, edge ``ij`` attends to the edges ``ik`` with bias ``b_jk``. Around the ending node, it
    attends to ``kj`` with bias ``b_ki``: the same on the transposed pairs.
    """

    def __init__(self, layer: EvoformerBlock, starting: bool, numerics: Numerics, rngs: nnx.Rngs) -> None:
        channels, heads = layer.pair_channels, layer.pair_heads
        self.starting = starting
        self.norm = numerics.layer_norm(channels, rngs)
        self.bias = PairBias(channels, heads, numerics, rngs)
        self.attention = GatedAttention(channels, heads, layer.pair_head_width, numerics, rngs)

    def __call__(self, pair: jax.Array) -> jax.Array:
        """Update of the pairs."""
        pair = self.norm(pair if self.starting else pair.swapaxes(1, 2))
        update = self.attention(pair, self.bias(pair))
        return update if self.starting else update.swapaxes(1, 2)


class Block(nnx.Module):
    """One Evoformer block, ``(B, s, r, m), (B, r, r, z)`` to the same shapes; algorithm 6, lines 2 to 10."""

    def __init__(self, layer: EvoformerBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.row_attention = RowAttention(layer, numerics, rngs)
        self.column_attention = ColumnAttention(layer, numerics, rngs)
        self.msa_transition = Transition(layer.msa_channels, layer.transition, numerics, rngs)
        self.outer_product_mean = OuterProductMean(layer, numerics, rngs)
        self.outgoing = TriangleMultiplication(layer, True, numerics, rngs)
        self.incoming = TriangleMultiplication(layer, False, numerics, rngs)
        self.starting = TriangleAttention(layer, True, numerics, rngs)
        self.ending = TriangleAttention(layer, False, numerics, rngs)
        self.pair_transition = Transition(layer.pair_channels, layer.transition, numerics, rngs)

    def __call__(self, msa: jax.Array, pair: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Each update is added to a representation that stays in float32."""
        msa = msa + self.row_attention(msa, pair)
        msa = msa + self.column_attention(msa)
        msa = msa + self.msa_transition(msa)
        pair = pair + self.outer_product_mean(msa)
        for update in (self.outgoing, self.incoming, self.starting, self.ending, self.pair_transition):
            pair = pair + update(pair)
        return msa, pair


class Evoformer(nnx.Module):
    """The stack of blocks and the single representation: algorithm 6.

    The tensors of all blocks are stacked, so that one block is compiled, not 48, and each is computed again on the
    way back, as in the paper (section 1.11.8): kept are only the representations between blocks. In files each block
    has its own.
    """

    def __init__(self, layer: EvoformerBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        @nnx.split_rngs(splits=layer.n_blocks)
        @nnx.vmap
        def stacked(rngs: nnx.Rngs) -> Block:
            return Block(layer, numerics, rngs)

        self.n_blocks = layer.n_blocks
        self.blocks = stacked(rngs)
        single = layer.single_channels
        self.single = None if single is None else numerics.linear(layer.msa_channels, single, rngs)

    def block(self, index: int) -> Block:
        """One of the blocks, with its own copy of its tensors."""
        structure, tensors = nnx.split(self.blocks)
        return nnx.merge(structure, jax.tree.map(lambda stack: stack[index], tensors))

    def canonical(self, kept: dict[str, Any]) -> dict[str, Any]:
        """The tensors of each block by its place; see :class:`netspec.weights.canonical.Arranged`."""
        apart = [jax.tree.map(itemgetter(index), kept["blocks"]) for index in range(self.n_blocks)]
        return {**kept, "blocks": dict(enumerate(apart))}

    def arranged(self, canonical: dict[str, Any]) -> dict[str, Any]:
        """The inverse of :meth:`canonical`."""
        blocks = [canonical["blocks"][index] for index in range(self.n_blocks)]
        return {**canonical, "blocks": jax.tree.map(lambda *tensors: jnp.stack(tensors), *blocks)}

    def __call__(self, msa: jax.Array, pair: jax.Array) -> dict[str, jax.Array]:
        """``(B, s, r, m), (B, r, r, z) -> {single: (B, r, single_channels), pair: (B, r, r, z)}``.

        The single representation is a linear map of the first sequence, the one to be folded; without one the alignment
        leaves.
        """
        structure, tensors = nnx.split(self.blocks)

        @jax.checkpoint
        def step(
            representations: tuple[jax.Array, jax.Array], tensors: Any
        ) -> tuple[tuple[jax.Array, jax.Array], None]:
            return nnx.merge(structure, tensors)(*representations), None

        (msa, pair), _ = jax.lax.scan(step, (at_least_float32(msa), at_least_float32(pair)), tensors)
        if self.single is None:
            return {"msa": msa, "pair": pair}
        return {"single": at_least_float32(self.single(msa[:, 0])), "pair": pair}


@build_layer.register
def _(layer: EvoformerBlock, numerics: Numerics, rngs: nnx.Rngs) -> Evoformer:
    return Evoformer(layer, numerics, rngs)
