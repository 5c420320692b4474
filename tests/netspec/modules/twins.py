"""Modules of our layers, joined by hand, that are to compute what a published network does, and the comparison.

For what no network of the language computes yet; all others are compared in ``test_recorded_parity.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from published import Case
from transplant import leaves, transplant

from netspec.layers import Layer
from netspec.modules import module_of
from netspec.run.traced import UNDRAWN

NORMS = (nnx.BatchNorm, nnx.LayerNorm, nnx.RMSNorm)


@dataclass(frozen=True)
class Twin:
    """Our side of a case.

    ``parts`` are layers and partial constructors of single modules; ``forward(modules, **inputs)`` gives the outputs by
    name. ``order`` and ``change`` are those of :func:`transplant.transplant`.

    ``gradients`` compares those too, in float64: in float32, a rounding that differs between processors can put a value
    on the other side of the kink of a ReLU or a max pool.
    """

    parts: Sequence
    forward: Callable
    order: tuple = ()
    change: Callable = dict
    gradients: bool = False

    def modules(self, dtype=jnp.float32):
        """A module per part, computing in ``dtype``; tracers in place of values."""
        numerics = replace(UNDRAWN, compute_dtype=dtype)
        made = []

        def make():
            modules = nnx.List([self._module(part, numerics) for part in self.parts])
            modules.eval()
            made.append(modules)

        jax.eval_shape(make)
        return made[0]

    @staticmethod
    def _module(part, numerics):
        if isinstance(part, Layer):
            return module_of(part, numerics, nnx.Rngs(0))
        module = part(rngs=nnx.Rngs(0))
        for _, leaf in leaves(module):
            if isinstance(leaf, nnx.Module):
                leaf.dtype = numerics.compute_dtype
        return module


def compiled(function):
    """``function`` as one program. It runs once, so that what counts is mostly the time to compile it."""
    options = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
    return jax.jit(function, compiler_options=options)


def compare(name, twin):
    """Assert that ``twin`` computes what the case ``name`` recorded: outputs in both types, gradients in float64."""
    case = Case(name)
    _compare_in(jnp.float32, case, twin, gradients=False)
    _compare_in(jnp.float64, case, twin, gradients=twin.gradients)


def _compare_in(dtype, case, twin, gradients):
    with jax.enable_x64(dtype == jnp.float64), jax.default_matmul_precision("highest"):
        modules = twin.modules(dtype)
        recorded = {epsilon for kind in case.manifest["norm_eps"].values() for epsilon in kind}
        assert {leaf.epsilon for _, leaf in leaves(modules) if isinstance(leaf, NORMS)} <= recorded
        structure, _ = nnx.split(modules)
        tensors, inputs, cotangents = case.tensors(), case.inputs(), case.cotangents()
        smooth = {key: value for key, value in inputs.items() if value.dtype == np.float32}
        tensors, smooth = jax.tree.map(partial(np.asarray, dtype=dtype), (tensors, smooth))

        def outputs(tensors, smooth):
            state = transplant(modules, case.with_tied(tensors), twin.order, twin.change)
            return twin.forward(nnx.merge(structure, nnx.from_flat_state(state)), **(inputs | smooth))

        def loss(tensors, smooth):
            found = outputs(tensors, smooth)
            products = (found[key] * cotangent.reshape(found[key].shape) for key, cotangent in cotangents.items())
            return sum(product.sum() for product in products), found

        if not gradients:
            case.compare(compiled(outputs)(tensors, smooth))
            return
        slopes = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
        (value, found), (by_tensor, by_input) = compiled(slopes)(tensors, smooth)
        case.compare(found)
        case.compare_gradients(value, by_tensor | by_input)
