"""The cheapest path through a small graph: complete paths of which the best is kept, beside trees that are searched.

A network proposes next nodes and guesses what is left to pay (``train.trials.examples.roads``). Every search may expand
as many nodes as the document's branches × depth, and is judged by how often it finds a least cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.reasoning.search import Path, path_score, pruned_tree, tree_of_thought
from train.trials.base import Metric, Run, Series, Trial, fit, less, percent, size
from train.trials.examples.roads import BRANCHES, FOUR, Guess, dijkstra, drawn, guess, likeness, losses, network

#: The weight of the diversity loss; the document subtracts similarity, which is a weight below zero.
WEIGHTS = {"apart": 0.1, "alike": -0.1}
#: Of which variants a curve is drawn.
CURVES = ("greedy", "dijkstra", "complete", "beam", "beam-cost", "backtrack", "unpruned")
#: Validity, efficiency and confidence of the four paths as printed.
PRINTED = ((1.0, 0.8, 0.9), (1.0, 1.0, 0.8), (1.0, 0.6, 0.9), (0.7, 0.5, 1.0))
#: Longer paths are given up.
DEPTH = 10
#: By how much a path may look dearer than the cheapest that was found before it is left: a guess is not exact.
TOLERANCE = 2.0


class Search:
    """One graph with what the network says of it, a budget of nodes to expand, and the paths that were found."""

    def __init__(self, costs: np.ndarray, said: Guess, draw: np.random.Generator, budget: int) -> None:
        self.costs, self.logs, self.left = costs, np.asarray(said.logs), np.asarray(said.left)
        self.draw, self.budget, self.expanded = draw, budget, 0
        #: Paths to the goal in the order in which they were found, with the nodes expanded by then and their cost.
        self.found: list[tuple[int, float, Path]] = []

    def cost(self, path: Path) -> float:
        """What the edges of a path cost."""
        return float(sum(self.costs[a, b] for a, b in pairwise(path)))

    def total(self, path: Path) -> float:
        """What a path costs, with what the network guesses of the rest."""
        return self.cost(path) + (0.0 if self.there(path) else float(self.left[path[-1]]))

    def there(self, path: Path) -> bool:
        """Whether a path has reached the goal, the last node."""
        return path[-1] == len(self.costs) - 1

    def open(self, path: Path, branch: int = 0) -> np.ndarray:
        """Log-probabilities of the nodes that may follow, −inf of others; expands the last node, none beyond budget."""
        if self.there(path) or self.expanded >= self.budget:
            return np.full(len(self.costs), -math.inf)
        self.expanded += 1
        logs = np.where(np.isfinite(self.costs[path[-1]]), self.logs[branch, path[-1]], -math.inf)
        logs[list(path)] = -math.inf
        return logs

    def reached(self, path: Path) -> None:
        """Take note of a path that ends at the goal."""
        self.found.append((self.expanded, self.cost(path), path))

    def expand(self, path: Path) -> list[int]:
        """Up to four nodes that may follow, drawn from the proposer without repetition, what looks cheapest first."""
        logs = self.open(path)
        drawn = np.argsort(-(logs + self.draw.gumbel(size=len(logs))), kind="stable")[:BRANCHES]
        nodes = [int(node) for node in drawn if logs[node] > -math.inf]
        for node in nodes:
            if self.there((*path, node)):
                self.reached((*path, node))
        return sorted(nodes, key=lambda node: self.total((*path, node)))

    def walk(self, branch: int = 0, *, sample: bool = False) -> tuple[Path, float]:
        """One path to its end, and the mean probability of its steps: the likeliest, or one that is drawn."""
        path: Path = (0,)
        certain: list[float] = []
        while len(path) <= DEPTH and not self.there(path):
            logs = self.open(path, branch)
            if logs.max() == -math.inf:
                break
            node = int(np.argmax(logs + self.draw.gumbel(size=len(logs)) if sample else logs))
            certain.append(float(logs[node]))
            path = (*path, node)
        if self.there(path):
            self.reached(path)
        return path, math.exp(sum(certain) / max(len(certain), 1))

    def best(self) -> Path:
        """The cheapest path that was found; empty where there is none."""
        return min(self.found, key=lambda one: one[1])[2] if self.found else ()


def complete(search: Search) -> list[tuple[Path, float]]:
    """Paths drawn to their ends one after the other, as many as the budget allows, with their confidence."""
    paths = []
    while search.expanded < search.budget:
        paths.append(search.walk(sample=True))
    return paths


def chosen(search: Search, paths: Sequence[tuple[Path, float]]) -> Path:
    """The path with the best of the document's scores; efficiency is the least cost that was found over a path's."""
    whole = [(path, sure) for path, sure in paths if search.there(path)]
    if not whole:
        return ()
    costs = np.array([search.cost(path) for path, _ in whole])
    scores = path_score(np.ones(len(whole)), costs.min() / costs, np.minimum([sure for _, sure in whole], 1.0))
    return whole[int(jnp.argmax(scores))][0]


def beam(search: Search, value: Callable[[Path], float]) -> None:
    """The four best partial paths of each length are continued (Yao et al. 2023)."""
    tree_of_thought(search.expand, lambda path: -value(path), 0, depth=DEPTH, keep=BRANCHES)


def backtrack(search: Search, *, prune: bool) -> None:
    """In depth first, back where nothing follows; a path that looks dearer than the cheapest found is left."""

    def dearer(path: Path) -> float:
        known = min((cost for _, cost, _ in search.found), default=math.inf)
        return search.total(path) - known if prune else -math.inf

    pruned_tree(search.expand, lambda path: -search.total(path), dearer, 0, depth=DEPTH, threshold=TOLERANCE)


def searched(variant: str, search: Search) -> Path:
    """The path of a variant; what was expanded and found stands in ``search``."""
    match variant:
        case "dijkstra":
            cost, path, search.expanded = dijkstra(search.costs)
            search.found = [(search.expanded, cost, tuple(path))]
        case "greedy":
            search.walk()
        case "listing":
            for _ in range(BRANCHES):
                search.walk()
        case "branches" | "apart" | "alike":
            for branch in range(BRANCHES):
                search.walk(branch)
        case "complete":
            complete(search)
        case "scored":
            return chosen(search, complete(search))
        case "beam":
            beam(search, search.total)
        case "beam-cost":
            beam(search, search.cost)
        case _:
            backtrack(search, prune=variant == "backtrack")
    return search.best()


@cache
def prepared(branches: int, weight: float, steps: int, batch: int, nodes: int, chance: float, held_out: int) -> Any:
    """A function of key and rate, compiled once for all variants of one network.

    It gives trained weights, graphs to judge by with the document's in front, and what is said of them.
    """

    def some(key: jax.Array, count: int) -> jax.Array:
        return jax.vmap(lambda one: drawn(one, nodes, chance))(jax.random.split(key, count))

    def trained(key: jax.Array, rate: jax.Array) -> tuple[dict, jax.Array, Guess]:
        start, training, judged = jax.random.split(key, 3)

        def loss(params: dict, key: jax.Array) -> jax.Array:
            return losses(params, some(key, batch), weight)

        params = network(start, branches)
        if steps:
            params = fit(loss, params, training, steps, rate)
        at = jnp.array([0, 1, 2, nodes - 1])
        four = jnp.full((nodes, nodes), jnp.inf).at[at[:, None], at].set(FOUR)
        graphs = jnp.concatenate([four[None], some(judged, held_out)])
        return params, graphs, jax.vmap(lambda one: guess(params, one))(graphs)

    return jax.jit(trained)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on graphs that are drawn, then sent through others."""
    weight = WEIGHTS.get(variant, 0.0)
    branches = BRANCHES if variant in ("branches", *WEIGHTS) else 1
    steps = 0 if variant == "dijkstra" else settings["steps"]
    nodes, budget = settings["nodes"], settings["budget"]
    sizes = [settings[name] for name in ("batch", "nodes", "chance", "held_out")]
    prepare = prepared(branches, weight, steps, *sizes)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        params, graphs, said = jax.device_get(prepare(key, rate))
        draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        rows, along, told = [], [], {}
        for place, costs in enumerate(graphs):
            search = Search(costs, jax.tree.map(lambda leaf, at=place: leaf[at], said), draw, budget)
            path = searched(variant, search)
            cost = search.cost(path) if path else math.inf
            if not place:
                names = dict(zip((0, 1, 2, nodes - 1), "ABCD", strict=True))
                told = {"path": "→".join(names[node] for node in path), "cost": cost, "expanded": search.expanded}
                continue
            least = dijkstra(costs)[0]
            rows.append((cost == least, min(cost / least - 1, 1.0), search.expanded))
            first = min((at for at, cost, _ in search.found if cost == least), default=math.inf)
            along.append(first <= np.arange(1, budget + 1))
        solved, excess, expanded = np.mean(rows, axis=0)
        found = {
            "solved": 100 * solved,
            "excess": 100 * excess,
            "expanded": expanded,
            "told": told | {"scored": variant == "scored"},
            "params": 0 if variant == "dijkstra" else size(params),
        }
        if variant == "listing" or branches > 1:
            found["cosine"] = 1.0 if variant == "listing" else likeness(said.states[1:])
        return found | ({"along": 100 * np.mean(along, axis=0)} if variant in CURVES else {})

    return run


