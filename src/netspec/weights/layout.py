"""A tensor as a library lays it out and as ours does: shapes, and two functions that undo each other.

They only permute, flip and cut, so that a gradient goes the same way as the tensor it is of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from netspec.weights.rules import Layout

#: What a tensor is: it decides which axes go where. ``plain`` is a vector or a table, which stays as it is.
Kind = Literal["conv", "transposed", "linear", "plain"]


@dataclass(frozen=True)
class Arrangement:
    """How a tensor of ours of ``shape`` lies in the library.

    ``features`` is ``(H, W, C)`` where a dense map reads a feature map that was flattened: in the library, channels
    come first. ``lead`` axes of length one stand in front there, or where negative are missing.
    """

    kind: Kind
    shape: tuple[int, ...]
    layout: Layout = "oi"
    lead: int = 0
    features: tuple[int, ...] | None = None
    heads: int | None = None
    fused: int = 3
    square: bool = False
    trail: int = 0
    groups: int = 1

    @property
    def theirs(self) -> tuple[int, ...]:
        """Its shape in the library."""
        shape = self.shape
        if self.kind == "conv":
            *window, inputs, outputs = shape
            if self.layout == "dense":
                return (outputs, inputs)
            return (outputs, inputs, *([math.prod(window)] if self.layout == "conv1d" else window))
        if self.kind == "transposed":
            *window, inputs, outputs = shape
            return (inputs * self.groups, outputs // self.groups, *window)
        if self.kind == "linear":
            inputs, outputs = shape
            ones = {"conv": (1, 1), "conv1d": (1,)}.get(self.layout, ())
            return shape if self.layout == "io" else (outputs, inputs, *ones)
        if self.square:
            shape = (math.isqrt(shape[0]), math.isqrt(shape[0]), *shape[1:])
        if self.trail < 0:
            return shape[: self.trail]
        return shape[-self.lead :] if self.lead < 0 else (*[1] * self.lead, *shape, *[1] * self.trail)

    def to_ours(self, tensor: Any) -> Any:
        """The library's tensor as ours; a numpy or jax array."""
        if self.kind == "conv":
            tensor = tensor.reshape(*tensor.shape[:2], *self.shape[:-2])
            tensor = tensor.transpose(*range(2, tensor.ndim), 1, 0)
        elif self.kind == "transposed":
            flipped = tensor[(slice(None), slice(None), *[slice(None, None, -1)] * (tensor.ndim - 2))]
            # Groups are side by side among the inputs there, among the outputs here.
            apart = flipped.reshape(self.groups, -1, *flipped.shape[1:])
            tensor = apart.transpose(*range(3, apart.ndim), 1, 0, 2).reshape(self.shape)
        elif self.kind == "linear" and self.layout != "io":
            tensor = tensor.reshape(tensor.shape[:2]).T
        else:
            tensor = tensor.reshape(self.shape)
        if self.features:
            height, width, channels = self.features
            apart = tensor.reshape(channels, height, width, -1)
            tensor = apart.transpose(1, 2, 0, 3).reshape(self.shape)
        if self.heads:
            tensor = self._sorted(tensor, (self.heads, self.fused))
        return tensor

    def to_theirs(self, tensor: Any) -> Any:
        """The inverse of :meth:`to_ours`."""
        if self.heads:
            tensor = self._sorted(tensor, (self.fused, self.heads))
        if self.features:
            height, width, channels = self.features
            apart = tensor.reshape(height, width, channels, -1)
            tensor = apart.transpose(2, 0, 1, 3).reshape(self.shape)
        if self.kind == "conv":
            return tensor.transpose(-1 % tensor.ndim, tensor.ndim - 2, *range(tensor.ndim - 2)).reshape(self.theirs)
        if self.kind == "transposed":
            apart = tensor.reshape(*tensor.shape[:-1], self.groups, -1)
            moved = apart.transpose(apart.ndim - 2, apart.ndim - 3, apart.ndim - 1, *range(apart.ndim - 3))
            moved = moved.reshape(self.theirs)
            return moved[(slice(None), slice(None), *[slice(None, None, -1)] * (tensor.ndim - 2))]
        if self.kind == "linear" and self.layout != "io":
            return tensor.T.reshape(self.theirs)
        return tensor.reshape(self.theirs)

    def _sorted(self, tensor: Any, order: tuple[int, int]) -> Any:
        """Outputs that are sorted by ``order`` in the order that swaps both."""
        first, second = order
        width = tensor.shape[-1] // (first * second)
        apart = tensor.reshape(math.prod(tensor.shape[:-1]), first, second, width)
        return apart.transpose(0, 2, 1, 3).reshape(tensor.shape)
