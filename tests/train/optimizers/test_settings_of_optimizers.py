"""Settings of optimizers in a resolved cell: mistakes name file and key, and rates grow with the batch as is asked."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from train.config import recipes, schema
from train.config.cell import RateScaling
from train.config.checks import check_together
from train.config.places import Places
from train.config.schema import ConfigError
from train.optimizer import peak_rate

FREE = {"name": "schedule-free-adamw", "learning_rate": 0.01}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"optimizer": {"name": "lion", "learning_rate": 1e-4, "epsilon": 1e-8}}, r"here: key 'optimizer.epsilon' does "
         "not belong here; expected options of lion: beta1, beta2"),
        ({"optimizer": {"name": "sgd", "learning_rate": 0.1}}, "here: key 'optimizer': 'momentum' is missing"),
        ({"optimizer": {"name": "muon", "learning_rate": 0.1, "newton_schulz_steps": 0}},
         "here: key 'optimizer.newton_schulz_steps' is 0, expected at least 1"),
        ({"optimizer": {"name": "adam", "learning_rate": 0.1, "sam": {"radius": "far"}}},
         "here: key 'optimizer.sam.radius' is \"far\", expected a number"),
        ({"optimizer": {"name": "adam", "learning_rate": 0.1, "lookahead": {"steps": 5}}},
         "here: unknown key 'optimizer.lookahead.steps'; expected one of period, rate"),
        ({"optimizer": {"name": "adam", "learning_rate": 0.1, "rate_scaling": {"by": "cube", "of_batch": 16}}},
         "here: key 'optimizer.rate_scaling.by' is \"cube\", expected one of \"linear\""),
        ({"optimizer": {**FREE, "beta1": 0}}, "here: key 'optimizer.beta1' is 0, expected more of schedule-free-adamw"),
        ({"optimizer": {**FREE, "lookahead": {}}}, "here: key 'optimizer.lookahead' does not go with schedule-free"),
        ({"optimizer": FREE, "schedule": {"name": "plateau"}}, "here: key 'schedule.name' is plateau, expected"),
    ],
)  # fmt: skip
def test_mistakes_name_file_and_key(changes, says, short):
    cell = copy.deepcopy(short("bare"))
    with pytest.raises(ConfigError, match=says):
        cell = recipes.merge(cell, changes)
        schema.validate(cell, "cell", "here")
        check_together(cell, Places(*["here"] * 4))


@pytest.mark.parametrize(("by", "times"), [("linear", 4), ("square-root", 2)])
def test_the_rate_of_a_batch_grows_as_is_asked(by, times, short_cell):
    cell = short_cell("bare", batch_size=64)
    scaled = dataclasses.replace(cell.optimizer, rate_scaling=RateScaling(by, 16))
    assert peak_rate(cell) == cell.optimizer.learning_rate
    assert peak_rate(dataclasses.replace(cell, optimizer=scaled)) == pytest.approx(times * cell.optimizer.learning_rate)
