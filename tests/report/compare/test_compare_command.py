"""Two runs or two cells side by side: every difference that was made is shown, with its number, and no other."""

from __future__ import annotations

import csv
import json
import shutil
from statistics import fmean

import pytest
import scipy.stats

from report.__main__ import main
from report.compare import differences
from report.compare.figure import curves
from report.compare.sides import both, flat, names


def compare(first, second, *options: str) -> int:
    return main(["compare", str(first), str(second), *options])


def rows(path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{row['what']} {row['name']}": row for row in csv.DictReader(file)}


def test_two_cells_are_paired_by_seed(make_tree, tmp_path):
    tree = make_tree(["bare", "cutmix"], [0, 1, 2], previews=False)
    assert compare(tree.results / "bare", tree.results / "cutmix", "--out", str(tmp_path / "both")) == 0
    found = rows(tmp_path / "both.csv")
    ours, theirs = ([tree.top1(cell, seed) for seed in tree.seeds] for cell in ("cutmix", "bare"))
    wanted = scipy.stats.ttest_rel(ours, theirs).confidence_interval()
    top1 = found["metric top1"]
    assert float(top1["first"]) == pytest.approx(fmean(theirs))
    assert float(top1["difference"]) == pytest.approx(fmean(ours) - fmean(theirs))
    assert (float(top1["interval_low"]), float(top1["interval_high"])) == pytest.approx(tuple(wanted))
    assert top1["pairs"] == "3"
    settings = {key for key in found if key.startswith("setting ")}
    differing = ("name", "description", "book_row", "augmentation.cutmix.alpha")
    assert settings == {f"setting {key}" for key in differing}, "the group `augmentation.cutmix` does not stand beside"
    assert (found["setting augmentation.cutmix.alpha"]["first"], found["setting book_row"]["second"]) == (
        "", "vit-tiny-cutmix",
    )  # fmt: skip
    assert "run config_hash" in found and "run params" not in found


def test_text_page_and_curves_say_the_same(make_tree, tmp_path, capsys):
    tree = make_tree(["bare", "cutmix"], [0, 1], previews=False)
    assert compare(tree.results / "bare", tree.results / "cutmix", "--out", str(tmp_path / "both")) == 0
    shown = capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("both*")} == {"both.csv", "both.md", "both.pdf", "both.svg"}
    page = (tmp_path / "both.md").read_text()
    for key in ("top1", "wall_seconds", "augmentation.cutmix.alpha"):
        assert f"\n{key} " in shown and f"| {key} |" in page
    assert (tmp_path / "both.pdf").read_bytes().startswith(b"%PDF-")
    assert "<text" not in (tmp_path / "both.svg").read_text()
    lines = [line for line in shown.splitlines() if line.startswith(("Metric", "top1"))]
    assert len({len(line) for line in lines}) == 1, "figures are aligned to the right"


def test_two_runs_have_a_difference_and_no_interval(make_tree, capsys, tmp_path):
    tree = make_tree(["bare"], [0, 1], previews=False)
    folder = tree.results / "bare"
    assert compare(folder / "seed0", folder / "seed1", "--out", str(tmp_path / "both")) == 0
    shown = capsys.readouterr().out
    assert "No setting differs." in shown and "95 %" not in shown
    change = tree.top1("bare", 1) - tree.top1("bare", 0)
    assert float(rows(tmp_path / "both.csv")["metric top1"]["difference"]) == pytest.approx(change)


def test_a_run_made_by_hand_is_compared_by_what_its_summary_repeats(make_tree, tmp_path, capsys):
    tree = make_tree(["bare"], [0], previews=False)
    for name in ("first", "second"):
        shutil.copytree(tree.results / "bare" / "seed0", tmp_path / name)
    path = tmp_path / "second" / "summary.json"
    tree.edit(path, {"batch_size": 100, "provenance.versions.jax": "0.11.0", "timing.cpu": "another"})
    assert compare(tmp_path / "first", tmp_path / "second") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if line.startswith(("batch_size", "provenance", "timing.cpu "))] == [
        ["batch_size", "50", "100"],
        ["provenance.versions.jax", "0.10.2", "0.11.0"],
        ["timing.cpu", "AMD", "EPYC", "9554", "another"],
    ]


