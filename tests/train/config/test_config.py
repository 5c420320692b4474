"""Configuration: what ships resolves, every key is described, and each mistake gets one sentence."""

import copy
import dataclasses
import json
from pathlib import Path

import pytest
import yaml
from configuration import edit, load

from train import config
from train.config import cell as cell_types
from train.config import schema
from train.config.read import KNOBS
from train.config.schema import ConfigError

ROOT = Path(__file__).parents[3]


def test_the_nine_cells_of_the_book(digits_cells):
    knobs = {
        name: {k for k in KNOBS if cell["augmentation"][k]} | {f"wd {cell['optimizer']['weight_decay']}"}
        for name, cell in digits_cells.items()
    }
    base = "wd 0.0001"
    assert knobs == {
        "bare": {base},
        "erase": {"erasing", base},
        "mixup": {"mixup", base},
        "cutmix": {"cutmix", base},
        "cutmix-wd05": {"cutmix", "wd 0.05"},
        "randaug": {"randaugment", base},
        "randaug-m4": {"randaugment", base},
        "full": {"mixup", "erasing", base},
        "recipe2": {"cutmix", "erasing", "randaugment", base},
    }
    assert digits_cells["randaug"]["augmentation"]["randaugment"] == {"operations": 2, "magnitude": 9}
    assert digits_cells["randaug-m4"]["augmentation"]["randaugment"] == {"operations": 2, "magnitude": 4}


@pytest.mark.parametrize("semantics", ["book", "paper"])
def test_every_shipped_data_set_resolves(folder, semantics):
    for path in sorted((folder / "datasets").glob("*.yaml")):
        recipe = config.recipes.load(config.datasets.load(path)["recipe"], folder / "recipes")
        name = recipe.get("task", "ablation")
        name = "language" if name == "recall" else name  # which has no experiment of its own
        changes = {"dataset": path.stem, "semantics": semantics}
        if name != "ablation":
            changes |= {"only": None, "cells": {"one": {"description": "the recipe of the data set"}}}
        experiment = config.load_experiment({"main": name, **changes}, folder)
        for cell in experiment.cells.values():
            schema.validate(cell, "cell", "resolved")
            typed = config.parse_cell(json.loads(config.cell_json(cell)))
            assert typed.augmentation.semantics == semantics
            assert typed.dataset.name == path.stem


def test_book_protocol_is_the_books(folder):
    """config/recipes/imagenette.yaml against the hyperparameter columns of the book's table."""
    import pandas as pd

    book = pd.read_csv(ROOT / "src/netspec/reference/book_ablation.csv").set_index("cell")
    for cell in load(folder, dataset="imagenette").cells.values():
        row = book.loc[cell["book_row"]]
        optimizer, data = cell["optimizer"], cell["dataset"]
        assert (cell["epochs"], cell["batch_size"], cell["label_smoothing"]) == (
            row["epochs"],
            row["batch"],
            row["label_smoothing"],
        )
        assert (optimizer["learning_rate"], optimizer["weight_decay"]) == (row["learning_rate"], row["weight_decay"])
        assert (optimizer["beta1"], optimizer["beta2"], optimizer["epsilon"]) == (
            row["beta1"],
            row["beta2"],
            row["eps"],
        )
        assert (data["image_size"], data["stored_size"]) == (row["image_size"], row["stored_train_size"])
        assert cell["schedule"] == {
            "name": "cosine",
            "floor": 0,
            "granularity": "epoch",
            "warmup_epochs": row["warmup_epochs"],
        }
        knobs = cell["augmentation"]
        assert (knobs["mixup"] or {}).get("alpha") == (row["mixup_alpha"] if pd.notna(row["mixup_alpha"]) else None)
        assert (knobs["cutmix"] or {}).get("alpha") == (row["cutmix_alpha"] if pd.notna(row["cutmix_alpha"]) else None)
        assert bool(knobs["erasing"]) == pd.notna(row["random_erasing_prob"])
        assert bool(knobs["randaugment"]) == pd.notna(row["randaugment_n"])
        if knobs["erasing"]:
            assert knobs["erasing"]["probability"] == row["random_erasing_prob"]
            assert "{}-{}".format(*knobs["erasing"]["area"]) == row["random_erasing_area"]
        if knobs["randaugment"]:
            assert knobs["randaugment"] == {"operations": row["randaugment_n"], "magnitude": row["randaugment_m"]}


#: Written by programs, of which other versions may add keys.
PRODUCTS = {f"{name}.schema.yaml" for name in ("network", "record", "step", "store", "summary")}


def schema_files():
    return sorted(schema.SCHEMAS.glob("*.schema.yaml"))


