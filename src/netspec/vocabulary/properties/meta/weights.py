"""What must hold of written, adapted and consolidated weights."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import meta
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import compiled, pullback
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

SHAPES = ((2, 3), (3,))


def _writer(case: Case) -> tuple[np.ndarray, ...]:
    return case.normal(4), case.normal(4, 5, seed=1), case.normal(5, 9, seed=2)


def _generated(writer: Implementation, case: Case) -> float:
    """What the written layer says, each of its weights computed alone."""
    task, first, second = _writer(case)
    x, hidden = case.normal(6, 2, seed=3), np.tanh(task @ first)
    kernel = np.array([[hidden @ second[:, 3 * row + column] for column in range(3)] for row in range(2)])
    bias = np.array([hidden @ second[:, 6 + column] for column in range(3)])
    found = [np.asarray(each) for each in compiled(writer, 3)(task, first, second, SHAPES)]
    return apart(x @ found[0] + found[1], x @ kernel + bias)


def _reaches_the_writer(writer: Implementation, case: Case) -> float:
    """The gradient of the writer's second matrix: hidden units by the gradients of what is written."""
    task, first, second = _writer(case)
    cotangents = case.normal(2, 3, seed=4), case.normal(3, seed=5)
    found = pullback(writer, 2, 3)(cotangents, task, first, second, SHAPES)
    return apart(found, np.outer(np.tanh(task @ first), np.concatenate([each.ravel() for each in cotangents])))


def _straight(task: Any, first: Any, second: Any, shapes: Any) -> Any:
    flat = task @ first @ second
    return flat[:6].reshape(2, 3), flat[6:]


def _columns_first(task: Any, first: Any, second: Any, shapes: Any) -> Any:
    flat = np.tanh(task @ first) @ second
    return flat[:6].reshape(3, 2).T, flat[6:]


def _detached(task: Any, first: Any, second: Any, shapes: Any) -> Any:
    return meta.hypernetwork(task, first, jax.lax.stop_gradient(second), shapes)


HYPERNETWORK = Term(
    "hypernetwork",
    meta.hypernetwork,
    (
        Property(
            "It is the layer whose weights are written, each from the hidden units of the writer.",
            _generated,
            1e-12,
            (
                Mistake("weights written column by column", _columns_first),
                Mistake("no activation in the writer", _straight),
            ),
        ),
        Property(
            "Gradients of what is written reach the writer.",
            _reaches_the_writer,
            1e-12,
            (Mistake("a writer that is not trained", _detached),),
        ),
    ),
)

RATE = 0.3


def _bowl(parameters: Any, examples: Any) -> Any:
    """A quadratic loss with its own curvature."""
    curvature, centre = examples
    return 0.5 * (parameters - centre) @ curvature @ (parameters - centre)


def _bent(parameters: Any, examples: Any) -> Any:
    x, y = examples
    return jnp.mean(jnp.square(jnp.tanh(x @ parameters) - y))


def _bowls(case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    factors = [case.normal(3, 3, seed=index) for index in (1, 2)]
    return [(factor @ factor.T, case.normal(3, seed=5 + index)) for index, factor in enumerate(factors)]


def _quadratic(gradient: Implementation, case: Case) -> float:
    """(I − α H)² ∇L_query(θ'') after two steps."""
    start, ((curvature, centre), (other, goal)) = case.normal(3), _bowls(case)
    now, shrink = start, np.eye(3) - RATE * curvature
    for _ in range(2):
        now = now - RATE * curvature @ (now - centre)
    expected = shrink @ shrink @ other @ (now - goal)
    run = _run(gradient)
    return apart(run(_bowl, start, (curvature, centre), (other, goal), RATE, 2), expected)


def _run(gradient: Implementation) -> Any:
    return jax.jit(gradient, static_argnums=(0, 5))


def _tasks(case: Case) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(case.normal(4, 3, seed=index), case.normal(4, seed=5 + index)) for index in (1, 2)]


