"""What is said to be wrong with the document's attention, masks, positions, convolutions and recurrent networks."""

import pytest

from netspec.vocabulary import check
from netspec.vocabulary.entry import SHOWN, entries, errata, imported
from netspec.vocabulary.evidence import Evidence

FAMILIES = ("attention", "masks", "positions", "convolutions", "recurrent")
OURS = [erratum for erratum in errata() if entries()[erratum.term].family in FAMILIES]


def name(erratum):
    return f"{erratum.term}-{erratum.line}"


@pytest.mark.parametrize("erratum", OURS, ids=name)
def test_error_is_shown(erratum):
    assert erratum.shown in SHOWN and erratum.printed and erratum.right
    if erratum.shown != "computed":
        assert erratum.evidence
        return
    if erratum.evidence:
        evidence = imported(erratum.evidence)()
        assert isinstance(evidence, Evidence) and evidence.differs, evidence
        return
    caught = [
        one for _, mistakes in check.check(check.term(erratum.term)) for one in mistakes if one.verdict == "caught"
    ]
    assert erratum.line in [one.line for one in caught]


def test_lines_of_mistakes_are_errata():
    """A mistake that the document prints is an erratum of that term and line."""
    printed = {
        (term.id, mistake.line)
        for family in FAMILIES
        for term in check.terms(family)
        for prop in term.properties
        for mistake in prop.mistakes
        if mistake.line
    }
    assert printed and printed <= {(erratum.term, erratum.line) for erratum in OURS}


def test_linear_attention_is_hardly_nearer_to_the_softmax_than_a_mean():
    """The figures of the reference: 0.79 and 0.85 of the norm."""
    right = imported("netspec.vocabulary.evidence.attention.another_kernel")().right
    assert "0.79" in right and "0.85" in right