@pytest.mark.parametrize("path", schema_files(), ids=lambda p: p.name)
def test_every_key_is_described_and_no_other_is_allowed(path):
    def visit(node, where):
        if not isinstance(node, dict):
            return
        for name, child in node.get("properties", {}).items():
            described = "description" in child or "$ref" in child or where.endswith(("if", "then", "else"))
            described = described or set(child) in ({"const"}, {"not"})
            assert described, f"{path.name}: {where}.{name} has no description"
        if node.get("type") == "object" and "properties" in node and path.name not in PRODUCTS:
            assert node.get("additionalProperties") is False, f"{path.name}: {where} allows unknown keys"
        for name, child in node.items():
            if isinstance(child, dict):
                visit(child, f"{where}.{name}")
            for item in child if isinstance(child, list) else ():
                visit(item, f"{where}.{name}")

    visit(yaml.safe_load(path.read_text()), "")


@pytest.mark.parametrize(
    ("kind", "type_"), [("dataset", cell_types.Dataset), ("recipe", cell_types.Cell)], ids=["dataset", "recipe"]
)
def test_schema_keys_are_the_fields(kind, type_):
    keys = set(yaml.safe_load((schema.SCHEMAS / f"{kind}.schema.yaml").read_text())["properties"])
    fields = {field.name for field in dataclasses.fields(type_)}
    if kind == "dataset":
        assert keys - {"augmentation", "recipe"} == fields - {"name"}
    else:
        other = {"name", "book_row", "recipe", "dataset", "augmentation", "fingerprint", "swept", "own_text"}
        assert keys - {"extends"} == fields - other


