"""What must hold of what is put around an optimizer, and of gradients that are accumulated."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import optimizers
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.optimizers.walk import drawn, walked
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _loss(w: jax.Array, batch: dict[str, jax.Array]) -> jax.Array:
    return jnp.square(batch["x"] @ w - batch["y"]).mean()


def _batch(case: Case) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return case.normal(3), {"x": case.normal(6, 3, seed=1), "y": case.normal(6, seed=2)}


@cache
def _accumulated(accumulate: Implementation) -> Any:
    """Gradient, sum of targets and number of parts of a batch in three parts, compiled."""

    def run(w: jax.Array, batch: Any) -> Any:
        def gradient_of(rest: Any, part: Any, _: Any) -> Any:
            return jax.grad(_loss)(w, part), part["y"].sum(), rest + 1

        return accumulate(gradient_of, jnp.int32(0), batch, 3)

    return jax.jit(run)


def _whole(accumulate: Implementation, case: Case) -> float:
    """The mean gradient of three parts is that of the batch; sums are over all examples; each part passes once."""
    w, batch = _batch(case)
    gradient, total, rest = _accumulated(accumulate)(w, batch)
    expected = 2 * batch["x"].T @ (batch["x"] @ w - batch["y"]) / 6
    return max(apart(gradient, expected), apart(total, batch["y"].sum()), wrong(rest == 3))


def _in_turn(gradient_of: Any, rest: Any, batch: Any, parts: int, share: float, used: int) -> Any:
    """``used`` of the parts one after the other, their gradients added up with a weight of ``share``."""
    gradient: Any = 0.0
    total: Any = 0.0
    for index in range(used):
        part = jax.tree.map(lambda leaf, index=index: leaf[index::parts], batch)
        found, sums, rest = gradient_of(rest, part, index)
        gradient, total = gradient + share * found, total + sums
    return gradient, total, rest


def _followed(make: Implementation, case: Case) -> float:
    """Of SGD: after two steps the slow weights go 0.3 of the way and the fast ones come back, and again."""
    start, gradients = drawn(case)
    optimizer = make(optax.sgd(0.1), 2, 0.3)
    w = optax.LookaheadParams.init_synced(jnp.asarray(start))
    state = optimizer.init(w)
    fast = slow = start
    found: list[Any] = []
    expected: list[Any] = []
    for number, gradient in enumerate((*gradients, gradients[0])):
        steps, state = optimizer.update(gradient, state, w)
        w = optax.apply_updates(w, steps)
        found.append([w.fast, w.slow])
        fast = fast - 0.1 * gradient
        if number % 2:
            slow = fast = slow + 0.3 * (fast - slow)
        expected.append([fast, slow])
    return apart(found, expected)


def _all_the_way(make: Implementation, case: Case) -> float:
    """With a rate of one it is the optimizer itself, its memory too."""
    start, gradients = drawn(case)
    optimizer = make(optax.sgd(0.1, 0.9), 2, 1.0)
    w = optax.LookaheadParams.init_synced(jnp.asarray(start))
    state, path = optimizer.init(w), []
    for gradient in gradients:
        steps, state = optimizer.update(gradient, state, w)
        w = optax.apply_updates(w, steps)
        path.append(w.fast)
    return apart(path, walked(optax.sgd(0.1, 0.9), start, gradients))


def _not_returned(optimizer: Any, period: int, rate: float) -> Any:
    """The slow weights follow, and the fast ones go on from where they are."""
    right = optimizers.lookahead(optimizer, period, rate)

    def update(gradient: Any, state: Any, w: Any) -> Any:
        steps, after = right.update(gradient, state, w)
        alone, _ = optimizer.update(gradient, state.fast_state, w.fast)
        return optax.LookaheadParams(alone, steps.slow), after

    return optax.GradientTransformation(right.init, update)


def _slope(w: jax.Array) -> jax.Array:
    """Of the sum of w⁴/4 + w."""
    return w**3 + 1


def _sharpness(make: Implementation, case: Case) -> float:
    """A step by the gradient at w + ρ g/‖g‖."""
    start = case.normal(3)
    optimizer, g = make(optax.sgd(0.1), 0.2), _slope(start)
    step, _ = optimizer.update(g, optimizer.init(start), start, grad_fn=lambda w, _: _slope(w))
    return apart(step, -0.1 * _slope(start + 0.2 * g / np.linalg.norm(g)))


def _no_radius(make: Implementation, case: Case) -> float:
    """With a radius of zero it is the optimizer itself; else the place is exactly ρ away."""
    start, g = case.normal(3), case.normal(3, seed=1)
    places = []

    def slope(w: Any, _: int) -> Any:
        places.append(w)
        return g

    for radius in (0.2, 0.0):
        optimizer = make(optax.sgd(0.1), radius)
        step, _ = optimizer.update(g, optimizer.init(start), start, grad_fn=slope)
    distances = [np.linalg.norm(place - start) for place in places]
    return max(apart(step, -0.1 * g), apart(distances, [0.2, 0.0]))


def _sam(direction: Implementation) -> Implementation:
    """SAM that looks at another place."""

    def make(optimizer: Any, radius: float) -> Any:
        def update(g: Any, state: Any, w: Any, grad_fn: Any) -> Any:
            return optimizer.update(grad_fn(w + radius * direction(g), 0), state, w)

        return optax.GradientTransformationExtraArgs(optimizer.init, update)

    return make


def _groups(make: Implementation, case: Case) -> float:
    """Each part goes as by an optimizer of its own."""
    start = {name: case.normal(3, seed=seed) for seed, name in enumerate("abc")}
    gradients = [{name: case.normal(3, seed=3 * step + seed) for seed, name in enumerate("abc")} for step in (1, 2)]
    groups = {"a": "slow", "b": "fast", "c": "slow"}
    path = walked(make({"slow": 0.01, "fast": 0.1}, groups, optax.adagrad), start, gradients)
    rates = {"a": 0.01, "b": 0.1, "c": 0.01}
    expected = [walked(optax.adagrad(rates[name]), start[name], [g[name] for g in gradients]) for name in "abc"]
    return apart(path, np.concatenate(expected, -1))


def _untouched(make: Implementation, case: Case) -> float:
    """What has a rate of zero stays as it is, to the bit, and the rest moves."""
    start = {"identity": case.normal(3), "prediction": case.normal(3, seed=1)}
    optimizer = make({"still": 0.0, "quick": 0.1}, {"identity": "still", "prediction": "quick"}, optax.sgd)
    path = walked(optimizer, start, [{name: case.normal(3, seed=2) for name in start}])
    return wrong((path[0, :3] == start["identity"]).all() and (path[0, 3:] != start["prediction"]).all())


def _one_rate(rates: dict[str, float], groups: Any, optimizer: Implementation) -> Any:
    return optimizer(max(rates.values()))


def _scaled_gradients(rates: dict[str, float], groups: Any, optimizer: Implementation) -> Any:
    """The rates put on the gradients, which an adaptive optimizer divides out again."""
    scale = optax.stateless(lambda g, _: jax.tree.map(lambda g, name: rates[name] * 10 * g, g, groups))
    return optax.chain(scale, optimizer(0.1))


TERMS = (
    Term(
        "gradient-accumulation",
        None,
        (
            Property(
                "The gradient of three parts, one after the other, is that of the whole batch.",
                _whole,
                1e-12,
                (
                    Mistake("the sum of the parts", partial(_in_turn, share=1.0, used=3)),
                    Mistake("the last part left out", partial(_in_turn, share=1 / 3, used=2)),
                    Mistake("divided by the batch again", partial(_in_turn, share=1 / 18, used=3)),
                ),
            ),
        ),
    ),
    Term(
        "lookahead",
        optimizers.lookahead,
        (
            Property(
                "Every second step slow weights go 0.3 of the way, and fast ones come back to them.",
                _followed,
                1e-12,
                (
                    Mistake("fast weights do not come back", _not_returned),
                    Mistake("the other share of the way", lambda o, k, a: optimizers.lookahead(o, k, 1 - a)),
                    Mistake("one step later", lambda o, k, a: optimizers.lookahead(o, k + 1, a)),
                ),
            ),
            Property(
                "All the way, it is the optimizer itself.",
                _all_the_way,
                1e-12,
                (
                    Mistake("no way at all", lambda o, k, a: optimizers.lookahead(o, k, 1 - a)),
                    Mistake("the memory lost on return", lambda o, k, a: optax.lookahead(o, k, a, reset_state=True)),
                ),
            ),
        ),
    ),
    Term(
        "sam",
        optimizers.sam,
        (
            Property(
                "The step is by the gradient at w + ρ g/‖g‖.",
                _sharpness,
                1e-12,
                (
                    Mistake("downhill", _sam(lambda g: -g / jnp.linalg.norm(g))),
                    Mistake("by the gradient, whatever its size", _sam(lambda g: g)),
                    Mistake("every coordinate by ρ", _sam(jnp.sign)),
                ),
            ),
            Property(
                "The place looked at is ρ away, and with ρ = 0 it is the optimizer itself.",
                _no_radius,
                1e-12,
                (
                    Mistake("by the gradient, whatever its size", _sam(lambda g: g)),
                    Mistake("every coordinate by ρ", _sam(jnp.sign)),
                ),
            ),
        ),
    ),
    Term(
        "differential-plasticity",
        optimizers.rates_by_group,
        (
            Property(
                "Each group goes as by an optimizer of its own.",
                _groups,
                1e-12,
                (
                    Mistake("one rate for all", _one_rate),
                    Mistake("rates on gradients, which Adagrad divides out", _scaled_gradients),
                ),
            ),
            Property(
                "A group of rate zero stays as it is, to the bit.",
                _untouched,
                0.0,
                (Mistake("one rate for all", _one_rate),),
            ),
        ),
    ),
)
