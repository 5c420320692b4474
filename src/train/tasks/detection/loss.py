"""The loss of YOLOv1 in its five terms, with focal objectness.

Source: Redmon et al. 2016 (arXiv:1506.02640), equation 3; Lin et al. 2017 (arXiv:1708.02002), equation 4, for the
objectness; book ch. 11.2.2.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from train.tasks.detection import boxes as geometry
from train.tasks.detection.grid import Said, Targets, corners

#: Weights of the terms on boxes, and of objectness where there is no object: the paper's λ.
COORDINATES, NO_OBJECT = 5.0, 0.5
#: Weight of ``1 - GIoU``.
OVERLAP = 1.0
#: The terms by name, in the order of the paper.
TERMS = ("centre", "size", "object", "no_object", "class")


def detection_loss(said: Said, wanted: Targets, gamma: float, smoothing: float = 0.0) -> dict[str, jax.Array]:
    """The weighted terms of :data:`TERMS` of each picture, ``(N,)`` each, whose sum is its loss.

    ``said`` and ``wanted`` are of N pictures. Of a cell's boxes that with the largest IoU is responsible for its
    object; all others are to have objectness 0, save in ignored cells. Centres are compared within their cell and sides
    by their square roots, as in the paper; ``size`` has ``1 - GIoU`` in it, too, which sees how the four numbers
    go together. Objectness is by the focal cross-entropy ``-(1 - p)^γ log p``, p the probability of the right answer:
    plain where ``gamma`` is 0. Its balance α is left to the weights of the terms. Classes are by cross-entropy, with
    labels smoothed by ``smoothing``.
    """
    there = wanted.object[..., None]
    truth = wanted.box[..., None, :]
    matched = geometry.iou(said.boxes, truth).argmax(-1)
    responsible = there & jax.nn.one_hot(matched, said.objectness.shape[-1], dtype=bool)
    grid = wanted.object.shape[1], wanted.object.shape[2]
    offset = truth[..., :2] * jnp.array(grid[::-1]) - corners(grid)[:, :, None]
    centre = jnp.square(said.offset - offset).sum(-1)
    root = jnp.square(said.root - jnp.sqrt(truth[..., 2:])).sum(-1)
    shape = 1 - geometry.giou(said.boxes, truth)
    objectness = optax.sigmoid_focal_loss(said.objectness, responsible, gamma=gamma)
    quiet = ~responsible & ~wanted.ignored[..., None]
    kinds = optax.smooth_labels(jax.nn.one_hot(wanted.label, said.classes.shape[-1]), smoothing)
    classes = optax.softmax_cross_entropy(said.classes, kinds)

    def total(values: jax.Array, mask: jax.Array) -> jax.Array:
        return jnp.where(mask, values, 0.0).reshape(len(values), -1).sum(1)

    return {
        "centre": COORDINATES * total(centre, responsible),
        "size": COORDINATES * total(root, responsible) + OVERLAP * total(shape, responsible),
        "object": total(objectness, responsible),
        "no_object": NO_OBJECT * total(objectness, quiet),
        "class": total(classes, wanted.object),
    }
