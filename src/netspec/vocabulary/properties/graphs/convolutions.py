"""What must hold of layers that mix the features of neighbours, and of readouts."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import softmax

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.graphs import convolutions
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.properties.graphs.common import CHANNELS, Graph, adjacency, drawn, renaming
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

HOWS: dict[str, Any] = {"sum": np.sum, "mean": np.mean, "max": np.max}


def _kernel(case: Case) -> np.ndarray:
    return case.normal(CHANNELS, 4, seed=2)


def _call_gcn(layer: Implementation, graph: Graph, case: Case) -> Any:
    return layer(graph.x, graph.senders, graph.receivers, _kernel(case))


def _normalised(x: Any, senders: Any, receivers: Any, kernel: Any) -> Any:
    """The formula with matrices."""
    closed = adjacency(x, senders, receivers) + np.eye(len(x))
    half = np.diag(closed.sum(1) ** -0.5)
    return half @ closed @ half @ x @ kernel


def _as_matrices(layer: Implementation, case: Case) -> float:
    graph = drawn(case)
    found = _call_gcn(compiled(layer), graph, case)
    return apart(found, _normalised(graph.x, graph.senders, graph.receivers, _kernel(case)))


def _no_loops(x: Any, senders: Any, receivers: Any, kernel: Any) -> Any:
    open_ = adjacency(x, senders, receivers)
    half = np.diag(np.maximum(open_.sum(1), 1) ** -0.5)
    return half @ open_ @ half @ x @ kernel


def _mean(x: Any, senders: Any, receivers: Any, kernel: Any) -> Any:
    closed = adjacency(x, senders, receivers) + np.eye(len(x))
    return closed / closed.sum(1, keepdims=True) @ x @ kernel


def _degree_without_loops(x: Any, senders: Any, receivers: Any, kernel: Any) -> Any:
    open_ = adjacency(x, senders, receivers)
    half = np.diag(np.maximum(open_.sum(1), 1) ** -0.5)
    return half @ (open_ + np.eye(len(x))) @ half @ x @ kernel


GCN = Term(
    "gcn",
    convolutions.gcn,
    (
        Property(
            "It is the product with the matrix of edges and self-loops, normalised on both sides by its degrees.",
            _as_matrices,
            1e-12,
            (
                Mistake("no self-loops", _no_loops, line=3887),
                Mistake("degrees that do not count the self-loops", _degree_without_loops),
                Mistake("the mean of the neighbourhood", _mean),
            ),
        ),
        renaming(_call_gcn, convolutions.gcn),
    ),
)

HEADS, OUT = 2, 3


def _call_gat(layer: Implementation, graph: Graph, case: Case) -> Any:
    kernel, attention = case.normal(HEADS, CHANNELS, OUT, seed=3), case.normal(HEADS, 2 * OUT, seed=4)
    return layer(graph.x, graph.senders, graph.receivers, kernel, attention)


def _attended(
    x: Any,
    senders: Any,
    receivers: Any,
    kernel: Any,
    attention: Any,
    slope: float = 0.2,
    loops: float = 1,
    axis: int = 1,
) -> Any:
    """A full matrix of scores, masked, head by head; ``axis`` is that of the softmax."""
    closed = adjacency(x, senders, receivers) + loops * np.eye(len(x))
    heads = []
    for weights, a in zip(kernel, attention, strict=True):
        h = x @ weights
        scores = (h @ a[:OUT])[:, None] + h @ a[OUT:]
        scores = np.where(closed > 0, np.where(scores > 0, scores, slope * scores), -1e300)
        heads.append(np.where(closed > 0, softmax(scores, axis), 0) @ h)
    return np.concatenate(heads, axis=1)


def _masked_softmax(layer: Implementation, case: Case) -> float:
    graph = drawn(case)
    return apart(_call_gat(compiled(layer), graph, case), _call_gat(_attended, graph, case))


def _indifferent(layer: Implementation, case: Case) -> float:
    """No attention vector: the mean over neighbours and itself."""
    graph, kernel = drawn(case), case.normal(HEADS, CHANNELS, OUT, seed=3)
    found = compiled(layer)(graph.x, graph.senders, graph.receivers, kernel, np.zeros((HEADS, 2 * OUT)))
    closed = graph.matrix + np.eye(len(graph.x))
    mean = closed / closed.sum(1, keepdims=True) @ graph.x
    return apart(found, np.concatenate([mean @ weights for weights in kernel], axis=1))


_NO_BEND = partial(_attended, slope=1.0)
_BY_SENDER = partial(_attended, axis=0)
_DEAF = partial(_attended, loops=0.0)

GAT = Term(
    "gat",
    convolutions.gat,
    (
        Property(
            "It is a softmax over the neighbourhood, masked in a full matrix of scores.",
            _masked_softmax,
            1e-12,
            (
                Mistake("scores that do not bend", _NO_BEND),
                Mistake("a node that does not hear itself", _DEAF),
                Mistake("weights that sum to one over the receivers", _BY_SENDER),
            ),
        ),
        Property(
            "Without a preference it is the mean of the neighbourhood.",
            _indifferent,
            1e-12,
            (Mistake("weights that sum to one over the receivers", _BY_SENDER),),
        ),
        renaming(_call_gat, convolutions.gat),
    ),
)


def _call_sage(layer: Implementation, graph: Graph, case: Case) -> Any:
    return layer(graph.x, graph.senders, graph.receivers, case.normal(2 * CHANNELS, 4, seed=2), "max")


def _pooled(x: Any, senders: Any, receivers: Any, kernel: Any, how: str, loops: bool = False, unit: bool = True) -> Any:
    """Node by node."""
    rows = []
    for node, own in enumerate(x):
        heard = x[[*senders[receivers == node], *([node] if loops else [])]]
        pool = HOWS[how](heard, axis=0) if len(heard) else 0 * own
        h = np.maximum(np.concatenate([own, pool]) @ kernel, 0)
        rows.append(h / (np.linalg.norm(h) or 1) if unit else h)
    return np.stack(rows)


def _node_by_node(layer: Implementation, case: Case) -> float:
    graph, kernel = drawn(case), case.normal(2 * CHANNELS, 4, seed=2)
    args = graph.x, graph.senders, graph.receivers, kernel
    hows = ("mean", "max") if case.name == "ordinary" else ("max",)
    return max(apart(compiled(layer, 4)(*args, how), _pooled(*args, how)) for how in hows)


def _length(layer: Implementation, case: Case) -> float:
    """Of each row that is not zero."""
    rows = np.asarray(_call_sage(compiled(layer, 4), drawn(case), case))
    lengths = np.linalg.norm(rows, axis=1)
    return apart(lengths[lengths > 0], np.ones(np.sum(lengths > 0)))


_LONG, _WITH_ITSELF = partial(_pooled, unit=False), partial(_pooled, loops=True)

SAGE = Term(
    "graphsage",
    convolutions.graphsage,
    (
        Property(
            "Node by node it is the activation of itself beside the pool of its neighbours, of length one.",
            _node_by_node,
            1e-12,
            (
                Mistake("rows of any length", _LONG),
                Mistake("itself among its neighbours", _WITH_ITSELF),
            ),
        ),
        Property(
            "Rows have length one.",
            _length,
            1e-12,
            (Mistake("rows of any length", _LONG, line=3905),),
        ),
        renaming(_call_sage, convolutions.graphsage, 4),
    ),
)


def _message(to: Any, by: Any, edge: Any) -> Any:
    return jnp.tanh(to + 2 * by) * edge


def _update(own: Any, heard: Any) -> Any:
    return own + jnp.sin(heard)


def _second(to: Any, by: Any, edge: Any) -> Any:
    return by


def _added(own: Any, heard: Any) -> Any:
    return own + heard


def _arc_by_arc(layer: Implementation, case: Case) -> float:
    graph = drawn(case, directed=True)
    edges = case.normal(len(graph.senders), 1, seed=5)
    heard = np.zeros_like(graph.x)
    for u, v, edge in zip(graph.senders, graph.receivers, edges, strict=True):
        heard[v] += np.tanh(graph.x[v] + 2 * graph.x[u]) * edge
    found = compiled(layer, 4, 5)(graph.x, graph.senders, graph.receivers, edges, _message, _update)
    return apart(found, graph.x + np.sin(heard))


def _smoothed(layer: Implementation, case: Case) -> float:
    """M the sender, U the sum: the graph convolution that is not normalised."""
    graph = drawn(case)
    edges = np.zeros((len(graph.senders), 1))
    found = compiled(layer, 4, 5)(graph.x, graph.senders, graph.receivers, edges, _second, _added)
    return apart(found, (graph.matrix + np.eye(len(graph.x))) @ graph.x)


def _call_mpnn(layer: Implementation, graph: Graph, case: Case) -> Any:
    # What is known of an edge must not depend on the numbers of its ends.
    edges = np.sum(graph.x[graph.senders] * graph.x[graph.receivers], axis=1, keepdims=True)
    return layer(graph.x, graph.senders, graph.receivers, edges, _message, _update)


def _backwards(x: Any, senders: Any, receivers: Any, *rest: Any) -> Any:
    return compiled(convolutions.mpnn, 4, 5)(x, receivers, senders, *rest)


def _doubled(x: Any, senders: Any, receivers: Any, edges: Any, message: Any, update: Any) -> Any:
    return x + 2 * (compiled(convolutions.mpnn, 4, 5)(x, senders, receivers, edges, message, update) - x)


MPNN = Term(
    "mpnn",
    convolutions.mpnn,
    (
        Property(
            "Arc by arc a message is added to its receiver, and each node is updated by its sum.",
            _arc_by_arc,
            1e-12,
            (Mistake("messages that go back along their arcs", _backwards),),
        ),
        Property(
            "With senders as messages and sums as updates it is the product with edges and self-loops.",
            _smoothed,
            1e-12,
            (Mistake("each message counted twice", _doubled),),
        ),
        renaming(_call_mpnn, convolutions.mpnn, 4, 5),
    ),
)


def _graph_by_graph(readout: Implementation, case: Case) -> float:
    x, graph_of = case.normal(7, case.channels), np.array([2, 0, 0, 2, 1, 0, 2])
    worst = 0.0
    for how in HOWS if case.name == "ordinary" else ("mean",):
        worst = max(worst, apart(compiled(readout, 2, 3)(x, graph_of, 3, how), _each(x, graph_of, 3, how)))
    return worst


def _two_copies(readout: Implementation, case: Case) -> float:
    """A graph once and twice: the sum doubles, mean and largest stay."""
    once, run = case.normal(3, 2), compiled(readout, 2, 3)
    x, graph_of = np.concatenate([once, once, once]), np.array([0, 0, 0, 1, 1, 1, 1, 1, 1])
    pairs = {how: np.asarray(run(x, graph_of, 2, how)) for how in HOWS}
    return max(apart(pairs[how][1], factor * pairs[how][0]) for how, factor in (("sum", 2), ("mean", 1), ("max", 1)))


def _any_order(readout: Implementation, case: Case) -> float:
    """Nodes in another order."""
    x, graph_of, order = case.normal(7, case.channels), np.array([2, 0, 0, 2, 1, 0, 2]), case.rng(2).permutation(7)
    run = compiled(readout, 2, 3)
    return apart(run(x[order], graph_of[order], 3, "mean"), run(x, graph_of, 3, "mean"))


def _later_more(x: Any, graph_of: Any, graphs: int, how: str) -> Any:
    return _each(x * np.arange(1, len(x) + 1)[:, None], graph_of, graphs, how)


def _each(x: Any, graph_of: Any, graphs: int, how: str) -> Any:
    return np.stack([HOWS[how](x[graph_of == graph], axis=0) for graph in range(graphs)])


def _of_the_batch(x: Any, graph_of: Any, graphs: int, how: str) -> Any:
    return _each(x, graph_of, graphs, "sum") / (len(x) / graphs) if how == "mean" else _each(x, graph_of, graphs, how)


def _from_zero(x: Any, graph_of: Any, graphs: int, how: str) -> Any:
    return np.maximum(_each(x, graph_of, graphs, how), 0)


READOUT = Term(
    "graph-readout",
    convolutions.graph_readout,
    (
        Property(
            "Graph by graph it is numpy's sum, mean and maximum over its nodes.",
            _graph_by_graph,
            1e-12,
            (
                Mistake("a mean by the average number of nodes", _of_the_batch),
                Mistake("a maximum that starts at zero", _from_zero),
            ),
        ),
        Property(
            "A graph taken twice has twice the sum, and the mean and maximum of one.",
            _two_copies,
            1e-12,
            (Mistake("a mean by the average number of nodes", _of_the_batch),),
        ),
        Property(
            "Nodes in another order give the same.",
            _any_order,
            1e-12,
            (Mistake("later nodes that count more", _later_more),),
        ),
    ),
)
