"""What must hold of tuples of nodes and of hyperedges."""

from __future__ import annotations

from itertools import product
from typing import Any

import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.graphs import higher
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.properties.graphs.common import HEXAGON, TRIANGLES
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _weights(case: Case, k: int, channels: int, out: int = 3) -> tuple[np.ndarray, ...]:
    return (
        case.normal(channels, out, seed=1),
        case.normal(k, channels, out, seed=2),
        case.normal(out, seed=3),
    )


def _tuple_by_tuple(layer: Implementation, case: Case) -> float:
    """Triples of three nodes, one after another."""
    x, (own, others, bias) = case.normal(3, 3, 3, 2), _weights(case, 3, 2)
    expected = np.zeros((3, 3, 3, 3))
    for place in product(range(3), repeat=3):
        h = x[place] @ own + bias
        for axis in range(3):
            for w in range(3):
                h = h + x[(*place[:axis], w, *place[axis + 1 :])] @ others[axis]
        expected[place] = np.maximum(h, 0)
    return apart(compiled(layer)(x, own, others, bias), expected)


def _types(matrix: np.ndarray, k: int) -> np.ndarray:
    """In numpy what ``tuple_types`` gives, in the order joined and same, pair by pair."""
    nodes = len(matrix)
    out = np.zeros((*(nodes,) * k, k * (k - 1)))
    for place in product(range(nodes), repeat=k):
        pairs = [(place[i], place[j]) for i in range(k) for j in range(i + 1, k)]
        out[place] = [value for a, b in pairs for value in (matrix[a, b], a == b)]
    return out


def _triples_see(layer: Implementation, case: Case) -> float:
    """The hexagon and two triangles: two layers and a sum, of triples and of pairs."""
    apart_by = {}
    for k in (2, 3):
        sums = []
        for matrix in (HEXAGON, TRIANGLES):
            x = _types(matrix, k)
            for step in range(2):
                own, others, bias = _weights(case, k, x.shape[-1])
                x = np.asarray(compiled(layer)(x, own / 6, others / 6, bias + step))
            sums.append(x.sum(tuple(range(k))))
        apart_by[k] = apart(*sums)
    return wrong(apart_by[2] < 1e-12 and apart_by[3] > 1e-6)


def _renamed_tuples(layer: Implementation, case: Case) -> float:
    x, order = case.normal(3, 3, 3, 2), case.rng(4).permutation(3)
    run = compiled(layer)
    found = run(x[np.ix_(order, order, order)], *_weights(case, 3, 2))
    return apart(found, np.asarray(run(x, *_weights(case, 3, 2)))[np.ix_(order, order, order)])


def _no_bend(x: Any, own: Any, others: Any, bias: Any) -> Any:
    h = x @ own + bias
    for axis, kernel in enumerate(others):
        h = h + x.sum(axis, keepdims=True) @ kernel
    return h


def _alone(x: Any, own: Any, others: Any, bias: Any) -> Any:
    return np.maximum(x @ own + bias, 0)


def _numbered_tuples(x: Any, *weights: Any) -> Any:
    return compiled(higher.higher_order_gnn)(x + np.arange(len(x))[:, None, None, None], *weights)


TUPLES = Term(
    "higher-order-gnn",
    higher.higher_order_gnn,
    (
        Property(
            "Tuple by tuple it adds those that differ in one place.",
            _tuple_by_tuple,
            1e-12,
            (Mistake("tuples that do not speak", _alone), Mistake("no activation", _no_bend)),
        ),
        Property(
            "Triples tell a hexagon from two triangles, pairs do not.",
            _triples_see,
            0.0,
            (Mistake("no activation", _no_bend),),
        ),
        Property(
            "Other numbers for the nodes reorder its result and change nothing else.",
            _renamed_tuples,
            1e-12,
            (Mistake("each node reads its own number", _numbered_tuples),),
        ),
    ),
)

NODES = 6
RENAMED_SETS = "Other numbers for nodes and hyperedges reorder its result and change nothing else."


def _incidence(case: Case) -> np.ndarray:
    """Three hyperedges of drawn members, two at the least, and a node in none."""
    incidence = (case.uniform(NODES, 3, seed=5) < 0.5).astype(float)
    incidence[[0, 1, 2, 3, 4, 0], [0, 0, 1, 1, 2, 2]] = 1
    incidence[-1] = 0
    return incidence


def _bent(x: Any) -> Any:
    return jnp.tanh(2 * x)


def _set_by_set(layer: Implementation, case: Case) -> float:
    x, incidence = case.normal(NODES, 2), _incidence(case)
    worst = 0.0
    for how, pool in (("mean", np.mean), ("max", np.max), ("sum", np.sum)):
        expected = x.copy()
        for edge in incidence.T:
            members = np.flatnonzero(edge)
            expected[members] += 0.3 * np.tanh(2 * pool(np.tanh(2 * x[members]), axis=0))
        found = compiled(layer, 2, 3, 5)(x, incidence, _bent, _bent, 0.3, how)
        worst = max(worst, apart(found, expected))
    return worst


def _call_tips(layer: Implementation, x: Any, incidence: Any) -> Any:
    return compiled(layer, 2, 3, 5)(x, incidence, _bent, _bent, 0.3, "mean")


def _outside(layer: Implementation, case: Case) -> float:
    """The node in no hyperedge stays as it is, whatever the others are."""
    x = case.normal(NODES, 2)
    return apart(np.asarray(_call_tips(layer, x, _incidence(case)))[-1], x[-1])


