"""Types in which values that must not lose digits are computed."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def at_least_float32(x: jax.Array) -> jax.Array:
    """``x`` in float32, or as it is where that is wider, so that a network in float64 loses no digits on the way."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))
