"""What the document says of graph networks, computed."""

from __future__ import annotations

import numpy as np

from netspec.vocabulary.evidence import Evidence
from netspec.vocabulary.graphs.convolutions import graphsage


def full_neighbourhoods_confused() -> Evidence:
    """GraphSAGE without sampling, at a node with neighbours {a, b} and at one with {a, a, b, b}.

    Were sampling what its limits come from, nothing would be confused here.
    """
    # Nodes 0 and 3 look; 1 and 4, 5 are like a, and 2 and 6, 7 like b.
    x = np.array([[1.0, 1], [1, 0], [0, 1], [1, 1], [1, 0], [1, 0], [0, 1], [0, 1]])
    senders, receivers = np.array([1, 2, 4, 5, 6, 7]), np.array([0, 0, 3, 3, 3, 3])
    kernel = np.arange(1.0, 13.0).reshape(4, 3)
    alike = []
    for aggregate in ("mean", "max"):
        rows = np.asarray(graphsage(x, senders, receivers, kernel, aggregate))
        alike.append(np.array_equal(rows[0], rows[3]))
    return Evidence(
        "with all neighbours, {a, b} and {a, a, b, b} differ",
        f"they are the same to the mean: {alike[0]}, to the maximum: {alike[1]}",
        all(alike),
    )
