"""What must hold of what can be computed behind speculative words."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from netspec.vocabulary import speculation
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _unbiased(replay: Implementation, case: Case) -> float:
    """With β = 1, what is drawn by P and weighted by w has the plain mean, up to the weights' common factor."""
    priorities, learned = case.uniform(6, low=0.1), case.normal(6, seed=1)
    chances, weights = (np.asarray(each) for each in compiled(replay)(priorities, alpha=0.6, beta=1.0))
    scaled = chances * weights
    return max(apart((scaled * learned).sum() / scaled.sum(), learned.mean()), apart(weights.max(), 1.0))


def _between_alike_and_greedy(replay: Implementation, case: Case) -> float:
    """With α = 0 all are alike; with α = 1 chances go as priorities; twice the priority is 2^α the chance."""
    priorities = case.uniform(6, low=0.1)
    priorities[1] = 2 * priorities[0]
    run = compiled(replay)
    alike, weights = run(priorities, alpha=0.0)
    chances, undone = (np.asarray(each) for each in run(priorities, alpha=0.6, beta=0.4))
    ratio = max(apart(chances[1] / chances[0], 2**0.6), apart(undone[1] / undone[0], 2**-0.24))
    linear = apart(run(priorities, alpha=1.0)[0], priorities / priorities.sum())
    return max(apart(alike, np.full(6, 1 / 6)), apart(weights, np.ones(6)), ratio, linear)


def _weights_the_other_way(priorities: Any, *, alpha: float, beta: float = 0.4) -> Any:
    chances, weights = compiled(speculation.prioritized_replay)(priorities, alpha=alpha, beta=beta)
    return chances, np.min(weights) / weights


def _softmax(priorities: Any, *, alpha: float, beta: float = 0.4) -> Any:
    powers = np.exp(alpha * priorities)
    chances = powers / powers.sum()
    return chances, (chances.min() / chances) ** beta


def _network(case: Case) -> tuple[Any, ...]:
    return case.normal(3, 4), case.normal(4, seed=1), case.normal(4, 2, seed=2), np.array([1, 3, 1])


def _output(x: Any, inner: Any, bias: Any, outer: Any) -> np.ndarray:
    return np.maximum(x @ np.asarray(inner) + np.asarray(bias), 0) @ np.asarray(outer)


def _same_function(widening: Implementation, case: Case) -> float:
    """Before and after it computes the same, with three units more."""
    inner, bias, outer, copies = _network(case)
    x = case.normal(5, 3, seed=3)
    wider = compiled(widening)(inner, bias, outer, copies)
    return max(apart(_output(x, *wider), _output(x, inner, bias, outer)), wrong(np.shape(wider[0]) == (3, 7)))


def _unshared(inner: Any, bias: Any, outer: Any, copies: Any) -> Any:
    """Outgoing weights copied and not shared."""
    return tuple(
        np.concatenate([part, part.take(copies, axis)], axis) for part, axis in ((inner, 1), (bias, 0), (outer, 0))
    )


def _halved_always(inner: Any, bias: Any, outer: Any, copies: Any) -> Any:
    """Outgoing weights halved, also where a unit was copied twice."""
    first, second, third = _unshared(inner, bias, outer, copies)
    copied = np.isin(np.concatenate([np.arange(len(bias)), copies]), copies)
    return first, second, np.where(copied[:, None], third / 2, third)


def _new_at_random(inner: Any, bias: Any, outer: Any, copies: Any) -> Any:
    first, second, third = _unshared(inner, bias, outer, copies)
    third[len(bias) :] = 0.1
    return first, second, third


def _sparse(case: Case) -> tuple[np.ndarray, np.ndarray]:
    mask = (case.rng(1).permutation(24) < 10).reshape(4, 6)
    return case.normal(4, 6) * mask, mask


def _exchanged(grow: Implementation, case: Case) -> float:
    """As many connections as before; the three weakest are gone, three others are where there was none."""
    weights, mask = _sparse(case)
    new, kept = (np.asarray(each) for each in compiled(grow, "count")(case.key, weights, mask, count=3))
    weakest = np.abs(weights)[mask].argsort()[:3]
    gone = np.zeros(10, bool)
    gone[weakest] = True
    stays = np.array_equal(new[mask & kept], weights[mask][~gone])
    counted = kept.sum() == 10 and (kept & ~mask).sum() == 3 and not kept[mask][gone].any()
    return wrong(stays and counted and not new[~kept].any())


def _everywhere(grow: Implementation, case: Case) -> float:
    """Any empty place can be grown: over many draws each is, about equally often (five standard errors)."""
    weights, mask = _sparse(case)
    draws = 200
    run = (
        _GROWN if grow is speculation.regrow else jax.vmap(lambda key, w, m: grow(key, w, m, count=3), (0, None, None))
    )
    _, kept = run(jax.random.split(case.key, draws), weights, mask)
    often = np.asarray(kept).mean(axis=0)[~mask]
    return float(np.abs(often - 3 / 14).max() / (5 * np.sqrt(3 / 14 * 11 / 14 / draws)))


