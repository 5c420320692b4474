"""Problems for layers with other numbers are what they are said to be, and networks of a pair are of one size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.trials import algebras
from train.trials.base import size

PAIRS = (("curves", "dense"), ("curves-edges", "dense-edges"), ("phases", "dense-phases"),
         ("quaternions", "dense-turns"))  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_networks_of_a_pair_are_of_one_size(pair):
    first, second = (size(algebras.begin(variant, jax.random.key(0))) for variant in pair)
    assert first == pytest.approx(second, rel=0.1)
    assert algebras.PROBLEMS[pair[0]] == algebras.PROBLEMS[pair[1]]


def test_a_vector_is_turned_by_one_orientation_after_the_other():
    """Against the matrices of both, written out."""
    x, ends = algebras.turns(jax.random.key(0), 5)

    def matrix(q):
        w, a, b, c = np.asarray(q, np.float64)
        return np.array([
            [1 - 2 * (b * b + c * c), 2 * (a * b - w * c), 2 * (a * c + w * b)],
            [2 * (a * b + w * c), 1 - 2 * (a * a + c * c), 2 * (b * c - w * a)],
            [2 * (a * c - w * b), 2 * (b * c + w * a), 1 - 2 * (a * a + b * b)],
        ])  # fmt: skip

    for one in range(5):
        assert ends[one] == pytest.approx(matrix(x[one, 0]) @ matrix(x[one, 1]) @ np.array([1.0, 0, 0]), abs=1e-5)


@pytest.mark.exhaustive
def test_waves_turn_by_their_step_from_sensor_to_sensor():
    signal, step = algebras.waves(jax.random.key(0), 400)
    turned = (signal[:, 1:] * jnp.conj(signal[:, :-1])).mean(1)
    assert jnp.allclose(turned.real, step[:, 0], atol=0.8)
    assert float(jnp.mean(jnp.abs(turned - (step[:, 0] + 1j * step[:, 1])))) < 0.25


def test_complex_layers_that_are_read_by_size_do_not_see_a_common_phase():
    signal, _ = algebras.waves(jax.random.key(0), 3)
    params = algebras.begin("phases", jax.random.key(1))
    first, second = (algebras.predicted("phases", params, x) for x in (signal, signal * jnp.exp(0.7j)))
    assert jnp.allclose(first, second, atol=1e-4)


def test_edges_are_of_both_kinds_and_the_formula_is_smooth():
    x, y = algebras.examples("edges", jax.random.key(0), 1000)
    assert set(np.unique(y)) == {-1.0, 1.0} and abs(float(y.mean())) < 0.5
    assert algebras.formula(jnp.array([0.5, 0.0, 0.5, 0.0])) == pytest.approx(float(jnp.exp(1.0)))
    assert x.shape == (1000, algebras.COORDINATES)


@pytest.mark.exhaustive
def test_training_lowers_the_error():
    sizes = algebras.TRIAL.settings | {"examples": 200, "judged": 200}
    few, more = (
        float(algebras.make("curves", sizes | {"steps": steps})(jax.random.key(0), 0.01)["error"]) for steps in (1, 200)
    )
    assert more < few - 20
