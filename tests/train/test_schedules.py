"""Shapes of the learning rate: closed forms, where they begin and end, and what a recipe may not ask for."""

import copy
import dataclasses

import numpy as np
import pytest

from train import config, schedules
from train.config import recipes, schema
from train.config.cell import Schedule
from train.config.checks import check_together
from train.config.places import Places
from train.config.schema import ConfigError
from train.optimizer import learning_rate

STEPS = 100


@pytest.fixture
def rates(short_cell):
    """A function giving the rates of all steps of a run of 400 steps with these keys of a schedule, peak 1."""

    def make(**keys):
        cell = short_cell("bare", optimizer={"learning_rate": 1.0})
        given = {"granularity": "step", "warmup_epochs": 0, "floor": 0.0} | keys
        schedule = Schedule(**schema.completed({"schedule": given}, "recipe")["schedule"])
        cell = dataclasses.replace(cell, schedule=schedule)
        rate = learning_rate(cell, STEPS)
        return np.array([float(rate(step)) for step in range(cell.epochs * STEPS)])

    return make


def test_steps_drop_where_they_are_told_to(rates):
    found = rates(name="step")
    assert np.allclose(found[:199], 1)
    assert np.allclose(found[199:299], 0.1)
    assert np.allclose(found[299:], 0.01)
    own = rates(name="step", drops=(0.25,), factor=0.5)
    assert np.allclose(own[:99], 1)
    assert np.allclose(own[99:], 0.5)


def test_an_exponential_loses_the_same_share_every_step_and_ends_at_its_floor(rates):
    found = rates(name="exponential", floor=0.01)
    assert found[1:] / found[:-1] == pytest.approx(0.01 ** (1 / 400), rel=1e-4)
    assert found[-1] == pytest.approx(0.01, rel=1e-5)


def test_one_cycle_rises_to_the_peak_and_ends_at_next_to_nothing(rates):
    found = rates(name="one-cycle")
    top = found.argmax()
    assert (top, found[top]) == (119, pytest.approx(1))
    assert (np.diff(found[: top + 1]) > 0).all()
    assert (np.diff(found[top:]) < 0).all()
    assert found[0] == pytest.approx(1 / 25, rel=0.01)
    assert found[-1] == pytest.approx(1e-4, rel=1e-2)


def test_restarts_are_cosines_in_a_row(rates):
    found = rates(name="restarts", cycles=4, floor=0.1)
    whole = rates(name="restarts", cycles=1, floor=0.1)
    assert whole == pytest.approx(rates(name="cosine", floor=0.1), abs=1e-6)
    assert found[99] == pytest.approx(1)  # restarted, as the second cosine begins
    assert found[98] < 0.11
    assert found[-1] == pytest.approx(0.1)
    assert found[:99] == pytest.approx(found[100:199], abs=1e-5)


def test_warm_up_comes_before_any_of_them(rates):
    for name in ("step", "exponential", "restarts"):
        found = rates(name=name, warmup_epochs=1, floor=0.01)
        assert found[:100] == pytest.approx(np.arange(1, 101) / 100, rel=1e-5)
        assert found[100] > 0.95


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"name": "cosine", "cycles": 3}, r"'schedule.cycles' does not belong here; cosine has no options of its own"),
        (
            {"name": "restarts", "drops": [0.5]},
            r"'schedule.drops' does not belong here; expected options of restarts: cycles",
        ),
        (
            {"name": "step", "patience": 2},
            r"'schedule.patience' does not belong here; expected options of step: drops, factor",
        ),
        (
            {"name": "plateau", "drops": [0.5]},
            r"'schedule.drops' does not belong here; expected options of plateau: factor, pat",
        ),
        ({"name": "exponential", "floor": 0.0}, r"'schedule.floor' is 0"),
        ({"name": "one-cycle", "warmup_epochs": 1}, r"'schedule.warmup_epochs' is 1, expected 0"),
    ],
)
def test_what_does_not_go_together_is_refused(keys, says, short):
    cell = copy.deepcopy(short("bare"))
    cell["schedule"] = {**cell["schedule"], **keys}
    with pytest.raises(ConfigError, match=says):
        schema.validate(cell, "cell", "here")
        check_together(cell, Places(*["here"] * 4))


def test_options_of_a_schedule_go_with_its_name():
    base = {"schedule": {"name": "step", "granularity": "step", "drops": [0.3], "factor": 0.2}}
    same = recipes.merge(base, {"schedule": {"factor": 0.3}})["schedule"]
    assert same == {"name": "step", "granularity": "step", "drops": [0.3], "factor": 0.3, "floor": 0.0}
    other = recipes.merge(base, {"schedule": {"name": "plateau"}})["schedule"]
    assert other == {"name": "plateau", "granularity": "step", "factor": 0.5, "patience": 2, "floor": 0.0}


def test_a_resolved_schedule_is_hashable_data(short):
    cell = short("bare")
    cell["schedule"] = {**cell["schedule"], "name": "step", "drops": [0.3, 0.6]}
    assert config.parse_cell(cell).schedule.drops == (0.3, 0.6)
    assert set(schedules.SHAPES) == {"step", "exponential", "one-cycle", "restarts"}
