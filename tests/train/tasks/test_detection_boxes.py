"""Boxes: intersection over union by hand, the same in numpy and jax, and its generalisation."""

import jax.numpy as jnp
import numpy as np
import pytest

from train.tasks.detection import boxes as geometry


@pytest.fixture(params=[np.array, jnp.array], ids=["numpy", "jax"])
def array(request):
    return request.param


@pytest.mark.parametrize(
    ("one", "other", "iou", "giou"),
    [
        ((0.5, 0.5, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2), 1, 1),
        # 0.1 x 0.2 in common of twice 0.04; nothing around both is empty.
        ((0.4, 0.5, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2), 1 / 3, 1 / 3),
        # Corners that touch: the box around both is half empty.
        ((0.25, 0.25, 0.5, 0.5), (0.75, 0.75, 0.5, 0.5), 0, -1 / 2),
        # One inside the other: a quarter of it.
        ((0.5, 0.5, 0.2, 0.2), (0.45, 0.45, 0.1, 0.1), 1 / 4, 1 / 4),
        # Apart, with as much between them as each is wide.
        ((0.15, 0.5, 0.1, 0.2), (0.35, 0.5, 0.1, 0.2), 0, -1 / 3),
    ],
)
def test_overlaps_by_hand(array, one, other, iou, giou):
    one, other = array(one), array(other)
    assert float(geometry.iou(one, other)) == pytest.approx(iou, abs=1e-6)
    assert float(geometry.iou(other, one)) == pytest.approx(iou, abs=1e-6)
    assert float(geometry.giou(one, other)) == pytest.approx(giou, abs=1e-6)
    assert type(geometry.iou(one, other)) is not float


def test_all_pairs_by_broadcasting(array):
    rng = np.random.default_rng(0)
    one, other = rng.uniform(0.1, 0.6, (3, 4)), rng.uniform(0.1, 0.6, (2, 4))
    pairs = np.asarray(geometry.iou(array(one)[:, None], array(other)))
    assert pairs.shape == (3, 2)
    for i in range(3):
        for j in range(2):
            assert pairs[i, j] == pytest.approx(float(geometry.iou(one[i], other[j])), abs=1e-6)


def test_empty_boxes_overlap_nothing(array):
    nothing = array([0.5, 0.5, 0.0, 0.0])
    assert float(geometry.iou(nothing, nothing)) == 0
    assert float(geometry.iou(nothing, array([0.5, 0.5, 1.0, 1.0]))) == 0


def test_edges_and_back(array):
    boxes = array([[0.3, 0.4, 0.2, 0.6], [0.9, 0.9, 0.4, 0.4]])
    left, top, right, bottom = map(np.asarray, geometry.edges(boxes))
    np.testing.assert_allclose(
        np.stack([left, top, right, bottom]), [[0.2, 0.7], [0.1, 0.7], [0.4, 1.1], [0.7, 1.1]], atol=1e-6
    )
    np.testing.assert_allclose(np.asarray(geometry.of_edges(*geometry.edges(boxes))), boxes, atol=1e-6)
    np.testing.assert_allclose(np.asarray(geometry.clipped(boxes))[1], [0.85, 0.85, 0.3, 0.3], atol=1e-6)
