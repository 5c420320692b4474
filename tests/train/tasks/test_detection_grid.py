"""The grid: which cell is responsible for what, and what numbers of a network mean."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.tasks.detection.grid import corners, read, targets

GRID = (3, 4)  # rows, columns


def wanted(boxes, labels, difficult=None):
    difficult = np.zeros(len(labels), bool) if difficult is None else np.array(difficult)
    return targets(jnp.array(boxes, jnp.float32), jnp.array(labels), jnp.array(difficult), GRID)


def places(mask):
    return {tuple(map(int, place)) for place in np.argwhere(np.asarray(mask))}


@pytest.mark.exhaustive
def test_the_cell_of_the_centre_is_responsible():
    found = wanted([[0.6, 0.1, 0.2, 0.4], [0.1, 0.9, 0.3, 0.3], [0, 0, 0, 0]], [7, 2, -1])
    assert places(found.object) == {(0, 2), (2, 0)}
    assert found.label[0, 2] == 7 and found.label[2, 0] == 2
    np.testing.assert_allclose(found.box[0, 2], [0.6, 0.1, 0.2, 0.4])
    assert not found.ignored.any()


def test_a_centre_at_the_far_edge_is_in_the_last_cell():
    assert places(wanted([[1.0, 1.0, 0.1, 0.1]], [0]).object) == {(2, 3)}


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_two_in_a_cell_the_larger_stays(order):
    boxes, labels = np.array([[0.05, 0.1, 0.2, 0.2], [0.1, 0.2, 0.3, 0.2]])[order], np.array([4, 5])[order]
    found = wanted(boxes, labels)
    assert places(found.object) == {(0, 0)}
    assert found.label[0, 0] == 5


def test_of_two_as_large_the_first_stays():
    assert wanted([[0.05, 0.1, 0.2, 0.2], [0.1, 0.2, 0.2, 0.2]], [4, 5]).label[0, 0] == 4


def test_difficult_objects_make_cells_ignored():
    boxes = [[0.1, 0.1, 0.2, 0.2], [0.9, 0.9, 0.1, 0.1], [0.9, 0.9, 0.6, 0.6], [0, 0, 0, 0]]
    found = wanted(boxes, [1, 2, 3, -1], [True, False, True, True])
    assert places(found.object) == {(2, 3)} and found.label[2, 3] == 2
    assert places(found.ignored) == {(0, 0)}


def test_numbers_of_a_network_are_boxes():
    """What is said of a cell by hand: logits of a half are the middle of the cell and sides of a quarter."""
    output = np.zeros((1, *GRID, 2 * 5 + 3), np.float32)
    output[0, 1, 2, 5:9] = [np.log(3), -np.log(3), np.log(1.5), np.log(4)]  # 3/4, 1/4, 3/5, 4/5
    said = read(jnp.array(output), 2)
    assert said.boxes.shape == (1, *GRID, 2, 4)
    assert said.classes.shape == (1, *GRID, 3)
    np.testing.assert_allclose(said.boxes[0, 1, 2, 0], [2.5 / 4, 1.5 / 3, 0.25, 0.25], atol=1e-6)
    np.testing.assert_allclose(said.boxes[0, 1, 2, 1], [2.75 / 4, 1.25 / 3, 0.36, 0.64], atol=1e-6)
    assert said.objectness.shape == (1, *GRID, 2)


def test_the_layout_is_boxes_then_classes():
    output = jnp.arange(13.0)[None, None, None]
    said = read(output, 2)
    np.testing.assert_array_equal(said.objectness[0, 0, 0], [4, 9])
    np.testing.assert_array_equal(said.classes[0, 0, 0], [10, 11, 12])
    np.testing.assert_allclose(said.root[0, 0, 0], jax.nn.sigmoid(jnp.array([[2.0, 3.0], [7.0, 8.0]])))


def test_corners_are_columns_and_rows():
    assert corners(GRID)[2, 1].tolist() == [1, 2]
    assert corners(GRID).shape == (3, 4, 2)
