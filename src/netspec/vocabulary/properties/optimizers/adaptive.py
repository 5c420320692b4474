"""What must hold of the optimizers with a step size for every parameter."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import optimizers
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties.optimizers.momentum import RATE, cell
from netspec.vocabulary.properties.optimizers.walk import STEPS, drawn, walked
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _adam_path(start: np.ndarray, gradients: np.ndarray, decay: float = 0.0) -> np.ndarray:
    """Adam with a rate of 1/8 and averages of 0.8 and 0.9, by its formula, with decay apart."""
    w, m, v, path = start, 0.0, 0.0, []
    for t, g in enumerate(gradients, 1):
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g**2
        step = m / (1 - 0.8**t) / (np.sqrt(v / (1 - 0.9**t)) + 1e-3)
        w = w - RATE * (step + decay * w)
        path.append(w)
    return np.array(path)


def _adam_formula(make: Implementation, case: Case) -> float:
    start, gradients = drawn(case)
    return apart(walked(make(RATE, 0.8, 0.9, 1e-3), start, gradients), _adam_path(start, gradients))


def _rescaled(make: Implementation, case: Case) -> float:
    """Gradients a thousand times as large give the same steps, of which the first is the rate."""
    start, gradients = drawn(case)
    path = walked(make(0.1, eps=1e-15), start, gradients)
    first = apart(path[0] - start, -0.1 * np.sign(gradients[0]))
    return max(apart(walked(make(0.1, eps=1e-15), start, 1000 * gradients), path), first)


def _uncorrected(rate: float, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Any:
    def update(gradient: Any, state: Any, parameters: Any = None) -> Any:
        m, v = b1 * state[0] + (1 - b1) * gradient, b2 * state[1] + (1 - b2) * gradient**2
        return -rate * m / (jnp.sqrt(v) + eps), (m, v)

    return optax.GradientTransformation(lambda w: (jnp.zeros_like(w), jnp.zeros_like(w)), update)


def _trainers_adamw(recipe_decay: float) -> Any:
    return cell(name="adamw", learning_rate=RATE, beta1=0.8, beta2=0.9, epsilon=1e-3, weight_decay=recipe_decay)


def _adamw_formula(make: Implementation, case: Case) -> float:
    start, gradients = drawn(case)
    found = walked(make(_trainers_adamw(0.3), 9), start, gradients)
    return apart(found, _adam_path(start, gradients, 0.3))


def _shrinks(make: Implementation, case: Case) -> float:
    """Without gradients every weight shrinks by 1 − α λ a step, whatever gradients there were."""
    start, gradients = drawn(case)
    path = walked(make(_trainers_adamw(0.3), 9), start, np.zeros_like(gradients))
    return apart(path, start * (1 - RATE * 0.3) ** np.arange(1, STEPS + 1)[:, None])


def _with_l2(recipe: Any, _: int) -> Any:
    """Adam on a loss with ½ λ w²: the decay is part of the gradient, and is divided by √v̂ too."""
    o = recipe.optimizer
    return optax.chain(
        optax.add_decayed_weights(o.weight_decay), optax.adam(o.learning_rate, o.beta1, o.beta2, o.epsilon)
    )


def _decay_without_rate(recipe: Any, _: int) -> Any:
    o = recipe.optimizer
    return optax.chain(
        optax.adam(o.learning_rate, o.beta1, o.beta2, o.epsilon), optax.add_decayed_weights(-o.weight_decay)
    )


def _adagrad_formula(make: Implementation, case: Case) -> float:
    start, gradients = drawn(case)
    sums = np.cumsum(gradients**2, 0)
    return apart(
        walked(make(0.1, 1e-3), start, gradients), start - 0.1 * np.cumsum(gradients / np.sqrt(sums + 1e-3), 0)
    )


def _slower(make: Implementation, case: Case) -> float:
    """With gradients of one size the steps are α/√t."""
    gradient = case.normal(3)
    path = walked(make(0.1, 1e-30), np.zeros(3), [gradient] * STEPS)
    return apart(path, -0.1 * np.cumsum(1 / np.sqrt(np.arange(1, STEPS + 1)))[:, None] * np.sign(gradient))


def _adadelta_formula(make: Implementation, case: Case) -> float:
    start, gradients = drawn(case)
    w, squares, moves, expected = start, 0.0, 0.0, []
    for g in gradients:
        squares = 0.8 * squares + 0.2 * g**2
        move = np.sqrt(moves + 1e-3) / np.sqrt(squares + 1e-3) * g
        moves = 0.8 * moves + 0.2 * move**2
        w = w - 0.5 * move
        expected.append(w)
    return apart(walked(make(0.5, 0.8, 1e-3), start, gradients), expected)


def _units(make: Implementation, case: Case) -> float:
    """A loss a thousand times as large gives the same steps, where ε is small against gradients."""
    start, gradients = drawn(case)
    gradients = np.sign(gradients) + gradients
    one, other = (walked(make(1.0, 0.9, 1e-14), start, scale * gradients) - start for scale in (1, 1000))
    return apart(one, other)


def _without_moves(rate: float, rho: float, eps: float) -> Any:
    return optax.rmsprop(rate, rho, eps)


def _no_roots(rate: float, rho: float, eps: float) -> Any:
    def update(gradient: Any, state: Any, parameters: Any = None) -> Any:
        squares, moves = state
        squares = rho * squares + (1 - rho) * gradient**2
        move = (moves + eps) / (squares + eps) * gradient
        return -rate * move, (squares, rho * moves + (1 - rho) * move**2)

    return optax.GradientTransformation(lambda w: (jnp.zeros_like(w), jnp.zeros_like(w)), update)


def _rmsprop_formula(make: Implementation, case: Case) -> float:
    start, gradients = drawn(case)
    w, v, expected = start, 0.0, []
    for g in gradients:
        v = 0.8 * v + 0.2 * g**2
        w = w - 0.1 * g / (np.sqrt(v) + 1e-3)
        expected.append(w)
    return apart(walked(make(0.1, 0.8, 1e-3), start, gradients), expected)


def _first(make: Implementation, case: Case) -> float:
    """The first step is α/√(1 − β) in every coordinate."""
    start, gradients = drawn(case)
    path = walked(make(0.1, 0.99, 1e-15), start, gradients[:1])
    return apart(path[0] - start, -np.sign(gradients[0]))


TERMS = (
    Term(
        "adam",
        optimizers.adam,
        (
            Property(
                "Three steps are those of the formula.",
                _adam_formula,
                1e-12,
                (
                    Mistake("averages not corrected for their start", _uncorrected),
                    Mistake("ε under the root", lambda a, b1, b2, e: optax.adam(a, b1, b2, 0.0, e)),
                    Mistake("both averages exchanged", lambda a, b1, b2, e: optimizers.adam(a, b2, b1, e)),
                ),
            ),
            Property(
                "Gradients times a number give the same steps, and the first is α sign(g).",
                _rescaled,
                1e-12,
                (
                    Mistake("averages not corrected for their start", _uncorrected),
                    Mistake("no second average", lambda a, eps: optax.chain(optax.ema(0.9), optax.scale(-a))),
                ),
            ),
        ),
    ),
    Term(
        "adamw",
        None,
        (
            Property(
                "Three steps are those of Adam, less α λ times the weights.",
                _adamw_formula,
                1e-12,
                (
                    Mistake("L2 regularisation: decay as part of the gradient", _with_l2, line=2923),
                    Mistake("decay without the rate", _decay_without_rate),
                ),
            ),
            Property(
                "Without gradients weights shrink by 1 − α λ a step.",
                _shrinks,
                1e-12,
                (
                    Mistake("L2 regularisation: decay as part of the gradient", _with_l2, line=2923),
                    Mistake("decay without the rate", _decay_without_rate),
                ),
            ),
        ),
    ),
    Term(
        "adagrad",
        optimizers.adagrad,
        (
            Property(
                "Three steps are those of the formula.",
                _adagrad_formula,
                1e-12,
                (
                    Mistake("optax's start at 0.1", lambda a, e: optax.adagrad(a, eps=e)),
                    Mistake("an average instead of the sum", lambda a, e: optax.rmsprop(a, 0.9, e)),
                    Mistake(
                        "ε beside the root", lambda a, e: optax.chain(optax.scale_by_rss(0.0, 0.0), optax.scale(-a))
                    ),
                ),
            ),
            Property(
                "Gradients of one size give steps of α/√t.",
                _slower,
                1e-12,
                (Mistake("an average instead of the sum", lambda a, e: optax.rmsprop(a, 0.9, e)),),
            ),
        ),
    ),
    Term(
        "adadelta",
        optimizers.adadelta,
        (
            Property(
                "Three steps are those of the formula.",
                _adadelta_formula,
                1e-12,
                (
                    Mistake("no memory of the steps", _without_moves),
                    Mistake("the rate left out", lambda a, rho, e: optimizers.adadelta(1.0, rho, e)),
                ),
            ),
            Property(
                "A loss times a number gives the same steps, as long as ε is small against its gradients.",
                _units,
                1e-12,
                (Mistake("mean squares without their roots", _no_roots),),
            ),
        ),
    ),
    Term(
        "rmsprop",
        optimizers.rmsprop,
        (
            Property(
                "Three steps are those of the formula.",
                _rmsprop_formula,
                1e-12,
                (
                    Mistake("ε under the root", optax.rmsprop),
                    Mistake("the average corrected for its start", lambda a, b, e: optax.adam(a, 0.0, b, e)),
                    Mistake("Adagrad's sum", lambda a, b, e: optimizers.adagrad(a, e)),
                ),
            ),
            Property(
                "The first step is α/√(1 − β).",
                _first,
                1e-12,
                (
                    Mistake("the average corrected for its start", lambda a, b, e: optax.adam(a, 0.0, b, e)),
                    Mistake("optax's β", lambda a, b, e: optax.rmsprop(a, eps=e)),
                ),
            ),
        ),
    ),
)
