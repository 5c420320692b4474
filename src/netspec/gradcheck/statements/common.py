"""Draws and properties that several statements share."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from netspec.gradcheck.checks import SAFETY, UNIT
from netspec.gradcheck.differences import extrapolate
from netspec.gradcheck.rules import Array, Map
from netspec.gradcheck.statement import Argument, Case, Property, Statement, relative


@cache
def theorems() -> dict[int, dict[str, str]]:
    """The rows of the reference table ``book_theorems.csv`` by number."""
    text = (files("netspec.reference") / "book_theorems.csv").read_text(encoding="utf-8")
    return {int(row["number"]): row for row in csv.DictReader(text.splitlines())}


def theorem(number: int, draw: Callable, *kinds: str) -> Statement:
    """The numbered theorem, its words taken from the reference table."""
    row = theorems()[number]
    return Statement(
        str(number), row["title"], row["section"], row["statement"], row["closed_form"], draw, ("ordinary", *kinds)
    )


def single(kind: str, name: str, value: Array, function: Map, **options: Any) -> Case:
    """A case with one argument; ``properties`` among the options is the case's, the others are the argument's."""
    properties = options.pop("properties", tuple)
    return Case(kind, (Argument(name, value, function, **options),), properties)


def sizes(rng: np.random.Generator, count: int, low: int = 2, high: int = 5) -> list[int]:
    """Random lengths of axes."""
    return [int(size) for size in rng.integers(low, high + 1, count)]


def exact(name: str, found: Array, expected: Array | float) -> Property:
    """``found`` is ``expected`` to the last bit."""
    return Property(name, relative(found, np.broadcast_to(expected, np.shape(found))))


def close(name: str, found: Array, expected: Array | float, roundings: int, size: float) -> Property:
    """``found`` is ``expected`` but for rounding errors of numbers of the given size."""
    error = relative(found, np.broadcast_to(expected, np.shape(found)), max(size, 1e-300))
    return Property(name, error, 20 * max(roundings, 1) * UNIT)


def adjoint(function: Map, x: Array, rng: np.random.Generator) -> Property:
    """``⟨dY, F(X)⟩ = ⟨B(dY), X⟩`` for a linear map."""
    y = function.forward(x)
    dy = rng.standard_normal(y.shape)
    terms = float(np.abs(dy * y).sum())
    dx = function.backward(x, dy)
    terms = max(terms, float(np.abs(dx * x).sum()))
    return close("⟨dY, F(X)⟩ = ⟨dX, X⟩", np.sum(dx * x), np.sum(dy * y), function.roundings + x.size + y.size, terms)


def twice_differentiable(function: Map, x: Array, rng: np.random.Generator, reach: float = 1.0) -> Property:
    """The second derivative along a line, from three values and from the gradients at its ends, is one number."""
    dy, along = (rng.standard_normal(shape) for shape in (function.forward(x).shape, x.shape))
    along /= np.linalg.norm(along)
    steps = 0.2 * reach * 0.5 ** np.arange(6)

    def value(h: float) -> float:
        return float(np.sum(dy * function.forward(x + h * along)))

    def gradient(h: float) -> float:
        return float(np.sum(along * function.backward(x + h * along, dy)))

    middle = value(0.0)
    terms = float(np.sum(np.abs(dy * function.forward(x))))
    noise = 2 * function.roundings * UNIT * max(1.0, float(np.abs(x).max())) * terms
    values = [(value(h) - 2 * middle + value(-h)) / h**2 for h in steps]
    curved = extrapolate(steps, values, 2 * noise / steps**2)
    turned = extrapolate(steps, [(gradient(h) - gradient(-h)) / (2 * h) for h in steps], noise / steps)
    size = max(abs(turned.value), terms)
    uncertainty = SAFETY * (curved.uncertainty + turned.uncertainty) / size
    return Property(
        "second derivative from values and from gradients", abs(curved.value - turned.value) / size, uncertainty
    )