_GROWN = jax.jit(jax.vmap(lambda key, w, m: speculation.regrow(key, w, m, count=3), (0, None, None)))


def _strongest_dropped(key: Any, weights: Any, mask: Any, *, count: int) -> Any:
    inverse = np.where(mask, 1 / np.where(mask, weights, 1), 0)
    new, kept = compiled(speculation.regrow, "count")(key, inverse, mask, count=count)
    return np.where(np.asarray(kept) & mask, weights, new), kept


def _pruned_only(key: Any, weights: Any, mask: Any, *, count: int) -> Any:
    new, kept = compiled(speculation.regrow, "count")(key, weights, mask, count=count)
    kept = np.asarray(kept) & mask
    return new * kept, kept


def _first_places(key: Any, weights: Any, mask: Any, *, count: int) -> Any:
    """The first empty places grown, whatever the key."""
    empty = (~mask) & (jax.numpy.cumsum(~mask.ravel()).reshape(mask.shape) <= count)
    return weights, mask | empty


def _layer(case: Case) -> tuple[Any, ...]:
    return case.normal(4, 3), case.normal(3, 2, seed=1), case.normal(2, 3, 2, seed=2), case.normal(3, 2, seed=3)


def _built(dense: Implementation, case: Case) -> float:
    """Each example times the weights that are built for it."""
    x, base, experts, gate = _layer(case)
    expected = []
    for one in x:
        powers = np.exp(one @ gate)
        weights = base + sum(share * expert for share, expert in zip(powers / powers.sum(), experts, strict=True))
        expected.append(one @ weights)
    return apart(compiled(dense)(x, base, experts, gate), expected)


def _static(dense: Implementation, case: Case) -> float:
    """With a gate of zeros it is one linear map, of the base and the experts' mean; with one it is not linear."""
    x, base, experts, gate = _layer(case)
    run = compiled(dense)
    plain = apart(run(x, base, experts, 0 * gate), x @ (base + experts.mean(axis=0)))
    doubled = apart(run(2 * x, base, experts, gate), 2 * np.asarray(run(x, base, experts, gate)))
    return max(plain, wrong(doubled > 1e-6))


def _one_for_all(x: Any, base: Any, experts: Any, gate: Any) -> Any:
    """The mean gate of the batch for all of it."""
    powers = np.exp(x @ gate)
    shares = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
    return x @ (base + np.einsum("e,eio->io", shares, experts))


def _unnormalised(x: Any, base: Any, experts: Any, gate: Any) -> Any:
    return x @ base + np.einsum("be,bi,eio->bo", np.exp(x @ gate), x, experts)


TERMS = (
    Term(
        "dream-consolidation",
        speculation.prioritized_replay,
        (
            Property(
                "With β = 1 the weights undo what the priorities do to a mean.",
                _unbiased,
                1e-12,
                (Mistake("weights that count what is drawn often even more", _weights_the_other_way),),
            ),
            Property(
                "With α = 0 all are drawn alike, and twice the priority is 2^α the chance.",
                _between_alike_and_greedy,
                1e-12,
                (Mistake("a softmax of the priorities", _softmax),),
            ),
        ),
    ),
    Term(
        "organic-growth",
        speculation.widen,
        (
            Property(
                "Wider, it computes what it computed.",
                _same_function,
                1e-12,
                (
                    Mistake("outgoing weights not shared", _unshared),
                    Mistake("outgoing weights halved however many copies there are", _halved_always),
                    Mistake("new units with weights of their own", _new_at_random),
                ),
            ),
        ),
    ),
    Term(
        "self-assembling",
        speculation.regrow,
        (
            Property(
                "The weakest connections are exchanged for as many where there was none.",
                _exchanged,
                0.0,
                (
                    Mistake("the strongest dropped", _strongest_dropped),
                    Mistake("dropped and not grown", _pruned_only),
                ),
            ),
            Property(
                "Every empty place is grown about equally often.",
                _everywhere,
                1.0,
                (Mistake("the first empty places grown", _first_places),),
            ),
        ),
    ),
    Term(
        "hyperdynamic",
        speculation.dynamic_dense,
        (
            Property(
                "It is each example times the weights built for it.",
                _built,
                1e-12,
                (
                    Mistake("the mean gate of the batch", _one_for_all),
                    Mistake("shares that do not sum to 1", _unnormalised),
                ),
            ),
            Property(
                "With a gate of zeros it is one linear map; with another it is not linear.",
                _static,
                1e-12,
                (Mistake("shares that do not sum to 1", _unnormalised),),
            ),
        ),
    ),
)
