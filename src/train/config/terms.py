"""Which terms of the vocabulary a claim decides: the key ``term`` of claims, in trials and in comparisons."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from netspec.vocabulary.entry import entries


def terms(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the terms that a claim is about: one, several, or none where it does not say."""
    given = claim.get("term", ())
    return (given,) if isinstance(given, str) else tuple(given)


def mistake(claim: Mapping[str, Any]) -> str | None:
    """What is wrong with the key ``term`` of a claim and what was expected, or ``None``."""
    given = claim.get("term")
    if given is None:
        return None
    if not given or not isinstance(given, str | list) or not all(isinstance(one, str) for one in given):
        return f"'term' is {given!r}, expected an id of vocabulary_terms.csv or a list of several"
    known = entries()
    for one in terms(claim):
        if one not in known:
            near = difflib.get_close_matches(one, known, 2)
            hint = f", such as {' or '.join(near)}" if near else ""
            return f"'term' is {one!r}, expected an id of vocabulary_terms.csv{hint}"
    if len({*terms(claim)}) < len(terms(claim)):
        return f"'term' is {given!r}, expected each once"
    return None
