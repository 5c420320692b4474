"""Where the parts of a resolved cell come from."""

from __future__ import annotations

from typing import NamedTuple


class Places(NamedTuple):
    """The files, with a key where one narrows it down, in which a resolved cell was written, as messages name them."""

    cell: str
    recipe: str
    dataset: str
    model: str
