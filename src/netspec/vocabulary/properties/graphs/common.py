"""Graphs to try layers on, drawn or enumerated, and what holds of all layers: names of nodes mean nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations
from typing import Any

import numpy as np

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.term import Implementation, Mistake, Property

CHANNELS = 3


@dataclass(frozen=True)
class Graph:
    """Features (nodes, channels), arcs as two lists, and the matrix with a one at (receiver, sender)."""

    x: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray

    @property
    def matrix(self) -> np.ndarray:
        """Ones where an arc leads from the column's node to the row's."""
        return adjacency(self.x, self.senders, self.receivers)


def adjacency(x: np.ndarray, senders: np.ndarray, receivers: np.ndarray) -> np.ndarray:
    """The matrix of arcs, receivers by senders."""
    matrix = np.zeros((len(x), len(x)))
    matrix[receivers, senders] = 1
    return matrix


def drawn(case: Case, directed: bool = False) -> Graph:
    """Six nodes, the last alone and seven edges among the others; or one node, where the case has one token.

    All drawn graphs have as many edges, so that a layer compiles for two shapes.
    """
    nodes = 1 if case.tokens == 1 else 6
    upper = np.zeros((nodes, nodes), bool)
    pairs = np.array(list(combinations(range(nodes - 1), 2)), int).reshape(-1, 2)
    upper[tuple(case.rng().permutation(pairs)[:7].T)] = True
    receivers, senders = np.nonzero(upper if directed else upper | upper.T)
    return Graph(case.normal(nodes, CHANNELS, seed=1), senders, receivers)


def dense_layers(case: Case, channels: int = CHANNELS, out: int = 4) -> list[tuple[np.ndarray, np.ndarray]]:
    """An MLP of two layers."""
    return [
        (case.normal(channels, 5, seed=20), case.normal(5, seed=21)),
        (case.normal(5, out, seed=22), case.normal(out, seed=23)),
    ]


def by_hand(x: np.ndarray, layers: Any) -> np.ndarray:
    """That MLP in numpy."""
    (first, bias), (second, offset) = layers
    out: np.ndarray = np.maximum(x @ first + bias, 0) @ second + offset
    return out


Call = Callable[[Implementation, Graph, Case], Any]


def renaming(call: Call, right: Implementation, *static: int) -> Property:
    """Other numbers for the nodes reorder the result and change nothing else; ``call`` applies a layer to a graph."""

    def residual(layer: Implementation, case: Case) -> float:
        graph = drawn(case)
        order = case.rng(9).permutation(len(graph.x))
        place = np.argsort(order)
        renamed = Graph(graph.x[order], place[graph.senders], place[graph.receivers])
        run = compiled(layer, *static)
        return apart(call(run, renamed, case), np.asarray(call(run, graph, case))[order])

    def numbered(x: Any, *args: Any) -> Any:
        return compiled(right, *static)(x + np.arange(len(x))[:, None], *args)

    return Property(
        "Other numbers for the nodes reorder its result and change nothing else.",
        residual,
        1e-12,
        (Mistake("each node reads its own number", numbered),),
    )


@cache
def all_graphs(most: int) -> tuple[np.ndarray, ...]:
    """Every graph of up to so many nodes, one of each shape: 1, 2, 4, 11, 34 and 156 of them.

    Those of n nodes are those of n − 1 with a further node, joined in all ways; of each shape the one is kept whose
    matrix is least when read as a number, over all orders of its nodes.
    """
    found: list[list[np.ndarray]] = [[np.zeros((1, 1), int)]]
    for nodes in range(2, most + 1):
        pairs = list(combinations(range(nodes), 2))
        place = {pair: index for index, pair in enumerate(pairs)}
        orders = np.array(
            [
                [place[min(order[a], order[b]), max(order[a], order[b])] for a, b in pairs]
                for order in permutations(range(nodes))
            ]
        )
        smaller = np.stack(found[-1])
        joins = (np.arange(2 ** (nodes - 1))[:, None] >> np.arange(nodes - 1)) & 1
        grown = np.zeros((len(smaller), len(joins), nodes, nodes), int)
        grown[:, :, :-1, :-1] = smaller[:, None]
        grown[:, :, :-1, -1] = joins
        bits = grown.reshape(-1, nodes, nodes)[:, [a for a, _ in pairs], [b for _, b in pairs]]
        bits = np.unique(bits, axis=0)
        weights = 1 << np.arange(len(pairs))
        least = np.min(bits[:, orders] @ weights, axis=1)
        kept = bits[np.unique(least, return_index=True)[1]]
        shapes = np.zeros((len(kept), nodes, nodes), int)
        for (a, b), column in zip(pairs, kept.T, strict=True):
            shapes[:, a, b] = shapes[:, b, a] = column
        found.append(list(shapes))
    return tuple(matrix for size in found for matrix in size)


def joined(matrices: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Several graphs as one with as many parts, and the part of each node."""
    sizes = [len(matrix) for matrix in matrices]
    whole, start = np.zeros((sum(sizes), sum(sizes)), int), 0
    for matrix in matrices:
        whole[start : start + len(matrix), start : start + len(matrix)] = matrix
        start += len(matrix)
    return whole, np.repeat(np.arange(len(sizes)), sizes)


def ring(nodes: int) -> np.ndarray:
    """A ring."""
    shift = np.roll(np.eye(nodes, dtype=int), 1, axis=1)
    return shift | shift.T


#: The hexagon and the two triangles: what colour refinement cannot tell apart.
HEXAGON, TRIANGLES = ring(6), joined((ring(3), ring(3)))[0]
