"""Computations that show errors of the document about pooling."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary.evidence import Evidence
from netspec.vocabulary.pooling import fractional_max_pool


def half_is_whole() -> Evidence:
    """How many different arrangements of windows 50 keys give, for the ratio 0.5 that is printed and for 0.7."""
    place = jnp.arange(10.0).reshape(1, 10, 1, 1)
    found = {
        count: {
            tuple(fractional_max_pool(place, (count, 1), jax.random.key(seed)).ravel().tolist()) for seed in range(50)
        }
        for count in (5, 7)
    }
    return Evidence(
        "output_ratio=0.5 as an example of a ratio that is not whole",
        f"at 0.5 there is {len(found[5])} arrangement, all windows of two; at 0.7 there are {len(found[7])}",
        len(found[5]) == 1 and len(found[7]) > 1,
    )
