"""The content as a typeset page: what the template reads, and the pictures it shows."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from report.document import GROUPS, HEADER, Content, Strip
from report.errors import ReportError
from report.pages import compile_template

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
STRIP_WIDTH = 12.3  # cm at most: leaves room for the labels beside
STRIPS_HEIGHT = 12.8  # cm: half a page for all strips together, so that the table after them fits below
SHARP_ABOVE = 600  # pixels across that width at which a picture is drawn no larger than it is


def strips(paths: Sequence[Path], cells: Sequence[str]) -> list[Strip]:
    """The pictures in the order of the cells; each file is named after its cell.

    Raises:
        ReportError: if a picture belongs to no cell, or some cells have one and others do not.
    """
    by_cell = {path.stem: path for path in paths}
    for name, path in by_cell.items():
        if name not in cells:
            raise ReportError(f"{path}: no cell is named '{name}'; expected one of {', '.join(cells)}")
    missing = [name for name in cells if name not in by_cell]
    if paths and missing:
        raise ReportError(f"--previews: no picture named {missing[0]}.png is among them")
    return [Strip(name, by_cell[name]) for name in cells] if paths else []


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of a picture that is there from its first chunk to its last."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from None
    if not content.startswith(PNG_SIGNATURE) or len(content) < 33 or b"IEND" not in content[-12:]:
        raise ReportError(f"{path}: is not a complete PNG picture")
    return struct.unpack(">II", content[16:24])


def data(content: Content, links: Mapping[str, str]) -> dict:
    """What the template reads: the content, and the few facts about files that decide the layout."""
    fields = asdict(content)
    sizes = [png_size(strip.path) for strip in content.strips]
    width = min([STRIP_WIDTH, *(STRIPS_HEIGHT / len(sizes) * across / down for across, down in sizes)])
    fields["strips"] = [
        {"cell": strip.cell, "adds": row[1], "file": f"strip{i}.png", "enlarged": size[0] < SHARP_ABOVE}
        for i, (strip, row, size) in enumerate(zip(content.strips, content.rows, sizes, strict=False))
    ]
    return fields | {"groups": GROUPS, "header": HEADER, "links": list(links.items()), "strip_width": width}


def compile_page(
    content: Content,
    difference: Path,
    curves: Path,
    links: Mapping[str, str],
    format: str = "pdf",
    ppi: float | None = None,
) -> list[bytes]:
    """Typeset the report: one PDF, or with ``format="png"`` one picture per page.

    Raises:
        ReportError: if a picture is missing or is not what its name says.
    """
    pictures = {"difference.svg": difference, "curves.svg": curves}
    pictures |= {f"strip{i}.png": strip.path for i, strip in enumerate(content.strips)}
    return compile_template("ablation.typ", data(content, links), pictures, format, ppi)
