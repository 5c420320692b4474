import jax
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import pooling
from netspec.vocabulary.evidence import pooling as evidence

FAMILY = "pooling"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


@pytest.mark.exhaustive
def test_evidence_stands():
    assert evidence.half_is_whole().differs


X = np.ones((2, 4, 6, 3))
KEY = jax.random.key(0)
REFUSED = {
    r"x: arrived with shape \(4, 6, 3\)": lambda: pooling.avg_pool(X[0], 2),
    "x: arrived empty": lambda: pooling.avg_pool(X[:0], 2),
    "window: arrived 5, expected at most the smaller side": lambda: pooling.avg_pool(X, 5),
    "window: arrived 0": lambda: pooling.avg_pool(X, 0),
    "stride: arrived 0": lambda: pooling.avg_pool(X, 2, 0),
    r"x: arrived with shape \(2, 3\)": lambda: pooling.global_max_pool(X[:, 0, 0]),
    "size: arrived 0": lambda: pooling.adaptive_avg_pool(X, (0, 1)),
    "x: arrived -1.0, expected at least 0": lambda: pooling.stochastic_pool(-X, 2, KEY),
    "window: arrived 4, expected a divisor of width 6": lambda: pooling.stochastic_pool(X, 4, KEY),
    "key: arrived None": lambda: pooling.stochastic_pool(X, 2),
    "size: arrived 1, expected from half of height 4": lambda: pooling.fractional_max_pool(X, (1, 4), KEY),
    "size: arrived 7, expected from half of width 6": lambda: pooling.fractional_max_pool(X, (4, 7), KEY),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_refused(said):
    with pytest.raises(VocabularyError, match=said):
        REFUSED[said]()


@pytest.mark.exhaustive
def test_the_same_key_draws_the_same_windows():
    x = np.random.default_rng(0).random((1, 20, 18, 1))
    once, again, other = (pooling.fractional_max_pool(x, (14, 13), jax.random.key(seed)) for seed in (0, 0, 1))
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_a_window_of_zeros_gives_zero_in_both_modes():
    zeros = np.zeros((1, 2, 2, 1))
    assert pooling.stochastic_pool(zeros, 2, KEY).tolist() == [[[[0.0]]]]
    assert pooling.stochastic_pool(zeros, 2, deterministic=True).tolist() == [[[[0.0]]]]
