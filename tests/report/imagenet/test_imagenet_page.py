"""The report on the ImageNet runs: speed by precision, the collapse, the book's points, and what is no comparison."""

from __future__ import annotations

import math

import pytest
from comparisons import imagenet as comparison

from report.imagenet import book


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    made = comparison(tmp_path_factory.mktemp("imagenet"))
    assert made.build() == 0
    return made


def rows(made):
    return made.table()


def test_a_row_is_the_run_and_the_books(built):
    row = rows(built).loc["vit-tiny-bf16"]
    assert (row["book_top1"], row["book_top5"]) == (65.64, 87.06), "over all 50,000 images"
    assert (row["book_step_milliseconds"], row["book_wall_seconds"]) == (176, 11 * 3600)
    assert row["book_epoch_seconds"] == pytest.approx(7.6 * 60)
    assert row["chance_loss"] == pytest.approx(math.log(1000))
    assert row["epoch_seconds"] == 90
    assert math.isnan(rows(built).loc["vit-tiny-fp32", "book_top1"])


def test_the_page_says_which_precision_is_faster_and_what_the_rest_would_take(built):
    page = built.page()
    assert "150.0 ms in float32 and 100.0 ms in bfloat16, a factor of 1.50 (the book: 1.48)" in page
    assert "the 80 epochs that bfloat16 took 2.0\u00a0h for would take float32 160.0\u00a0h, from 1 of them" in page


def test_a_run_at_chance_is_called_collapsed_and_no_other(built):
    page = built.page()
    assert "At chance, a validation loss of 6.908, or beyond ended `vit-tiny-unclipped` (6.908)." in page
    marked = [line for line in page.splitlines() if line.startswith("| `") and "†" in line]
    assert [line.split("`")[1] for line in marked] == ["vit-tiny-unclipped"]
    assert "`vit-tiny-unclipped` reaches" not in page


def test_a_run_that_left_the_numbers_is_left_out_and_named(tmp_path):
    made = comparison(tmp_path)
    made.tree.diverge("resnet-34-90ep", 0, epoch=20)
    assert made.build() == 0
    page = made.page()
    assert "left out of every mean, difference and curve: the only run of `resnet-34-90ep`." in page
    assert "`resnet-34-90ep` seed 0 after epoch 20 of 80 (train loss)" in page
    line = next(line for line in page.splitlines() if line.startswith("| `resnet-34-90ep`"))
    assert "| – diverged |" in line and "†" not in line
    assert "Dotted: runs that diverged" in page
    assert "nan" not in (page + made.tree.read("imagenet.csv") + made.tree.read("imagenet_runs.csv")).lower()


def test_a_gap_needs_the_books_data_network_and_recipe(built, tmp_path):
    """In these trees the ResNet has another batch size than its row, which the page says; ViT-Tiny another decay."""
    assert rows(built)[["gap_top1", "gap_top5"]].isna().all(axis=None)
    assert "points from the book’s" not in built.page()
    assert "**Another recipe.** In `vit-tiny-bf16` and `resnet-34-90ep`" in built.page()
    made = comparison(tmp_path)
    path = made.tree.results / "vit-tiny-bf16" / "cell.json"
    made.tree.edit(path, {"optimizer.weight_decay": 0.05, "dataset.image_size": 224})
    assert made.build() == 0
    row = rows(made).loc["vit-tiny-bf16"]
    assert row["gap_top1"] == pytest.approx(row["top1_mean"] - 65.64)


def test_the_page_says_on_which_side_of_the_corrections_the_printed_figures_stand(built):
    text = built.page()
    assert (
        "The run of ch. 10.5 is of 31 May to 1 June 2026: its printed figures stand before all 3 corrections." in text
    )
    for said in ("| Validation resize |", "Not decided. |", "49,920", "32,819", "| Posterize |", "states no date"):
        assert said in text, said


def test_what_the_corrections_say_of_the_printed_run_is_what_its_record_says():
    """The figures that the reference file repeats are those of the table of runs."""
    from report.engine.citation import facts

    text = str(facts("book_imagenet_corrections.yaml"))
    row = book.rows()["ViT-Tiny, 80 epochs bf16 (ch. 10.5)"].columns
    assert f"{int(row['top1_correct']):,} correct" in text
    assert f"{int(row['val_n_training']):,} images" in text
    assert "224/256" in row["eval_crop"] and "224/256" in text
    assert "RandAugment" not in row["extra_aug"] and "colour jitter" in row["extra_aug"]


def test_recipes_are_told_apart(built):
    page = built.page()
    assert "SGD with momentum 0.9" in page
    assert "gradient clipped at norm 1" in page and "no clipping" in page


def test_on_other_data_the_page_says_so(tmp_path):
    made = comparison(tmp_path, dataset="digits-32")
    assert made.build() == 0
    assert "**This is not the book’s experiment.** It is on “Digits-32”, not on ImageNet." in made.page()
    assert "(the book: 1.48)" not in made.page() and "Diamonds" not in made.page()


def test_curves_of_the_book_end_at_its_figures():
    last = book.curves().groupby("book_row").last()
    assert len(last) == 6, "every run but the one that was only timed"
    for name, row in last.iterrows():
        assert row["top1"] == pytest.approx(book.rows()[name].number("top1_training"), abs=0.1) or "300" in name
    assert last.loc["ViT-Tiny, 80 epochs bf16 (ch. 10.5)", ["top1", "top5"]].tolist() == [65.68, 87.08]
