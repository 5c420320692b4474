"""Pairs of graphs that a network may or may not tell apart: what layers see, and what no colour refinement does.

All graphs have the same features at every node, so that only their edges tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.graphs.convolutions import gat, gcn, graph_readout, graphsage, mpnn
from netspec.vocabulary.graphs.higher import higher_order_gnn, tuple_types
from netspec.vocabulary.graphs.isomorphism import gin
from train.trials.base import Run, Series, Trial, dense, fit, percent, size, surprise, through

#: Rounds of messages, channels of a state, steps of a random walk, random features, and distances that are told apart.
DEPTH, WIDTH, WALK, RANDOM, FARTHEST = 4, 16, 6, 4, 8
#: How many pairs, the first, colour refinement tells apart.
REFINED = 3
#: How the nodes of a graph become one, where not by their sum.
READOUTS = {"gin-mean": "mean", "gin-max": "max"}


def _edges(nodes: int, *edges: tuple[int, int]) -> np.ndarray:
    found = np.zeros((nodes, nodes), int)
    for one, other in edges:
        found[one, other] = found[other, one] = 1
    return found


def _ring(*nodes: int) -> list[tuple[int, int]]:
    return list(zip(nodes, nodes[1:] + nodes[:1], strict=True))


def _torus(*steps: tuple[int, int]) -> np.ndarray:
    """Places of a torus of 4 × 4, each joined to those so many steps away."""
    places = list(product(range(4), repeat=2))
    found = np.zeros((16, 16), int)
    for (row, one), (a, b) in product(enumerate(places), steps):
        for sign in (1, -1):
            found[row, places.index(((one[0] + sign * a) % 4, (one[1] + sign * b) % 4))] = 1
    return found


@cache
def graphs() -> tuple[tuple[str, np.ndarray, np.ndarray], ...]:
    """Pairs as a name and two matrices. Colour refinement tells the first :data:`REFINED` apart, and no others."""
    chain = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    rings = [*_ring(0, 1, 2, 3, 4), *_ring(5, 6, 7, 8, 9)]
    outside = _ring(*range(10))
    rook = [(0, 1), (0, 2), (1, 0), (2, 0)]
    return (
        ("a path and a star", _edges(4, (0, 1), (1, 2), (2, 3)), _edges(4, (0, 1), (0, 2), (0, 3))),
        ("one triangle and two", _edges(3, *_ring(0, 1, 2)), _edges(6, *_ring(0, 1, 2), *_ring(3, 4, 5))),
        ("two trees of the same degrees", _edges(7, *chain, (1, 6)), _edges(7, *chain, (2, 6))),
        ("a hexagon and two triangles", _edges(6, *_ring(*range(6))), _edges(6, *_ring(0, 1, 2), *_ring(3, 4, 5))),
        ("decalin and bicyclopentyl", _edges(10, *outside, (0, 5)), _edges(10, *rings, (0, 5))),
        (
            "a prism and K3,3",
            _edges(6, *_ring(0, 1, 2), *_ring(3, 4, 5), (0, 3), (1, 4), (2, 5)),
            _edges(6, *((i, j) for i in range(3) for j in range(3, 6))),
        ),
        ("the rook’s graph and Shrikhande’s", _torus(*rook), _torus((0, 1), (1, 0), (1, 1))),
    )


@cache
def union() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All graphs as one: its matrix, the graph of each node, and distances, 0 between graphs that are not joined."""
    matrices = [one for _, *both in graphs() for one in both]
    graph_of = np.repeat(np.arange(len(matrices)), [len(one) for one in matrices])
    whole = np.zeros((len(graph_of), len(graph_of)), int)
    for number, one in enumerate(matrices):
        at = np.flatnonzero(graph_of == number)
        whole[np.ix_(at, at)] = one
    distance = np.zeros_like(whole)
    reached = np.eye(len(whole), dtype=int)
    for steps in range(1, len(whole)):
        after = ((reached @ whole + reached) > 0).astype(int)
        if (after == reached).all():
            break
        distance[(after > 0) & (reached == 0)] = steps
        reached = after
    return whole, graph_of, distance


