"""Small graphs with costs on their edges, and a network that proposes a next node and guesses what is left to pay.

What is proposed and guessed depends on the graph and on where a path stands, so that it is computed once for every
node, and a search only looks it up.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.reasoning.search import diversity_loss
from train.trials.base import dense, through

#: The dearest edge, the width of a node's state, rounds of messages, and branches of the document.
DEAREST, WIDTH, ROUNDS, BRANCHES = 9, 24, 2, 4
#: The document's example, without a road from C to B; nodes are A, B, C, D.
FOUR = np.array([
    [math.inf, 4, 3, 10],
    [math.inf, math.inf, 1, 4],
    [math.inf, math.inf, math.inf, 4],
    [math.inf, math.inf, math.inf, math.inf],
])  # fmt: skip


class Guess(NamedTuple):
    """Of every node: log-probabilities of the next by branch, the cost that is left, and states of the branches."""

    logs: jax.Array  # (branches, nodes, nodes)
    left: jax.Array  # (nodes,)
    states: jax.Array  # (branches, nodes, channels)


def drawn(key: jax.Array, nodes: int, chance: float) -> jax.Array:
    """``(nodes, nodes)``: what an edge costs, from 1 to 9, infinite where there is none.

    Of all ordered pairs ``chance`` have an edge; beside them stand those of one path through all nodes in some order,
    from the first to the last.
    """
    which, cost, order = jax.random.uniform(key, (3, nodes, nodes))
    inner = 1 + jnp.argsort(order[0, : nodes - 2])
    path = jnp.concatenate([jnp.zeros(1, int), inner, jnp.full(1, nodes - 1)])
    there = (which < chance).at[path[:-1], path[1:]].set(True)
    there &= ~jnp.eye(nodes, dtype=bool)
    return jnp.where(there, 1 + jnp.floor(DEAREST * cost), jnp.inf)


def remaining(costs: jax.Array) -> jax.Array:
    """The least cost from every node to the last, ``(nodes,)``, by Bellman's equation; infinite without a path."""
    nodes = len(costs)
    start = jnp.where(jnp.arange(nodes) == nodes - 1, 0.0, jnp.inf)
    return jax.lax.fori_loop(0, nodes, lambda _, d: jnp.minimum(d, jnp.min(costs + d, -1)), start)


def network(key: jax.Array, branches: int) -> dict:
    """Weights of :func:`guess`. Branches differ by an embedding that is added to a node's state."""
    keys = jax.random.split(key, ROUNDS + 5)
    return {
        "first": dense(keys[0], 2, WIDTH),
        "rounds": [
            {"message": dense(one, WIDTH + 1, WIDTH), "update": dense(jax.random.fold_in(one, 1), 2 * WIDTH, WIDTH)}
            for one in keys[1 : ROUNDS + 1]
        ],
        "left": dense(keys[-4], WIDTH, WIDTH, 1),
        "own": dense(keys[-3], WIDTH, WIDTH),
        "next": dense(keys[-2], WIDTH + 1, WIDTH),
        "branch": 0.3 * jax.random.normal(keys[-1], (branches, WIDTH)),
    }


def guess(params: dict, costs: jax.Array) -> Guess:
    """What the network says of every node of a graph after two rounds of messages against the edges' direction."""
    there, cost = jnp.isfinite(costs), jnp.where(jnp.isfinite(costs), costs / DEAREST, 0.0)[..., None]
    goal = jnp.arange(len(costs)) == len(costs) - 1

    def layer(one: list, *parts: jax.Array) -> jax.Array:
        return jnp.concatenate(parts, -1) @ one[0]["kernel"] + one[0]["bias"]

    h = jax.nn.relu(layer(params["first"], jnp.stack([goal, jnp.ones_like(goal)], -1).astype(cost.dtype)))
    for one in params["rounds"]:
        # A node reads the state of each that it leads to beside what the edge costs.
        kernel = one["message"][0]["kernel"]
        sent = jax.nn.relu(h @ kernel[:WIDTH] + cost * kernel[WIDTH] + one["message"][0]["bias"])
        h = jax.nn.relu(layer(one["update"], h, jnp.where(there[..., None], sent, 0.0).max(1)))
    left = through(params["left"], h)[:, 0]
    states = jnp.tanh(layer(params["own"], h) + params["branch"][:, None])
    kernel = params["next"][0]["kernel"]
    logits = (states @ (h @ kernel[:WIDTH]).T + cost[..., 0] * (states @ kernel[WIDTH])[..., None]) / math.sqrt(WIDTH)
    logits = jnp.where(there, logits, -1e9)
    return Guess(jax.nn.log_softmax(logits), DEAREST * jax.nn.softplus(left), states)


def losses(params: dict, costs: jax.Array, weight: float) -> jax.Array:
    """How far the network is from the least costs of graphs ``(graphs, nodes, nodes)``, a number.

    The cross-entropy of its next node against those that a shortest path may take, the square of the error of the cost
    that is left, in units of the dearest edge, and ``weight`` times the diversity loss.
    """
    found = jax.vmap(lambda one: guess(params, one))(costs)
    left = jax.vmap(remaining)(costs)
    on = jnp.isfinite(left) & (jnp.arange(left.shape[1]) < left.shape[1] - 1)
    best = (costs + left[:, None] == left[..., None]) & on[..., None]
    target = best / jnp.maximum(best.sum(-1, keepdims=True), 1)
    wrong = -jnp.sum(jnp.where(best[:, None], target[:, None] * found.logs, 0.0), -1).mean(1)
    short = jnp.where(on, found.left - jnp.where(on, left, 0.0), 0.0) / DEAREST
    total = jnp.sum(jnp.where(on, wrong, 0.0) + short**2) / on.sum()
    if not weight:
        return total
    states = found.states.swapaxes(0, 1)
    return total + weight * diversity_loss(states.reshape(len(states), -1, WIDTH))


def likeness(states: np.ndarray) -> float:
    """The mean cosine of two branches, of states ``(graphs, branches, nodes, channels)``; NaN of one branch."""
    unit = states / np.linalg.norm(states, axis=-1, keepdims=True)
    first, second = np.triu_indices(unit.shape[1], 1)
    return float((unit[:, first] * unit[:, second]).sum(-1).mean()) if len(first) else math.nan


def dijkstra(costs: np.ndarray) -> tuple[float, list[int], int]:
    """The least cost from the first node to the last, a path of it, and how many nodes were expanded for it."""
    open_paths: list[tuple[float, tuple[int, ...]]] = [(0.0, (0,))]
    closed: set[int] = set()
    while open_paths:
        cost, path = heapq.heappop(open_paths)
        if path[-1] == len(costs) - 1:
            return cost, list(path), len(closed)
        if path[-1] in closed:
            continue
        closed.add(path[-1])
        for node in np.flatnonzero(np.isfinite(costs[path[-1]])):
            heapq.heappush(open_paths, (cost + float(costs[path[-1], node]), (*path, int(node))))
    return math.inf, [], len(closed)
