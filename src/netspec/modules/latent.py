"""Self-attention with a latent: keys and values of all heads are maps of a few features, which alone are kept.

Source: DeepSeek-AI 2024 (arXiv:2405.04434), sec. 2.1, without the low-rank queries, which save nothing that is kept.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics
from netspec.modules.positions import turned
from netspec.modules.self_attention import SelfAttention, kept_places, mix, put, score_bias_at


class Latents(NamedTuple):
    """Of the tokens so far: latents ``(B, T, 1, latent)`` and the rotated key that heads share, ``(B, T, 1, c/2)``."""

    latent: jax.Array
    apart: jax.Array


class LatentAttention(SelfAttention):
    """``(B, N, width) -> (B, N, width)``.

    A token is mapped to queries, to the features of a shared key that positions turn (none without rotated positions)
    and to a latent, side by side; ``up`` maps the latent to keys and values, those of a head behind each other.
    """

    def __init__(self, layer: TransformerEncoder | TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        super().__init__(layer, numerics, rngs)
        self.maps = self.parts.own_maps(layer.width, layer.heads)
        self.one = self.parts.width_of(layer.width, layer.heads)
        assert self.parts.latent is not None
        both = 2 * layer.heads * self.one
        self.up = numerics.linear(self.parts.latent, both, rngs, bias=False, maps=2 * layer.heads)

    def _down(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Queries ``(B, N, heads, c + c/2)``, the shared key and the latent, both ``(B, N, 1, …)``."""
        query, apart, latent = jnp.split(self.qkv(x), np.cumsum(self.maps[:2]), axis=-1)
        return query.reshape(*x.shape[:2], self.heads, -1), apart[:, :, None], latent[:, :, None]

    def __call__(self, x: jax.Array, table: jax.Array | None = None, seen: jax.Array | None = None) -> jax.Array:
        """Over a sequence at once, with keys and values of every head."""
        query, apart, latent = self._down(x)
        expanded = self.up(latent[:, :, 0]).reshape(*x.shape[:2], self.heads, 2, self.one)
        key, value = expanded[:, :, :, 0], expanded[:, :, :, 1]
        places = np.arange(x.shape[1])
        query = jnp.concatenate([query[..., : self.one], turned(self.parts, query[..., self.one :], places)], axis=-1)
        shared = jnp.broadcast_to(turned(self.parts, apart, places), (*key.shape[:3], apart.shape[-1]))
        key = jnp.concatenate([key, shared.astype(key.dtype)], axis=-1)
        mixed = mix(self.parts, query, key, value, table, is_causal=self.causal, seen=seen, is_turned=True)
        return self.out(mixed.reshape(*x.shape[:2], -1))

    def step(
        self, x: jax.Array, cache: Latents, position: jax.Array, table: jax.Array | None = None
    ) -> tuple[jax.Array, Latents]:
        """One token ``(B, 1, width)``: queries are mapped to the latents, not latents to keys (end of sec. 2.1.2)."""
        query, apart, latent = self._down(x)
        up = self.up.kernel[...].astype(query.dtype).reshape(-1, self.heads, 2, self.one)
        cache = Latents(*put(cache, (latent, turned(self.parts, apart, position[None])), position))
        content, shared = cache.latent[:, :, 0], cache.apart[:, :, 0]
        asked = jnp.einsum("bthc,rhc->bthr", query[..., : self.one], up[:, :, 0])
        wide = jnp.promote_types(query.dtype, jnp.float32)
        scores = jnp.einsum("bthr,bsr->bhts", asked, content, preferred_element_type=wide)
        rotated = turned(self.parts, query[..., self.one :], position[None])
        scores = scores + jnp.einsum("bthc,bsc->bhts", rotated, shared, preferred_element_type=wide)
        scores = scores * (query.shape[-1] ** -0.5 if self.parts.scaled else 1.0)
        places = kept_places(content.shape[1], position)
        bias, seen = score_bias_at(self.parts, self.heads, places, position, table, wide)
        scores = scores if bias is None else scores + bias
        weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1).astype(content.dtype)
        mixed = jnp.einsum("bhts,bsr->bthr", weights, content)
        left = jnp.einsum("bthr,rhc->bthc", mixed, up[:, :, 1])
        return self.out(left.reshape(x.shape[0], 1, -1)), cache

    def empty(self, batch: int, tokens: int) -> Latents:
        """Room for what is kept of as many tokens."""
        slots, dtype = self.parts.slots(tokens), self.qkv.dtype
        _, apart, latent = self.maps
        return Latents(*(jnp.zeros((batch, slots, 1, width), dtype) for width in (latent, apart)))
