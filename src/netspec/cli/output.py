"""Files that commands write where they are told to."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from netspec.cli.sources import CommandError
from netspec.ownership import OutputError, write_all


def write(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, by the rule of :mod:`netspec.ownership`; its folder must be there.

    Raises :class:`CommandError` where it is not ours to replace or cannot be written; what was there is then unchanged.
    """
    if not path.parent.exists():
        raise CommandError(f"{path}: cannot be written: {os.strerror(errno.ENOENT)}")
    try:
        write_all({path: text.encode()})
    except OutputError as error:
        raise CommandError(str(error)) from None
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
