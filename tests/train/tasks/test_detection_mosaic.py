"""Mosaics have the objects of their four pictures, each in its place, and the experiment on heads that takes them."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from train import config
from train.config.schema import ConfigError
from train.data.example import NOTHING
from train.tasks import learner_of, task_of
from train.tasks.detection import boxes as geometry
from train.tasks.detection.mosaic import CORNERS, mosaics

CONFIG = Path(__file__).parents[3] / "config"
COUNT, SIDE, ROOM = 12, 32, 2


def made():
    """Pictures of a shade of their own but for one white box, of a class of their own; every other is difficult."""
    rng = np.random.default_rng(0)
    images, boxes = np.zeros((COUNT, SIDE, SIDE, 3), np.float32), np.zeros((COUNT, ROOM, 4), np.float32)
    labels, difficult = np.full((COUNT, ROOM), NOTHING, np.int32), np.zeros((COUNT, ROOM), bool)
    for row in range(COUNT):
        (top, left), (height, width) = 4 + 2 * rng.integers(0, 4, 2), 6 + 2 * rng.integers(0, 5, 2)
        images[row] = row / 100
        images[row, top : top + height, left : left + width] = 1
        boxes[row, 0] = np.array([left + width / 2, top + height / 2, width, height]) / SIDE
        labels[row, 0], difficult[row, 0] = row, row % 2
    return images, boxes, labels, difficult


def put_together(share, key=0):
    found = mosaics(jax.random.key(key), *map(jnp.array, made()), share)
    return tuple(map(np.asarray, found))


@pytest.mark.exhaustive
def test_each_part_is_a_picture_at_half_its_size_with_its_object():
    images, _, _, _ = made()
    whole, boxes, labels, difficult = put_together(1.0)
    assert whole.shape == images.shape and boxes.shape == (COUNT, 4 * ROOM, 4)
    half = SIDE // 2
    for row in range(COUNT):
        assert labels[row, 0] == row, "the first part is the picture itself"
        for part, (x, y) in enumerate(CORNERS):
            label = labels[row, ROOM * part]
            top, left = int(y * SIDE), int(x * SIDE)
            seen = whole[row, top : top + half, left : left + half, 0]
            assert seen.min() == pytest.approx(label / 100, abs=1e-6), "the shade of the picture whose object it is"
            rows, columns = np.flatnonzero((seen > 0.6).any(1)), np.flatnonzero((seen > 0.6).any(0))
            edges = left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1
            expected = np.array(geometry.edges(boxes[row, ROOM * part])) * SIDE
            assert np.abs(expected - edges).max() <= 0.51
            assert labels[row, ROOM * part + 1] == NOTHING and difficult[row, ROOM * part] == label % 2


def test_every_picture_is_as_often_in_each_part():
    _, _, labels, _ = put_together(1.0)
    for part in range(4):
        assert sorted(labels[:, ROOM * part]) == list(range(COUNT))
    assert not (labels[:, 0] == labels[:, ROOM]).all()


def test_the_others_stay_as_they_are():
    images, boxes, labels, difficult = made()
    whole, moved, kinds, marks = put_together(0.0)
    np.testing.assert_array_equal(whole, images)
    np.testing.assert_array_equal(moved[:, :ROOM], boxes)
    np.testing.assert_array_equal(kinds[:, :ROOM], labels)
    np.testing.assert_array_equal(marks[:, :ROOM], difficult)
    assert (kinds[:, ROOM:] == NOTHING).all() and not marks[:, ROOM:].any()
    counts = [(put_together(0.25, key)[2] != NOTHING).sum(1) for key in range(40)]
    assert set(np.unique(counts)) == {1, 4}
    assert (np.array(counts) == 4).mean() == pytest.approx(0.25, abs=0.06)  # 480 draws, three deviations of 0.02


def test_what_is_drawn_belongs_to_the_key():
    once, again, other = (put_together(0.5, key) for key in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    assert not (once[2] == other[2]).all()


@pytest.fixture(scope="module")
def heads():
    return config.load_experiment({"main": "pets-heads"}, CONFIG).cells


def test_the_demos_on_heads_are_cells_with_their_counts(heads):
    """22,472,286 parameters with VOC's twenty classes; with two, the last layer has 18 channels of 257 fewer."""
    rows = {f"YOLO Pets heads: {name}": share for name, share in (
        ("2x2 mosaics", 1.0), ("50 % single frames", 0.5), ("75 % single frames", 0.25),
    )}  # fmt: skip
    assert {c["book_row"]: c["task_settings"]["mosaics"] for c in heads.values() if c["book_row"]} == rows
    assert heads["single"]["task_settings"] == {"mosaics": 0.0, "focal_gamma": 2.0}
    for value in heads.values():
        cell = config.parse_cell(value)
        assert netspec.find(cell.model).params == 22_472_286
        assert task_of(cell).spec(cell).params == 22_472_286 - 18 * 257 and cell.dataset.classes == 2
        assert (cell.optimizer.learning_rate, cell.optimizer.clip_norm, cell.batch_size, cell.epochs) == (
            7e-4,
            4,
            16,
            80,
        )


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["single", "mosaics"])
def test_a_batch_of_heads_becomes_targets(heads, name):
    learner = learner_of(config.parse_cell(heads[name]))
    images, wanted = jax.jit(learner.inputs)(jax.random.key(0), learner.example_batch(4, training=True), 0)
    assert images.shape == (4, 224, 224, 3) and wanted.object.shape == (4, 7, 7)
    expected = {"single": (1, 1), "mosaics": (2, 4)}[name]  # objects that met in a cell are one target
    assert expected[0] <= int(wanted.object.sum()) / 4 <= expected[1]


def test_odd_pictures_have_no_halves(heads, tmp_path):
    from train.config.places import Places
    from train.tasks.detection import check

    value = {**heads["mosaics"], "dataset": {**heads["mosaics"]["dataset"], "image_size": [224, 223]}}
    with pytest.raises(ConfigError, match=r"'image_size' is \[224, 223\], expected even numbers for mosaics"):
        check(value, Places("cells.yaml", "data.yaml", "recipe.yaml", "recipe.yaml"))