def _renamed_members(layer: Implementation, case: Case) -> float:
    x, incidence = case.normal(NODES, 2), _incidence(case)
    order, sets = case.rng(3).permutation(NODES), case.rng(4).permutation(3)
    found = _call_tips(layer, x[order], incidence[order][:, sets])
    return apart(found, np.asarray(_call_tips(layer, x, incidence))[order])


def _numbered_members(x: Any, *args: Any) -> Any:
    return compiled(higher.hypergraph_tips, 2, 3, 5)(x + np.arange(len(x))[:, None], *args)


def _members_only_hear_others(x: Any, incidence: Any, read: Any, write: Any, rate: float, how: str) -> Any:
    out = np.array(x)
    for edge in incidence.T:
        for node in np.flatnonzero(edge):
            others = [other for other in np.flatnonzero(edge) if other != node]
            out[node] += rate * np.asarray(write(np.mean(np.asarray(read(x))[others], axis=0)))
    return out


def _everybody(x: Any, incidence: Any, read: Any, write: Any, rate: float, how: str) -> Any:
    return x + rate * np.asarray(write(np.asarray(read(x)).mean(0)))


TIPS = Term(
    "hypergraph-tips",
    higher.hypergraph_tips,
    (
        Property(
            "Set by set its pool is answered to all of its members.",
            _set_by_set,
            1e-12,
            (
                Mistake("a member that does not hear itself", _members_only_hear_others),
                Mistake("all nodes as one set", _everybody),
            ),
        ),
        Property(
            "A node in no hyperedge stays as it is.",
            _outside,
            0.0,
            (Mistake("all nodes as one set", _everybody),),
        ),
        Property(
            RENAMED_SETS,
            _renamed_members,
            1e-12,
            (Mistake("each node reads its own number", _numbered_members),),
        ),
    ),
)


def _pairs(layer: Implementation, case: Case) -> float:
    """A ring with a chord: each edge as a hyperedge of two."""
    ends = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (0, 2)]
    incidence, matrix = np.zeros((5, len(ends))), np.zeros((5, 5))
    for edge, (a, b) in enumerate(ends):
        incidence[[a, b], edge] = matrix[a, b] = matrix[b, a] = 1
    half = np.diag(matrix.sum(1) ** -0.5)
    x, kernel = case.normal(5, 2), case.normal(2, 3, seed=1)
    expected = (np.eye(5) + half @ matrix @ half) / 2 @ x @ kernel
    return apart(compiled(layer)(x, incidence, kernel, np.ones(len(ends))), expected)


def _everywhere(case: Case) -> tuple[np.ndarray, ...]:
    incidence = _incidence(case)
    incidence[-1, 0] = 1
    return case.normal(NODES, 2), incidence, case.normal(2, 3, seed=1), case.uniform(3, low=0.5, high=2.0, seed=2)


def _node_by_node(layer: Implementation, case: Case) -> float:
    """Sums over members and hyperedges, without a matrix."""
    x, incidence, kernel, weights = _everywhere(case)
    h, degree = x @ kernel, [sum(w for w, member in zip(weights, row, strict=True) if member) for row in incidence]
    expected = np.zeros_like(h)
    for v, row in enumerate(incidence):
        for e in np.flatnonzero(row):
            members = np.flatnonzero(incidence[:, e])
            for u in members:
                expected[v] += weights[e] / len(members) / np.sqrt(degree[v] * degree[u]) * h[u]
    return apart(compiled(layer)(x, incidence, kernel, weights), expected)


def _renamed_nodes(layer: Implementation, case: Case) -> float:
    x, incidence, kernel, weights = _everywhere(case)
    order, sets = case.rng(3).permutation(NODES), case.rng(4).permutation(3)
    run = compiled(layer)
    found = run(x[order], incidence[order][:, sets], kernel, weights[sets])
    return apart(found, np.asarray(run(x, incidence, kernel, weights))[order])


def _sums(x: Any, incidence: Any, kernel: Any, weights: Any) -> Any:
    half = np.diag((incidence @ weights) ** -0.5)
    return half @ incidence @ np.diag(weights) @ incidence.T @ half @ x @ kernel


def _one_side(x: Any, incidence: Any, kernel: Any, weights: Any) -> Any:
    mean = np.diag(1 / incidence.sum(0)) @ incidence.T @ x @ kernel
    return np.diag(1 / (incidence @ weights)) @ incidence @ np.diag(weights) @ mean


def _numbered(x: Any, incidence: Any, kernel: Any, weights: Any) -> Any:
    return compiled(higher.hypergraph_convolution)(x + np.arange(len(x))[:, None], incidence, kernel, weights)


HYPERGRAPH = Term(
    "hypergraph-neural-network",
    higher.hypergraph_convolution,
    (
        Property(
            "With pairs as hyperedges it is half the identity and half the normalised product with the edges.",
            _pairs,
            1e-12,
            (
                Mistake("hyperedges not divided by their members", _sums),
                Mistake("degrees on one side, as in a random walk", _one_side),
            ),
        ),
        Property(
            "It is the sum over hyperedges and their members, by weights and degrees.",
            _node_by_node,
            1e-12,
            (Mistake("hyperedges not divided by their members", _sums),),
        ),
        Property(
            RENAMED_SETS,
            _renamed_nodes,
            1e-12,
            (Mistake("each node reads its own number", _numbered),),
        ),
    ),
)
