"""Sines from ten points: tasks, steps and written weights are what they are said to be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.trials import sines
from train.trials.base import dense, through


def test_points_of_a_task_lie_on_one_sine():
    """A sine and a cosine fitted to the points to adapt to give all others."""
    (x, y), (x_, y_) = sines.tasks(jax.random.key(0), 4)
    assert x.shape == (4, sines.FEW, 1) and x_.shape == (4, sines.ASKED, 1)
    for one in range(4):
        waves = np.hstack([np.sin(x[one]), np.cos(x[one])]).astype(np.float64)
        parts, *_ = np.linalg.lstsq(waves, np.asarray(y[one, :, 0], np.float64), rcond=None)
        assert 0.5 <= np.hypot(*parts) <= 2
        assert np.hstack([np.sin(x_[one]), np.cos(x_[one])]) @ parts == pytest.approx(
            np.asarray(y_[one, :, 0]), abs=1e-4
        )


@pytest.mark.exhaustive
def test_a_step_goes_down_the_slope():
    params = dense(jax.random.key(0), 1, 4, 1)
    points = jnp.ones((3, 1)), jnp.zeros((3, 1))
    once = sines.adapted(params, points, 0.1, 1)
    slope = jax.grad(sines.missed)(params, points)
    assert jnp.allclose(once[0]["kernel"], params[0]["kernel"] - 0.1 * slope[0]["kernel"])
    assert sines.missed(sines.adapted(params, points, 0.1, 5), points) < sines.missed(params, points)


@pytest.mark.exhaustive
def test_written_weights_are_a_network_and_do_not_depend_on_the_order_of_points():
    params = sines._start("written", jax.random.key(0))
    (support, _), x = sines.tasks(jax.random.key(1), 1), jnp.linspace(-1, 1, 7)[:, None]
    points = tuple(part[0] for part in support)
    found = sines.written(params, points, x)
    other = sines.written(params, tuple(part[::-1] for part in points), x)
    assert found.shape == (7, 1) and jnp.allclose(found, other, atol=1e-5)
    task = through(params["reads"], jnp.concatenate(points, -1)).mean(0)
    flat = jnp.tanh(task @ params["first"]) @ params["second"]
    width = sines.WRITTEN
    hidden = jnp.tanh(x @ flat[None, :width] + flat[width : 2 * width])
    assert jnp.allclose(found, hidden @ flat[2 * width : 3 * width, None] + flat[-1], atol=1e-5)


@pytest.mark.exhaustive
def test_nearby_points_answer_for_each_other():
    points = jnp.array([[0.0], [3.0]]), jnp.array([[1.0], [-1.0]])
    assert sines.nearby(points, jnp.array([[0.0], [3.0], [1.5]]))[:, 0].tolist() == pytest.approx([1, -1, 0], abs=1e-6)
