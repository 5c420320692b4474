"""Scaled dot-product attention, as every module calls it."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp


def attend(query, key, value, bias=None, mask=None, *, is_causal: bool = False):
    """``(B, T, heads, c), (B, S, heads, c), (B, S, heads, d) -> (B, T, heads, d)``; softmax in float32 or wider.

    ``bias`` and ``mask``, of booleans, broadcast to the logits ``(B, heads, T, S)``. It is jax's own function on
    accelerators. That rounds the softmax to float32 whatever arrives, and on CPU it copies the weights to other
    layouts between its products, for half as much time again: there, and in float64, it is written out.
    """
    if query.dtype != jnp.float64 and jax.default_backend() != "cpu":
        return jax.nn.dot_product_attention(query, key, value, bias, mask, is_causal=is_causal)
    wide = jnp.promote_types(query.dtype, jnp.float32)
    query, key, value = (jnp.swapaxes(x, 1, 2) for x in (query, key, value))
    logits = jnp.einsum("bhtc,bhsc->bhts", query / math.sqrt(query.shape[-1]), key, preferred_element_type=wide)
    if bias is not None:
        logits = logits + bias.astype(wide)
    if is_causal:
        logits = jnp.where(jnp.tri(*logits.shape[-2:], dtype=bool), logits, -jnp.inf)
    if mask is not None:
        logits = jnp.where(mask, logits, -jnp.inf)
    weights = jax.nn.softmax(logits, axis=-1).astype(value.dtype)
    return jnp.swapaxes(jnp.einsum("bhts,bhsd->bhtd", weights, value), 1, 2)
