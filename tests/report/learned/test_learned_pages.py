"""Reports on tasks beside classification: figures from summaries, differences paired by seed, and runs' own files."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from report.__main__ import main
from report.learned.about import About
from report.learned.book import by_epoch
from report.runs.load import load, metrics
from train import config
from train.tasks import TASKS

pytestmark = pytest.mark.slow

RECORDED = Path(__file__).parents[3] / "results/recorded"
SEEDS = (0, 1, 2)
#: Values of the headline by cell and seed: the first cell, one that differs, one that does not.
VALUES = ((10.0, 10.4, 10.2), (12.0, 12.5, 12.1), (10.3, 10.2, 10.1), (10.1, 10.5, 10.0))
STEPS = (100, 200)


def table(header, *rows):
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue().encode()


def png():
    stream = io.BytesIO()
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


BASELINES = {"uniform": 4.5, "witten-bell-5": 12.2, "kneser-ney-6": 10.25, "kneser-ney-8": 9.0}
FILES = {
    "language": {
        "baselines.json": json.dumps({**BASELINES, "training_tokens": 1000, "scored_tokens": 321}).encode(),
        "positions.csv": table(["tokens_before", "loss"], [1, 3.0], [2, 2.0], [3, 1.5]),
        "samples.json": json.dumps({"prompt": "To `be", "temperatures": {"0.5": ["To `be|or\nnot"]}}).encode(),
    },
    "segmentation": {
        "classes.csv": table(["class", "pixels", "iou", "dice"], ["digit", 100, 90.0, 95.0], ["ground", 900, "", ""]),
        "pictures.png": png(),
    },
    "diffusion": {
        "judged.csv": table(
            ["sampler", "measure", "value"],
            ["real", "frechet", 0.4], ["real", "deviation", 0.1], ["real", "accuracy", 97.0],
            *[[sampler, name, value] for sampler in ("ddim-50", "ancestral-250")
              for name, value in (("frechet", 1.0), ("frechet_ratio", 2.5), ("coverage", 30), ("copies", 0.0))],
        ),
        "error_by_time.csv": table(["first_time", "last_time", "error"], [1, 500, 0.5], [501, 1000, 0.05]),
        "samples.png": png(), "trajectory.png": png(), "neighbours.png": png(),
    },
    "detection": {
        "classes.csv": table(
            ["class", "objects", "map50", "map75", "map", "voc07", "voc"],
            ["one", 7, 90.0, 80.0, 70.0, 85.0, 91.0], ["two", 0, "", "", "", "", ""],
        ),
        "calibration.csv": table(
            ["from", "to", "cells", "objectness", "hits"], [0.0, 0.1, 5, 0.05, 0.0], [0.1, 0.2, 0, "", ""]
        ),
        "pictures.png": png(),
        "detections.json": b"{}",
    },
}  # fmt: skip


@pytest.fixture(params=list(FILES))
def tree(request, tmp_path):
    """Results of the shipped experiment of a task, whose runs have made-up figures."""
    task = TASKS[request.param]
    experiment = config.load_experiment({"main": task.name})
    cells = list(experiment.shown)
    for name, values in zip(cells, VALUES, strict=False):
        folder = tmp_path / "results" / name
        folder.mkdir(parents=True)
        cell = experiment.cells[name]
        (folder / "cell.json").write_text(config.cell_json(cell))
        for seed, value in zip(SEEDS, values, strict=True):
            write_run(folder / f"seed{seed}", task, cell, seed, value)
    return task, cells, tmp_path


def write_run(folder, task, cell, seed, value):
    folder.mkdir()
    metrics = {metric.name: value + at for at, metric in enumerate(task.metrics)}
    steps = cell["steps"]
    summary = {
        "dataset": cell["dataset"]["name"], "cell": cell["name"], "seed": seed, "config_hash": "0" * 12,
        "model": cell["model"], "params": 1234, "macs": 10**6, "train_images": 4000, "val_images": 500,
        "image_size": cell["dataset"].get("image_size"), "classes": cell["dataset"]["classes"], "epochs": 5,
        "steps": steps, "batch_size": cell["batch_size"], "precision": "float32", "diverged": None, "task": task.name,
        "metrics": metrics, "train_loss": 0.5, "provenance": {"git_commit": "a" * 40, "git_dirty": False},
        "timing": {"wall_seconds": 60.0, "step_milliseconds": 20.0, "images_per_second": 100.0},
    }  # fmt: skip
    (folder / "summary.json").write_text(json.dumps(summary))
    rows = [
        [5, step, split, name, (0.5 if split == "train" else metrics[name]) + (steps - step) / steps]
        for step in (steps // 2, steps)
        for split, names in (("train", ["loss"]), ("val", ["loss", task.metrics[0].name]))
        for name in dict.fromkeys(names)
    ]
    (folder / "metrics.csv").write_bytes(table(["epoch", "step", "split", "metric", "value"], *rows))
    for name, content in FILES[task.name].items():
        (folder / name).write_bytes(content)


def made(tree, *more):
    task, cells, root = tree
    out = root / "reports" / task.name
    arguments = ["page", task.name, "--results", str(root / "results"), "--cells", *cells, "--seeds", *map(str, SEEDS)]
    assert main([*arguments, "--out", str(out), *more]) == 0
    return out


def test_all_files_of_a_report_are_made(tree):
    out = made(tree)
    ends = {path.name.removeprefix(out.name) for path in out.parent.iterdir()}
    assert ends == {".csv", "_runs.csv", "_curves.csv", ".svg", "_curves.svg", ".md", ".pdf"}
    page = out.with_suffix(".md").read_text()
    for about in ("What the numbers say", "What was run", "companion repository"):
        assert about in page
    assert "NaN" not in page and "nan" not in page.split()


def test_means_and_differences_are_those_of_the_runs(tree):
    task, cells, _ = tree
    found = pd.read_csv(made(tree).with_suffix(".csv")).set_index("cell")
    headline = task.headline.name
    for name, values in zip(cells, VALUES, strict=False):
        assert found.loc[name, f"{headline}_mean"] == pytest.approx(np.mean(values))
        assert found.loc[name, f"{headline}_sd"] == pytest.approx(np.std(values, ddof=1))
    p = []
    for name, values in list(zip(cells, VALUES, strict=False))[1:]:
        test = stats.ttest_rel(values, VALUES[0])
        interval = test.confidence_interval()
        row = found.loc[name]
        assert row[f"{headline}_difference"] == pytest.approx(np.mean(values) - np.mean(VALUES[0]))
        assert (row[f"{headline}_low"], row[f"{headline}_high"]) == pytest.approx((interval.low, interval.high))
        assert row[f"{headline}_p"] == pytest.approx(test.pvalue)
        p.append(test.pvalue)
    adjusted = [found.loc[name, f"{headline}_p_holm"] for name in cells[1:]]
    assert all(one >= other - 1e-9 for one, other in zip(adjusted, p, strict=True))
    if p:
        assert min(adjusted) == pytest.approx(min(1, len(p) * min(p)))


def test_the_words_follow_from_the_direction_of_the_metric(tree):
    task, cells, _ = tree
    if len(cells) < 2:
        pytest.skip("one cell, nothing to compare")
    page = made(tree).with_suffix(".md").read_text()
    line = next(line for line in page.splitlines() if line.startswith(f"- `{cells[1]}`: "))
    assert line.endswith(": better." if task.headline.better == "up" else ": worse.")


def test_a_run_of_one_seed_has_neither_spread_nor_interval(tree):
    task, cells, root = tree
    out = root / "reports/one"
    arguments = ["page", task.name, "--results", str(root / "results"), "--cells", *cells, "--seeds", "1"]
    assert main([*arguments, "--out", str(out)]) == 0
    page = out.with_suffix(".md").read_text()
    assert "±" not in page.split("What was run")[0].split("companion")[0].replace("± 0.100 from", "")
    assert "interval -" not in page


def test_a_missing_file_of_a_run_is_one_sentence(tree, capsys):
    task, cells, root = tree
    name = next(name for name in FILES[task.name] if not name.endswith("detections.json"))
    path = root / "results" / cells[0] / "seed0" / name
    path.unlink()
    arguments = ["page", task.name, "--results", str(root / "results"), "--cells", *cells, "--seeds", "0", "1"]
    assert main([*arguments, "--out", str(root / "reports/none")]) == 1
    said = capsys.readouterr().err
    assert str(path) in said and "Traceback" not in said
    assert not (root / "reports/none.pdf").exists()


def test_cells_that_diverged_are_left_out_aloud(tree):
    task, cells, root = tree
    path = root / "results" / cells[0] / "seed2" / "summary.json"
    summary = json.loads(path.read_text())
    summary["diverged"] = {"epoch": 1, "step": 50, "metric": "train loss"}
    summary["metrics"] = dict.fromkeys(summary["metrics"])
    path.write_text(json.dumps(summary))
    page = made(tree).with_suffix(".md").read_text()
    assert f"one of three runs of `{cells[0]}`" in page
    found = pd.read_csv(root / "reports" / f"{task.name}.csv").set_index("cell")
    assert found.loc[cells[0], "n"] == 2
    assert found.loc[cells[0], f"{task.headline.name}_mean"] == pytest.approx(np.mean(VALUES[0][:2]))


def test_language_stands_beside_what_counts(tree):
    task = tree[0]
    if task.name != "language":
        pytest.skip("of language only")
    page = made(tree).with_suffix(".md").read_text()
    ranked = [
        line.split("|")[1].strip() for line in page.split("**Table 2.**")[1].splitlines() if line.startswith("| ")
    ]
    assert ranked[2:7] == [
        "all tokens alike", "interpolated Kneser–Ney, order 8", "`nano`", "interpolated Kneser–Ney, order 6",
        "Witten–Bell, order 5",
    ]  # fmt: skip
    mean = np.mean(VALUES[0])
    assert f"Witten–Bell, order 5 by −{12.2 - mean:.3f} (on every seed below)" in page
    assert f"order 6 by −{10.25 - mean:.3f} (on some seeds below)" in page
    assert f"order 8 by +{mean - 9.0:.3f} (on no seed below)" in page
    assert f"{BASELINES['uniform'] / math.log(2):.3f}" in page


def test_diffusion_says_which_times_ancestral_sampling_takes(tree):
    task, _, root = tree
    if task.name != "diffusion":
        pytest.skip("of diffusion only")
    assert "takes 250 of the 1,000 times, evenly spaced" in made(tree).with_suffix(".md").read_text()
    for path in (root / "results").glob("*/seed*/judged.csv"):
        path.write_text(path.read_text().replace("ancestral-250", "ancestral-1000"))
    page = made(tree).with_suffix(".md").read_text()
    assert "ancestral, 1000 steps" in page and "times, evenly spaced" not in page


def test_a_cell_says_in_what_it_is_not_the_demo(tree):
    task, cells, _ = tree
    page = made(tree).with_suffix(".md").read_text()
    experiment = config.load_experiment({"main": task.name})
    if experiment.cells[cells[0]]["book_row"] is None:
        assert "not run here" in page
    else:
        assert "not on the demo’s data: the two figures do not compare" in page


def test_figures_that_no_run_has_are_left_out(tree):
    """As those of samples in colour, which nobody judges: the loss is then what cells are compared by."""
    task, _, root = tree
    for path in (root / "results").glob("*/seed*/summary.json"):
        summary = json.loads(path.read_text())
        loss = summary["metrics"]["loss"]
        path.write_text(json.dumps({**summary, "metrics": dict.fromkeys(summary["metrics"]) | {"loss": loss}}))
    if task.name == "diffusion":
        for path in (root / "results").glob("*/seed*/judged.csv"):
            path.write_text("sampler,measure,value\n")
    found = pd.read_csv(made(tree).with_suffix(".csv"))
    assert [name for name in found if name.endswith("_mean")] == ["loss_mean"]
    assert {"loss_difference", "loss_p_holm"} <= {*found}


def test_losses_by_epoch_stand_beside_the_printed_ones():
    about = About("diffusion", "", "", metrics=("loss",), demos=("DDPM",))
    cells = load(RECORDED / "cifar-ddpm", ["base80"], [0])
    (found,) = by_epoch(about, cells)
    assert [row[1:3] for row in found.rows] == [["1", "0.121329"], ["2", "–"], ["3", "–"], ["50", "0.062218"]]
    frame = metrics(cells[0].first)
    losses = frame[(frame["split"] == "train") & (frame["metric"] == "loss")]["value"]
    assert [row[3] for row in found.rows] == [*(f"{loss:.4f}" for loss in losses), "–"]
