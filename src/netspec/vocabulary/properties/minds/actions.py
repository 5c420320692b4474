"""What must hold of models of what others want and do."""

from __future__ import annotations

from functools import cache
from typing import Any

import flax.nnx as nnx
import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import minds
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.minds import Mind, Plan
from netspec.vocabulary.programs import compiled, gradient
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _cell(case: Case) -> nnx.GRUCell:
    zeros = nnx.initializers.zeros_init()
    cell = nnx.GRUCell(2, 3, rngs=nnx.Rngs(0), param_dtype=float, kernel_init=zeros, recurrent_kernel_init=zeros)
    cell.dense_i.kernel[...] = case.normal(2, 9, seed=4)
    cell.dense_i.bias[...] = case.normal(9, seed=5)
    cell.dense_h.kernel[...] = case.normal(3, 9, seed=6)
    return cell


@jax.jit
def _intent(actions: Any, lengths: Any, cell: nnx.GRUCell, readout: Any) -> Any:
    return minds.intent_logits(actions, lengths, cell, readout)


def _logits(recognise: Implementation, *args: Any) -> np.ndarray:
    return np.asarray((_intent if recognise is minds.intent_logits else recognise)(*args))


def _gates(recognise: Implementation, case: Case) -> float:
    """Gates and state computed one by one, in numpy, for sequences of their own lengths."""
    actions, lengths, cell, readout = case.normal(2, 4, 2), np.array([2, 4]), _cell(case), case.normal(3, 2, seed=1)
    inner, bias = np.asarray(cell.dense_i.kernel[...]), np.asarray(cell.dense_i.bias[...])
    outer = np.asarray(cell.dense_h.kernel[...])
    states = []
    for sequence, length in zip(actions, lengths, strict=True):
        h = np.zeros(3)
        for action in sequence[:length]:
            of_input, of_state = (action @ inner + bias).reshape(3, 3), (h @ outer).reshape(3, 3)
            reset, keep = 1 / (1 + np.exp(-of_input[:2] - of_state[:2]))
            h = keep * h + (1 - keep) * np.tanh(of_input[2] + reset * of_state[2])
        states.append(h)
    return apart(_logits(recognise, actions, lengths, cell, readout), np.array(states) @ readout)


def _after_the_end(recognise: Implementation, case: Case) -> float:
    """What stands after a sequence's length does not count; its last action does."""
    actions, lengths, cell, readout = case.normal(2, 4, 2), np.array([1, 3]), _cell(case), case.normal(3, 2, seed=1)
    padded, other = actions.copy(), actions.copy()
    padded[0, 1:], padded[1, 3:] = 9.0, -9.0
    other[0, 0], other[1, 2] = other[0, 0] + 1, other[1, 2] - 1
    first, same, moved = (_logits(recognise, each, lengths, cell, readout) for each in (actions, padded, other))
    return max(apart(same, first), wrong(np.abs(moved - first).max(axis=1) > 1e-6))


def _last_example(actions: Any, lengths: Any, cell: Any, readout: Any) -> Any:
    """The state of the last example in place of the last time."""
    found = _intent(actions, lengths, cell, readout)
    return np.repeat(np.asarray(found)[-1:], len(actions), axis=0)


def _without_the_last(actions: Any, lengths: Any, cell: Any, readout: Any) -> Any:
    return _intent(actions, np.maximum(lengths - 1, 1), cell, readout)


def _to_the_end(actions: Any, lengths: Any, cell: Any, readout: Any) -> Any:
    return _intent(actions, np.full_like(lengths, actions.shape[1]), cell, readout)


_WORDS = "abcdef"


def _world(case: Case, seed: int) -> tuple[Mind, frozenset[str], frozenset[str], list[Plan]]:
    """A drawn mind, what is perceived and gone, and a drawn library of plans."""
    rng = case.rng(seed)

    def some(share: float) -> frozenset[str]:
        return frozenset(word for word in _WORDS if rng.random() < share)

    plans = [Plan(goal, some(0.3), (f"do {n}",)) for n, goal in enumerate(_WORDS * 2)]
    desires = tuple(str(word) for word in rng.permutation(list(_WORDS))[:3])
    percepts = some(0.3)
    intention = plans[rng.integers(len(plans))] if rng.random() < 0.7 else None
    return Mind(some(0.3), desires, intention), percepts, some(0.3) - percepts, plans


def _sensible(think: Implementation, case: Case) -> float:
    """Never a plan for what is achieved or not wanted, nor one whose context is not believed."""
    for seed in range(40):
        mind, percepts, gone, plans = _world(case, seed)
        found = think(mind, percepts, gone, plans)
        believed = {word for word in _WORDS if word in percepts or (word in mind.beliefs and word not in gone)}
        plan = found.intention
        if found.beliefs != believed or (plan and (plan.goal in believed or plan.goal not in mind.desires)):
            return 1.0
        context = next((each.context for each in plans if plan and each.steps == plan.steps), frozenset())
        if not all(word in believed for word in context):
            return 1.0
    return 0.0


def _committed(think: Implementation, case: Case) -> float:
    """An intention that makes sense is kept; else the most important desire that can be pursued is, if any can."""
    for seed in range(40):
        mind, percepts, gone, plans = _world(case, seed)
        found = think(mind, percepts, gone, plans)
        able = [
            p for p in plans if p.goal in mind.desires and p.goal not in found.beliefs and p.context <= found.beliefs
        ]
        best = min(able, key=lambda plan: mind.desires.index(plan.goal), default=None)
        if found.intention != (mind.intention if mind.intention in able else best):
            return 1.0
    return 0.0


