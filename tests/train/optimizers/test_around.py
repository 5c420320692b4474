"""What is put around optimizers, and what they ask of a loop: SAM, lookahead, plateau, the curvature of Sophia."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from train.optimizers import after, following, plain, sharpness_aware, slowed_on_plateau
from train.optimizers.curvature import hutchinson

W = {"a": jnp.array([3.0, -1.0]), "b": jnp.array([2.0])}


def gradient_at(params):
    """Of Σ w⁴ / 4."""
    return jax.tree.map(lambda w: w**3, params)


@pytest.mark.exhaustive
def test_the_gradient_of_sam_is_taken_uphill_at_the_radius():
    rule = sharpness_aware(plain(optax.sgd(0.1)), 0.5)
    updates, _ = rule.update(gradient_at(W), rule.init(W), W, gradient_at=gradient_at)
    g = np.array([27.0, -1.0, 8.0])
    above = np.array([3.0, -1.0, 2.0]) + 0.5 * g / np.linalg.norm(g)
    np.testing.assert_allclose(np.concatenate([updates["a"], updates["b"]]), -0.1 * above**3, rtol=1e-6)


def test_sam_stands_still_where_nothing_leads_up():
    zero = jax.tree.map(jnp.zeros_like, W)
    rule = sharpness_aware(plain(optax.sgd(0.1)), 0.5)
    updates, _ = rule.update(zero, rule.init(zero), zero, gradient_at=gradient_at)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(updates))


def test_slow_weights_meet_the_fast_ones_every_period():
    """Of three steps of −1: after two the slow weight goes half of the way, and the fast one returns to it."""
    rule = following(plain(optax.sgd(1.0)), 2, 0.5)
    params = {"w": jnp.array([10.0])}
    state, seen = rule.init(params), []
    for _ in range(5):
        updates, state = rule.update({"w": jnp.array([1.0])}, state, params)
        params = optax.apply_updates(params, updates)
        seen.append((float(params["w"][0]), float(rule.evaluated(state, params)["w"][0])))
    assert seen == [(9, 10), (9, 9), (8, 9), (8, 8), (7, 8)]


def test_a_plateau_lowers_the_rate_and_stops_at_the_floor():
    """By a half where two evaluations in a row are no new least loss; NaN is none."""
    rule = slowed_on_plateau(plain(optax.sgd(1.0)), 0.5, 2, 0.2)
    state, scales = rule.init(W), []
    for loss in [3.0, 2.0, 2.0, 1.99999, 1.0, jnp.nan, 1.5, 1.2, 1.1, 5.0, 5.0]:
        state = rule.observed(state, jnp.float32(loss))
        scales.append(float(rule.rate_scale(state)))
    assert scales == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2])
    updates, _ = rule.update(W, state, W)
    np.testing.assert_allclose(updates["a"], -0.2 * W["a"], rtol=1e-6)


@pytest.mark.exhaustive
def test_each_hands_on_what_the_other_asks_for():
    """Lookahead around a plateau around clipping: the loss is observed, the scale read, slow weights evaluated."""
    inner = slowed_on_plateau(after([optax.clip_by_global_norm(1.0)], plain(optax.sgd(1.0))), 0.5, 1, 0.0)
    for rule in (following(inner, 3, 0.5), sharpness_aware(following(inner, 3, 0.5), 0.1)):
        state = rule.init(W)
        for loss in (1.0, 2.0):
            state = rule.observed(state, jnp.float32(loss))
        assert float(rule.rate_scale(state)) == 0.5
        updates, state = rule.update(gradient_at(W), state, W, gradient_at=gradient_at)
        assert float(optax.tree.norm(updates)) == pytest.approx(0.5, rel=1e-5)
        assert (rule.evaluated(state, W)["a"] == W["a"]).all()
    plain_rule = plain(optax.sgd(1.0))
    assert plain_rule.evaluated is plain_rule.observed is plain_rule.rate_scale is None


@pytest.mark.exhaustive
def test_the_curvature_is_that_of_a_diagonal_hessian_and_in_the_mean_of_any():
    """f = Σ w⁴/4 has the diagonal Hessian 3w²; of wᵀAw/2 the mean over draws is the diagonal of A."""
    estimate = hutchinson()
    found, _ = estimate.update(W, estimate.init(W), W, gradient_at=gradient_at, key=jax.random.key(0))
    np.testing.assert_allclose(found["a"], 3 * W["a"] ** 2, rtol=1e-6)
    matrix = jnp.array([[2.0, 0.5], [0.5, -1.0]])
    params = {"w": jnp.array([0.3, 0.4])}

    def one(key):
        return estimate.update({}, (), params, gradient_at=lambda p: {"w": matrix @ p["w"]}, key=key)[0]["w"]

    draws = jax.vmap(one)(jax.random.split(jax.random.key(1), 4000))
    np.testing.assert_allclose(draws.mean(0), [2.0, -1.0], atol=4 * 0.5 / np.sqrt(4000))
    assert np.unique(np.round(draws, 4), axis=0).shape[0] == 2
