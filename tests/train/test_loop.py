"""A run from start to results, and the command line around it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from train import config
from train.config import recipes
from train.config.schema import ConfigError
from train.loop import evaluate_weights, fit

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EPOCHS, STEPS_PER_EPOCH = 4, 6


def test_results_of_a_run(short_cell, digits_store, tmp_path):
    cell = short_cell("recipe2")
    summary = fit(cell, 1, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    written = json.loads((tmp_path / "out/summary.json").read_text())
    assert written == summary
    assert summary["steps"] == EPOCHS * STEPS_PER_EPOCH
    assert summary["val_images"] == 1697
    correct = summary["metrics"]["top1"] * 1697 / 100
    assert correct == pytest.approx(round(correct), abs=1e-6)
    assert summary["config_hash"] == cell.fingerprint
    assert not (tmp_path / "checkpoints").exists()

    metrics = pd.read_csv(tmp_path / "out/metrics.csv")
    assert list(metrics.columns) == ["epoch", "step", "split", "metric", "value"]
    assert metrics["value"].notna().all()
    train = metrics[metrics["split"] == "train"].pivot_table(index="epoch", columns="metric", values="value")
    assert train.index.tolist() == [1, 2, 3, 4]
    assert set(train.columns) == {"loss", "accuracy", "learning_rate"}
    val = metrics[metrics["split"] == "val"].pivot_table(index="epoch", columns="metric", values="value")
    assert val.index.tolist() == [2, 4]
    assert val.loc[4, "top1"] == summary["metrics"]["top1"]
    assert (val["top5"] >= val["top1"]).all()
    assert (metrics["step"] == metrics["epoch"] * STEPS_PER_EPOCH).all()


@pytest.mark.exhaustive
def test_saved_weights_score_what_the_run_reported(short_cell, digits_store, tmp_path):
    cell = short_cell("bare")
    summary = fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    again = evaluate_weights(cell, tmp_path / "out/weights.npz", digits_store)
    assert again == {**summary["metrics"], "images": 1697}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("batch_size", "epochs", "steps"), [(100, 2, 2), (60, 1, 1)])
def test_the_shortest_runs(batch_size, epochs, steps, short, digits_store, tmp_path):
    """One step compiles and is not timed; the run still ends with all its results."""
    value = short("bare", batch_size=batch_size, epochs=epochs, schedule={"warmup_epochs": 0})
    summary = fit(config.parse_cell(value), 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    assert summary["steps"] == steps
    assert (summary["timing"]["images_per_second"] is None) == (steps == 1)
    assert (tmp_path / "out/summary.json").exists()


@pytest.mark.exhaustive
def test_a_run_in_steps(short, digits_store, tmp_path):
    """It ends inside its second epoch, and is validated on the way; what it learns is what the same steps teach."""
    whole = short("bare", epochs=2, schedule={"name": "constant", "granularity": "step", "warmup_epochs": 0})
    changes = {"steps": 8, "evaluate_every_steps": 3, "checkpoint_every_steps": 6}
    schedule = {"name": "constant", "granularity": "step", "warmup_steps": 0}
    cell = config.parse_cell(recipes.merge(whole, {**changes, "schedule": schedule}))
    summary = fit(cell, 0, digits_store, tmp_path / "steps", tmp_path / "checkpoints")
    assert (summary["steps"], summary["epochs"]) == (8, 2)
    table = pd.read_csv(tmp_path / "steps/metrics.csv")
    val = table[(table["split"] == "val") & (table["metric"] == "loss")]
    assert (val["step"].tolist(), val["epoch"].tolist()) == ([3, 6, 8], [1, 1, 2])
    fit(config.parse_cell(whole), 0, digits_store, tmp_path / "epochs", tmp_path / "checkpoints")
    other = pd.read_csv(tmp_path / "epochs/metrics.csv")
    losses = [
        frame[(frame["split"] == "train") & (frame["metric"] == "loss") & (frame["epoch"] == 1)]["value"].mean()
        for frame in (table, other)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_learning_happens(short_cell, digits_store, tmp_path):
    """Twenty epochs of the bare recipe leave chance far behind; a run that learns nothing scores near 10 %."""
    import dataclasses

    cell = dataclasses.replace(short_cell("bare"), epochs=20, evaluate_every_epochs=20, checkpoint_every_epochs=20)
    summary = fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    assert summary["metrics"]["top1"] > 50


@pytest.mark.exhaustive
def test_a_finished_run_leaves_readable_files_and_a_line_per_epoch(short, command, tmp_path, finish):
    lines = finish(command(short("bare"), "run")).stdout.splitlines()
    assert not (tmp_path / "run-checkpoints").exists()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["metrics.csv", "summary.json", "weights.npz"]
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in (tmp_path / "run").iterdir())
    epochs = [line for line in lines if line.startswith("epoch")]
    assert len(epochs) == EPOCHS
    assert all("loss" in line and "images/s" in line and "left" in line for line in epochs)
    assert ["val top1" in line for line in epochs] == [False, True, False, True]


def test_weights_of_another_model_are_refused(short_cell, digits_store, tmp_path):
    np.savez(tmp_path / "other.npz", **{"layers.2.kernel": np.zeros((3, 3))})
    with pytest.raises(ConfigError, match=r"other\.npz: not weights of ViT-Digits"):
        evaluate_weights(short_cell("bare"), tmp_path / "other.npz", digits_store)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["fit", "--cell", "nowhere.json", "--seed", "0", "--out", "o", "--checkpoints", "c"],
            "nowhere.json: no such file",
        ),
        (["evaluate", "--cell", "{cell}", "--weights", "w.npz", "--data", "nowhere"], "nowhere: no prepared data"),
        (
            ["show", "cutmicks", "--config", str(ROOT / "config/config.yaml")],
            "no cell 'cutmicks', expected one of bare",
        ),
        (["prepare", "--dataset", "{cell}x", "--out", "o"], "no such file"),
    ],
    ids=["cell", "data", "name", "dataset"],
)
def test_mistakes_on_the_command_line(arguments, says, write_json, short, tmp_path, environment):
    cell = write_json(short("bare"))
    arguments = [argument.format(cell=cell) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "train", *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.exhaustive
def test_a_device_that_is_not_there(command, short, environment):
    done = subprocess.run(
        command(short("bare"), "run"), env={**environment, "JAX_PLATFORMS": "tpu"}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "key 'device' (or JAX_PLATFORMS) asks for tpu" in done.stderr
    assert "Traceback" not in done.stderr


def test_show_prints_a_cell_that_fit_accepts(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "train", "show", "mixup"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (tmp_path / "mixup.json").write_text(done.stdout)
    assert config.read_cell(tmp_path / "mixup.json").augmentation.mixup.alpha == 0.8
