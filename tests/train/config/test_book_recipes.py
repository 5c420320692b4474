"""The recipes that ship, against the record of the runs that they are of."""

from pathlib import Path

import pandas as pd
import pytest

import netspec
from train import config
from train.config import schema

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"


def test_the_faulty_baseline_differs_from_the_corrected_one_in_nothing_else():
    settings = {**schema.load(CONFIG / "config.yaml"), "dataset": "imagenette", "cells": "ablation-faulty"}
    cells = config.load_experiment(settings, CONFIG).cells
    assert cells["bare-faulty"].pop("initialization") == "book-faulty"
    assert cells["bare"].pop("initialization") == "book"
    drop = ("name", "description", "book_row")
    bare, faulty = ({k: v for k, v in cells[n].items() if k not in drop} for n in ("bare", "bare-faulty"))
    assert bare == faulty


def test_networks_and_recipes_of_chapter_10_3_are_those_of_its_logs():
    """Every cell of cells/imagenette.yaml against its row: parameters to the last one, and all of the recipe."""
    path = ROOT / "src/netspec/reference/book_imagenette_models.csv"
    book = pd.read_csv(path, dtype={"in_ch10_table": str}).set_index("model")
    experiment = config.load_experiment(schema.load(CONFIG / "config.yaml"), CONFIG, "imagenette")
    assert {cell["book_row"] for cell in experiment.cells.values()} == set(book.index)
    printed = {cell["book_row"] for name, cell in experiment.cells.items() if name in experiment.shown}
    assert printed == set(book.index[book["in_ch10_table"] == "yes"])
    for cell in experiment.cells.values():
        row, optimizer = book.loc[cell["book_row"]], cell["optimizer"]
        assert netspec.find(cell["model"]).with_classes(10).params == row["params_logged"], cell["name"]
        assert (cell["epochs"], cell["batch_size"], cell["label_smoothing"], cell["dataset"]["image_size"]) == (
            row["epochs"], row["batch"], row["label_smoothing"], row["image_size"],
        )  # fmt: skip
        assert (optimizer["learning_rate"], optimizer["weight_decay"]) == (row["learning_rate"], row["weight_decay"])
        assert cell["schedule"] == {
            "name": "cosine",
            "floor": 0,
            "granularity": "epoch",
            "warmup_epochs": row["warmup_epochs"],
        }
        assert optimizer["decay_mask"] == "kernels" and cell["precision"] == "float32"


def test_recipes_of_the_imagenet_runs_are_those_of_their_record():
    book = pd.read_csv(ROOT / "src/netspec/reference/book_imagenet.csv", keep_default_na=False)
    book.index = book["model"] + ", " + book["run"]
    cells = config.load_experiment(schema.load(CONFIG / "config.yaml"), CONFIG, "imagenet").cells
    named = {cell["book_row"]: cell for cell in cells.values() if cell["book_row"]}
    assert set(named) == set(book.index)
    for name, cell in named.items():
        row, optimizer = book.loc[name], cell["optimizer"]
        assert cell["batch_size"] == int(row["batch"])
        remark = 96 if "28587496" in row["remark"] else 0  # the stem of the run is not that of the count
        assert not row["params"] or netspec.find(cell["model"]).params == int(row["params"]) - remark, name
        if "throughput" in name:
            assert (cell["precision"], cell["epochs"]) == ("float32", 1)
            continue
        assert (cell["epochs"], cell["precision"]) == (int(row["epochs"]), "bfloat16")
        assert row["optimizer"].lower().startswith(optimizer["name"])
        assert optimizer["learning_rate"] == float(row["learning_rate"])
        assert optimizer["weight_decay"] == float(row["weight_decay"].split(" ")[0])
        assert optimizer["decay_mask"] == ("kernels" if "no decay on" in row["weight_decay"] else "all")
        assert optimizer["clip_norm"] == (float(row["grad_clip"]) if row["grad_clip"] != "none" else None)
        assert cell["ema_decay"] == (float(row["ema"]) if row["ema"] != "no" else None)
        assert cell["stochastic_depth"] == float(row["stochastic_depth"])
        assert cell["schedule"]["warmup_epochs"] == int(row["warmup_epochs"])
        assert bool(cell["augmentation"]["mixup"]) == ("Mixup" in row["extra_aug"])


@pytest.mark.exhaustive
def test_every_demo_that_can_be_trained_is_a_cell_on_its_own_data():
    """The rows with a data set: each is a cell of an experiment on it, whose network has the printed parameters."""
    book = pd.read_csv(ROOT / "src/netspec/reference/book_demos.csv")
    book = book[book["dataset"].notna()]
    assert len(book) == 15
    experiments = config.load_experiments(schema.load(CONFIG / "config.yaml"), CONFIG).values()
    trained = {
        (cell["book_row"], cell["dataset"]["name"]): cell["model"]
        for experiment in experiments
        for cell in experiment.cells.values()
    }
    for _, row in book.iterrows():
        name = f"{row['demo']}: {row['variant']}"
        assert trained.get((name, row["dataset"])) == row["model"], name
        assert netspec.find(row["model"]).params == row["params"], name
