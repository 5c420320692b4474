"""What is asked of every family of the vocabulary; each has a test file that calls this for its own."""

import doctest
import inspect
import re

import pytest

from netspec.vocabulary import check, docs
from netspec.vocabulary.entry import entries


def executable(family):
    """Ids of the terms of a family that can be executed."""
    return [entry.id for entry in entries().values() if entry.family == family and entry.executable]


def check_family(family):
    """Rows and terms are the same, and so is what they point to."""
    assert [term.id for term in check.terms(family)] == executable(family)
    for term in check.terms(family):
        if term.implementation is not None:
            assert entries()[term.id].load() is term.implementation, term.id


def check_term(id):
    """Every property holds in float64 on all cases, and catches every mistake planted in it."""
    term = check.term(id)
    assert term is not None and term.properties, f"{id}: no property"
    for held, _ in check.check(term):
        assert held.verdict == "pass", held


def check_docstring(id):
    """The docstring has all its parts, states the formula of the row, and its listing is short and runs."""
    entry = entries()[id]
    thing = entry.load()
    description = docs.described(thing)
    assert description.said, f"{id}: no docstring"
    if entry.status == "here":
        pytest.skip("part of a network or of the trainer, described there")
    missing = [label for label in docs.REQUIRED if label not in description.labelled]
    assert not missing, f"{id}: {missing}"
    assert f"vocabulary line {entry.line}" in description.labelled["Source"]
    assert squeezed(description.labelled["Formula"]) == squeezed(entry.formula), id
    assert entry.typeset and entry.summary, f"{id}: no typeset formula or no summary"
    assert 1 <= len(description.listing) <= docs.LISTING, id
    names = {**vars(inspect.getmodule(thing)), thing.__name__: thing}
    run_listing("\n".join(description.listing), names, id)


def run_listing(listing, names, id):
    example = doctest.DocTestParser().get_doctest(listing + "\n", dict(names), id, None, None)
    report = []
    doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=report.append)
    assert not report, "".join(report)


def squeezed(text):
    return re.sub(r"\s+", " ", text).strip()
