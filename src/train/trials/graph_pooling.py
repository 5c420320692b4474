"""Whole graphs: by what four communities are joined, read out from all nodes at once or from a pooled graph."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.graphs.convolutions import graph_readout
from train.trials.base import Run, Trial, dense, fit, less, percent, right, size, some, surprise, through

#: Communities, the most nodes of one, channels, and the noise of the colour that a node shows.
COMMUNITIES, MOST, WIDTH, NOISE = 4, 7, 16, 0.15
#: How many pairs of nodes are joined where two communities are.
JOINS = 3
NODES = COMMUNITIES * MOST
PAIRS = tuple(combinations(range(COMMUNITIES), 2))
#: The pairs of communities that are joined: two classes have three links, and two have four.
MOTIFS = {
    "path": ((0, 1), (1, 2), (2, 3)),
    "star": ((0, 1), (0, 2), (0, 3)),
    "ring": ((0, 1), (1, 2), (2, 3), (0, 3)),
    "paw": ((0, 1), (1, 2), (0, 2), (2, 3)),
}
HALF = NODES // 2

Graphs = tuple[jax.Array, jax.Array, jax.Array]


def drawn(key: jax.Array, count: int) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Features ``(count, NODES, 4)``, adjacency ``(count, NODES, NODES)``, which nodes there are, and motifs.

    Each community has a colour of its own, drawn for each graph, which its nodes show with noise. Seven pairs in ten of
    a community are joined, and :data:`JOINS` pairs of nodes, of which some may be the same, where communities are.
    """
    joined = jnp.asarray([[float(pair in motif) for pair in PAIRS] for motif in MOTIFS.values()])
    first, second = jnp.asarray(PAIRS).T
    community = jnp.arange(NODES) // MOST

    noise, within, others = jax.random.split(key, 3)
    # One draw for all that is small: each costs as long to compile as the layers do.
    kind, sizes, colour, ends = jnp.split(jax.random.uniform(others, (count, 9 + 2 * JOINS * len(PAIRS))), (1, 5, 9), 1)
    labels = jnp.floor(kind[:, 0] * len(MOTIFS)).astype(int)
    nodes = 4 + jnp.floor(sizes * (MOST - 3)).astype(int)
    there = jnp.arange(NODES) % MOST < nodes[:, community]
    shown = jnp.argsort(colour, 1)[:, community]
    x = jax.nn.one_hot(shown, COMMUNITIES) + NOISE * jax.random.normal(noise, (count, NODES, COMMUNITIES))
    inside = (jax.random.uniform(within, (count, NODES, NODES)) < 0.7) & (community[:, None] == community)
    u, v = (
        MOST * place + jnp.floor(part * nodes[:, place]).astype(int)
        for part, place in zip(jnp.split(ends, 2, 1), (jnp.tile(first, JOINS), jnp.tile(second, JOINS)), strict=True)
    )
    a = jnp.triu(inside * 1.0, 1)
    a = a.at[jnp.arange(count)[:, None], u, v].max(jnp.tile(joined[labels], (1, JOINS)))
    both = there[:, :, None] & there[:, None]
    return x * there[..., None], (a + a.swapaxes(1, 2)) * both, there, labels


def heard(kind: str, x: jax.Array, a: jax.Array) -> jax.Array:
    """What the MLP at each node reads: a quarter of what GIN-0 sums up, what GCN smooths, or the node alone."""
    if kind == "mlp":
        return x
    if kind == "gcn":
        degree = 1 + a.sum(-1)
        h = x / jnp.sqrt(degree)[..., None]
        return (h + a @ h) / jnp.sqrt(degree)[..., None]
    # A factor changes no function that the MLP can learn, and keeps sums near one at the start.
    return (x + a @ x) / 4


