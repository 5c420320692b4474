"""What a docstring of the vocabulary says under its labels, and the listing at its end.

A docstring opens with the problem that the term solves, and goes on in labelled paragraphs: ``Formula:``, ``Shapes:``,
``Parameters:``, ``Cost:``, ``Training:`` (what differs from evaluation), ``Caveats:``, ``Raises:``, ``Source:``. Its
listing is a doctest.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

#: Labels that every term's docstring has.
REQUIRED = ("Formula", "Shapes", "Cost", "Training", "Source")
LABELS = (*REQUIRED[:2], "Parameters", *REQUIRED[2:4], "Caveats", "Raises", REQUIRED[4])

#: Lines that a listing may have at most.
LISTING = 15


@dataclass(frozen=True)
class Description:
    """The parts of a docstring: what is ``said`` first, paragraphs by label, the ``listing`` with what it prints."""

    said: str
    labelled: dict[str, str]
    listing: tuple[str, ...]


def described(thing: Any) -> Description:
    """The docstring of ``thing``, taken apart."""
    text = inspect.getdoc(thing) or ""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith(">>>")), len(lines))
    listing = tuple(line for line in lines[start:] if line.strip())
    said: list[str] = []
    labelled: dict[str, list[str]] = {}
    paragraph = said
    for line in lines[:start]:
        if match := re.match(rf"({'|'.join(LABELS)}):\s*(.*)", line):
            paragraph = labelled.setdefault(match[1], [])
            line = match[2]
        paragraph.append(line.strip())
    return Description(_joined(said), {label: _joined(part) for label, part in labelled.items()}, listing)


def _joined(lines: list[str]) -> str:
    return " ".join(filter(None, lines))
