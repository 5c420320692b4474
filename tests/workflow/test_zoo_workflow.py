"""`snakemake zoo`: what it would run, what the command line changes, and one small comparison from data to page."""

import shutil

import pandas as pd
import pytest
import yaml
from commands import ROOT, planned, snakemake

CELLS = tuple(yaml.safe_load((ROOT / "config/cells/zoo.yaml").read_text())["cells"])
REPORT = {"report_experiment": 1, "zoo": 1}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def plan(folder, *arguments):
    return planned(folder, "zoo", *arguments)


@pytest.mark.exhaustive
def test_every_architecture_with_every_seed(folder):
    runs = {"prepare_data": 1, "resolve_cell": 2 * len(CELLS), "train": 3 * len(CELLS)}
    assert plan(folder) == runs | REPORT


@pytest.mark.exhaustive
def test_the_command_line_changes_one_key_of_the_block(folder):
    assert plan(folder, "--config", "zoo={seeds: [4]}")["train"] == len(CELLS)
    text = snakemake(folder, "zoo", "--dry-run", "--config", "zoo={seeds: [4], recipe: smoke}")
    assert "results/digits-32-smoke/swin/seed4/summary.json" in text
    text = snakemake(folder, "zoo", "--dry-run", "--config", "zoo={seedz: [4]}", code=1)
    assert "config/config.yaml: unknown key 'zoo.seedz'; did you mean 'seeds'?" in text
    assert "Traceback" not in text


def test_an_architecture_is_a_target(folder):
    assert planned(folder, "swin") == {"prepare_data": 1, "resolve_cell": 1, "train": 3, "swin": 1}


@pytest.mark.exhaustive
def test_a_small_comparison_from_data_to_page(folder):
    """One architecture for a few steps, then a second one, beside an ablation that is left alone."""
    cells = {"lenet-5": "LeNet-5"}
    blocks = {name: {"description": name, "recipe": {"model": model}} for name, model in cells.items()}
    (folder / "config/cells/zoo.yaml").write_text(yaml.safe_dump({"cells": blocks}))
    path = folder / "config/recipes/zoo.yaml"
    recipe = yaml.safe_load(path.read_text())
    recipe |= {"epochs": 1, "batch_size": 250, "schedule": {"granularity": "step", "warmup_epochs": 0}}
    path.write_text(yaml.safe_dump(recipe))
    snakemake(folder, "zoo", "--config", "zoo={seeds: [0]}")
    reports = folder / "reports"
    assert (reports / "zoo.pdf").read_bytes().startswith(b"%PDF-")
    assert {p.name for p in reports.iterdir()} == {
        "zoo.csv", "zoo_runs.csv", "zoo_curves.csv", "zoo.svg", "zoo_curves.svg", "zoo.md", "zoo.pdf",
    }  # fmt: skip
    table = pd.read_csv(reports / "zoo.csv").set_index("cell")
    assert dict(table["model"]) == cells
    assert (table["val_images"] == 797).all()
    assert (table["step_milliseconds"] > 0).all()
    for log in (
        "digits-32/prepare",
        "digits-32/lenet-5/settings",
        "digits-32/lenet-5/seed0",
        "reports/zoo",
    ):
        assert (folder / f"logs/{log}.log").exists()
        assert (folder / f"logs/{log}.benchmark.tsv").exists()
    assert plan(folder, "--config", "zoo={seeds: [0]}") == {}
    # A new architecture trains only itself, and the ablation's configuration concerns none of it.
    blocks["vit"] = {"description": "vit", "recipe": {"model": "ViT-Digits-32"}}
    (folder / "config/cells/zoo.yaml").write_text(yaml.safe_dump({"cells": blocks}))
    changed = plan(folder, "--config", "zoo={seeds: [0]}", "recipe=smoke")
    assert changed == {"resolve_cell": 2, "train": 1} | REPORT
