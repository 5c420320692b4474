"""The tables that reports on trained cells share: what each column is, and where a run's figure comes from."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from synthetic_results import Tree

from report.ablation import table as ablation
from report.runs import frames
from report.runs.load import load
from report.zoo import table as zoo


@pytest.mark.parametrize("columns", [frames.RUN_SHOWN, ablation.RUN_COLUMNS, zoo.RUN_COLUMNS])
def test_every_column_of_a_table_of_runs_is_explained(columns):
    assert set(columns) <= frames.RUN_COLUMNS.keys()
    assert len(set(columns)) == len(columns)


def test_a_run_says_its_metrics_its_times_and_where_it_comes_from(make_tree):
    tree: Tree = make_tree(["bare", "mixup"], [0, 1], previews=False)
    tree.edit(tree.summary_path("mixup", 1), {"timing.step_milliseconds": 7.5, "provenance.git_dirty": True})
    tree.diverge("bare", 0, epoch=10)
    found = frames.per_run(load(tree.results, ["bare", "mixup"], [0, 1])).set_index(["cell", "seed"])
    last = found.loc[("mixup", 1)]
    assert (last["step_milliseconds"], last["git_dirty"], last["images_per_second"]) == (7.5, True, 5430.0)
    assert last["top1"] == tree.top1("mixup", 1) and last["config_hash"]
    lost = found.loc[("bare", 0)]
    assert lost["diverged_epoch"] == 10 and math.isnan(lost["top1"]) and math.isnan(lost["train_loss"])
    assert found["input_images_per_second"].isna().all(), "it was not measured"


def test_a_row_is_of_the_runs_that_count(make_tree):
    tree: Tree = make_tree(["mixup"], [0, 1, 2], previews=False)
    tree.diverge("mixup", 1)
    (cell,) = load(tree.results, ["mixup"], [0, 1, 2])
    row = frames.row(cell)
    kept = pd.Series([tree.top1("mixup", seed) for seed in (0, 2)])
    assert (row["n"], row["diverged"]) == (2, 1)
    assert (row["top1_mean"], row["top1_sd"]) == pytest.approx((kept.mean(), kept.std(ddof=1)))
    assert set(row) <= frames.COLUMNS.keys()


def test_a_column_that_nothing_fills_still_holds_numbers():
    found = frames.frame([{"cell": "a", "book_row": None}], ["cell", "book_row", "step_milliseconds"])
    assert found["step_milliseconds"].dtype.kind == "f" and found["step_milliseconds"].isna().all()
    assert found["book_row"].iloc[0] is None
