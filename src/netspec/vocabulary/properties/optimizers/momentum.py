"""What must hold of SGD, Nesterov's momentum, Lion and Adan."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import optimizers
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties.optimizers.walk import STEPS, descended, drawn, walked
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: The trainer's rates are float32, which holds this one exactly.
RATE = 0.125


def cell(**optimizer: Any) -> Any:
    """A recipe for the trainer's optimizers: steps at a constant rate, decay on everything, no clipping."""
    schedule = SimpleNamespace(name="constant", granularity="step", floor=0.0, warmup_steps=0)
    around = dict.fromkeys(("lookahead", "sam", "rate_scaling"))
    fields = {"decay_mask": "all", "clip_norm": None, "weight_decay": 0.0, **around, **optimizer}
    lengths = {"steps": 9, "evaluate_every_steps": 9, "checkpoint_every_steps": 9}
    return SimpleNamespace(optimizer=SimpleNamespace(**fields), own_optimizer=None, schedule=schedule, **lengths)


def _recursion(make: Implementation, case: Case) -> float:
    """Of ½ h w² the steps are w ← (1 + μ − α h) w − μ w_before, h with the decay."""
    recipe = cell(name="sgd", learning_rate=RATE, momentum=0.9, weight_decay=0.3)
    start, curvature = case.normal(3), np.array([0.5, 2.0, 4.0])
    before, now, expected = start, start, []
    for _ in range(STEPS):
        before, now = now, (1.9 - RATE * (curvature + 0.3)) * now - 0.9 * before
        expected.append(now)
    return apart(descended(make(recipe, 9), start, lambda w: curvature * w), expected)


def _plain(make: Implementation, case: Case) -> float:
    """Without momentum it is gradient descent."""
    start, gradients = drawn(case)
    recipe = cell(name="sgd", learning_rate=RATE, momentum=0.0)
    expected = start - RATE * np.cumsum(gradients, 0)
    return apart(walked(make(recipe, 9), start, gradients), expected)


def _trainers(chain: Implementation) -> Implementation:
    """An optimizer of the trainer's recipe."""
    return lambda recipe, _: chain(recipe.optimizer)


def _shifted(make: Implementation, case: Case) -> float:
    """The lookahead form, with gradients taken ahead; what is kept is ahead by α μ v."""
    start, curvature = case.normal(3), np.array([0.5, 2.0, 4.0])
    theta, velocity, expected = start, np.zeros(3), []
    for _ in range(STEPS):
        velocity = 0.9 * velocity + curvature * (theta - 0.1 * 0.9 * velocity)
        theta = theta - 0.1 * velocity
        expected.append(theta - 0.1 * 0.9 * velocity)
    return apart(descended(make(0.1, 0.9), start, lambda w: curvature * w), expected)


def _constant(make: Implementation, case: Case) -> float:
    """By a constant gradient it goes 1 + μ, 1 + μ + μ², … times α g: always one memory further than plain momentum."""
    gradient = case.normal(3)
    sums = np.cumsum([1 + 0.5, 1 + 0.5 + 0.25, 1 + 0.5 + 0.25 + 0.125])
    return apart(walked(make(0.1, 0.5), np.zeros(3), [gradient] * 3), -0.1 * sums[:, None] * gradient)


def _lion_formula(make: Implementation, case: Case) -> float:
    start, gradients = drawn(case)
    gradients = np.concatenate([gradients, -gradients / 2])  # signs turn, and memories of unlike length tell
    w, m, expected = start, np.zeros(3), []
    for g in gradients:
        w = w - 0.1 * (np.sign(0.6 * m + 0.4 * g) + 0.2 * w)
        m = 0.7 * m + 0.3 * g
        expected.append(w)
    return apart(walked(make(0.1, 0.6, 0.7, 0.2), start, gradients), expected)


def _one_size(make: Implementation, case: Case) -> float:
    """Every coordinate moves by the rate, and one number is remembered for each."""
    start, gradients = drawn(case)
    steps = np.abs(np.diff(walked(make(0.1), start, gradients), axis=0, prepend=start[None]))
    remembered = sum(leaf.size for leaf in jax.tree.leaves(make(0.1).init(start)) if leaf.ndim)
    return max(apart(steps, np.full((STEPS, 3), 0.1)), apart(remembered, start.size))


def _adan_formula(make: Implementation, case: Case) -> float:
    start, gradients = drawn(case)
    b1, b2, b3, rate, decay = 0.8, 0.7, 0.9, 0.1, 0.2
    w, before = start, gradients[0]
    m = v = n = np.zeros(3)
    expected = []
    for t, g in enumerate(gradients, 1):
        change = g - before
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * change
        n = b3 * n + (1 - b3) * (g + b2 * change) ** 2
        direction = (m / (1 - b1**t) + b2 * v / (1 - b2**t)) / (np.sqrt(n / (1 - b3**t)) + 1e-8)
        w, before = (w - rate * direction) / (1 + rate * decay), g
        expected.append(w)
    return apart(walked(make(rate, b1, b2, b3, 1e-8, decay), start, gradients), expected)


def _adan_constant(make: Implementation, case: Case) -> float:
    """By a constant gradient nothing changes, and every step is α sign(g) as of Adam."""
    start, gradient = case.normal(3), case.normal(3, seed=1)
    path = walked(make(0.1, eps=1e-15), start, [gradient] * STEPS)
    return apart(path - start, -0.1 * np.arange(1, 4)[:, None] * np.sign(gradient))


