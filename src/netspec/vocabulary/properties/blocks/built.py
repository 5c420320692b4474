"""A block as a network of its own: what it costs, and what it computes in float64 with tensors drawn for a case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers import Layer
from netspec.modules import build
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case

#: A layer, or several one after another in its place.
Layers = Layer | tuple[Layer, ...]
#: One convolution: side of its kernel, channels in and out, groups, and the positions that it leaves.
Convolution = tuple[int, int, int, int, int]


def spec_of(layers: Layers, shape: tuple[int, ...]) -> NetSpec:
    """A network of them alone."""
    return NetSpec("block", shape, layers if isinstance(layers, tuple) else (layers,))


def costs(layers: Layers, shape: tuple[int, ...]) -> list[int]:
    """Parameters, multiply-adds, and the shape that leaves."""
    spec = spec_of(layers, shape)
    return [spec.params, spec.macs, *spec.output_shape]


def by_hand(convolutions: Sequence[Convolution], others: int, *shape: int) -> list[int]:
    """The same of convolutions with two numbers a channel of a norm behind each, and ``others`` besides."""
    kernels = [side**2 * i // groups * o for side, i, o, groups, _ in convolutions]
    norms = sum(2 * o for _, _, o, _, _ in convolutions)
    macs = sum(kernel * positions for kernel, (*_, positions) in zip(kernels, convolutions, strict=True))
    return [sum(kernels) + norms + others, macs, *shape]


def computed(layers: Layers, case: Case, x: np.ndarray, size: float = 1.0) -> np.ndarray:
    """``(batch, …)`` through them in evaluation, with tensors drawn for the case times ``size``; variances are 1."""
    apply, shapes = _compiled(layers, x.shape[1:])
    drawn = [_tensor(case, name, shape, seed, size) for seed, (name, shape) in enumerate(shapes)]
    return np.asarray(apply(drawn, x))


def _tensor(case: Case, name: str, shape: tuple[int, ...], seed: int, size: float) -> np.ndarray:
    if name == "var":
        return np.ones(shape)
    spread = 1 / np.sqrt(max(int(np.prod(shape[:-1])), 1)) if name == "kernel" else 0.5
    return size * spread * case.normal(*shape, seed=100 + seed)


@cache
def _compiled(
    layers: Layers, shape: tuple[int, ...]
) -> tuple[Callable[[Any, np.ndarray], jax.Array], list[tuple[str, tuple[int, ...]]]]:
    """The program, and of each tensor that it takes the name and the shape."""
    spec = spec_of(layers, shape)
    network = nnx.eval_shape(lambda: build(spec, nnx.Rngs(0), compute_dtype=jnp.float64))
    network.eval()
    structure, state = nnx.split(network)
    leaves, nesting = jax.tree.flatten_with_path(state)
    shapes = [(_name(path), leaf.shape) for path, leaf in leaves]
    run = jax.jit(lambda tensors, x: nnx.merge(structure, jax.tree.unflatten(nesting, tensors))(x))
    return run, shapes


def _name(path: tuple[Any, ...]) -> str:
    """The last name of a path that is one."""
    return next(str(key.key) for key in reversed(path) if isinstance(getattr(key, "key", None), str))
