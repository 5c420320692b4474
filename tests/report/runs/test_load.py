"""What is wrong with an input is said in one line that names the file and the key, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from synthetic_results import CELLS, Tree

from report.runs.load import load

SCHEMAS = Path(__file__).parents[3] / "workflow" / "schemas"


def test_a_results_tree_is_read(tree: Tree):
    cells = load(tree.results, ["bare", "mixup"], [2, 0])
    assert [cell.name for cell in cells] == ["bare", "mixup"]
    assert [run.seed for run in cells[1].runs] == [2, 0]
    assert cells[1].book_row == "vit-tiny-mixup"
    assert cells[1].config.get("optimizer.learning_rate") == 1e-3
    assert cells[0].runs[0].metric("top1") == tree.summary("bare", 2)["metrics"]["top1"]


@pytest.mark.parametrize("name", CELLS)
def test_cells_of_these_tests_follow_the_schema(tree: Tree, name):
    schemas = {path.name: yaml.safe_load(path.read_text()) for path in SCHEMAS.glob("*.yaml")}
    registry = Registry().with_resources((key, Resource.from_contents(value)) for key, value in schemas.items())
    cell = json.loads((tree.results / name / "cell.json").read_text())
    Draft202012Validator(schemas["cell.schema.yaml"], registry=registry).validate(cell)


SUMMARY = {
    "a missing key": ({"metrics.top1": None}, "key 'metrics.top1' is missing, expected a number"),
    "a wrong type": ({"params": "many"}, "key 'params' is 'many', expected an integer"),
    "true for a number": ({"val_images": True}, "key 'val_images' is True, expected an integer"),
    "a diverged run": ({"metrics.top1": float("nan")}, "key 'metrics.top1' is nan, expected a finite number"),
    "another cell": ({"cell": "mixup"}, "key 'cell' is 'mixup', expected 'cutmix'"),
    "another seed": ({"seed": 7}, "key 'seed' is 7, expected 1"),
    "another data set": ({"dataset": "imagenette"}, "key 'dataset' is 'imagenette', expected 'digits'"),
    "another length": ({"epochs": 3}, "key 'epochs' is 3, expected 40"),
    "a nested key": ({"timing.wall_seconds": None}, "key 'timing.wall_seconds' is missing"),
    "an accuracy that was not counted": (
        {"metrics.top1": 12.06},
        "key 'metrics.top1' is 12.06, but no number of 1297 images is that",
    ),
    "other images": ({"val_images": 1296, "metrics.top1": 0.0}, "key 'val_images' is 1296, expected 1297"),
    "another configuration": ({"config_hash": "0"}, "differ in key 'config_hash'"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), SUMMARY.values(), ids=SUMMARY)
def test_a_foreign_summary_is_refused(tree: Tree, capsys, changes, message):
    path = tree.summary_path("cutmix", 1)
    tree.edit(path, changes)
    assert tree.table() == 1
    _one_line(capsys, message, str(path.parent.parent))
    assert not tree.reports.exists()


CELL = {
    "an unknown row": ({"book_row": "vit-tiny"}, "key 'book_row' is 'vit-tiny', expected null or one of"),
    "another name": ({"name": "mixup"}, "key 'name' is 'mixup', expected 'cutmix'"),
    "no rate": ({"optimizer": {}}, "key 'optimizer.learning_rate' is missing"),
    "no title": ({"dataset.title": None}, "key 'dataset.title' is missing, expected text"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), CELL.values(), ids=CELL)
def test_a_foreign_cell_is_refused(tree: Tree, capsys, changes, message):
    path = tree.results / "cutmix" / "cell.json"
    tree.edit(path, changes)
    assert tree.table() == 1
    _one_line(capsys, message, str(path))


METRICS = {
    "other columns": ("epoch,loss\n1,2\n", "columns are epoch,loss, expected epoch,step,split,metric,value"),
    "words for numbers": ("epoch,step,split,metric,value\n1,1,val,top1,high\n", "column 'value' holds something"),
    "no validation": ("epoch,step,split,metric,value\n1,1,train,loss,2\n", "no row has split 'val'"),
    "nothing": ("", "is not a readable CSV file"),
}


@pytest.mark.parametrize(("text", "message"), METRICS.values(), ids=METRICS)
def test_foreign_metrics_are_refused(tree: Tree, capsys, text, message):
    path = tree.results / "cutmix" / "seed1" / "metrics.csv"
    path.write_text(text)
    assert tree.table() == 1
    _one_line(capsys, message, str(path))


@pytest.mark.parametrize("name", ["seed2/summary.json", "seed2/metrics.csv", "cell.json"])
def test_a_missing_file_is_named_with_what_makes_it(tree: Tree, capsys, name):
    path = tree.results / "erase" / name
    path.unlink()
    assert tree.table() == 1
    _one_line(capsys, "there is no such file; `snakemake", str(path))


def test_a_seed_that_was_never_run(tree: Tree, capsys):
    tree.seeds.append(3)
    assert tree.table() == 1
    _one_line(capsys, "there is no such file", "seed3/summary.json")


def test_what_is_not_json(tree: Tree, capsys):
    path = tree.summary_path("bare", 0)
    for text, says in (("{", "not valid JSON"), ("[]", "expected a mapping of keys")):
        path.write_text(text)
        assert tree.table() == 1
        _one_line(capsys, says, "delete it, and `snakemake", str(path))


def test_naming_a_cell_twice(tree: Tree, capsys):
    tree.cells.append("bare")
    assert tree.table() == 1
    _one_line(capsys, "cell bare is named twice")


def _one_line(capsys, *parts: str) -> None:
    error = capsys.readouterr().err
    assert error.startswith("report: error: ")
    assert error.count("\n") == 1
    for part in parts:
        assert part in error