@cache
def walks() -> np.ndarray:
    """How probable it is that a random walk from each node is back after 1 to :data:`WALK` steps, ``(nodes, WALK)``."""
    whole, _, _ = union()
    step = whole / whole.sum(1, keepdims=True)
    return np.stack([np.diag(np.linalg.matrix_power(step, length)) for length in range(1, WALK + 1)], -1)


def drawn(variant: str, key: jax.Array) -> dict[str, Any]:
    """Weights of the layers and of the classifier behind them."""
    *keys, inner, last = jax.random.split(key, DEPTH + 2)
    inputs = {"gin-random": 1 + RANDOM, "transformer-walks": 1 + WALK}.get(variant, 1)
    kind, _, _ = variant.partition("-")
    depth = {"degrees": 0, "triples": 2}.get(variant, DEPTH)

    def layer(key: jax.Array, i: int) -> Any:
        one, two = jax.random.split(key)
        match kind:
            case "gcn":
                return dense(one, i, WIDTH)
            case "sage":
                return dense(one, 2 * i, WIDTH)
            case "gat":
                return [*dense(one, i, WIDTH), {"attention": jax.random.normal(two, (1, 2 * WIDTH))}]
            case "distances":
                return dense(one, i + FARTHEST, WIDTH), dense(two, i + WIDTH, WIDTH, WIDTH)
            case "triples":
                return dense(one, i, WIDTH), jax.random.normal(two, (3, i, WIDTH)) / jnp.sqrt(48 * i)
            case "transformer":
                return dense(one, WIDTH, 3 * WIDTH), dense(two, WIDTH, 2 * WIDTH, WIDTH)
        return dense(one, i, WIDTH, WIDTH)

    first = {"triples": 6, "transformer": WIDTH}.get(kind, inputs)
    params = {
        "layers": [layer(one, WIDTH if place else first) for place, one in enumerate(keys[:depth])],
        "out": dense(last, FARTHEST if variant == "degrees" else WIDTH, 2 * WIDTH, 2 * len(graphs())),
    }
    return params | ({"in": dense(inner, inputs, WIDTH)} if kind == "transformer" else {})


def _calm(h: jax.Array) -> jax.Array:
    """Each channel at a mean square of one over all rows, against sums that grow from layer to layer."""
    return h * jax.lax.rsqrt(jnp.mean(h**2, 0) + 1e-6)


def _nodes(variant: str, params: dict[str, Any], key: jax.Array) -> jax.Array:
    """States of all nodes; ``key`` draws random features, where there are any."""
    whole, graph_of, distance = union()
    senders, receivers = (jnp.asarray(one) for one in np.nonzero(distance if variant == "distances" else whole))
    h = jnp.ones((len(whole), 1))
    if variant == "degrees":
        return jnp.asarray(whole.sum(1)[:, None] == np.arange(FARTHEST), jnp.float32)
    if variant == "gin-random":
        h = jnp.concatenate([h, jax.random.normal(key, (len(whole), RANDOM))], 1)
    if variant.startswith("transformer"):
        h = jnp.concatenate([h, walks()], 1) if variant == "transformer-walks" else h
        h = through(params["in"], h)
    far = jax.nn.one_hot(jnp.asarray(distance)[senders, receivers] - 1, FARTHEST)
    together = jnp.asarray(graph_of[:, None] == graph_of)
    for layer in params["layers"]:
        match variant.partition("-")[0]:
            case "gcn":
                h = _calm(jax.nn.relu(gcn(h, senders, receivers, layer[0]["kernel"]) + layer[0]["bias"]))
            case "sage":
                h = graphsage(h, senders, receivers, layer[0]["kernel"])
            case "gat":
                h = gat(h, senders, receivers, layer[0]["kernel"][None], layer[1]["attention"]) + layer[0]["bias"]
                h = _calm(jax.nn.relu(h))
            case "distances":
                h = _calm(jax.nn.relu(_messages(layer, h, senders, receivers, far)))
            case "transformer":
                query, key_, value = jnp.split(through(layer[0], _calm(h)), 3, -1)
                scores = jnp.where(together, query @ key_.T / jnp.sqrt(WIDTH), -1e9)
                h = h + jax.nn.softmax(scores, -1) @ value
                h = h + through(layer[1], _calm(h))
            case _:
                h = _calm(jax.nn.relu(gin(h, senders, receivers, [(one["kernel"], one["bias"]) for one in layer])))
    return h


