"""The loss: each of its terms by hand, what has no part in them, and gradients in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from train.tasks.detection.grid import Said, Targets, read, targets
from train.tasks.detection.loss import COORDINATES, NO_OBJECT, OVERLAP, TERMS, detection_loss

pytestmark = pytest.mark.slow

GRID, CLASSES = (2, 3), 4
#: Of the cell (1, 2) of two rows and three columns: its centre lies at (1/4, 1/2) of the cell.
BOX = np.array([2.25 / 3, 1.5 / 2, 0.36, 0.16])


def truth(difficult=False):
    one = targets(jnp.array([BOX]), jnp.array([3]), jnp.array([difficult]), GRID)
    return jax.tree.map(lambda leaf: leaf[None], one)


def logit(share):
    return np.log(share / (1 - share))


def said(**cell):
    """All numbers 0 but those of the responsible cell, of two boxes."""
    shapes = {"offset": (2, 2), "root": (2, 2), "objectness": (2,), "classes": (CLASSES,)}
    parts = {}
    for name, shape in shapes.items():
        whole = np.full((1, *GRID, *shape), 0.5 if name in ("offset", "root") else 0.0)
        if name in cell:
            whole[0, 1, 2] = cell[name]
        parts[name] = jnp.array(whole)
    return Said(**parts)


RIGHT = {"offset": [[0.25, 0.5], [0.9, 0.9]], "root": [[0.6, 0.4], [0.1, 0.1]]}


@pytest.mark.exhaustive
def test_a_box_that_is_right_costs_nothing():
    terms = detection_loss(said(**RIGHT), truth(), 2.0)
    assert tuple(terms) == TERMS
    assert float(terms["centre"][0]) == pytest.approx(0, abs=1e-9)
    assert float(terms["size"][0]) == pytest.approx(0, abs=1e-6)


@pytest.mark.exhaustive
def test_centre_and_size_by_hand():
    """Off by (0.1, 0.2) of the cell and by (0.1, 0.05) in the roots of the sides."""
    terms = detection_loss(said(offset=[[0.35, 0.7], [0, 0]], root=[[0.5, 0.35], [0.01, 0.01]]), truth(), 2.0)
    assert float(terms["centre"][0]) == pytest.approx(COORDINATES * (0.1**2 + 0.2**2), rel=1e-5)
    # Sides 0.25 and 0.1225 about (2.35/3, 1.7/2), of 0.36 and 0.16 about (2.25/3, 1.5/2).
    left, top = max(0.75 - 0.18, 2.35 / 3 - 0.125), max(0.75 - 0.08, 0.85 - 0.06125)
    common = (min(0.75 + 0.18, 2.35 / 3 + 0.125) - left) * (min(0.83, 0.85 + 0.06125) - top)
    union = 0.36 * 0.16 + 0.25 * 0.1225 - common
    around = 0.36 * ((0.85 + 0.06125) - 0.67)
    giou = common / union - (around - union) / around
    assert float(terms["size"][0]) == pytest.approx(COORDINATES * (0.1**2 + 0.05**2) + OVERLAP * (1 - giou), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_objectness_by_hand(gamma):
    """The box that overlaps more is to say there is an object; its neighbour and all other cells are not."""
    terms = detection_loss(said(**RIGHT, objectness=[logit(0.9), logit(0.2)]), truth(), gamma)
    assert float(terms["object"][0]) == pytest.approx(-(0.1**gamma) * np.log(0.9), rel=1e-5)
    others = 2 * (GRID[0] * GRID[1] - 1) * -(0.5**gamma) * np.log(0.5)
    assert float(terms["no_object"][0]) == pytest.approx(NO_OBJECT * (others - 0.2**gamma * np.log(0.8)), rel=1e-5)


def test_classes_are_by_cross_entropy_where_there_is_an_object():
    terms = detection_loss(said(classes=[0, np.log(2), 0, np.log(4)]), truth(), 2.0)
    assert float(terms["class"][0]) == pytest.approx(-np.log(4 / 8), rel=1e-5)
    smooth = detection_loss(said(classes=[0, np.log(2), 0, np.log(4)]), truth(), 2.0, smoothing=0.4)
    shares = np.array([1, 2, 1, 4]) / 8
    assert float(smooth["class"][0]) == pytest.approx(-(0.1 * np.log(shares[:3]).sum() + 0.7 * np.log(0.5)), rel=1e-5)


def test_what_is_difficult_costs_nothing_in_its_cell():
    everything = detection_loss(said(objectness=[logit(0.9), logit(0.9)]), truth(difficult=True), 0.0)
    assert [float(everything[name][0]) for name in ("centre", "size", "object", "class")] == [0, 0, 0, 0]
    others = 2 * (GRID[0] * GRID[1] - 1) * np.log(2)
    assert float(everything["no_object"][0]) == pytest.approx(NO_OBJECT * others, rel=1e-5)


@pytest.mark.exhaustive
def test_pictures_do_not_meet():
    """The terms of a batch are those of its pictures one by one."""
    outputs = jax.random.normal(jax.random.key(0), (3, *GRID, 10 + CLASSES))
    objects = [
        targets(jnp.array([[x, 0.4, 0.3, 0.5]]), jnp.array([1]), jnp.array([False]), GRID) for x in (0.1, 0.5, 0.9)
    ]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *objects)
    together = detection_loss(read(outputs, 2), stacked, 2.0)
    for row in range(3):
        one = Targets(*(leaf[row : row + 1] for leaf in stacked))
        alone = detection_loss(read(outputs[row : row + 1], 2), one, 2.0)
        for name in TERMS:
            assert float(alone[name][0]) == pytest.approx(float(together[name][row]), rel=1e-5)


@pytest.mark.exhaustive
def test_gradients_in_float64():
    with jax.enable_x64():
        outputs = jax.random.normal(jax.random.key(1), (2, *GRID, 10 + CLASSES), jnp.float64)
        boxes = jnp.array([[[0.4, 0.3, 0.5, 0.4], [0.9, 0.8, 0.2, 0.3]]] * 2)
        of = lambda boxes: targets(boxes, jnp.array([1, 2]), jnp.array([False, False]), GRID)  # noqa: E731
        wanted = Targets(*(jnp.stack(parts) for parts in zip(*map(of, boxes), strict=True)))
        for gamma in (0.0, 2.0):
            loss = lambda x, gamma=gamma: sum(t.sum() for t in detection_loss(read(x, 2), wanted, gamma).values())  # noqa: E731
            check_grads(loss, (outputs,), 1, ["rev"], eps=1e-6, atol=1e-6, rtol=1e-5)


@pytest.mark.exhaustive
def test_nothing_right_or_wrong_is_not_finite():
    """Logits so large that probabilities round to 0 and 1, in pictures with and without objects."""
    for value in (-200.0, 200.0):
        outputs = jnp.full((1, *GRID, 10 + CLASSES), value)
        gradient = jax.grad(lambda x: sum(t.sum() for t in detection_loss(read(x, 2), truth(), 2.0).values()))(outputs)
        assert np.isfinite(gradient).all()
