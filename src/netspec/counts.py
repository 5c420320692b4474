"""Every count of a spec side by side: the book's, ours, a reference implementation's, the paper's; never mixed.

The figures from elsewhere stand in :mod:`netspec.reference`, each with its source.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, cast

from netspec import catalogue
from netspec.spec import NetSpec
from netspec.walk import Row

#: How built and reference compare. ``exact``: equal to the last parameter.
#: ``convention``: the same network but for named tensors. ``approximation``: another network of the same idea.
#: ``partial view``: the listing is a part of what the reference counts. ``no reference``: there is nothing to compare.
Kind = Literal["exact", "convention", "approximation", "partial view", "no reference"]

#: How a printed figure comes from a count: rounded to its last digit, cut off behind it, or not at all.
Agreement = Literal["rounded", "truncated", "not reproduced"]


@dataclass(frozen=True)
class Printed:
    """A figure as a chapter prints it, and the count that gives it.

    ``counted`` names the spec behind ``count``: the variant itself, another form of it, or the system it is part of;
    ``note`` says which convention that is, or why no count gives the figure.
    """

    figure: str
    counted: str
    count: int
    note: str

    @property
    def agreement(self) -> Agreement:
        """Whether ``count`` gives ``figure``."""
        return agreement(self.count, self.figure)


@dataclass(frozen=True)
class Reference:
    """The count of a reference implementation: which, in which version, built how, and why ours differs if it does."""

    implementation: str
    params: int
    source: str
    provenance: str
    differs: Literal["convention", "approximation", "partial view"] | None
    reason: str


@dataclass(frozen=True)
class Comparison:
    """How a network and its reference compare in one respect, and why where they differ or were not compared."""

    word: Literal["exact", "differs", "not compared"]
    why: str = ""

    def __str__(self) -> str:
        return f"{self.word} ({self.why})" if self.why else self.word


@dataclass(frozen=True)
class PaperFigure:
    """A figure as a paper prints it; ``checked`` says that it was found in the text, ``covers`` what it counts."""

    figure: str
    paper: str
    checked: bool
    covers: str


@dataclass(frozen=True)
class Count:
    """All counts of one spec.

    ``book`` is the chapter's formula on the chapter's listing, ``built`` the tensors of the faithful module,
    ``repository`` the total that the companion repository pins (of its own form, where the listings differ),
    ``paper_quoted`` the paper's figure as the chapter quotes it.
    """

    spec: NetSpec
    book: int
    built: int
    repository: int | None
    printed: Printed | None
    reference: Reference | None
    paper: PaperFigure | None
    paper_quoted: str

    @property
    def kind(self) -> Kind:
        """How built and reference compare."""
        if self.reference is None:
            return "no reference"
        return "exact" if self.delta_reference == 0 else self.reference.differs or "approximation"

    @property
    def in_count(self) -> Comparison:
        """How the numbers of parameters compare."""
        if self.kind == "no reference":
            return Comparison("not compared")
        return Comparison("exact") if self.kind == "exact" else Comparison("differs", self.kind)

    @property
    def in_function(self) -> Comparison:
        """How outputs compare under equal weights, as :mod:`netspec.functions` has found it.

        Where counts differ, so does what is computed from them.
        """
        if self.in_count.word != "exact":
            return Comparison(self.in_count.word)
        row = _table("book_functions.csv").get(self.spec.name)
        if row is None:
            return Comparison("not compared")
        return Comparison(cast(Any, row["function"]), row["reason"])

    @property
    def delta_reference(self) -> int | None:
        """Built minus reference."""
        return None if self.reference is None else self.built - self.reference.params

    @property
    def reason(self) -> str:
        """Why built and reference differ, in one line; empty where they agree or there is no reference."""
        return "" if self.reference is None else self.reference.reason


def count(spec: NetSpec) -> Count:
    """All counts of ``spec``; one that is not in the catalogue, or no longer the same, has only book and built."""
    name = spec.name if spec in catalogue.specs() else ""
    figures = _table("book_figures.csv").get(name, {})
    repository = figures.get("repository_params")
    return Count(
        spec=spec,
        book=spec.book_params,
        built=spec.params,
        repository=int(repository) if repository else None,
        printed=_printed(spec, figures),
        reference=_reference(name),
        paper=_paper(name),
        paper_quoted=figures.get("paper_quoted", ""),
    )


def counts() -> tuple[Count, ...]:
    """All counts of the 208 variants, in catalogue order."""
    return tuple(count(spec) for spec in catalogue.variants())


@dataclass(frozen=True)
class Part:
    """A figure that a chapter prints for some layers of a spec, and what they count by the chapter's formulas."""

    part: str
    spec: NetSpec
    rows: tuple[Row, ...]
    figure: str

    @property
    def count(self) -> int:
        """Parameters of the layers."""
        return sum(row.book_params for row in self.rows)

    @property
    def agreement(self) -> Agreement:
        """Whether :attr:`count` gives :attr:`figure`."""
        return agreement(self.count, self.figure)


def parts() -> tuple[Part, ...]:
    """The figures that the chapters print for parts of networks."""
    found = []
    for name, row in _table("book_parts.csv").items():
        spec = catalogue.find(row["spec"])
        first, _, last = row["layers"].partition("-")
        found.append(Part(name, spec, spec.rows[int(first) : int(last or first) + 1], row["printed"]))
    return tuple(found)


def agreement(count: int, figure: str) -> Agreement:
    """Whether ``count`` gives ``figure``, such as ``7.16M``. Raises ``ValueError`` for a figure that is no number."""
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?([KMB])", figure)
    if match is None:
        raise ValueError(f"figure {figure!r}, expected digits and K, M or B, such as 7.16M")
    whole, decimals, unit = match.groups(default="")
    step = 10 ** ({"K": 3, "M": 6, "B": 9}[unit] - len(decimals))
    printed = int(whole + decimals)
    if math.floor(count / step + 0.5) == printed:
        return "rounded"
    return "truncated" if count // step == printed else "not reproduced"


def _printed(spec: NetSpec, figures: Mapping[str, str]) -> Printed | None:
    if not figures.get("printed"):
        return None
    counted = catalogue.find(figures["counted"]) if figures["counted"] else spec
    return Printed(figures["printed"], counted.name, counted.book_params, figures["note"])


def _paper(name: str) -> PaperFigure | None:
    row = _table("paper_figures.csv").get(name)
    return None if row is None else PaperFigure(row["printed"], row["paper"], row["checked"] == "yes", row["covers"])


def _reference(name: str) -> Reference | None:
    row = _table("reference_map.csv").get(name)
    if row is None:
        return None
    known = _table("reference_counts.csv")
    parts = [known[key] for key in row["references"].split(" & ")]
    return Reference(
        implementation=row["references"],
        params=sum(int(part["params"]) for part in parts),
        source="; ".join(dict.fromkeys(part["source"] for part in parts)),
        provenance="; ".join(dict.fromkeys(part["provenance"] for part in parts)),
        differs=cast(Any, row["kind"] or None),
        reason=row["reason"],
    )


@cache
def _table(name: str) -> dict[str, dict[str, str]]:
    """Rows of a reference file by their first column."""
    text = resources.files("netspec.reference").joinpath(name).read_text(encoding="utf-8")
    return {next(iter(row.values())): row for row in csv.DictReader(io.StringIO(text))}
