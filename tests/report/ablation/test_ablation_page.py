"""The document: what it says follows from the numbers, it is the same every time, and it fails whole."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from said import content
from synthetic_results import CELLS, Tree

from report.ablation import book, page
from report.ablation.differences import differences
from report.engine.escape import inline
from report.runs.load import load

OUTPUTS = {
    "ablation.csv",
    "ablation_runs.csv",
    "ablation_curves.csv",
    "ablation.svg",
    "ablation_curves.svg",
    "ablation.pdf",
    "ablation.md",
}


def set_top1(tree: Tree, cell: str, counts: list[int]) -> None:
    for seed, correct in zip(tree.seeds, counts, strict=True):
        tree.edit(tree.summary_path(cell, seed), {"metrics.top1": 100 * correct / 1297})


def pages(pdf: bytes) -> int:
    return int(re.search(rb"/Type\s*/Pages\s*/Count (\d+)", pdf)[1])


@pytest.mark.exhaustive
def test_all_outputs_and_nothing_else(tree: Tree):
    assert tree.build() == 0
    assert {path.name for path in tree.reports.iterdir()} == OUTPUTS
    assert pages((tree.reports / "ablation.pdf").read_bytes()) == 3


@pytest.mark.exhaustive
def test_the_same_results_give_the_same_bytes(tree: Tree):
    assert tree.build() == 0
    first = {name: (tree.reports / name).read_bytes() for name in OUTPUTS}
    for path in tree.reports.iterdir():
        path.unlink()
    assert tree.build() == 0
    assert {name for name in OUTPUTS if (tree.reports / name).read_bytes() != first[name]} == set()


SHAPES = {
    "bare only": (["bare"], [0, 1, 2]),
    "a tenth cell": ([*CELLS, "mine"], [0, 1]),
    "no bare": (["mixup", "cutmix"], [0]),
    "none of the book's but bare": (["mine", "bare"], [5]),
    "none of the book's": (["mine"], [0, 1]),
}


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("cells", "seeds"), SHAPES.values(), ids=SHAPES)
def test_other_shapes_of_experiment(make_tree, cells, seeds):
    tree = make_tree(cells, seeds)
    assert tree.build() == 0
    assert pages((tree.reports / "ablation.pdf").read_bytes()) <= 4


def test_pictures_of_samples_may_be_left_out(make_tree):
    tree = make_tree(["bare", "mixup"], [0], previews=False)
    assert tree.build() == 0
    assert "Figure 3" not in tree.read("ablation.md")


@pytest.mark.exhaustive
def test_the_table_prints_what_the_csv_holds(tree: Tree):
    assert tree.build() == 0
    frame = pd.read_csv(tree.reports / "ablation.csv").set_index("cell")
    row = frame.loc["cutmix"]
    line = next(line for line in tree.read("ablation.md").splitlines() if line.startswith("| `cutmix` |"))
    fields = [field.strip() for field in line.strip("|").split("|")]
    assert fields[2] == f"{row.top1_mean:.2f} ± {row.top1_sd:.2f}"
    assert fields[3] == f"{row.difference:+.2f}"
    assert fields[4] == f"{row.interval_low:+.2f} to {row.interval_high:+.2f}"
    assert fields[5:7] == ["77.10", "+5.40"]
    assert fields[7] == fields[9] == "–", "no gap to figures that the box above the table calls not comparable"
    assert fields[8] == "+6.99"


def test_minus_signs_are_minus_signs(tree: Tree):
    numbers = re.compile(r"(?<![\w-])-\d")
    texts = [text for row in content(tree).rows for text in row] + content(tree).findings
    assert not [text for text in texts if numbers.search(text)]
    assert any("−" in text for text in texts)


def test_findings_follow_the_intervals(make_tree):
    tree = make_tree(["bare", "mixup", "cutmix", "erase", "full"])
    set_top1(tree, "bare", [1000, 1010, 990])
    set_top1(tree, "cutmix", [1050, 1061, 1041])  # 50, 51, 51 more: clearly above
    set_top1(tree, "erase", [950, 961, 941])  # 50, 49, 49 fewer: clearly below
    set_top1(tree, "mixup", [1040, 1000, 990])  # 40, -10, 0: unresolved
    set_top1(tree, "full", [1010, 1020, 1000])  # 10 each: nothing to estimate a spread from
    text = " ".join(content(tree).findings)
    assert "Three of four cells lie above bare on average" in text
    assert "lies above zero for `cutmix` (+3.91)" in text
    assert "lies below zero for `erase` (−3.80)" in text
    assert "includes zero for `mixup` (+0.77)" in text
    assert "All seeds of `full` (+0.77) differ from bare by the same count" in text
    assert (
        "Adjusted for four comparisons (Holm, 5 %), `cutmix` (+3.91) and `erase` (−3.80) still differ from bare" in text
    )
    # Ours: cutmix > mixup = full > erase; the book's: cutmix > mixup > full > erase.
    assert "Spearman’s rank correlation between our differences and the book’s is 0.95 (n = 4" in text
    assert "agrees with the book’s for four against its printed bare and for three against the corrected bare" in text
    assert "its 1,297 images" in text
    assert "±2.3 points" in text  # 1.96 * sqrt(0.771 * 0.229 / 1297) = 2.287 %


def test_one_seed_claims_nothing(make_tree):
    found = content(make_tree(["bare", "mixup"], [0]))
    assert "no interval can be given" in " ".join(found.findings)
    assert "one seed, hence no spread" in found.table_caption
    assert "told from chance" not in found.question


def test_no_bare_is_explained(make_tree):
    assert content(make_tree(["mixup"])).findings == [
        "No cell is named `bare`, so there is nothing to take differences from; accuracies stand alone."
    ]


def test_a_run_without_any_of_the_books_cells_shows_no_book(make_tree):
    found = content(make_tree(["mine", "other"]))
    assert "other cells" in found.question
    assert "nothing to compare it with" in found.differences_lead
    assert (found.reruns, found.notes, found.differences, found.notice) == ([], [], [], None)


def test_footnotes_come_from_the_books_data(tree: Tree):
    found = content(tree)
    marked = {row[0].strip("`"): row[5] for row in found.rows}
    assert {name for name, text in marked.items() if text.endswith("†")} == {
        "cutmix-wd05", "recipe2", "randaug", "randaug-m4",
    }  # fmt: skip
    assert marked["bare"] == "71.70‡"
    assert [row[1] for row in found.reruns] == ["70.11", "68.74"]
    assert "3,904 of 3,925" in found.notes[0][1]


def test_a_small_run_says_so_at_the_top(tree: Tree):
    found = content(tree)
    assert found.notice_label == "A smaller experiment."
    for words in ("16 instead of 224 pixels a side", "500 instead of 9,469 training images", "not on Imagenette"):
        assert words in found.notice
    aspects = {aspect: (ours, theirs) for aspect, ours, theirs in found.differences}
    assert aspects["Peak learning rate"] == ("0.001", "0.0003")
    assert aspects["Validation images scored"] == ("all 1,297", "3,904 of 3,925")
    assert aspects["Initial weights (bare)"] == ("the book’s, corrected", "defective")
    assert "Weight decay" not in aspects


@pytest.mark.exhaustive
def test_the_books_protocol_differs_in_next_to_nothing(make_tree):
    tree = make_tree(dataset="imagenette", epochs=80)
    config = {
        "dataset.title": "Imagenette", "dataset.stored_size": 256, "batch_size": 32, "optimizer.learning_rate": 3e-4,
        "augmentation.horizontal_flip": True, "model": "ViT-Tiny",
    }  # fmt: skip
    summary = {
        "params": 5_526_346, "train_images": 9469, "val_images": 3925, "image_size": 224, "steps": 80 * 295,
        "batch_size": 32, "metrics.top1": 100 * 2748 / 3925,
    }  # fmt: skip
    for cell in tree.cells:
        tree.edit(tree.results / cell / "cell.json", config)
        for seed in tree.seeds:
            tree.edit(tree.summary_path(cell, seed), summary)
    found = content(tree)
    assert found.notice is None
    gaps = {row[0].strip("`"): (row[7], row[9]) for row in found.rows}
    assert gaps["cutmix"] == ("−5.40", "−6.99"), "every run has the same accuracy here"
    tree.edit(tree.results / "mixup" / "cell.json", {"augmentation.mixup": {"alpha": 0.2}})
    changed = content(tree)
    gaps = {row[0].strip("`"): row[7] for row in changed.rows}
    assert (gaps["mixup"], gaps["cutmix"]) == ("–", "−5.40")
    assert changed.notice_label == "Another recipe." and "In `mixup` data, network or recipe" in changed.notice
    tree.edit(tree.results / "mixup" / "cell.json", {"augmentation.mixup": {"alpha": 0.8}})
    tree.edit(tree.results / "bare" / "cell.json", {"schedule.warmup_epochs": 4})
    assert {row[7] for row in content(tree).rows} == {"–"}, "all differences are from a bare that is not the book's"
    tree.edit(tree.results / "bare" / "cell.json", {"schedule.warmup_epochs": 5})
    assert [aspect for aspect, _, _ in found.differences] == [
        "Validation images scored", "Initial weights (bare)", "Seeds per cell", "Random numbers",
    ]  # fmt: skip
    assert tree.build() == 0


def test_a_difference_in_some_cells_names_them(tree: Tree):
    tree.edit(tree.results / "mixup" / "cell.json", {"augmentation.mixup": {"alpha": 0.2}})
    tree.edit(tree.results / "full" / "cell.json", {"augmentation.semantics": "paper"})
    cells = load(tree.results, tree.cells, tree.seeds)
    found = {d.aspect: (d.ours, d.book) for d in differences(cells)}
    assert found["Mixup alpha (mixup)"] == ("0.2", "0.8")
    assert found["Augmentation semantics (full)"] == ("paper", "book")


def test_uncommitted_changes_and_mixed_commits_are_shown(make_tree):
    tree = make_tree(["bare", "mixup"], [0, 1])
    tree.edit(tree.summary_path("mixup", 1), {"provenance.git_dirty": True, "timing.resumes": 2})
    found = content(tree)
    assert found.footer.endswith("commit 3f9a1c5e7b and 3f9a1c5e7b with uncommitted changes")
    assert "One run resumed after an interruption." in dict(found.runs)["Runs"]


def test_text_from_a_configuration_stays_text(make_tree):
    tree = make_tree(["bare", "mixup"], [0])
    description = 'a | b # *c* $x^2$ #read("/etc/passwd") <d> @e'
    tree.edit(tree.results / "mixup" / "cell.json", {"description": description})
    assert tree.build() == 0
    assert inline(description).replace("|", "\\|") in tree.read("ablation.md")


@pytest.mark.exhaustive
def test_markdown_links_are_relative(tree: Tree):
    assert tree.build() == 0
    text = tree.read("ablation.md")
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) == 2 + 9 + 3
    for target in targets:
        assert (tree.reports / target).is_file(), target


def test_the_table_is_as_wide_as_its_header(tree: Tree):
    assert len(page.HEADER) == sum(span for _, span in page.GROUPS) == len(content(tree).rows[0])


PICTURES = {
    "not a picture": (lambda tree: tree.previews[0].write_text("words"), "bare.png: is not a complete PNG picture"),
    "not there": (lambda tree: tree.previews[0].unlink(), "bare.png: cannot be read"),
    "cut short": (
        lambda tree: tree.previews[0].write_bytes(tree.previews[0].read_bytes()[:60]),
        "bare.png: is not a complete PNG picture",
    ),
    "of another cell": (
        lambda tree: tree.previews.append(tree.previews[0].with_name("other.png")),
        "other.png: no cell is named 'other'",
    ),
    "one too few": (lambda tree: tree.previews.pop(), "no picture named mixup.png"),
}


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("spoil", "message"), PICTURES.values(), ids=PICTURES)
def test_a_bad_picture_is_named_and_the_old_report_stays(make_tree, capsys, spoil, message):
    tree = make_tree(["bare", "mixup"], [0])
    assert tree.build() == 0
    before = (tree.reports / "ablation.pdf").read_bytes()
    spoil(tree)
    assert tree.build() == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert (tree.reports / "ablation.pdf").read_bytes() == before
    assert {path.name for path in tree.reports.iterdir()} == OUTPUTS


def test_an_unwritable_place_is_named_and_nothing_is_left(make_tree, capsys):
    tree = make_tree(["bare", "mixup"], [0])
    tree.reports.mkdir()
    (tree.reports / "ablation_runs.csv").mkdir()
    assert tree.build() == 1
    assert "ablation_runs.csv" in capsys.readouterr().err
    assert not list(tree.reports.glob(".*"))


def test_no_figure_of_the_book_is_typed_by_hand():
    printed = {f"{row.top1:.2f}" for row in book.rows().values()}
    for path in Path(page.__file__).parents[1].rglob("*.*"):
        if path.suffix in {".py", ".typ"}:
            assert not [value for value in printed if value in path.read_text()], path


def test_the_ablation_of_convnext_has_no_corrected_column_to_speak_of(make_tree):
    tree = make_tree(("bare", "cutmix", "mixup"), dataset="imagenette")
    for cell in tree.cells:
        row = "convnext-tiny-gelu" + ("" if cell == "bare" else f"-{cell}")
        tree.edit(tree.results / cell / "cell.json", {"book_row": row})
    assert tree.build() == 0
    text = tree.read("ablation.md")
    assert "asked the same of ConvNeXt-T. Here three cells of that ablation are trained again" in text
    assert "Corrected” takes" not in text and "rerun 2026" not in text
    line = next(line for line in text.splitlines() if line.startswith("| `cutmix`"))
    assert "87.81" in line and "+2.87" in line


def test_the_faulty_baseline_is_shown_as_what_it_is(make_tree):
    tree = make_tree(("bare", "bare-faulty"))
    tree.edit(tree.results / "bare/cell.json", {"book_row": None})
    tree.edit(tree.results / "bare-faulty/cell.json", {"book_row": "vit-tiny-bare", "initialization": "book-faulty"})
    assert tree.build() == 0
    text = tree.read("ablation.md")
    line = next(line for line in text.splitlines() if line.startswith("| `bare-faulty`"))
    assert "71.70‡" in line and "+1.59" in line, "against the corrected rerun of the book"
    assert "Ours of `bare-faulty` starts from that defective initialisation too, on purpose." in text
    assert "| Initial weights" not in text, "in this the two agree"
