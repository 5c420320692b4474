"""What heads, saved tensors and further inputs may be called, so that a name means one thing wherever it stands."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

#: The name under which skips are stacked: a layer that reads it gets the latest one still open.
SKIP = "(open skip)"

#: The further input under which a call hands over where the regions lie that a layer works on.
REGIONS = "regions"

#: What a built network and the paths of its layers call their own parts.
RESERVED = frozenset({"layers", "heads", "body", "shortcut", "branches", "copies", "inputs", "self", REGIONS, SKIP})


def tap_wrong(name: str) -> str:
    """What was expected of the name of a saved tensor, whose parts are read as ``name.part``; empty if it will do."""
    if not name or name != name.strip():
        return "any other, not empty"
    if set(name) & set("./\\"):
        return "one without dots and slashes"
    return "any but a reserved one" if name in RESERVED else ""


def head_wrong(name: str) -> str:
    """What was expected of the name of a head, which is part of the paths of its layers; empty if it will do."""
    if not name or any(letter in "./\\" or letter.isspace() for letter in name):
        return "such as 'policy', without slashes and blanks"
    return "any but a reserved one" if name in RESERVED else ""


def input_wrong(name: str) -> str:
    """What was expected of the name of a further input, a keyword argument of a call; empty if it will do."""
    if not name.isidentifier() or keyword.iskeyword(name):
        return "a name that Python takes, such as 'text'"
    return "any but a reserved one" if name in RESERVED or name == "x" else ""


def repeated(names: Iterable[str]) -> str | None:
    """The first name that occurred before."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
