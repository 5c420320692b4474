"""Lengths in epochs and in steps: where rows, validations and checkpoints are due, and what may not be mixed."""

import pytest

from train.config import parse_cell, recipes
from train.config.length import length_of
from train.config.schema import ConfigError

IN_STEPS = {"steps": 20, "evaluate_every_steps": 8, "checkpoint_every_steps": 16}


@pytest.fixture
def in_steps(digits_cells):
    """A resolved cell that is counted in steps."""
    return recipes.merge(digits_cells["bare"], {**IN_STEPS, "schedule": {"granularity": "step", "warmup_steps": 3}})


def due(length):
    steps = range(1, length.steps + 1)
    return [
        [step for step in steps if length.ends_period(step) and when(step)]
        for when in (lambda step: True, length.validates, length.saves)
    ]


def test_epochs(short_cell):
    length = length_of(short_cell("bare"), 6)
    assert due(length) == [[6, 12, 18, 24], [12, 24], [6, 12, 18]]
    assert (length.epochs, length.warmup, [length.epoch(step) for step in (1, 6, 7)]) == (4, 6, [1, 1, 2])


def test_steps(in_steps):
    """The last stretch is shorter, and the epoch is the one that the step lies in."""
    length = length_of(parse_cell(in_steps), 6)
    assert due(length) == [[8, 16, 20], [8, 16, 20], [16]]
    assert (length.epochs, length.warmup, length.epoch(16)) == (4, 3, 3)


def test_what_counts_otherwise_is_replaced(in_steps, digits_cells):
    assert not {"epochs", "evaluate_every_epochs", "checkpoint_every_epochs"} & in_steps.keys()
    assert in_steps["schedule"] == {"name": "cosine", "floor": 0.0, "granularity": "step", "warmup_steps": 3}
    back = {key: digits_cells["bare"][key] for key in ("epochs", "evaluate_every_epochs", "checkpoint_every_epochs")}
    again = recipes.merge(in_steps, {**back, "schedule": digits_cells["bare"]["schedule"]})
    assert again == digits_cells["bare"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"epochs": 3}, "key 'epochs' does not belong here"),
        ({"evaluate_every_epochs": 3}, "key 'evaluate_every_epochs' does not belong here"),
        ({"schedule": {"granularity": "epoch", "warmup_steps": 3}}, "'schedule.granularity' is \"epoch\""),
        ({"schedule": {"granularity": "step", "warmup_epochs": 3}}, "'warmup_steps' is missing"),
        ({"schedule": {"granularity": "step", "warmup_steps": 20}}, "'schedule.warmup_steps' is 20, expected fewer"),
        ({"checkpoint_every_steps": 12}, "'checkpoint_every_steps' is 12, expected a multiple of"),
    ],
)
def test_mistakes(in_steps, write_json, changes, says):
    from train.config import read_cell

    with pytest.raises(ConfigError) as raised:
        read_cell(write_json({**in_steps, **changes}))
    assert says in str(raised.value)


def test_a_recipe_without_a_length(digits_cells, write_json):
    from train.config import read_cell

    value = {key: item for key, item in digits_cells["bare"].items() if key != "epochs"}
    with pytest.raises(ConfigError, match="'epochs' is missing"):
        read_cell(write_json(value))
