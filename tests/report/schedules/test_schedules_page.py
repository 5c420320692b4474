"""The report on schedules: what warm-up buys at which rate, from planted results."""

from __future__ import annotations

import json

import pytest
from synthetic_results import VALIDATION, write_tree

from report.__main__ import main
from report.schedules.page import REPORT, bought, pairs

RATES = (0.1, 1.0)
SCHEDULES = {
    "constant": {"name": "constant", "warmup_epochs": 0},
    "warm": {"name": "constant", "warmup_epochs": 3},
    "cosine": {"name": "cosine", "warmup_epochs": 0},
    "other": {"name": "linear", "warmup_epochs": 3},
}
#: Top-1 at the two rates: warm-up costs three points at the small one, and gains ten at the large one.
TOP1 = {"constant": (80, 50), "warm": (77, 60), "cosine": (82, 70), "other": (81, 71)}


def whole(percent):
    """The nearest percentage that a number of pictures has."""
    return 100 * round(percent * VALIDATION / 100) / VALIDATION


@pytest.fixture
def written(tmp_path):
    cells = {f"{name}-{place}": (name, rate) for name in SCHEDULES for place, rate in enumerate(RATES)}
    tree = write_tree(tmp_path, list(cells), [0, 1, 2], previews=False)
    for cell, (name, rate) in cells.items():
        path = tree.results / cell / "cell.json"
        config = json.loads(path.read_text())
        config["optimizer"]["learning_rate"] = rate
        config["schedule"] = {"granularity": "epoch", "floor": 0.0, **SCHEDULES[name]}
        path.write_text(json.dumps(config | {"swept": {"cell": name, "optimizer.learning_rate": rate}}))
        for seed in range(3):
            luck = seed if name in ("constant", "cosine") else 1.1 * seed
            tree.edit(tree.summary_path(cell, seed), {"metrics.top1": whole(TOP1[name][RATES.index(rate)] + luck)})
    setting = {
        "name": "", "title": "Planted", "results": str(tree.results), "cells": list(cells), "seeds": [0, 1, 2],
        "tuning_seeds": [], "baseline": "constant",
    }  # fmt: skip
    path = tmp_path / "about.json"
    path.write_text(json.dumps({"title": "A", "question": "Which?", "settings": [setting], "claims": []}))
    return tree, path


def test_warm_up_is_compared_with_the_same_schedule_without(written):
    setting = REPORT.read(written[1]).settings[0]
    assert [(warm.name, cold.name) for warm, cold in pairs(setting)] == [("warm", "constant")]


def test_what_warm_up_buys_at_which_rate(written):
    rows = bought(REPORT.read(written[1]).settings[0]).rows
    assert [row[:3] for row in rows] == [["`warm`", "`constant`", "0.1"], ["", "", "1"]]
    assert [row[5][:-1] for row in rows] == ["−2.9", "+10.1"]
    assert all(" to " in row[6] for row in rows)
    assert rows[1][6].startswith("+9.8")


def test_runs_that_diverged_are_said_and_the_page_is_made(written):
    tree, path = written
    for seed in range(3):
        tree.diverge("constant-1", seed)
    tree.diverge("warm-1", 0)
    cells = bought(REPORT.read(path).settings[0]).rows[1][3:5]
    assert [cell.text.partition(" (")[2] for cell in cells] == ["1 diverged)", ""]
    assert cells[1].text == "diverged"
    assert cells[1].alarm
    assert main(["page", "schedules", "--about", str(path), "--out", tree.path("found")]) == 0
    assert "What warm-up over three epochs buys at which rate" in tree.read("found.md")
