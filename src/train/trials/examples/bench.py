"""Where detectors are tried: a model that has learned to write solutions, and steps known to be right or wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from train.trials.base import size
from train.trials.examples import watching
from train.trials.examples.steps import Layout, Model, learn, states, write
from train.trials.examples.watching import ALLOWED, THRESHOLD


class Problem(NamedTuple):
    """What is solved in steps. ``split`` makes of a key what there is to learn from, and what is held out.

    ``learned``, ``planted`` and ``asked`` write so many solutions, given a key and one of those two: such as the model
    learns, such of which half have an error, and such of which only the question is there yet. ``temperature`` is that
    of the model's own solutions.
    """

    layout: Layout
    split: Callable[[jax.Array], tuple[Any, Any]]
    learned: Callable[[jax.Array, Any, int], jax.Array]
    planted: Callable[[jax.Array, Any, int], jax.Array]
    asked: Callable[[jax.Array, Any, int], jax.Array]
    wrong: Callable[[jax.Array], jax.Array]
    counted: Callable[[jax.Array], jax.Array]
    answers: Callable[[jax.Array], jax.Array]
    temperature: float


class Judged(NamedTuple):
    """Written solutions, of each step whether it is ``wrong``, and whether it counts; NumPy arrays."""

    tokens: np.ndarray
    wrong: np.ndarray
    counted: np.ndarray


class Bench(NamedTuple):
    """A model, and solutions: to learn from, to set thresholds by, held-out ones with planted errors, and its own."""

    problem: Problem
    model: Model
    sizes: Mapping[str, Any]
    learning: Judged
    setting: Judged
    planted: Judged
    own: Judged
    questions: np.ndarray
    kept: dict[str, Any]

    def chunks(self, function: Callable, *arrays: np.ndarray) -> np.ndarray:
        """``function`` of so many rows at once as there are questions, so that it is compiled once."""
        count = len(self.questions)
        parts = [function(*(one[at : at + count] for one in arrays)) for at in range(0, len(arrays[0]), count)]
        return np.concatenate([np.asarray(part) for part in parts])

    def write(self, key: jax.Array, tokens: np.ndarray, first: int, count: int, temperature: float) -> np.ndarray:
        """Solutions with ``count`` symbols written from ``first`` on."""
        keys = iter(jax.random.split(key, len(tokens) // len(self.questions)))
        return self.chunks(lambda rows: write(self.model, rows, first, next(keys), temperature, count), tokens)

    def judged(self, tokens: np.ndarray) -> Judged:
        """With the exact check of every step."""
        return Judged(tokens, self.chunks(self.problem.wrong, tokens), self.chunks(self.problem.counted, tokens))

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, made for the first variant of a seed and kept for the others."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    @property
    def symbol(self) -> float:
        """Multiply-adds of reading or writing a symbol."""
        return float(self.once("symbol", lambda: watching.written(self.problem.layout, self.model)))

    @property
    def step(self) -> float:
        """Multiply-adds of writing a step."""
        return self.symbol * self.problem.layout.width

    @property
    def question(self) -> float:
        """Multiply-adds of reading the question."""
        return self.symbol * self.problem.layout.question


#: The sizes of :class:`Bench` and of its model.
SETTINGS = {"questions": 300, "channels": 48, "depth": 2, "steps": 800, "rate": 3e-3, "watching": 600}
#: Solutions that the model learns from, in questions.
LESSONS = 80
SMOKE = {"questions": 8, "steps": 3, "watching": 2}


def bench(problem: Problem, key: jax.Array, sizes: Mapping[str, Any]) -> Bench:
    """The bench of a seed, the same for all variants: it is made once."""
    words = tuple(int(one) for one in jax.random.key_data(key))
    return _bench(problem, words, tuple(sorted((name, sizes[name]) for name in SETTINGS)))


@cache
def _bench(problem: Problem, words: tuple[int, ...], given: tuple[tuple[str, Any], ...]) -> Bench:
    sizes = dict(given)
    key = jax.random.wrap_key_data(jnp.array(words, jnp.uint32))
    data, training, teaching, *keys = jax.random.split(key, 10)
    known, held = problem.split(data)
    count = int(sizes["questions"])

    def several(write: Callable[[jax.Array, Any, int], jax.Array], key: jax.Array, data: Any, times: int) -> np.ndarray:
        """So many times as many rows as there are questions."""
        return np.concatenate([np.asarray(write(one, data, count)) for one in jax.random.split(key, times)])

    lessons = several(problem.learned, teaching, known, LESSONS)
    shape = {name: sizes[name] for name in ("channels", "depth", "steps", "rate")}
    model = learn(training, problem.layout, lessons, **shape)
    questions = np.asarray(problem.asked(keys[0], held, count))
    nothing = Judged(*3 * (np.zeros(0),))
    made = Bench(problem, model, sizes, nothing, nothing, nothing, nothing, questions, {})

    def own(key: jax.Array, data: Any, times: int) -> np.ndarray:
        ask, writing = jax.random.split(key)
        layout = problem.layout
        tokens = several(problem.asked, ask, data, times)
        return made.write(writing, tokens, layout.question, layout.width * layout.steps, problem.temperature)

    def planted(key: jax.Array, data: Any, times: int) -> np.ndarray:
        return several(problem.planted, key, data, times)

    mixed = np.concatenate([planted(keys[1], known, 8), own(keys[2], known, 8)])
    both = np.concatenate([planted(keys[3], known, 2), own(keys[4], known, 2)])
    return made._replace(
        learning=made.judged(mixed),
        setting=made.judged(both),
        planted=made.judged(planted(keys[5], held, 3)),
        own=made.judged(own(keys[6], held, 3)),
    )


#: Scores [batch, steps] of written solutions [batch, length].
Scores = Callable[[np.ndarray], np.ndarray]


class Detector(NamedTuple):
    """Its ``score`` of written solutions, its ``threshold`` for use, what a step costs, and its ``params``."""

    score: Scores
    threshold: float
    cost: float
    params: int


#: Whose scores are compared with a usual size, which is a mean over right steps.
SIZED = {
    "norm": lambda layout, model, tokens, found: watching.norms(layout, found),
    "gradient": watching.slopes,
    "deviation": watching.output_norms,
}
LEARNING = ("trained", "probe")


def detector(name: str, made: Bench, key: jax.Array, rate: jax.Array) -> Detector:
    """The detector of a name, after learning if it learns, with a threshold that stops few right steps."""
    start, training = jax.random.split(key)
    layout = made.problem.layout
    weights = watching.start(name, start, layout, int(made.sizes["channels"]))
    if name in LEARNING:
        weights = _learned(name, made.problem, weights, made.model, *made.learning[:2], training,
                           int(made.sizes["watching"]), rate)  # fmt: skip
    usual = None
    right = made.setting.counted & ~made.setting.wrong
    if name in SIZED:
        found = made.chunks(partial(_sizes, name, layout, weights, made.model), made.setting.tokens)
        usual = jnp.array(np.where(right, found, 0).sum(0) / np.maximum(right.sum(0), 1))

    def score(tokens: np.ndarray) -> np.ndarray:
        return made.chunks(partial(_scores, name, layout, weights, usual, made.model), tokens)

    calm = score(made.setting.tokens)[right]
    threshold = float(np.quantile(calm, 1 - ALLOWED / 100, method="higher")) if len(calm) else np.inf
    cost = watching.cost(layout, made.model, partial(_score, name, layout, weights, usual))
    return Detector(score, threshold, cost, size(weights))


def _score(name: str, layout: Layout, weights: Any, usual: Any, *given: Any) -> jax.Array:
    """The score of a name, given model, tokens and states."""
    function = getattr(watching, name)
    more = [one for one in (weights, usual) if one is not None]
    return function(layout, *more, *given)


@partial(jax.jit, static_argnums=(0, 1))
def _scores(name: str, layout: Layout, weights: Any, usual: Any, model: Model, tokens: jax.Array) -> jax.Array:
    return _score(name, layout, weights, usual, model, tokens, states(model, tokens))


@partial(jax.jit, static_argnums=(0, 1))
def _sizes(name: str, layout: Layout, weights: Any, model: Model, tokens: jax.Array) -> jax.Array:
    more = [] if weights is None else [weights]
    return SIZED[name](layout, *more, model, tokens, states(model, tokens))


@partial(jax.jit, static_argnums=(0, 1, 7))
def _learned(
    name: str, problem: Problem, weights: Any, model: Model, tokens: jax.Array, wrong: jax.Array, key: jax.Array,
    steps: int, rate: jax.Array,
) -> Any:  # fmt: skip
    score = getattr(watching, name)
    found = states(model, tokens)
    return watching.learned(score, weights, problem.layout, model, tokens, found, wrong, key, steps, rate)


def detection(made: Bench, one: Detector) -> dict[str, Any]:
    """What a detector catches of errors that were planted and of the model's own, and how often it cries wolf."""
    figures: dict[str, Any] = {}
    for name, judged in (("planted", made.planted), ("own", made.own)):
        scores, wrong = one.score(judged.tokens)[judged.counted], judged.wrong[judged.counted]
        figures[name] = watching.area(scores, wrong)
        figures[f"curve_{name}"] = watching.caught(scores, wrong)
        figures[f"caught_{name}"] = watching.caught(scores, wrong, (ALLOWED,))[0]
        if name == "own":
            figures["caught"] = 100 * np.mean(scores[wrong] > THRESHOLD) if wrong.any() else np.nan
            figures["alarms"] = 100 * np.mean(scores[~wrong] > THRESHOLD) if not wrong.all() else np.nan
    return figures
