"""Looking a word up: names, abbreviations and misspellings first, then what formulas and summaries contain."""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import cache

from netspec.errors import UnknownTermError
from netspec.vocabulary.entry import Entry, entries

#: How alike a word and a name have to be, of 1, to be taken for a misspelling; names with another meaning stay below.
ALIKE = 0.78


def find(name: str) -> Entry:
    """The one term meant by ``name``: its id, its name or an abbreviation, however written, or nearly so.

    What only repeats another entry leads to that one.

    Raises:
        UnknownTermError: where nothing or too much is meant; it suggests the nearest terms.
    """
    found = exactly(name)
    if found is None:
        near = _misspelt(key(name))
        if len(near) == 1:
            return near[0]
        others = near or search(name)[:3]
        hint = (
            f"did you mean {' or '.join(_short(entry) for entry in others[:4])}?"
            if others
            else "`netspec terms` lists all"
        )
        raise UnknownTermError(f"unknown term {name!r}; {hint}")
    return found


def exactly(name: str) -> Entry | None:
    """The term of that id, name or abbreviation, or the only one whose name begins so."""
    wanted = key(name)
    known = _known()
    if wanted in known:
        return known[wanted]
    begun = {id(entry): entry for each, entry in known.items() if len(wanted) > 2 and each.startswith(wanted)}
    return next(iter(begun.values())) if len(begun) == 1 else None


def search(text: str) -> list[Entry]:
    """Terms in whose name, abbreviations, summary or formula all words of ``text`` stand; names first."""
    words = [_plain(word) for word in text.split()]
    if not words:
        return []
    places: dict[str, int] = {}
    for entry in entries().values():
        for rank, part in enumerate((" ".join((entry.name, entry.id, *entry.also)), entry.summary, entry.formula)):
            if not entry.duplicate_of and all(word in _plain(part) for word in words):
                places.setdefault(entry.id, rank)
    return [entries()[one] for one in sorted(places, key=lambda one: places[one])]


def original(entry: Entry) -> Entry:
    """The entry that ``entry`` repeats, or itself."""
    return entries()[entry.duplicate_of] if entry.duplicate_of else entry


def key(name: str) -> str:
    """What of a name counts: its letters and digits, small."""
    return re.sub(r"[^a-z0-9]+", "", _plain(name))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text.lower())


def _misspelt(wanted: str) -> list[Entry]:
    near = difflib.get_close_matches(wanted, _known(), n=6, cutoff=ALIKE)
    return list({_known()[each].id: _known()[each] for each in near}.values())


def _short(entry: Entry) -> str:
    return re.sub(r"\s*\(.*?\)", "", entry.name)


@cache
def _known() -> dict[str, Entry]:
    """Entries by all that they are called; an id counts more than a name, a name more than an abbreviation."""
    known: dict[str, Entry] = {}
    everything = [(entry, original(entry)) for entry in entries().values()]
    for names in (
        lambda entry: (entry.id,),
        lambda entry: (entry.name, _short(entry)),
        lambda entry: (*entry.also, *re.findall(r"\((.*?)\)", entry.name)),
    ):
        for repeats in (False, True):
            for entry, meant in everything:
                if bool(entry.duplicate_of) == repeats:
                    for name in names(entry):
                        known.setdefault(key(name), meant)
    known.pop("", None)
    return known
