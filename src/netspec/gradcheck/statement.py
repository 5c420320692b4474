"""What is checked: a statement, and the cases it is checked on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from netspec.gradcheck.rules import Array, Map


@dataclass(frozen=True)
class Argument:
    """One tensor that is differentiated by: its value, the map of it with all others held fixed.

    ``jacobian`` is the statement's own Jacobian, where it states one: output axes first, then input axes. ``reach`` is
    the length over which the map changes its slope; central differences start at a hundredth of it. ``magnified`` is
    how much rounding errors on the way are known to grow where changes of the argument do not show it: intermediate
    numbers so much larger than what is left of them.
    """

    name: str
    value: Array
    map: Map
    jacobian: Callable[[], Array] | None = None
    reach: float = 1.0
    magnified: float = 1.0


@dataclass(frozen=True)
class Property:
    """Something that a statement claims besides the numbers of its gradient, and by how much it fails to hold.

    ``error`` is relative to the size of what is compared; it may be at most ``tolerance``, zero for what is exact.
    """

    name: str
    error: float
    tolerance: float = 0.0


@dataclass(frozen=True)
class Case:
    """One draw: what kind of data, the arguments, and the structure that the statement claims for them."""

    kind: str
    arguments: tuple[Argument, ...]
    properties: Callable[[], tuple[Property, ...]] = field(default=tuple)


#: Draws a case of the given kind.
Draw = Callable[[np.random.Generator, str], Case]


@dataclass(frozen=True)
class Statement:
    """A theorem, or a gradient of the earlier chapters, with the data it is checked on.

    ``key`` is the theorem's number, or a name for what the chapter at hand does not number. ``kinds`` are the kinds
    of data that :attr:`draw` knows, the ordinary one first.
    """

    key: str
    title: str
    section: str
    text: str
    closed_form: str
    draw: Draw
    kinds: tuple[str, ...] = ("ordinary",)

    def case(self, kind: str, seed: int) -> Case:
        """The case of that kind; different statements, kinds and seeds draw independently."""
        name = f"{self.key} {kind}".encode()
        return self.draw(np.random.default_rng([seed, *name]), kind)


def unit_jacobian(function: Map, x: Array) -> Array:
    """Jacobian by one backward per output entry: output axes first, then input axes."""
    shape = function.forward(x).shape
    rows = []
    for index in np.ndindex(shape):
        cotangent = np.zeros(shape)
        cotangent[index] = 1
        rows.append(function.backward(x, cotangent))
    return np.reshape(rows, (*shape, *x.shape))


def contraction(jacobian: Callable[[Array], Array], forward: Callable[[Array], Array], roundings: int) -> Map:
    """The map whose backward contracts a stated Jacobian with the cotangent."""
    return Map(forward, lambda x, dy: np.tensordot(dy, jacobian(x), axes=dy.ndim), roundings)


def relative(found: Array, expected: Array, scale: float | None = None) -> float:
    """Largest difference over the largest expected entry, or over ``scale``."""
    size = np.max(np.abs(expected), initial=0.0) if scale is None else scale
    worst = float(np.max(np.abs(np.asarray(found) - expected), initial=0.0))
    return float(worst / size) if size else worst