def test_diverged_runs_count_in_nothing_and_are_named(make_tree, tmp_path, capsys):
    tree = make_tree(["bare", "mixup"], [0, 1, 2], previews=False)
    tree.diverge("mixup", 1)
    first, second = both(tree.results / "bare", tree.results / "mixup")
    top1 = next(metric for metric in differences.metrics(first, second) if metric.name == "top1")
    assert (len(top1.first), len(top1.second), top1.paired.n) == (3, 2, 2)
    for seed in (0, 2):
        tree.diverge("mixup", seed)
    assert compare(first.path, second.path, "--out", str(tmp_path / "both")) == 0
    assert "left out of metrics and curves: seed 0, 1, 2 of" in capsys.readouterr().out
    assert "nan" not in (tmp_path / "both.md").read_text() + (tmp_path / "both.csv").read_text()


def test_a_run_that_went_on_after_it_diverged_counts_in_nothing_either(make_tree):
    tree = make_tree(["bare"], [0, 1], previews=False)
    tree.edit(tree.summary_path("bare", 1), {"diverged": {"epoch": 3, "step": 30, "metric": "val loss"}})
    first, second = both(tree.results / "bare", tree.results / "bare")
    assert {(len(metric.first), metric.paired.n) for metric in differences.metrics(first, second)} == {(1, 1)}
    assert set(curves(first)["seed"]) == {0}


def test_other_images_are_said_aloud(make_tree, tmp_path):
    tree = make_tree(["bare"], [0], previews=False)
    shutil.copytree(tree.results / "bare", tmp_path / "bare")
    tree.edit(tmp_path / "bare/seed0/summary.json", {"val_images": 1296, "metrics.top1": 50.0})
    assert compare(tree.results / "bare", tmp_path / "bare", "--out", str(tmp_path / "both")) == 0
    assert "> **Other images.**" in (tmp_path / "both.md").read_text()


def test_nothing_of_a_setting_acts_on_the_terminal(make_tree, capsys):
    tree = make_tree(["bare", "mixup"], [0], previews=False)
    tree.edit(tree.results / "mixup/cell.json", {"description": "red \x1b[31m\nand a line"})
    assert compare(tree.results / "bare", tree.results / "mixup") == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "red \\x1b[31m and a line" in shown


def test_names_are_what_tells_the_paths_apart(make_tree):
    tree = make_tree(["bare", "mixup"], [0, 1], previews=False)
    bare, mixup = tree.results / "bare", tree.results / "mixup"
    assert names(*both(bare, mixup)) == ("bare", "mixup")
    assert names(*both(bare / "seed0", bare / "seed1")) == ("seed0", "seed1")
    assert names(*both(bare / "seed0", mixup / "seed0")) == ("bare/seed0", "mixup/seed0")
    assert names(*both(bare, bare)) == (str(bare), str(bare))


def test_nested_settings_have_dotted_keys():
    assert list(flat({"a": {"b": 1, "c": {}}, "d": None})) == [("a.b", 1), ("a.c", {}), ("d", None)]


def cut(tree):
    (tree.results / "bare/seed0/summary.json").write_text("{")


@pytest.mark.parametrize(
    ("spoil", "first", "second", "says"),
    [
        (None, "", "bare", "expected the folder of a run, with summary.json, or of a cell, with cell.json"),
        (None, "bare", "bare/seed0", "bare/seed0 is a run, expected two of a kind"),
        (None, "bare", "none", "none: expected the folder of a run"),
        (cut, "bare", "bare", "bare/seed0/summary.json"),
        (lambda tree: shutil.rmtree(tree.results / "bare/seed0"), "bare", "bare", "holds no runs, expected seed<k>/"),
    ],
    ids=["a data set", "two kinds", "nothing", "damaged", "no runs"],
)
def test_mistakes_are_one_line(make_tree, capsys, spoil, first, second, says):
    tree = make_tree(["bare"], [0], previews=False)
    if spoil:
        spoil(tree)
    assert compare(tree.results / first, tree.results / second) == 1
    error = capsys.readouterr().err
    assert error.startswith("report: error: ") and error.count("\n") == 1 and says in error


def test_a_comparison_is_written_whole_or_not_at_all(make_tree, tmp_path, capsys):
    tree = make_tree(["bare", "mixup"], [0], previews=False)
    (tmp_path / "both.svg").mkdir()
    assert compare(tree.results / "bare", tree.results / "mixup", "--out", str(tmp_path / "both")) == 1
    assert "both.svg: is a folder" in capsys.readouterr().err
    assert not [path for path in tmp_path.glob("both*") if path.is_file()]
    assert json.loads((tree.results / "bare/cell.json").read_text())
