"""The report on a sweep: a row per point in the order of its values, and sentences that follow from the numbers."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from said import section
from synthetic_results import write_tree

from report.__main__ import main
from report.sweep import points
from report.sweep.page import REPORT

KEY = "optimizer.learning_rate"
CORRECT = {"fast": (1000, 1010), "slow": (1100, 1106), "medium": (1200, 1210)}
VALUES = {"fast": 0.01, "slow": 0.0001, "medium": 0.001}


@pytest.fixture
def tree(tmp_path):
    tree = write_tree(tmp_path, list(CORRECT), [0, 1], previews=False)
    for cell, value in VALUES.items():
        path = tree.results / cell / "cell.json"
        config = json.loads(path.read_text())
        config["optimizer"]["learning_rate"] = value
        path.write_text(json.dumps(config | {"swept": {"cell": "bare", KEY: value}}))
        for seed, correct in enumerate(CORRECT[cell]):
            tree.edit(tree.summary_path(cell, seed), {"metrics.top1": 100 * correct / 1297})
    return tree


def test_points_stand_by_value_with_all_files_of_a_report(tree):
    assert main(["page", "sweep", *tree.selection(), "--out", tree.path("rates")]) == 0
    ends = {path.name.removeprefix("rates") for path in tree.reports.iterdir()}
    assert ends == {".csv", "_runs.csv", "_curves.csv", ".svg", "_curves.svg", ".md", ".pdf"}
    table = pd.read_csv(tree.reports / "rates.csv")
    assert list(table["cell"]) == ["slow", "medium", "fast"]
    assert list(table[KEY]) == [0.0001, 0.001, 0.01]
    page = tree.read("rates.md")
    assert "# What changes with learning rate?" in page
    assert [line.split("|")[2].strip() for line in page.splitlines() if line.startswith("| `bare`")] == [
        "0.0001", "0.001", "0.01",
    ]  # fmt: skip


def findings(tree):
    page = REPORT.page(REPORT.trained(tree.results, tree.cells, tree.seeds))
    return section(page, "What the numbers say").sentences


def test_the_best_value_is_named_with_its_distance(tree):
    text, flattery = findings(tree)
    best, second = (100 * sum(CORRECT[name]) / 2 / 1297 for name in ("medium", "slow"))
    assert f"`bare` reaches most at learning rate = 0.001 ({best:.2f} %), +{best - second:.2f} points" in text
    assert "end of what was tried" not in text, "it lies between two others"
    assert "flatters it" in flattery


def test_the_end_of_what_was_tried_is_said(tree):
    for seed in tree.seeds:
        tree.edit(tree.summary_path("fast", seed), {"metrics.top1": 100 * (1290 + seed) / 1297})
    assert "more may lie beyond" in findings(tree)[0]


def test_values_are_written_as_people_write_them():
    assert [points.said(value) for value in (True, None, 1e-4, "adamw")] == ["true", "none", "0.0001", "adamw"]
    assert points.short("optimizer.learning_rate") == "learning rate"
