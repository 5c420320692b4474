"""What properties compare with: convolution, attention and their inputs in plain numpy, loops where they say more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.base import Layer
from netspec.modules.base import Numerics, module_of
from netspec.modules.initialize import Scheme
from netspec.vocabulary.cases import CASES, Case

Array = np.ndarray

#: Tolerance for what is equal but for the rounding of some products and sums in float64.
ROUNDING = 1e-12

#: Tolerance where jax's own attention computes, which rounds its softmax to float32 whatever arrives.
FLOAT32 = 1e-6


def correlate(
    x: Array,
    kernel: Array,
    *,
    dilation: int = 1,
    stride: int = 1,
    padding: tuple[int, int] | None = None,
) -> Array:
    """``Σ_j x[s·i + r·j − before] W[j]`` for ``x`` (batch, *sides, in) and a kernel (*taps, in, out), tap by tap.

    ``padding`` before and after every side; by default what keeps the sides of an odd kernel.
    """
    sides = x.shape[1:-1]
    for axis, taps in enumerate(kernel.shape[:-2], start=1):
        reach = dilation * (taps - 1)
        pad = [(0, 0)] * x.ndim
        pad[axis] = padding or (reach // 2, reach - reach // 2)
        x = np.pad(x, pad)
    left = [
        (n - dilation * (taps - 1) - 1) // stride + 1 for n, taps in zip(x.shape[1:-1], kernel.shape[:-2], strict=True)
    ]
    y = np.zeros((x.shape[0], *left, kernel.shape[-1]))
    assert len(sides) == len(left)
    for tap in np.ndindex(*kernel.shape[:-2]):
        seen = tuple(slice(dilation * j, dilation * j + stride * n, stride) for j, n in zip(tap, left, strict=True))
        y += x[(slice(None), *seen)] @ kernel[tap]
    return y


def spread(kernel: Array, dilation: int) -> Array:
    """The kernel with ``dilation − 1`` zeros between neighbouring taps of every side."""
    taps = kernel.shape[:-2]
    wide = np.zeros((*(dilation * (n - 1) + 1 for n in taps), *kernel.shape[-2:]))
    wide[tuple(slice(None, None, dilation) for _ in taps)] = kernel
    return wide


def softmax(x: Array) -> Array:
    """Over the last axis."""
    weights = np.exp(x - x.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def attention(
    query: Array, key: Array, value: Array, mask: Array | None = None, bias: Array | None = None, scale: Any = None
) -> Array:
    """``softmax(QKᵀ/√c + bias)V`` with tokens and heads as ``attend`` has them, ``(B, T, heads, c)``."""
    scale = 1 / np.sqrt(query.shape[-1]) if scale is None else scale
    logits = scale * np.einsum("bthc,bshc->bhts", query, key) + (0 if bias is None else bias)
    weights = softmax(logits if mask is None else np.where(mask, logits, -np.inf))
    return np.einsum("bhts,bshd->bthd", weights, value)


def heads(case: Case, tokens: int | None = None, seed: int = 0) -> tuple[Array, Array, Array]:
    """A query, a key and a value ``(batch, tokens, heads, channels / heads)``."""
    shape = case.batch, tokens or case.tokens, case.heads, case.channels // case.heads
    one, two, three = (case.normal(*shape, seed=seed + i) for i in range(3))
    return one, two, three


def few(case: Case) -> Case:
    """The case with the sizes of the ordinary one, unless it is that of one token: for what takes long to compile."""
    return case if case.tokens == 1 else ordinary(case)


def ordinary(case: Case) -> Case:
    """The case with the sizes of the ordinary one, for what takes longer still, or says nothing of one token."""
    return replace(CASES[0], name=case.name, seed=case.seed)


def worst(residuals: Iterable[float]) -> float:
    """The largest of residuals that are computed one after the other, or the first that no rounding explains."""
    largest = 0.0
    for residual in residuals:
        largest = max(largest, residual)
        if not residual < 1e-3:
            return residual
    return largest


def reaches(function: Callable[[Any], Any], x: Array) -> Array:
    """Whether output token t depends on input token s, ``(T, S)``: whether it changes with it; tokens are axis 1.

    By as many calls as there are tokens, of one shape, which compile once.
    """
    still, seen = np.asarray(function(x)), []
    for token in range(x.shape[1]):
        moved = x.copy()
        moved[:, token] += 1 + np.abs(moved[:, token])
        change = np.abs(np.asarray(function(moved)) - still)
        seen.append(change.max((0, *range(2, change.ndim))) > 1e-10)
    return np.stack(seen, axis=1)


def drawn(key: jax.Array, shape: Any, dtype: Any = None, out_sharding: Any = None) -> jax.Array:
    """Standard normal numbers in float64 that the shape decides, drawn by numpy, which compiles nothing."""
    return jnp.asarray(np.random.default_rng(shape).standard_normal(shape), jnp.float64)


#: Modules in float64 whose tensors are drawn by their shape.
NUMERICS = Numerics(Scheme(drawn, drawn, bias=drawn, position_table=drawn), jnp.float64)


def module(layer: Layer) -> nnx.Module:
    """The module of ``layer``, in evaluation, with :data:`NUMERICS`."""
    built = module_of(layer, NUMERICS, nnx.Rngs(0))
    built.eval()
    return built


def run(built: nnx.Module, *given: Any) -> Any:
    """What a module makes of arrays; those of the same class, options and sizes share what was compiled."""
    return _run(*nnx.split(built), *given)


@partial(jax.jit, static_argnums=0)
def _run(graph: Any, state: Any, *given: Any) -> Any:
    return nnx.merge(graph, state)(*given)


def size(built: nnx.Module) -> int:
    """How many trainable numbers a module has."""
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(built, nnx.Param)))
