"""Texts of others on one line of a terminal: names of files, keys and values as a message shows them."""

from __future__ import annotations

import unicodedata

#: Characters of a text that a message quotes; of longer ones it shows both ends.
SHOWN = 80


def escaped(text: str) -> str:
    """``text`` with what moves the cursor, turns the direction of writing or cannot be encoded as Python escapes."""
    return "".join(character if _harmless(character) else ascii(character)[1:-1] for character in text)


def shown(text: object, limit: int = SHOWN) -> str:
    """``text``, escaped and shortened, for use inside a message of one line."""
    text = escaped(str(text))
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-limit // 4 :]} ({len(text):,} characters)"


def lines(text: str) -> str:
    """A message for the terminal: its line breaks stay, nothing else in it acts on the terminal."""
    return "\n".join(escaped(line) for line in text.split("\n"))


def _harmless(character: str) -> bool:
    # Of category Z only the plain and the no-break space are one line's; Cf has the marks of direction, Cs surrogates.
    kind = unicodedata.category(character)
    return character in " \u00a0\u2007\u202f\u200d\u00ad" or (kind[0] not in "CZ" or kind == "Zs")