def layer(params: Any, kind: str, graphs: Graphs) -> jax.Array:
    """One layer at every node of a batch of graphs, zero where there is no node.

    Each channel has a mean square of one over all nodes of the batch, against sums that grow from layer to layer.
    """
    x, a, there = graphs
    h = jax.nn.relu(through(params, heard(kind, x, a))) * there[..., None]
    return h * jax.lax.rsqrt(jnp.sum(h**2, (0, 1)) / jnp.maximum(there.sum(), 1) + 1e-6)


def kept(score: jax.Array, gate: jax.Array, graphs: Graphs) -> tuple[Graphs, jax.Array]:
    """The half of the nodes of each graph that has the largest ``score``, times ``gate``; and where they were.

    Nodes that are left are joined where they were within two steps, so that taking others away parts nothing.
    """
    x, a, there = graphs
    found, at = jax.lax.top_k(jnp.where(there, score, -jnp.inf), HALF)
    half = (there.sum(-1, keepdims=True) + 1) // 2
    stays = (jnp.arange(HALF) < half) & jnp.isfinite(found)
    near = ((a + a @ a) > 0) & ~jnp.eye(a.shape[-1], dtype=bool)
    near = jnp.take_along_axis(jnp.take_along_axis(near, at[:, :, None], 1), at[:, None, :], 2)
    states = jnp.take_along_axis(x * gate[..., None], at[..., None], 1) * stays[..., None]
    return (states, near * (stays[:, None] & stays[:, :, None]) * 1.0, stays), at


def clustered(params: Any, graphs: Graphs) -> tuple[Graphs, jax.Array]:
    """Each graph as one of four nodes that share all others softly, and how badly shared nodes say what is joined.

    States and edges are sums over shares, by the size of a mean cluster.
    """
    x, a, there = graphs
    share = jax.nn.softmax(through(params, x)) * there[..., None]
    scale = COMMUNITIES / jnp.maximum(there.sum(-1), 1)[:, None, None]
    coarse = share.swapaxes(1, 2)
    apart = jnp.sqrt(jnp.sum((a - share @ coarse) ** 2, (1, 2)) + 1e-9) / NODES
    doubt = -jnp.sum(share * jnp.log(share + 1e-9), (1, 2)) / jnp.maximum(there.sum(-1), 1)
    few = coarse @ x * scale, coarse @ a @ share * scale, jnp.ones(coarse.shape[:2], bool)
    return few, jnp.mean(apart + 0.1 * doubt)


def read(x: jax.Array, there: jax.Array, aggregate: str) -> jax.Array:
    """From nodes ``(graphs, nodes, channels)`` to graphs; what is no node goes to a graph that is left out."""
    graphs = len(x)
    graph_of = jnp.where(there, jnp.arange(graphs)[:, None], graphs).reshape(-1)
    found = graph_readout(x.reshape(-1, x.shape[-1]), graph_of, graphs + 1, aggregate)[:graphs]
    return found / 8 if aggregate == "sum" else found


