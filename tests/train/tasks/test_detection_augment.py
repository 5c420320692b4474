"""Augmentation moves boxes as it moves what they are around: pictures here are black but for white boxes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.config.cell import Augmentation, ColourJitter
from train.data.example import NOTHING
from train.tasks.detection import augment as module
from train.tasks.detection import boxes as geometry
from train.tasks.detection.augment import augment

OFF = Augmentation("paper", False, False, None, None, None, None)
VIEW = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
SIDE, COUNT = 64, 24


def made(side=SIDE, seed=0):
    """Pictures of one white box each on black, with room for two."""
    rng = np.random.default_rng(seed)
    images, boxes = np.zeros((COUNT, side, side, 3), np.uint8), np.zeros((COUNT, 2, 4), np.float32)
    for row in range(COUNT):
        (top, left), (height, width) = rng.integers(4, side // 2, 2), rng.integers(8, side // 2 - 4, 2)
        images[row, top : top + height, left : left + width] = 255
        boxes[row, 0] = np.array([left + width / 2, top + height / 2, width, height]) / side
    labels = np.tile(np.array([3, NOTHING], np.int32), (COUNT, 1))
    return images, boxes, labels


def around(image):
    """The box around what is bright, found in the pixels: to half a pixel at each edge."""
    rows, columns = np.flatnonzero((image > 0.5).any(1)), np.flatnonzero((image > 0.5).any(0))
    height, width = image.shape
    edges = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
    return np.array(geometry.of_edges(*map(np.float64, edges)))


def changed(config, images, boxes, labels, size=SIDE, key=0):
    found = augment(
        jax.random.key(key), jnp.array(images), jnp.array(boxes), jnp.array(labels), config, image_size=size, **VIEW
    )
    return tuple(map(np.asarray, found))


def test_switched_off_nothing_changes():
    images, boxes, labels = made()
    x, same, kept = changed(OFF, images, boxes, labels)
    np.testing.assert_allclose(x, images / 255, atol=1e-6)
    np.testing.assert_array_equal(same, boxes)
    np.testing.assert_array_equal(kept, labels)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    "config",
    [
        dataclasses.replace(OFF, horizontal_flip=True),
        dataclasses.replace(OFF, random_crop=True),
        dataclasses.replace(OFF, random_crop=True, horizontal_flip=True),
    ],
    ids=["flip", "crop", "both"],
)
@pytest.mark.parametrize(("stored", "size"), [(64, 64), (96, (64, 80))])
def test_boxes_stay_around_what_they_were_around(config, stored, size):
    images, boxes, labels = made(stored)
    x, moved, kept = changed(config, images, boxes, labels, size)
    shown = size if isinstance(size, tuple) else (size, size)
    assert x.shape == (COUNT, *shown, 3)
    there = kept[:, 0] != NOTHING
    assert there.sum() > COUNT / 2
    for row in np.flatnonzero(there):
        error = np.abs(around(x[row, ..., 0]) - moved[row, 0]) * np.array([*shown[::-1], *shown[::-1]])
        assert error.max() <= 1.01, row
    assert (kept[:, 1] == NOTHING).all()
    assert (kept[there, 0] == 3).all()


def test_about_half_are_mirrored():
    images, boxes, labels = made()
    _, moved, _ = changed(dataclasses.replace(OFF, horizontal_flip=True), images, boxes, labels)
    mirrored = np.isclose(moved[:, 0, 0], 1 - boxes[:, 0, 0])
    same = np.isclose(moved[:, 0, 0], boxes[:, 0, 0])
    assert (mirrored | same).all()
    assert 5 < mirrored.sum() < 19
    np.testing.assert_allclose(moved[:, 0, 1:], boxes[:, 0, 1:])


def test_changes_are_as_large_as_stated_and_no_larger():
    _, boxes, labels = made()
    images = np.zeros((COUNT, SIDE, SIDE, 3), np.uint8)
    boxes[:, 0] = [0.5, 0.5, 0.2, 0.2]
    factors, shifts = [], []
    for key in range(8):
        _, moved, _ = changed(dataclasses.replace(OFF, random_crop=True), images, boxes, labels, key=key)
        factors.append(moved[:, 0, 2] / 0.2)
        shifts.append(moved[:, 0, :2] - 0.5)
    factors, shifts = np.concatenate(factors), np.concatenate(shifts)
    assert 1 / module.SCALE <= factors.min() < 0.87 < 1.15 < factors.max() <= module.SCALE
    assert -module.SHIFT <= shifts.min() < -0.19 < 0.19 < shifts.max() <= module.SHIFT
    assert abs(np.log(factors).mean()) < 0.03


def test_what_has_left_the_picture_is_no_object():
    """An object at the edge is cut where it stays by more than the share that is asked for, and else is none."""
    images = np.zeros((COUNT, SIDE, SIDE, 3), np.uint8)
    boxes = np.tile(np.array([[0.02, 0.5, 0.04, 0.3], [0.5, 0.5, 0.3, 0.3]], np.float32), (COUNT, 1, 1))
    labels = np.tile(np.array([4, 5], np.int32), (COUNT, 1))
    _, moved, kept = changed(dataclasses.replace(OFF, random_crop=True), images, boxes, labels)
    assert 3 < (kept[:, 0] == NOTHING).sum() < COUNT - 3
    assert (kept[:, 1] == 5).all()
    left, top, right, bottom = geometry.edges(moved)
    assert min(left.min(), top.min()) >= -1e-6 and max(right.max(), bottom.max()) <= 1 + 1e-6
    whole = moved[kept[:, 0] == 4, 0]
    assert (whole[:, 2] >= module.VISIBLE * 0.04 / module.SCALE - 1e-6).all()


@pytest.mark.exhaustive
def test_draws_belong_to_the_key_and_to_their_knob():
    images, boxes, labels = made()
    crop, both = (
        dataclasses.replace(OFF, random_crop=True),
        dataclasses.replace(OFF, random_crop=True, horizontal_flip=True),
    )
    once, again, other = (changed(crop, images, boxes, labels, key=key)[1] for key in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.allclose(once, other)
    flipped = changed(both, images, boxes, labels, key=1)[1]
    np.testing.assert_allclose(flipped[..., 1:], once[..., 1:], atol=1e-6)  # the crop is the same with a flip behind it
    jittered = dataclasses.replace(crop, colour_jitter=ColourJitter(0.4, 0.4, 0.4, 0.1))
    np.testing.assert_array_equal(changed(jittered, images, boxes, labels, key=1)[1], once)
    assert not np.allclose(changed(jittered, images + 9, boxes, labels)[0], changed(crop, images + 9, boxes, labels)[0])


def test_what_lies_outside_is_the_mean():
    images = np.full((COUNT, SIDE, SIDE, 3), 51, np.uint8)
    _, boxes, labels = made()
    x, *_ = augment(
        jax.random.key(0), jnp.array(images), boxes, labels, dataclasses.replace(OFF, random_crop=True),
        image_size=SIDE, mean=(0.6, 0.6, 0.6), std=(0.2, 0.2, 0.2),
    )  # fmt: skip
    assert float(x.max()) == pytest.approx(0, abs=1e-6)
    assert float(x.min()) == pytest.approx((0.2 - 0.6) / 0.2, abs=1e-5)
