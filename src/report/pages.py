"""Typeset one template: the template beside the code, its data as JSON, its pictures as files, one compile.

Only the fonts inside the typst package are used and no date is written, so the page is the same on every machine.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from report.errors import ReportError


def compile_template(
    name: str,
    content: Any,
    pictures: Mapping[str, Path],
    format: str = "pdf",
    ppi: float | None = None,
) -> list[bytes]:
    """Typeset ``templates/NAME`` with ``content`` as its content.json: one PDF, or one picture per page.

    ``pictures`` are copied beside the template under the names it uses.

    Raises:
        ReportError: if a picture is missing or is not what its name says.
    """
    import typst

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "content.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        template = root / name
        template.write_text((files("report") / "templates" / name).read_text(encoding="utf-8"), encoding="utf-8")
        for target, source in pictures.items():
            try:
                shutil.copyfile(source, root / target)
            except OSError as error:
                raise ReportError(f"{source}: cannot be read: {error.strerror}") from None
        try:
            pages = typst.compile(str(template), root=str(root), format=format, ppi=ppi, ignore_system_fonts=True)
        except typst.TypstError as error:
            given = ", ".join(str(source) for source in pictures.values())
            reason = str(error).strip().splitlines()[0]
            raise ReportError(f"cannot be typeset: {reason}; the pictures were {given}") from None
    return pages if isinstance(pages, list) else [pages]
