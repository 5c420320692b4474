import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import tokens
from netspec.vocabulary.tokens import BytePairs

FAMILY = "tokens"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


LETTERS, TABLE, FILTERS = np.ones((2, 3), int), np.ones((4, 5)), [(np.ones((2, 5, 1)), np.ones(1))]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tokens.char_embedding(LETTERS, TABLE, []), "filters: arrived empty"),
        (lambda: tokens.char_embedding(4 * LETTERS, TABLE, FILTERS), "characters: arrived 4"),
        (
            lambda: tokens.char_embedding(LETTERS[:, :1], TABLE, FILTERS),
            r"kernel: arrived 2 letters long, expected at most 1",
        ),
        (lambda: tokens.char_embedding(LETTERS, np.ones((4, 6)), FILTERS), r"filters\[0\].kernel: arrived"),
        (lambda: BytePairs.learn({}, 3), "words: arrived empty"),
        (lambda: BytePairs.learn({"a": 0}, 3), r"words\['a'\]: arrived 0"),
        (lambda: BytePairs.learn({"ab": 1}, -1), "merges: arrived -1"),
        (lambda: BytePairs(()).decode([256]), "tokens: arrived 256, expected a number from 0 to 255"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_it_stops_where_there_is_nothing_to_merge():
    pieces = BytePairs.learn({"aaaa": 1}, merges=10)
    assert pieces.merges == ((97, 97), (256, 256)) and pieces.encode("aaaaa") == [257, 97]


def test_a_word_shorter_than_the_window_has_zeros():
    assert np.asarray(tokens.char_embedding(np.array([[1, 0, 0]]), TABLE, FILTERS)).tolist() == [[0.0]]


def test_empty_texts_have_no_tokens():
    assert BytePairs(()).encode("") == [] and BytePairs(()).decode([]) == ""
