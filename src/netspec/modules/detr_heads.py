"""Module of :class:`netspec.layers.DETRHeads`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.detr_heads import DETRHeads
from netspec.modules.base import Numerics, build_layer


class ClassAndBox(nnx.Module):
    """``(B, queries, width) -> {class: (B, queries, n_classes + 1), box: (B, queries, 4)}``.

    Class scores before the softmax; boxes as centre, height and width relative to the image, so between 0 and 1.
    Source: Carion et al. 2020 (arXiv:2005.12872), sec. 3.2, prediction feed-forward networks.
    """

    def __init__(self, layer: DETRHeads, numerics: Numerics, rngs: nnx.Rngs) -> None:
        width = layer.width
        self.scores = numerics.linear(width, layer.n_classes + 1, rngs)
        self.box1 = numerics.linear(width, width, rngs)
        self.box2 = numerics.linear(width, width, rngs)
        self.relu = numerics.activation("relu")
        self.box3 = numerics.linear(width, 4, rngs)

    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        """One dense map for the class, three with ReLU between for the box."""
        box = self.relu(self.box2(self.relu(self.box1(x))))
        return {"class": self.scores(x), "box": nnx.sigmoid(self.box3(box))}


@build_layer.register
def _(layer: DETRHeads, numerics: Numerics, rngs: nnx.Rngs) -> ClassAndBox:
    return ClassAndBox(layer, numerics, rngs)
