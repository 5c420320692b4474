"""Initialisation schemes, by name."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.nn.initializers import Initializer, truncated_normal, zeros


@dataclass(frozen=True)
class Scheme:
    """How each kind of tensor starts; gains start at one and LayerNorm shifts at zero in every scheme."""

    kernel: Initializer
    bias: Initializer
    class_token: Initializer
    position_table: Initializer


def _irwin_hall(key, shape, std, dtype):
    """Twice the sum of three U(-1/2, 1/2): zero mean, unit variance, bounded at three; times ``std``."""
    return 2 * std * jax.random.uniform(key, (3, *shape), dtype, -0.5, 0.5).sum(axis=0)


def book_kernel(key, shape, dtype=jnp.float32, out_sharding=None):
    """He scaling, ``std = sqrt(2 / fan_in)``, drawn from the book's bounded bell (companion repository)."""
    return _irwin_hall(key, shape, math.sqrt(2 / math.prod(shape[:-1])), dtype)


def book_position_table(key, shape, dtype=jnp.float32, out_sharding=None):
    """``std = sqrt(2 / tokens)`` for a table ``(tokens, width)``, as the companion repository draws it."""
    return _irwin_hall(key, shape, math.sqrt(2 / shape[-2]), dtype)


SCHEMES = {
    # The corrected initialisation of the published runs (companion repository; ViT-Tiny, since 2026-04-22).
    "book": Scheme(book_kernel, zeros, zeros, book_position_table),
    # DeiT (Touvron et al. 2020, arXiv:2012.12877): normal with std 0.02 cut at two units, zero biases.
    "deit": Scheme(truncated_normal(0.02), zeros, truncated_normal(0.02), truncated_normal(0.02)),
}
