"""Chains of thought: steps one after the other, checks on them, and what is learned from those that were wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary import expect


class Checked(NamedTuple):
    """The ``states`` of a chain, and its ``corrections``: the number of the step and the state that was refused."""

    states: tuple[Any, ...]
    corrections: tuple[tuple[int, Any], ...]


def chain_of_thought(step: Callable[[Any, int], Any], start: Any, steps: int) -> tuple[Any, ...]:
    """Reach an answer that is too far for one step by intermediate results, each made from the one before.

    Formula: s_t = f(s_{t−1}, t); the answer is s_T
    Shapes: ``step`` makes of a state and the number of the step, from 0, the next state; the result has all ``steps``.
    Parameters: none; ``step`` is the caller's, of a language model the whole sequence so far is the state.
    Cost: one ``step`` a state.
    Training: a language model learns from chains that are written down, or is shown a few in its prompt.
    Caveats: nothing checks a step, and an error goes on to the answer. It is the control of all that the document
    claims of checked chains.
    Raises: VocabularyError for fewer than 1 step.
    Source: Wei et al. 2022 [arXiv:2201.11903]; vocabulary line 1126.

    >>> sums = [lambda x: x + 23, lambda x: x * 2, lambda x: x - 10]
    >>> chain_of_thought(lambda state, number: sums[number](state), 15, steps=3)
    (38, 76, 66)
    """
    expect.whole("steps", steps)
    states = [start]
    for number in range(steps):
        states.append(step(states[-1], number))
    return tuple(states[1:])


def checked_chain(
    step: Callable[[Any, int, int], Any],
    fits: Callable[[Any, Any, int], bool],
    start: Any,
    steps: int,
    *,
    retries: int = 1,
) -> Checked:
    """Catch a wrong step before the next is built on it: check each, and where it does not fit make it again.

    Formula: s_t = the first of f(s_{t−1}, t, 0), …, f(s_{t−1}, t, r) that fits s_{t−1}, or the last
    Shapes: ``step`` makes of state, number and attempt, both from 0, the next state; ``fits`` says of state, next state
    and number whether they go together.
    Parameters: none; ``step`` and the check are the caller's.
    Cost: at most 1 + retries of ``step`` and of ``fits`` a state.
    Training: none here.
    Caveats: a retry must be able to come out differently, so ``step`` is told the attempt. The document's is not, so
    it repeats the error; its steps start from the question each, not from the step before; and its gains (10 to 15 %
    more accuracy, 70 % of errors caught, at 1.5 to 2 times the cost) come without evidence.
    Raises: VocabularyError for fewer than 1 step or 0 retries.
    Source: Wei et al. 2022 [arXiv:2201.11903] for the chain; the check is the document's; vocabulary line 827.

    >>> sums = [lambda x: x + 23, lambda x: x * 2, lambda x: x - 10]
    >>> def step(state, number, attempt):  # at first the second is two too small
    ...     return sums[number](state) - 2 * (number == 1 and attempt == 0)
    >>> checked_chain(step, lambda before, after, number: after == sums[number](before), 15, steps=3)
    Checked(states=(38, 76, 66), corrections=((1, 74),))
    """
    expect.whole("steps", steps)
    expect.whole("retries", retries, low=0)
    states = [start]
    corrections: list[tuple[int, Any]] = []
    for number in range(steps):
        for attempt in range(retries + 1):
            state = step(states[-1], number, attempt)
            if fits(states[-1], state, number):
                break
            if attempt < retries:
                corrections.append((number, state))
        states.append(state)
    return Checked(tuple(states[1:]), tuple(corrections))


def random_verification(
    key: jax.Array, validity: jax.Array, *, probability: float = 0.1, limit: float = 0.5, factor: float = 0.8
) -> tuple[jax.Array, jax.Array]:
    """Check some steps of a path at random, even those that look right, when checking all costs too much.

    Formula: V_t ~ Bernoulli(p); confidence = factor^{number of t with V_t and validity_t < limit}
    Shapes: validity [..., steps], what the check would say of each step; the results are which steps were verified,
    of the same shape, and the confidence that is left, [...].
    Parameters: p = 0.1, the least validity and the factor 0.8.
    Cost: p × steps checks, on average; their number is binomial.
    Training: used there; with probability 0, as in evaluation, nothing is checked.
    Caveats: an invalid step stays unseen with probability 1 − p.
    Raises: VocabularyError for a probability or a factor outside 0…1.
    Source: none but the document; vocabulary line 134.

    >>> verified, confidence = random_verification(jax.random.key(0), jnp.zeros(4), probability=1.0)
    >>> verified.tolist(), round(float(confidence), 4)
    ([True, True, True, True], 0.4096)
    """
    expect.axes(validity=(validity, "... steps"))
    expect.probability("probability", probability)
    expect.probability("factor", factor)
    verified = jax.random.bernoulli(key, probability, jnp.shape(validity))
    return verified, factor ** (verified & (validity < limit)).sum(axis=-1)


def backward_anomaly_score(norm: jax.Array, past: jax.Array, consistency: jax.Array) -> jax.Array:
    """Say how unusual a step is by two signs: its size against that of the steps before, and how well it follows them.

    Formula: a = (min(|g − ḡ| / ḡ, 1) + 1 − c) / 2, with ḡ the mean over the past
    Shapes: norm g and consistency c [...], past [..., steps]; the result [...] lies from 0 to 1.
    Parameters: none.
    Cost: a mean and a few operations an element.
    Training: as in evaluation.
    Caveats: the mean is of the steps that there were. The document's listing divides by the hundred places of its
    buffer, so that the first hundred norms look too large. Its deviation has no bound, its own two formulas differ,
    and a wholly inconsistent step of the usual size reaches 0.5 only and is not above the threshold of 0.5.
    Raises: VocabularyError for shapes that do not fit, past norms that are not positive, consistency outside 0…1.
    Source: none but the document; vocabulary line 219.

    >>> past = jnp.array([2.0, 4.0])
    >>> [float(backward_anomaly_score(norm, past, 1.0)) for norm in (3.0, 4.5, 9.0)]
    [0.0, 0.25, 0.5]
    """
    expect.axes(past=(past, "... steps"))
    expect.not_negative("norm", norm)
    expect.positive("past", past)
    expect.probability("consistency", consistency)
    usual = jnp.mean(jnp.asarray(past), axis=-1)
    deviation = jnp.minimum(jnp.abs(norm - usual) / usual, 1.0)
    return (deviation + 1 - consistency) / 2


def mistake_loss(task: jax.Array, logits: jax.Array, mistaken: jax.Array, *, weight: float = 0.1) -> jax.Array:
    """Learn from the steps that were logged as mistakes: teach the detector to tell them from the others.

    Formula: L = L_task + w · mean_i BCE(σ(a_i), m_i)
    Shapes: task a number; logits a [steps] of the detector, mistaken m [steps], whether each is a mistake.
    Parameters: the weight, 0.1.
    Cost: one logarithm a step.
    Training: used there only.
    Caveats: the document adds the anomalies of the mistakes to the loss. Minimised, that teaches the detector never to
    see one; and since it keeps them as Python floats, it teaches nothing at all.
    Raises: VocabularyError for shapes that do not fit, a negative weight.
    Source: none but the document; vocabulary line 514.

    >>> logits, mistaken = jnp.array([0.0, 0.0]), jnp.array([True, False])
    >>> jax.grad(lambda logits: mistake_loss(0.0, logits, mistaken, weight=1.0))(logits).tolist()
    [-0.25, 0.25]
    """
    expect.axes(task=(task, ""), logits=(logits, "steps"), mistaken=(mistaken, "steps"))
    expect.not_negative("weight", weight)
    return task + weight * optax.sigmoid_binary_cross_entropy(logits, jnp.asarray(mistaken, logits.dtype)).mean()
