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
) -> jax.Array:
    """As :func:`netspec.modules.attention.attend` describes it, the softmax in float32 or wider.

    Heads come before tokens, so that both products go over matrices that lie as they are. jax's own function copies the
    weights to other layouts between its products, which on CPU takes half as much time again.
    """
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
