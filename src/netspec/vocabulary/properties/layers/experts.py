"""What must hold of mixtures of experts."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import softmax

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.layers import experts
from netspec.vocabulary.programs import compiled, pullback
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

EXPERTS, HIDDEN, CHANNELS = 4, 5, 3


def _tokens(case: Case) -> int:
    """One or six, so that a layer compiles for two shapes."""
    return 1 if case.tokens == 1 else 6


def _experts(case: Case, tokens: int, channels: int, count: int = EXPERTS) -> tuple[np.ndarray, ...]:
    return (
        case.normal(tokens, channels),
        case.normal(channels, count, seed=1),
        case.normal(count, channels, HIDDEN, seed=2),
        case.normal(count, HIDDEN, channels, seed=3),
    )


def _expert(x: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    out: np.ndarray = np.maximum(x @ first, 0) @ second
    return out


def _one_expert(mixture: Implementation, case: Case) -> float:
    x, gate, first, second = _experts(case, _tokens(case), CHANNELS, 1)
    return apart(compiled(mixture, 4)(x, gate, first, second, 1), _expert(x, first[0], second[0]))


def _dense_mixture(mixture: Implementation, case: Case) -> float:
    """As many experts chosen as there are."""
    x, gate, first, second = _experts(case, 5, 3)
    expected = sum(softmax(x @ gate, 1)[:, [e]] * _expert(x, first[e], second[e]) for e in range(EXPERTS))
    return apart(compiled(mixture, 4)(x, gate, first, second, EXPERTS), expected)


def _token_by_token(mixture: Implementation, case: Case) -> float:
    """Two experts a token, found by sorting, and no other is run."""
    x, gate, first, second = _experts(case, _tokens(case), CHANNELS)
    expected = np.zeros_like(x)
    for t, scores in enumerate(x @ gate):
        best = np.argsort(-scores)[:2]
        expected[t] = sum(
            w * _expert(x[t], first[e], second[e]) for w, e in zip(softmax(scores[best]), best, strict=True)
        )
    return apart(compiled(mixture, 4)(x, gate, first, second, 2), expected)


def _with_weights(weigh: Any) -> Implementation:
    """A mixture whose weights of the chosen are ``weigh(scores, chosen scores, chosen)``."""

    def mixture(x: Any, gate: Any, first: Any, second: Any, k: int) -> Any:
        scores = x @ gate
        chosen = np.argsort(-scores, axis=1)[:, :k]
        weights = weigh(scores, np.take_along_axis(scores, chosen, 1), chosen)
        each = np.stack([_expert(x, *pair) for pair in zip(first, second, strict=True)], 1)
        return np.einsum("tk,tko->to", weights, np.take_along_axis(each, chosen[..., None], 1))

    return mixture


_NOT_RENORMALISED = _with_weights(lambda scores, best, chosen: np.take_along_axis(softmax(scores, 1), chosen, 1))
_UNWEIGHTED = _with_weights(lambda scores, best, chosen: np.ones_like(best))
_SIGMOID = _with_weights(lambda scores, best, chosen: 1 / (1 + np.exp(-best)))

MIXTURE = Term(
    "moe",
    experts.mixture_of_experts,
    (
        Property(
            "With one expert it is that feed-forward network.",
            _one_expert,
            1e-13,
            (Mistake("the sigmoid of each score as weight", _SIGMOID),),
        ),
        Property(
            "With all experts chosen it is the mixture by softmax.",
            _dense_mixture,
            1e-12,
            (Mistake("chosen experts added without weights", _UNWEIGHTED),),
        ),
        Property(
            "With two chosen it is the sum over them alone, weights by softmax of their two scores.",
            _token_by_token,
            1e-12,
            (
                Mistake("weights by softmax of all scores, not renormalised", _NOT_RENORMALISED),
                Mistake("chosen experts added without weights", _UNWEIGHTED),
            ),
        ),
    ),
)


def _choices(case: Case, k: int = 2) -> np.ndarray:
    """Different experts for each token, the first of them sought after."""
    scores = case.normal(17, EXPERTS) + np.array([2.0, 0, 0, 0])
    return np.argsort(-scores, axis=1)[:, :k]


def _queue(capacity: Implementation, case: Case) -> float:
    """Tokens in their order, all first choices before the second."""
    choices = _choices(case)
    for factor in (0.6, 1.0, 1.25):
        room = np.full(EXPERTS, math.ceil(factor * choices.size / EXPERTS))
        expected = np.zeros(choices.shape, bool)
        for slot in range(choices.shape[1]):
            for t in range(len(choices)):
                expected[t, slot] = room[choices[t, slot]] > 0
                room[choices[t, slot]] -= 1
        if not np.array_equal(compiled(capacity, 1, 2)(choices, EXPERTS, factor), expected):
            return 1.0
    return 0.0


def _never_more(capacity: Implementation, case: Case) -> float:
    """Nobody over capacity; and all kept at a factor of experts / k."""
    choices = _choices(case)
    kept = np.asarray(compiled(capacity, 1, 2)(choices, EXPERTS, 1.0))
    most = np.bincount(choices[kept], minlength=EXPERTS).max()
    return wrong(
        most <= math.ceil(choices.size / EXPERTS) and np.all(compiled(capacity, 1, 2)(choices, EXPERTS, EXPERTS / 2))
    )


def _each_slot_alone(choices: Any, count: int, factor: float) -> Any:
    kept = [
        compiled(experts.expert_capacity, 1, 2)(choices[:, [slot]], count, 2 * factor)
        for slot in range(choices.shape[1])
    ]
    return np.concatenate(kept, axis=1)


def _one_less(choices: Any, count: int, factor: float) -> Any:
    return compiled(experts.expert_capacity, 1, 2)(choices, count, max(factor - count / choices.size, 1e-3))


CAPACITY = Term(
    "expert-capacity",
    experts.expert_capacity,
    (
        Property(
            "It keeps whom a queue before each expert would serve: by choice, then by token.",
            _queue,
            0.0,
            (
                Mistake("first and second choices counted apart", _each_slot_alone),
                Mistake("one place less", _one_less),
            ),
        ),
        Property(
            "No expert keeps more than its capacity, and a factor of experts / k drops nobody.",
            _never_more,
            0.0,
            (Mistake("first and second choices counted apart", _each_slot_alone),),
        ),
    ),
)


def _even(loss: Implementation, case: Case) -> float:
    """Uniform gates, choices that go round: α; one expert for everything: α · E."""
    tokens = EXPERTS * case.batch
    gates, choices = np.full((tokens, EXPERTS), 1 / EXPERTS), np.arange(tokens)[:, None] % EXPERTS
    return max(
        apart(compiled(loss)(gates, choices, 0.01), 0.01),
        apart(compiled(loss)(np.eye(EXPERTS)[0 * choices[:, 0]], 0 * choices, 0.01), 0.01 * EXPERTS),
    )


def _through_mean_alone(loss: Implementation, case: Case) -> float:
    """The gradient by a gate is α · E · f / N, though the choice depends on the gates, too."""
    gates = softmax(case.normal(6, EXPERTS), 1)
    choices = np.argmax(gates, axis=1)[:, None]
    share = np.bincount(choices[:, 0], minlength=EXPERTS) / 6
    found = pullback(loss, 0)(1.0, gates, choices, 0.5)
    return apart(found, np.tile(0.5 * EXPERTS * share / 6, (6, 1)))


def _not_times_experts(gates: Any, choices: Any, weight: float) -> Any:
    share = np.bincount(choices.ravel(), minlength=EXPERTS) / choices.size
    return weight * np.sum(share * gates.mean(0))


def _no_count(gates: Any, choices: Any, weight: float) -> Any:
    return weight * EXPERTS * jnp.sum(jnp.mean(gates, 0) ** 2)


BALANCE = Term(
    "load-balancing-loss",
    experts.load_balancing_loss,
    (
        Property(
            "It is its weight where everything is even, and as many times that as there are experts where one has all.",
            _even,
            1e-12,
            (Mistake("not times the experts", _not_times_experts),),
        ),
        Property(
            "Its gradient reaches the gates by their mean alone.",
            _through_mean_alone,
            1e-12,
            (Mistake("the mean of the gates in place of the count", _no_count),),
        ),
    ),
)


def _all_tokens(choice: Implementation, case: Case) -> float:
    """Every expert takes every token: the dense mixture."""
    x, gate, first, second = _experts(case, 5, 3)
    expected = sum(softmax(x @ gate, 1)[:, [e]] * _expert(x, first[e], second[e]) for e in range(EXPERTS))
    return apart(compiled(choice, 4)(x, gate, first, second, 5), expected)


def _full_experts(choice: Implementation, case: Case) -> float:
    """Experts that write a number in a place of their own, so that it shows who read what."""
    x, gate, _, _ = _experts(case, _tokens(case), CHANNELS)
    x = np.abs(x)
    capacity = (len(x) + 1) // 2
    found = np.asarray(
        compiled(choice, 4)(x, gate, np.ones((EXPERTS, CHANNELS, 1)), np.eye(EXPERTS)[:, None], capacity)
    )
    scores = softmax(x @ gate, 1)
    best = [set(np.argsort(-column)[:capacity]) for column in scores.T]
    return wrong([set(np.flatnonzero(column)) for column in found.T] == best)


def _token_choice(x: Any, gate: Any, first: Any, second: Any, capacity: int) -> Any:
    """What Switch does: each token goes to its best expert."""
    scores = softmax(x @ gate, 1)
    each = np.stack([_expert(x, *pair) for pair in zip(first, second, strict=True)], 1)
    best = np.argmax(scores, 1)
    return scores[np.arange(len(x)), best][:, None] * each[np.arange(len(x)), best]


def _over_tokens(x: Any, gate: Any, first: Any, second: Any, capacity: int) -> Any:
    weights = softmax(x @ gate, 0)
    return sum(weights[:, [e]] * _expert(x, first[e], second[e]) for e in range(len(first)))


CHOICE = Term(
    "expert-choice-routing",
    experts.expert_choice,
    (
        Property(
            "Every expert reads just as many tokens as its capacity: those with its largest scores.",
            _full_experts,
            0.0,
            (Mistake("each token goes to its best expert, as in Switch", _token_choice),),
        ),
        Property(
            "Where the capacity is all tokens it is the mixture by softmax.",
            _all_tokens,
            1e-12,
            (
                Mistake("softmax over the tokens", _over_tokens),
                Mistake("each token goes to its best expert, as in Switch", _token_choice),
            ),
        ),
    ),
)
