"""What the model reaches without help: its most probable chain, the vote of drawn ones, and what they cost."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np

from train.trials.examples.bench import Bench


class Alone(NamedTuple):
    """``answers``, mean ``steps``, ``accuracy`` in percent and ``cost`` in multiply-adds of the most probable chain.

    ``voted`` and ``costs`` are accuracy and cost of one drawn chain, of the vote of two, and so on.
    """

    answers: np.ndarray
    steps: float
    accuracy: float
    cost: float
    voted: np.ndarray
    costs: np.ndarray


def alone(made: Bench, key: jax.Array, truth: np.ndarray, samples: int) -> Alone:
    """The chain and so many samples of every question whose answer is ``truth``, once for all variants of a seed."""
    return made.once("alone", lambda: _alone(made, key, truth, samples))


def _alone(made: Bench, key: jax.Array, truth: np.ndarray, samples: int) -> Alone:
    problem, layout = made.problem, made.problem.layout

    def chains(temperature: float, times: int) -> tuple[np.ndarray, np.ndarray]:
        tokens = np.tile(made.questions, (times, 1))
        written = made.write(key, tokens, layout.question, layout.width * layout.steps, temperature)
        steps = made.judged(written).counted.sum(-1)
        return made.chunks(problem.answers, written).reshape(times, -1).T, steps.reshape(times, -1).T

    answers, steps = chains(0.0, 1)
    drawn, lengths = chains(1.0, samples)
    return Alone(
        answers[:, 0],
        float(steps.mean()),
        percent(answers[:, 0], truth),
        made.question + made.step * float(steps.mean()),
        np.array([percent(voted(drawn[:, :count]), truth) for count in range(1, samples + 1)]),
        made.question + made.step * lengths.mean(0).cumsum(),
    )


def percent(answers: np.ndarray, truth: np.ndarray) -> float:
    """How many answers are right."""
    return 100 * float(np.mean(answers == truth))


def voted(answers: np.ndarray) -> np.ndarray:
    """The most frequent answer [questions] of [questions, samples], the first such; −1, no answer, does not vote."""
    votes = (answers[:, :, None] == answers[:, None, :]).sum(-1) * (answers >= 0)
    return np.take_along_axis(answers, votes.argmax(1)[:, None], 1)[:, 0]


def enough(model: Alone, cost: float) -> int:
    """How many samples a cost is enough for, one at least."""
    return max(1, int(np.searchsorted(model.costs, cost * (1 + 1e-9), side="right")))


def beyond(model: Alone, accuracy: float, cost: float) -> float:
    """By how many points an accuracy is above what the model reaches alone at no more than this cost.

    That is its most probable chain, or the vote of as many samples as the cost is enough for, whichever is better.
    """
    sampled = [float(model.voted[enough(model, cost) - 1])] if cost >= model.costs[0] else []
    return accuracy - max([model.accuracy, *sampled])