BROKEN = [
    # file, text, replacement, what the message must say
    (
        "experiments/ablation.yaml",
        "dataset: digits",
        "dataset: digit",
        ["digit.yaml", "no such file", "did you mean 'digits'"],
    ),
    (
        "experiments/ablation.yaml",
        "seeds: [0, 1, 2, 3, 4]",
        "seeds: [0, 0]",
        ["ablation.yaml", "'seeds'", "each entry once"],
    ),
    (
        "experiments/ablation.yaml",
        "seeds: [0, 1, 2, 3, 4]",
        "seeds: three",
        ["ablation.yaml", "'seeds'", '"three"', "a list"],
    ),
    (
        "experiments/ablation.yaml",
        "semantics: book",
        "semantics: boook",
        ["ablation.yaml", "'semantics'", '"book"', '"paper"'],
    ),
    ("config.yaml", "device: auto", "devise: auto", ["config.yaml", "unknown key 'devise'", "'device'"]),
    ("config.yaml", "device:", "zoo: {cellz: zoo}\ndevice:", ["config.yaml", "unknown key 'zoo.cellz'", "'cells'"]),
    ("config.yaml", "device:", "zoo: {seeds: []}\ndevice:", ["config.yaml", "'zoo.seeds'", "an empty list"]),
    ("config.yaml", "device:", "zoos: {}\ndevice:", ["config.yaml", "unknown key 'zoos'", "'zoo'"]),
    ("config.yaml", "main: ablation", "main: ablations", ["config.yaml", "'main' is 'ablations'", "ablation, zoo"]),
    ("experiments/zoo.yaml", "cells: zoo", "cellz: zoo", ["zoo.yaml", "unknown key 'cellz'", "'cells'"]),
    ("experiments/zoo.yaml", "cells: zoo\n", "", ["zoo.yaml", "'cells' is missing"]),
    (
        "experiments/zoo.yaml",
        "cells: zoo",
        "cells: {Swin: {description: x}}",
        ["zoo.yaml", "key 'cells.Swin'", "at most 63"],
    ),
    ("experiments/zoo.yaml", "cells: zoo", "cells: {swin: {}}", ["zoo.yaml", "cells.swin", "'description' is missing"]),
    ("experiments/zoo.yaml", "report: zoo", "report: zooo", ["zoo.yaml", "'report'", '"zoo"']),
    (
        "experiments/zoo.yaml",
        "dataset: digits-32",
        "dataset: digits-23",
        ["digits-23.yaml", "did you mean 'digits-32'"],
    ),
    (
        "experiments/zoo.yaml",
        "dataset: digits-32",
        "dataset: digits",
        ["zoo.yaml", "(32, 32, 1)", "image_size", "digits.yaml"],
    ),
    (
        "cells/zoo.yaml",
        "{model: Swin-Digits}",
        "{model: Swin-T}",
        ["zoo.yaml: cells.swin.recipe", "'model'", "(224, 224, 3)", "set image_size in", "digits-32.yaml", "to 224"],
    ),
    ("cells/zoo.yaml", "{model: Swin-Digits}", "{model: Swim-Digits}", ["cells.swin.recipe", "'model'", "Swin-Digits"]),
    ("cells/zoo.yaml", "{model: Swin-Digits}", "{model: GPT-2 XL}", ["cells.swin.recipe", "'model'", "GPT-2"]),
    ("cells/zoo.yaml", "{model: Swin-Digits}", "{model: tiny-UNet}", ["cells.swin.recipe", "vector of classes"]),
    ("cells/zoo.yaml", "{model: Swin-Digits}", "{model: Highway-50}", ["cells.swin.recipe", "one picture"]),
    ("cells/zoo.yaml", "  swin:", "  zoo:", ["zoo.yaml", "cells.zoo", "target"]),
    ("cells/ablation.yaml", "mixup: &mixup", "mixupp: &mixup", ["ablation.yaml", "mixupp", "did you mean 'mixup'"]),
    ("cells/ablation.yaml", "{alpha: 0.8}", "{alpha: -1}", ["ablation.yaml", "cells.mixup", "alpha", "at least 0.001"]),
    ("cells/ablation.yaml", "{alpha: 0.8}", "{}", ["ablation.yaml", "'alpha' is missing"]),
    ("cells/ablation.yaml", "  full:", "  all:", ["ablation.yaml", "cells.all", "target"]),
    ("cells/ablation.yaml", "  full:", "  bare:", ["ablation.yaml", "'cells.bare'", "given twice"]),
    (
        "cells/ablation.yaml",
        "optimizer: {weight_decay: 0.05}",
        "optimizer: {weight_decai: 0.05}",
        ["ablation.yaml", "cells.cutmix-wd05", "optimizer.weight_decai", "'weight_decay'"],
    ),
    (
        "cells/ablation.yaml",
        "      mixup: *mixup\n",
        "      mixup: *mixup\n      cutmix: {alpha: 1.0}\n",
        ["ablation.yaml", "cells.full", "both mixup and cutmix"],
    ),
    ("cells/ablation.yaml", "area: [0.02, 0.33]", "area: [0.5, 0.3]", ["ablation.yaml", "erasing.area", "smallest"]),
    ("recipes/digits.yaml", "learning_rate: 0.003", "learning_rate: fast", ["digits.yaml", "learning_rate", "number"]),
    ("recipes/digits.yaml", "model: ViT-Digits", "model: ViT-Dgits", ["digits.yaml", "'model'", "ViT-Digits"]),
    ("recipes/digits.yaml", "model: ViT-Digits", "model: ViT-Tiny", ["digits.yaml", "(224, 224, 3)", "image_size"]),
    ("recipes/digits.yaml", "warmup_epochs: 10", "warmup_epochs: 160", ["digits.yaml", "warmup_epochs", "fewer"]),
    ("recipes/digits.yaml", "batch_size: 16", "batch_size: 101", ["digits.yaml", "batch_size", "at most", "100"]),
    ("recipes/digits.yaml", "epochs: 160", "epochs: 160\nepochs: 3", ["digits.yaml", "'epochs'", "given twice"]),
    (
        "recipes/digits.yaml",
        "batch_size: 16",
        "batch_size: 16\naccumulate: 3",
        ["digits.yaml", "accumulate", "divisor of batch_size (16)"],
    ),
    ("recipes/baselines.yaml", "name: adamw", "name: adm", ["baselines.yaml", "optimizer.name", '"adamw", "sgd"']),
    (
        "recipes/baselines.yaml",
        "name: adamw",
        "name: lars",
        ["baselines.yaml", "optimizer.beta1", "does not belong here; expected options of lars: momentum, trust"],
    ),
    ("recipes/baselines.yaml", "name: adamw", "name: sgd", ["baselines.yaml", "optimizer", "'momentum' is missing"]),
    (
        "recipes/digits.yaml",
        "  learning_rate: 0.003",
        "  learning_rate: 0.003\n  momentum: 0.9",
        ["digits.yaml", "optimizer.momentum", "does not belong here"],
    ),
    ("cells/imagenet.yaml", "hue: 0.09", "hue: 0.9", ["imagenet.yaml", "colour_jitter.hue", "at most 0.5"]),
    ("cells/imagenet.yaml", "momentum: 0.9, ", "", ["cells.resnet-34-90ep.recipe", "'momentum' is missing"]),
    (
        "cells/zoo.yaml",
        "{model: Swin-Digits}",
        "{model: Swin-Digits, initialization: book-faulty}",
        ["cells.swin.recipe", "'initialization'", "not defined for Swin-Digits", "Vision Transformer"],
    ),
    (
        "experiments/imagenette.yaml",
        "only: [resnet-34,",
        "only: [resnet34,",
        ["imagenette.yaml: key 'only'", "did you mean 'resnet-34'"],
    ),
    (
        "config.yaml",
        "main: ablation",
        "main: ablation\nimagenet: {only: [mlp]}",
        ["config.yaml: key 'imagenet.only'", "'mlp'", "expected some of vit-tiny"],
    ),
    ("config.yaml", "main:", "image-net: {}\nmain:", ["config.yaml", "unknown key 'image-net'", "'imagenet'"]),
    ("recipes/digits.yaml", "epochs: 160", "epochs: [", ["digits.yaml", "line", "not valid YAML"]),
    ("recipes/baselines.yaml", "epochs: 80\n", "", ["baselines.yaml", "'epochs' is missing"]),
    (
        "recipes/digits.yaml",
        "extends: baselines",
        "extends: baseline",
        ["digits.yaml", "'extends'", "did you mean 'baselines'"],
    ),
    (
        "recipes/digits.yaml",
        "extends: baselines",
        "extends: smoke",
        ["smoke.yaml", "'extends' is 'digits'", "without it"],
    ),
    ("recipes/digits.yaml", "extends: baselines\n", "", ["digits.yaml", "'initialization' is missing"]),
    (
        "datasets/digits.yaml",
        "stored_size: 18",
        "stored_size: 15",
        ["digits.yaml", "stored_size", "at least image_size"],
    ),
    ("datasets/digits.yaml", "path: null", "path: pictures", ["digits.yaml", "'path'", "null"]),
    ("datasets/digits.yaml", "kind: sklearn-digits", "kind: folder", ["digits.yaml", "'kind'", "image-folder"]),
]


