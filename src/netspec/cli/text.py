"""Plain text for terminals: numbers, shapes and aligned columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal

from netspec.layers import Value
from netspec.layers.base import Several

#: Columns of the output; nothing printed is wider unless a single word is.
WIDTH = 100

_UNITS = (("T", 12), ("B", 9), ("M", 6), ("K", 3))


def short(number: int) -> str:
    """Three significant digits and a unit: ``61.7K``, ``13.0B``; below a thousand the number itself.

    Beyond all units, three digits and a power of ten.
    """
    if number >= 10**18:
        return f"{Decimal(number):.2e}"
    for unit, power in _UNITS:
        if number >= 10**power - 10 ** (power - 3) / 2:
            scaled = number / 10**power
            decimals = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return f"{scaled:.{decimals}f}{unit}"
    return str(number)


def signed(number: int) -> str:
    """A difference with its sign; zero is ``±0``."""
    return f"{number:+,}" if number else "±0"


def shape(value: Value) -> str:
    """Shapes as figures print them, several joined by commas."""
    return ", ".join(shapes(value))


def shapes(value: Value, name: str = "") -> list[str]:
    """One entry per tensor: ``28×28×6``, or ``p2 200×200×256`` where there are several; nested names have dots."""
    if isinstance(value, Several):
        return [entry for part, inner in value.items() for entry in shapes(inner, f"{name}.{part}".strip("."))]
    return [f"{name} {'×'.join(map(str, value))}".strip()]


def table(rows: Iterable[Sequence[str]], align: str, header: Sequence[str] = (), indent: str = "") -> list[str]:
    """Lines of columns two spaces apart. ``align`` has ``<`` or ``>`` per column."""
    rows = [tuple(row) for row in rows]
    everything = [tuple(header), *rows] if header else rows
    widths = [max(map(len, column)) for column in zip(*everything, strict=True)]
    return [
        indent
        + "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, align, widths, strict=True)).rstrip()
        for row in everything
    ]


def cut(text: str, width: int) -> str:
    """``text``, or its beginning and an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def paragraph(text: str, indent: str = "", hanging: str | None = None) -> list[str]:
    """``text`` broken into lines of at most :data:`WIDTH` columns; ``hanging`` indents all but the first."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
