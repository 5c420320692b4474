"""Sums over all axes but the channels, and the layers whose statistics or gradients are such sums.

XLA on CPU goes through each channel by itself with all others between two of its values, at a tenth of the rate at
which the memory could be read. The layers here are those of flax with other sums; their parameters are the same.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from netspec.modules.cpu.switch import by_platform, instead_of
from netspec.modules.dtypes import at_least_float32

#: How many strips of positions are added before anything is written; which of these, depends on what divides them.
STRIPS = range(8, 3, -1)
#: Tokens from which, and numbers up to which, a sequence is summed by one product: it stays in a processor's cache.
SEQUENCE, SMALL = 32, 2**20


def strips_of(positions: int) -> int:
    """How many strips leave the fewest positions over; all in one where there are few."""
    fitting = (count for count in STRIPS if count <= positions)
    return min(fitting, key=lambda count: positions % count, default=1)


def column_sum(x: jax.Array) -> jax.Array:
    """``(B, …, C)`` summed over all axes but the last, ``(C,)``, in float32 at least."""
    x = at_least_float32(x)
    if x.ndim < 3:
        return _plainly(x)
    short = x.ndim == 3 and x.shape[1] >= SEQUENCE and x.size <= SMALL
    return by_platform(x, cpu=by_ones if short else by_strips, elsewhere=_plainly)


def by_ones(x: jax.Array) -> jax.Array:
    """The sum of ``(B, N, C)`` as a product with ones. It reads what is in memory, where strips that are added would
    compute once more, in an order that suits no vector, whatever expression ``x`` is.
    """
    return (jnp.ones((1, x.shape[0] * x.shape[1]), x.dtype) @ x.reshape(-1, x.shape[-1]))[0]


def _plainly(x: jax.Array) -> jax.Array:
    return x.sum(tuple(range(x.ndim - 1)))


def by_strips(x: jax.Array) -> jax.Array:
    """The sum of ``(B, …, C)``: strips of each example first, along the channels, and the rest as a product with ones.

    That product is what XLA on CPU sums fastest by. Examples stay apart until then, so that devices can share them.
    """
    rows = x.reshape(len(x), -1, x.shape[-1])
    count = strips_of(rows.shape[1])
    if count == 1:
        return _plainly(x)
    size = rows.shape[1] // count
    added = sum(rows[:, start : start + size] for start in range(0, count * size, size)).reshape(-1, x.shape[-1])
    total = (jnp.ones((1, len(added)), x.dtype) @ added)[0]
    return total + _plainly(rows[:, count * size :]) if rows.shape[1] % count else total


@instead_of(jnp.add)
def plus_bias(x: jax.Array, bias: jax.Array) -> jax.Array:
    """``x + bias``: ``(B, …, C)`` and ``(C,)``."""
    return _plus_bias(x, bias)


@jax.custom_vjp
def _plus_bias(x: jax.Array, bias: jax.Array) -> jax.Array:
    return x + bias


def _plus_bias_backward(kept: None, cotangent: jax.Array) -> tuple[jax.Array, jax.Array]:
    return cotangent, column_sum(cotangent).astype(cotangent.dtype)


_plus_bias.defvjp(lambda x, bias: (_plus_bias(x, bias), None), _plus_bias_backward)


@jax.custom_vjp
def affine(x: jax.Array, scale: jax.Array, bias: jax.Array) -> jax.Array:
    """``scale · x + bias``: ``(B, …, C)`` and two of ``(C,)``, all of one type."""
    return x * scale + bias


def _affine_backward(kept: tuple[jax.Array, jax.Array], cotangent: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    x, scale = kept
    of_scale, of_bias = column_sum(cotangent * x), column_sum(cotangent)
    return cotangent * scale, of_scale.astype(scale.dtype), of_bias.astype(scale.dtype)


affine.defvjp(lambda x, scale, bias: (affine(x, scale, bias), (x, scale)), _affine_backward)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def batch_normalized(
    x: jax.Array, scale: jax.Array, bias: jax.Array, epsilon: float
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """``x`` ``(B, …, C)`` by the mean and the biased variance of its channels, scaled and shifted; and these two.

    Gradients flow through the first only: the statistics are for keeping. Source: Ioffe & Szegedy 2015
    (arXiv:1502.03167), alg. 1 and the gradients of sec. 3.
    """
    return _batch_normalized(x, scale, bias, epsilon)[0]


def _batch_normalized(
    x: jax.Array, scale: jax.Array, bias: jax.Array, epsilon: float
) -> tuple[tuple[jax.Array, jax.Array, jax.Array], tuple[jax.Array, ...]]:
    count = x.size // x.shape[-1]
    mean = column_sum(x) / count
    variance = jnp.maximum(0.0, column_sum(jnp.square(x)) / count - jnp.square(mean))
    root = lax.rsqrt(variance + epsilon)
    y = (x - mean) * (root * scale) + bias
    return (y, mean, variance), (x, scale, mean, root)


def _batch_normalized_backward(
    epsilon: float, kept: tuple[jax.Array, ...], cotangents: tuple[jax.Array, ...]
) -> tuple[jax.Array, jax.Array, jax.Array]:
    x, scale, mean, root = kept
    cotangent, count = cotangents[0], x.size // x.shape[-1]
    of_bias, of_centred = column_sum(cotangent), column_sum(cotangent * (x - mean))
    shared = (x - mean) * (jnp.square(root) * of_centred / count) + of_bias / count
    return (cotangent - shared) * (root * scale), root * of_centred, of_bias


batch_normalized.defvjp(_batch_normalized, _batch_normalized_backward)


class BatchNorm(nnx.BatchNorm):
    """``(B, …, C) -> (B, …, C)``, in training mode by the batch's statistics, which also move the running ones."""

    @instead_of(nnx.BatchNorm.__call__)
    def __call__(self, x: jax.Array) -> jax.Array:
        """In ``dtype``."""
        if self.use_running_average:
            return super().__call__(x)
        x, scale, bias = self.promote_dtype((x, self.scale[...], self.bias[...]), dtype=self.dtype)
        y, *found = batch_normalized(x, scale, bias, self.epsilon)
        for running, value in zip((self.mean, self.var), found, strict=True):
            kept = self.momentum * running[...] + (1 - self.momentum) * value
            running[...] = lax.stop_gradient(kept).astype(running.dtype)
        return y


