"""Module of :class:`netspec.layers.Dense`."""

from flax import nnx

from netspec.layers.dense import Dense
from netspec.modules.base import Numerics, module_of


@module_of.register
def _(layer: Dense, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Linear:
    return numerics.linear(layer.in_features, layer.out_features, rngs)
