"""Diverged runs in the reports: out of every mean, counted in words, and never a NaN."""

from __future__ import annotations

import re
from statistics import fmean, stdev

import pytest
from said import content as said
from synthetic_results import Tree

CELLS, SEEDS = ["bare", "mixup", "erase"], [0, 1, 2]


def content(tree: Tree):
    return said(tree), tree.trained().table.set_index("cell")


def top1(tree: Tree, cell: str, seed: int) -> float:
    return tree.summary(cell, seed)["metrics"]["top1"]


#: Which runs diverge; runs that count of bare, mixup and erase; pairs of mixup and erase; what the page says.
CASES = {
    "one": ([("mixup", 1)], (3, 2, 3), (2, 3), "one of three runs of `mixup`"),
    "all of a cell": ([("mixup", s) for s in SEEDS], (3, 0, 3), (0, 3), "all three runs of `mixup`"),
    "one of the baseline": ([("bare", 0)], (2, 3, 3), (2, 2), "one of three runs of `bare`"),
    "the baseline": ([("bare", s) for s in SEEDS], (0, 3, 3), (0, 0), "all three runs of `bare`"),
    "no common seed": ([("bare", 0), ("bare", 1), ("mixup", 2)], (1, 2, 3), (0, 1), "two of three runs of `bare`"),
    "everything": ([(c, s) for c in CELLS for s in SEEDS], (0, 0, 0), (0, 0), "all three runs of `erase`"),
}


@pytest.mark.parametrize(("diverged", "counted", "pairs", "says"), CASES.values(), ids=CASES)
def test_diverged_runs_are_left_out_and_counted_aloud(make_tree, diverged, counted, pairs, says):
    tree = make_tree(CELLS, SEEDS, previews=False)
    for run in diverged:
        tree.diverge(*run)
    found, rows = content(tree)
    for cell, n in zip(CELLS, counted, strict=True):
        left = [top1(tree, cell, seed) for seed in SEEDS if (cell, seed) not in diverged]
        assert (rows.loc[cell, "n"], rows.loc[cell, "diverged"]) == (n, 3 - n)
        if n:
            assert rows.loc[cell, "top1_mean"] == pytest.approx(fmean(left))
        if n > 1:
            assert rows.loc[cell, "top1_sd"] == pytest.approx(stdev(left))
        shown = next(row for row in found.rows if row[0] == f"`{cell}`")
        assert shown[2] == "– diverged" if n == 0 else shown[2].endswith("§") == (n < 3)
    for cell, n in zip(CELLS[1:], pairs, strict=True):
        both = [s for s in SEEDS if (cell, s) not in diverged and ("bare", s) not in diverged]
        assert len(both) == n
        if n:
            expected = fmean(top1(tree, cell, seed) - top1(tree, "bare", seed) for seed in both)
            assert rows.loc[cell, "difference"] == pytest.approx(expected)
        else:
            assert rows.loc[cell, ["difference", "interval_low", "p_value", "gap"]].isna().all()
    assert says in found.findings[0] and says in found.notes[0][1]
    assert says.split("`")[1] in dict(found.runs)["Runs"].split("Diverged:")[1]
    words = str(found)
    assert not re.search(r"\bnan\b|\binf\b", words, re.IGNORECASE)


@pytest.mark.parametrize("case", ["the baseline", "everything"])
def test_pages_and_tables_stand_without_a_nan(make_tree, case):
    tree = make_tree(CELLS, SEEDS, previews=False)
    for run in CASES[case][0]:
        tree.diverge(*run)
    assert tree.build() == 0
    for path in tree.reports.iterdir():
        assert path.suffix == ".pdf" or not re.search(r"\bnan\b", path.read_text(), re.IGNORECASE), path
    words = "nothing to take differences from"
    assert words in tree.read("ablation.md")


def test_a_run_that_went_on_after_it_diverged_is_left_out_too(make_tree):
    """`on_divergence: continue` leaves figures of the last epoch, which are no accuracies of a trained network."""
    tree = make_tree(["bare", "mixup"], SEEDS, previews=False)
    kept = [top1(tree, "mixup", seed) for seed in (0, 2)]
    tree.edit(tree.summary_path("mixup", 1), {"diverged": {"epoch": 3, "step": 30, "metric": "val loss"}})
    assert content(tree)[1].loc["mixup", "top1_mean"] == pytest.approx(fmean(kept))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"diverged": {"epoch": 3}}, "key 'diverged.step' is missing"),
        ({"diverged": {"epoch": "3", "step": 1, "metric": "m"}}, "key 'diverged.epoch' is '3', expected an integer"),
        ({"val_loss": float("nan")}, "nan"),
        ({"metrics.top1": None}, "key 'metrics.top1' is missing"),
    ],
)
def test_a_summary_that_contradicts_itself_is_refused(make_tree, capsys, changes, says):
    tree = make_tree(["bare", "mixup"], SEEDS, previews=False)
    tree.edit(tree.summary_path("mixup", 1), changes)
    assert tree.table() == 1
    assert says in capsys.readouterr().err.replace("NaN", "nan")
