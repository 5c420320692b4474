"""Runs with optimizers that keep more than moments: they resume to the last bit, and are evaluated where they say."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pandas as pd
import pytest

from train import loop
from train.config import schema
from train.config.cell import Lookahead, Optimizer, Schedule, SharpnessAware
from train.loop import evaluate_weights, fit
from train.step import Programs
from train.tasks import learner_of

pytestmark = pytest.mark.slow

#: All that is put around an optimizer around the one that draws, and one that evaluates other weights than it trains.
STATEFUL = {
    "sophia": (
        {"interval": 2, "lookahead": {"period": 3}, "sam": {"radius": 0.01}},
        {"name": "plateau", "patience": 1},
    ),
    "schedule-free-adamw": ({}, {"name": "constant"}),
}


def made(short_cell, name):
    """A cell of four epochs of six steps, evaluated and saved in each."""
    given, schedule = STATEFUL[name]
    block = {
        "optimizer": {"name": name, "learning_rate": 1e-3, **given},
        "schedule": {"granularity": "step", "warmup_epochs": 1, **schedule},
    }
    full = schema.completed(block, "recipe")
    cell = short_cell("bare", evaluate_every_epochs=1)
    kinds = {"lookahead": Lookahead, "sam": SharpnessAware}
    options = {key: kinds[key](**value) if key in kinds else value for key, value in full["optimizer"].items()}
    return dataclasses.replace(cell, optimizer=Optimizer(**options), schedule=Schedule(**full["schedule"]))


class Stopped(Exception):
    """In place of a power failure."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", STATEFUL)
def test_a_run_that_went_on_is_one_that_did_not_stop(name, short_cell, digits_store, tmp_path):
    cell, kept = made(short_cell, name), []

    def programs(*given):
        if not kept:
            kept.append(Programs(*given))
        return kept[0]

    fit(cell, 0, digits_store, tmp_path / "whole", tmp_path / "a", made=programs)
    train, steps = kept[0].train, []

    def stopping(state, batch):
        steps.append(int(state.step))
        if steps[-1] == 15 and steps.count(15) == 1:
            raise Stopped
        return train(state, batch)

    kept[0].train = stopping
    with pytest.raises(Stopped):
        fit(cell, 0, digits_store, tmp_path / "gone", tmp_path / "b", made=programs)
    fit(cell, 0, digits_store, tmp_path / "gone", tmp_path / "b", made=programs)
    assert steps.count(12) == 2, "it went on from the checkpoint of its second epoch"
    for file in ("metrics.csv", "weights.npz"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "gone" / file).read_bytes()
    summary = evaluate_weights(cell, tmp_path / "whole/weights.npz", digits_store)
    last = pd.read_csv(tmp_path / "whole/metrics.csv").query("split == 'val' and metric == 'loss'")["value"].iloc[-1]
    assert summary["loss"] == pytest.approx(last, rel=1e-6)


@pytest.mark.exhaustive
def test_a_plateau_is_seen_in_the_rates_that_a_run_writes(short_cell, digits_store, tmp_path, monkeypatch):
    """The loss never falls: after each second evaluation the rate is half of what it was, in rows and in steps."""
    plateau = Schedule(name="plateau", floor=0.0, granularity="step", warmup_epochs=0, factor=0.5, patience=1)
    cell = dataclasses.replace(short_cell("bare", evaluate_every_epochs=1), schedule=plateau)
    monkeypatch.setattr(loop, "_validation_loss", lambda rows: 7.0)
    fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    rows = pd.read_csv(tmp_path / "out/metrics.csv").query("metric == 'learning_rate'")["value"]
    peak = cell.optimizer.learning_rate
    np.testing.assert_allclose(rows, peak * np.array([1, 1, 0.5, 0.25]), rtol=1e-6)


def test_weights_that_are_evaluated_are_those_that_the_optimizer_says(short_cell, digits_store):
    """Of schedule-free AdamW they are the average, and not the weights that gradients are taken at."""
    cell = made(short_cell, "schedule-free-adamw")
    programs = Programs(cell, learner_of(cell), 6)
    state, batch = programs.init(0), digits_store.train.gather(np.arange(16))
    for _ in range(3):
        state = programs.train(state, programs.place(batch))
    trained, evaluated = (jax.tree.leaves(tree) for tree in (state.params, programs.evaluated(state)))
    assert not all((a == b).all() for a, b in zip(trained, evaluated, strict=True))
    assert not programs.must_settle  # a ViT has no running statistics
