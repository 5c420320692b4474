"""Computations that show an error of the document, a module a family."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """What the document has and what comes out, as text, and whether they differ: an erratum stands only if so."""

    printed: str
    right: str
    differs: bool
