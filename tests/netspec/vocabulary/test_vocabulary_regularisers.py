import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import regularisers
from netspec.vocabulary.evidence import regularisers as evidence

FAMILY = "regularisers"
KEY = jax.random.key(0)


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


@pytest.mark.parametrize("shown", [evidence.adamw_is_not_l2, evidence.gradient_steps_leave_no_zeros])
def test_evidence_stands(shown):
    assert shown().differs


X = np.ones((2, 4, 5, 3))
DROPPING = {
    "embedding_dropout": lambda *rest, **options: regularisers.embedding_dropout(X[0, 0], *rest, **options),
    "attention_dropout": lambda *rest, **options: regularisers.attention_dropout(
        X[0, 0], X[0, 0, :3], *rest, **options
    ),
    "dropout": lambda *rest, **options: regularisers.dropout(X, *rest, **options),
    "spatial_dropout": lambda *rest, **options: regularisers.spatial_dropout(X, *rest, **options),
    "alpha_dropout": lambda *rest, **options: regularisers.alpha_dropout(X, *rest, **options),
    "dropconnect": lambda *rest, **options: regularisers.dropconnect(X, np.ones((3, 2)), *rest, **options),
    "dropblock": lambda rate, *rest, **options: regularisers.dropblock(X, rate, 2, *rest, **options),
}


@pytest.mark.parametrize("name", DROPPING)
def test_rates_and_a_missing_key_are_refused(name):
    drop = DROPPING[name]
    with pytest.raises(VocabularyError, match=r"rate: arrived -0\.1"):
        drop(-0.1, KEY)
    with pytest.raises(VocabularyError, match=r"rate: arrived 1\.0, expected less than 1"):
        drop(1.0, KEY, deterministic=True)
    with pytest.raises(VocabularyError, match="key: arrived None"):
        drop(0.5)


@pytest.mark.parametrize("name", DROPPING)
def test_a_rate_of_zero_drops_nothing(name):
    drop = DROPPING[name]
    assert np.array_equal(drop(0.0, KEY), drop(0.0, deterministic=True))


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", DROPPING)
def test_evaluation_draws_nothing_whatever_the_key(name):
    drop = DROPPING[name]
    assert np.array_equal(drop(0.5, KEY, deterministic=True), drop(0.5, deterministic=True))
    assert not np.array_equal(drop(0.5, KEY), drop(0.5, deterministic=True))


REFUSED = {
    r"table: arrived with shape \(3,\)": lambda: regularisers.embedding_dropout(np.ones(3), 0.5, KEY),
    "x: arrived empty": lambda: regularisers.dropout(np.zeros((0, 2)), 0.5, KEY),
    r"x: arrived with shape \(2, 3\)": lambda: regularisers.spatial_dropout(X[:, 0, 0], 0.5, KEY),
    r"values: arrived with shape \(2, 4\), expected \(\.\.\., keys 3": lambda: regularisers.attention_dropout(
        np.ones((5, 3)), np.ones((2, 4)), 0.5, KEY
    ),
    r"x: arrived with shape \(2, 4, 5, 3\), expected \(\.\.\., in 2\)": lambda: regularisers.dropconnect(
        X, np.ones((2, 2)), 0.5, KEY
    ),
    "block: arrived 5, expected at most the smaller side": lambda: regularisers.dropblock(X, 0.5, 5, KEY),
    "strength: arrived -1": lambda: regularisers.weight_decay(-1.0),
    "strength: arrived -2": lambda: regularisers.l1_penalty(np.ones(3), -2.0),
    "step: arrived -1": lambda: regularisers.soft_threshold(np.ones(3), -1.0),
    "weights: arrived empty": lambda: regularisers.l1_penalty({}, 1.0),
    "gradients: arrived empty": lambda: regularisers.clip_by_global_norm([], 1.0),
    "max_norm: arrived 0.0": lambda: regularisers.clip_by_global_norm([np.ones(3)], 0.0),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_refused(said):
    with pytest.raises(VocabularyError, match=said):
        REFUSED[said]()


def test_blocks_of_one_are_dropout_with_the_mean_restored():
    y = np.asarray(regularisers.dropblock(np.ones((8, 6, 6, 2)), 0.25, 1, KEY))
    assert sorted(set(y.ravel().tolist())) == [0.0, pytest.approx(y.size / (y > 0).sum())]


def test_a_block_of_the_whole_side_drops_whole_maps():
    y = np.asarray(regularisers.dropblock(np.ones((50, 4, 4, 1)), 0.5, 4, KEY)).reshape(50, -1)
    assert (y == y[:, :1]).all() and len(np.unique(y)) == 2


def test_half_precision_stays():
    x = jnp.ones((2, 4, 4, 1), jnp.bfloat16)
    assert regularisers.dropblock(x, 0.5, 2, KEY).dtype == regularisers.alpha_dropout(x, 0.5, KEY).dtype == jnp.bfloat16
