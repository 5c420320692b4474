import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import activations

FAMILY = "activations"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_empty_batches_are_refused():
    with pytest.raises(VocabularyError, match="x: arrived empty"):
        activations.relu(np.zeros((0, 3)))
