"""Norms of gradients as figures of training: their values, and that watching changes nothing else."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train import watched
from train.machine.progress import _short
from train.step import Programs
from train.tasks import learner_of


def test_norms_are_those_of_the_first_layer_and_of_all():
    gradient = {"layers": {2: {"kernel": jnp.asarray([3.0, 0.0]), "bias": jnp.asarray([4.0])}, 5: jnp.asarray([12.0])}}
    found = watched.norms(gradient)
    assert {name: float(value) for name, value in found.items()} == {
        "gradient_first_layer": 5.0,
        "gradient_whole": 13.0,
        "gradient_steps": 1.0,
    }


def test_figures_are_means_over_steps_and_leave_the_others():
    sums = {"loss": 7.0, "gradient_first_layer": 6.0, "gradient_whole": 15.0, "gradient_steps": 3.0}
    assert watched.figures(sums) == ({"loss": 7.0}, {"gradient_first_layer": 2.0, "gradient_whole": 5.0})
    assert watched.figures({"loss": 7.0}) == ({"loss": 7.0}, {})


def test_a_norm_is_no_share():
    assert _short("gradient_whole", 0.25) == "2.50e-01"


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_run_that_is_watched_learns_the_same(short_cell, digits_store):
    cell = short_cell("bare")
    batch = digits_store.train.gather(np.arange(0, 96, 6))

    def trained(cell, steps=2):
        programs = Programs(cell, learner_of(cell), 6)
        state = programs.init(0)
        for _ in range(steps):
            state = programs.train(state, programs.place(batch))
        return jax.device_get(state)

    plain, seen = trained(cell), trained(dataclasses.replace(cell, watch_gradients=True))
    for one, other in zip(jax.tree.leaves(plain.params), jax.tree.leaves(seen.params), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    own, norms = watched.figures(seen.sums)
    assert own.keys() == plain.sums.keys()
    assert 0 < norms["gradient_first_layer"] <= norms["gradient_whole"]
