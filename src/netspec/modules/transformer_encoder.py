"""Module of :class:`netspec.layers.TransformerEncoder`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flax import nnx

from netspec.layers.swin import SwinStage
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.activation import FUNCTIONS
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer
from netspec.modules.cpu.sums_once import two_paths


class SelfAttention(nnx.Module):
    """Multi-head self-attention ``(B, N, width) -> (B, N, width)`` with biases on all four projections.

    q, k and v share one kernel of shape ``(width, 3·width)``: one matrix product instead of three, the same
    parameters, and the initial distribution of three maps.
    """

    def __init__(self, layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs):
        width = layer.width
        self.heads = layer.heads
        self.causal = layer.causal
        self.qkv = numerics.linear(width, 3 * width, rngs, maps=3)
        self.out = numerics.linear(width, width, rngs)

    def __call__(self, x):
        """Scaled dot-product attention over all tokens, or those so far; the softmax runs in float32."""
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads)
        mixed = attend(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2], is_causal=self.causal)
        return self.out(mixed.reshape(batch, tokens, width))


class EncoderBlock(nnx.Module):
    """Pre-norm block: what ``attention`` makes, and an MLP, each with a residual kept in float32.

    ``(B, …, width) -> (B, …, width)``, with the widths of ``layer``; GELU in its tanh form, as in the book. Source:
    Dosovitskiy et al. 2020 (arXiv:2010.11929), eqs. 2 and 3; Liu et al. 2021 (arXiv:2103.14030), eq. 3, for windows.
    """

    def __init__(
        self,
        layer: TransformerEncoder | SwinStage,
        attention: Callable[[], nnx.Module],
        numerics: Numerics,
        rngs: nnx.Rngs,
        activation: str = "gelu",
    ):
        self.activation = activation
        self.norm1 = numerics.layer_norm(layer.width, rngs)
        self.attention = attention()
        self.norm2 = numerics.layer_norm(layer.width, rngs)
        self.fc1 = numerics.linear(layer.width, layer.mlp_width, rngs)
        self.fc2 = numerics.linear(layer.mlp_width, layer.width, rngs)
        self.ends = nnx.List([nnx.Sequential(*numerics.branch_end(rngs)) for _ in range(2)])

    def __call__(self, x):
        """Attention, then the MLP."""
        x, branch = two_paths(x)
        x, branch = two_paths(x + self.ends[0](self.attention(self.norm1(branch))))
        return x + self.ends[1](self.fc2(FUNCTIONS[self.activation](self.fc1(self.norm2(branch)))))


class Encoder(nnx.Module):
    """The blocks, the final LayerNorm, and the readout."""

    def __init__(self, layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs):
        attention = partial(SelfAttention, layer, numerics, rngs)
        self.blocks = nnx.List([EncoderBlock(layer, attention, numerics, rngs) for _ in range(layer.n_blocks)])
        self.norm = numerics.layer_norm(layer.width, rngs)
        self.readout = layer.readout

    def __call__(self, x):
        """``(B, …, width)`` to the same shape, or to ``(B, width)`` when one token is read out."""
        shape = x.shape
        x = x.reshape(shape[0], -1, shape[-1])
        for block in self.blocks:
            x = block(x)
        if self.readout == "all":
            return self.norm(x).reshape(shape)
        # LayerNorm acts per token, so reading one token first gives the same values for less work.
        return self.norm(x[:, 0] if self.readout == "class_token" else x[:, -1])


@build_layer.register
def _(layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> Encoder:
    return Encoder(layer, numerics, rngs)
