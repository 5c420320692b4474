"""Tree of Thought with Parent's Attention: equations solved by four moves, branches pruned where a step looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.reasoning.chains import random_verification
from train.trials.base import Run, Trial, size
from train.trials.examples import equations
from train.trials.examples.alone import Alone, alone, beyond, enough
from train.trials.examples.alone import percent as right
from train.trials.examples.bench import SETTINGS, SMOKE, Bench, Problem, bench, detection, detector
from train.trials.examples.branches import Searched, Tree, grown, searched
from train.trials.examples.equations import LAYOUT, SHOWN
from train.trials.examples.watching import CURVES, FIGURES

#: The document's share of steps that are verified at random.
VERIFIED = 0.1


def _split(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    rows = jax.random.permutation(key, jnp.array(equations.every()))
    cut = len(rows) * 4 // 5
    return rows[:cut], rows[cut:]


def _rows(key: jax.Array, rows: jax.Array, count: int) -> jax.Array:
    return rows[jax.random.randint(key, (count,), 0, len(rows))]


@partial(jax.jit, static_argnames="count")
def _learned(key: jax.Array, rows: jax.Array, count: int) -> jax.Array:
    draw, solve = jax.random.split(key)
    return equations.solutions(solve, _rows(draw, rows, count), wrong=True)


@partial(jax.jit, static_argnames="count")
def _planted(key: jax.Array, rows: jax.Array, count: int) -> jax.Array:
    draw, solve = jax.random.split(key)
    return equations.solutions(solve, _rows(draw, rows, count), planted=True)


@partial(jax.jit, static_argnames="count")
def _asked(key: jax.Array, rows: jax.Array, count: int) -> jax.Array:
    question = equations.spelled(equations.asked(_rows(key, rows, count)))
    return jnp.pad(question, ((0, 0), (0, LAYOUT.length - LAYOUT.question)))


PROBLEM = Problem(
    LAYOUT, _split, _learned, _planted, _asked,
    jax.jit(equations.wrong), jax.jit(equations.counted), jax.jit(equations.answers), temperature=1.0,
)  # fmt: skip


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """The chain of the model alone, samples of it, a tree, or a tree that a detector prunes."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        world, draw, watch, verify = jax.random.split(key, 4)
        made = bench(PROBLEM, world, settings)
        start = equations.read(made.questions[:, : LAYOUT.question])
        truth = np.asarray((start.c - start.b) // start.a)
        model = alone(made, draw, truth, int(settings["samples"]))
        params = {"params": size(made.model)}
        if variant == "greedy":
            return {"accuracy": model.accuracy, "ratio": 1.0, "steps": model.steps} | params
        tree = made.once("tree", lambda: grown(made))
        whole = Searching(made, tree, model, truth)
        if variant == "tree":
            return whole.figures(None, np.inf, 0.0) | params
        if variant == "samples":
            count = enough(model, whole.figures(None, np.inf, 0.0)["ratio"] * model.cost)
            cost = model.costs[count - 1]
            found = {"accuracy": model.voted[count - 1], "ratio": cost / model.cost, "voted": model.voted}
            return found | {"steps": (cost - made.question) / made.step} | params
        if variant in ("exact", "verified"):
            share = VERIFIED if variant == "verified" else 1.0
            verified, _ = random_verification(verify, jnp.asarray(1.0 - tree.wrong), probability=share)
            return whole.figures(np.asarray(verified) * tree.wrong, 0.5, 0.0) | params
        one = detector(variant, made, watch, rate)
        scores = one.score(tree.tokens.reshape(-1, LAYOUT.length)).reshape(tree.wrong.shape)
        return {
            **detection(made, one),
            **whole.figures(scores, one.threshold, one.cost),
            "overhead": 1 + one.cost / made.step,
            "params": params["params"] + one.params,
        }

    return run


class Searching(NamedTuple):
    """A tree of every question, and what the model reaches without one."""

    made: Bench
    tree: Tree
    model: Alone
    truth: np.ndarray

    def figures(self, scores: np.ndarray | None, threshold: float, check: float) -> dict[str, Any]:
        """Of the search that these scores prune; where all is pruned, the plain chain answers, and is paid for."""
        found = [searched(self.tree, question, scores, threshold) for question in range(len(self.truth))]
        nothing = np.array([one.path is None for one in found])
        answers = np.where(nothing, self.model.answers, [one.answer for one in found])
        steps = float(np.mean([one.steps for one in found]) + nothing.mean() * self.model.steps)
        checks = float(np.mean([one.checks for one in found]))
        cost = self.made.question + steps * self.made.step + checks * check
        accuracy = right(answers, self.truth)
        return {
            "accuracy": accuracy,
            "beyond": beyond(self.model, accuracy, cost),
            "ratio": cost / self.model.cost,
            "steps": steps,
            "told": _log(self.tree, found),
        }


def _log(tree: Tree, found: list[Searched]) -> dict[str, Any]:
    """The first question of which something was pruned and a path remained, or else the first."""
    fits = [place for place, one in enumerate(found) if one.mistakes and one.path is not None]
    at = fits[0] if fits else 0
    nodes = [(list(path[1:]), score) for path, score in found[at].mistakes]
    return {"tokens": tree.tokens[at], "answer": found[at].answer, "mistakes": nodes, "path": found[at].path}


def tell(told: Any, settings: Mapping[str, Any]) -> str:
    """One question with its path and the branches that were pruned, with their scores."""
    tokens = told["tokens"]

    def way(path: list[int]) -> str:
        row = tokens[path[0], path[1] if len(path) > 1 else 0]
        place = LAYOUT.place(len(path) - 1)
        return f"{SHOWN[int(row[place])]}: {_shown(row[place + 1 : place + LAYOUT.width])}"

    text = _shown(tokens[0, 0][: LAYOUT.question])
    if told["path"] is not None:
        path = [int(one) for one in told["path"][1:]]
        text += "".join(f"; {way(path[: count + 1])}" for count in range(len(path)))
    pruned = [f"{way([int(one) for one in path])} ({float(score):.2f})" for path, score in told["mistakes"]]
    return text + (f". Pruned: {', '.join(pruned)}" if pruned else ". Nothing was pruned")


def _shown(symbols: np.ndarray) -> str:
    return equations.shown(equations.read(jnp.asarray(symbols)))


TRIAL = Trial(
    variants={
        "greedy": "the most probable chain of the model alone",
        "samples": "chains drawn from the model, as many as the whole tree costs, their answers voted on",
        "tree": "the most probable path of all branches",
        "backward": "a tree pruned by the backward score as the document computes it, of activations",
        "gradient": "by the backward score as the document says it, of gradients",
        "deviation": "by how unusual the size of an untrained layer’s output is",
        "norm": "by how unusual the size of the states is",
        "probe": "by a logistic regression on the states",
        "trained": "by Parent’s Attention, its detector trained on wrong steps",
        "surprisal": "by how improbable the model itself holds the step",
        "verified": "where an exact check fails, made of a tenth of the steps at random",
        "exact": "where an exact check fails: all that a detector could gain",
    },
    figures=FIGURES,
    make=make,
    settings={**SETTINGS, "samples": 20},
    smoke=SMOKE,
    series=CURVES,
    tell=tell,
    compiled=False,
)
