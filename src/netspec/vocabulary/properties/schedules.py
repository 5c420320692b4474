"""What must hold of the schedules."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import schedules
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: Steps of all schedules that are looked at, and some behind their end.
STEPS, BEHIND = 40, 5
TIMES = np.arange(STEPS + BEHIND)


def _rate(case: Case) -> float:
    return float(case.uniform(1, low=0.05, high=2.0)[0])


def _rates(schedule: Implementation) -> np.ndarray:
    """The rate at every step."""
    return np.asarray(jax.vmap(schedule)(jnp.asarray(TIMES)))


def _as_far(scaling: Implementation, case: Case) -> float:
    """By a constant gradient one step at k times the batch goes as far as k steps."""
    rate, k = _rate(case), case.batch + 1
    return apart(scaling(rate, 64 * k, 64), sum(scaling(rate, 64, 64) for _ in range(k)))


def _as_noisy(scaling: Implementation, case: Case) -> float:
    """By the root rule α²/B stays, and so the variance that noise adds to the weights."""
    rate, batch = _rate(case), 100 * (case.batch + 1)
    return apart(scaling(rate, batch, 64, "root") ** 2 / batch, rate**2 / 64)


def _stairs(make: Implementation, case: Case) -> float:
    rate = _rate(case)
    expected = [rate * 0.3 ** (t // 7) for t in TIMES]
    return apart(_rates(make(rate, 7, 0.3)), expected)


def _half_cosine(make: Implementation, case: Case) -> float:
    rate = _rate(case)
    expected = np.where(TIMES < STEPS, 0.02 + (rate - 0.02) * np.cos(np.pi * TIMES / STEPS / 2) ** 2, 0.02)
    return apart(_rates(make(rate, STEPS, 0.02)), expected)


def _mirrored(make: Implementation, case: Case) -> float:
    """What it falls by in the first part it has left at the same distance from the end."""
    found = _rates(make(_rate(case), STEPS, 0.02))[: STEPS + 1]
    return apart(found + found[::-1], np.full(STEPS + 1, found[0] + 0.02))


def _one_cycle(make: Implementation, case: Case) -> float:
    """Start, middle of the rise, peak, middle of the fall, end and behind it."""
    rate = _rate(case)
    found = _rates(make(rate, STEPS, 0.3, 20.0, 50.0))
    first, last = rate / 20, rate / 20 / 50
    expected = [first, (first + rate) / 2, rate, (rate + last) / 2, last, last]
    return apart(found[[0, 6, 12, 26, STEPS, STEPS + 1]], expected)


def _up_and_down(make: Implementation, case: Case) -> float:
    slope = np.diff(_rates(make(_rate(case), STEPS, 0.3, 20.0, 50.0))[: STEPS + 1])
    return wrong((slope[:12] > 0).all() and (slope[12:] < 0).all())


@cache
def _plateau(make: Implementation) -> Any:
    """The scales after each of a row of losses, compiled; a factor of 1/2 and a patience of 3."""
    transformation = make(0.5, 3, 1e-4)

    def run(losses: jax.Array) -> jax.Array:
        def once(state: Any, loss: jax.Array) -> Any:
            step, state = transformation.update(jnp.ones(()), state, value=loss)
            return state, step

        return jax.lax.scan(once, transformation.init(jnp.ones(())), losses)[1]

    return jax.jit(run)


def _flat(make: Implementation, case: Case) -> float:
    """Of a loss that stays the first is the best one, and every third after it halves the scale."""
    found = _plateau(make)(np.full(12, _rate(case)))
    return apart(found, 0.5 ** (np.arange(12) // 3))


def _falling(make: Implementation, case: Case) -> float:
    """While the loss falls nothing happens; two worse ones between are forgiven."""
    losses = np.exp(-0.1 * np.arange(12)) * np.where(np.arange(12) % 3 == 0, 1.0, 2.0)
    return apart(_plateau(make)(_rate(case) * losses), np.ones(12))


def _every_time(factor: float, patience: int, tolerance: float) -> Any:
    """The rate falls with every evaluation that is no better."""
    return schedules.reduce_on_plateau(factor, 1, tolerance)


def _late(factor: float, patience: int, tolerance: float) -> Any:
    return schedules.reduce_on_plateau(factor, patience + 1, tolerance)


def _total_patience(factor: float, patience: int, tolerance: float) -> Any:
    """Evaluations that are no better are counted even if there are better ones between."""

    def update(steps: Any, state: Any, parameters: Any = None, *, value: Any) -> Any:
        best, count = state
        count = count + (value >= (1 - tolerance) * best)
        return steps * factor ** (count // patience), (jnp.minimum(best, value), count)

    return optax.GradientTransformationExtraArgs(lambda _: (jnp.asarray(jnp.inf), jnp.zeros((), int)), update)


def _line_up_and_down(make: Implementation, case: Case) -> float:
    rate = _rate(case)
    return apart(_rates(make(rate, 10, STEPS)), rate * np.interp(TIMES, [0, 10, STEPS], [0, 1, 0]))


def _recipe(rate: float) -> Any:
    """A recipe of the trainer: ten steps of warm-up, half a cosine to step 40."""
    schedule = SimpleNamespace(name="cosine", granularity="step", floor=0.0, warmup_steps=10)
    lengths = {"steps": STEPS, "evaluate_every_steps": 10, "checkpoint_every_steps": 10}
    optimizer = SimpleNamespace(learning_rate=rate, rate_scaling=None)
    return SimpleNamespace(optimizer=optimizer, schedule=schedule, **lengths)


def _warmup_cosine(make: Implementation, case: Case) -> float:
    """Of step g = 1, 2, …, whose number from zero is one less: g/W, then half a cosine of g."""
    rate, times = _rate(case), TIMES[1 : STEPS + 1]
    rises = np.cos(np.pi * np.maximum(times - 10, 0) / (STEPS - 10) / 2) ** 2
    found = _rates(make(_recipe(rate), 10))[:STEPS]
    return apart(found, rate * np.where(times <= 10, times / 10, rises))


def _continuous(make: Implementation, case: Case) -> float:
    """It is α at the last step of warm-up, zero at the last of all, and nowhere jumps by more than in warm-up."""
    rate = _rate(case)
    found = _rates(make(_recipe(rate), 10))[:STEPS] / rate
    jumps = np.abs(np.diff(found, prepend=0.0)).max()
    return max(apart(found[9], 1.0), abs(float(found[-1])), wrong(jumps < 0.1 + 1e-12))


def _of_recipe(schedule: Implementation) -> Implementation:
    return lambda recipe, _: schedule(recipe.optimizer.learning_rate, 10, STEPS)


def _from_zero(rate: float, warmup: int, steps: int) -> optax.Schedule:
    return optax.warmup_cosine_decay_schedule(0.0, rate, warmup, steps)


def _over_all_steps(rate: float, warmup: int, steps: int) -> optax.Schedule:
    """The cosine counts from the first step, so that the rate falls at once when the warm-up is over."""
    return lambda t: rate * jnp.where(t + 1 <= warmup, (t + 1) / warmup, (1 + jnp.cos(jnp.pi * (t + 1) / steps)) / 2)


TERMS = (
    Term(
        "lr-linear-scaling",
        schedules.lr_scaling,
        (
            Property(
                "Linearly, one step at k times the batch goes as far as k steps by a constant gradient.",
                _as_far,
                1e-12,
                (
                    Mistake("the root", lambda a, b, b0=256, rule="": a * (b / b0) ** 0.5),
                    Mistake("not at all", lambda a, b, b0=256, rule="": a),
                ),
            ),
            Property(
                "By the root, α²/B stays.",
                _as_noisy,
                1e-12,
                (Mistake("linearly, for LAMB", lambda a, b, b0=256, rule="": a * (b / b0), line=3189),),
            ),
        ),
    ),
    Term(
        "step-lr",
        schedules.step_lr,
        (
            Property(
                "It stays for s steps and is then multiplied by γ.",
                _stairs,
                1e-12,
                (
                    Mistake("a fall at every step", lambda a, s, g: optax.exponential_decay(a, s, g)),
                    Mistake("one step late", lambda a, s, g: lambda t: schedules.step_lr(a, s, g)(t - 1)),
                    Mistake("γ taken off once", lambda a, s, g: lambda t: a * jnp.where(t < s, 1.0, g)),
                ),
            ),
        ),
    ),
    Term(
        "cosine-lr",
        schedules.cosine_lr,
        (
            Property(
                "It is α_min + (α₀ − α_min) cos²(π t/2T), and α_min behind the end.",
                _half_cosine,
                1e-12,
                (
                    Mistake(
                        "a quarter of a cosine", lambda a, n, f: lambda t: f + (a - f) * jnp.cos(jnp.pi * t / n / 2)
                    ),
                    Mistake("a line", lambda a, n, f: optax.linear_schedule(a, f, n)),
                    Mistake("no end", lambda a, n, f: lambda t: f + (a - f) * (1 + jnp.cos(jnp.pi * t / n)) / 2),
                    Mistake("the floor as a share", lambda a, n, f: optax.cosine_decay_schedule(a, n, f)),
                ),
            ),
            Property(
                "Both halves mirror each other.",
                _mirrored,
                1e-12,
                (
                    Mistake(
                        "a quarter of a cosine", lambda a, n, f: lambda t: f + (a - f) * jnp.cos(jnp.pi * t / n / 2)
                    ),
                ),
            ),
        ),
    ),
    Term(
        "onecycle-lr",
        schedules.onecycle_lr,
        (
            Property(
                "It is α/25 at first, α after 30 %, α/(25·10⁴) at the end, and half-way in the middle of each part.",
                _one_cycle,
                1e-12,
                (
                    Mistake(
                        "lines, and a third part",
                        lambda a, n, r, s, e: optax.linear_onecycle_schedule(n, a, r, 0.85, s, e),
                    ),
                    Mistake(
                        "the end a share of the peak", lambda a, n, r, s, e: schedules.onecycle_lr(a, n, r, s, e / s)
                    ),
                    Mistake("the peak half-way", lambda a, n, r, s, e: schedules.onecycle_lr(a, n, 0.5, s, e)),
                ),
            ),
            Property(
                "It rises and then falls, with no third part.",
                _up_and_down,
                0.0,
                (Mistake("a cosine from the peak on", lambda a, n, r, s, e: schedules.cosine_lr(a, n)),),
            ),
        ),
    ),
    Term(
        "reduce-on-plateau",
        schedules.reduce_on_plateau,
        (
            Property(
                "Of a loss that stays every third evaluation after the first halves the rate, with a patience of 3.",
                _flat,
                1e-12,
                (
                    Mistake("with every evaluation", _every_time),
                    Mistake("one evaluation later, PyTorch's patience", _late),
                ),
            ),
            Property(
                "While the loss falls nothing happens, even if two evaluations between are worse.",
                _falling,
                0.0,
                (
                    Mistake("with every evaluation", _every_time),
                    Mistake("worse ones counted over the better ones between", _total_patience),
                ),
            ),
        ),
    ),
    Term(
        "warmup-lr",
        schedules.warmup_lr,
        (
            Property(
                "It is a line from 0 to α at W, and one from there to 0 at T.",
                _line_up_and_down,
                1e-12,
                (
                    Mistake("no fall", lambda a, w, n: optax.linear_schedule(0.0, a, w)),
                    Mistake(
                        "the fall counted from zero",
                        lambda a, w, n: optax.join_schedules(
                            [optax.linear_schedule(0.0, a, w), optax.linear_schedule(a, 0.0, n)], [w]
                        ),
                    ),
                    Mistake("half a cosine", _from_zero),
                ),
            ),
        ),
    ),
    Term(
        "warmup-cosine",
        None,
        (
            Property(
                "Step g has the rate α g/W up to W, then α cos²(π (g − W)/2(T − W)).",
                _warmup_cosine,
                1e-12,
                (
                    Mistake("steps counted from zero", _of_recipe(_from_zero)),
                    Mistake("a line down", _of_recipe(schedules.warmup_lr)),
                    Mistake("the cosine counted from the first step", _of_recipe(_over_all_steps)),
                ),
            ),
            Property(
                "It is α at W and 0 at T, and nowhere jumps.",
                _continuous,
                1e-12,
                (Mistake("the cosine counted from the first step", _of_recipe(_over_all_steps)),),
            ),
        ),
    ),
)
