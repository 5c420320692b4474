"""NetSpec: a named network as a value."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netspec.errors import SpecError
from netspec.layers.base import Layer, Shape
from netspec.layers.dense import Dense
from netspec.walk import walk


@dataclass(frozen=True)
class Provenance:
    """Where an architecture comes from: the book's section and the paper with its year."""

    book: str = ""
    paper: str = ""
    year: int | None = None


@dataclass(frozen=True)
class NetSpec:
    """An immutable network: name, input shape (channels last, no batch), layers, provenance.

    Constructing one follows the shape through every layer; :class:`SpecError` says where it breaks.
    """

    name: str
    input_shape: Shape
    layers: tuple[Layer, ...]
    provenance: Provenance = Provenance()

    def __post_init__(self) -> None:
        if not self.input_shape or any(not isinstance(side, int) or side < 1 for side in self.input_shape):
            raise SpecError(f"{self.name}: input shape {self.input_shape}, expected positive integers")
        if not self.layers:
            raise SpecError(f"{self.name}: no layers, expected at least one")
        object.__setattr__(self, "layers", tuple(self.layers))
        for _ in walk(self):
            pass

    @property
    def output_shape(self) -> Shape:
        """Shape after the last layer, without the batch."""
        *_, last = walk(self)
        return last.leaves

    @property
    def params(self) -> int:
        """Trainable scalars of the built network."""
        return sum(row.params for row in walk(self))

    @property
    def macs(self) -> int:
        """Multiply-adds per example; see :meth:`netspec.layers.Layer.macs` for what counts."""
        return sum(row.macs for row in walk(self))

    def with_classes(self, classes: int) -> NetSpec:
        """The same network with a classification head for ``classes`` classes.

        Raises :class:`SpecError` when the last layer is not a :class:`Dense` head.
        """
        *body, head = self.layers
        if not isinstance(head, Dense):
            raise SpecError(f"{self.name}: the last layer is {head}, expected a Dense classification head")
        if head.out_features == classes:
            return self
        return replace(self, layers=(*body, replace(head, out_features=classes)))
