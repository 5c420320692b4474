"""The self-attention that a layer's parts ask for."""

from __future__ import annotations

from flax import nnx

from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics
from netspec.modules.latent import LatentAttention
from netspec.modules.nystrom import NystromAttention
from netspec.modules.self_attention import SelfAttention
from netspec.modules.wkv import WkvAttention


def self_attention(layer: TransformerEncoder | TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> SelfAttention:
    """``(B, N, width) -> (B, N, width)``, and token by token."""
    if layer.attention.latent is not None:
        return LatentAttention(layer, numerics, rngs)
    if layer.attention.kernel == "wkv":
        return WkvAttention(layer, numerics, rngs)
    if layer.attention.kernel == "nystrom":
        return NystromAttention(layer, numerics, rngs)
    return SelfAttention(layer, numerics, rngs)