def tell(told: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """What a search did on the document's four nodes, and what its printed scores should have been."""
    way = f"{told['path']} at {told['cost']:g}" if told["path"] else "no path"
    text = f"the document’s four nodes: {way} of 7, {told['expanded']} expanded"
    if told["scored"]:
        scores = path_score(*(jnp.array(part) for part in zip(*PRINTED, strict=True)))
        listed = ", ".join(f"{float(score):.2f}" for score in scores)
        text += f"; its four scores are {listed} by its weights, where 0.85, 0.92, 0.75, 0.60 are printed"
    return text


TRIAL = Trial(
    variants={
        "greedy": "the likeliest next node, one path",
        "dijkstra": "the oracle: the cheapest open path first",
        "listing": "four branches without anything of their own, as listed",
        "complete": "complete paths, drawn; the cheapest is kept",
        "scored": "the same, kept by the document’s score",
        "beam": "the four best partial paths, by the value head",
        "beam-cost": "the same by their cost so far alone",
        "backtrack": "in depth first, pruned by the value head",
        "unpruned": "the same without pruning",
        "branches": "four branches with an embedding each",
        "alike": "the same with the document’s diversity loss",
        "apart": "the same with its sign mended",
    },
    figures=(
        percent("solved", "least cost found"),
        less("excess", "cost above the least", "%"),
        less("expanded", "nodes expanded"),
        Metric("cosine", "cosine of branches", "", "down"),
    ),
    make=make,
    settings={"nodes": 24, "chance": 0.1, "budget": 20, "batch": 16, "steps": 800, "held_out": 300},
    smoke={"nodes": 6, "steps": 4, "held_out": 8},
    series=(
        Series("along", "least costs found, %", "nodes expanded, at most", lambda s: list(range(1, s["budget"] + 1))),
    ),
    tell=tell,
    compiled=False,
)