def _messages(layer: tuple, h: jax.Array, senders: jax.Array, receivers: jax.Array, far: jax.Array) -> jax.Array:
    def message(_: jax.Array, by: jax.Array, edge: jax.Array) -> jax.Array:
        return jax.nn.relu(through(layer[0], jnp.concatenate([by, edge], 1)))

    def update(own: jax.Array, heard: jax.Array) -> jax.Array:
        return through(layer[1], jnp.concatenate([own, heard], 1))

    return mpnn(h, senders, receivers, far, message, update)


def _triples(layers: list, matrices: list[np.ndarray]) -> jax.Array:
    """The mean state of all triples of nodes, ``(graphs, WIDTH)``, of graphs of one size at once, and then calmed."""
    found: list[Any] = [None] * len(matrices)

    def of_graph(adjacency: jax.Array) -> jax.Array:
        h = tuple_types(adjacency, 3)
        for own, others in layers:
            h = higher_order_gnn(h, own[0]["kernel"], others, own[0]["bias"])
        return h.reshape(-1, h.shape[-1]).mean(0)

    for nodes in {len(one) for one in matrices}:
        places = [place for place, one in enumerate(matrices) if len(one) == nodes]
        rows = jax.vmap(of_graph)(jnp.asarray(np.stack([matrices[place] for place in places]), jnp.float32))
        for place, row in zip(places, rows, strict=True):
            found[place] = row
    return _calm(jnp.stack(found))


def read(variant: str, params: dict[str, Any], key: jax.Array) -> jax.Array:
    """What is known of each graph, ``(graphs, channels)``, the two of a pair behind each other."""
    if variant == "triples":
        return _triples(params["layers"], [one for _, *both in graphs() for one in both])
    _, graph_of, _ = union()
    how = READOUTS.get(variant, "sum")
    return graph_readout(_nodes(variant, params, key), graph_of, 2 * len(graphs()), how)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained to name each graph, judged by whether it takes one for its partner."""
    names = jnp.arange(2 * len(graphs()))

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, judging = jax.random.split(key, 3)

        def logits(params: dict, key: jax.Array) -> jax.Array:
            return through(params["out"], read(variant, params, key))

        def loss(params: dict, key: jax.Array) -> jax.Array:
            return surprise(logits(params, key), names)

        params = fit(loss, drawn(variant, start), training, settings["steps"], rate)

        def judged(key: jax.Array) -> jax.Array:
            found = logits(params, key)
            ahead = found[names, names] - found[names, names ^ 1]
            # What differs by rounding alone is not told apart.
            return jnp.where(jnp.abs(ahead) < 0.01, 0.5, ahead > 0).reshape(-1, 2).mean(1)

        by_pair = 100 * jax.lax.map(judged, jax.random.split(judging, settings["judged"])).mean(0)
        return {
            "apart": by_pair.mean(),
            "refined": by_pair[:REFINED].mean(),
            "alike": by_pair[REFINED:].mean(),
            "params": size(params),
            "by_pair": by_pair,
        }

    return run


TRIAL = Trial(
    variants={
        "degrees": "how many nodes have which number of neighbours, no layers",
        "gcn": "layers that smooth by degree",
        "sage": "layers of a node beside the mean of its neighbours",
        "gat": "layers that attend to neighbours",
        "gin": "layers of an MLP on sums",
        "gin-mean": "the same, read out by the mean of all nodes",
        "gin-max": "the same, read out by the largest of each channel",
        "gin-random": "the same by sums, and random features drawn anew each time",
        "distances": "messages between all nodes that know how far away they come from",
        "triples": "layers over triples of nodes",
        "transformer": "attention of all nodes of a graph",
        "transformer-walks": "the same, and how often random walks return as features",
    },
    figures=(
        percent("apart", "graphs told from their partner, of which a coin tells 50"),
        percent("refined", "the same of pairs that 1-WL tells apart"),
        percent("alike", "the same of pairs that 1-WL does not tell apart"),
    ),
    make=make,
    settings={"steps": 2000, "judged": 20},
    smoke={"steps": 2, "judged": 2},
    series=(
        Series(
            "by_pair",
            "graphs told from their partner (%)",
            "pair (1 to 3: 1-WL tells them apart; 4 to 7: it does not)",
            lambda settings: range(1, len(graphs()) + 1),
        ),
    ),
)
