"""Worlds with somebody else in them have the answers that are said to be theirs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.minds import believed_place
from train.trials import minds, worlds

SIZES = {**minds.TRIAL.settings, "judged": 400}
KEY = jax.random.key(0)


def found(variant, **sizes):
    made = minds.make(variant, SIZES | sizes)(KEY, 0.01)
    return {name: float(value) for name, value in made.items()}


@pytest.mark.exhaustive
def test_who_was_away_believes_what_was_so_before():
    places, seen = worlds.worlds(KEY, 500, 12)
    assert seen[:, 0].all() and places.min() >= 0 and places.max() < worlds.PLACES
    told = np.asarray(believed_place(places, seen))
    for one in range(500):
        last = max(time for time in range(12) if seen[one, time])
        assert told[one] == places[one, last]
    moved = jnp.mean(places[:, 1:] != places[:, :-1])
    assert float(moved) == pytest.approx(worlds.MOVED, abs=0.02)
    false = jnp.mean(jnp.asarray(told) != places[:, -1])
    assert 0.2 < float(false) < 0.5  # so that it matters, and does not decide everything


def test_the_rule_is_always_right_and_the_world_is_where_beliefs_are_true():
    assert found("rule") == {"right": 100, "longer": 100, "params": 0}
    places, seen = worlds.worlds(jax.random.split(KEY, 5)[3], 400, SIZES["times"])
    true = jnp.mean(believed_place(places, seen) == places[:, -1])
    assert found("world")["right"] == pytest.approx(100 * float(true))


@pytest.mark.exhaustive
def test_a_concept_is_new_until_it_was_heard():
    concepts, heard, new = map(np.asarray, worlds.talks(KEY, 300, 9))
    for one in range(300):
        before = {concepts[one, time] for time in range(8) if heard[one, time]}
        assert new[one] == (concepts[one, -1] not in before)
    assert found("ground")["right"] == found("ground")["longer"] == 100
    assert found("repeats")["right"] < 90


def test_steps_stray_about_the_way_to_a_corner():
    steps, goals = worlds.walks(KEY, 4000, 6)
    for goal in range(worlds.GOALS):
        assert jnp.allclose(steps[goals == goal].mean((0, 1)), worlds.corners()[goal], atol=0.1)
    assert found("whole-way")["right"] > found("last-step")["right"] + 20


@pytest.mark.exhaustive
def test_the_teacher_stays_on_the_circle_and_shows_it_alone():
    at, move = worlds.walked(worlds.teacher, KEY, 5, 40, 0.0)
    assert jnp.abs(jnp.linalg.norm(at, axis=-1) - 1).max() < 0.05
    assert jnp.allclose(at[1:], at[:-1] + worlds.STEP * move[:-1], atol=1e-5)
    assert found("teacher")["longer"] > 98


@pytest.mark.exhaustive
def test_a_state_that_moves_only_by_what_was_seen_keeps_false_beliefs():
    places, seen = worlds.worlds(KEY, 20, 10)
    params = minds.unit(jax.random.key(1), worlds.PLACES, worlds.PLACES)
    after = jnp.argmax(jnp.cumsum(seen, 1), 1)  # the last moment that was seen
    other = jnp.where(jnp.arange(10) > after[:, None], (places + 1) % worlds.PLACES, places)
    assert jnp.array_equal(minds._looks("belief", params, places, seen), minds._looks("belief", params, other, seen))
    assert not jnp.array_equal(
        minds._looks("one-mind", params, places, seen), minds._looks("one-mind", params, other, seen)
    )


@pytest.mark.exhaustive
def test_a_trained_belief_beats_the_world():
    assert found("belief", steps=150)["right"] > found("world")["right"] + 10
