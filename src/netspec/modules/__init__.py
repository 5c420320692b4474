"""The flax.nnx modules of the layers: the same file names as :mod:`netspec.layers`, and :func:`build`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.base import Shape
from netspec.layers.dense import Dense
from netspec.layers.flatten import Flatten
from netspec.modules.base import Numerics, module_of
from netspec.modules.dtypes import at_least_float32
from netspec.modules.initialize import SCHEMES, scheme_of
from netspec.modules.inputs import FIRST, check, inputs_of
from netspec.modules.sequence import Batch, Memory, modules_of, run
from netspec.modules.stochastic_depth import grow_linearly
from netspec.modules.tracing import count_cheaply
from netspec.spec import NetSpec

__all__ = ["SCHEMES", "Network", "Numerics", "build", "module_of"]


class Thinned(nnx.Sequential):
    """A dense layer behind dropout, which is no layer of the spec: its tensors are called as without."""

    def canonical(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Those of the layer; see :class:`netspec.weights.canonical.Arranged`."""
        return kept["layers"][1]

    def arranged(self, canonical: dict[str, Any]) -> dict[str, Any]:
        """The inverse of :meth:`canonical`."""
        return {"layers": {1: canonical}}


class Network(nnx.Module):
    """The layers of a spec, applied to a batch ``(B, *input_shape)`` of floating-point numbers or indices of tokens.

    ``inputs`` are the further tensors that a call must name, with their shapes: the spec's ``extra_inputs`` and, where
    a layer works on regions, ``regions`` of shape ``(n, 4)`` (see :func:`netspec.modules.roi_align.roi_align`).
    """

    def __init__(self, spec: NetSpec, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.name = spec.name
        self.expected = inputs_of(spec)
        self.described = spec.layers
        self.layers = modules_of(spec.layers, numerics, count_cheaply(rngs))
        grow_linearly(numerics.ends, numerics.stochastic_depth)
        if numerics.dropout:
            for index, (before, layer) in enumerate(pairwise(spec.layers), start=1):
                if isinstance(layer, Dense) and not isinstance(before, Flatten):
                    self.layers[index] = Thinned(nnx.Dropout(numerics.dropout, rngs=rngs), self.layers[index])

    @property
    def inputs(self) -> dict[str, Shape]:
        """Shapes of the further tensors by name, without the batch."""
        return {one.name: one.shape for one in self.expected if one.name != FIRST}

    def __call__(self, x: jax.Array, **named: jax.Array) -> Batch:
        """Map ``(B, *input_shape)`` to ``(B, *output_shape)``, or to a dict of such tensors where several leave.

        They are returned in float32 whatever the compute type. In training mode running statistics move and dropout
        acts; see :func:`build`.

        Every tensor must have the shape that the spec gives it behind the batch, one and the same batch of at least
        one, and integers where tokens are meant, floating-point numbers elsewhere. Fully convolutional networks take
        no other size either: ``dataclasses.replace(spec, input_shape=…)`` is the network for it, and its parameters are
        the same. Raises :class:`netspec.InputError`, a :class:`netspec.SpecError`, for anything else, and unless
        ``named`` has just the tensors of :attr:`inputs`. A compiled call was checked when it was traced.
        """
        check(self.name, self.expected, x, named)
        leaves = run(self.described, self.layers, x, Memory(named))
        return jax.tree.map(at_least_float32, leaves)


def build(
    spec: NetSpec,
    rngs: nnx.Rngs,
    *,
    initialization: str = "book",
    compute_dtype: jnp.dtype = jnp.float32,
    dropout: float = 0.0,
    stochastic_depth: float = 0.0,
) -> Network:
    """Build the module of ``spec``.

    ``initialization`` names a scheme of :mod:`netspec.modules.initialize`, or is ``"paper"``. Parameters are float32;
    matrix products and convolutions run in ``compute_dtype``, normalisation and softmax in float32.

    ``dropout`` is the rate on what the dense layers of the listing read, flattened feature maps excepted: between the
    dense layers of AlexNet and VGG, and before the head of networks that end in global pooling.
    ``stochastic_depth`` is the rate of the last residual branch, with smaller ones before it (see
    :mod:`netspec.modules.stochastic_depth`); networks without residual branches have none. Both draw from the stream
    ``dropout`` of ``rngs`` and act in training mode only.

    The network is in training mode, as every ``flax.nnx`` module at first: BatchNorm normalises by the statistics of
    the batch and moves its running ones with each call, which changes the model, and dropout and stochastic depth
    draw. ``model.eval()`` before predicting makes it use the running statistics, change nothing and drop nothing;
    ``model.train()`` goes back. Networks without BatchNorm, dropout and stochastic depth compute the same in both.

    Raises ``ValueError`` for an unknown initialisation, one that is not defined for the network, or a rate outside
    [0, 1), ``TypeError`` for a layer without a module.
    """
    for name, rate in (("dropout", dropout), ("stochastic_depth", stochastic_depth)):
        if not 0 <= rate < 1:
            raise ValueError(f"{name} is {rate}, expected at least 0 and below 1")
    scheme = scheme_of(initialization, spec.provenance.entry)
    numerics = Numerics(scheme, compute_dtype, dropout, stochastic_depth, conventions=spec.conventions)
    network = Network(spec, numerics, rngs)
    if scheme.finish:
        scheme.finish(spec, network, rngs)
    return network
