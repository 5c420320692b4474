"""What must hold of models that judge text."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled, gradient
from netspec.vocabulary.safety import judges
from netspec.vocabulary.safety.judges import Filtered
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _filtered(implementation: Implementation, logits: Any) -> Filtered:
    return Filtered(*(np.asarray(each) for each in compiled(implementation)(logits)))


def _worst_named(filtering: Implementation, case: Case) -> float:
    """What is blocked is named by its highest score, and it is blocked where one category is above 0.7."""
    logits = 2 * case.normal(30, 4)
    found = _filtered(filtering, logits)
    above = 1 / (1 + np.exp(-logits)) > 0.7
    expected = [int(row.argmax()) if any(over) else -1 for row, over in zip(logits, above, strict=True)]
    return wrong((found.category == expected) & (found.blocked == above.any(axis=1)))


def _independent(filtering: Implementation, case: Case) -> float:
    """A score is that of its own logit: more of another category leaves it as it was."""
    logits = case.normal(30, 4)
    first, second = (_filtered(filtering, each).scores for each in (logits, logits + np.array([0, 0, 0, 5.0])))
    return max(apart(second[:, :3], first[:, :3]), apart(first, 1 / (1 + np.exp(-logits))))


def _first_above(logits: Any) -> Any:
    """The first category above the threshold: the argmax of true and false."""
    found = _filtered(judges.content_filter, logits)
    return found._replace(category=np.where(found.blocked, (found.scores > 0.7).argmax(axis=1), -1))


def _exclusive(logits: Any) -> Any:
    """A softmax, as if a text were of one category only."""
    powers = np.exp(logits)
    scores = powers / powers.sum(axis=1, keepdims=True)
    return Filtered(scores.max(axis=1) > 0.7, np.where(scores.max(axis=1) > 0.7, scores.argmax(axis=1), -1), scores)


def _compares(entail: Implementation, case: Case) -> float:
    """With one set of weights every claim follows from itself and is contradicted by its opposite."""
    claims = case.normal(20, 3)
    weight, bias = np.zeros((12, 3)), np.zeros(3)
    weight[6:9] = [1.0, 0.0, -1.0]
    run = compiled(entail)
    same, opposite = (np.asarray(run(claims, sign * claims, weight, bias)).argmax(axis=1) for sign in (1, -1))
    return wrong((same == 0) & (opposite == 2))


def _features(entail: Implementation, case: Case) -> float:
    """Four sums over channels, one a kind of feature."""
    claim, fact = case.normal(20, 3), case.normal(20, 3, seed=1)
    weight, bias = case.normal(12, 3, seed=2), case.normal(3, seed=3)
    kinds = (claim, fact, claim * fact, abs(claim - fact))
    expected = bias + sum(kind @ weight[3 * n : 3 * n + 3] for n, kind in enumerate(kinds))
    return apart(compiled(entail)(claim, fact, weight, bias), expected)


def _side_by_side(claim: Any, fact: Any, weight: Any, bias: Any) -> Any:
    """A linear map of both embeddings side by side, with the weights of the products for the two."""
    return np.concatenate([claim, fact], axis=1) @ (weight[:6] + weight[6:]) + bias


def _with_signs(claim: Any, fact: Any, weight: Any, bias: Any) -> Any:
    return np.concatenate([claim, fact, claim * fact, claim - fact], axis=1) @ weight + bias


def _rewards(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return 3 * case.normal(6), 3 * case.normal(6, seed=1)


def _by_difference(loss: Implementation, case: Case) -> float:
    """log(1 + exp(r_l − r_w)), the same when both gain a constant, and log 2 between equals."""
    preferred, rejected = _rewards(case)
    run, expected = compiled(loss), np.log1p(np.exp(rejected - preferred)).mean()
    moved = run(preferred + 7, rejected + 7)
    return max(
        apart(run(preferred, rejected), expected), apart(moved, expected), apart(run(preferred, preferred), np.log(2))
    )


def _right_odds(loss: Implementation, case: Case) -> float:
    """If one of two is preferred with probability p, their rewards best differ by log p / (1 − p)."""
    odds = case.uniform(6, low=0.1, high=0.9)
    best, zero = np.log(odds / (1 - odds)), np.zeros(6)
    run = gradient(loss)
    won, lost = np.asarray(run(best, zero)), -np.asarray(run(-best, zero))
    pull = odds * won + (1 - odds) * lost
    return max(float(np.abs(pull).max()), apart(won, -(1 - odds) / 6))


def _verdict(preferred: Any, rejected: Any) -> Any:
    """The share of pairs in the wrong order: true or false, without a gradient."""
    return jnp.where(jnp.asarray(preferred) > jnp.asarray(rejected), 0.0, 1.0).mean()


def _first_only(preferred: Any, rejected: Any) -> Any:
    return -jax.nn.log_sigmoid(jnp.asarray(preferred)).mean()


def _order_swapped(preferred: Any, rejected: Any) -> Any:
    return judges.preference_loss(rejected, preferred)


FILTER = Term(
    "content-filter",
    judges.content_filter,
    (
        Property(
            "What is blocked is named by its highest score.",
            _worst_named,
            0.0,
            (
                Mistake("the first category above the threshold", _first_above, 5738),
                Mistake("a softmax over the categories", _exclusive),
            ),
        ),
        Property(
            "A category's score does not depend on the others.",
            _independent,
            1e-12,
            (Mistake("a softmax over the categories", _exclusive),),
        ),
    ),
)

FACTS = Term(
    "factuality-check",
    judges.entailment_logits,
    (
        Property(
            "With one set of weights every claim follows from itself and is contradicted by its opposite.",
            _compares,
            0.0,
            (Mistake("a linear map of claim and fact side by side", _side_by_side, 5800),),
        ),
        Property(
            "It is a sum over four kinds of features.",
            _features,
            1e-12,
            (Mistake("differences with their signs", _with_signs),),
        ),
    ),
)

REWARD = Term(
    "reward-model",
    judges.preference_loss,
    (
        Property(
            "It depends on the difference of rewards only, and is log 2 between equals.",
            _by_difference,
            1e-12,
            (
                Mistake("the reward of the preferred alone", _first_only),
                Mistake("the rejected for the preferred", _order_swapped),
            ),
        ),
        Property(
            "Its minimum is where the rewards give the odds of being preferred.",
            _right_odds,
            1e-12,
            (
                Mistake("true or false in place of a loss", _verdict, 5839),
                Mistake("the rejected for the preferred", _order_swapped),
            ),
        ),
    ),
)
