"""All branches of equations, written once, and the search of one question that prunes them."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from netspec.vocabulary.reasoning.search import Path, pruned_tree
from train.trials.examples.bench import Bench
from train.trials.examples.equations import LAYOUT, MOVES
from train.trials.examples.steps import by_step, states, surprises

BRANCHES = 4


class Tree(NamedTuple):
    """All branches of all questions: ``tokens`` [questions, 4, 4, length], of both steps −log p and whether wrong."""

    tokens: np.ndarray
    surprise: np.ndarray
    wrong: np.ndarray
    first_solves: np.ndarray
    answers: np.ndarray


def grown(made: Bench) -> Tree:
    """Each of the four moves at both steps, with what the model thinks most probable to come of it."""
    tokens = np.array(made.questions)
    key = jax.random.key(0)  # nothing is drawn at temperature 0
    for step in range(LAYOUT.steps):
        tokens = np.repeat(tokens, BRANCHES, axis=0)
        place = LAYOUT.place(step)
        tokens[:, place] = np.resize(MOVES[:BRANCHES], len(tokens))
        tokens = made.write(key, tokens, place + 1, LAYOUT.width - 1, 0.0).copy()
    judged = made.judged(tokens)
    shape = (len(made.questions), BRANCHES, BRANCHES)
    return Tree(
        tokens.reshape(*shape, -1),
        made.chunks(partial(_surprise, made.model), tokens).reshape(*shape, -1),
        judged.wrong.reshape(*shape, -1),
        ~judged.counted[:, 1].reshape(shape)[..., 0],
        made.chunks(made.problem.answers, tokens).reshape(shape),
    )


@jax.jit
def _surprise(model: Any, tokens: jax.Array) -> jax.Array:
    return by_step(LAYOUT, surprises(model, tokens, states(model, tokens)))


class Searched(NamedTuple):
    """What a search of one question found: its answer, −1 for none, what it took, its path and what was pruned."""

    answer: int
    steps: int
    checks: int
    path: Path | None
    mistakes: tuple[tuple[Path, float], ...]


def searched(tree: Tree, question: int, scores: np.ndarray | None, threshold: float) -> Searched:
    """The most probable path through the tree of a question; ``scores`` [questions, 4, 4, steps] prune it."""
    steps, checks = 0, 0

    def expand(path: Path) -> tuple[int, ...]:
        nonlocal steps
        if len(path) == 2 and tree.first_solves[question, path[1]]:
            return ()
        steps += BRANCHES
        return tuple(range(BRANCHES))

    def leaf(path: Path) -> tuple[int, int, int]:
        return (question, path[1], path[2] if len(path) > 2 else 0)

    def value(path: Path) -> float:
        told = -float(tree.surprise[leaf(path)][: len(path) - 1].sum())
        return told if tree.answers[leaf(path)] >= 0 else told - 1e6

    def anomaly(path: Path) -> float:
        nonlocal checks
        checks += 1
        return 0.0 if scores is None else float(scores[leaf(path)][len(path) - 2])

    found = pruned_tree(expand, value, anomaly, question, depth=LAYOUT.steps, threshold=threshold)
    answer = -1 if found.path is None else int(tree.answers[leaf(found.path)])
    return Searched(answer, steps, 0 if scores is None else checks, found.path, found.mistakes)
