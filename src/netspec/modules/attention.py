"""Scaled dot-product attention, as every module calls it."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp


def attend(query, key, value, bias=None, mask=None, *, is_causal: bool = False):
    """``(B, T, heads, c), (B, S, heads, c), (B, S, heads, d) -> (B, T, heads, d)``; softmax in float32 or wider.

    ``bias`` and ``mask``, of booleans, broadcast to the logits ``(B, heads, T, S)``. That of jax rounds the softmax to
    float32 whatever arrives, so float64 is written out here.
    """
    if query.dtype != jnp.float64:
        return jax.nn.dot_product_attention(query, key, value, bias, mask, is_causal=is_causal)
    logits = jnp.einsum("bthc,bshc->bhts", query, key) / math.sqrt(query.shape[-1])
    if bias is not None:
        logits = logits + bias
    if is_causal:
        logits = jnp.where(jnp.tri(*logits.shape[-2:], dtype=bool), logits, -jnp.inf)
    if mask is not None:
        logits = jnp.where(mask, logits, -jnp.inf)
    return jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(logits, axis=-1), value)
