"""The rows of the tables, as values: what each column means, and how a row is written to CSV and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from report.errors import ReportError

BYTES_PER_SCALAR = 4  # single precision

PART_1 = "Part 1"

#: Names of fixtures that the catalogue keeps for tests: they belong to no paper.
_FIXTURE = ("tiny-", "tiny ")


def _column(meaning: str):
    return field(metadata={"meaning": meaning})


@dataclass(frozen=True)
class Variant:
    """One variant with all its counts: a row of ``params.csv`` and of ``other_forms.csv``."""

    entry: str = _column("heading of the catalogue")
    variant: str = _column("name of the spec")
    domain: str = _column("section of the later edition, or Part 1")
    image: str = _column("shape of the input, channels last; extra inputs follow with their names")
    n_layers: int = _column("layers of the listing")
    book_params: int = _column("parameters by the chapter's formulas on the chapter's listing")
    book_printed: str = _column("the figure as the chapter prints it")
    built_params: int = _column("parameters of the built network, tensor by tensor")
    reference_params: int | None = _column("parameters of the reference implementation")
    reference_source: str = _column("library, version and constructor, or the layer table that was summed")
    paper_printed: str = _column("the figure as a paper or its repository prints it")
    paper: str = _column("where that figure is printed, or else the paper of the architecture")
    delta_reference: int | None = _column("built_params minus reference_params")
    kind: str = _column("exact, convention, approximation, partial view or no reference")
    macs: int = _column("multiply-adds for one example")
    new_primitives: int | None = _column("primitives new to the reader in the later edition; empty: no such entry")
    new_primitives_earlier: int | None = _column("the same in the earlier edition; empty: the edition does not say")
    new_primitive_names: str = _column("which, in the later edition")
    new_primitive_names_earlier: str = _column("which, in the earlier edition")
    activations: int = _column("scalars that leave the primitives, for one example")
    activation_bytes: int = _column("the same in bytes of single precision")
    output: str = _column("shape of the output")
    reason: str = _column("why built and reference differ, in one line")
    remark: str = _column("what to know before comparing")
    book_printed_counts: str = _column("spec whose count gives book_printed")
    book_printed_params: int | None = _column("that count")
    book_printed_agreement: str = _column("rounded, truncated or not reproduced")
    book_printed_note: str = _column("the convention behind it, or why no count gives the figure")
    paper_quoted: str = _column("the paper's figure as the chapter quotes it")
    paper_checked: str = _column("yes: paper_printed was found in the text of the source")
    paper_covers: str = _column("what paper_printed counts, if more than the spec")
    repository_params: int | None = _column("total that the companion repository pins")
    reference: str = _column("row of the reference counts: family/variant/piece/classes; several are summed")
    reference_provenance: str = _column("instantiated, or computed-from-definition")
    earlier_domain: str = _column("section of the earlier edition; empty: no such entry")
    origin: str = _column("paper of the architecture")
    year: int | None = _column("its year")
    role: str = _column("variant, alternative form, or whole system")
    alternative_of: str = _column("variant that an alternative is another form of")
    primitives: str = _column("primitives used, in order of appearance")
    book: str = _column("where the chapters keep the entry")

    @property
    def is_fixture(self) -> bool:
        """Whether this is a miniature made for tests."""
        return self.variant.lower().startswith(_FIXTURE)

    @property
    def relative(self) -> float | None:
        """Difference from the reference in percent of it."""
        return None if self.delta_reference is None else 100 * self.delta_reference / self.reference_params


@dataclass(frozen=True)
class Layer:
    """One layer where it stands in a spec: a row of ``entries/*.csv``."""

    variant: str = _column("name of the spec")
    path: str = _column("place: 3, or 3.policy.0 inside a combinator")
    depth: int = _column("0 for a layer of the spec, 1 inside a combinator, which already counts it, and so on")
    layer: str = _column("the layer as the listing writes it")
    input: str = _column("shape that arrives; saved tensors that are read follow")
    output: str = _column("shape that leaves")
    book_params: int = _column("parameters by the chapter's formula")
    built_params: int = _column("parameters of the built module")
    macs: int = _column("multiply-adds for one example")
    activations: int = _column("scalars that leave, for one example")


@dataclass(frozen=True)
class Part:
    """A figure that a chapter prints for some layers of a network: a row of ``parts.csv``."""

    part: str = _column("what the chapter counts")
    variant: str = _column("name of the spec")
    layers: str = _column("places of its layers")
    book_params: int = _column("parameters of these layers by the chapter's formulas")
    book_printed: str = _column("the figure as the chapter prints it")
    book_printed_agreement: str = _column("rounded, truncated or not reproduced")


Row = TypeVar("Row", Variant, Layer, Part)


def columns(row: type[Row]) -> dict[str, str]:
    """Column names and what they mean."""
    return {column.name: column.metadata["meaning"] for column in fields(row)}


def encode(rows: Sequence[Row]) -> bytes:
    """Rows as CSV with a header; ``None`` is an empty field."""
    return encode_plain(list(columns(type(rows[0]))), map(astuple, rows))


def encode_plain(header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    """Any table as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def read(path: Path, row: type[Row]) -> list[Row]:
    """Rows that :func:`encode` wrote.

    Raises:
        ReportError: if the file is missing, empty, has other columns or a number that is none.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
    except FileNotFoundError:
        raise ReportError(f"{path}: there is no such file; `python -m report.params tables` writes it") from None
    except (OSError, ValueError, csv.Error) as error:
        raise ReportError(f"{path}: is not a readable CSV file: {error}") from None
    if header != list(columns(row)) or not lines:
        raise ReportError(f"{path}: expected at least one row and the columns {','.join(columns(row))}")
    return [_parse(path, number, row, line) for number, line in enumerate(lines, start=2)]


def _parse(path: Path, number: int, row: type[Row], line: list[str]) -> Row:
    if len(line) != len(fields(row)):
        raise ReportError(f"{path}, line {number}: {len(line)} fields, expected {len(fields(row))}")
    values = []
    for column, text in zip(fields(row), line, strict=True):
        if column.type == "str":
            values.append(text)
        elif not text and column.type == "int | None":
            values.append(None)
        else:
            try:
                values.append(int(text))
            except ValueError:
                problem = f"{column.name} is {text!r}, expected a whole number"
                raise ReportError(f"{path}, line {number}: {problem}") from None
    return row(*values)


@dataclass(frozen=True)
class Catalogue:
    """All that is counted, in catalogue order: the 208 variants, their other forms, and printed parts."""

    variants: tuple[Variant, ...]
    others: tuple[Variant, ...]
    parts: tuple[Part, ...]

    @cached_property
    def domains(self) -> dict[str, tuple[Variant, ...]]:
        """Variants by section, sections in the order of the later edition and Part 1 last."""
        groups = _group(self.variants, "domain")
        return dict(sorted(groups.items(), key=lambda group: group[0] == PART_1))

    @cached_property
    def entries(self) -> dict[str, tuple[Variant, ...]]:
        """Variants and other forms by heading."""
        return _group((*self.variants, *self.others), "entry")


def _group(rows: Iterable[Variant], by: str) -> dict[str, tuple[Variant, ...]]:
    groups: dict[str, list[Variant]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    return {name: tuple(group) for name, group in groups.items()}
