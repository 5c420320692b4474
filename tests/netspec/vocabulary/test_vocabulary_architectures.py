import pytest
import vocabulary_family as family

from netspec.vocabulary.entry import imported

FAMILY = "architectures"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_the_documents_listing_of_gpt_is_counted_as_it_runs():
    evidence = imported("netspec.vocabulary.evidence.architectures.gpt_listing")()
    assert (evidence.printed, evidence.right) == ("144,150,528 parameters", "124,439,808 parameters")
