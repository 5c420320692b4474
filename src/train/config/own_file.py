"""A function in a Python file of one's own, as a recipe names it: ``FILE.py:NAME``."""

from __future__ import annotations

import re
from pathlib import Path

from train.config.printable import shown
from train.config.schema import ConfigError

#: The colon of a drive comes before.
_FORM = re.compile(r"(.+\.py):([A-Za-z_][A-Za-z0-9_]*)", re.IGNORECASE)


def file_and_name(own: str) -> tuple[Path, str]:
    """The parts of ``FILE.py:NAME``. Raises :class:`ConfigError`."""
    match = _FORM.fullmatch(own)
    if match is None:
        raise ConfigError(f"key 'optimizer.file' is {shown(own, 300)}, expected FILE.py:NAME")
    return Path(match[1]), match[2]


def text_of(own: str) -> bytes:
    """The contents of the file. Raises :class:`ConfigError`."""
    path, _ = file_and_name(own)
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"key 'optimizer.file': {shown(path, 300)} cannot be read ({reason})") from None
