"""The book's figures as the report uses them, against the chapter's printed table."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from report.ablation import book

# Ch. 10.4, as printed: accuracy in percent and difference in points.
PRINTED = {
    "cutmix-wd05": (77.43, "+5.7"),
    "cutmix": (77.10, "+5.4"),
    "mixup": (74.69, "+3.0"),
    "recipe2": (74.41, "+2.7"),
    "full": (74.23, "+2.5"),
    "randaug": (74.03, "+2.3"),
    "randaug-m4": (71.98, "+0.3"),
    "bare": (71.70, "+0.0"),
    "erase": (70.62, "-1.1"),
}


def test_the_printed_table_is_complete_and_in_its_order():
    assert [row.short for row in book.printed().values()] == list(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_figures(name):
    row = book.printed()[book.PREFIX + name]
    top1, difference = PRINTED[name]
    assert row.top1 == top1
    assert f"{row.difference:+.1f}" == difference
    assert row.difference == pytest.approx(top1 - 71.70)
    assert row.difference_corrected == pytest.approx(top1 - 70.11)


def test_reruns_of_the_baseline():
    assert [row.top1 for row in book.reruns()] == [70.11, 68.74]
    assert book.corrected().top1 == 70.11


def test_what_is_known_about_the_runs():
    rows = book.printed().values()
    assert {row.short for row in rows if not row.log_kept} == {"cutmix-wd05", "recipe2", "randaug", "randaug-m4"}
    assert [row.short for row in rows if row.faulty_initialisation] == ["bare"]
    assert {row.classes for row in rows} == {10}
    assert book.is_dataset("imagenette")
    assert not book.is_dataset("digits")


def test_the_last_logged_value_is_the_printed_one():
    last = book.curves().groupby("book_row")["value"].last()
    for name in ("bare", "erase", "mixup", "cutmix", "full"):
        assert last[book.PREFIX + name] == pytest.approx(PRINTED[name][0], abs=0.005)


def test_the_report_never_imports_the_training_stack():
    script = (
        "import sys; from report.ablation import book, page; from report.engine import files; book.rows(); "
        "sys.exit(bool({'jax', 'flax', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": os.pathsep.join(sys.path)}).returncode == 0


def test_the_ablation_of_convnext_is_a_table_of_its_own():
    """Its differences are from its own bare cell; nothing of it is printed in the chapter or to be corrected."""
    rows = {name: row for name, row in book.comparable().items() if name.startswith(book.CONVNEXT)}
    assert {row.short for row in rows.values() if not row.bare} == {"cutmix", "erase", "randaug", "mixup"}
    bare = rows[book.CONVNEXT]
    assert (bare.top1, bare.difference, bare.short) == (84.94, 0.0, book.CONVNEXT)
    for row in rows.values():
        assert row.difference == pytest.approx(row.top1 - bare.top1)
        assert row.difference_corrected != row.difference_corrected
        assert not row.printed and not row.faulty_initialisation
        assert (row.integer("params"), row.number("learning_rate"), row.integer("image_size")) == (
            27_826_186,
            1e-3,
            224,
        )
    assert rows[f"{book.CONVNEXT}-mixup"].number("mixup_alpha") == 0.8
    assert not bare.columns["mixup_alpha"] and not bare.log_kept
    assert not set(rows) & set(book.printed())
