"""Modules of the layers of capsules."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.capsules import CapsuleLengths, DynamicRouting, LongestCapsule, Squash
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32

#: Added to squares of lengths, so that a capsule of length zero has a gradient.
EPSILON = 1e-7


def squash(s: jax.Array) -> jax.Array:
    """``‖s‖²/(1 + ‖s‖²) · s/‖s‖`` over the last axis, in float32 or wider (arXiv:1710.09829, eq. 1)."""
    s = at_least_float32(s)
    square = jnp.square(s).sum(axis=-1, keepdims=True)
    return s * (square / (1 + square) * jax.lax.rsqrt(square + EPSILON))


def route(predictions: jax.Array, n_iterations: int) -> jax.Array:
    """Predictions ``(B, in, out, width)`` of parents to parents ``(B, out, width)``, by agreement.

    Gradients flow through all iterations. Source: Sabour et al. 2017 (arXiv:1710.09829), procedure 1.
    """
    logits = jnp.zeros(predictions.shape[:-1], predictions.dtype)
    for iteration in range(n_iterations):
        coupling = jax.nn.softmax(logits, axis=-1)
        parents = squash(jnp.einsum("bij,bijd->bjd", coupling, predictions))
        if iteration < n_iterations - 1:
            logits = logits + jnp.einsum("bijd,bjd->bij", predictions, parents)
    return parents


class Routing(nnx.Module):
    """``(B, in_capsules, in_width) -> (B, out_capsules, out_width)``; maps start normal with std 0.1, as released."""

    def __init__(self, layer: DynamicRouting, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.parents, self.n_iterations = (layer.out_capsules, layer.out_width), layer.n_iterations
        self.dtype, self.wide = numerics.compute_dtype, numerics.wide_dtype
        shape = (layer.in_capsules, layer.in_width, layer.out_capsules * layer.out_width)
        self.kernel = nnx.Param(nnx.initializers.truncated_normal(0.1)(rngs.params(), shape, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Predict, then route in float32."""
        kernel = self.kernel[...].astype(self.dtype)
        predictions = jnp.einsum("bid,ide->bie", x.astype(self.dtype), kernel).astype(self.wide)
        return route(predictions.reshape(*x.shape[:2], *self.parents), self.n_iterations)


class Squashed(nnx.Module):
    """See :func:`squash`."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """Every vector."""
        return squash(x)


class Lengths(nnx.Module):
    """``(B, capsules, width) -> (B, capsules)``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """Their lengths, in float32."""
        return jnp.sqrt(jnp.square(at_least_float32(x)).sum(axis=-1) + EPSILON)


class Longest(nnx.Module):
    """``(B, capsules, width) -> (B, capsules, width)``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """The longest capsule where it was, zeros elsewhere."""
        longest = jnp.square(x).sum(axis=-1).argmax(axis=-1)
        return x * jax.nn.one_hot(longest, x.shape[1], dtype=x.dtype)[..., None]


@build_layer.register
def _(layer: DynamicRouting, numerics: Numerics, rngs: nnx.Rngs) -> Routing:
    return Routing(layer, numerics, rngs)


@build_layer.register
def _(layer: Squash, numerics: Numerics, rngs: nnx.Rngs) -> Squashed:
    return Squashed()


@build_layer.register
def _(layer: CapsuleLengths, numerics: Numerics, rngs: nnx.Rngs) -> Lengths:
    return Lengths()


@build_layer.register
def _(layer: LongestCapsule, numerics: Numerics, rngs: nnx.Rngs) -> Longest:
    return Longest()
