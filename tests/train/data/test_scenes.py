"""Scenes of digits: what is annotated is what is painted."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.datasets import load_digits

from train.config.cell import Scenes
from train.data.scenes import BOUNDARY, CONTRAST, DIGIT, GROUND, compose

SCENES = Scenes(train=1, val=1, objects=(1, 6), sizes=(16, 30), overlap=0.2)
SIDE = 64


@pytest.fixture(scope="module")
def made():
    digits = load_digits()
    return [compose((0, row), digits.images / 16, digits.target, SIDE, SCENES) for row in range(60)]


def edges(boxes):
    """Left, top, right and bottom in pixels."""
    return np.round(SIDE * np.stack([*(boxes[:, :2] - boxes[:, 2:] / 2).T, *(boxes[:, :2] + boxes[:, 2:] / 2).T], 1))


def test_a_scene_is_a_function_of_its_seed(made):
    digits = load_digits()
    again = compose((0, 7), digits.images / 16, digits.target, SIDE, SCENES)
    for name in ("image", "mask", "boxes", "labels"):
        assert (getattr(again, name) == getattr(made[7], name)).all()
    assert (made[7].image != made[8].image).any()


def test_as_many_digits_as_asked_for(made):
    counts = [len(scene.labels) for scene in made]
    assert min(counts) == 1 and max(counts) == 6
    assert {int(label) for scene in made for label in scene.labels} == set(range(10))


def test_boxes_hold_all_digits_and_touch_them(made):
    for scene in made:
        inside = np.zeros((SIDE, SIDE), bool)
        for left, top, right, bottom in edges(scene.boxes).astype(int):
            assert 0 <= left < right <= SIDE and 0 <= top < bottom <= SIDE
            inside[top:bottom, left:right] = True
            assert (scene.mask[top:bottom, left:right] == DIGIT).any()
        assert (scene.mask[~inside] != DIGIT).all()
    alone = next(scene for scene in made if len(scene.labels) == 1)
    rows, columns = np.nonzero(alone.mask == DIGIT)
    assert edges(alone.boxes)[0].tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_the_boundary_is_one_pixel_around_the_digits(made):
    for scene in made:
        distance = ndimage.distance_transform_cdt(scene.mask != DIGIT, "chessboard")
        assert ((distance == 1) == (scene.mask == BOUNDARY)).all()
        assert ((distance > 1) == (scene.mask == GROUND)).all()


def test_digits_differ_from_the_ground_in_brightness(made):
    alone = [scene for scene in made if len(scene.labels) == 1]
    for scene in alone:
        mean = [scene.image[scene.mask == part].mean() / 255 for part in (DIGIT, GROUND)]
        assert abs(mean[0] - mean[1]) > CONTRAST / 2


def test_no_digit_is_covered_further_than_allowed(made):
    for scene in made:
        box = edges(scene.boxes)
        for i, a in enumerate(box):
            for b in box[:i]:
                common = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
                assert common <= SCENES.overlap * min((a[2:] - a[:2]).prod(), (b[2:] - b[:2]).prod())