@pytest.mark.parametrize(("file", "old", "new", "says"), BROKEN, ids=[f"{b[0]}: {b[2][:28]!r}" for b in BROKEN])
def test_mistakes(folder, file, old, new, says):
    edit(folder, file, old, new)
    with pytest.raises(ConfigError) as raised:
        config.load_experiments(schema.load(folder / "config.yaml"), folder)
    message = str(raised.value)
    assert "\n" not in message
    for part in says:
        assert part in message, message


def test_scientific_notation_is_a_number(folder):
    edit(folder, "recipes/digits.yaml", "learning_rate: 0.003", "learning_rate: 2e-3")
    assert load(folder).cells["bare"]["optimizer"]["learning_rate"] == 2e-3


def test_fingerprint_changes_with_what_decides_and_only_with_that(digits_cells):
    cell = digits_cells["mixup"]
    seen = {config.fingerprint(cell)}
    for change in (
        {"epochs": 7},
        {"optimizer": {**cell["optimizer"], "weight_decay": 1.0}},
        {"augmentation": {**cell["augmentation"], "semantics": "paper"}},
        {"dataset": {**cell["dataset"], "train_per_class": 5}},
    ):
        seen.add(config.fingerprint({**cell, **change}))
    assert len(seen) == 5
    for change in ({"description": "x"}, {"book_row": None}, {"name": "other"}, {"recipe": "renamed"}):
        assert config.fingerprint({**cell, **change}) == config.fingerprint(cell)


def test_all_cells_differ(digits_cells):
    assert len({config.fingerprint(cell) for cell in digits_cells.values()}) == len(digits_cells)


def test_resolved_cell_is_checked_when_read(write_json, digits_cells):
    cell = copy.deepcopy(digits_cells["bare"])
    cell["augmentation"]["cutmicks"] = {"alpha": 1}
    with pytest.raises(ConfigError, match=r"cell\.json: unknown key 'augmentation\.cutmicks'; did you mean 'cutmix'"):
        config.read_cell(write_json(cell))


def test_unreadable_data_path(folder):
    dataset = load(folder, dataset="imagenette").dataset
    with pytest.raises(
        ConfigError, match=r"config/datasets/imagenette\.yaml: key 'path' is data/.*, expected a readable"
    ):
        config.check_path({**dataset, "path": "data/not-there"})


def test_another_optimizer_replaces_the_block_and_the_same_one_is_changed(folder):
    cells = config.load_experiment(schema.load(folder / "config.yaml"), folder, "imagenet").cells
    assert "beta1" not in cells["resnet-34-90ep"]["optimizer"]
    assert cells["vit-tiny-unclipped"]["optimizer"] == {
        **cells["vit-tiny-bf16"]["optimizer"], "clip_norm": None,
    }  # fmt: skip
