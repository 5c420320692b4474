"""The workflow as a person uses it: one small experiment from raw data to the PDF, then every kind of change."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml
from commands import ENVIRONMENT, ROOT, planned, snakemake

CELLS = ("bare", "cutmix", "gentle-mixup")
#: What the report of this configuration is called: that of the book's nine cells is another one.
STEM = "ablation/digits-smoke"


def make_folder(path):
    """A working folder with a small experiment: two of the book's cells and a tenth, two seeds, twelve epochs."""
    shutil.copytree(ROOT / "config", path / "config")
    cells = yaml.safe_load((path / "config/cells/ablation.yaml").read_text())["cells"]
    chosen = {name: cells[name] for name in ("bare", "cutmix")}
    chosen["gentle-mixup"] = {"description": "Mixup, alpha 0.2", "augmentation": {"mixup": {"alpha": 0.2}}}
    (path / "config/cells/ablation.yaml").write_text(yaml.safe_dump({"cells": chosen}))
    config = yaml.safe_load((path / "config/config.yaml").read_text())
    (path / "config/config.yaml").write_text(yaml.safe_dump({**config, "recipe": "smoke", "seeds": [0, 1]}))
    edit(path / "config/recipes/smoke.yaml", epochs=12, evaluate_every_epochs=6)
    return path


def kill_trainer(process, folder, log, signum):
    """Send the signal to the job's own process once its fifth epoch, and so its second checkpoint, is over."""
    deadline = time.monotonic() + 120
    while not (log.exists() and "epoch  5/12" in log.read_text()) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"fit" in words and (entry / "cwd").resolve() == folder.resolve():
                os.kill(int(entry.name), signum)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = make_folder(tmp_path_factory.mktemp("finished"))
    snakemake(folder, "reports/ablation.pdf")
    return folder


@pytest.fixture
def copy(finished, tmp_path_factory):
    """The finished experiment, to be changed; beside the original, so that relative paths stay the same."""
    return shutil.copytree(finished, tmp_path_factory.mktemp("copy"), dirs_exist_ok=True)


def edit(path, **changes):
    value = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**value, **changes}))


def edit_cell(folder, name, **changes):
    path = folder / "config/cells/ablation.yaml"
    cells = yaml.safe_load(path.read_text())["cells"]
    edit(path, cells={**cells, name: {**cells[name], **changes}})


def test_everything_promised_is_there(finished):
    reports = finished / "reports"
    assert [path.name for path in reports.iterdir()] == ["ablation"]
    assert (reports / f"{STEM}.pdf").read_bytes().startswith(b"%PDF-")
    table = pd.read_csv(reports / f"{STEM}.csv")
    assert set(table["cell"]) == set(CELLS)
    assert (table["n"] == 2).all()
    for cell in CELLS:
        assert (reports / STEM / f"{cell}.png").exists()
        for seed in (0, 1):
            run = finished / "results/digits-smoke" / cell / f"seed{seed}"
            summary = json.loads((run / "summary.json").read_text())
            assert (summary["cell"], summary["seed"], summary["val_images"]) == (cell, seed, 1697)
            assert summary["timing"]["peak_memory_mib"] < 2048
    mean = table.set_index("cell").loc["cutmix", "top1_mean"]
    summaries = finished.glob("results/digits-smoke/cutmix/seed*/summary.json")
    tops = [json.loads(path.read_text())["metrics"]["top1"] for path in summaries]
    assert mean == pytest.approx(sum(tops) / 2, abs=1e-6)
    markdown = (reports / f"{STEM}.md").read_text()
    assert "gentle-mixup" in markdown
    assert "77.10" in markdown


def test_every_rule_leaves_a_log_and_a_benchmark(finished):
    logs = {str(p.relative_to(finished / "logs")) for p in (finished / "logs").rglob("*") if p.is_file()}
    for name in (
        "digits/prepare",
        "digits-smoke/bare/settings",
        "digits-smoke/bare/seed0",
        f"reports/{STEM}",
        f"reports/{STEM}-preview",
    ):
        assert {f"{name}.log", f"{name}.benchmark.tsv"} <= logs


def test_a_finished_experiment_has_nothing_to_do(finished):
    assert planned(finished) == {}


def test_a_new_description_retrains_nothing(copy):
    edit_cell(copy, "cutmix", description="CutMix, in other words")
    assert planned(copy) == {"resolve_cell": 1, "report_experiment": 1, "reports/ablation.pdf": 1}