def _brute_force(gradient: Implementation, case: Case) -> float:
    """Central differences of the loss after a step, itself by a slope in closed form."""
    start, (support, query) = case.normal(3), _tasks(case)

    def adapted(parameters: np.ndarray) -> float:
        x, y = support
        out = np.tanh(x @ parameters)
        after = parameters - RATE * 2 / len(y) * x.T @ ((out - y) * (1 - out**2))
        return float(np.mean((np.tanh(query[0] @ after) - query[1]) ** 2))

    step = 1e-5 * np.eye(3)
    slopes = [(adapted(start + h) - adapted(start - h)) / 2e-5 for h in step]
    return apart(_run(gradient)(_bent, start, support, query, RATE, 1), slopes)


def _no_step(gradient: Implementation, case: Case) -> float:
    """At a rate of zero: the gradient of the query's loss."""
    start, (support, query) = case.normal(3), _tasks(case)
    x, y = query
    out = np.tanh(x @ start)
    return apart(_run(gradient)(_bent, start, support, query, 0.0, 1), 2 / len(y) * x.T @ ((out - y) * (1 - out**2)))


def _support_again(loss: Any, parameters: Any, support: Any, query: Any, rate: float, steps: int) -> Any:
    return meta.maml_gradient(loss, parameters, support, support, rate, steps)


_FIRST_ORDER = partial(meta.maml_gradient, first_order=True)

MAML = Term(
    "maml",
    meta.maml_gradient,
    (
        Property(
            "It is the derivative of the loss after a step, by differences.",
            _brute_force,
            1e-7,
            (
                Mistake("no second derivatives", _FIRST_ORDER),
                Mistake("the support for the query", _support_again),
            ),
        ),
        Property(
            "Of quadratic losses it is (I − α H)ⁿ times the gradient after n steps.",
            _quadratic,
            1e-12,
            (Mistake("no second derivatives", _FIRST_ORDER),),
        ),
        Property(
            "At a rate of zero it is the gradient of the query's loss.",
            _no_step,
            1e-12,
            (Mistake("the support for the query", _support_again),),
        ),
    ),
)


def _springs(penalty: Implementation, case: Case) -> float:
    """The gradient pulls each weight back by λ F."""
    now, then, fisher = case.normal(4), case.normal(4, seed=1), case.uniform(4, seed=2)
    return apart(pullback(penalty, 0)(1.0, now, then, fisher, 0.7), 0.7 * fisher * (now - then))


def _both_tasks(penalty: Implementation, case: Case) -> float:
    """Least squares with inputs that do not interact: the optimum with springs is that of both tasks at once.

    With F = Σ x² and λ = 1 the old task's loss is its least value and the springs, so gradients agree everywhere.
    """
    designs = [np.linalg.qr(case.normal(6, 4, seed=index))[0] * case.uniform(4, low=0.5, high=2.0) for index in (1, 2)]
    targets = [case.normal(6, seed=index) for index in (3, 4)]
    old = np.linalg.lstsq(designs[0], targets[0], rcond=None)[0]
    fisher = np.sum(designs[0] ** 2, axis=0)
    joint = np.linalg.lstsq(np.concatenate(designs), np.concatenate(targets), rcond=None)[0]
    pull = np.asarray(pullback(penalty, 0)(1.0, joint, old, fisher, 1.0))
    return apart(pull, -designs[1].T @ (designs[1] @ joint - targets[1]))


def _no_half(parameters: Any, anchor: Any, fisher: Any, strength: float) -> Any:
    return strength * jnp.sum(fisher * (parameters - anchor) ** 2)


def _all_alike(parameters: Any, anchor: Any, fisher: Any, strength: float) -> Any:
    return strength / 2 * jnp.sum((parameters - anchor) ** 2)


CONSOLIDATION = Term(
    "online-learning",
    meta.elastic_weight_consolidation,
    (
        Property(
            "It pulls each weight back to where it was, by its importance.",
            _springs,
            1e-12,
            (
                Mistake("all weights held alike", _all_alike),
                Mistake("no half", _no_half),
            ),
        ),
        Property(
            "With quadratic losses, weights that do not interact and springs, the new task has the optimum of both.",
            _both_tasks,
            1e-10,
            (Mistake("all weights held alike", _all_alike), Mistake("no half", _no_half)),
        ),
    ),
)
