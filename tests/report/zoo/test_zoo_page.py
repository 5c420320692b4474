"""The report of architectures: its numbers from a results tree whose figures are known, and its pages."""

from __future__ import annotations

import math
from statistics import fmean, stdev

import pandas as pd
import pytest
from comparisons import CORRECT, MODELS, Zoo
from synthetic_results import VALIDATION

import netspec
from report.zoo import figure, table
from report.zoo.page import REPORT


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    zoo = Zoo(tmp_path_factory.mktemp("zoo"), (0, 1, 2))
    assert zoo.build() == 0
    return zoo


def test_a_row_is_the_runs_of_its_architecture(built):
    rows = built.table()
    assert list(rows.index) == list(MODELS)  # in the order of the cells file, not of their accuracy
    for cell, model in MODELS.items():
        row, spec = rows.loc[cell], netspec.find(model)
        top1 = [100 * correct / VALIDATION for correct in CORRECT[cell]]
        assert (row["model"], row["params"], row["macs"], row["n"]) == (model, spec.params, spec.macs, 3)
        assert row["paper"] == spec.provenance.paper
        assert row["top1_mean"] == pytest.approx(fmean(top1))
        assert row["top1_sd"] == pytest.approx(stdev(top1))
        half = 4.302652729911275 * stdev(top1) / math.sqrt(3)  # Student's quantile, two degrees of freedom
        assert row["interval_low"] == pytest.approx(fmean(top1) - half)
        assert row["interval_high"] == pytest.approx(fmean(top1) + half)
        assert (row["step_milliseconds"], row["images_per_second"], row["wall_seconds"]) == (20.0, 2000.0, 63.0)


def test_only_runs_that_compiled_count_for_compiling(built):
    for row in built.table().itertuples():
        assert (row.compiling_runs, row.compile_seconds, row.cached_seconds) == (2, 7.0, 0.5)


@pytest.mark.parametrize(
    ("changes", "compiling", "seconds", "cached"),
    [
        ({0: {"timing.programs_compiled": 0, "timing.programs_cached": 2}}, 1, 8.0, (6.0 + 0.5) / 2),
        ({0: {"timing.resumes": 1}}, 1, 8.0, 0.5),
        ({k: {"timing.programs_compiled": 0, "timing.programs_cached": 2} for k in range(3)}, 0, math.nan, 6.0),
        ({k: {"timing.programs_compiled": 0, "timing.programs_cached": 0} for k in range(3)}, 0, math.nan, math.nan),
    ],
    ids=["one warm", "one resumed", "all warm", "not counted"],
)
def test_a_warm_cache_is_no_compile_time(tmp_path, changes, compiling, seconds, cached):
    zoo = Zoo(tmp_path, (0, 1, 2))
    for seed, edits in changes.items():
        zoo.tree.edit(zoo.tree.summary_path("swin", seed), edits)
    assert zoo.build() == 0
    row = zoo.table().loc["swin"]
    assert row["compiling_runs"] == compiling
    assert row["compile_seconds"] == pytest.approx(seconds, nan_ok=True)
    assert row["cached_seconds"] == pytest.approx(cached, nan_ok=True)


def test_runs_have_their_own_figures(built):
    runs = pd.read_csv(built.tree.reports / "zoo_runs.csv")
    assert list(runs.columns) == list(table.RUN_COLUMNS)
    assert len(runs) == 9
    one = runs[(runs["cell"] == "swin") & (runs["seed"] == 1)].iloc[0]
    assert one["top1"] == pytest.approx(100 * 1190 / VALIDATION)
    assert (one["compile_seconds"], one["programs_compiled"], one["programs_cached"]) == (8.0, 1, 1)
    assert one["git_commit"].startswith("3f9a1c5e")


def test_the_page_says_what_it_is_and_is_not(built):
    text = built.tree.read("zoo.md")
    assert "not a ranking" in text
    low, high = 100 * fmean(CORRECT["swin"]) / VALIDATION, 100 * fmean(CORRECT["resnet"]) / VALIDATION
    assert f"between {low:.2f} % (`swin`) and {high:.2f} % (`resnet`)" in text
    assert "All but `lenet-5` and `swin` exceed 95 %" in text
    for said in (
        "1,297 validation images",
        "n = 3 seeds",
        "AMD EPYC 9554, two threads",
        "3f9a1c5e7b2d4860",
        "6 runs of 9",
    ):
        assert said in text.replace("six runs", "6 runs"), said
    row = next(line for line in text.splitlines() if line.startswith("| `lenet-5`"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:5] == ["LeNet-5", "LeCun et al. 1998", "61,706", "0.42"]
    assert cells[7:] == ["20.0", "2,000", "7.0", "63.0"]
    header = next(line for line in text.splitlines() if line.startswith("| Cell"))
    for unit in ("(M)", "(%)", "(ms)", "per s", "(s)"):
        assert unit in header


def test_the_page_is_typeset(built):
    assert (built.tree.reports / "zoo.pdf").read_bytes().startswith(b"%PDF-")
    for name in ("zoo.svg", "zoo_curves.svg"):
        svg = built.tree.read(name)
        assert "<text" not in svg
        assert "dc:date" not in svg


def test_the_same_results_give_the_same_bytes(built, tmp_path):
    again = Zoo(tmp_path, (0, 1, 2))
    again.build()
    for name in ("zoo.csv", "zoo_runs.csv", "zoo.svg", "zoo_curves.svg"):
        assert again.tree.read(name) == built.tree.read(name)


def test_every_architecture_is_named_in_the_figure(built, monkeypatch):
    placed = []
    named = figure.named

    def watched(*arguments):
        placed.append(named(*arguments))
        return placed[-1]

    monkeypatch.setattr(figure, "named", watched)
    tree = built.tree
    figure.figures(REPORT.trained(tree.results, tree.cells, tree.seeds))
    assert [set(names) for names in placed] == [set(MODELS)] * 2


def test_one_seed_has_no_spread(tmp_path):
    zoo = Zoo(tmp_path, (0,))
    assert zoo.build() == 0
    assert zoo.table()["top1_sd"].isna().all()
    text = zoo.tree.read("zoo.md")
    assert "one seed, hence neither spread nor interval" in text
    assert "nan" not in text.lower()


def test_a_model_the_catalogue_lost_is_one_line(tmp_path, capsys):
    zoo = Zoo(tmp_path, (0,))
    zoo.tree.edit(zoo.tree.results / "swin" / "cell.json", {"model": "Swim"})
    assert zoo.build() == 1
    error = capsys.readouterr().err
    assert "swin/cell.json: key 'model': unknown architecture 'Swim'" in error
    assert len(error.strip().splitlines()) == 1
