"""The catalogue: every architecture under a name that forgives case, spaces and punctuation."""

from __future__ import annotations

import difflib
import re
from functools import cache

from netspec.catalogue import vit
from netspec.errors import UnknownSpecError
from netspec.spec import NetSpec

FAMILIES = (vit,)


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


@cache
def _by_key() -> dict[str, NetSpec]:
    return {_key(spec.name): spec for family in FAMILIES for spec in family.SPECS}


def names() -> tuple[str, ...]:
    """Names of all specs, in catalogue order."""
    return tuple(spec.name for spec in _by_key().values())


def find(name: str) -> NetSpec:
    """The spec called ``name``; ``vit-tiny``, ``ViT-Tiny`` and ``vit tiny`` are the same name.

    Raises :class:`UnknownSpecError`, which suggests the nearest names.
    """
    specs = _by_key()
    key = _key(name)
    if key in specs:
        return specs[key]
    near = difflib.get_close_matches(key, specs, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(specs[k].name for k in near)}?" if near else f"known: {', '.join(names())}"
    raise UnknownSpecError(f"unknown architecture {name!r}; {hint}")
