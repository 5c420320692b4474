"""Follow a shape through a spec: the one traversal that counting, printing, drawing and building share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netspec.errors import LayerError, SpecError
from netspec.layers.base import Layer, Shape

if TYPE_CHECKING:
    from netspec.spec import NetSpec


@dataclass(frozen=True)
class Row:
    """One layer where it stands in a spec: its index, both shapes (channels last, no batch), parameters and MACs."""

    index: int
    layer: Layer
    arrived: Shape
    leaves: Shape
    params: int
    macs: int

    @property
    def activations(self) -> int:
        """Scalars in the layer's output, per example."""
        return math.prod(self.leaves)


def walk(spec: NetSpec) -> Iterator[Row]:
    """Yield a :class:`Row` per layer, in order.

    Raises :class:`SpecError` naming the spec, the layer's index and text, what arrived and what was expected.
    """
    shape = spec.input_shape
    for index, layer in enumerate(spec.layers):
        try:
            layer.check()
            leaves = layer.output_shape(shape)
        except LayerError as error:
            raise SpecError(f"{spec.name}, layer {index} {layer}: {error}") from None
        yield Row(index, layer, shape, leaves, layer.params(), layer.macs(shape))
        shape = leaves
