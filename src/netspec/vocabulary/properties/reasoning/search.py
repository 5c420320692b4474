"""What must hold of searching trees of thoughts, of scores and of diversity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse.csgraph import dijkstra

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled, gradient
from netspec.vocabulary.reasoning import search
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _roads(case: Case) -> tuple[np.ndarray, Callable[[search.Path], Any], Callable[[search.Path], float], int]:
    """Costs between all pairs of a few towns, how a path from town 0 goes on, its value, and the last town."""
    towns = min(case.tokens, 4) + 2
    costs = case.uniform(towns, towns, low=0.1)

    def expand(path: search.Path) -> list[int]:
        return [town for town in range(towns) if town not in path] if path[-1] != towns - 1 else []

    def value(path: search.Path) -> float:
        return -sum(costs[a, b] for a, b in itertools.pairwise(path))

    return costs, expand, value, towns - 1


def _shortest(tree: Implementation, case: Case) -> float:
    costs, expand, value, goal = _roads(case)
    best, found = tree(expand, value, 0, depth=goal)
    return max(apart(-found, dijkstra(costs, indices=0)[goal]), apart(value(best), found), wrong(best[-1] == goal))


def _greedy(tree: Implementation, case: Case) -> float:
    """With one path kept it takes the best next thought each time, as a climber does."""
    _, expand, value, goal = _roads(case)
    path: search.Path = (0,)
    passed = []
    while expand(path):
        path = max(((*path, town) for town in expand(path)), key=value)
        passed.append(path)
    return wrong(tree(expand, value, 0, depth=goal, keep=1)[0] == path)


def _first_branch(expand: Any, value: Any, root: Any, *, depth: int, keep: int | None = None) -> Any:
    """All branches the same: whichever the branch, the path goes on in the one way."""
    return search.tree_of_thought(lambda path: expand(path)[:1] * 4, value, root, depth=depth, keep=keep)


def _all_kept(expand: Any, value: Any, root: Any, *, depth: int, keep: int | None = None) -> Any:
    return search.tree_of_thought(expand, value, root, depth=depth)


def _worst_kept(expand: Any, value: Any, root: Any, *, depth: int, keep: int | None = None) -> Any:
    path, found = search.tree_of_thought(expand, lambda path: -value(path), root, depth=depth, keep=keep)
    return path, -found


def _tree(case: Case) -> tuple[Any, Any, Any]:
    """A tree of three thoughts a step, with a drawn anomaly and value of each path."""
    anomalies, values = case.uniform(4, 4, 4), case.normal(4, 4, 4, seed=1)

    def number(path: search.Path) -> tuple[int, ...]:
        return (*path[1:], *(3,) * (4 - len(path)))

    return lambda path: (0, 1, 2), lambda path: values[number(path)], lambda path: anomalies[number(path)]


def _as_enumerated(tree: Implementation, case: Case) -> float:
    """The best of the paths without an odd beginning, and in the log the first odd beginning of each other path."""
    expand, value, anomaly = _tree(case)
    residual = 0.0
    for threshold in (0.3, 0.7):
        best: tuple[Any, float] = (None, -math.inf)
        logged = set()
        for leaf in itertools.product(range(3), repeat=3):
            beginnings = [("root", *leaf[:end]) for end in (1, 2, 3)]
            odd = [path for path in beginnings if anomaly(path) > threshold]
            if odd:
                logged.add(odd[0])
            elif value(beginnings[-1]) > best[1]:
                best = (beginnings[-1], value(beginnings[-1]))
        found = tree(expand, value, anomaly, "root", depth=3, threshold=threshold)
        same = (found.path, found.value) == best and {path for path, _ in found.mistakes} == logged
        residual = max(residual, wrong(same and len(found.mistakes) == len(logged)))
    return residual


def _unpruned(tree: Implementation, case: Case) -> float:
    """Where nothing is odd it finds what the search without pruning finds, and logs nothing."""
    expand, value, _ = _tree(case)
    found = tree(expand, value, lambda path: 0.5, "root", depth=3)
    leaves = itertools.product(("root",), range(3), range(3), range(3))
    return wrong(found.path == max(leaves, key=value) and not found.mistakes)


def _never_deeper(expand: Any, value: Any, anomaly: Any, root: Any, *, depth: int, threshold: float = 0.5) -> Any:
    return search.pruned_tree(expand, value, anomaly, root, depth=1, threshold=threshold)


def _judged_at_the_end(expand: Any, value: Any, anomaly: Any, root: Any, *, depth: int, threshold: float = 0.5) -> Any:
    def late(path: search.Path) -> float:
        return anomaly(path) if len(path) > depth else -math.inf

    return search.pruned_tree(expand, value, late, root, depth=depth, threshold=threshold)


def _at_the_threshold(expand: Any, value: Any, anomaly: Any, root: Any, *, depth: int, threshold: float = 0.5) -> Any:
    return search.pruned_tree(expand, value, anomaly, root, depth=depth, threshold=math.nextafter(threshold, 0))


#: The four paths of the document: validity, efficiency, confidence.
_PATHS = np.array([[1.0, 0.8, 0.9], [1.0, 1.0, 0.8], [1.0, 0.6, 0.9], [0.7, 0.5, 1.0]]).T


def _worked(score: Implementation, case: Case) -> float:
    return apart(compiled(score)(*_PATHS), [0.97, 0.98, 0.95, 0.71])


def _printed(validity: Any, efficiency: Any, confidence: Any, weights: Any = (0.8, 0.1, 0.1)) -> Any:
    """The four results as the document has them; elsewhere the right ones."""
    if np.shape(validity) == (4,):
        return np.array([0.85, 0.92, 0.75, 0.60])
    return compiled(search.path_score)(validity, efficiency, confidence)


def _between(score: Implementation, case: Case) -> float:
    """A path that is equally good in all three has that score, and doing better in one raises it by its weight."""
    run, parts = compiled(score), case.uniform(3, 5, high=0.5)
    base = np.asarray(run(*parts))
    gains = [np.asarray(run(*(part + 0.5 * (n == m) for m, part in enumerate(parts)))) - base for n in range(3)]
    same = apart(run(parts[0], parts[0], parts[0]), parts[0])
    return max(same, apart(gains, np.full((3, 5), 0.5) * np.array([[0.8], [0.1], [0.1]])))


def _from_the_sum(loss: Implementation, case: Case) -> float:
    """Σ_{i<j} cos = (‖Σ u_i‖² − n) / 2, with u_i the directions."""
    hidden = case.normal(3, 2, 4)
    unit = hidden / np.sqrt((hidden**2).sum(axis=-1, keepdims=True))
    expected = (((unit.sum(axis=0)) ** 2).sum(axis=-1) - 3) / 2
    return apart(compiled(loss)(hidden), expected.mean())


def _apart_they_go(loss: Implementation, case: Case) -> float:
    """A small step down the loss makes the paths less alike."""
    hidden, alike = case.normal(3, 2, 4), compiled(search.diversity_loss)
    moved = hidden - 1e-3 * np.asarray(gradient(loss)(hidden))
    return wrong(alike(moved) < alike(hidden))


def _printed_sign(hidden: Any) -> Any:
    return -compiled(search.diversity_loss)(hidden)


def _ordered_pairs(hidden: Any) -> Any:
    return 2 * compiled(search.diversity_loss)(hidden)


def _products(hidden: Any) -> Any:
    return np.triu(np.einsum("ibc,jbc->bij", hidden, hidden), k=1).sum(axis=(-2, -1)).mean()


PRUNED = Term(
    "tree-of-thought-parents-attention",
    search.pruned_tree,
    (
        Property(
            "It finds the best path without an odd step, and logs the first odd step of every other path.",
            _as_enumerated,
            0.0,
            (
                Mistake("a search that never goes below the first level", _never_deeper, 438),
                Mistake("paths that are judged at their end only", _judged_at_the_end),
            ),
        ),
        Property(
            "Where no step is above the threshold it finds the best of all paths.",
            _unpruned,
            0.0,
            (
                Mistake("a search that never goes below the first level", _never_deeper, 438),
                Mistake("pruning at the threshold too", _at_the_threshold),
            ),
        ),
    ),
)

TERMS = (
    Term(
        "tree-of-thought",
        search.tree_of_thought,
        (
            Property(
                "With all paths kept, the best of a map is the one that Dijkstra's algorithm finds.",
                _shortest,
                1e-12,
                (
                    Mistake("branches that are all the same", _first_branch, 713),
                    Mistake("one path kept at each level", partial(search.tree_of_thought, keep=1)),
                ),
            ),
            Property(
                "With one path kept it takes the best next step each time.",
                _greedy,
                0.0,
                (
                    Mistake("all paths kept", _all_kept),
                    Mistake("the worst path kept", _worst_kept),
                ),
            ),
        ),
    ),
    Term(
        "tot-path-score",
        search.path_score,
        (
            Property(
                "The document's four paths have 0.97, 0.98, 0.95 and 0.71.",
                _worked,
                1e-12,
                (Mistake("the results as printed", _printed, 602),),
            ),
            Property(
                "What is equally good in all parts has that score, and a part counts by its weight.",
                _between,
                1e-12,
                (
                    Mistake("weights that are all the same", lambda *parts: sum(parts) / 3),
                    Mistake("the product of the parts", lambda *parts: math.prod(parts)),
                ),
            ),
        ),
    ),
    Term(
        "tot-diversity-loss",
        search.diversity_loss,
        (
            Property(
                "It is half of the squared length of the summed directions, less the number of paths.",
                _from_the_sum,
                1e-12,
                (
                    Mistake("the sign as printed", _printed_sign, 792),
                    Mistake("each pair twice", _ordered_pairs),
                    Mistake("products in place of cosines", _products),
                ),
            ),
            Property(
                "A small step down the loss makes the paths less alike.",
                _apart_they_go,
                0.0,
                (Mistake("the sign as printed", _printed_sign, 792),),
            ),
        ),
    ),
)
