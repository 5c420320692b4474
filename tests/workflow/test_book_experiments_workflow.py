"""`snakemake imagenette` and `imagenet`: what they would run, what absent data stop, and one small run."""

import shutil

import pandas as pd
import pytest
import yaml
from commands import ROOT, planned, snakemake

REPORTS = {name: {"report_experiment": 1, name: 1} for name in ("imagenette", "imagenet")}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


@pytest.mark.exhaustive
def test_the_five_networks_of_the_chapter_with_every_seed(folder):
    runs = {"prepare_data": 1, "resolve_cell": 10, "train": 15, "lower_train_step": 5}
    assert planned(folder, "imagenette") == runs | REPORTS["imagenette"]
    # The further networks of the cells file join the report when asked to.
    every = planned(folder, "imagenette", "--config", "imagenette={only: null, seeds: [0]}")
    assert (every["train"], every["lower_train_step"]) == (9, 9)


def test_only_jobs_that_need_absent_data_say_so(folder):
    text = snakemake(folder, "imagenet", "--dry-run", code=1)
    assert "config/datasets/imagenet.yaml: key 'path' is data/imagenet" in text


@pytest.mark.exhaustive
def test_the_ablation_of_convnext_has_a_place_of_its_own(folder):
    arguments = ("--config", "dataset=imagenette", "cells=ablation-convnext", "recipe=null")
    text = snakemake(folder, "reports/ablation.pdf", "--dry-run", *arguments)
    assert "results/imagenette-baselines/mixup/seed2/summary.json" in text
    assert "reports/ablation/imagenette-baselines+ablation-convnext.pdf" in text


@pytest.mark.exhaustive
def test_both_in_miniature_from_data_to_page(folder):
    """What `--configfile config/smoke.yaml` asks for, with one network each, of those the quickest to compile."""
    smoke = yaml.safe_load((folder / "config/smoke.yaml").read_text())
    smoke["imagenette"] |= {"only": ["vit-tiny"], "seeds": [0]}
    smoke["imagenet"] |= {"only": ["vit-tiny-bf16"]}
    (folder / "config/smoke.yaml").write_text(yaml.safe_dump(smoke))
    for name, cell in (("imagenette", "vit-tiny"), ("imagenet", "vit-tiny-bf16")):
        path = folder / f"config/cells/{name}-smoke.yaml"
        cells = yaml.safe_load(path.read_text())
        cells["cells"][cell]["recipe"]["model"] = "LeNet-5"
        path.write_text(yaml.safe_dump(cells))
    path = folder / "config/recipes/smoke-32.yaml"
    recipe = yaml.safe_load(path.read_text()) | {"epochs": 1, "batch_size": 500}
    path.write_text(yaml.safe_dump(recipe | {"schedule": {"granularity": "step", "warmup_epochs": 0}}))
    arguments = ("--configfile", folder / "config/smoke.yaml")
    snakemake(folder, "imagenette", "imagenet", *arguments)
    for name, cell in (("imagenette", "vit-tiny"), ("imagenet", "vit-tiny-bf16")):
        assert not (folder / f"reports/{name}.pdf").exists()
        report = folder / f"reports/{name}/digits-32-smoke-32+{name}-smoke@{cell}"
        assert report.with_name(f"{report.name}.pdf").read_bytes().startswith(b"%PDF-")
        assert "Smoke run: not an experiment." in report.with_name(f"{report.name}.md").read_text()
        row = pd.read_csv(report.with_name(f"{report.name}.csv")).iloc[0]
        assert (row["cell"], row["epochs"], row["val_images"]) == (cell, 1, 797)
    program = folder / "results/lowered/lenet-5.mlir"
    (table,) = folder.glob("reports/imagenette/*[!s].csv")
    assert pd.read_csv(table)["mlir_characters"].iloc[0] == len(program.read_text())
    assert planned(folder, "imagenette", "imagenet", *arguments) == {}
