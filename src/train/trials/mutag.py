"""Molecules of MUTAG, mutagenic or not, from a person's own copy: sums over neighbours beside other layers and none.

Protocol: stratified ten-fold cross-validation, as Xu et al. 2019 [1810.00826], sec. 7, have it. A seed is a fold: seed
s judges fold s mod 10 of the partition that s div 10 draws, once, after the last step, whereas the paper reports the
epoch that was best on the folds it judges. All variants of a seed share the fold, so that they are paired by fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary.graphs.convolutions import gat, gcn, graph_readout, graphsage
from netspec.vocabulary.graphs.isomorphism import gin
from train.config.schema import ConfigError
from train.data.raw.tudataset import Graphs, open_tudataset
from train.trials.base import Metric, Params, Run, Trial, dense, fit, percent, size

NAME, FOLDS = "MUTAG", 10
#: The document's settings of GIN (lines 4064 to 4069): layers, channels, molecules of a batch, dropout, weight decay.
DEPTH, WIDTH, BATCH, DROPOUT, DECAY = 5, 64, 32, 0.5, 1e-5
#: How the nodes of a molecule become one, where not by their sum.
READOUTS = {"gin-mean": "mean", "gin-max": "max"}


class Molecules(NamedTuple):
    """Graphs of one size: what is too much of a graph is no node, and an arc of no node.

    Args:
        x: labels of nodes, one-hot, ``(graphs, nodes, kinds)``; zero where there is no node.
        there: which nodes there are, ``(graphs, nodes)``.
        senders: where arcs come from, numbered within a graph, ``(graphs, arcs)``; ``nodes`` where there is no arc.
        receivers: where they lead to, likewise.
    """

    x: Any
    there: Any
    senders: Any
    receivers: Any


def load(path: Path) -> Graphs:
    """A person's copy; raises :class:`ConfigError` for one that is damaged or cannot be cut into folds."""
    found = open_tudataset(path, NAME)
    classes = len({*found.labels.tolist()})
    if classes < 2 or len(found.labels) < FOLDS:
        raise ConfigError(
            f"{path}: {NAME}_graph_labels.txt has {classes} labels of {len(found.labels)} graphs, "
            f"expected 2 labels or more of {FOLDS} graphs or more"
        )
    return found


def padded(graphs: Graphs, nodes: int = 0, arcs: int = 0) -> Molecules:
    """All graphs at the size of the largest, or at ``nodes`` and ``arcs`` where those are more."""
    count = len(graphs.labels)
    members = np.bincount(graphs.graph_of, minlength=count)
    joined = graphs.graph_of[graphs.arcs[0]]
    width = max(nodes, members.max())
    length = max(arcs, np.bincount(joined, minlength=count).max())
    kinds = graphs.node_labels.max() + 1
    x, there = np.zeros((count, width, kinds), np.float32), np.zeros((count, width), bool)
    ends = np.full((2, count, length), width, np.int32)
    place = np.zeros(len(graphs.graph_of), np.int32)
    for graph in range(count):
        own = np.flatnonzero(graphs.graph_of == graph)
        place[own] = np.arange(len(own))
        there[graph, : len(own)] = True
        x[graph, : len(own)] = np.eye(kinds)[graphs.node_labels[own]]
        listed = graphs.arcs[:, joined == graph]
        ends[:, graph, : listed.shape[1]] = place[listed]
    return Molecules(x, there, *ends)


