"""Listings of the document that do not do what they describe, run again from a reader's own copy of it.

The document is not part of this repository. What stands here is what is put before a listing and called after it, and
what then happens; :func:`tried` takes the listing itself out of a copy, by its line. It is run as code, with PyTorch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netspec.errors import VocabularyError
from netspec.vocabulary.entry import table

#: Lines of the document that the lines here are numbered by; another number means another version of it.
LINES = 6113


@dataclass(frozen=True)
class Trial:
    """One listing: ``line`` is where it is announced, ``length`` its lines after that.

    ``given`` are inputs as the document describes them, ``call`` an expression, ``happens`` the error that it ends
    with, or what its value is, and ``because`` why.
    """

    line: int
    length: int
    term: str
    given: str
    call: str
    happens: str
    because: str


@dataclass(frozen=True)
class Outcome:
    """What happened: an error's name and message, or a value; ``as_stated`` where it is what the trial says."""

    trial: Trial
    happened: str
    as_stated: bool


def trials() -> tuple[Trial, ...]:
    """The listings that are known to fail, in the order of the document, from ``reference/vocabulary_listings.csv``."""
    found: list[dict[str, Any]] = [
        row | {"line": int(row["line"]), "length": int(row["length"])} for row in table("vocabulary_listings.csv")
    ]
    return tuple(Trial(**row) for row in found)


def tried(document: str, chosen: Sequence[Trial] = ()) -> list[Outcome]:
    """Run listings, by default all of :func:`trials`, out of the text of the document.

    Raises:
        VocabularyError: where the document has another number of lines, or PyTorch is not installed.
    """
    lines = document.split("\n")  # and not where str.splitlines would: the document draws with other characters
    if len(lines) - 1 != LINES:
        raise VocabularyError(f"the document has {len(lines) - 1:,} lines, expected the version of {LINES:,}")
    try:
        import torch
    except ImportError:
        raise VocabularyError("the listings need PyTorch: pip install torch, or this package's extra 'bench'") from None
    torch.manual_seed(0)
    return [_try(trial, "\n".join(lines[trial.line : trial.line + trial.length])) for trial in chosen or trials()]


def _try(trial: Trial, listing: str) -> Outcome:
    import torch

    names: dict[str, Any] = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "math": math}
    names["_TOKENS"] = torch.zeros(1, 6, dtype=torch.long)
    try:
        exec(trial.given, names)
        exec(listing, names)
        happened = str(eval(trial.call, names))
    except Exception as error:  # whatever a listing of others ends with
        happened = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return Outcome(trial, happened, re.match(rf"({trial.happens})\b", happened) is not None)
