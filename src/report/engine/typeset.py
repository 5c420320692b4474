"""A page typeset: its content as JSON beside the one template, its pictures as files, one compile.

Only the fonts inside the typst package are used and no date is written, so the page is the same on every machine.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from netspec.ownership import SIGNATURE
from report.engine.errors import ReportError
from report.engine.page import Band, Block, Cell, Line, Page, Picture, Strips, Table, beside

TEMPLATE = "page.typ"

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
STRIP_WIDTH = 12.3  # cm at most: leaves room for the labels beside
STRIPS_HEIGHT = 12.8  # cm: half a page for all strips together, so that what follows fits below
SHARP_ABOVE = 600  # pixels across that width at which a picture is drawn no larger than it is


def compile_page(
    page: Page, stem: Path, drawings: Mapping[str, bytes], format: str = "pdf", ppi: float | None = None
) -> list[bytes]:
    """The page as it stands at ``stem``: one PDF, or with ``format="png"`` one picture per page.

    ``drawings`` are the contents of its pictures by the name of their file.

    Raises:
        ReportError: if a picture is missing or is not what its name says.
    """
    import typst

    pictures: dict[str, tuple[str, bytes]] = {}  # by the name in the template's folder: where from, and the content
    content = {
        **{key: getattr(page, key) for key in ("title", "subtitle", "question", "book", "notice", "footer")},
        "data": [beside(stem, file) for file in page.data],
        "blocks": [_block(block, stem, drawings, pictures) for block in page.blocks],
        "wide": [_block(block, stem, drawings, pictures) for block in page.wide],
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "content.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        template = root / TEMPLATE
        template.write_bytes((files(__package__) / TEMPLATE).read_bytes())
        for name, (_, picture) in pictures.items():
            (root / name).write_bytes(picture)
        try:
            pages = typst.compile(str(template), root=str(root), format=format, ppi=ppi, ignore_system_fonts=True)
        except typst.TypstError as error:
            given = ", ".join(source for source, _ in pictures.values())
            reason = str(error).strip().splitlines()[0]
            raise ReportError(f"cannot be typeset: {reason}; the pictures were {given or 'none'}") from None
    pages = pages if isinstance(pages, list) else [pages]
    # In a long document the keywords lie far from both ends, where what we wrote is known again.
    return [page + f"% {SIGNATURE}\n".encode() for page in pages] if format == "pdf" else pages


def _block(
    block: Block, stem: Path, drawings: Mapping[str, bytes], pictures: dict[str, tuple[str, bytes]]
) -> dict[str, Any]:
    """What the template reads of a block; its pictures are added to ``pictures``."""
    if isinstance(block, Picture):
        name = f"picture{len(pictures)}.svg"
        pictures[name] = (str(stem.parent / beside(stem, block.file)), drawings[block.file])
        return asdict(block) | {"file": name}
    if isinstance(block, Strips):
        return asdict(block) | _strips(block, pictures)
    if isinstance(block, Table):
        columns = [asdict(column) for column in block.columns]
        return asdict(block) | {"header": columns, "rows": [_row(row, len(columns)) for row in block.rows]}
    return asdict(block)


def _row(row: Any, columns: int) -> dict[str, Any]:
    if isinstance(row, Band):
        return {"band": True, **asdict(row)}
    line = row if isinstance(row, Line) else Line(row)
    if len(line.cells) + line.span - 1 != columns:
        raise ValueError(f"a row of {len(line.cells)} cells in a table of {columns} columns: {line.cells}")
    cells = [asdict(cell if isinstance(cell, Cell) else Cell(cell)) for cell in line.cells]
    return {"band": False, "cells": cells, "span": line.span, "rule": line.rule}


def _strips(block: Strips, pictures: dict[str, tuple[str, bytes]]) -> dict[str, Any]:
    """The strips as wide as they may be all alike, each marked where its pixels are enlarged."""
    read = [_png(strip.path) for strip in block.strips]
    share = STRIPS_HEIGHT / len(read)
    width = min([STRIP_WIDTH, *(share * across / down for _, across, down in read)])
    strips = []
    for strip, (content, across, _) in zip(block.strips, read, strict=True):
        name = f"picture{len(pictures)}.png"
        pictures[name] = (str(strip.path), content)
        strips.append({"name": strip.name, "about": strip.about, "file": name, "enlarged": across < SHARP_ABOVE})
    return {"strips": strips, "width": width}


def _png(path: Path) -> tuple[bytes, int, int]:
    """A picture that is there from its first chunk to its last, its width and its height in pixels."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from None
    if not content.startswith(PNG_SIGNATURE) or len(content) < 33 or b"IEND" not in content[-12:]:
        raise ReportError(f"{path}: is not a complete PNG picture")
    return content, *struct.unpack(">II", content[16:24])
