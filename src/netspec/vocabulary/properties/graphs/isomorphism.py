"""What must hold of graph isomorphism networks and of colour refinement."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.graphs import isomorphism
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.properties.graphs.common import (
    HEXAGON,
    TRIANGLES,
    Graph,
    adjacency,
    all_graphs,
    by_hand,
    dense_layers,
    drawn,
    joined,
    renaming,
)
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

NODES, ROUNDS = 6, 5


@cache
def _everything() -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, ...]]:
    """All small graphs as one: senders, receivers, the graph of each node; and the class of each by refinement."""
    whole, graph_of = joined(all_graphs(NODES))
    colors = isomorphism.color_refinement(whole)
    counts = [tuple(sorted(Counter(colors[graph_of == graph].tolist()).items())) for graph in range(graph_of[-1] + 1)]
    receivers, senders = np.nonzero(whole)
    return senders, receivers, graph_of, tuple(counts.index(count) for count in counts)


def _as_refinement(gin: Implementation, case: Case) -> float:
    """Five layers of drawn weights and a sum, on all graphs at once; alike are sums that agree to rounding."""
    senders, receivers, graph_of, classes = _everything()
    x, run = np.ones((len(graph_of), 4)), compiled(gin)
    for index in range(ROUNDS):
        weights = [(case.normal(4, 8, seed=4 * index), case.normal(8, seed=4 * index + 1))]
        weights.append((case.normal(8, 4, seed=4 * index + 2), case.normal(4, seed=4 * index + 3)))
        x = np.asarray(run(x, senders, receivers, weights, 0.3))
        x = x / np.abs(x).max()
    sums = np.stack([np.bincount(graph_of, channel) for channel in x.T], axis=1)
    near = np.abs(sums[:, None] - sums).max(-1) < 1e-11
    return wrong(near == (np.array(classes)[:, None] == np.array(classes)))


def _aggregated(how: Any) -> Implementation:
    """A network that pools its neighbours otherwise."""

    def layer(x: Any, senders: Any, receivers: Any, layers: Any, epsilon: Any = 0.0) -> Any:
        heard = np.stack(
            [how(x[senders[receivers == v]], axis=0) if v in receivers else 0 * x[v] for v in range(len(x))]
        )
        return by_hand((1 + epsilon) * x + heard, layers)

    return layer


def _call_gin(layer: Implementation, graph: Graph, case: Case) -> Any:
    return layer(graph.x, graph.senders, graph.receivers, dense_layers(case), 0.3)


def _as_matrix(gin: Implementation, case: Case) -> float:
    graph = drawn(case)
    mixed = 1.3 * graph.x + graph.matrix @ graph.x
    return apart(_call_gin(compiled(gin), graph, case), by_hand(mixed, dense_layers(case)))


def _epsilon_on_all(x: Any, senders: Any, receivers: Any, layers: Any, epsilon: Any) -> Any:
    return by_hand((1 + epsilon) * (x + adjacency(x, senders, receivers) @ x), layers)


GIN = Term(
    "gin",
    isomorphism.gin,
    (
        Property(
            "Of the 208 graphs of up to six nodes it tells apart just those that colour refinement does.",
            _as_refinement,
            0.0,
            (
                Mistake("the mean of the neighbours", _aggregated(np.mean)),
                Mistake("the largest of the neighbours", _aggregated(np.max)),
            ),
        ),
        Property(
            "It is the MLP of the product with (1 + ε) I + A.",
            _as_matrix,
            1e-12,
            (Mistake("ε for the neighbours, too", _epsilon_on_all),),
        ),
        renaming(_call_gin, isomorphism.gin),
    ),
)


def _tree(matrix: np.ndarray, node: int, depth: int) -> Any:
    """What a walker sees that starts at a node and cannot tell where it has been: a tree of trees."""
    if depth == 0:
        return ()
    return tuple(sorted(_tree(matrix, other, depth - 1) for other in np.flatnonzero(matrix[node]).tolist()))


def _small(case: Case) -> np.ndarray:
    """A drawn graph beside a path and a star of four nodes."""
    path, star = np.zeros((4, 4), int), np.zeros((4, 4), int)
    path[[0, 1, 2], [1, 2, 3]] = star[0, 1:] = 1
    return joined((drawn(case).matrix.astype(int), path | path.T, star | star.T))[0]


def _as_trees(refine: Implementation, case: Case) -> float:
    matrix = _small(case)
    trees = [_tree(matrix, node, 5) for node in range(len(matrix))]
    colors = np.asarray(refine(matrix))
    return wrong((colors[:, None] == colors) == np.array([[one == other for other in trees] for one in trees]))


def _any_order(refine: Implementation, case: Case) -> float:
    """The same colours for the same nodes in another order."""
    matrix = _small(case)
    order = case.rng(5).permutation(len(matrix))
    return wrong(np.asarray(refine(matrix[order][:, order])) == np.asarray(refine(matrix))[order])


def _blind(refine: Implementation, case: Case) -> float:
    """Two triangles beside a hexagon: one colour for all; a path beside a star: not."""
    alike = len(set(np.asarray(refine(joined((HEXAGON, TRIANGLES))[0])).tolist())) == 1
    return wrong(alike and len(set(np.asarray(refine(_small(case)[-8:, -8:])).tolist())) == 4)


def _sets(matrix: Any) -> Any:
    """Which colours the neighbours have, and not how often."""
    now = [0] * len(matrix)
    for _ in now:
        seen = [(now[v], tuple(sorted({now[u] for u in np.flatnonzero(matrix[v])}))) for v in range(len(matrix))]
        now = [sorted(set(seen)).index(pair) for pair in seen]
    return np.array(now)


def _by_appearance(matrix: Any) -> Any:
    colors = isomorphism.color_refinement(matrix).tolist()
    return np.array([list(dict.fromkeys(colors)).index(color) for color in colors])


def _closed_walks(matrix: Any) -> Any:
    walks = np.stack([np.diag(np.linalg.matrix_power(matrix, power)) for power in range(2, 6)], 1)
    return np.unique(walks, axis=0, return_inverse=True)[1].ravel()


REFINEMENT = Term(
    "wl-test",
    isomorphism.color_refinement,
    (
        Property(
            "Nodes have one colour if and only if the trees of all walks from them are the same.",
            _as_trees,
            0.0,
            (
                Mistake("sets of colours, not multisets", _sets),
                Mistake("one round", lambda matrix: isomorphism.color_refinement(matrix, rounds=1)),
            ),
        ),
        Property(
            "Nodes in another order have the same colours.",
            _any_order,
            0.0,
            (Mistake("colours numbered as they appear", _by_appearance),),
        ),
        Property(
            "A hexagon and two triangles have one colour, a path and a star four.",
            _blind,
            0.0,
            (
                Mistake("closed walks counted, which sees triangles", _closed_walks),
                Mistake("degrees", lambda matrix: matrix.sum(1)),
            ),
        ),
    ),
)


def _call_gin_0(layer: Implementation, graph: Graph, case: Case) -> Any:
    return layer(graph.x, graph.senders, graph.receivers, dense_layers(case))


def _closed_sum(layer: Implementation, case: Case) -> float:
    graph = drawn(case)
    closed = graph.matrix + np.eye(len(graph.x))
    return apart(_call_gin_0(compiled(layer), graph, case), by_hand(closed @ graph.x, dense_layers(case)))


def _without_itself(x: Any, senders: Any, receivers: Any, layers: Any) -> Any:
    return by_hand(adjacency(x, senders, receivers) @ x, layers)


GIN_0 = Term(
    "gin-0",
    isomorphism.gin_0,
    (
        Property(
            "It is the MLP of the sum over neighbours and the node itself.",
            _closed_sum,
            1e-12,
            (Mistake("without the node itself", _without_itself),),
        ),
        renaming(_call_gin_0, isomorphism.gin_0),
    ),
)


def _call_virtual(layer: Implementation, graph: Graph, case: Case) -> Any:
    virtual = case.normal(graph.x.shape[1], seed=6)
    return layer(graph.x, virtual, graph.senders, graph.receivers, dense_layers(case), 0.3)[0]


def _one_node_more(layer: Implementation, case: Case) -> float:
    """The matrix with a row and a column of ones."""
    graph, virtual = drawn(case), case.normal(3, seed=6)
    matrix = np.pad(graph.matrix, (0, 1), constant_values=1.0)
    matrix[-1, -1] = 0
    x = np.concatenate([graph.x, virtual[None]])
    expected = by_hand(1.3 * x + matrix @ x, dense_layers(case))
    found = compiled(layer)(graph.x, virtual, graph.senders, graph.receivers, dense_layers(case), 0.3)
    return max(apart(found[0], expected[:-1]), apart(found[1], expected[-1]))


def _two_steps(layer: Implementation, case: Case) -> float:
    """Nodes without an edge among them: after two layers a change of one has reached all."""
    nodes, none = 4, np.zeros(0, int)
    identity = [(np.eye(3), np.zeros(3))]

    def twice(x: np.ndarray) -> np.ndarray:
        virtual = np.zeros(3)
        for _ in range(2):
            x, virtual = compiled(layer)(x, virtual, none, none, identity)
        return np.asarray(x)

    x = case.normal(nodes, 3)
    changed = np.abs(twice(x + np.eye(nodes)[:, :1]) - twice(x)).max(1)
    return wrong(changed > 0.5)


def _only_hears(x: Any, virtual: Any, senders: Any, receivers: Any, layers: Any, epsilon: float = 0.0) -> Any:
    run = compiled(isomorphism.gin)
    heard = ((1 + epsilon) * virtual + x.sum(0))[None]
    for kernel, bias in layers:
        heard = heard @ kernel + bias
    return run(x, senders, receivers, layers, epsilon), heard[0]


VIRTUAL = Term(
    "gin-virtual-node",
    isomorphism.gin_virtual_node,
    (
        Property(
            "It is the network of a graph with one node more, joined to all.",
            _one_node_more,
            1e-12,
            (Mistake("a node that hears all and speaks to none", _only_hears),),
        ),
        Property(
            "After two layers a node has heard of every other, whether edges lead there or not.",
            _two_steps,
            0.0,
            (Mistake("a node that hears all and speaks to none", _only_hears),),
        ),
        renaming(_call_virtual, isomorphism.gin_virtual_node),
    ),
)


def _bonds(graph: Graph) -> np.ndarray:
    """Features of edges that do not depend on the numbers of their ends."""
    return np.asarray(graph.x[graph.senders] * graph.x[graph.receivers] - 0.3)


def _call_edge(layer: Implementation, graph: Graph, case: Case) -> Any:
    return layer(graph.x, graph.senders, graph.receivers, _bonds(graph), dense_layers(case), 0.3)


def _arc_by_arc(layer: Implementation, case: Case) -> float:
    graph = drawn(case)
    mixed = 1.3 * graph.x
    for u, v, edge in zip(graph.senders, graph.receivers, _bonds(graph), strict=True):
        mixed[v] += np.maximum(graph.x[u] + edge, 0)
    return apart(_call_edge(compiled(layer), graph, case), by_hand(mixed, dense_layers(case)))


def _no_edges(layer: Implementation, case: Case) -> float:
    """Nothing on the edges, and features that are not negative: the network without edges."""
    graph = drawn(case)
    args = np.abs(graph.x), graph.senders, graph.receivers
    found = compiled(layer)(*args, 0 * _bonds(graph), dense_layers(case), 0.3)
    return apart(found, compiled(isomorphism.gin)(*args, dense_layers(case), 0.3))


def _linear(x: Any, senders: Any, receivers: Any, edges: Any, layers: Any, epsilon: float) -> Any:
    heard = adjacency(x, senders, receivers) @ x
    np.add.at(heard, receivers, edges)
    return by_hand((1 + epsilon) * x + heard, layers)


def _edges_forgotten(x: Any, senders: Any, receivers: Any, edges: Any, layers: Any, epsilon: float) -> Any:
    return by_hand((1 + epsilon) * x, layers)


EDGE = Term(
    "gin-edge",
    isomorphism.gin_edge,
    (
        Property(
            "Arc by arc the activation of sender plus edge is added.",
            _arc_by_arc,
            1e-12,
            (Mistake("sender plus edge without activation", _linear),),
        ),
        Property(
            "Without features on edges, and none below zero on nodes, it is GIN.",
            _no_edges,
            1e-12,
            (Mistake("neighbours forgotten", _edges_forgotten),),
        ),
        renaming(_call_edge, isomorphism.gin_edge),
    ),
)
