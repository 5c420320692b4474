"""Search over thoughts: trees of partial solutions, what a path is worth, and how different paths are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

#: Thoughts from the first to the last; what a thought is, its caller says.
Path = tuple[Any, ...]


class Pruned(NamedTuple):
    """What was found: ``path`` (None where all were pruned), its ``value``, and the ``mistakes`` that were logged."""

    path: Path | None
    value: float
    mistakes: tuple[tuple[Path, float], ...]


def tree_of_thought(
    expand: Callable[[Path], Sequence[Any]],
    value: Callable[[Path], float],
    root: Any,
    *,
    depth: int,
    keep: int | None = None,
) -> tuple[Path, float]:
    """Explore several lines of thought instead of one: continue each partial solution in several ways, keep the best.

    Formula: best = argmax_{paths p} v(p); of each level only the k best by v are continued
    Shapes: ``expand`` gives the thoughts that may follow a path (none where it is complete), ``value`` its worth.
    Parameters: none; proposing and judging are the caller's, in the paper a language model's.
    Cost: branches^depth values without ``keep``, depth × keep × branches with it.
    Training: none.
    Caveats: the document's standard form explores all paths without judging partial ones and calls that a tree of
    thought. The paper judges states on the way, and drops what is not promising; that is ``keep``.
    Raises: VocabularyError for a depth or ``keep`` below 1.
    Source: Yao et al. 2023 [arXiv:2305.10601], sec. 3; vocabulary line 543.

    >>> roads = {"A": "BCD", "B": "CD", "C": "D", "D": ""}
    >>> miles = {"AB": 4, "BD": 4, "AC": 3, "CD": 4, "BC": 1, "AD": 10}
    >>> def cost(path):
    ...     return -sum(miles[a + b] for a, b in zip(path, path[1:]))
    >>> tree_of_thought(lambda path: roads[path[-1]], cost, "A", depth=3)
    (('A', 'C', 'D'), -7)
    """
    expect.whole("depth", depth)
    if keep is not None:
        expect.whole("keep", keep)
    complete: list[Path] = []
    level: list[Path] = [(root,)]
    for _ in range(depth):
        grown = [(path, [(*path, thought) for thought in expand(path)]) for path in level]
        complete += [path for path, longer in grown if not longer]
        level = [path for _, longer in grown for path in longer]
        if keep is not None:
            level = sorted(level, key=value, reverse=True)[:keep]
    best = max(complete + level, key=value)
    return best, value(best)


def pruned_tree(
    expand: Callable[[Path], Sequence[Any]],
    value: Callable[[Path], float],
    anomaly: Callable[[Path], float],
    root: Any,
    *,
    depth: int,
    threshold: float = 0.5,
) -> Pruned:
    """Search a tree of thoughts and leave a branch as soon as its last step looks wrong, noting it as a mistake.

    Formula: best = argmax v(p) over paths p with a(p_1…p_i) ≤ θ for all i; a branch with a > θ is logged and left
    Shapes: as for :func:`tree_of_thought`; ``anomaly`` judges the last step of a path.
    Parameters: none; the detector is the caller's, such as
    :func:`~netspec.vocabulary.reasoning.looking_back.parents_attention`.
    Cost: at most branches^depth anomalies; memory for depth × branches paths, since it goes into depth first.
    Training: none here; what was logged trains the detector
    (:func:`~netspec.vocabulary.reasoning.chains.mistake_loss`).
    Caveats: the document's class never goes below the first level, takes the same branch four times and hands the
    history of one to the next. Its gains (15 to 25 % more accuracy, 80 % of errors caught) come without evidence.
    Raises: VocabularyError for a depth below 1 or a threshold that is no number.
    Source: Yao et al. 2023 [arXiv:2305.10601] for the search; the pruning is the document's; vocabulary line 79.

    >>> def steps(path):
    ...     return ["subtract 7", "subtract 22"] if len(path) == 1 else ["divide by 3"]
    >>> def odd(path):
    ...     return 0.9 if path[-1] == "subtract 22" else 0.1
    >>> found = pruned_tree(steps, len, odd, "3x + 7 = 22", depth=2)
    >>> found.path[1:], found.mistakes
    (('subtract 7', 'divide by 3'), ((('3x + 7 = 22', 'subtract 22'), 0.9),))
    """
    expect.whole("depth", depth)
    expect.within("threshold", threshold)
    best: tuple[Path | None, float] = (None, -math.inf)
    mistakes: list[tuple[Path, float]] = []
    open_paths: list[Path] = [(root,)]
    while open_paths:
        path = open_paths.pop()
        found = anomaly(path) if len(path) > 1 else -math.inf
        if found > threshold:
            mistakes.append((path, found))
            continue
        thoughts = expand(path) if len(path) <= depth else ()
        if not thoughts and (best[0] is None or value(path) > best[1]):
            best = (path, value(path))
        open_paths += [(*path, thought) for thought in reversed(thoughts)]
    return Pruned(*best, tuple(mistakes))


def path_score(
    validity: jax.Array,
    efficiency: jax.Array,
    confidence: jax.Array,
    weights: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> jax.Array:
    """Say in one number what a finished path is worth, when it should be right, short and sure.

    Formula: S = w₁ validity + w₂ efficiency + w₃ confidence, with w = (0.8, 0.1, 0.1)
    Shapes: three arrays of one shape, each from 0 to 1; the result has that shape and lies from 0 to 1.
    Parameters: three weights, not negative, that sum to 1.
    Cost: three multiply-adds a path.
    Training: none.
    Caveats: the weights are the document's choice. Of the four sums that it prints none is right: it has 0.85, 0.92,
    0.75 and 0.60 where they give 0.97, 0.98, 0.95 and 0.71; the second path stays the best.
    Raises: VocabularyError for parts outside 0…1, and weights that are negative or do not sum to 1.
    Source: none but the document; vocabulary line 600.

    >>> scores = path_score(jnp.array([1, 1, 1, 0.7]), jnp.array([0.8, 1, 0.6, 0.5]), jnp.array([0.9, 0.8, 0.9, 1]))
    >>> [round(float(score), 2) for score in scores]
    [0.97, 0.98, 0.95, 0.71]
    """
    expect.axes(validity=(validity, "..."), efficiency=(efficiency, "..."), confidence=(confidence, "..."))
    for name, part in (("validity", validity), ("efficiency", efficiency), ("confidence", confidence)):
        expect.probability(name, part)
    expect.not_negative("weights", weights)
    if abs(sum(weights) - 1) > 1e-9:
        raise VocabularyError(f"weights: arrived {weights}, expected three that sum to 1")
    return (
        weights[0] * jnp.asarray(validity) + weights[1] * jnp.asarray(efficiency) + weights[2] * jnp.asarray(confidence)
    )


def diversity_loss(hidden: jax.Array) -> jax.Array:
    """Keep the paths of a search from all being the same: a loss that is high where they point in one direction.

    Formula: L = Σ_{i<j} cos(h_i, h_j), the mean over examples; added to the task's loss with a small weight
    Shapes: hidden [paths, batch, channels], one state a path and example; the result is a number.
    Parameters: none.
    Cost: paths² channels multiply-adds an example.
    Training: used there only.
    Caveats: the document subtracts the similarity from a loss that is minimised, which rewards paths that are the
    same. The least of n paths is −n / 2, where the directions sum to nothing.
    Raises: VocabularyError for a shape that does not fit.
    Source: none but the document; vocabulary line 782.

    >>> same, opposite = jnp.ones((2, 1, 3)), jnp.stack([jnp.ones((1, 3)), -jnp.ones((1, 3))])
    >>> round(float(diversity_loss(same)), 5), round(float(diversity_loss(opposite)), 5)
    (1.0, -1.0)
    """
    expect.axes(hidden=(hidden, "paths batch channels"))
    unit = hidden / jnp.linalg.norm(hidden, axis=-1, keepdims=True)
    cosines = jnp.einsum("ibc,jbc->bij", unit, unit)
    return jnp.triu(cosines, k=1).sum(axis=(-2, -1)).mean()
