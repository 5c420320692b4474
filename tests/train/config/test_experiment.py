"""Experiments: what their files and the configuration make of them, and what each is called."""

import shutil

import pytest
from configuration import edit, load

from train import config
from train.config import schema
from train.config.schema import ConfigError


@pytest.mark.exhaustive
def test_the_configuration_changes_the_main_experiment_and_those_it_names(folder):
    settings = {**schema.load(folder / "config.yaml"), "device": "cpu"}
    experiments = config.load_experiments(settings, folder)
    zoo, ablation = experiments["zoo"], experiments["ablation"]
    assert (zoo.label, zoo.device, zoo.seeds) == ("digits-32", "cpu", (0, 1, 2))
    assert (ablation.label, len(ablation.cells)) == ("digits", 9)
    changed = config.load_experiments({**settings, "semantics": "paper"}, folder)
    assert (changed["ablation"].label, changed["zoo"]) == ("digits-paper", zoo)
    changed = config.load_experiments({**settings, "zoo": {"semantics": "paper", "seeds": ["7"]}}, folder)  # --config
    assert (changed["zoo"].label, changed["zoo"].seeds, changed["ablation"]) == ("digits-32-paper", (7,), ablation)
    changed = config.load_experiments({**settings, "main": "zoo", "seeds": [7], "ablation": {"seeds": [8]}}, folder)
    assert (changed["zoo"].seeds, changed["ablation"].seeds) == ((7,), (8,))


def test_an_experiment_of_ones_own_is_a_file(folder):
    path = folder / "experiments/widths.yaml"
    path.write_text(
        "title: Two rates\nquestion: Which?\nreport: sweep\ndataset: digits\nseeds: [0]\n"
        "cells: {plain: {description: as it is}}\nsweep: {learning_rate: [1e-3, 3e-3], schedule.warmup_epochs: [1]}\n"
    )
    found = config.load_experiments(schema.load(folder / "config.yaml"), folder)["widths"]
    assert found.shown == ("plain-learning-rate-1e-3-warmup-epochs-1", "plain-learning-rate-3e-3-warmup-epochs-1")
    assert (found.stem, found.label, found.report, found.cells_file) == ("widths", "digits", "sweep", "widths")
    first = found.cells[found.shown[0]]
    assert (first["optimizer"]["learning_rate"], first["schedule"]["warmup_epochs"]) == (1e-3, 1)
    assert first["swept"] == {"cell": "plain", "optimizer.learning_rate": 1e-3, "schedule.warmup_epochs": 1}


@pytest.mark.parametrize("name", ["train", "recorded", "all", "params"])
def test_an_experiment_is_not_called_as_something_else_is(folder, name):
    shutil.copy(folder / "experiments/zoo.yaml", folder / f"experiments/{name}.yaml")
    with pytest.raises(ConfigError, match=rf"{name}\.yaml: the name is a target"):
        config.load_experiments(schema.load(folder / "config.yaml"), folder)


@pytest.mark.exhaustive
def test_two_experiments_do_not_share_a_place(folder):
    """The same cells may stand in both; another cell under the same name would overwrite the first."""
    same = {**schema.load(folder / "config.yaml"), "dataset": "digits-32", "cells": "zoo"}
    assert config.load_experiments(same, folder)["ablation"].label == "digits-32"
    edit(folder, "cells/ablation.yaml", "  full:", "  swin:")
    other = {**same, "cells": "ablation"}
    with pytest.raises(ConfigError, match=r"config\.yaml: key 'zoo': its cell 'swin' would overwrite .*digits-32"):
        config.load_experiments(other, folder)


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "digits"),
        ({"recipe": "digits"}, "digits"),
        ({"recipe": "smoke"}, "digits-smoke"),
        ({"semantics": "paper"}, "digits-paper"),
        ({"recipe": "smoke", "semantics": "paper"}, "digits-smoke-paper"),
    ],
)
def test_label(folder, changes, label):
    assert load(folder, **changes).label == label


def test_seeds_from_the_command_line(folder):
    """Snakemake hands the items of a list given with --config on as text."""
    assert load(folder, seeds=["0", "12"]).seeds == (0, 12)
    with pytest.raises(ConfigError, match=r"config\.yaml: key 'seeds\.1' is \"x\", expected an integer"):
        load(folder, seeds=["0", "x"])


@pytest.mark.exhaustive
def test_null_from_the_command_line(folder):
    """Snakemake hands null given with --config on as text, at the top and inside a block."""
    assert load(folder, recipe="null").label == "digits"
    settings = schema.load(folder / "config.yaml")
    settings["imagenette"] = {"recipe": "null", "only": "null"}
    experiment = config.load_experiments(settings, folder)["imagenette"]
    assert experiment.label == "imagenette-baselines"
    assert experiment.shown == tuple(experiment.cells)


@pytest.mark.exhaustive
def test_data_that_is_not_there_stops_no_loading(folder):
    """Experiments on data nobody has here are resolved all the same; `check_path` speaks where it is needed."""
    experiments = config.load_experiments(schema.load(folder / "config.yaml"), folder)
    assert list(experiments) == config.names(folder)
    assert list(experiments)[:4] == ["ablation", "zoo", "imagenette", "imagenet"]
    assert {"language", "segmentation", "diffusion", "detection"} <= {*experiments}
    assert experiments["imagenet"].label == "imagenet"
    assert experiments["imagenette"].shown == (
        "resnet-34", "mobilenet-v2", "efficientnet-b0", "convnext-tiny", "vit-tiny",
    )  # fmt: skip


def test_a_recipe_is_that_of_the_configuration_then_of_the_cells_then_of_the_data(folder):
    assert load(folder, dataset="imagenette", cells="ablation-convnext").label == "imagenette-baselines"
    assert load(folder, dataset="imagenette").label == "imagenette"
    assert load(folder, dataset="imagenette", cells="ablation-convnext", recipe="imagenette").label == "imagenette"
