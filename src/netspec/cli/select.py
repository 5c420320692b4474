"""``netspec list``: the catalogue by domain, entry, primitive, size, year and role."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable
from itertools import groupby
from typing import Any

from netspec import catalogue, exact
from netspec.cli import records, text
from netspec.cli.sources import CommandError
from netspec.layers import Primitive
from netspec.spec import NetSpec

ROLES = ("variant", "alternative", "system", "trainer", "vocabulary", "published")

_SORTS: dict[str, Callable[[NetSpec], Any]] = {
    "catalogue": lambda spec: 0,
    "name": lambda spec: spec.name.lower(),
    "params": lambda spec: spec.params,
    "macs": lambda spec: spec.macs,
    "year": lambda spec: spec.provenance.year or 0,
    "layers": lambda spec: spec.n_layers,
}
SORTS = tuple(_SORTS)

_SIZE = re.compile(
    r"((?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:_\d{3})+|\d+)(?:\.\d*)?(?:e\d{1,2})?|\.\d+)\s*([kmbgt]?)",
    re.IGNORECASE | re.ASCII,
)
_POWERS = {"": 0, "k": 3, "m": 6, "b": 9, "g": 9, "t": 12}


def size(given: str) -> float:
    """A number of parameters as a person writes it: ``5.5M``, ``13B``, ``61,706``. For ``argparse``."""
    match = _SIZE.fullmatch(given.strip())
    if match is None or len(match[1]) > 40:
        raise argparse.ArgumentTypeError(f"{given!r} is no size; write it like 5.5M, 13B or 61706")
    return float(match[1].replace(",", "").replace("_", "")) * 10 ** _POWERS[match[2].lower()]


def years(given: str) -> tuple[int, int]:
    """A year or a span of years: ``2015`` or ``2015-2018``. For ``argparse``."""
    match = re.fullmatch(r"(\d{4})(?:\s*[-–]\s*(\d{4}))?", given.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"{given!r} is no year; write 2015 or 2015-2018")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise argparse.ArgumentTypeError(f"{given!r} ends before it begins; write {last}-{first}")
    return first, last


def run(options: argparse.Namespace) -> None:
    """Print the specs that pass all filters."""
    if None not in (options.min_params, options.max_params) and options.min_params > options.max_params:
        raise CommandError("--min-params is above --max-params, expected at most as much")
    found = select(
        domain=options.domain,
        entry=options.entry,
        primitive=options.primitive,
        role=options.role,
        year=options.year,
        min_params=options.min_params,
        max_params=options.max_params,
    )
    found = sorted(found, key=_SORTS[options.sort], reverse=options.reverse)
    if options.json:
        print(records.dump([records.summary(spec) for spec in found]))
    elif found:
        print("\n".join(lines(found, grouped=options.sort == "catalogue" and not options.reverse)))
    else:
        print("netspec: no architecture passes all of these filters", file=sys.stderr)


def select(
    *,
    domain: str | None = None,
    entry: str | None = None,
    primitive: str | None = None,
    role: str | None = None,
    year: tuple[int, int] | None = None,
    min_params: float | None = None,
    max_params: float | None = None,
) -> list[NetSpec]:
    """The specs of the catalogue that pass all filters given; sizes and years include their ends.

    Networks as libraries have them (:mod:`netspec.exact`) are listed by their role only.
    """
    published = role == "published"
    specs = tuple(one.spec() for one in exact.networks().values()) if published else catalogue.specs()
    domains = _matching("domain", domain, [spec.provenance.domain for spec in specs])
    entries = _matching("entry", entry, [spec.provenance.entry for spec in specs])
    wanted = None if primitive is None else _primitive(primitive)
    return [
        spec
        for spec in specs
        if spec.provenance.domain in domains
        and spec.provenance.entry in entries
        and (wanted is None or any(wanted in names for names in _primitive_names(spec)))
        and (role is None or spec.provenance.role == role)
        and (year is None or year[0] <= (spec.provenance.year or 0) <= year[1])
        and (min_params is None or spec.params >= min_params)
        and (max_params is None or spec.params <= max_params)
    ]


def lines(specs: list[NetSpec], grouped: bool) -> list[str]:
    """Aligned columns; under a heading per domain where the order is the catalogue's."""
    header = ("name", "year", "params", "MACs", "layers", "role")
    longest = max(len(spec.name) for spec in specs)
    room = text.WIDTH - 42
    rows = [
        (
            text.cut(spec.name, min(longest, room)),
            str(spec.provenance.year or ""),
            text.short(spec.params),
            text.short(spec.macs),
            str(spec.n_layers),
            "" if spec.provenance.role == "variant" else spec.provenance.role,
        )
        for spec in specs
    ]
    head, *body = text.table(rows, "<>>>><", header)
    if not grouped:
        return [head, *body]
    out = [head]
    for domain, group in groupby(zip(specs, body, strict=True), key=lambda pair: pair[0].provenance.domain):
        out += ["", domain, *(line for _, line in group)]
    return out


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _matching(what: str, given: str | None, known: list[str]) -> set[str]:
    """Those of ``known`` that are ``given``, else begin with it, else contain it, whatever its case and punctuation."""
    if given is None:
        return set(known)
    wanted = _key(given)
    tests: tuple[Callable[[str], bool], ...] = (wanted.__eq__, lambda k: k.startswith(wanted), lambda k: wanted in k)
    found = next(filter(None, ({name for name in known if wanted and test(_key(name))} for test in tests)), set())
    if not found:
        raise CommandError(f"unknown {what} {given!r}; {_hint(given, known)}")
    return found


def _primitive_names(spec: NetSpec) -> list[tuple[str, str]]:
    """Each primitive under its name in the book and the name of its class."""
    layers = (row.layer for row in spec.flat())
    return [(_key(layer.primitive), _key(type(layer).__name__)) for layer in layers if isinstance(layer, Primitive)]


def _primitive(given: str) -> str:
    rows = (row.layer for spec in catalogue.specs() for row in spec.flat())
    classes = {type(layer) for layer in rows if isinstance(layer, Primitive)}
    known = sorted({cls.primitive for cls in classes} | {cls.__name__ for cls in classes})
    if _key(given) not in map(_key, known):
        raise CommandError(f"unknown primitive {given!r}; {_hint(given, known)}")
    return _key(given)


def _hint(given: str, known: list[str]) -> str:
    """The nearest names, or all where there are few."""
    names = list(dict.fromkeys(known))
    near = difflib.get_close_matches(given.lower(), [name.lower() for name in names], n=3, cutoff=0.6)
    near = [name for name in names if name.lower() in near]
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"one of: {', '.join(names)}" if len(names) <= 12 else "`netspec list --json` shows what there is"