def answers(variant: str, params: Any, graphs: Graphs, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Logits of the motifs, and what a pooling adds to the loss; ``key`` draws nodes where they are drawn."""
    x, a, there = graphs
    none = jnp.zeros(())
    if variant == "contacts":
        touching = x.swapaxes(1, 2) @ a @ x / 8
        return through(params["out"], touching.reshape(len(x), -1)), none
    kind = variant if variant in ("mlp", "gcn") else "gin"
    first, *others = params["layers"]
    x = layer(first, kind, graphs)
    here: Graphs = x, a, there
    if variant == "random-k":
        here, _ = kept(jax.random.normal(key, there.shape), jnp.ones(there.shape), here)
    if variant in ("top-k", "unet"):
        way = params["score"]["kernel"][:, 0]
        score = x @ way / (jnp.linalg.norm(way) + 1e-6)
        here, at = kept(score, jax.nn.sigmoid(score), here)
    if variant == "unet":
        low = layer(others[0], kind, here)
        up = jnp.zeros_like(x).at[jnp.arange(len(x))[:, None], at].set(low)
        here, others = (x + up, a, there), others[1:]
    if variant == "diff-pool":
        here, none = clustered(params["share"], here)
    for one in others:
        here = layer(one, kind, here), *here[1:]
    return through(params["out"], read(here[0], here[2], variant if variant in ("mean", "max") else "sum")), none


def weights(variant: str, key: jax.Array) -> dict[str, Any]:
    """Three layers, what pools, and a classifier of graphs."""
    *keys, pools, last = jax.random.split(key, 5)
    if variant == "contacts":
        return {"out": dense(last, COMMUNITIES**2, 2 * WIDTH, 2 * WIDTH, len(MOTIFS))}
    params: dict[str, Any] = {
        "layers": [dense(one, WIDTH if place else COMMUNITIES, WIDTH, WIDTH) for place, one in enumerate(keys)],
        "out": dense(last, WIDTH, 2 * WIDTH, len(MOTIFS)),
    }
    if variant in ("top-k", "unet"):
        params["score"] = dense(pools, WIDTH, 1)[0]
    if variant == "diff-pool":
        params["share"] = dense(pools, WIDTH, COMMUNITIES)
    return params


def cost(variant: str) -> float:
    """Thousands of multiply-adds for a graph of all :data:`NODES`."""
    if variant == "contacts":
        return (NODES**2 * 4 + NODES * 16 + 16 * 32 + 32 * 32 + 128) / 1000
    pooled = {"top-k": HALF, "random-k": HALF, "unet": HALF, "diff-pool": COMMUNITIES}.get(variant, NODES)
    sizes = [NODES, pooled, NODES if variant == "unet" else pooled]
    total = 2 * WIDTH * 16 + 2 * WIDTH * len(MOTIFS)
    for place, nodes in enumerate(sizes):
        i = WIDTH if place else COMMUNITIES
        total += (0 if variant == "mlp" else nodes**2 * i) + nodes * (i * WIDTH + WIDTH**2)
    if pooled == HALF:
        total += NODES**3 + NODES * WIDTH
    if variant == "diff-pool":
        total += NODES * WIDTH * COMMUNITIES * 2 + NODES**2 * COMMUNITIES + NODES * COMMUNITIES**2
    return total / 1000


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on graphs with their motif, and judged on others."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, judging = jax.random.split(key, 4)
        last = settings["held"]
        everything = drawn(data, settings["graphs"] + last)
        *graphs, labels = (one[last:] for one in everything)

        def loss(params: Any, key: jax.Array) -> jax.Array:
            rows, picks = jax.random.split(key)
            x, a, there, wanted = some(rows, 32, *graphs, labels)
            found, extra = answers(variant, params, (x, a, there), picks)
            return surprise(found, wanted) + extra

        params = fit(loss, weights(variant, start), training, settings["steps"], rate)
        found, _ = answers(variant, params, everything[:3], judging)
        return {
            "accuracy": right(found[:last], everything[3][:last]),
            "seen": right(found[last:], labels),
            "cost": cost(variant),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "mlp": "each node by itself, summed up",
        "contacts": "how often colours touch, counted and read",
        "gcn": "three layers that smooth, summed up",
        "mean": "three layers of sums, the mean of all nodes",
        "sum": "three layers of sums, the sum of all nodes",
        "max": "three layers of sums, the largest of each channel",
        "random-k": "a half of the nodes, drawn, after the first layer",
        "top-k": "the half with the best learned score",
        "diff-pool": "four clusters that share all nodes softly",
        "unet": "the better half in the middle, and all nodes again",
    },
    figures=(
        percent("accuracy", "new graphs told right"),
        percent("seen", "graphs of training told right"),
        less("cost", "thousands of multiply-adds a graph"),
    ),
    make=make,
    settings={"graphs": 4000, "held": 1000, "steps": 1500},
    smoke={"graphs": 64, "held": 16, "steps": 3},
)
