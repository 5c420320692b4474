"""Attention over landmarks: the steps end at an inverse, and where nothing is approximated it is a softmax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.modules.attention import attend
from netspec.modules.nystrom import mix_by_landmarks, near_inverse


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def drawn(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape))


def test_steps_go_to_the_inverse():
    weights = jax.nn.softmax(3 * drawn(2, 3, 4, 4), axis=-1)
    found = near_inverse(weights, steps=30)
    np.testing.assert_allclose(found, jnp.linalg.inv(weights), rtol=1e-8)


def test_the_start_is_over_the_largest_sum_of_any_column():
    weights = jax.nn.softmax(drawn(2, 3, 4, 4), axis=-1)
    start = near_inverse(weights, steps=0)
    largest = max(float(one.sum(0).max()) for one in np.asarray(weights).reshape(-1, 4, 4))
    np.testing.assert_allclose(start, weights.swapaxes(-1, -2) / largest, rtol=1e-12)


def test_as_many_landmarks_as_tokens_are_a_softmax():
    given = [drawn(2, 6, 3, 4, seed=seed) for seed in range(3)]
    np.testing.assert_allclose(mix_by_landmarks(*given, 6, 0.5), attend(*given), rtol=1e-9)


@pytest.mark.exhaustive
def test_tokens_that_are_their_landmarks_need_no_approximation():
    """Where each of a landmark's tokens has its query and key, weights have its rank, and the product is theirs."""
    apart = 2.0 * jnp.eye(3, 4)[None, :, None]  # so that six steps are enough
    rows = jnp.repeat(apart + 0.1 * drawn(1, 3, 1, 4), 2, axis=1)
    value = drawn(1, 6, 1, 4, seed=2)
    np.testing.assert_allclose(
        mix_by_landmarks(rows, rows, value, 3, 1.0), attend(rows, rows, value, scale=1.0), rtol=1e-6
    )


@pytest.mark.exhaustive
def test_neighbouring_tokens_share_a_landmark():
    """A landmark is the mean of its own tokens: exchanging the tokens of one leaves the others' outputs."""
    query, key, value = (drawn(1, 6, 1, 4, seed=seed) for seed in range(3))
    order = np.array([1, 0, 2, 3, 4, 5])
    found = mix_by_landmarks(query, key, value, 3, 0.5)
    other = mix_by_landmarks(*(x[:, order] for x in (query, key, value)), 3, 0.5)
    np.testing.assert_allclose(other, found[:, order], rtol=1e-9)
    across = mix_by_landmarks(*(x[:, np.array([2, 1, 0, 3, 4, 5])] for x in (query, key, value)), 3, 0.5)
    assert np.abs(across - found[:, np.array([2, 1, 0, 3, 4, 5])]).max() > 1e-3
