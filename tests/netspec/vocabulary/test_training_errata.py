"""What the document has wrong on losses, optimizers, schedules, scaling, embeddings and tokens is shown."""

import pytest

from netspec.vocabulary import check
from netspec.vocabulary.entry import SHOWN, entries, errata, imported

FAMILIES = ("losses", "optimizers", "schedules", "scaling", "embeddings", "tokens")
OURS = [erratum for erratum in errata() if entries()[erratum.term].family in FAMILIES]


@pytest.mark.parametrize("erratum", OURS, ids=lambda erratum: f"{erratum.line}-{erratum.term}")
def test_erratum(erratum):
    assert erratum.shown in SHOWN and erratum.printed and erratum.right
    if erratum.shown == "computed" and erratum.evidence:
        evidence = imported(erratum.evidence)()
        assert evidence.differs, evidence
    elif erratum.shown == "computed":
        term = check.term(erratum.term)
        assert erratum.line in {mistake.line for prop in term.properties for mistake in prop.mistakes}
    else:
        assert erratum.evidence


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mistake_that_the_document_prints_is_an_erratum(family):
    known = {(erratum.term, erratum.line) for erratum in OURS}
    for term in check.terms(family):
        lines = {mistake.line for prop in term.properties for mistake in prop.mistakes} - {None}
        assert {(term.id, line) for line in lines} <= known
