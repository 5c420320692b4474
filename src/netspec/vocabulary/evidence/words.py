"""Computations about the document's glossary."""

from __future__ import annotations

import flax.nnx as nnx
import jax
import jax.numpy as jnp

from netspec.vocabulary.evidence import Evidence


def axes_of_a_kernel() -> Evidence:
    """The kernel of a convolution of side 3 from 8 channels to 16."""
    shape = jax.eval_shape(lambda: nnx.Conv(8, 16, (3, 3), rngs=nnx.Rngs(0)).kernel[...]).shape
    return Evidence("a small matrix", f"an array of shape {shape}, with {len(shape)} axes", len(shape) != 2)


def softmax_by_elements() -> Evidence:
    """The first number of a softmax, for two vectors that have the same first number."""
    first, second = (float(jax.nn.softmax(jnp.array(vector))[0]) for vector in ([0.0, 0.0], [0.0, 2.0]))
    return Evidence(
        "an activation function is applied element-wise (softmax is listed as one)",
        f"softmax makes of 0 beside 0 {first:.3f} and of 0 beside 2 {second:.3f}, so it is not",
        abs(first - second) > 1e-3,
    )
