"""Texts of others in Markdown: shown as they are, whatever of Markdown, HTML or mathematics they look like.

Backticks around `code` keep their meaning, see :mod:`report.engine.page`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

Value = TypeVar("Value")

_CODE = re.compile(r"(`[^`]+`)")
# An underscore within a word and an ampersand that begins no entity mean nothing to Markdown.
_MARKUP = re.compile(r"[\\`*<>\[\]$]|~(?=~)|(?<=~)~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_BEGINNING = re.compile(r"#{1,6}(?=\s|$)|[-+](?=\s|$)|=+\s*$|-{3,}\s*$")
_NUMBERED = re.compile(r"(\d{1,9})(?=[.)]\s)")


def inline(text: str) -> str:
    """``text`` on one line of Markdown, for a paragraph, an item of a list or, a bar apart, a cell of a table."""
    parts = _CODE.split(re.sub(r"\s*\n\s*", " ", text))
    parts[::2] = (_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2])
    line = "".join(parts).lstrip()
    return (
        _NUMBERED.sub(r"\1\\", line, count=1) if _NUMBERED.match(line) else "\\" * bool(_BEGINNING.match(line)) + line
    )


def texts(value: Value, change: Callable[[str], str] = inline) -> Value:
    """``value`` with every text in it, in lists, mappings and dataclasses, changed; paths are no texts."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return type(value)(texts(item, change) for item in value)
    if isinstance(value, dict):
        return {key: texts(item, change) for key, item in value.items()}
    if is_dataclass(value):
        given = {field.name: texts(getattr(value, field.name), change) for field in fields(value) if field.init}
        return replace(value, **given)
    return value


def phrase(text: str) -> str:
    """A text of a configuration as part of a sentence: one line, and backticks only in pairs."""
    line = " ".join(text.split())
    return line if line.count("`") % 2 == 0 else line.replace("`", "'")
