"""The tables: order, columns, and each number against a second way of computing it."""

from __future__ import annotations

import pandas as pd
import pytest
import scipy.stats
from synthetic_results import CELLS, Tree

from report.ablation import table
from report.engine.table import encode
from report.runs.frames import CURVE_COLUMNS

BOOK_ORDER = ["cutmix-wd05", "cutmix", "mixup", "recipe2", "full", "randaug", "randaug-m4", "bare", "erase"]


def build(tree: Tree) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    assert tree.table() == 0
    names = ("ablation.csv", "ablation_runs.csv", "ablation_curves.csv")
    cells, runs, curves = (pd.read_csv(tree.reports / name) for name in names)
    return cells.set_index("cell", drop=False), runs, curves


def test_columns_are_fixed_and_documented(tree: Tree):
    cells, runs, curves = build(tree)
    assert list(cells.columns) == list(table.COLUMNS)
    assert list(runs.columns) == list(table.RUN_COLUMNS)
    assert tuple(curves.columns) == CURVE_COLUMNS


def test_rows_stand_in_the_books_order_whatever_the_order_of_the_arguments(tree: Tree):
    cells, runs, _ = build(tree)
    assert list(cells["cell"]) == BOOK_ORDER
    assert list(runs["cell"].unique()) == BOOK_ORDER
    tree.cells.reverse()
    assert list(build(tree)[0]["cell"]) == BOOK_ORDER


def test_cells_of_the_users_own_follow_by_our_accuracy(make_tree):
    tree = make_tree([*CELLS, "mine", "best"])
    for seed in tree.seeds:
        tree.edit(tree.summary_path("best", seed), {"metrics.top1": 100.0})
    cells, _, _ = build(tree)
    assert list(cells["cell"]) == [*BOOK_ORDER, "best", "mine"]
    assert pd.isna(cells.loc["best", "book_top1"])
    assert pd.isna(cells.loc["best", "gap"])
    assert cells.loc["best", "difference"] == pytest.approx(100 - cells.loc["bare", "top1_mean"])


def test_difference_and_interval_are_paired_by_seed(tree: Tree):
    cells, runs, _ = build(tree)
    bare = [tree.summary("bare", seed)["metrics"]["top1"] for seed in tree.seeds]
    for name in set(BOOK_ORDER) - {"bare"}:
        ours = [tree.summary(name, seed)["metrics"]["top1"] for seed in tree.seeds]
        wanted = scipy.stats.ttest_rel(ours, bare)
        row = cells.loc[name]
        assert row["difference"] == pytest.approx(sum(ours) / 3 - sum(bare) / 3)
        assert (row["interval_low"], row["interval_high"]) == pytest.approx(tuple(wanted.confidence_interval()))
        assert row["p_value"] == pytest.approx(wanted.pvalue, abs=1e-9)
        seeds = runs.loc[runs["cell"] == name, "difference"]
        assert list(seeds) == pytest.approx([a - b for a, b in zip(ours, bare, strict=True)])


def test_pairing_follows_the_seed_not_the_order_of_the_folders(tree: Tree):
    before = build(tree)[0]
    tree.seeds.reverse()
    after = build(tree)[0]
    numbers = before.select_dtypes("number").columns
    pd.testing.assert_frame_equal(before[numbers], after[numbers], rtol=1e-9)


def test_the_books_side(tree: Tree):
    cells, _, _ = build(tree)
    row = cells.loc["erase"]
    assert (row["book_top1"], row["book_difference"], row["book_difference_corrected"]) == (70.62, -1.08, 0.51)
    assert row[["gap", "gap_corrected"]].isna().all(), "digits are not the book's experiment"
    bare = cells.loc["bare"]
    assert bare[["difference", "book_difference", "gap", "gap_corrected"]].isna().all()
    assert bare["book_difference_corrected"] == 1.59


def test_mean_spread_and_time(tree: Tree):
    row = build(tree)[0].loc["mixup"]
    top1 = pd.Series([tree.summary("mixup", seed)["metrics"]["top1"] for seed in tree.seeds])
    assert row["n"] == 3
    assert (row["top1_mean"], row["top1_sd"]) == pytest.approx((top1.mean(), top1.std(ddof=1)))
    wall = sum(tree.summary("mixup", seed)["timing"]["wall_seconds"] for seed in tree.seeds)
    assert row["wall_seconds"] == pytest.approx(wall)


def test_one_seed_has_a_difference_but_no_spread_and_no_interval(make_tree):
    cells, _, _ = build(make_tree(["bare", "mixup"], [4]))
    row = cells.loc["mixup"]
    assert row["difference"] == pytest.approx(row["top1_mean"] - cells.loc["bare", "top1_mean"])
    assert row[["top1_sd", "interval_low", "interval_high", "p_value", "p_holm"]].isna().all()


def test_without_bare_there_are_no_differences(make_tree):
    cells, runs, _ = build(make_tree(["mixup", "cutmix"]))
    assert cells[["difference", "interval_low", "gap"]].isna().all(axis=None)
    assert runs["difference"].isna().all()
    assert cells["book_top1"].notna().all()


def test_curves_hold_every_metric_of_every_run(tree: Tree):
    _, _, curves = build(tree)
    lines = sum(len(path.read_text().splitlines()) - 1 for path in tree.results.glob("*/seed*/metrics.csv"))
    assert len(curves) == lines
    part = curves[(curves["cell"] == "full") & (curves["seed"] == 1)].drop(columns=["cell", "seed"])
    source = pd.read_csv(tree.results / "full" / "seed1" / "metrics.csv")
    pd.testing.assert_frame_equal(part.reset_index(drop=True), source, rtol=0, atol=1e-10)


def test_a_table_is_drawn_from_as_it_is_written(tree: Tree):
    """Figures and page show the numbers of the CSV file: nothing is rounded again on its way there."""
    build(tree)
    found = tree.trained()
    assert encode(found.table) == (tree.reports / "ablation.csv").read_bytes()
    pd.testing.assert_frame_equal(found.curves, pd.read_csv(tree.reports / "ablation_curves.csv"))
