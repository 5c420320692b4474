"""Scaled dot-product attention with its products written out."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp


def written_out(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    bias: jax.Array | None,
    mask: jax.Array | None,
    *,
    is_causal: bool,
    scale: float | None = None,
) -> jax.Array:
    """As :func:`netspec.modules.attention.attend` describes it, the softmax in float32 or wider.

    Heads come before tokens, so that both products go over matrices that lie as they are. jax's own function copies the
    weights to other layouts between its products, which on CPU takes half as much time again.
    """
    wide = jnp.promote_types(query.dtype, jnp.float32)
    query, key, value = (jnp.swapaxes(x, 1, 2) for x in (query, key, value))
    query = query / math.sqrt(query.shape[-1]) if scale is None else query * scale
    shared = key.shape[1] < query.shape[1]
    heads = query.shape[:3]
    if shared:  # queries of the heads that read one pair stand behind each other
        query = query.reshape(query.shape[0], key.shape[1], -1, query.shape[-1])
    logits = jnp.einsum("bhtc,bhsc->bhts", query, key, preferred_element_type=wide)
    if shared:
        logits = logits.reshape(*heads, -1)
    if bias is not None:
        logits = logits + bias.astype(wide)
    if is_causal:
        logits = jnp.where(jnp.tri(logits.shape[-2], logits.shape[-1], dtype=bool), logits, -jnp.inf)
    if mask is not None:
        logits = jnp.where(mask, logits, -jnp.inf)
    weights = jax.nn.softmax(logits, axis=-1).astype(value.dtype)
    if shared:
        weights = weights.reshape(*query.shape[:3], -1)
    mixed = jnp.einsum("bhts,bhsd->bhtd", weights, value)
    return jnp.swapaxes(mixed.reshape(*heads, -1) if shared else mixed, 1, 2)