def _blind_plan(mind: Mind, percepts: Any, gone: Any, plans: Any) -> Mind:
    return minds.deliberate(mind, percepts, gone, [Plan(p.goal, frozenset(), p.steps) for p in plans])


def _fanatic(mind: Mind, percepts: Any, gone: Any, plans: Any) -> Mind:
    """An intention that is never dropped."""
    found = minds.deliberate(mind, percepts, gone, plans)
    return found._replace(intention=mind.intention or found.intention)


def _fickle(mind: Mind, percepts: Any, gone: Any, plans: Any) -> Mind:
    """An intention that is dropped at every thought."""
    return minds.deliberate(mind._replace(intention=None), percepts, gone, plans)


def _least_squares(loss: Implementation, case: Case) -> float:
    """For a linear policy the gradient is zero at the least-squares solution, and 2 oᵀ(oW − a) / n elsewhere."""
    observations, expert = case.normal(6, 3), case.normal(6, 2, seed=1)
    best = np.linalg.lstsq(observations, expert, rcond=None)[0]
    residual = 0.0
    for weights in (best, case.normal(3, 2, seed=2)):
        expected = 2 * observations.T @ (observations @ weights - expert) / expert.size
        found = observations.T @ np.asarray(gradient(loss)(observations @ weights, expert))
        residual = max(residual, float(np.abs(found - expected).max()))
    return residual


def _moments(loss: Implementation, case: Case) -> float:
    """Mean squared error = variance of the error + its mean squared; the more examples of the same, the same."""
    predicted, expert = case.normal(6, 2), case.normal(6, 2, seed=1)
    error = predicted - expert
    return apart(compiled(loss)(predicted, expert), error.var() + error.mean() ** 2)


def _at_the_best_discriminator(reward: Implementation, case: Case) -> float:
    """With D = p_E / (p_E + p_π) the reward is log(1 + p_E / p_π)."""
    expert, policy = case.uniform(8, low=0.01), case.uniform(8, low=0.01, seed=1)
    return apart(compiled(reward)(np.log(expert / policy)), np.log1p(expert / policy))


def _slope_is_d(reward: Implementation, case: Case) -> float:
    """Its slope by the logit is D itself, and far out it is the logit or nothing."""
    logits = case.normal(8) * 3
    found = gradient(_total(reward))(logits)
    ends = apart(1 + np.asarray(compiled(reward)(np.array([-800.0, 800.0] * 4))), np.array([1.0, 801.0] * 4))
    return max(ends, apart(found, 1 / (1 + np.exp(-logits))))


@cache
def _total(reward: Implementation) -> Any:
    return lambda logits: reward(logits).sum()


def _log_d(logits: Any) -> Any:
    return jax.nn.log_sigmoid(logits)


def _policy_probability(logits: Any) -> Any:
    return jax.nn.softplus(-logits)


def _overflowing(logits: Any) -> Any:
    return -jnp.log(1 - 1 / (1 + jnp.exp(-logits)))


TERMS = (
    Term(
        "intent-recognition",
        minds.intent_logits,
        (
            Property(
                "Its state is that of the gates computed one by one.",
                _gates,
                1e-12,
                (
                    Mistake("the last example in place of the last time", _last_example),
                    Mistake("padding read as actions", _to_the_end),
                ),
            ),
            Property(
                "The last action counts, what stands after it does not.",
                _after_the_end,
                1e-12,
                (
                    Mistake("the last action left out", _without_the_last),
                    Mistake("padding read as actions", _to_the_end),
                ),
            ),
        ),
    ),
    Term(
        "bdi",
        minds.deliberate,
        (
            Property(
                "It never pursues what is achieved or unwanted, nor follows a plan whose context it does not believe.",
                _sensible,
                0.0,
                (
                    Mistake("plans whatever is believed", _blind_plan),
                    Mistake("an intention that is never dropped", _fanatic),
                ),
            ),
            Property(
                "It keeps an intention that makes sense, and else takes up the most important desire that it can.",
                _committed,
                0.0,
                (
                    Mistake("an intention that is dropped at every thought", _fickle),
                    Mistake("an intention that is never dropped", _fanatic),
                ),
            ),
        ),
    ),
    Term(
        "imitation-learning",
        minds.cloning_loss,
        (
            Property(
                "Of a linear policy its gradient is zero at the least-squares solution.",
                _least_squares,
                1e-12,
                (
                    Mistake("the sum in place of the mean", lambda p, a: ((p - a) ** 2).sum()),
                    Mistake("the absolute error", lambda p, a: jnp.abs(p - a).mean()),
                ),
            ),
            Property(
                "It is the variance of the error and its mean squared.",
                _moments,
                1e-12,
                (
                    Mistake("the variance of the error", lambda p, a: (p - a).var()),
                    Mistake("the sum in place of the mean", lambda p, a: ((p - a) ** 2).sum()),
                ),
            ),
        ),
    ),
    Term(
        "gail",
        minds.gail_reward,
        (
            Property(
                "With the best discriminator it is log(1 + p_E / p_π).",
                _at_the_best_discriminator,
                1e-12,
                (
                    Mistake("log D", _log_d),
                    Mistake("D taken for the probability of the policy", _policy_probability),
                ),
            ),
            Property(
                "Its slope is D, and it overflows nowhere.",
                _slope_is_d,
                1e-12,
                (
                    Mistake("D taken for the probability of the policy", _policy_probability),
                    Mistake("1 − D computed and its logarithm taken", _overflowing),
                ),
            ),
        ),
    ),
)
