"""Series and patterns are what they are said to be; drawn networks have their radius, their memory and their cost."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.recurrent import Reservoir, esn
from train.trials import reservoirs, spike_patterns
from train.trials.readout import PENALTIES, readout

SIZES = reservoirs.TRIAL.settings


def test_a_series_obeys_its_equation_and_ends_at_one():
    x, y = reservoirs.narma(jax.random.key(0), 400)
    u, y = np.pad((np.asarray(x, np.float64) + 1) / 4, (10, 0)), np.pad(np.asarray(y, np.float64), (10, 0))
    assert u.min() >= 0 and 0.49 < u.max() <= 0.5 and y.max() <= 1
    for now in range(10, 410):
        value = 0.3 * y[now - 1] + 0.05 * y[now - 1] * y[now - 10 : now].sum() + 1.5 * u[now - 9] * u[now] + 0.1
        assert y[now] == pytest.approx(min(value, 1), abs=1e-5)


@pytest.mark.exhaustive
def test_a_window_has_the_last_inputs_and_every_product_once():
    x = jnp.arange(1.0, 51)[:, None]
    seen = reservoirs.windowed(x)
    assert seen[-1].tolist() == [*range(50, 20, -1)] and seen[0].tolist() == [1, *[0] * 29]
    both = reservoirs.windowed(x, products=True)
    assert both.shape == (50, 30 * 33 // 2) and both[-1, 30:].sum() == pytest.approx(
        (seen[-1].sum() ** 2 + (seen[-1] ** 2).sum()) / 2
    )


def test_recurrent_weights_have_the_radius_that_they_should():
    found = reservoirs.sparse(jax.random.key(0), 400)
    assert jnp.mean(found != 0) == pytest.approx(reservoirs.FILLED, rel=0.05)
    assert np.abs(np.linalg.eigvals(found)).max() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("variant", "forgets"), [("esn", True), ("esn-short", True), ("esn-wild", False)])
def test_states_forget_where_they_began_below_a_radius_of_one(variant, forgets):
    """After a different beginning and 150 steps of the same quiet input."""
    states = reservoirs.states(variant, jax.random.key(0), 1, 0.01)
    x = jax.random.uniform(jax.random.key(1), (200, 1), minval=-1)
    other = x.at[:50].multiply(-3)
    apart = jnp.abs(states(x) - states(other)).max(-1)
    assert apart[10] > 0.1 and (apart[-1] < 1e-3) == forgets


@pytest.mark.exhaustive
def test_the_readout_is_that_of_the_vocabulary_for_its_penalty(monkeypatch):
    draw = jax.random.split(jax.random.key(0), 4)
    reservoir = Reservoir(jax.random.normal(draw[0], (1, 6)), 0.2 * jax.random.normal(draw[1], (6, 6)))
    x, y = jax.random.normal(draw[2], (1, 300, 1)), jax.random.normal(draw[3], (1, 300, 1))
    states = reservoirs.reservoir_states(x, reservoir)[0]
    # of a mean of zero and a deviation of one, as the vocabulary's has neither a constant nor a scale
    level, scale = states.mean(0), states.std(0)
    plain = (states - level) / scale
    gram = np.linalg.solve(plain.T @ plain + PENALTIES[0] * 300 * np.eye(6), plain.T @ (y[0] - y.mean()))
    monkeypatch.setattr("train.trials.readout.PENALTIES", PENALTIES[:1])
    found = readout(states, y[0], states)
    assert found == pytest.approx(np.asarray(plain @ gram + y.mean()), abs=1e-4)
    bare = states @ esn(x, reservoir, y)
    assert jnp.mean((found - y[0]) ** 2) <= jnp.mean((bare - y[0]) ** 2) + 1e-6


def test_a_fifth_of_a_liquid_inhibits_as_much_as_the_others_excite():
    pond = reservoirs.liquid("lsm", jax.random.key(0), 3, 0.5)
    assert pond.inner.shape == (4, reservoirs.UNITS)
    excites, inhibits = pond.outer[40:], pond.outer[:40]
    assert jnp.mean(pond.outer != 0) == pytest.approx(reservoirs.FILLED, rel=0.05)
    assert excites.min() == 0 and inhibits.max() == 0
    assert excites.sum(0).mean() == pytest.approx(0.8 * reservoirs.GAIN, rel=0.05)
    assert inhibits.sum(0).mean() == pytest.approx(-0.8 * reservoirs.GAIN, rel=0.1)
    apart = reservoirs.liquid("lsm-apart", jax.random.key(0), 3, 0.5)
    assert jnp.array_equal(apart.inner, pond.inner) and not apart.outer.any()


def test_the_short_gru_takes_as_much_work_as_the_drawn_network():
    steps, batch = reservoirs.made("gru-same-work", SIZES)
    assert batch == 1 and steps > 50
    took = steps * reservoirs.multiply_adds("gru-same-work", SIZES)
    assert took == pytest.approx(reservoirs.multiply_adds("esn", SIZES), rel=0.01)
    assert reservoirs.multiply_adds("esn", SIZES) == 2000 * (200 * 200 + 20 * 200)


def test_patterns_have_equally_many_spikes_and_start_late_at_times():
    clean = spike_patterns.kinds(jax.random.key(0))
    assert {*clean.sum(1).ravel().tolist()} == {round(spike_patterns.DENSITY * spike_patterns.HEARD)}
    assert len({one.tobytes() for one in np.asarray(clean)}) == spike_patterns.PATTERNS
    x, labels = spike_patterns.heard(jax.random.key(1), clean, 400)
    assert {*labels.tolist()} == {*range(spike_patterns.PATTERNS)}
    at = [np.stack([x[:, s : s + spike_patterns.HEARD]]) for s in range(spike_patterns.LATE + 1)]
    alike = np.stack([(one[0] * np.asarray(clean)[labels]).sum((1, 2)) for one in at])  # spikes of the pattern
    share = alike / clean[0].sum()
    assert share.max(0).mean() == pytest.approx(1 - 0.95 * spike_patterns.LOST, abs=0.05)
    counts = np.bincount(share.argmax(0), minlength=len(at)) / 400
    assert counts == pytest.approx(1 / len(at), abs=0.07)
