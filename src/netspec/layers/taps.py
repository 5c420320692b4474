"""Named taps: save a tensor under a name, read it again later."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Free, Layer, Several, Shape, Value
from netspec.layers.expect import expect_one
from netspec.names import tap_wrong


@dataclass(frozen=True)
class Save(Free):
    """Remember the tensor that passes under ``name``: ``shape -> shape``, no parameters.

    Source: the skips of U-Net (Ronneberger et al. 2015, arXiv:1505.04597); what the linear lists of book ch. 11 imply.
    """

    name: str

    primitive = "save"

    def check(self) -> None:
        """Raise :class:`LayerError` for no name, and for one that means something else."""
        super().check()
        if wrong := tap_wrong(self.name):
            raise LayerError("a saved tensor needs a name", arrived=repr(self.name), expected=wrong)

    def saves(self, arrived: Value) -> tuple[str, Value]:
        """The tensor that passes, unchanged."""
        return self.name, arrived

    def output_shape(self, arrived: Value) -> Value:
        """Unchanged."""
        return arrived


@dataclass(frozen=True)
class Load(Free):
    """Read the tensor saved under ``name``: in place of what arrives, joined to its channels, added, multiplied.

    ``join="replace"``: ``any -> saved``. ``"concat"``: ``(…, a), (…, b) -> (…, a + b)``. ``"add"``,
    ``"multiply"``: equal shapes.
    A tensor out of several is read as ``"name.part"``. No parameters. Source: as :class:`Save`.
    """

    name: str
    join: Literal["replace", "concat", "add", "multiply"] = "replace"

    primitive = "load"

    @property
    def reads(self) -> tuple[str, ...]:
        """The saved name."""
        return (self.name,)

    def output_shape(self, arrived: Value, saved: Value) -> Value:
        """The saved shape, or both joined; raises :class:`LayerError` when they do not fit together."""
        if self.join == "replace":
            return saved
        return joined(self.join, [arrived, saved])


def joined(join: str, shapes: list[Value]) -> Value:
    """Shape of tensors concatenated along channels, added or multiplied; :class:`LayerError` when they do not fit."""
    several = [expect_one(shape) for shape in shapes]
    first = several[0]
    if join in ("add", "mean", "multiply"):
        if any(shape != first for shape in shapes):
            raise LayerError(
                "multiplied tensors differ" if join == "multiply" else "added tensors differ",
                arrived=" and ".join(map(str, shapes)),
                expected="equal shapes",
            )
        return first
    if any(shape[:-1] != first[:-1] for shape in several):
        arrived = " and ".join(map(str, shapes))
        raise LayerError("concatenated tensors differ", arrived=arrived, expected="equal shapes but for the channels")
    return (*first[:-1], sum(shape[-1] for shape in several))


@dataclass(frozen=True)
class Reshape(Free):
    """The same scalars in another shape, row-major: any shape of the same size ``-> shape``. No parameters.

    Source: what a dense decoder does before its convolutions, e.g. Radford et al. 2015 (arXiv:1511.06434).
    """

    shape: tuple[int, ...]

    primitive = "reshape"

    def check(self) -> None:
        """Raise :class:`LayerError` for no sides."""
        super().check()
        if not self.shape:
            raise LayerError("shape must be positive integers", arrived=self.shape, expected="at least one")

    def resized(self, before: Shape, arrived: Shape) -> Reshape:
        """As many rows as there are now, of one side each as before: tokens of an image, or capsules.

        A sequence that becomes an image one pixel wide keeps its length. The sides of another image do not follow from
        the scalars in it, so such a shape stays.
        """
        rest = math.prod(self.shape[1:])
        column = len(self.shape) == 3 and before == (self.shape[0], self.shape[2])
        if (len(self.shape) > 2 and not column) or math.prod(arrived) % rest:
            return self
        return replace(self, shape=(math.prod(arrived) // rest, *self.shape[1:]))

    def output_shape(self, arrived: Value) -> Value:
        """``shape``, when the sizes agree."""
        expect_one(arrived)
        if math.prod(arrived) != math.prod(self.shape):
            expected = f"{math.prod(self.shape)} scalars for {self.shape}"
            raise LayerError("sizes differ", arrived=f"{math.prod(arrived)} in {arrived}", expected=expected)
        return self.shape


@dataclass(frozen=True)
class Pick(Free):
    """One tensor out of several: ``{name: shape, …} -> shape``. No parameters. Source: as :class:`Save`."""

    name: str

    primitive = "pick"

    def output_shape(self, arrived: Value) -> Value:
        """The shape called ``name``; raises :class:`LayerError` when there is none."""
        if not isinstance(arrived, Several) or self.name not in arrived:
            raise LayerError(f"no tensor named {self.name!r}", arrived=arrived, expected=f"several, one {self.name!r}")
        return arrived[self.name]


def moves_only(layer: Layer) -> bool:
    """Whether ``layer`` hands on a tensor that exists already, so that it takes no memory of its own."""
    return isinstance(layer, (Save, Pick)) or (isinstance(layer, Load) and layer.join == "replace")


#: Layers that move tensors and compute nothing: they do not count as layers of a listing.
PLUMBING: tuple[type[Layer], ...] = (Save, Load, Pick)
