"""A report as a sequence of blocks, which Markdown and the typeset page render alike.

A report is the files of one stem: ``reports/zoo.pdf``, ``reports/zoo.csv``, ``reports/zoo_curves.svg``. Blocks name
files by their place beside it, in which ``*`` is the stem's own name: ``*_curves.svg``. Text may contain `code` in
backticks and nothing else that a renderer has to understand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Of a field that is a name or a measure, which is shown as it is.
_NO_TEXT = {"no_text": True}


@dataclass(frozen=True)
class Column:
    """The head of a column of text, aligned left; ``width`` as typst has it, ``quiet`` is set back in grey.

    A column of figures is aligned right and needs no more than its name.
    """

    name: str
    width: str = field(default="auto", metadata=_NO_TEXT)
    left: bool = True
    quiet: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell with parts: a ``lead`` in bold before the text, and ``below`` it a second line.

    Markdown has one line and puts ``between`` before what is below. ``alarm`` is what no reader may miss.
    """

    text: str
    lead: str = ""
    below: str = ""
    between: str = ""
    alarm: bool = False


@dataclass(frozen=True)
class Line:
    """A row that is more than its cells: a rule above it, or a first cell that spans several columns."""

    cells: Sequence[str | Cell]
    span: int = 1
    rule: bool = False


@dataclass(frozen=True)
class Band:
    """A heading within a table over the rows that follow; it returns where they go on overleaf."""

    title: str
    about: str = ""


@dataclass(frozen=True)
class Table:
    """A table of figures: ``groups`` are (name, columns) over the header; a mark of a note repeats in the table.

    ``band`` is what its :class:`Band` rows are, such as ``Section``: in Markdown the name of a column. ``whole`` keeps
    it on one page.
    """

    caption: str
    header: Sequence[str | Column]
    rows: Sequence[Sequence[str | Cell] | Line | Band]
    groups: Sequence[tuple[str, int]] = ()
    notes: Sequence[tuple[str, str]] = ()
    band: str = ""
    whole: bool = False
    kind: str = field(default="table", init=False)

    @property
    def columns(self) -> list[Column]:
        """The header with a :class:`Column` for every column."""
        return [Column(name, left=False) if isinstance(name, str) else name for name in self.header]


@dataclass(frozen=True)
class Picture:
    """A drawing: an SVG file beside the report and what is to be seen; one that ``floats`` leaves no gap before it."""

    file: str = field(metadata=_NO_TEXT)
    caption: str
    floats: bool = False
    kind: str = field(default="picture", init=False)


@dataclass(frozen=True)
class Strip:
    """A picture as wide as the page is, with its name and what it shows."""

    name: str = field(metadata=_NO_TEXT)
    about: str
    path: Path


@dataclass(frozen=True)
class Strips:
    """PNG files below each other, each beside its name."""

    strips: Sequence[Strip]
    caption: str
    kind: str = field(default="strips", init=False)


@dataclass(frozen=True)
class Section:
    """A heading over sentences, a list of facts (what, text), or a small table of text."""

    title: str
    lead: str = ""
    sentences: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    kind: str = field(default="section", init=False)


@dataclass(frozen=True)
class Notes:
    """Remarks numbered from 1, to which numbers in a table refer."""

    notes: Sequence[str]
    kind: str = field(default="notes", init=False)


@dataclass(frozen=True)
class Definition:
    """A term that is defined: its name, a remark beside it, a formula in typst's notation and the same as plain text.

    ``facts`` are (what, text), each on a line of its own; ``alarm`` is what no reader may miss.
    """

    name: str
    remark: str
    typeset: str = field(metadata=_NO_TEXT)
    plain: str = field(metadata=_NO_TEXT)
    text: str
    facts: Sequence[tuple[str, str]] = ()
    alarm: str = ""


@dataclass(frozen=True)
class Definitions:
    """Definitions below each other, as a glossary has them."""

    definitions: Sequence[Definition]
    kind: str = field(default="definitions", init=False)


Block = Table | Picture | Strips | Section | Notes | Definitions


@dataclass(frozen=True)
class Page:
    """The report in reading order; ``wide`` are the blocks that follow on pages turned sideways.

    ``book`` cites what it is about, ``notice`` is a label and a text that no reader may miss, ``data`` are the files
    that the footer links to.
    """

    title: str
    subtitle: str
    question: str
    book: str
    blocks: Sequence[Block]
    footer: str
    notice: tuple[str, str] | None = None
    wide: Sequence[Block] = ()
    data: Sequence[str] = ("*.csv",)


def beside(stem: Path, file: str) -> str:
    """The address of a file as seen from the report."""
    return file.replace("*", stem.name)
