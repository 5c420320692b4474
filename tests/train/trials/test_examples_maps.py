"""The example of cubes of units in a cube: its lattices, its winners, and what training does to a map."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.associative.maps import som_update, stacked_som_update
from train.trials.examples import maps

#: What the document prints for cube 14, and for a corner what follows from it.
FACES, EDGES = [5, 11, 13, 15, 17, 23], [2, 4, 6, 8, 10, 12, 16, 18, 20, 22, 24, 26]
CORNERS = [1, 3, 7, 9, 19, 21, 25, 27]


def _neighbours(number, axes):
    """Cubes, counted from 1, that touch cube ``number`` and differ from it along so many axes."""
    cubes = maps.six(1)[:, :3]
    steps = np.abs(cubes - cubes[number - 1])
    return [int(place) + 1 for place in np.flatnonzero((steps.max(-1) == 1) & (steps.sum(-1) == axes))]


def test_there_are_as_many_units_and_cubes_as_printed():
    assert len(maps.six(11)) == len(np.unique(maps.physical(11), axis=0)) == 35937 == 27 * 1331
    assert maps.physical(11).max(0).tolist() == [32, 32, 32]
    assert np.bincount(maps.place_of_cubes(2)).tolist() == [8, 48, 96, 64]


def test_cubes_have_the_neighbours_that_are_printed():
    assert [_neighbours(14, axes) for axes in (1, 2, 3)] == [FACES, EDGES, CORNERS]
    assert [len(_neighbours(1, axes)) for axes in (1, 2, 3)] == [3, 3, 1]


def test_lattices_agree_within_a_cube_and_nowhere_else_at_a_step():
    """Units that touch across a face are one step apart on the grid, and √(1 + (c − 1)²) on the document's lattice."""
    cube = 3
    far = [((at[:, None] - at[None]) ** 2).sum(-1) for at in (maps.six(cube), maps.physical(cube))]
    own = maps.six(cube)[:, :3]
    same = (own[:, None] == own[None]).all(-1)
    assert (far[0][same] == far[1][same]).all()
    assert (far[0] != far[1])[~same & (far[1] <= 2)].all()
    across = ~same & (far[1] == 1)
    assert across.sum() == 2 * 3 * 2 * 9 * 9
    assert (far[0][across] == 1 + (cube - 1) ** 2).all()
    like = (maps.six(cube)[:, None, 3:] == maps.six(cube)[None, :, 3:]).all(-1) & (far[0] == 1)
    assert (far[1][like] == cube**2).all()


def test_winners_are_the_two_nearest():
    weights, x = jax.random.normal(jax.random.key(0), (30, 3)), jax.random.normal(jax.random.key(1), (50, 3))
    far = np.linalg.norm(np.asarray(x)[:, None] - np.asarray(weights)[None], axis=-1)
    two, nearest = maps.winners(weights, x)
    assert (np.asarray(two) == np.argsort(far, axis=-1)[:, :2]).all()
    assert np.asarray(nearest) == pytest.approx(far.min(-1), abs=1e-5)


def test_torn_counts_examples_whose_two_winners_do_not_touch():
    at = np.array([[0, 0], [1, 1], [2, 2]])
    assert float(maps.torn(jnp.array([[0, 1], [1, 2], [0, 2], [2, 1]]), at)) == 25


def test_the_lattice_is_the_one_of_the_vocabulary():
    weights, x = jax.random.normal(jax.random.key(2), (3, 3, 3, 2, 2, 2, 4)), jnp.ones(4)
    ours = som_update(weights.reshape(-1, 4), jnp.asarray(maps.six(2)), x, 0.3, 1.5)
    assert jnp.allclose(stacked_som_update(weights, x, 0.3, 1.5).reshape(-1, 4), ours)


def test_a_winner_closes_in_by_the_rate_and_stays_where_it_is_the_example():
    at, weights = jnp.asarray(maps.six(2)), jax.random.normal(jax.random.key(3), (216, 3))
    x = jnp.array([0.5, -1.0, 2.0])
    first = int(maps.winners(weights, x[None])[0][0, 0])
    moved = som_update(weights, at, x, 0.3, 2.0)
    assert jnp.linalg.norm(moved[first] - x) == pytest.approx(0.7 * float(jnp.linalg.norm(weights[first] - x)), 1e-5)
    kept = som_update(weights, at, weights[7], 0.3, 2.0)
    assert kept[7].tolist() == weights[7].tolist() and not jnp.allclose(kept, weights)


def test_without_neighbours_it_is_k_means_an_example_at_a_time():
    x = maps.drawn(jax.random.key(4), 60)
    weights = maps.drawn(jax.random.key(5), 27)
    found, by_hand = weights, np.array(weights)
    for one in x:
        found = som_update(found, jnp.asarray(maps.physical(1)), one, 0.2, maps.ALONE)
        nearest = np.linalg.norm(by_hand - np.asarray(one), axis=-1).argmin()
        by_hand[nearest] += 0.2 * (np.asarray(one) - by_hand[nearest])
    assert np.asarray(found) == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.exhaustive
def test_training_unfolds_a_map():
    """A grid of 6³ units: its distance to the data falls, neighbours come together, the common into its middle."""
    sizes = {"cube": 2, "steps": 3000, "held_out": 400, "radius": 2.0}
    found = jax.jit(maps.make("physical", sizes))(jax.random.key(0), 0.3)
    random = jax.jit(maps.make("random", sizes | {"steps": 20}))(jax.random.key(0), 0.3)
    assert found["along_error"][-1] == found["error"] < found["along_error"][0] - 0.02
    assert found["torn"] == found["torn_own"] < 10 < 80 < random["torn"]
    assert found["level"] > 50 > 20 > random["level"]
    assert found["centre"] > 1 > abs(random["centre"])


def test_what_is_told_counts_cubes_from_one():
    share = np.zeros(27)
    share[[13, 0, 26]] = 0.5, 0.3, 0.2
    told = maps.tell(share, {"held_out": 10})
    assert "middle has 50.0 %" in told and "a corner 6.2 %" in told and "cube 14, 50.0 %" in told
