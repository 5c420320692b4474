"""Problems of whole families: what is asked can be answered; pairs of graphs are as alike as they are said to be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.continuous import neural_ode
from netspec.vocabulary.graphs.isomorphism import color_refinement
from train.trials import continuous, graph_pairs, memory
from train.trials.base import dense, through

PAIRS = graph_pairs.graphs()


@pytest.mark.exhaustive
def test_straight_lines_are_right_where_points_lie_and_level_beyond():
    times, values, _ = continuous.curves(jax.random.key(0), 3, 8, 5)
    assert (times[:, :5] < 1).all() and (times[:, 5:] == 2).all()
    assert (jnp.diff(times, axis=1) >= 0).all() and (values[:, 5:] == values[:, 4:5]).all()
    for row in range(3):
        found = continuous.straight(times[row : row + 1], values[row : row + 1], times[row, :5])
        assert found[0] == pytest.approx(np.asarray(values[row, :5]), abs=1e-5)
    beyond = continuous.straight(times, values, jnp.array([0.0, 1.0]))
    assert beyond == pytest.approx(np.asarray(values[:, [0, 4]]), abs=1e-5)


@pytest.mark.exhaustive
def test_points_lie_on_the_curve_up_to_their_noise():
    times, values, truth = continuous.curves(jax.random.key(1), 200, 400, 400)
    lines = continuous.straight(times, values, jnp.linspace(0, 1, continuous.ASKED))
    # At 400 points straight lines are off by the noise and hardly more, between two points by less.
    assert jnp.sqrt(jnp.mean((lines - truth)[:, 1:-1] ** 2)) == pytest.approx(0.8 * continuous.NOISE, rel=0.1)
    assert 100 * continuous.NOISE / jnp.std(truth) == pytest.approx(6, abs=1)


@pytest.mark.parametrize("variant", ["gru-gaps", "ltc", "cfc", "ode"])
def test_what_was_not_kept_is_not_seen(variant):
    params = continuous.drawn(variant, jax.random.key(0), 8)
    times, values, _ = continuous.curves(jax.random.key(1), 2, 8, 5)
    given = continuous.answers(variant, params, times, values, jnp.int32(5))
    other = continuous.answers(variant, params, times, values.at[:, 5:].set(9.0), jnp.int32(5))
    assert jnp.array_equal(given, other)
    moved = continuous.answers(variant, params, times.at[:, 1:5].multiply(0.9), values, jnp.int32(5))
    assert jnp.abs(given - moved).max() > 1e-4


def test_the_solver_that_fits_its_steps_agrees_with_many_small_ones():
    field = dense(jax.random.key(0), 3, 5, 3)
    start = jax.random.normal(jax.random.key(1), (4, 3))
    found = continuous.flow(field, start, jnp.array([0.0, 0.5, 1.0]))
    small = neural_ode(lambda params, h, t: through(params, h, jnp.tanh), field, start, 0.0, 1.0, steps=64)
    assert jnp.array_equal(found[0], start)
    assert found[-1] == pytest.approx(np.asarray(small), abs=5e-3)


def test_every_key_that_is_asked_for_was_shown_once_with_the_value_wanted():
    shown = 3
    keys, values, wanted = memory.pairs(jax.random.key(0), 20, 6, shown)
    keys, values, wanted = (np.asarray(one) for one in (keys, values, wanted))
    assert (keys[:, :3] == memory.KEYS).all() and (values[:, :3] == memory.VALUES).all()
    assert (values[:, 6:] == memory.VALUES).all()
    for row in range(20):
        assert len({*keys[row, 3:6]}) == shown
        known = dict(zip(keys[row, 3:6], values[row, 3:6], strict=True))
        assert [known[one] for one in keys[row, 6:]] == wanted[row].tolist()


@pytest.mark.thinned(3)
@pytest.mark.parametrize("variant", [one for one in memory.TRIAL.variants if one != "none"])
def test_mixings_hear_what_came_before_and_nothing_of_what_comes_after(variant):
    params = memory.drawn(variant, jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (2, 6, memory.WIDTH))
    found = memory.mixed(variant, params, x)
    later = memory.mixed(variant, params, x.at[:, 3].add(1.0))
    assert found[:, :3] == pytest.approx(np.asarray(later[:, :3]), abs=1e-5)
    assert jnp.abs(found[:, 5] - later[:, 5]).max() > 1e-5


@pytest.mark.parametrize("place", range(len(PAIRS)), ids=[name for name, *_ in PAIRS])
def test_colour_refinement_tells_apart_the_pairs_it_is_said_to(place):
    _, one, other = PAIRS[place]
    both = np.zeros((len(one) + len(other),) * 2, int)
    both[: len(one), : len(one)], both[len(one) :, len(one) :] = one, other
    colours = color_refinement(both)
    alike = sorted(colours[: len(one)]) == sorted(colours[len(one) :])
    assert alike == (place >= graph_pairs.REFINED)
    assert not _same(one, other)


def _closed(matrix: np.ndarray) -> tuple:
    """Closed walks of 2 to 9 steps, which are the same numbers for the same graph."""
    return tuple(int(np.trace(np.linalg.matrix_power(matrix, length))) for length in range(2, 10))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two graphs agree in their closed walks, and the neighbours of their nodes in theirs."""
    found = [(_closed(x), sorted(_closed(x[np.ix_(row > 0, row > 0)]) for row in x)) for x in (one, other)]
    return found[0] == found[1]


def _apart(variant: str) -> jax.Array:
    """By how much untrained layers tell each pair apart, as a share of what they say of it."""
    params = graph_pairs.drawn(variant, jax.random.key(0))
    found = jax.jit(lambda params: graph_pairs.read(variant, params, jax.random.key(1)))(params)
    found = found.reshape(len(PAIRS), 2, -1)
    return jnp.abs(found[:, 0] - found[:, 1]).max(-1) / jnp.abs(found).max((1, 2))


@pytest.mark.parametrize(("variant", "told"), [("gcn", [0, 1]), ("sage", [1]), ("gat", [1]), ("gin", [0, 1, 2])])
def test_layers_see_no_difference_where_colour_refinement_sees_none(variant, told):
    """Nor do means see how many neighbours there are, where all nodes start alike."""
    apart = _apart(variant)
    assert (apart[graph_pairs.REFINED :] < 1e-5).all()
    assert jnp.flatnonzero(apart[: graph_pairs.REFINED] > 1e-3).tolist() == told


@pytest.mark.exhaustive
@pytest.mark.parametrize(("variant", "told"), [("triples", [0, 1, 2, 3, 4, 5]), ("distances", [0, 1, 2, 3, 4])])
def test_triples_and_distances_see_more_but_not_strongly_regular_graphs(variant, told):
    """Distances are at most 2 in the prism and in K3,3, and each node has as many of each."""
    apart = _apart(variant)
    assert jnp.flatnonzero(apart > 1e-4).tolist() == told and apart[-1] < 1e-5


def test_distances_are_those_of_the_shortest_ways():
    whole, graph_of, distance = graph_pairs.union()
    assert len(whole) == len(graph_of) == sum(len(one) for _, *both in PAIRS for one in both)
    assert ((distance == 1) == (whole == 1)).all() and (distance == distance.T).all()
    assert (distance[graph_of[:, None] != graph_of] == 0).all()
    assert distance[graph_of == 0][:, graph_of == 0].max() == 3  # a path of four
    assert graph_pairs.walks()[graph_of == 0][0].tolist() == pytest.approx([0, 1 / 2, 0, 3 / 8, 0, 11 / 32])
