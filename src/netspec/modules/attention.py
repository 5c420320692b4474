"""Scaled dot-product attention, as every module calls it."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from netspec.modules.cpu.attention import written_out
from netspec.modules.cpu.switch import by_platform


def attend(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    bias: jax.Array | None = None,
    mask: jax.Array | None = None,
    *,
    is_causal: bool = False,
) -> jax.Array:
    """``(B, T, heads, c), (B, S, heads, c), (B, S, heads, d) -> (B, T, heads, d)``; softmax in float32 or wider.

    ``bias`` and ``mask``, of booleans, broadcast to the logits ``(B, heads, T, S)``. On accelerators it is jax's own
    function, on CPU it is written out. So it is in float64 everywhere, since jax's function rounds the softmax to
    float32 whatever arrives.
    """
    written = partial(written_out, is_causal=is_causal)
    if query.dtype == jnp.float64:
        return written(query, key, value, bias, mask)
    own = partial(jax.nn.dot_product_attention, is_causal=is_causal)
    return by_platform(query, key, value, bias, mask, cpu=written, elsewhere=own)
