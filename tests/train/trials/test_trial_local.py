"""Local rules: spikes compete, weights go where they should, and a gas of fixed size is the one that grows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.associative.maps import NeuralGas
from netspec.vocabulary.spiking.neurons import lif
from train.trials import gas, local, plasticity
from train.trials.readout import PENALTIES, readout


def two_kinds(count):
    """Pictures of eight pixels, of which either the first four or the last four are white."""
    return jnp.repeat(jax.nn.one_hot(jnp.arange(count) % 2, 2), 4, axis=1)


def test_the_readout_has_the_penalty_by_which_examples_are_told_best_from_the_rest():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(40, 12)) * 3 + 5
    y = x[:, :2] @ np.array([[1.0, 0.5], [0.3, -2.0]]) + 4 * draw.normal(size=(40, 2))
    others = draw.normal(size=(7, 12)) + 5

    def solved(x, y, others, penalty, like):
        x, others = (x - like.mean(0)) / like.std(0), (others - like.mean(0)) / like.std(0)
        bare, level = x - x.mean(0), y.mean(0)
        weights = np.linalg.solve(bare.T @ bare + penalty * len(like) * np.eye(12), bare.T @ (y - level))
        return (others - x.mean(0)) @ weights + level

    def missed(penalty):
        rest = [np.delete(np.arange(40), one) for one in range(40)]
        told = [solved(x[r], y[r], x[[i]], penalty, x)[0] for i, r in enumerate(rest)]
        return np.mean((np.stack(told) - y) ** 2)

    best = min(PENALTIES, key=missed)
    assert best not in (PENALTIES[0], PENALTIES[-1])
    found = readout(*(jnp.asarray(one, jnp.float32) for one in (x, y, others)))
    assert found == pytest.approx(solved(x, y, others, best, x), rel=1e-4, abs=1e-3)


def test_what_never_changes_is_no_feature():
    x = jax.random.normal(jax.random.key(0), (30, 3))
    still = jnp.concatenate([x, jnp.full((30, 1), 0.1)], 1)
    found = readout(still, x[:, :1], still[:5].at[:, 3].set(99.0))
    assert jnp.allclose(found, x[:5, :1], atol=1e-3)


@pytest.mark.exhaustive
def test_a_gas_of_fixed_size_is_the_one_that_grows_and_dies(monkeypatch):
    monkeypatch.setattr(gas, "OLDEST", 2)
    x = np.random.default_rng(0).normal(size=(600, 2)) * [3, 1]
    now = gas.begun(jnp.asarray(x[:2], jnp.float32), 12)
    grows, added = NeuralGas(x[:2], np.full((2, 2), -1), np.zeros(2)), 0
    for number, one in enumerate(x[2:], 1):
        now = gas.adapted(now, jnp.asarray(one, jnp.float32), 0.2)
        grows = grows.adapt(one, 0.2, 0.2 * gas.NEIGHBOURS, gas.OLDEST)
        if number % 20 == 0 and len(grows.errors) < 12:
            now, grows = gas.inserted(now), grows.insert()
            added += 1
    assert added > len(grows.errors) - 2  # some have gone again
    assert now.alive.sum() == len(grows.errors)
    there = np.asarray(now.alive)
    order, other = (np.argsort(weights[:, 0]) for weights in (np.asarray(now.weights)[there], grows.weights))
    assert np.asarray(now.weights)[there][order] == pytest.approx(grows.weights[other], abs=1e-4)
    assert np.asarray(now.errors)[there][order] == pytest.approx(grows.errors[other], rel=1e-3)
    ages = np.asarray(now.ages)
    assert (ages[np.ix_(there, there)][order][:, order] == grows.ages[other][:, other]).all()
    assert (ages[~there] == -1).all()


@pytest.mark.exhaustive
def test_a_full_gas_stays_as_it_is_and_empty_places_repeat_the_first_unit():
    x = jax.random.normal(jax.random.key(0), (60, 3))
    full = gas.begun(x[:2], 2)
    assert jax.tree.all(jax.tree.map(jnp.array_equal, gas.inserted(gas.adapted(full, x[2], 0.1)).alive, full.alive))
    found = gas.grown(x[:2], x[2:], 0.1, 6, 30)
    assert found.shape == (6, 3) and len({*map(tuple, found.tolist())}) == 3


def test_one_neuron_alone_is_leaky_and_of_many_one_fires(monkeypatch):
    trains = jax.random.bernoulli(jax.random.key(0), 0.4, (200, 8)).astype(float)
    weights = jax.random.uniform(jax.random.key(1), (8, 5))
    spikes, raised = plasticity.compete(trains, weights, jnp.zeros(5))
    assert spikes.sum(1).max() == 1 and spikes.sum() > 20
    assert raised == pytest.approx(np.asarray(plasticity.TIRES * spikes.sum(0)), rel=0.05)
    monkeypatch.setattr(plasticity, "TIRES", 0.0)
    alone, _ = plasticity.compete(trains, weights[:, :1], jnp.zeros(1))
    current = trains @ weights[:, 0] / (1 - jnp.exp(-1 / plasticity.VOLTAGE))
    assert jnp.array_equal(alone[:, 0], lif(current, tau=plasticity.VOLTAGE, threshold=plasticity.THRESHOLD)[0])


def test_weights_of_a_neuron_add_up_and_none_is_below_zero():
    found = plasticity.balanced(jax.random.normal(jax.random.key(0), (64, 5)))
    assert found.min() == 0 and found.sum(0) == pytest.approx(plasticity.SUM, rel=1e-5)


def test_timing_makes_each_neuron_one_kind_of_picture(monkeypatch):
    monkeypatch.setattr(plasticity, "UNITS", 4)
    found = plasticity.spiking(jax.random.key(0), two_kinds(1000), jnp.asarray(0.01), 40)
    share = found[:4].sum(0) / plasticity.SUM
    assert jnp.all((share < 0.1) | (share > 0.9)) and share.min() < 0.5 < share.max()


def test_units_that_all_learn_agree_and_units_that_compete_differ(monkeypatch):
    monkeypatch.setattr(plasticity, "UNITS", 4)
    x = two_kinds(32) - jnp.array([0.2] * 4 + [0.6] * 4)
    start = jax.random.normal(jax.random.key(0), (8, 4))
    batches = jnp.broadcast_to(x, (600, 32, 8))
    alike = plasticity.fired_together(start, batches, jnp.asarray(0.1), False)
    assert jnp.linalg.norm(alike, axis=0) == pytest.approx(1, abs=1e-3)
    assert jnp.abs(alike.T @ alike) == pytest.approx(1, abs=1e-3)
    apart = plasticity.fired_together(start, batches, jnp.asarray(0.02), True)
    won = {*jnp.argmax(x @ apart, -1).tolist()}
    assert len(won) == 2
    for unit in won:
        kind = x[jnp.argmax(x @ apart[:, unit])]
        assert apart[:, unit] == pytest.approx(np.asarray(kind / jnp.linalg.norm(kind)), abs=1e-2)


def test_means_and_maps_come_nearer_to_pictures():
    x = jax.random.uniform(jax.random.key(0), (500, 4))
    start = x[: plasticity.UNITS]

    def far(weights):
        return float(jnp.mean(jnp.min(jnp.sum((x[:, None] - weights) ** 2, -1), 1)))

    rounds = [far(plasticity.means(start, x, many)) for many in (0, 1, 5)]
    assert far(start) == rounds[0] > rounds[1] > rounds[2]
    assert far(plasticity.mapped(start, jnp.tile(x, (4, 1)), jnp.asarray(0.5))) < rounds[0]


@pytest.mark.exhaustive
def test_contrastive_divergence_has_the_slope_of_hinton():
    one, two = jax.random.split(jax.random.key(3))
    x = two_kinds(16)
    weight = 0.3 * jax.random.normal(one, (8, 5))
    params = {"weight": weight, "visible": jnp.full(8, 0.1), "hidden": jnp.full(5, -0.2)}
    slope = jax.grad(plasticity.restricted)(params, two, x)
    draw, other = jax.random.split(two)
    hidden = jax.random.bernoulli(draw, jax.nn.sigmoid(x @ weight - 0.2)).astype(float)
    dreamt = jax.random.bernoulli(other, jax.nn.sigmoid(hidden @ weight.T + 0.1)).astype(float)
    together = [v.T @ jax.nn.sigmoid(v @ weight - 0.2) / 16 for v in (x, dreamt)]
    assert slope["weight"] == pytest.approx(np.asarray(together[1] - together[0]), abs=1e-6)
    assert slope["visible"] == pytest.approx(np.asarray(dreamt.mean(0) - x.mean(0)), abs=1e-6)


def test_features_are_what_is_above_the_mean_of_units():
    assert local.more_than_most(jnp.array([[1.0, 2.0, 6.0]])).tolist() == [[0, 0, 3]]
    prototypes = jnp.array([[0.0, 0.0], [3.0, 4.0]])
    assert local.near(prototypes)(jnp.zeros((1, 2))) == pytest.approx(np.array([[2.5, 0]]), abs=1e-3)
    lengths = local.along(jnp.array([[2.0, 0.0], [0.0, 0.5]]), jnp.ones(2))(jnp.array([[4.0, 2.0]]))
    assert lengths == pytest.approx(np.array([[1.0, 0]]))


def test_units_are_alike_where_they_answer_in_step():
    step = jax.random.normal(jax.random.key(0), (50, 1))
    assert local.likeness(step * jnp.array([1.0, -2.0, 3.0]) + 5) == pytest.approx(100, abs=1e-2)
    assert local.likeness(jnp.eye(4)) == pytest.approx(100 / 3, abs=1e-3)
    assert local.likeness(jnp.concatenate([step, step, 0 * step], 1)) == pytest.approx(100 / 3, abs=1e-2)