def tested(labels: jax.Array, seed: Any) -> jax.Array:
    """Which graphs the fold of a seed has, ``(graphs,)``: of each class a tenth, up to one graph, and so of all.

    Folds 0 to 9 of ten seeds from a multiple of ten are a partition, drawn by that multiple.
    """
    order = jax.random.permutation(jax.random.key(seed // FOLDS), len(labels))
    dealt = order[jnp.argsort(labels[order], stable=True)]
    return jnp.zeros(len(labels), int).at[dealt].set(jnp.arange(len(labels)) % FOLDS) == seed % FOLDS


def weights(variant: str, key: jax.Array, kinds: int, classes: int) -> Params:
    """Five layers, each with a batch norm, and a classifier of molecules, which starts at zero.

    A sum over many nodes would otherwise be sure of a class before anything is learned. GCN, GraphSAGE and GAT have no
    bias of their own, since the batch norm behind them has one.
    """

    def layer(key: jax.Array, i: int) -> Params:
        one, two = jax.random.split(key)
        norm = {"scale": jnp.ones(WIDTH), "shift": jnp.zeros(WIDTH)}
        match variant:
            case "gcn":
                return norm | {"kernel": dense(one, i, WIDTH)[0]["kernel"]}
            case "sage":
                return norm | {"kernel": dense(one, 2 * i, WIDTH)[0]["kernel"]}
            case "gat":
                attention = 0.1 * jax.random.normal(two, (1, 2 * WIDTH))
                return norm | {"kernel": dense(one, i, WIDTH)[0]["kernel"], "attention": attention}
        return norm | {"mlp": dense(one, i, WIDTH, WIDTH), "epsilon": jnp.zeros(())}

    keys = jax.random.split(key, DEPTH)
    return {
        "layers": [layer(one, WIDTH if place else kinds) for place, one in enumerate(keys)],
        "out": {"kernel": jnp.zeros((WIDTH, classes)), "bias": jnp.zeros(classes)},
    }


def heard(variant: str, layer: Params, h: jax.Array, senders: jax.Array, receivers: jax.Array) -> jax.Array:
    """One layer at every node, ``(nodes, channels)`` to ``(nodes, WIDTH)``, before its batch norm."""
    match variant:
        case "gcn":
            return gcn(h, senders, receivers, layer["kernel"])
        case "sage":
            return graphsage(h, senders, receivers, layer["kernel"])
        case "gat":
            return gat(h, senders, receivers, layer["kernel"][None], layer["attention"])
        case "bag":
            senders, receivers = senders[:0], receivers[:0]
    return gin(h, senders, receivers, [(one["kernel"], one["bias"]) for one in layer["mlp"]], layer["epsilon"])


def answers(
    variant: str, params: Params, batch: Molecules, counted: jax.Array, key: jax.Array | None = None
) -> jax.Array:
    """Logits ``(graphs, classes)``; nodes are dropped out where there is a ``key``.

    Batch norms take mean and variance from the nodes of the graphs that are ``counted``, ``(graphs,)``: of a batch in
    training, of all graphs of training in evaluation, which is what running averages stand for.
    """
    x, there, senders, receivers = (jnp.asarray(one) for one in batch)
    graphs, nodes = there.shape
    # The last node is none: arcs that there are not lead from it to itself.
    ends = [
        jnp.where(end < nodes, end + nodes * jnp.arange(graphs)[:, None], graphs * nodes).ravel()
        for end in (senders, receivers)
    ]
    h = jnp.pad(x.reshape(graphs * nodes, -1), ((0, 1), (0, 0)))
    graph_of = jnp.pad(jnp.where(there, jnp.arange(graphs)[:, None], graphs).ravel(), (0, 1), constant_values=graphs)
    share = jnp.pad((there & counted[:, None]).ravel(), (0, 1))[:, None] * 1.0
    share = share / jnp.maximum(share.sum(), 1)
    keys = [None] * DEPTH if key is None else jax.random.split(key, DEPTH)
    for layer, drawn in zip(params["layers"], keys, strict=True):
        h = heard(variant, layer, h, *ends)
        middle = jnp.sum(share * h, 0)
        spread = jax.lax.rsqrt(jnp.sum(share * (h - middle) ** 2, 0) + 1e-5)
        h = jax.nn.relu((h - middle) * spread * layer["scale"] + layer["shift"])
        if drawn is not None:
            h = jnp.where(jax.random.bernoulli(drawn, 1 - DROPOUT, h.shape), h / (1 - DROPOUT), 0)
    found = graph_readout(h, graph_of, graphs + 1, READOUTS.get(variant, "sum"))[:graphs]
    return jnp.matmul(found, params["out"]["kernel"]) + params["out"]["bias"]


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on nine folds and judged on the tenth; ``settings["data"]`` are :class:`Graphs`.

    An epoch is as many steps as batches of the nine folds are; the molecules of a batch are drawn without repetition.
    Weight decay is a part of the loss, as Adam of the listing has it.
    """
    graphs: Graphs = settings["data"]
    everything, labels = padded(graphs), jnp.asarray(graphs.labels)
    count, classes, kinds = len(labels), int(labels.max()) + 1, everything.x.shape[-1]
    steps = settings["epochs"] * -(-(count - count // FOLDS) // BATCH)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        # The last word of a key is the seed that it was made of, which names the fold.
        held = tested(labels, jax.random.key_data(key)[-1])
        start, training = jax.random.split(key)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            rows, dropped = jax.random.split(key)
            picked = jnp.argsort(jax.random.uniform(rows, (count,)) + held)[:BATCH]
            own = ~held[picked]  # of few graphs a batch may be more than there are
            batch = Molecules(*(jnp.asarray(one)[picked] for one in everything))
            logits = answers(variant, params, batch, own, dropped)
            each = optax.softmax_cross_entropy_with_integer_labels(logits, labels[picked])
            decay = sum(jnp.sum(one**2) for one in jax.tree.leaves(params)) * DECAY / 2
            return jnp.sum(each * own) / jnp.maximum(own.sum(), 1) + decay

        params = fit(loss, weights(variant, start, kinds, classes), training, steps, rate)
        right = jnp.argmax(answers(variant, params, everything, ~held), -1) == labels
        return {
            "accuracy": 100 * jnp.sum(right & held) / held.sum(),
            "seen": 100 * jnp.sum(right & ~held) / jnp.sum(~held),
            "molecules": jnp.float32(count),
            "classes": jnp.float32(classes),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "bag": "GIN's layers at each atom alone, no edges",
        "gcn": "five layers that smooth by degree",
        "sage": "five layers of an atom beside the mean of its neighbours",
        "gat": "five layers that attend to neighbours",
        "gin": "five layers of an MLP on sums",
        "gin-mean": "the same, read out by the mean of all atoms",
        "gin-max": "the same, read out by the largest of each channel",
    },
    figures=(
        percent("accuracy", "molecules of the fold told right"),
        percent("seen", "molecules of training told right"),
        Metric("molecules", "molecules of the copy", "", "up"),
        Metric("classes", "classes of the copy", "", "up"),
    ),
    make=make,
    load=load,
    settings={"epochs": 200},
    smoke={"epochs": 1},
)
