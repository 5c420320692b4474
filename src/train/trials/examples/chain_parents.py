"""Chain of Thought with Parent's Attention: sums in three steps, each written again where it looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.reasoning.chains import chain_of_thought, checked_chain
from train.trials.base import Run, Trial, size
from train.trials.examples import sums
from train.trials.examples.alone import Alone, alone, beyond, enough
from train.trials.examples.alone import percent as right
from train.trials.examples.bench import SETTINGS, SMOKE, Bench, Problem, Scores, bench, detection, detector
from train.trials.examples.sums import LAYOUT
from train.trials.examples.watching import CURVES, FIGURES


@partial(jax.jit, static_argnames="count")
def _learned(key: jax.Array, data: Any, count: int) -> jax.Array:
    return sums.solutions(key, count)


@partial(jax.jit, static_argnames="count")
def _planted(key: jax.Array, data: Any, count: int) -> jax.Array:
    return sums.solutions(key, count, planted=True)


@partial(jax.jit, static_argnames="count")
def _asked(key: jax.Array, data: Any, count: int) -> jax.Array:
    return jnp.pad(sums.asked(key, count), ((0, 0), (0, LAYOUT.length - LAYOUT.question)))


def _split(key: jax.Array) -> tuple[None, None]:
    """Nothing is kept apart: of some 10⁸ questions hardly one is drawn twice."""
    return None, None


def _counted(tokens: jax.Array) -> jax.Array:
    return jnp.ones((len(tokens), LAYOUT.steps), bool)


PROBLEM = Problem(
    LAYOUT, _split, _learned, _planted, _asked, jax.jit(sums.wrong), _counted, jax.jit(sums.answers), temperature=0.0
)


class Retried:
    """Steps of all questions at once, for a checked chain: what is stopped is written again, what fits stays.

    ``scores`` of written solutions, [batch, steps], stop a step above ``threshold``; ``None`` stops nothing.
    """

    def __init__(self, made: Bench, key: jax.Array, scores: Scores | None, threshold: float) -> None:
        self.made, self.key, self.scores, self.threshold = made, key, scores, threshold
        self.written = self.checked = self.fresh = 0
        self.refused: list[tuple[int, np.ndarray, np.ndarray]] = []
        self.last = made.questions
        self.good = np.ones(len(made.questions), bool)

    def step(self, before: np.ndarray, number: int, attempt: int = 0) -> np.ndarray:
        """The next step of every question: the most probable at first, then drawn for those that were stopped."""
        key = jax.random.fold_in(self.key, 100 * number + attempt)
        at = LAYOUT.place(number)
        new = self.made.write(key, before, at, LAYOUT.width, 1.0 if attempt else 0.0)
        if attempt:
            self.refused.append((number, ~self.good, self.last))
            new = np.where(self.good[:, None], self.last, new)
        self.fresh = int((~self.good).sum()) if attempt else len(new)
        self.written += self.fresh
        self.last = new
        return new

    def fits(self, before: np.ndarray, after: np.ndarray, number: int) -> bool:
        """Whether no question's step is stopped."""
        self.checked += self.fresh
        found = np.zeros(len(after)) if self.scores is None else self.scores(after)[:, number]
        self.good = found <= self.threshold
        return bool(self.good.all())


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """The chain without checks, samples of it, or a chain whose steps a detector checks."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        world, draw, watch, retry = jax.random.split(key, 4)
        made = bench(PROBLEM, world, settings)
        truth = np.asarray(sums.right(jnp.asarray(made.questions)))
        model = alone(made, draw, truth, int(settings["samples"]))
        params = size(made.model)
        if variant == "plain":
            chain = Retried(made, retry, None, np.inf)
            end = chain_of_thought(chain.step, made.questions, LAYOUT.steps)[-1]
            return _figures(made, model, truth, end, chain, 0.0) | {"params": params}
        if variant == "samples":
            count = enough(model, float(settings["twice"]) * model.cost)
            return {
                "accuracy": model.voted[count - 1],
                "ratio": model.costs[count - 1] / model.cost,
                "voted": model.voted,
                "params": params,
            }
        figures: dict[str, Any] = {}
        match variant:
            case "exact":
                scores, threshold, cost = (lambda rows: made.chunks(PROBLEM.wrong, rows) * 1.0), 0.5, 0.0
            case "chance":
                scores, threshold, cost = _chance(watch), 0.95, 0.0
            case _:
                one = detector(variant, made, watch, rate)
                scores, threshold, cost = one.score, one.threshold, one.cost
                figures = {**detection(made, one), "overhead": 1 + cost / made.step}
                params += one.params
        chain = Retried(made, retry, scores, threshold)
        end = checked_chain(chain.step, chain.fits, made.questions, LAYOUT.steps, retries=int(settings["retries"]))
        return {**figures, **_figures(made, model, truth, end.states[-1], chain, cost), "params": params}

    return run


def _chance(key: jax.Array) -> Scores:
    """Scores that know nothing, the same for the same step."""

    def scores(tokens: np.ndarray) -> np.ndarray:
        keys = jax.vmap(lambda row: jax.random.fold_in(key, (row * (1 + jnp.arange(len(row)))).sum()))(tokens)
        return np.asarray(jax.vmap(lambda key: jax.random.uniform(key, (LAYOUT.steps,)))(keys))

    return scores


def _figures(
    made: Bench, model: Alone, truth: np.ndarray, end: np.ndarray, chain: Retried, check: float
) -> dict[str, Any]:
    """What came out, and what it took."""
    accuracy = right(made.chunks(PROBLEM.answers, end), truth)
    count = len(truth)
    cost = made.question + (chain.written * made.step + chain.checked * check) / count
    return {
        "accuracy": accuracy,
        "beyond": beyond(model, accuracy, cost),
        "ratio": cost / model.cost,
        "steps": chain.written / count,
        "told": _log(chain, end),
    }


def _log(chain: Retried, end: np.ndarray) -> dict[str, Any]:
    """The first question of which a step came out otherwise after a retry, or else the first question."""
    for number, refused, before in chain.refused:
        at = LAYOUT.place(number)
        changed = refused & (before[:, at : at + LAYOUT.width] != end[:, at : at + LAYOUT.width]).any(-1)
        if changed.any():
            which = int(np.flatnonzero(changed)[0])
            return {"end": end[which], "number": number, "before": before[which]}
    return {"end": end[0], "number": -1, "before": end[0]}


def tell(told: Any, settings: Mapping[str, Any]) -> str:
    """One solution, and what a step of it was at first."""
    text = sums.shown(told["end"])
    number = int(told["number"])
    if number < 0:
        return f"{text}. Nothing was changed"
    first = int(sums.results(jnp.asarray(told["before"])[None])[number + 1][0])
    return f"{text}. Step {number + 1} was {first} at first"


TRIAL = Trial(
    variants={
        "plain": "the most probable chain, without checks",
        "samples": "chains drawn from the model at twice the cost, their answers voted on",
        "consistency": "a step is written again where its cosine with those before is low, as the document checks it",
        "layer": "where an untrained Parent’s Attention layer sees what it does not expect",
        "norm": "where the size of the states is unusual",
        "probe": "where a logistic regression on the states says so",
        "trained": "where Parent’s Attention says so, its detector trained on wrong steps",
        "surprisal": "where the model itself holds the step improbable",
        "chance": "at random, one step in twenty",
        "exact": "where an exact check fails: all that a detector could gain",
    },
    figures=FIGURES,
    make=make,
    settings={**SETTINGS, "rate": 6e-3, "samples": 8, "twice": 2.0, "retries": 2},
    smoke=SMOKE,
    series=CURVES,
    tell=tell,
    compiled=False,
)
