"""A run from start to results, killed in every way, resumed, and compared byte by byte."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from train import config
from train.loop import evaluate_weights, fit
from train.schema import ConfigError

EPOCHS, STEPS_PER_EPOCH = 4, 6


@pytest.fixture
def command(write_json, digits_folder, tmp_path):
    """A function giving the command line of a run into ``tmp_path / name``."""

    def make(cell, name, seed=0):
        path = write_json(cell, f"{name}.json")
        options = {
            "--cell": path,
            "--data": digits_folder,
            "--out": tmp_path / name,
            "--checkpoints": tmp_path / f"{name}-checkpoints",
            "--seed": seed,
        }
        return [sys.executable, "-m", "train", "fit", *(str(part) for item in options.items() for part in item)]

    return make


ENVIRONMENT = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax"), "PJRT_NPROC": "1"}


def finish(command, code=0):
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def interrupt(command, signum, after):
    """Start the command and send the signal once its log holds the text ``after``; return the exit code."""
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = ""
    for line in process.stdout:
        seen += line
        if after in line:
            process.send_signal(signum)
            break
    rest, _ = process.communicate(timeout=120)
    assert after in seen, seen + rest
    return process.returncode, seen + rest


def same(tmp_path, a, b):
    for file in ("metrics.csv", "weights.npz"):
        assert (tmp_path / a / file).read_bytes() == (tmp_path / b / file).read_bytes(), file
    first, second = (json.loads((tmp_path / name / "summary.json").read_text()) for name in (a, b))
    for summary in (first, second):
        del summary["timing"], summary["provenance"]
    assert first == second


def test_results_of_a_run(short_cell, digits_store, tmp_path):
    cell = short_cell("recipe2")
    summary = fit(cell, 1, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    written = json.loads((tmp_path / "out/summary.json").read_text())
    assert written == summary
    assert summary["steps"] == EPOCHS * STEPS_PER_EPOCH
    assert summary["val_images"] == 1697
    assert summary["correct"] == pytest.approx(summary["top1"] * 1697 / 100, abs=1e-6)
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
    assert val.loc[4, "top1"] == summary["top1"]
    assert (val["top5"] >= val["top1"]).all()
    assert (metrics["step"] == metrics["epoch"] * STEPS_PER_EPOCH).all()


def test_saved_weights_score_what_the_run_reported(short_cell, digits_store, tmp_path):
    cell = short_cell("bare")
    summary = fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    again = evaluate_weights(cell, tmp_path / "out/weights.npz", digits_store)
    assert (again["top1"], again["loss"], again["images"]) == (summary["top1"], summary["val_loss"], 1697)


def test_learning_happens(short_cell, digits_store, tmp_path):
    """Twenty epochs of the bare recipe leave chance far behind; a run that learns nothing scores near 10 %."""
    import dataclasses

    cell = dataclasses.replace(short_cell("bare"), epochs=20, evaluate_every_epochs=20, checkpoint_every_epochs=20)
    summary = fit(cell, 0, digits_store, tmp_path / "out", tmp_path / "checkpoints")
    assert summary["top1"] > 50


@pytest.mark.parametrize("name", ["bare", "recipe2"])
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda s: s.name)
def test_killed_and_resumed_is_as_if_never_killed(name, signum, short, command, tmp_path):
    cell = short(name, ema_decay=0.9) if name == "recipe2" else short(name)
    finish(command(cell, "whole"))
    code, text = interrupt(command(cell, "killed"), signum, after="epoch 2/4")
    if signum == signal.SIGKILL:
        assert code == -signal.SIGKILL
    elif code:  # it may have been past its last step
        assert code == 128 + signum
        assert "Traceback" not in text
        assert "the same command continues from here" in text
    assert not (tmp_path / "killed/summary.json").exists() or code == 0
    done = finish(command(cell, "killed"))
    assert "resumed at step" in done.stdout or code == 0
    same(tmp_path, "whole", "killed")


def test_killed_again_and_again(short, command, tmp_path):
    """SIGKILL at arbitrary moments, many of them inside a checkpoint's write, since every epoch writes one."""
    cell = short("cutmix", epochs=30, evaluate_every_epochs=30)
    finish(command(cell, "whole"))
    kills, patience = 0, 3.0
    generator = np.random.default_rng(0)
    while True:
        process = subprocess.Popen(command(cell, "killed"), env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        try:
            assert process.wait(timeout=patience + generator.uniform(0, 0.5)) == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            patience *= 1.15
            assert kills < 30
    assert kills >= 1
    same(tmp_path, "whole", "killed")


def test_a_damaged_checkpoint_falls_back_to_the_one_before(short, command, tmp_path):
    cell = short("bare")
    finish(command(cell, "whole"))
    interrupt(command(cell, "killed"), signal.SIGKILL, after="epoch 3/4")
    steps = sorted((tmp_path / "killed-checkpoints").glob("*/[0-9]*"), key=lambda p: int(p.name))
    assert steps
    for part in steps[-1].rglob("*"):
        if part.is_file() and part.parent.name == "d":
            part.write_bytes(part.read_bytes()[:10])
    finish(command(cell, "killed"))
    same(tmp_path, "whole", "killed")


def test_another_configuration_does_not_resume(short, command, tmp_path):
    cell = short("bare")
    interrupt(command(cell, "run"), signal.SIGKILL, after="epoch 3/4")
    changed = short("bare", label_smoothing=0.2)
    done = finish(command(changed, "run"))
    assert "resumed" not in done.stdout
    finish(command(changed, "fresh"))
    same(tmp_path, "fresh", "run")


def test_another_seed_does_not_resume(short, command, tmp_path):
    cell = short("bare")
    interrupt(command(cell, "run"), signal.SIGKILL, after="epoch 3/4")
    assert "resumed" not in finish(command(cell, "run", seed=1)).stdout


def test_a_finished_run_leaves_no_checkpoints_and_readable_files(short, command, tmp_path):
    finish(command(short("bare"), "run"))
    assert not (tmp_path / "run-checkpoints").exists()
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["metrics.csv", "summary.json", "weights.npz"]
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in (tmp_path / "run").iterdir())


def test_a_log_has_a_line_per_epoch(short, command):
    lines = finish(command(short("bare"), "run")).stdout.splitlines()
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
def test_mistakes_on_the_command_line(arguments, says, write_json, short, tmp_path):
    cell = write_json(short("bare"))
    arguments = [argument.format(cell=cell) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "train", *arguments], env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_show_prints_a_cell_that_fit_accepts(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "train", "show", "mixup"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (tmp_path / "mixup.json").write_text(done.stdout)
    assert config.read_cell(tmp_path / "mixup.json").augmentation.mixup.alpha == 0.8


def test_wall_time_covers_all_resumes(short, command, tmp_path):
    cell = short("bare", epochs=8)
    start = time.perf_counter()
    interrupt(command(cell, "run"), signal.SIGTERM, after="epoch 3/8")
    finish(command(cell, "run"))
    elapsed = time.perf_counter() - start
    timing = json.loads((tmp_path / "run/summary.json").read_text())["timing"]
    assert timing["resumes"] == 1
    assert 0 < timing["train_seconds"] + timing["compile_seconds"] <= timing["wall_seconds"] < elapsed
