"""A network as a library or a release has it: what its users call it, and what its count and its weights go by."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

from netspec.conventions import BOOK, Conventions
from netspec.layers.base import Layer, Shape
from netspec.spec import NetSpec, Provenance

#: The section under which they are listed; no chapter has it.
DOMAIN = "networks of libraries"
#: The name of a network that none is given to.
UNNAMED = "unnamed"


@dataclass(frozen=True)
class Part:
    """A piece of a network that a reference counts by itself: some of its layers, or one of ``of`` equal ones in them.

    ``layers`` are their places in the listing, from the end where negative.
    """

    piece: str
    layers: tuple[int, ...]
    of: int = 1

    def params(self, spec: NetSpec) -> int:
        """Parameters of that piece of ``spec``."""
        return sum(spec.rows[place].params for place in self.layers) // self.of


@dataclass(frozen=True)
class Published:
    """One network that others have released.

    ``name`` and ``aliases`` are what its users call it (``resnext50_32x4d``), in its library's spelling. ``make``
    gives the spec, which nothing does until somebody asks. ``family`` is that of ``reference/reference_counts.csv``;
    ``variants`` are the variants and ``piece`` the piece there whose counts it has, to the last parameter, at every
    number of classes. What ``parts`` name is counted by itself there, too. ``rules`` names the table in
    :mod:`netspec.weights.families` that its weights go by.
    ``constants`` are numbers that the library counts though nothing trains them; ours are no parameters.
    """

    name: str
    family: str
    library: str
    make: Callable[..., NetSpec]
    variants: tuple[str, ...] = ()
    piece: str = "total"
    parts: tuple[Part, ...] = ()
    rules: str = ""
    aliases: tuple[str, ...] = ()
    constants: int = 0

    def spec(self, classes: int | None = None) -> NetSpec:
        """The network, under its name and with the library as its source; with as many ``classes`` if they are given.

        Raises :class:`netspec.SpecError` for a network without a head of classes.
        """
        told = classes is not None and "classes" in inspect.signature(self.make).parameters
        made = self.make(classes=classes) if told else self.make()
        if classes is not None and not told:
            made = made.with_classes(classes)
        about = replace(made.provenance, role="published", entry=self.family, domain=DOMAIN, book=self.library)
        return replace(made, name=self.name, provenance=about)


def network(
    input_shape: Shape, *layers: Layer, conventions: Conventions = BOOK, paper: str = "", **inputs: Shape
) -> NetSpec:
    """A spec that :meth:`Published.spec` will name; ``inputs`` are its further inputs by name."""
    return NetSpec(UNNAMED, input_shape, layers, Provenance(paper=paper), tuple(inputs.items()), conventions)
