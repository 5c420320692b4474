"""A network for images of another size, of other channels, or for longer sequences: what depends on that follows.

The spec is walked again with what it takes now (see :mod:`netspec.walk`), and each layer is asked for itself as it
would be there (:meth:`netspec.layers.Layer.resized`): patches are counted anew, learned positions are as many as the
tokens of the image, dense layers behind a :class:`netspec.layers.Flatten` read as many features as arrive. Windows
stay as wide as they are, and tile a padded grid. What stays in one proportion only (a U-Net's halved and doubled
sides) is refused with the sizes nearby that would do.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from netspec.errors import SpecError
from netspec.layers.base import Layer, Shape, Value
from netspec.layers.dense import Dense
from netspec.layers.resize import Resize
from netspec.layers.token_embedding import INDEXED
from netspec.layers.tokens import SwapAxes
from netspec.layers.window import both
from netspec.walk import walk

if TYPE_CHECKING:
    from netspec.spec import NetSpec

#: Steps in which sizes are tried: what networks halve so many times, and patches of usual sides.
STEPS = (2, 4, 8, 12, 14, 16, 28, 32, 64, 128)

#: Fields that say how many channels arrive, by the first of them that a layer has.
CHANNELS = ("in_channels", "channels", "in_features", "width")


def resized(spec: NetSpec, height: int, width: int) -> NetSpec:
    """``spec`` for images ``(height, width, channels)``; see :meth:`netspec.NetSpec.resized`."""
    _expect_image(spec)
    expect_counts(spec, height=height, width=width)
    shape = (height, width, spec.input_shape[2])
    try:
        return fitted(spec, shape)
    except SpecError as error:
        near = [f"{rows}×{columns}" for rows, columns in _near(spec, height, width)]
        hint = f"expected a size such as {' or '.join(near)}" if near else "no size near does"
        reason = str(error).removeprefix(spec.name).removeprefix(", ")
        raise SpecError(f"{spec.name}: takes no images of {height}×{width}, {hint}; {reason}") from None


def with_channels(spec: NetSpec, channels: int) -> NetSpec:
    """``spec`` for images of as many channels; see :meth:`netspec.NetSpec.with_channels`."""
    _expect_image(spec)
    expect_counts(spec, channels=channels)
    return fitted(spec, (*spec.input_shape[:2], channels))


def with_tokens(spec: NetSpec, tokens: int) -> NetSpec:
    """``spec`` for sequences of as many tokens; see :meth:`netspec.NetSpec.with_tokens`."""
    expect_counts(spec, tokens=tokens)
    if not _is_sequence(spec):
        raise SpecError(f"{spec.name}: takes {spec.input_shape}, expected a network that takes a sequence of tokens")
    before = spec.input_shape[0]
    extra = tuple((name, (tokens, *s[1:]) if s[0] == before else s) for name, s in spec.extra_inputs)
    return replace(spec, input_shape=(tokens, *spec.input_shape[1:]), extra_inputs=extra)


def fitted(spec: NetSpec, input_shape: Shape) -> NetSpec:
    """``spec`` for ``input_shape``, every layer as it is there, and extra inputs of its sides with it.

    Raises :class:`SpecError` where it breaks.
    """
    if input_shape == spec.input_shape:
        return spec
    sides = spec.input_shape[:2]
    extra = tuple(
        (name, (*input_shape[:2], shape[2]) if len(shape) == 3 and shape[:2] == sides else shape)
        for name, shape in spec.extra_inputs
    )
    rows = walk(spec.name, input_shape, extra, spec.layers, _Fitter(spec, input_shape))
    return replace(spec, input_shape=input_shape, extra_inputs=extra, layers=tuple(row.layer for row in rows))


class _Fitter:
    """Each layer as it is in a network that takes ``input_shape``, by what arrived at the same place before."""

    def __init__(self, spec: NetSpec, input_shape: Shape) -> None:
        self.image, self.sides = spec.input_shape[:2], input_shape[:2]
        self.before = {row.path: row.arrived for row in spec.flat()}
        self.swapped: tuple[int, int] | None = None

    def __call__(self, path: str, layer: Layer, arrived: Value, behind: Layer | None) -> Layer:
        before = self.before[path]
        if isinstance(layer, SwapAxes):
            # Between two of them the last axis is of tokens, and a dense layer must give back as many as came.
            self.swapped = None if self.swapped or before == arrived else (_first(before), _first(arrived))
            return layer
        if isinstance(layer, Resize) and both(layer.size) == self.image != self.sides:
            return replace(layer, size=(self.sides[0], self.sides[1]))
        if before != arrived and isinstance(before, tuple) and isinstance(arrived, tuple):
            layer = _of_channels(layer.resized(before, arrived), before, arrived)
        if isinstance(layer, Dense) and isinstance(behind, SwapAxes) and self.swapped:
            tokens, now = self.swapped
            layer = replace(layer, out_features=now) if layer.out_features == tokens else layer
        return layer


def _first(value: Value) -> int:
    return value[0] if isinstance(value, tuple) else 0


def _of_channels(layer: Layer, before: Shape, arrived: Shape) -> Layer:
    """The layer for as many channels as arrive, if it says how many."""
    if before[-1] == arrived[-1]:
        return layer
    known = {field.name for field in fields(layer)}
    for name in CHANNELS:
        if name in known and getattr(layer, name) == before[-1]:
            changed: Any = {name: arrived[-1]}
            return replace(layer, **changed)
    return layer


def expect_counts(spec: NetSpec, **counts: int) -> None:
    """Raise :class:`SpecError` unless all are whole numbers of at least one."""
    for name, count in counts.items():
        if type(count) is not int or count < 1:
            raise SpecError(f"{spec.name}: {name} {count!r}, expected a whole number of at least 1")


def _expect_image(spec: NetSpec) -> None:
    if len(spec.input_shape) != 3:
        raise SpecError(
            f"{spec.name}: takes {spec.input_shape}, expected a network that takes (height, width, channels)"
        )


def _is_sequence(spec: NetSpec) -> bool:
    """Whether a sequence arrives: vectors, or indices that a layer looks up."""
    looked_up = any(isinstance(row.layer, INDEXED) and row.arrived == spec.input_shape for row in spec.flat())
    return len(spec.input_shape) == 2 or (len(spec.input_shape) == 1 and looked_up)


def _near(spec: NetSpec, height: int, width: int) -> list[tuple[int, int]]:
    """Sizes around that one that the network takes.

    In the least step of which the sizes below and above both do: multiples of it, or whole steps from the network's own
    size. Where no step has both, the first size that does.
    """
    fallback: list[tuple[int, int]] = []
    for step in STEPS:
        for first in ((0, 0), spec.input_shape[:2]):
            sides = [_around(side, step, start) for side, start in zip((height, width), first, strict=True)]
            pair = list(dict.fromkeys(zip(*sides, strict=True)))
            fine = [(rows, columns) for rows, columns in pair if _takes(spec, rows, columns)]
            if fine and fine == pair:
                return fine
            fallback = fallback or fine
    return fallback


def _takes(spec: NetSpec, height: int, width: int) -> bool:
    try:
        fitted(spec, (height, width, spec.input_shape[2]))
    except SpecError:
        return False
    return True


def _around(side: int, step: int, first: int) -> tuple[int, int]:
    """The sides ``first + k·step`` next to ``side``, the nearest in front; both are the same where it is one."""
    below = side - (side - first) % step
    above = below if below == side else below + step
    below = below if below > 0 else above
    return (below, above) if side - below <= above - side else (above, below)
