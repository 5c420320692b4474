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
    scale: float | None = None,
) -> jax.Array:
    """``(B, T, heads, c), (B, S, pairs, c), (B, S, pairs, d) -> (B, T, heads, d)``; softmax in float32 or wider.

    ``pairs`` of keys and values divide the heads: head ``h`` reads pair ``h // (heads / pairs)``. Scores are multiplied
    by ``scale``, by default ``1 / √c``. ``bias`` and ``mask``, of booleans, broadcast to the logits
    ``(B, heads, T, S)``. On accelerators it is jax's own function, on CPU it is written out. So it is in float64
    everywhere, since jax's function rounds the softmax to float32 whatever arrives, and where values are not as wide
    as keys, which it does not take.
    """
    written = partial(written_out, is_causal=is_causal, scale=scale)
    if query.dtype == jnp.float64 or query.shape[-1] != value.shape[-1]:
        return written(query, key, value, bias, mask)
    own = partial(jax.nn.dot_product_attention, is_causal=is_causal, scale=scale)
    return by_platform(query, key, value, bias, mask, cpu=written, elsewhere=own)
