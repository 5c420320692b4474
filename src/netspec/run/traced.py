"""A built network without its values: parameters, shapes that leave and multiply-adds, read off its trace."""

from __future__ import annotations

import math
import time
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.base import Value
from netspec.modules import Network, Numerics
from netspec.modules.initialize import Scheme
from netspec.modules.inputs import inputs_of
from netspec.modules.sequence import shape_of
from netspec.run.counted import multiply_adds
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