def unbiased(variance: jax.Array, x: jax.Array) -> jax.Array:
    """The biased ``variance`` ``(C,)`` of ``x`` ``(B, …, C)`` as the unbiased one, if of more than one value."""
    count = x.size // x.shape[-1]
    return variance * (count / max(count - 1, 1))


class UnbiasedBatchNorm(BatchNorm):
    """One whose running variance follows the unbiased variance of batches, as PyTorch's does; it normalises alike."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """In ``dtype``."""
        before = self.momentum * self.var[...]
        y = super().__call__(x)
        if not self.use_running_average:
            self.var[...] = before + unbiased(self.var[...] - before, x)
        return y


class LayerNorm(nnx.LayerNorm):
    """``(…, C) -> (…, C)``, normalised over the channels; the variance is the biased one."""

    @instead_of(nnx.LayerNorm.__call__)
    def __call__(self, x: jax.Array) -> jax.Array:
        """In ``dtype``."""
        x, scale, bias = self.promote_dtype((x, self.scale[...], self.bias[...]), dtype=self.dtype)
        centred = x - x.mean(-1, keepdims=True)
        normalized = centred * lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + self.epsilon)
        return affine(normalized, scale, bias)


class Linear(nnx.Linear):
    """``(…, in) -> (…, out)``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """In ``dtype``."""
        if self.bias is None:
            return super().__call__(x)
        x, kernel, bias = self.promote_dtype((x, self.kernel[...], self.bias[...]), dtype=self.dtype)
        y = self.dot_general(x, kernel, (((x.ndim - 1,), (0,)), ((), ())), precision=self.precision)
        return plus_bias(y, bias)


class Conv(nnx.Conv):
    """``(B, …, in) -> (B, …, out)``."""

    def __init__(self, *arguments: Any, use_bias: bool, **options: Any) -> None:
        super().__init__(*arguments, use_bias=use_bias, **options)
        self.adds_bias, self.use_bias = use_bias, False  # flax, which would add it otherwise, is told of none

    def __call__(self, x: jax.Array) -> jax.Array:
        """In ``dtype``."""
        y = super().__call__(x)
        return plus_bias(y, self.bias[...].astype(y.dtype)) if self.adds_bias else y
