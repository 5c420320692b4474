"""What graph networks tell apart, counted over all graphs of up to six nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import jax
import numpy as np

from netspec.vocabulary.graphs import convolutions, isomorphism
from netspec.vocabulary.tables.figures import Ours

Cells = dict[tuple[str, str], Ours]

#: Nodes of the largest graphs, and layers of the networks.
NODES, LAYERS = 6, 4
WIDTH = 6


@cache
def graphs() -> tuple[np.ndarray, ...]:
    """The adjacency of each of the 208 graphs of one to six nodes, one of each class of isomorphic ones."""
    from netspec.vocabulary.properties.graphs.common import all_graphs

    return tuple(np.asarray(graph) for graph in all_graphs(NODES))


def classes(layer: Callable[..., Any]) -> int:
    """How many classes of graphs the sums over nodes tell apart after some layers of drawn weights.

    All nodes start alike. Numbers closer than rounding are the same.
    """
    sizes = [len(graph) for graph in graphs()]
    starts = np.cumsum([0, *sizes[:-1]])
    arcs = [np.argwhere(graph) + start for graph, start in zip(graphs(), starts, strict=True)]
    senders, receivers = np.concatenate(arcs).T
    graph_of = np.repeat(np.arange(len(sizes)), sizes)
    x: Any = np.ones((len(graph_of), WIDTH))
    with jax.enable_x64(True):
        for index in range(LAYERS):
            x = np.asarray(layer(x, senders, receivers, np.random.default_rng(index)))
            x = x / np.abs(x).max()
    sums = np.stack([np.bincount(graph_of, channel) for channel in x.T], axis=1)
    known: list[np.ndarray] = []
    for one in sums:
        if not any(np.abs(one - other).max() < 1e-10 for other in known):
            known.append(one)
    return len(known)


def refined() -> int:
    """How many classes colour refinement tells apart, all graphs refined as one."""
    sizes = [len(graph) for graph in graphs()]
    whole = np.zeros((sum(sizes), sum(sizes)), int)
    start = 0
    for graph in graphs():
        whole[start : start + len(graph), start : start + len(graph)] = graph
        start += len(graph)
    colors = isomorphism.color_refinement(whole)
    ends = np.cumsum([0, *sizes])
    return len({tuple(sorted(colors[a:b].tolist())) for a, b in pairwise(ends)})


def _gcn(x: Any, senders: Any, receivers: Any, rng: np.random.Generator) -> Any:
    return np.tanh(convolutions.gcn(x, senders, receivers, rng.standard_normal((WIDTH, WIDTH))))


def _gat(x: Any, senders: Any, receivers: Any, rng: np.random.Generator) -> Any:
    kernel, attention = rng.standard_normal((1, WIDTH, WIDTH)), rng.standard_normal((1, 2 * WIDTH))
    return np.tanh(convolutions.gat(x, senders, receivers, kernel, attention))


def _sage(x: Any, senders: Any, receivers: Any, rng: np.random.Generator) -> Any:
    return convolutions.graphsage(x, senders, receivers, np.abs(rng.standard_normal((2 * WIDTH, WIDTH))))


def _gin(x: Any, senders: Any, receivers: Any, rng: np.random.Generator) -> Any:
    layers = [
        (rng.standard_normal((WIDTH, 2 * WIDTH)), rng.standard_normal(2 * WIDTH)),
        (rng.standard_normal((2 * WIDTH, WIDTH)), rng.standard_normal(WIDTH)),
    ]
    return isomorphism.gin(x, senders, receivers, layers, 0.3)


@cache
def counted() -> dict[str, int]:
    """Classes told apart by each network of the table."""
    return {"GCN": classes(_gcn), "GAT": classes(_gat), "GraphSAGE": classes(_sage), "GIN": classes(_gin)}


def expressiveness() -> Cells:
    """Each network beside colour refinement, of whose classes none of them can tell more apart."""
    limit, total = refined(), len(graphs())
    cells: Cells = {}
    for name, number in counted().items():
        verdict = "agrees" if (number == limit) == (name == "GIN") else "differs"
        if name == "GCN" and number > counted()["GAT"]:
            verdict = "partly"  # a weighted sum by degree, which sees more than the mean that is printed
        why = f"of {total} graphs, with nodes all alike; refinement tells {limit} apart"
        cells[name, "Expressiveness"] = Ours(f"{number} classes", verdict, why)
    return cells


def variants() -> Cells:
    """The variants of GIN by what is here of each."""
    return {
        ("GIN-eps", "description"): Ours(
            "ε is trained", "differs", "Xu et al. 2019, sec. 7: GIN-ε learns it, GIN-0 fixes it at 0"
        ),
        ("GIN with virtual nodes", "description"): Ours(
            "one node joined to all", "agrees", "netspec.vocabulary.graphs: gin-virtual-node equals GIN on that graph"
        ),
        ("GIN + Edge features", "description"): Ours(
            "features within the sum", "agrees", "netspec.vocabulary.graphs: gin-edge"
        ),
        ("Higher-order GIN", "description"): Ours(
            "tuples of nodes", "partly", "netspec.vocabulary.graphs: higher-order-gnn; tuples, not patterns"
        ),
    }
