"""Computations about the document's speculations."""

from __future__ import annotations

from netspec.vocabulary.evidence import Evidence


def term_of_a_patent() -> Evidence:
    """Twenty years from the earliest year in which the Transformer, published in June 2017, can have been filed."""
    first = 2017 + 20
    return Evidence(
        "key Transformer patents expire from 2035 on",
        f"20 years from a filing in 2017 end in {first} at the earliest; 2035 would be a filing in 2015",
        first > 2035,
    )
