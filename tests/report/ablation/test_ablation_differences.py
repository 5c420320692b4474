"""The shipped experiments at their own size are the book's, so that their gaps are given; their smoke forms are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netspec
from report.ablation import differences
from report.imagenet import protocol as imagenet
from report.imagenette import protocol as imagenette
from report.runs.load import Cell, JsonFile, Run
from train import config
from train.config import schema

CONFIG = Path(__file__).parents[3] / "config"
IMAGENETTE = {"train_images": 9469, "val_images": 3925, "steps": 80 * 295}
IMAGENET = {"train_images": 1_281_167, "val_images": 50_000}
CASES = {
    "ablation": ("ablation", {"dataset": "imagenette"}, IMAGENETTE, differences.comparable),
    "ablation of ConvNeXt-T": (
        "ablation", {"dataset": "imagenette", "cells": "ablation-convnext"}, IMAGENETTE, differences.comparable,
    ),
    "ch. 10.3": ("imagenette", {}, IMAGENETTE, imagenette.comparable),
    "ch. 10.5": ("imagenet", {}, IMAGENET, imagenet.comparable),
}  # fmt: skip


def finished(tmp_path, name, cell, counts) -> Cell:
    """A cell with one run that did what its configuration says."""
    spec = netspec.find(cell["model"]).with_classes(cell["dataset"]["classes"])
    summary = {"params": spec.params, "classes": cell["dataset"]["classes"], "epochs": cell["epochs"], **counts}
    summary |= {"image_size": cell["dataset"]["image_size"], "batch_size": cell["batch_size"]}
    paths = [tmp_path / f"{name}-{kind}.json" for kind in ("cell", "summary")]
    for path, value in zip(paths, (cell, summary), strict=True):
        path.write_text(json.dumps(value))
    return Cell(name, JsonFile(paths[0]), (Run(0, JsonFile(paths[1]), tmp_path),))


@pytest.mark.parametrize(("experiment", "settings", "counts", "comparable"), CASES.values(), ids=CASES)
def test_shipped_cells_compare_with_their_rows(tmp_path, experiment, settings, counts, comparable):
    shipped = {**schema.load(CONFIG / "config.yaml"), **settings}
    cells = config.load_experiment(shipped, CONFIG, experiment).cells
    named = {name: finished(tmp_path, name, cell, counts) for name, cell in cells.items() if cell["book_row"]}
    assert named
    assert [name for name, cell in named.items() if not comparable(cell)] == []
    for name, cell in named.items():
        (tmp_path / f"{name}-cell.json").write_text(json.dumps({**cells[name], "purpose": "smoke"}))
        assert not comparable(Cell(name, JsonFile(tmp_path / f"{name}-cell.json"), cell.runs))
