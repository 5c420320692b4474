"""A sweep: values for keys of a recipe or of an augmentation, and the cells that every combination of them makes."""

from __future__ import annotations

import copy
import difflib
import hashlib
import itertools
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from train.config import schema
from train.config.schema import ConfigError

#: Parts of a resolved cell that are no knobs of the training.
APART = ("name", "description", "book_row", "recipe", "purpose", "dataset", "task", "swept")
#: Cells that a sweep may make of all cells together.
MOST = 1000
Path = tuple[str, ...]


def swept(
    cells: dict[str, dict[str, Any]], sweep: dict[str, list], where: str, key: str = "sweep"
) -> dict[str, dict[str, Any]]:
    """The resolved ``cells`` with every combination of values, by names that say which: ``bare-learning-rate-1e-3``.

    Under ``swept`` each says of what cell it is, and key by key (in full, with dots) what value it has. ``where`` names
    the file in messages. Raises :class:`ConfigError` for a key that no cell has, one that several parts of it have, and
    for more than :data:`MOST` cells. Whether the values fit is for the caller to check.
    """
    count = len(cells)
    for values in sweep.values():
        count *= len(values)
    if count > MOST:
        raise ConfigError(f"{where}: key '{key}' makes {count:,} cells, expected at most {MOST:,}")
    made: dict[str, dict[str, Any]] = {}
    for name, cell in cells.items():
        paths = [_path(name, cell, where) for name in sweep]
        for values in itertools.product(*sweep.values()):
            point = copy.deepcopy(cell)
            for path, value in zip(paths, values, strict=True):
                _set(point, path, value)
            points = dict(zip(map(".".join, paths), values, strict=True))
            point["name"] = _name(name, points)
            point["description"] = f"{cell['description']}; " + ", ".join(f"{k} = {v}" for k, v in points.items())
            point["swept"] = {"cell": name, **points}
            if point["name"] in made:
                raise ConfigError(f"{where}: key '{key}' makes two cells called {point['name']}, expected other values")
            made[point["name"]] = point
    return made


def stem(sweep: dict[str, list]) -> str:
    """What a sweep adds to the name of a report."""
    return "".join(f"~{_plain(key)}={','.join(map(text, values))}" for key, values in sweep.items())


def text(value: Any) -> str:
    """A value as a part of a name: ``1e-3`` for 0.001, ``25e-4`` for 0.0025, ``16``, ``sgd``, ``null``."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return _plain(value) or "empty"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    mantissa = ("minus-" if sign else "") + "".join(map(str, digits))
    if exponent > 0 and len(digits) + exponent <= 7:
        return mantissa + "0" * exponent
    return mantissa if not exponent else f"{mantissa}e{exponent}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.rpartition(".")[2].lower()).strip("-")


def _name(cell: str, points: dict[str, Any]) -> str:
    name = "-".join([cell, *(f"{_plain(key)}-{text(value)}" for key, value in points.items())])
    if schema.is_name(name):
        return name
    digest = hashlib.sha256(f"{cell} {points}".encode()).hexdigest()[:8]
    return f"{name[:54].strip('-')}-{digest}"


def _path(key: str, cell: dict[str, Any], where: str) -> Path:
    """Where in a cell a key stands: in full, or found by its last parts."""
    known = {".".join(path): path for path in _keys(cell)}
    wanted = f".{key}"
    found = [key] if key in known else [full for full in known if f".{full}".endswith(wanted)]
    if len(found) == 1:
        return known[found[0]]
    if found:
        raise ConfigError(f"{where}: key 'sweep.{key}' may be {' or '.join(found)}, expected one of them in full")
    near = difflib.get_close_matches(key, [*known, *(path[-1] for path in known.values())], n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
    raise ConfigError(f"{where}: key 'sweep.{key}' is none of cell {cell['name']!r}; {hint}")


def _keys(value: dict[str, Any], before: Path = ()) -> Iterator[Path]:
    for key, inner in value.items():
        if before or key not in APART:
            if isinstance(inner, dict):
                yield from _keys(inner, (*before, key))
            else:
                yield (*before, key)


def _set(cell: dict[str, Any], path: Path, value: Any) -> None:
    *parents, last = path
    for part in parents:
        cell = cell[part]
    cell[last] = value
