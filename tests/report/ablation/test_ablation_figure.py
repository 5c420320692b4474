"""The figures: text as paths, no dates, every seed drawn, and limits that keep the points readable."""

from __future__ import annotations

import pandas as pd
import pytest
from synthetic_results import CELLS, Tree

from report.ablation import figure as figures
from report.engine.canvas import BOOK
from report.runs.curves import curves_figure


def draw(tree: Tree) -> tuple[str, str]:
    assert tree.build() == 0
    return tree.read("ablation.svg"), tree.read("ablation_curves.svg")


@pytest.mark.exhaustive
def test_text_is_drawn_as_paths_and_nothing_is_dated(tree: Tree):
    for figure in draw(tree):
        assert "<text" not in figure
        assert "dc:date" not in figure
        assert "Matplotlib" not in figure


@pytest.mark.exhaustive
def test_a_second_row_of_panels_takes_what_the_first_cannot(make_tree):
    for figure in draw(make_tree([*CELLS, "mine", "more"], [0])):
        assert figure.startswith("<?xml")


def test_the_books_curves_appear_on_the_books_data_only(make_tree):
    tree = make_tree(["bare", "mixup"])
    without = draw(tree)[1]
    found = tree.trained()
    printed = figures.book_curves(found.table.assign(dataset="imagenette"))
    assert set(printed) == {"bare", "mixup"}
    assert not figures.book_curves(found.table)
    assert BOOK not in without
    assert BOOK in curves_figure(found.curves, ["bare", "mixup"], printed=printed).decode()


def frames(low: float, high: float, book: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    cells = pd.DataFrame({"interval_low": [low], "interval_high": [high], "book_difference": [book]})
    return cells.assign(book_difference_corrected=2.0), pd.DataFrame({"difference": [-1.0, 1.0]})


def test_limits_take_in_seeds_zero_book_and_interval():
    low, high = figures.limits(*frames(-3.0, 3.5, book=-2.5))
    assert low < -3.0
    assert high > 3.5
    low, high = figures.limits(*frames(-0.1, 0.1, book=-6.0))
    assert low < -6.0
    assert high > 2.0


def test_an_interval_from_two_seeds_does_not_dwarf_the_points():
    low, high = figures.limits(*frames(-60.0, 60.0))
    # Points reach from -1 to 2, so three points either side is all that an interval may add.
    assert (low, high) == pytest.approx((-4 - 0.27, 5 + 0.27))


def test_circles_that_coincide_are_stacked():
    assert figures._layers([1.0, 1.0, 1.0, 2.0, 2.05], 0.1) == [0, 1, 2, 0, 1]
