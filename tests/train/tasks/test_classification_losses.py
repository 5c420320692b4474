"""Losses of scores against their formulas written out one label at a time, their slopes, and where they are least."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import yaml

from train.config import schema
from train.tasks.classification.losses import LOSSES


@pytest.fixture(autouse=True)
def _wide():
    with jax.enable_x64(True):
        yield


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


#: Of scores ``z`` and the label ``k``.
FORMULAS = {
    "cross-entropy": lambda z, k: -np.log(softmax(z)[k]),
    "focal": lambda z, k: -((1 - softmax(z)[k]) ** 2) * np.log(softmax(z)[k]),
    "binary": lambda z, k: np.log1p(np.exp(-z[k])) + sum(np.log1p(np.exp(z[j])) for j in range(len(z)) if j != k),
    "squared": lambda z, k: sum((z[j] - (j == k)) ** 2 for j in range(len(z))) / len(z),
    "hinge": lambda z, k: max(0.0, 1 + max(z[j] for j in range(len(z)) if j != k) - z[k]),
}


def scores(count=6, classes=5, seed=0):
    return np.random.default_rng(seed).normal(0, 2, (count, classes))


def test_every_loss_that_a_recipe_may_name_is_there_and_checked():
    about = yaml.safe_load((schema.SCHEMAS / "recipe.schema.yaml").read_text())["properties"]["task_settings"]
    assert {*about["properties"]["loss"]["enum"], "cross-entropy"} == {*LOSSES} == {*FORMULAS}


@pytest.mark.parametrize("name", LOSSES)
def test_of_a_label_it_is_the_formula(name):
    z = scores()
    labels = np.arange(6) % 5
    found = LOSSES[name](jnp.asarray(z), jax.nn.one_hot(labels, 5, dtype=jnp.float64))
    expected = [FORMULAS[name](row, label) for row, label in zip(z, labels, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["cross-entropy", "focal", "hinge"])
def test_of_a_mixed_label_it_is_the_mixture(name):
    z = scores()
    weights = np.random.default_rng(1).dirichlet(np.ones(5), 6)
    found = LOSSES[name](jnp.asarray(z), jnp.asarray(weights))
    expected = [sum(w * FORMULAS[name](row, k) for k, w in enumerate(own)) for row, own in zip(z, weights, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", LOSSES)
def test_its_gradient_is_its_slope(name):
    z, direction = scores(3), scores(3, seed=2)
    targets = jnp.asarray(np.random.default_rng(3).dirichlet(np.ones(5), 3))

    def total(z):
        return LOSSES[name](z, targets).sum()

    step = 1e-5
    slope = (total(jnp.asarray(z + step * direction)) - total(jnp.asarray(z - step * direction))) / (2 * step)
    assert float((jax.grad(total)(jnp.asarray(z)) * direction).sum()) == pytest.approx(float(slope), rel=1e-8)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [0.0, 30.0, 3000.0])
def test_it_and_its_gradient_are_finite_where_all_is_sure(name, size):
    z = jnp.asarray([[size, -size, 0.0]], jnp.float32)
    for label in range(3):
        targets = jax.nn.one_hot(jnp.asarray([label]), 3, dtype=jnp.float32)
        value, gradient = jax.value_and_grad(lambda z, t: LOSSES[name](z, t).sum())(z, targets)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(("name", "best"), [("squared", [0.2, 0.5, 0.3]), ("binary", np.log([0.25, 1.0, 3 / 7]))])
def test_it_is_least_where_it_should_be(name, best):
    """Squared: at the targets; binary: at their log-odds."""
    targets = jnp.asarray([[0.2, 0.5, 0.3]])
    gradient = jax.grad(lambda z: LOSSES[name](z, targets).sum())(jnp.asarray([best], jnp.float64))
    np.testing.assert_allclose(gradient, 0, atol=1e-12)
