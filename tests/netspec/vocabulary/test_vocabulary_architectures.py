import pytest
import vocabulary_family as family

from netspec.vocabulary import check
from netspec.vocabulary.entry import errata, imported

FAMILY = "architectures"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


@pytest.mark.parametrize("family_name", ["generative", "associative", "quantum", "space", "architectures"])
def test_errors_of_the_document_are_shown(family_name):
    """What was computed is computed again: by evidence that differs, or by a mistake that bears the line."""
    for erratum in errata():
        if family_name != family.entries()[erratum.term].family or erratum.shown != "computed":
            continue
        if erratum.evidence:
            assert imported(erratum.evidence)().differs, erratum
        else:
            mistakes = [m for prop in check.term(erratum.term).properties for m in prop.mistakes]
            assert erratum.line in [mistake.line for mistake in mistakes], erratum


def test_the_documents_listing_of_gpt_is_counted_as_it_runs():
    evidence = imported("netspec.vocabulary.evidence.architectures.gpt_listing")()
    assert (evidence.printed, evidence.right) == ("144,150,528 parameters", "124,439,808 parameters")
