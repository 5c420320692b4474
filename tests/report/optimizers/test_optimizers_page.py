"""The report on optimizers: equal time, ten times the rate, and larger batches, from planted results."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from synthetic_results import VALIDATION, write_tree

from report.__main__ import main
from report.comparison import budgets
from report.optimizers import batches, content
from report.optimizers.page import REPORT
from train.config.schema import completed

KEY = "optimizer.learning_rate"
GUESS = math.log(10)
SEEDS = (0, 1, 2)


def whole(percent):
    """The nearest percentage that a number of pictures has."""
    return 100 * round(percent * VALIDATION / 100) / VALIDATION


def write(root, found, **about):
    """Results by variant, rate and seed of ``(top1, loss, milliseconds)``, and the file that describes them."""
    cells = {f"{name}-{place}": (name, rate) for name in found for place, rate in enumerate(found[name]["rates"])}
    tree = write_tree(root, list(cells), list(SEEDS), previews=False)
    for cell, (name, rate) in cells.items():
        given = found[name]
        path = tree.results / cell / "cell.json"
        config = json.loads(path.read_text())
        config["batch_size"] = given.get("batch", 16)
        config["optimizer"]["learning_rate"] = rate
        if "optimizer" in given:
            block = {"name": given["optimizer"], "learning_rate": rate}
            config["optimizer"] = completed({"optimizer": block}, "recipe")["optimizer"]
        path.write_text(json.dumps(config | {"swept": {"cell": name, KEY: rate}}))
        for seed in SEEDS:
            top1, loss = given["rates"][rate]
            summary = tree.summary_path(cell, seed)
            tree.edit(summary, {"metrics.top1": whole(top1 + seed), "metrics.loss": loss})
            tree.edit(summary, {"timing.step_milliseconds": given.get("milliseconds", 10.0), "optimizer_bytes": 800})
    setting = {
        "name": "", "title": "Planted", "results": str(tree.results), "cells": list(cells), "seeds": list(SEEDS),
        "tuning_seeds": [], "baseline": next(iter(found)),
    }  # fmt: skip
    path = root / "about.json"
    path.write_text(json.dumps({"title": "A", "question": "Which?", "settings": [setting], "claims": [], **about}))
    return tree, path


def rows_of(tree, cell, losses):
    """Have every run of a cell validate at these steps with these losses."""
    for seed in SEEDS:
        path = tree.results / cell / f"seed{seed}" / "metrics.csv"
        frame = pd.read_csv(path)
        frame = frame[~((frame["split"] == "val") & (frame["metric"] == "loss"))]
        new = [
            {"epoch": 1, "step": step, "split": "val", "metric": "loss", "value": loss} for step, loss in losses.items()
        ]
        pd.concat([frame, pd.DataFrame(new)]).to_csv(path, index=False)


def test_at_equal_time_a_step_of_twice_the_length_has_half_the_steps(tmp_path):
    found = {
        "quick": {"rates": {0.1: (90, 1.0)}, "milliseconds": 10.0},
        "slow": {"rates": {0.1: (90, 0.5)}, "milliseconds": 20.0},
    }
    tree, path = write(tmp_path, found)
    steps = json.loads(tree.summary_path("quick-0", 0).read_text())["steps"]
    rows_of(tree, "quick-0", {steps // 2: 1.5, steps: 1.0})
    rows_of(tree, "slow-0", {steps // 4: 2.0, 3 * steps // 4: 1.0, steps: 0.5})
    setting = REPORT.read(path).settings[0]
    assert budgets.seconds(setting) == pytest.approx(steps * 0.01)
    quick, slow = setting.variants
    assert budgets.loss_after(setting, quick, steps * 0.01) == 1.0
    assert budgets.loss_after(setting, slow, steps * 0.01) == pytest.approx(1.5)
    assert math.isnan(budgets.loss_after(setting, slow, steps * 0.001)), "before the first validation nothing is known"
    assert budgets.loss(setting, slow) == 0.5


def test_what_is_kept_at_ten_times_the_rate_is_the_share_of_what_was_learned(tmp_path):
    """Learned is the loss below ln 10; a run that diverged or ends above guessing keeps nothing."""
    found = {
        "steady": {"rates": {0.1: (90, 0.8), 0.3: (85, 0.9), 1.0: (70, (GUESS + 0.8) / 2)}},
        "fragile": {"rates": {0.1: (90, 0.8), 1.0: (10, 5.0)}},
        "lost": {"rates": {0.1: (90, 0.8), 1.0: (10, 2.0)}},
        "untried": {"rates": {0.1: (90, 0.8), 0.5: (20, 2.0)}},
    }
    tree, path = write(tmp_path, found)
    tree.diverge("lost-1", 1)
    setting = REPORT.read(path).settings[0]
    shares = {one.name: budgets.kept(setting, one) for one in setting.variants}
    assert shares["steady"] == pytest.approx(0.5)
    assert shares["fragile"] == 0
    assert shares["lost"] == pytest.approx(2 / 3 * (GUESS - 2.0) / (GUESS - 0.8))
    assert math.isnan(shares["untried"])
    table = REPORT.read(path).table
    assert list(table["diverged_at_larger"].fillna(-1)) == [0, 0, 1, -1]
    assert content.survival(table) == (
        "At ten times the rate `steady` keeps at least half; `fragile` and `lost` keep less; `untried` was not tried "
        "there."
    )


def test_batches_stand_beside_the_rules_for_the_rate(tmp_path):
    """Of rates 0.1, 0.3 and 1 at batches of 10 and 100: one optimizer takes √10 times the rate, the other ten times."""
    at = {0.1: (80, 1.0), 0.3: (70, 1.0), 1.0: (60, 1.0)}
    root = {0.1: (60, 1.0), 0.3: (75, 1.0), 1.0: (70, 1.0)}
    linear = {0.1: (60, 1.0), 0.3: (65, 1.0), 1.0: (82, 1.0)}
    found = {
        "adam-10": {"rates": at, "optimizer": "adam", "batch": 10},
        "adam-100": {"rates": root, "optimizer": "adam", "batch": 100},
        "lars-100": {"rates": linear, "optimizer": "lars", "batch": 100},
        "lars-10": {"rates": at, "optimizer": "lars", "batch": 10},
    }
    _, path = write(tmp_path, found)
    setting = REPORT.read(path).settings[0]
    assert batches.differ(setting)
    assert {name: [one.name for one in some] for name, some in batches.families(setting).items()} == {
        "Adam": ["adam-10", "adam-100"],
        "LARS": ["lars-10", "lars-100"],
    }
    rows = [getattr(row, "cells", row) for row in batches.table(setting).rows]
    assert [row[0] for row in rows] == ["Adam", "", "LARS", ""]
    assert [row[4][:3] for row in rows] == ["–", "−5.", "–", "+1."]
    assert [row[6:10] for row in rows] == [
        ["0.1", "–", "–", "–"], ["0.3", "0.32", "1", "√"], ["0.1", "–", "–", "–"], ["1", "0.32", "1", "linear"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"), [(0.1, "√"), (1.0, "linear"), (0.9, "linear"), (math.nan, "–"), (math.sqrt(0.1), "either")]
)
def test_which_rule_is_nearer(found, expected):
    assert batches.nearer(found, (0.1, 1.0)) == expected


def test_the_whole_page(tmp_path):
    tree, path = write(
        tmp_path, {"one": {"rates": {0.1: (90, 0.8), 1.0: (60, 1.8)}}, "two": {"rates": {0.1: (80, 1.0)}}}
    )
    assert main(["page", "optimizers", "--about", str(path), "--out", tree.path("found")]) == 0
    text = tree.read("found.md")
    assert "At ten times the rate `one` keeps less; `two` was not tried there." in text
    line = next(line for line in text.splitlines() if line.startswith("| `one` | 0.1 | "))
    assert "| 0.800 |" in line
    assert "| 33 % |" in line
    table = pd.read_csv(tree.reports / "found.csv").set_index("variant")
    assert table.loc["one", "larger_rate"] == 1.0
    assert table.loc["one", "kept"] == pytest.approx((GUESS - 1.8) / (GUESS - 0.8), abs=1e-4)
