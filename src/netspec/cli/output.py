"""Files that commands write where they are told to."""

from __future__ import annotations

import os
from pathlib import Path

from netspec.cli.sources import CommandError


def write(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, whole or not at all; a link stays one, and a device or pipe takes it as it comes.

    Raises :class:`CommandError` where it cannot be written; a file that was there is then unchanged.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        # One name per file: what a killed process left is overwritten.
        staged = target.with_name(f".{target.name[:200]}.tmp")
        try:
            staged.write_text(text, encoding="utf-8")
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
