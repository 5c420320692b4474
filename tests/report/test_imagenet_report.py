"""The report on the ImageNet runs: speed by precision, the collapse, the book's points, and what is no comparison."""

from __future__ import annotations

import math

import pytest
from comparisons import Comparison

from report import trained
from report.imagenet import book, table
from report.imagenet.__main__ import main

MODEL = "ViT-Tiny (ImageNet, bf16)"
RUN = {"batch_size": 512, "dataset.image_size": 224, "optimizer.clip_norm": 1.0, "optimizer.learning_rate": 5e-4}
CELLS = {
    "vit-tiny-bf16": (MODEL, "ViT-Tiny, 80 epochs bf16 (ch. 10.5)", 850, RUN | {"precision": "bfloat16"}),
    "vit-tiny-fp32": (MODEL, "ViT-Tiny, fp32 throughput only (ch. 10.5)", 60, RUN | {"epochs": 1}),
    "vit-tiny-unclipped": (MODEL, None, 1, RUN | {"precision": "bfloat16", "optimizer.clip_norm": None}),
    "resnet-34-90ep": (
        "ResNet-34 (ImageNet)", "ResNet-34, 90 epochs bf16", 900,
        {"optimizer.name": "sgd", "optimizer.momentum": 0.9, "precision": "bfloat16"},
    ),
}  # fmt: skip


def comparison(root, **options):
    made = Comparison(root, "imagenet", main, CELLS, seeds=(0,), **options)
    losses = {"vit-tiny-bf16": 3.9, "vit-tiny-fp32": 5.0, "vit-tiny-unclipped": 6.908, "resnet-34-90ep": 2.0}
    for cell, loss in losses.items():
        step = {"vit-tiny-bf16": 100.0, "vit-tiny-fp32": 150.0}.get(cell, 90.0)
        made.tree.edit(
            made.tree.summary_path(cell, 0),
            {"classes": 1000, "val_loss": loss, "timing.step_milliseconds": step, "timing.wall_seconds": 7200.0},
        )
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    made = comparison(tmp_path_factory.mktemp("imagenet"))
    assert made.build() == [0, 0, 0]
    return made


def rows(made):
    return trained.read(made.tree.reports / "imagenet.csv", table.COLUMNS, "test").set_index("cell")


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


def test_a_run_that_left_the_numbers_is_collapsed_too(tmp_path):
    made = comparison(tmp_path)
    made.tree.edit(made.tree.summary_path("resnet-34-90ep", 0), {"val_loss": None})
    assert made.build() == [0, 0, 0]
    assert "`resnet-34-90ep` (no number)" in made.page()


def test_recipes_are_told_apart(built):
    page = built.page()
    assert "SGD with momentum 0.9" in page
    assert "gradient clipped at norm 1" in page and "no clipping" in page


def test_on_other_data_the_page_says_so(tmp_path):
    made = comparison(tmp_path, dataset="digits-32")
    assert made.build() == [0, 0, 0]
    assert "**This is not the book’s experiment.** It is on “Digits-32”, not on ImageNet." in made.page()
    assert "(the book: 1.48)" not in made.page() and "Diamonds" not in made.page()


def test_curves_of_the_book_end_at_its_figures():
    last = book.curves().groupby("book_row").last()
    assert len(last) == 6, "every run but the one that was only timed"
    for name, row in last.iterrows():
        assert row["top1"] == pytest.approx(book.rows()[name].number("top1_training"), abs=0.1) or "300" in name
    assert last.loc["ViT-Tiny, 80 epochs bf16 (ch. 10.5)", ["top1", "top5"]].tolist() == [65.68, 87.08]
