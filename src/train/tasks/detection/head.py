"""The head of a detector: a grid of cells with two boxes and the classes of the data set in each."""

from __future__ import annotations

from dataclasses import replace

from netspec import NetSpec, SpecError
from netspec.layers import Conv2d, Flatten

#: Boxes of a cell, and numbers of a box: its place, its sides and its objectness.
BOXES, NUMBERS = 2, 5


def with_boxes(network: NetSpec, classes: int) -> NetSpec:
    """The same network with a head that leaves ``(rows, columns, BOXES · NUMBERS + classes)``.

    The head is a last :class:`Conv2d`; a :class:`Flatten` behind it, which moves no number, is left out. Raises
    :class:`SpecError` when the network does not end like that.
    """
    body = network.layers[:-1] if isinstance(network.layers[-1], Flatten) else network.layers
    *body, head = body
    if not isinstance(head, Conv2d):
        raise SpecError(
            f"{network.name}: ends in {network.layers[-1]} and leaves {network.output_shape}, expected a grid of cells "
            "from Conv2d, or from Conv2d and Flatten"
        )
    changed = replace(head, out_channels=BOXES * NUMBERS + classes, activation="identity")
    layers = (*body, changed)
    return network if layers == network.layers else replace(network, layers=layers)