def test_a_changed_cell_retrains_only_itself(copy):
    edit_cell(copy, "cutmix", augmentation={"cutmix": {"alpha": 0.5}})
    jobs = planned(copy)
    assert (jobs["train"], jobs["resolve_cell"]) == (2, 2)


@pytest.mark.exhaustive
def test_another_seed_trains_only_that_seed(copy):
    edit(copy / "config/config.yaml", seeds=[0, 1, 2])
    jobs = planned(copy)
    assert jobs["train"] == 3
    assert "resolve_cell" not in jobs


@pytest.mark.exhaustive
def test_a_tenth_cell_trains_only_itself(copy):
    cells = yaml.safe_load((copy / "config/cells/ablation.yaml").read_text())["cells"]
    block = {
        "description": "random erasing",
        "augmentation": {"erasing": {"probability": 1.0, "area": [0.1, 0.2], "aspect": [1, 1]}},
    }
    edit(copy / "config/cells/ablation.yaml", cells={**cells, "always-erase": block})
    assert planned(copy)["train"] == 2


@pytest.mark.exhaustive
def test_other_semantics_and_recipes_have_results_of_their_own(copy):
    edit(copy / "config/config.yaml", semantics="paper")
    assert planned(copy, "results/digits-smoke-paper/cutmix/seed0/summary.json")["train"] == 1
    edit(copy / "config/config.yaml", semantics="book", recipe=None)
    assert planned(copy, "results/digits/cutmix/seed0/summary.json")["train"] == 1
    edit(copy / "config/config.yaml", recipe="smoke")
    assert planned(copy) == {}


@pytest.mark.exhaustive
def test_targets(copy):
    shutil.rmtree(copy / "results")
    for target in ("cutmix", "ablation/cutmix"):
        assert planned(copy, target) == {"resolve_cell": 1, "train": 2, target: 1}
    assert planned(copy, "results/digits-smoke/cutmix/seed1/summary.json") == {"resolve_cell": 1, "train": 1}
    # A cell that another experiment has, too: each trains its own, and neither name alone says which.
    cells = yaml.safe_load((copy / "config/cells/ablation.yaml").read_text())["cells"]
    edit(copy / "config/cells/ablation.yaml", cells={**cells, "swin": {"description": "not the zoo's"}})
    assert planned(copy, "ablation/swin") == {"resolve_cell": 1, "train": 2, "ablation/swin": 1}
    assert "results/digits-32" not in snakemake(copy, "ablation/swin", "--dry-run")
    text = snakemake(copy, "swin", "cutmx", "results/digits-32/cutmix/seed0/summary.json", "zoo", "--dry-run", code=1)
    assert "target 'swin': ablation and zoo each have a cell of this name, expected ablation/swin or zoo/swin" in text
    assert "target 'cutmx': nothing of this name can be made under this configuration; did you mean cutmix?" in text
    assert "target 'results/digits-32/cutmix/seed0/summary.json': nothing of this name" in text
    assert "target 'zoo'" not in text


@pytest.mark.exhaustive
def test_a_single_run_gives_the_same_bytes_again(copy):
    run = copy / "results/digits-smoke/gentle-mixup/seed1"
    before = {name: (run / name).read_bytes() for name in ("metrics.csv", "weights.npz")}
    shutil.rmtree(run)
    snakemake(copy, "results/digits-smoke/gentle-mixup/seed1/summary.json")
    assert {name: (run / name).read_bytes() for name in before} == before


@pytest.mark.exhaustive
def test_html_report(copy):
    snakemake(copy, "reports/ablation.pdf", "--report", copy / "report.zip")
    assert (copy / "report.zip").stat().st_size > 100_000


@pytest.mark.exhaustive
def test_another_configuration_replaces_no_report(copy):
    """Made anew from the same runs, and with a line for each run that was missing, however quiet Snakemake is."""
    real = {path: path.read_bytes() for path in (copy / "reports").rglob("*.*")}
    shutil.rmtree(copy / "results/digits-smoke/bare/seed0")
    text = snakemake(copy, "reports/ablation.pdf", "--quiet", "--config", "only=[bare]")
    lines = [line for line in text.splitlines() if line.startswith(("Each run", "digits-smoke: ", "Report: "))]
    assert lines[0].endswith("now: tail -F logs/digits-smoke/bare/seed0.log")
    assert lines[1].startswith("digits-smoke: bare seed 0: top-1 ")
    assert lines[2:] == [f"Report: reports/{STEM}@bare.pdf"]
    assert (copy / f"reports/{STEM}@bare.pdf").exists()
    assert {path: path.read_bytes() for path in real} == real


