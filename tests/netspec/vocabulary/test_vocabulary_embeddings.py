import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import embeddings
from netspec.vocabulary.entry import entries

FAMILY = "embeddings"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


IDS = np.zeros((1, 2), int)
TABLES = np.ones((3, 4)), np.ones((2, 4)), np.ones((2, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: embeddings.segment_embedding(IDS, IDS + 2, *TABLES),
            "segments: arrived 2, expected a number from 0 to 1",
        ),
        (lambda: embeddings.segment_embedding(IDS + 3, IDS, *TABLES), "tokens: arrived 3"),
        (lambda: embeddings.segment_embedding(np.zeros((1, 3), int), np.zeros((1, 3), int), *TABLES), "at most 2"),
        (lambda: embeddings.segment_embedding(IDS, IDS, np.ones((3, 5)), *TABLES[1:]), "position_table: arrived"),
        (lambda: embeddings.sentence_embedding(np.ones((2, 3, 4)), np.zeros((2, 3))), "a sentence without tokens"),
        (lambda: embeddings.sentence_embedding(np.ones((2, 3, 4)), np.ones((2, 4))), "mask: arrived"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_token_embeddings_lead_to_the_embedding():
    assert entries()["token-embeddings"].duplicate_of == "embedding"
    assert entries()["token-embeddings"].load().__name__ == "TokenPositionEmbed"
