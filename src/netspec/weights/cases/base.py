"""Our side of a case, by name or from a function of a family."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from netspec import exact
from netspec.spec import NetSpec
from netspec.weights import families
from netspec.weights.cases.constructor import Call
from netspec.weights.parity import Case, Twin

#: Our side of each case, made when it is asked for.
Cases = dict[str, Callable[[], Twin]]

#: Our side of what a library's class makes of a configuration, by the name of the class.
Classes = dict[str, Callable[[Call, Case], Twin]]


def named(name: str, classes: int | None = None, **options: Any) -> Twin:
    """The published network of that name, by its own rules; ``options`` are further fields of :class:`Twin`."""
    network = exact.find(name)
    return Twin(network.spec(classes), families.find(network.rules), **options)


def made(rules: str, make: Callable[..., NetSpec], *arguments: Any, **options: Any) -> Twin:
    """A network of a family to which nobody gave a name."""
    return Twin(make(*arguments, **options), families.find(rules))


def case(rules: str, make: Callable[..., NetSpec], *arguments: Any, **options: Any) -> Callable[[], Twin]:
    """:func:`made`, when it is asked for."""
    return partial(made, rules, make, *arguments, **options)
