"""Statistics of averaged weights: those of many draws, and nobody else's."""

import dataclasses

import jax
import numpy as np
import pytest

from train import config
from train.step import Programs
from train.tasks import learner_of
from train.tasks.diffusion.noise import noisy, with_time


@pytest.fixture(scope="module")
def cell():
    value = config.load_experiment({"main": "diffusion"}).cells["plane"]
    return config.parse_cell({**value, "batch_size": 8, "ema_decay": 0.9})


@pytest.fixture(scope="module")
def programs(cell):
    return Programs(cell, learner_of(cell), 10)


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_batch_has_draws_of_its_own_and_training_is_left_alone(cell, programs):
    """Even the same pictures, by the mean of the running means of what the averaged first kernel makes of each draw."""
    batch = programs.learner.example_batch(cell.batch_size, training=True)
    state = programs.train(programs.train(programs.init(0), batch), batch)
    before = leaves(state)
    settled = programs.settled(state, [batch] * 4)

    network = programs.network(state)
    first = network.layers[0].convolutions
    running, key = [np.asarray(first.norm1.mean[...])], jax.random.fold_in(jax.random.key(0), 3)
    for index in range(4):
        drawn = jax.random.split(jax.random.fold_in(key, index))[0]
        pictures, noise, time = programs.learner.inputs(drawn, batch)
        seen = first.conv1(with_time(noisy(pictures, noise, time), time, 1))
        running.append(0.9 * running[-1] + 0.1 * np.asarray(seen).mean((0, 1, 2)))
    expected = (running[3] + running[4]) / 2
    found = programs.network(settled).layers[0].convolutions.norm1.mean[...]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)

    assert int(settled.step) == int(state.step) == 2
    assert all((one == other).all() for one, other in zip(leaves(state), before, strict=True))
    for part in ("params", "average", "optimizer"):
        same = zip(leaves(getattr(settled, part)), leaves(getattr(state, part)), strict=True)
        assert all((one == other).all() for one, other in same)


@pytest.mark.exhaustive
def test_nothing_settles_without_an_average_or_without_statistics(cell, short_cell):
    plain = dataclasses.replace(cell, ema_decay=None)
    assert not Programs(plain, learner_of(plain), 10).must_settle
    transformer = dataclasses.replace(short_cell("bare"), ema_decay=0.9)
    assert not Programs(transformer, learner_of(transformer), 10).must_settle


def test_an_average_of_normalised_layers_settles(programs):
    assert programs.must_settle
