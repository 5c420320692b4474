"""Networks of the catalogue's layers with numbers drawn in float64, for properties of what they compute."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.modules import build
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case


def network(spec: NetSpec, case: Case) -> tuple[Callable[..., Any], Any]:
    """A function of tensors and of inputs that computes ``spec`` in float64, and tensors drawn for ``case``.

    The function is the same for equal specs, so that it is compiled once. Nothing is initialised, since that would
    compile more than the network itself: a tensor is normal, smaller the larger it is. Layers that move statistics are
    not meant.
    """
    apply, shapes = _abstract(spec)
    leaves, tree = jax.tree.flatten(shapes)
    drawn = [case.normal(*leaf.shape, seed=seed) / max(1, leaf.size) ** 0.25 for seed, leaf in enumerate(leaves)]
    return apply, jax.tree.unflatten(tree, drawn)


@cache
def _abstract(spec: NetSpec) -> tuple[Callable[..., Any], Any]:
    model = nnx.eval_shape(lambda: build(spec, nnx.Rngs(0), compute_dtype=jnp.float64))
    graph, shapes = nnx.split(model)

    def apply(tensors: Any, *inputs: Any, **named: Any) -> Any:
        return nnx.merge(graph, tensors)(*inputs, **named)

    return apply, shapes
