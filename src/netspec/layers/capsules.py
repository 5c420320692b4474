"""Capsules: vectors whose length says that a part is there and whose direction says how it lies."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netspec.errors import LayerError
from netspec.layers.base import Free, Primitive, Shape
from netspec.layers.expect import expect_last_axis, expect_one, shape_text


def _expect_capsules(arrived: Shape) -> tuple[int, int]:
    shape = expect_one(arrived)
    if len(shape) != 2:
        raise LayerError("capsules are needed", arrived=arrived, expected=shape_text("capsules", "width"))
    return shape[0], shape[1]


@dataclass(frozen=True)
class Squash(Free):
    """``v = ‖s‖²/(1 + ‖s‖²) · s/‖s‖`` of every vector: ``(capsules, width) -> (capsules, width)``, of length below 1.

    No parameters. Source: Sabour et al. 2017 (arXiv:1710.09829), eq. 1.
    """

    primitive = "squash"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        _expect_capsules(arrived)
        return arrived


@dataclass(frozen=True)
class DynamicRouting(Primitive):
    """Capsules that agree on a parent feed it: ``(in_capsules, in_width) -> (out_capsules, out_width)``.

    A map for each pair predicts the parent; ``n_iterations`` times, parents are the squashed sums of predictions,
    weighted by a softmax over the parents of logits that grow with the agreement of prediction and parent.

    Parameters: ``in_capsules·in_width·out_capsules·out_width``. Source: Sabour et al. 2017 (arXiv:1710.09829), eqs. 2
    and 3, procedure 1.
    """

    in_capsules: int
    in_width: int
    out_capsules: int
    out_width: int
    n_iterations: int = 3

    primitive = "dynamic_routing"

    def resized(self, before: Shape, arrived: Shape) -> DynamicRouting:
        """A matrix for each pair of the capsules that there are."""
        return replace(self, in_capsules=_expect_capsules(arrived)[0])

    def output_shape(self, arrived: Shape) -> Shape:
        """The parents."""
        capsules, _ = _expect_capsules(arrived)
        expect_last_axis("capsules are of another width", arrived, self.in_width)
        if capsules != self.in_capsules:
            expected = shape_text(self.in_capsules, self.in_width)
            raise LayerError("capsules differ in number", arrived=arrived, expected=expected)
        return (self.out_capsules, self.out_width)

    def params(self) -> int:
        """A matrix for each pair of capsules."""
        return self.in_capsules * self.in_width * self.out_capsules * self.out_width

    def macs(self, arrived: Shape) -> int:
        """The predictions, their weighted sums, and between two of those their agreement."""
        predictions = self.in_capsules * self.out_capsules * self.out_width
        return predictions * (self.in_width + 2 * self.n_iterations - 1)


@dataclass(frozen=True)
class CapsuleLengths(Free):
    """How sure each capsule is that its part is there: ``(capsules, width) -> (capsules,)``.

    No parameters. Source: Sabour et al. 2017 (arXiv:1710.09829), sec. 3.
    """

    primitive = "capsule_lengths"

    def output_shape(self, arrived: Shape) -> Shape:
        """One length each."""
        return _expect_capsules(arrived)[:1]


@dataclass(frozen=True)
class LongestCapsule(Free):
    """All capsules but the longest at zero, for a decoder: ``(capsules, width) -> (capsules, width)``.

    While training the paper keeps the capsule of the right class instead. No parameters. Source: Sabour et al. 2017
    (arXiv:1710.09829), sec. 4.1.
    """

    primitive = "longest_capsule"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        _expect_capsules(arrived)
        return arrived