def _sign_of_gradient(rate: float, *_: float) -> Any:
    return optax.sign_sgd(rate)


def _other_share(rate: float, b1: float, b2: float, b3: float, eps: float, decay: float) -> Any:
    """Adan whose change of the gradient counts by 1 − β₂ instead of β₂, in n and in the step."""
    right = optimizers.adan(1.0, b1, b2, b3, eps)

    def update(gradient: Any, state: Any, w: Any) -> Any:
        _, after = right.update(gradient, state, w)
        change = jnp.where(after.count == 1, 0.0, gradient - state.gradient)
        n = b3 * state.n + (1 - b3) * (gradient + (1 - b2) * change) ** 2
        m, v, size = (x / (1 - b**after.count) for x, b in ((after.m, b1), (after.v, b2), (n, b3)))
        moved = (w - rate * (m + (1 - b2) * v) / (jnp.sqrt(size) + eps)) / (1 + rate * decay)
        return moved - w, after._replace(n=n)

    return optax.GradientTransformation(right.init, update)


def _raw_adan(
    rate: float, b1: float = 0.9, b2: float = 0.9, b3: float = 0.9, eps: float = 1e-8, decay: float = 0.0
) -> Any:
    """Averages that start at zero and are taken as they are."""
    inner = optimizers.adan(1.0, b1, b2, b3, eps)

    def update(gradient: Any, state: Any, parameters: Any) -> Any:
        _, state = inner.update(gradient, state, parameters)
        return -rate * (state.m + b2 * state.v) / (jnp.sqrt(state.n) + eps), state

    return optax.GradientTransformation(inner.init, update)


TERMS = (
    Term(
        "sgd",
        None,
        (
            Property(
                "Down ½ h w² with decay λ the steps are w ← (1 + μ − α (h + λ)) w − μ w_before.",
                _recursion,
                1e-12,
                (
                    Mistake(
                        "Nesterov's momentum",
                        _trainers(
                            lambda o: optax.chain(
                                optax.add_decayed_weights(o.weight_decay),
                                optax.sgd(o.learning_rate, o.momentum, nesterov=True),
                            )
                        ),
                    ),
                    Mistake(
                        "a velocity that is an average, of 1 − μ times the gradient",
                        _trainers(
                            lambda o: optax.chain(
                                optax.add_decayed_weights(o.weight_decay),
                                optax.ema(o.momentum, debias=False),
                                optax.scale(-o.learning_rate),
                            )
                        ),
                    ),
                    Mistake(
                        "decay apart from the gradient",
                        _trainers(
                            lambda o: optax.chain(
                                optax.trace(o.momentum),
                                optax.add_decayed_weights(o.weight_decay),
                                optax.scale(-o.learning_rate),
                            )
                        ),
                    ),
                ),
            ),
            Property(
                "Without momentum it is gradient descent.",
                _plain,
                1e-12,
                (Mistake("uphill", _trainers(lambda o: optax.scale(o.learning_rate))),),
            ),
        ),
    ),
    Term(
        "nesterov",
        optimizers.nesterov,
        (
            Property(
                "It is the form that takes gradients ahead, looked at from there.",
                _shifted,
                1e-12,
                (
                    Mistake("momentum without the look ahead", optax.sgd),
                    Mistake("the look back", lambda a, m: optax.chain(optax.trace(-m, nesterov=True), optax.scale(-a))),
                ),
            ),
            Property(
                "A constant gradient moves it by α g (1 + μ), then α g (1 + μ + μ²), and so on.",
                _constant,
                1e-12,
                (Mistake("momentum without the look ahead", optax.sgd),),
            ),
        ),
    ),
    Term(
        "lion",
        optimizers.lion,
        (
            Property(
                "Three steps are those of the formula.",
                _lion_formula,
                1e-12,
                (
                    Mistake("remembered as fast as used", lambda a, b1, b2, w: optimizers.lion(a, b1, b1, w)),
                    Mistake("both rates exchanged", lambda a, b1, b2, w: optimizers.lion(a, b2, b1, w)),
                    Mistake("no decay", lambda a, b1, b2, w: optimizers.lion(a, b1, b2)),
                    Mistake("the sign of the gradient alone", _sign_of_gradient),
                ),
            ),
            Property(
                "Every coordinate moves by the rate, with one number of memory each.",
                _one_size,
                1e-12,
                (
                    Mistake("the average without its sign", lambda a: optax.chain(optax.ema(0.9), optax.scale(-a))),
                    Mistake("Adam's second number", lambda a: optax.chain(optax.scale_by_adam(), optax.sign_sgd(a))),
                ),
            ),
        ),
    ),
    Term(
        "adan",
        optimizers.adan,
        (
            Property(
                "Three steps are those of the formula.",
                _adan_formula,
                1e-12,
                (
                    Mistake("the change weighed by 1 − β₂, as optax 0.2.8 does", _other_share),
                    Mistake("no decay", lambda a, b1, b2, b3, e, w: optimizers.adan(a, b1, b2, b3, e)),
                    Mistake("averages not corrected for their start", _raw_adan),
                ),
            ),
            Property(
                "By a constant gradient every step is α sign(g), as Adam's.",
                _adan_constant,
                1e-12,
                (Mistake("averages not corrected for their start", _raw_adan),),
            ),
        ),
    ),
)
