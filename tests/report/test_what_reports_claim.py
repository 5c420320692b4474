"""Captions and findings say what is drawn, also where the data contradict the usual outcome; and the book is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from comparisons import Zoo, imagenet, imagenette
from said import content
from synthetic_results import STEP, Tree

from netspec import catalogue
from netspec.counts import count
from netspec.gradcheck import results
from netspec.gradcheck.statements import STATEMENTS
from report.bench.page import page as bench
from report.bench.rows import row_of
from report.engine import citation
from report.gradcheck.page import page as gradcheck
from report.networks.page import page as networks
from report.params import collect
from report.params.page import page as params
from report.params.rows import Catalogue

BOOK = citation.facts("book.yaml")


def rewrite(tree: Tree, accuracy) -> None:
    """Replace validation accuracies by those of their epoch."""
    for path in tree.results.glob("*/seed*/metrics.csv"):
        rows = [line.split(",") for line in path.read_text().splitlines()]
        changed = [[*row[:4], accuracy(int(row[0]))] if row[2:4] == ["val", "top1"] else row for row in rows]
        path.write_text("\n".join(map(",".join, changed)) + "\n")
        summary = json.loads(path.with_name("summary.json").read_text())
        correct = round(float(accuracy(summary["epochs"])) / 100 * summary["val_images"])
        tree.edit(path.with_name("summary.json"), {"metrics.top1": 100 * correct / summary["val_images"]})


def flat(tree: Tree) -> None:
    """Validation accuracy that never moves: nothing lies below an axis, nothing is steep."""
    rewrite(tree, lambda epoch: "50.0")


def falling(tree: Tree) -> None:
    """Accuracy that falls from a high start."""
    rewrite(tree, lambda epoch: "99.0" if epoch < 20 else "20.0")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lambda tree: None, "Values below"),
        (flat, ""),
        (falling, "Values above 20.1 % lie beyond the axis."),
    ],
    ids=["rising", "flat", "falling"],
)
def test_the_caption_of_the_curves_says_what_the_axis_leaves_out(make_tree, data, says):
    tree = make_tree(["bare", "mixup"], [0, 1], previews=False)
    data(tree)
    caption = content(tree).curves_caption
    assert says in caption
    assert ("beyond the axis" in caption) == bool(says)
    assert "steep" not in caption


def test_what_is_the_same_for_all_cells_is_said_only_where_it_is(make_tree):
    tree = make_tree(["bare", "mixup"], [0, 1], previews=False)
    assert "starts from the same weights and sees the images in the same order" in content(tree).question
    tree.edit(tree.results / "mixup" / "cell.json", {"initialization": "paper"})
    assert "starts from the same weights" not in content(tree).question


SMOKE = {"purpose": "smoke", "recipe": "smoke"}


def test_a_smoke_run_has_a_banner_no_findings_and_no_gap(make_tree):
    tree = make_tree(["bare", "mixup"], [0, 1], previews=False)
    for cell in tree.cells:
        tree.edit(tree.results / cell / "cell.json", SMOKE)
    found = content(tree)
    assert found.notice_label == "Smoke run: not an experiment."
    assert "Recipe `smoke`, used by every cell, trains for 40 epochs" in found.notice and "digits" in found.notice
    assert found.findings == []
    assert tree.build() == 0
    assert "What the numbers say" not in tree.read("ablation.md")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda root: imagenet(root), "imagenet"),
        (lambda root: imagenette(root), "imagenette"),
        (lambda root: Zoo(root, (0, 1)), "zoo"),
    ],
    ids=["imagenet", "imagenette", "zoo"],
)
def test_a_smoke_run_of_any_report_and_its_book(tmp_path, make, name):
    made = make(tmp_path)
    for cell in made.tree.cells:
        made.tree.edit(made.tree.results / cell / "cell.json", SMOKE)
    assert made.build() == 0
    page = made.tree.read(f"{name}.md")
    assert "> **Smoke run: not an experiment.**" in page
    assert "What the numbers say" not in page and "points from the book" not in page
    assert BOOK["author"] in page and BOOK["title"] in page and BOOK["repository"] in page


def test_every_other_report_names_the_book(tmp_path):
    (tmp_path / "step.json").write_text(json.dumps(STEP))
    few = Catalogue((collect._variant(count(catalogue.find("LeNet-5"))),), (), ())
    said = {
        "gradcheck": gradcheck([results.of_statement(STATEMENTS["relu"])[0]], []),
        "networks": networks([]),
        "bench": bench([row_of(tmp_path / "step.json")], {}),
        "params": params(few, ()),
    }
    for name, page in said.items():
        assert all(BOOK[key] in page.book for key in ("author", "title", "repository")), name


def test_readme_and_citation_file_name_the_book():
    root = Path(__file__).parents[2]
    cited = yaml.safe_load((root / "CITATION.cff").read_text())["references"][0]
    given, family = BOOK["author"].split()
    assert cited["title"] == BOOK["title"]
    assert cited["authors"] == [{"given-names": given, "family-names": family}]
    assert cited["repository-code"] == BOOK["repository"]
    readme = (root / "README.md").read_text()
    assert all(BOOK[key] in readme for key in ("author", "title", "url", "repository"))
