"""Fixtures over :mod:`synthetic_results`: a results tree in whatever shape a test needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from synthetic_results import CELLS, Tree, write_tree


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[..., Tree]:
    """``make_tree(cells, seeds)`` writes a tree; a name that is not one of the book's nine is a user's own cell."""

    def make(cells: Sequence[str] = tuple(CELLS), seeds: Sequence[int] = (0, 1, 2), **options) -> Tree:
        return write_tree(tmp_path, list(cells), list(seeds), **options)

    return make


@pytest.fixture
def tree(make_tree) -> Tree:
    return make_tree()
