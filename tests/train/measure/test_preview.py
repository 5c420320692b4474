"""Pictures of augmented samples: their size, and that cells show the same images."""

import numpy as np
import pytest
from PIL import Image

from train.measure.preview import GAP, preview


def sheet(cell, store, tmp_path, **shape):
    path = tmp_path / f"{cell.name}.png"
    preview(cell, store, path, **{"rows": 2, "columns": 3, "seed": 0, **shape})
    return np.asarray(Image.open(path))


def test_size_and_gaps(short_cell, digits_store, tmp_path):
    picture = sheet(short_cell("bare"), digits_store, tmp_path)
    enlarge = 64 // 16
    assert picture.shape == ((2 * 18 - GAP) * enlarge, (3 * 18 - GAP) * enlarge, 3)
    assert (picture[:, 16 * enlarge : 18 * enlarge] == 255).all()


def test_cells_show_the_same_images(short_cell, digits_store, tmp_path):
    """Erasing touches a quarter of the samples; the others are the bare cell's, pixel for pixel."""
    bare, erased = (sheet(short_cell(name), digits_store, tmp_path, rows=1, columns=16) for name in ("bare", "erase"))
    step = 18 * 4
    same = [(bare[:, i * step : i * step + 64] == erased[:, i * step : i * step + 64]).all() for i in range(16)]
    assert 6 <= sum(same) < 16


@pytest.mark.exhaustive
def test_more_samples_than_images(short_cell, digits_store, tmp_path):
    assert sheet(short_cell("mixup"), digits_store, tmp_path, rows=11, columns=10).shape[0] == (11 * 18 - GAP) * 4
