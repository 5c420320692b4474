"""The report on the networks of ch. 10.3: its numbers from a results tree whose figures are known, and its pages."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest
from comparisons import imagenette as comparison
from synthetic_results import VALIDATION

from report.imagenette import book


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    made = comparison(tmp_path_factory.mktemp("imagenette"))
    assert made.build() == 0
    return made


def rows(made):
    return made.table()


def test_a_row_is_the_runs_of_its_network_and_the_books(built):
    row = rows(built).loc["resnet-34"]
    top1 = [100 * correct / VALIDATION for correct in (1150, 1160)]
    assert row["top1_mean"] == pytest.approx(fmean(top1))
    assert row["top1_sd"] == pytest.approx(stdev(top1))
    assert (row["params"], row["book_params"]) == (21_289_802, 21_289_802)
    assert (row["mlir_characters"], row["book_mlir_characters"]) == (9000, 517_912)
    assert (row["step_milliseconds"], row["book_step_milliseconds"]) == (10.5, 1400)
    assert (row["wall_seconds"], row["book_wall_seconds"]) == (1.5 * 3600, 9.5 * 3600)
    assert (row["book_top1"], row["book_rerun_top1"]) == (90.29, 89.71)
    assert row["gap"] == pytest.approx(fmean(top1) - 90.29)
    assert rows(built).loc["mine", ["book_row", "book_top1", "gap"]].isna().all()


def test_the_page_says_what_is_comparable(built):
    page = built.page()
    assert "This is not the book’s experiment" not in page, "same images, epochs and parameters"
    line = next(line for line in page.splitlines() if line.startswith("| `vit-tiny`"))
    assert "71.70‡" in line and "68.74" in line
    assert "‡ Trained from a faulty initialisation" in page
    assert "rerun of August 2026 gives 68.74 %" in page
    assert "at least 0.5003" in page  # the floor that section 1 of the record states
    assert "| Initial weights (vit-tiny) | book | book-faulty |" in page
    assert "| Validation images scored | all 1,297 | 3,904 of 3,925 |" in page
    assert "3,904 of 3,925 validation images scored" in page


def test_the_log_stands_beside_the_chapters(built):
    """Losses, rates and accuracies that ch. 10.3 prints at epochs 10, 20, 40, 60 and 80."""
    printed = {
        10: ("1.5530", "0.000298", "54.33"),
        20: ("1.3847", "0.000275", "57.84"),
        40: ("1.1784", "0.000172", "67.67"),
        60: ("1.0427", "0.000054", "71.18"),
        80: ("0.9862", "0.000000", "71.70"),
    }
    for epoch, values in printed.items():
        line = next(line for line in built.page().splitlines() if line.startswith(f"| {epoch} |"))
        assert tuple(line.strip("| ").split(" | ")[2::2]) == values


def test_on_other_data_the_page_says_so_and_draws_no_book(tmp_path):
    made = comparison(tmp_path, dataset="digits-32", epochs=4)
    assert made.build() == 0
    page = made.page()
    assert "**This is not the book’s experiment.** It is on “Digits-32”, not on Imagenette." in page
    assert "4 instead of 80 epochs" in page
    assert "Diamonds" not in page and "rerun of August 2026 gives" not in page
    assert "Epochs at the same share of training" in page
    assert (made.tree.reports / "imagenette.pdf").read_bytes()[:5] == b"%PDF-"


def test_a_starved_step_is_named(tmp_path):
    made = comparison(tmp_path)
    for seed in (0, 1):
        for cell, reading in (("mine", 5500.0), ("vit-tiny", 9000.0)):
            rates = {"timing.input_images_per_second": reading, "timing.step_images_per_second": 6000.0}
            made.tree.edit(made.tree.summary_path(cell, seed), rates)
    assert made.build() == 0
    assert "Reading sets the pace of `mine`" in made.page()
    assert "Reading alone 7,250 images/s, training alone 6,000 images/s" in made.page()
    assert "Starved: two of four runs read more slowly than they train." in made.page()
    assert rows(made)["input_images_per_second"].isna()["resnet-34"]


@pytest.mark.parametrize(
    ("break_", "says"),
    [
        (
            lambda made: made.tree.edit(made.tree.results / "mine/cell.json", {"book_row": "VGG"}),
            "'VGG', expected null",
        ),
        (lambda made: (made.root / "lowered/lenet-5.mlir").unlink(), "lenet-5.mlir: cannot be read"),
    ],
    ids=["row", "program"],
)
def test_mistakes(tmp_path, capsys, break_, says):
    made = comparison(tmp_path)
    break_(made)
    assert made.build() == 1
    assert says in capsys.readouterr().err
    assert not made.tree.reports.exists()


def test_only_the_transformer_started_faulty():
    assert [name for name, row in book.rows().items() if book.before_correction(row)] == ["ViT-Tiny"]
    assert book.scored() == (3904, 3925)
    assert set(book.curves()["book_row"]) == {"ViT-Tiny"}
