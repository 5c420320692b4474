"""A network of our layers that is to compute what a published one does, and the comparison of the two."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from published import Case
from transplant import leaves, transplant

from netspec.layers import Layer
from netspec.modules import module_of
from netspec.modules.activation import FUNCTIONS
from netspec.modules.sequence import Memory, run
from netspec.run.traced import UNDRAWN

NORMS = (nnx.BatchNorm, nnx.LayerNorm, nnx.RMSNorm)


@dataclass(frozen=True)
class Twin:
    """Our side of a case.

    ``parts`` are layers, functions of what flows between them, and partial constructors of single modules.
    ``forward(modules, **inputs)`` gives the outputs by name; by default the parts run one after the other over images.
    ``order`` and ``change`` are those of :func:`transplant.transplant`.

    The conventions in which the reference differs: ``epsilon`` of its norms; ``activations``, what it computes where
    we have the named one; ``behind``, what follows its outputs in ours; ``adapt``, which changes the modules as built.

    ``gradients`` compares those too, in float64: in float32, a rounding that differs between processors can put a value
    on the other side of the kink of a ReLU or a max pool.
    """

    parts: Sequence
    order: tuple = ()
    change: Callable = dict
    forward: Callable | None = None
    epsilon: float | None = None
    activations: dict = field(default_factory=dict)
    behind: dict = field(default_factory=dict)
    adapt: Callable = lambda modules: None
    gradients: bool = False

    def modules(self, dtype=jnp.float32):
        """A module per part, computing in ``dtype``, None for a function; tracers in place of values."""
        numerics = replace(UNDRAWN, compute_dtype=dtype)
        made = []

        def make():
            modules = nnx.List([self._module(part, numerics) for part in self.parts])
            modules.eval()
            for _, leaf in leaves(modules):
                if self.epsilon and isinstance(leaf, NORMS):
                    leaf.epsilon = self.epsilon
            self.adapt(modules)
            made.append(modules)

        jax.eval_shape(make)
        return made[0]

    @staticmethod
    def _module(part, numerics):
        if isinstance(part, Layer):
            return module_of(part, numerics, nnx.Rngs(0))
        if not isinstance(part, partial):
            return None
        module = part(rngs=nnx.Rngs(0))
        for _, leaf in leaves(module):
            if isinstance(leaf, nnx.Module):
                leaf.dtype = numerics.compute_dtype
        return module

    def run(self, modules, inputs):
        """The outputs by name."""
        if self.forward:
            return self.forward(modules, **inputs)
        (x,), memory = inputs.values(), Memory({})
        x = jnp.moveaxis(x, 1, -1)
        for part, module in zip(self.parts, modules, strict=True):
            if isinstance(part, Layer):
                x = run((part,), (module,), x, memory)
            else:
                x = part(x) if module is None else module(x)
        if isinstance(x, dict):
            return x
        return {"output": jnp.moveaxis(x, -1, 1) if x.ndim == 4 else x}

    def conventions(self, dtype):
        """A context with the reference's activations, and with all digits of ``dtype`` on any accelerator."""
        stack = ExitStack()
        stack.enter_context(jax.enable_x64(dtype == jnp.float64))
        stack.enter_context(jax.default_matmul_precision("highest"))
        for name, function in self.activations.items():
            stack.enter_context(mock.patch.object(nnx, name, function))
            stack.enter_context(mock.patch.dict(FUNCTIONS, {name: function}))
        return stack


#: Cases whose large kernels take longer to compute without optimisation than to compile with it.
HEAVY = ("dcgan", "tv_squeezenet")


def compiled(function, name=""):
    """``function`` as one program. It runs once, so that what counts is mostly the time to compile it."""
    level = 1 if name.startswith(HEAVY) else 0
    options = {"xla_backend_optimization_level": level, "xla_cpu_use_fusion_emitters": False}
    return jax.jit(function, compiler_options=options)


def compare(name, twin):
    """Assert that ``twin`` computes what the case ``name`` recorded: outputs in both types, gradients in float64."""
    case = Case(name)
    _compare_in(jnp.float32, case, twin, gradients=False)
    _compare_in(jnp.float64, case, twin, gradients=twin.gradients)


def _compare_in(dtype, case, twin, gradients):
    with twin.conventions(dtype):
        modules = twin.modules(dtype)
        recorded = {epsilon for kind in case.manifest["norm_eps"].values() for epsilon in kind}
        if recorded:  # else ours only add the bias that they have
            assert {leaf.epsilon for _, leaf in leaves(modules) if isinstance(leaf, NORMS)} <= recorded
        structure, _ = nnx.split(modules)
        tensors, inputs, cotangents = case.tensors(), case.inputs(), case.cotangents()
        smooth = {key: value for key, value in inputs.items() if value.dtype == np.float32}
        tensors, smooth = jax.tree.map(partial(np.asarray, dtype=dtype), (tensors, smooth))

        def outputs(tensors, smooth):
            state = transplant(modules, case.with_tied(tensors), twin.order, twin.change)
            return twin.run(nnx.merge(structure, nnx.from_flat_state(state)), inputs | smooth)

        def loss(tensors, smooth):
            found = outputs(tensors, smooth)
            products = (found[key] * cotangent.reshape(found[key].shape) for key, cotangent in cotangents.items())
            return sum(product.sum() for product in products), found

        if not gradients:
            case.compare(compiled(outputs, case.name)(tensors, smooth), twin.behind)
            return
        slopes = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
        (value, found), (by_tensor, by_input) = compiled(slopes, case.name)(tensors, smooth)
        case.compare(found)
        case.compare_gradients(value, by_tensor | by_input)
