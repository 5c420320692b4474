"""Runs that diverge: where they stop, what they leave, and that what they leave is valid JSON and CSV."""

import json
import math
from itertools import product

import numpy as np
import pandas as pd
import pytest

from train import config, divergence, loop
from train.__main__ import main
from train.tasks import learner_of
from train.tasks.classification.learner import Classifier

pytestmark = pytest.mark.slow

NUMBERS = {"finite": 1.5, "nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def strict(path):
    """The JSON of a file; NaN and infinities, which are none, are errors."""

    def refuse(constant):
        raise ValueError(constant)

    return json.loads(path.read_text(), parse_constant=refuse)


@pytest.fixture
def spoiled(monkeypatch, short_cell, digits_store, tmp_path):
    """A function that trains with one metric of one split replaced from one evaluation of it on."""

    def run(split, metric, value, at, **changes):
        real, calls = Classifier.figures, {"train": 0, "val": 0}

        def metrics(self, sums):
            found = real(self, sums)
            of = "val" if "top1" in found else "train"
            calls[of] += 1
            return {**found, metric: value} if of == split and calls[of] >= at else found

        monkeypatch.setattr(Classifier, "figures", metrics)
        monkeypatch.setattr(loop.Progress, "advance", lambda *_: None)  # a terminal would ask for metrics, too
        cell = short_cell("bare", **changes)
        summary = loop.fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
        assert strict(tmp_path / "out/summary.json") == summary
        assert not (tmp_path / "checkpoints").exists()
        frame = pd.read_csv(tmp_path / "out/metrics.csv")
        assert pd.api.types.is_numeric_dtype(frame["value"])
        assert not np.isinf(frame["value"]).any()
        return summary, frame

    return run


#: Four epochs of six steps, validated after the second and the fourth.
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("split", "metric", "value", "at", "epoch"),
    [("train", "loss", math.nan, 3, 3), ("train", "accuracy", -math.inf, 1, 1), ("val", "loss", math.inf, 1, 2)],
)
def test_a_run_stops_at_the_epoch_that_is_not_finite(spoiled, split, metric, value, at, epoch):
    summary, frame = spoiled(split, metric, value, at)
    assert summary["diverged"] == {"epoch": epoch, "step": 6 * epoch, "metric": f"{split} {metric}"}
    assert (summary["steps"], frame["epoch"].max()) == (6 * epoch, epoch)
    assert summary["metrics"] == dict.fromkeys(("top1", "top5", "loss"))
    assert frame["value"].isna().any()


@pytest.mark.exhaustive
def test_a_run_that_continues_reaches_its_last_epoch_and_still_says_where(spoiled):
    summary, frame = spoiled("train", "loss", math.nan, 2, on_divergence="continue")
    assert summary["diverged"] == {"epoch": 2, "step": 12, "metric": "train loss"}
    assert (summary["steps"], frame["epoch"].max()) == (24, 4)
    assert summary["train_loss"] is None
    assert summary["metrics"]["top1"] is not None, "weights and validation were finite in this made-up case"


@pytest.mark.exhaustive
def test_a_rate_far_too_high_diverges_by_itself(short, digits_folder, digits_store, tmp_path, write_json, capsys):
    """The whole way once, without anything replaced: each step makes the weights a million times as large."""
    value = short("bare", optimizer={"learning_rate": 1000, "weight_decay": 1000}, ema_decay=0.9)
    cell = write_json(value)
    arguments = ["fit", "--cell", str(cell), "--seed", "0", "--data", str(digits_folder)]
    arguments += ["--out", str(tmp_path / "out"), "--checkpoints", str(tmp_path / "checkpoints")]
    assert main(arguments) == 0
    summary = strict(tmp_path / "out/summary.json")
    epoch = summary["diverged"]["epoch"]
    assert epoch < 4 and summary["epochs"] == 4 and summary["steps"] == 6 * epoch
    assert f"not finite after epoch {epoch} of 4, step {6 * epoch}; reports leave" in capsys.readouterr().out
    arrays = np.load(tmp_path / "out/weights.npz")
    assert not all(np.isfinite(arrays[name]).all() for name in arrays)
    scored = loop.evaluate_weights(config.read_cell(cell), tmp_path / "out/weights.npz", digits_store)
    assert scored == {"loss": None, "top1": None, "top5": None, "images": 1697}


@pytest.mark.parametrize("part", ["params", "rest", "average"])
def test_weights_that_the_last_step_left_infinite_are_noticed(part, short_cell, digits_store):
    """Sums are taken before a step changes the weights, so that the last one can leave what no metric has seen."""
    from train.machine.clock import Clock
    from train.results import summarize
    from train.step import Programs

    cell = short_cell("bare", ema_decay=0.9)
    state = Programs(cell, learner_of(cell), 6).init(0)
    state = state._replace(rest={"mean": np.zeros(3, np.float32)})
    rows = [[4, 24, "train", "loss", 1.0], [4, 24, "val", "loss", 1.0]]
    rows += [[4, 24, "val", name, 50.0] for name in ("top1", "top5")]
    assert summarize(cell, 0, digits_store, rows, state, Clock())["diverged"] is None
    infinite = {"deep": [np.zeros(2), np.float32(-np.inf)]}
    found = summarize(cell, 0, digits_store, rows, state._replace(**{part: infinite}), Clock())
    assert found["diverged"]["metric"] == "weights"


def test_whether_to_stop_decides_the_fingerprint_and_a_purpose_does_not(short):
    stop, go_on = (config.fingerprint(short("bare", on_divergence=value)) for value in ("stop", "continue"))
    assert stop != go_on, "so that `continue` never meets the checkpoints of a run that stopped"
    assert config.fingerprint({**short("bare"), "purpose": "smoke"}) == config.fingerprint(short("bare"))


@pytest.mark.parametrize(("loss", "top1"), list(product(NUMBERS, repeat=2)))
def test_figures_are_all_finite_or_none_is_kept(loss, top1):
    found = divergence.scored({"loss": NUMBERS[loss], "top1": NUMBERS[top1]})
    assert found == dict.fromkeys(("loss", "top1"), 1.5 if loss == top1 == "finite" else None)
