"""A built network without its values: parameters, shapes that leave and multiply-adds, read off its trace."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.extend.core import ClosedJaxpr, Jaxpr

from netspec.layers.base import Value
from netspec.modules import Network, Numerics
from netspec.modules.initialize import Scheme
from netspec.modules.inputs import inputs_of
from netspec.modules.sequence import shape_of
from netspec.spec import NetSpec

_zeros = jax.nn.initializers.zeros
#: How tensors start is no part of a call's trace, and drawing them would take most of the time.
UNDRAWN = Numerics(Scheme(_zeros, _zeros, position_table=_zeros))


class Traced:
    """The module of ``spec``, in evaluation mode unless ``training``, and its call traced for ``batch`` examples.

    Nothing is computed, so that networks of any size can be asked. ``graph``, ``parameters`` and ``rest`` are what
    ``nnx.split`` gives, without values; ``first`` and ``further`` are the shapes and types of the inputs.
    """

    def __init__(self, spec: NetSpec, batch: int = 1, *, training: bool = False) -> None:
        start = time.perf_counter()
        self.spec, self.batch = spec, batch
        model = nnx.eval_shape(lambda: Network(spec, UNDRAWN, nnx.Rngs(0)))
        model.train() if training else model.eval()
        self.graph, self.parameters, self.rest = nnx.split(model, nnx.Param, ...)
        self.first, self.further = abstract_inputs(spec, batch)
        self.traced = jax.jit(self.call).trace(self.parameters, self.rest, self.first, self.further)
        self.seconds = time.perf_counter() - start

    def call(self, parameters: Any, rest: Any, first: Any, further: Any) -> tuple[Any, Any]:
        """What leaves the network, and the state that is not trained afterwards."""
        model = nnx.merge(self.graph, parameters, rest, copy=True)
        leaves = model(first, **further)
        return leaves, nnx.split(model, nnx.Param, ...)[2]

    @property
    def params(self) -> int:
        """Scalars in the parameters of the module."""
        return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(self.parameters))

    @property
    def leaves(self) -> Value:
        """Shape of what leaves, without the batch."""
        return shape_of(self.traced.out_info[0])

    @property
    def multiply_adds(self) -> int:
        """Those of the call's matrix products and convolutions; see :func:`multiply_adds`."""
        return multiply_adds(self.traced.jaxpr.jaxpr)


def abstract_inputs(spec: NetSpec, batch: int) -> tuple[Any, dict[str, Any]]:
    """Shapes and types of the first input and of the further ones by name; token indices are int32."""
    first, *further = (
        (one.name, jax.ShapeDtypeStruct((batch, *one.shape), jnp.int32 if one.vocabulary else jnp.float32))
        for one in inputs_of(spec)
    )
    return first[1], dict(further)


def multiply_adds(jaxpr: Jaxpr) -> int:
    """Multiply-adds of all matrix products and convolutions of a traced function, loops as often as they run.

    Of alternatives, those of the costliest: a depthwise convolution is a sum of products elsewhere than here.

    Padded positions count, and a transposed convolution as many as the convolution it transposes, as in
    :meth:`netspec.layers.Primitive.macs`.
    """
    total = 0
    for equation in jaxpr.eqns:
        name, given = equation.primitive.name, equation.params
        if name == "dot_general":
            summed = math.prod(equation.invars[0].aval.shape[axis] for axis in given["dimension_numbers"][0][0])
            total += math.prod(equation.outvars[0].aval.shape) * summed
        elif name == "conv_general_dilated":
            kernel, layout = equation.invars[1].aval.shape, given["dimension_numbers"].rhs_spec
            window = math.prod(kernel[axis] for axis in layout[1:])
            total += math.prod(equation.outvars[0].aval.shape) * window // math.prod(given["lhs_dilation"])
        elif name == "cond":
            total += max(multiply_adds(branch) for branch in _inner(given["branches"]))
        else:
            times = given["length"] if name == "scan" else 1
            total += times * sum(multiply_adds(inner) for inner in _inner(tuple(given.values())))
    return total


def _inner(value: Any) -> Iterator[Jaxpr]:
    if isinstance(value, ClosedJaxpr):
        yield value.jaxpr
    elif isinstance(value, Jaxpr):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _inner(item)