@pytest.mark.exhaustive
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the job's process in /proc")
def test_a_stopped_job_continues(copy, finished):
    """Stop the trainer under Snakemake after its first checkpoint; the same command finishes with the same bytes."""
    run = copy / "results/digits-smoke/cutmix/seed0"
    shutil.rmtree(run)
    log = copy / "logs/digits-smoke/cutmix/seed0.log"
    log.unlink()
    command = [sys.executable, "-m", "snakemake", "results/digits-smoke/cutmix/seed0/summary.json", "--snakefile"]
    command += [str(ROOT / "Snakefile"), "--directory", str(copy), "--cores", "1"]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    kill_trainer(process, copy, log, signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 1
    assert not (run / "summary.json").exists()
    snakemake(copy, "results/digits-smoke/cutmix/seed0/summary.json")
    assert "resumed at step" in log.read_text()
    for name in ("metrics.csv", "weights.npz"):
        assert (run / name).read_bytes() == (finished / "results/digits-smoke/cutmix/seed0" / name).read_bytes()


@pytest.mark.exhaustive
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the job's process in /proc")
def test_retries_continue_a_killed_job(copy, finished):
    run = copy / "results/digits-smoke/bare/seed1"
    shutil.rmtree(run)
    log = copy / "logs/digits-smoke/bare/seed1.log"
    log.unlink()
    command = [sys.executable, "-m", "snakemake", "results/digits-smoke/bare/seed1/summary.json", "--snakefile"]
    command += [str(ROOT / "Snakefile"), "--directory", str(copy), "--cores", "1", "--retries", "2"]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    kill_trainer(process, copy, log, signal.SIGKILL)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert "resumed at step" in log.read_text()
    for name in ("metrics.csv", "weights.npz"):
        assert (run / name).read_bytes() == (finished / "results/digits-smoke/bare/seed1" / name).read_bytes()


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("config.yaml", "\nseeds:", "\nseedz:", "unknown key 'seedz'; did you mean 'seeds'?"),
        ("experiments/zoo.yaml", "\nseeds:", "\nseedz:", "unknown key 'seedz'; did you mean 'seeds'?"),
        ("config.yaml", "\nseeds:", "\nrecipe: digits\nseeds:", "key 'recipe' is given twice, expected once"),
        ("cells/ablation.yaml", "cutmix:\n        alpha", "cutmicks:\n        alpha", "did you mean 'cutmix'?"),
        ("recipes/smoke.yaml", "epochs: 12", "epochs: four", "key 'epochs' is \"four\", expected an integer"),
    ],
    ids=["config", "experiment", "twice", "cells", "recipe"],
)
def test_a_mistake_stops_with_one_message(copy, file, old, new, says):
    path = copy / "config" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    (copy / "config/datasets/digits copy.yaml").write_text("an editor's copy")  # in nobody's way
    output = snakemake(copy, "reports/ablation.pdf", code=1)
    assert f"config/{file}" in output
    assert says in output
    assert "Traceback" not in output


def test_unreadable_data_stops_before_any_job(copy):
    output = snakemake(
        copy,
        "results/tiny-imagenette/bare/seed0/summary.json",
        "--config",
        "dataset=tiny-imagenette",
        "recipe=tiny-imagenette",
        code=1,
    )
    assert "tiny-imagenette.yaml: key 'path' is data/tiny-imagenette.tgz, expected a readable folder" in output
    assert not (copy / "results/tiny-imagenette").exists()


@pytest.mark.exhaustive
def test_every_data_set_has_a_target(copy):
    assert planned(copy, "prepare_imagenette") == {"prepare_data": 1, "prepare_imagenette": 1}
    assert planned(copy, "prepare_digits") == {}


@pytest.mark.exhaustive
def test_a_store_is_prepared_again_for_what_decides_it_only(copy):
    edit(copy / "config/datasets/digits.yaml", source="another shelf", mean=[0.4, 0.4, 0.4])
    assert "prepare_data" not in planned(copy)
    edit(copy / "config/datasets/digits.yaml", subset_seed=1)
    assert planned(copy)["prepare_data"] == 1


def test_conda_environment_lists_the_declared_dependencies():
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    environment = yaml.safe_load((ROOT / "workflow/envs/netspec.yaml").read_text())["dependencies"]
    listed = next(item["pip"] for item in environment if isinstance(item, dict))
    assert listed == [line for line in declared if not line.startswith("snakemake")]
