"""Whole networks without values: their tensors and what leaves them, fast enough for the whole catalogue."""

import math

import jax
import jax.numpy as jnp
from flax import nnx

from netspec import layers as L
from netspec.modules import Network, Numerics, further_inputs
from netspec.modules.initialize import Scheme
from netspec.modules.sequence import shape_of

ZEROS = jax.nn.initializers.zeros
NUMERICS = Numerics(Scheme(ZEROS, ZEROS, ZEROS, ZEROS))


def evaluate(spec):
    """Number of parameters, and shapes that leave, of the network built from ``spec``; token indices are integers."""
    tokens = {row.arrived for row in spec.flat() if isinstance(row.layer, (L.OneHotDense, L.TokenPositionEmbed))}

    def batch(shape):
        return jax.ShapeDtypeStruct((2, *shape), jnp.int32 if shape in tokens else jnp.float32)

    def network(x, named):
        model = Network(spec, NUMERICS, nnx.Rngs(0))
        model.eval()
        return nnx.to_pure_dict(nnx.state(model, nnx.Param)), model(x, **named)

    named = {name: batch(shape) for name, shape in further_inputs(spec)}
    params, leaves = jax.eval_shape(network, batch(spec.input_shape), named)
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params)), shape_of(leaves)
