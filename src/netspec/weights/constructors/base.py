"""Our side of what was constructed, by name or from a function of a family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec import exact
from netspec.spec import NetSpec
from netspec.weights import families
from netspec.weights.parity import Twin


def named(name: str, **options: Any) -> Twin:
    """The published network of that name, by its own rules; ``options`` are further fields of :class:`Twin`."""
    network = exact.find(name)
    return Twin(network.spec(), families.find(network.rules), **options)


def made(rules: str, make: Callable[..., NetSpec], *arguments: Any, **options: Any) -> Twin:
    """A network of a family to which nobody gave a name."""
    return Twin(make(*arguments, **options), families.find(rules))
