"""Attention that forgets at a fixed pace."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import attention
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _three_forms(retention: Implementation, case: Case) -> float:
    """Parallel, recurrent and in chunks against the recurrence S ← γ S + k vᵀ, o = Sᵀq."""
    case = plain.few(case)
    query, key, value = plain.heads(case)
    decay, state, each = case.uniform(case.heads, low=0.5, high=0.9), 0.0, []
    for t in range(case.tokens):
        state = decay[:, None, None] * state + key[:, t, :, :, None] * value[:, t, :, None]
        each.append(np.einsum("bhc,bhcd->bhd", query[:, t], state))
    run = program(retention, "chunk")
    chunks = (None, 1, max(1, case.tokens // 2))
    return plain.worst(apart(run(query, key, value, decay, chunk=chunk), np.stack(each, 1)) for chunk in chunks)


def _undecayed(retention: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = plain.heads(case)
    weights = np.tril(np.einsum("bthc,bshc->bhts", query, key))
    run = program(retention, "chunk")
    return apart(run(query, key, value, np.ones(case.heads), chunk=None), np.einsum("bhts,bshd->bthd", weights, value))


def _parallel(weighing: Any) -> Implementation:
    """The parallel form with another matrix D, whatever the chunk."""

    def retention(query: Any, key: Any, value: Any, decay: Any, *, chunk: int | None = None) -> Any:
        at = jnp.arange(query.shape[1])
        weights = weighing(jnp.einsum("bthc,bshc->bhts", query, key), decay[:, None, None], at[:, None] - at)
        return jnp.einsum("bhts,bshd->bthd", weights, value)

    return retention


def _one_step_late(scores: Any, decay: Any, distance: Any) -> Any:
    return jnp.where(distance >= 0, scores * decay ** (distance + 1), 0)


def _backwards(scores: Any, decay: Any, distance: Any) -> Any:
    return jnp.where(distance <= 0, scores * decay**-distance, 0)


def _both_ways(scores: Any, decay: Any, distance: Any) -> Any:
    return scores * decay ** jnp.abs(distance)


def _averaged(scores: Any, decay: Any, distance: Any) -> Any:
    weights = jnp.where(distance >= 0, scores * decay ** jnp.abs(distance), 0)
    return weights / weights.sum(-1, keepdims=True)


def _chunks_apart(query: Any, key: Any, value: Any, decay: Any, *, chunk: int | None = None) -> Any:
    tokens = query.shape[1]
    parts = [slice(start, start + (chunk or tokens)) for start in range(0, tokens, chunk or tokens)]
    each = [attention.retention(query[:, part], key[:, part], value[:, part], decay) for part in parts]
    return jnp.concatenate(each, 1)


RETENTION = Term(
    "retnet",
    attention.retention,
    (
        Property(
            "Parallel, recurrent and in chunks it is the same.",
            _three_forms,
            1e-12,
            (
                Mistake("a decay for the present too", _parallel(_one_step_late)),
                Mistake("the future in place of the past", _parallel(_backwards)),
                Mistake("no mask", _parallel(_both_ways)),
                Mistake("chunks that do not know of each other", _chunks_apart),
            ),
        ),
        Property(
            "Without decay it is causal attention with the bare scores as weights.",
            _undecayed,
            1e-12,
            (
                Mistake("weights divided by their sum", _parallel(_averaged)),
                Mistake("no mask", _parallel(_both_ways)),
            ),
        ),
    ),
)


def _given(case: Case) -> tuple[np.ndarray, ...]:
    shape = case.batch, case.tokens, case.channels
    key, value = case.normal(*shape), case.normal(*shape, seed=1)
    return key, value, case.uniform(case.channels, low=0.1, seed=2), case.normal(case.channels, seed=3)


def _direct(wkv: Implementation, case: Case) -> float:
    """The sums over all pairs, as they are defined."""
    case = plain.few(case)
    key, value, decay, bonus = _given(case)
    age = np.arange(case.tokens)[:, None] - np.arange(case.tokens) - 1
    exponent = np.where(age[..., None] >= 0, -age[..., None] * decay, -np.inf) + key[:, None]
    now = np.eye(case.tokens, dtype=bool)[..., None]
    weights = np.exp(np.where(now, bonus + key[:, None], exponent))
    expected = np.einsum("btsc,bsc->btc", weights, value) / weights.sum(2)
    return apart(program(wkv)(key, value, decay, bonus), expected)


def _large_keys(wkv: Implementation, case: Case) -> float:
    case = plain.few(case)
    key, value, decay, bonus = _given(case)
    run = program(wkv)
    return apart(run(key + 1000, value, decay, bonus), run(key, value, decay, bonus))


def _pairs(exponents: Any) -> Implementation:
    """The direct sums with other exponents."""

    def wkv(key: Any, value: Any, decay: Any, bonus: Any) -> Any:
        at = jnp.arange(key.shape[1])
        age = (at[:, None] - at)[..., None]
        weights = jnp.exp(exponents(age, key[:, None], decay, bonus))
        return jnp.einsum("btsc,bsc->btc", weights, value) / weights.sum(2)

    return wkv


def _right(age: Any, key: Any, decay: Any, bonus: Any) -> Any:
    return key + jnp.where(age > 0, -(age - 1) * decay, jnp.where(age == 0, bonus, -jnp.inf))


def _older(age: Any, key: Any, decay: Any, bonus: Any) -> Any:
    return key + jnp.where(age > 0, -age * decay, jnp.where(age == 0, bonus, -jnp.inf))


def _no_bonus(age: Any, key: Any, decay: Any, bonus: Any) -> Any:
    return _right(age, key, decay, 0 * bonus)


def _kept_bonus(age: Any, key: Any, decay: Any, bonus: Any) -> Any:
    return _right(age, key, decay, bonus) + jnp.where(age > 0, bonus, 0)


WKV = Term(
    "rwkv",
    attention.wkv,
    (
        Property(
            "The recurrence is the ratio of direct sums over all tokens so far.",
            _direct,
            1e-11,
            (
                Mistake("a decay for the token just before", _pairs(_older)),
                Mistake("no bonus for the present", _pairs(_no_bonus)),
                Mistake("the bonus kept for the past", _pairs(_kept_bonus)),
            ),
        ),
        Property(
            "A number added to all keys changes nothing, however large.",
            _large_keys,
            1e-11,
            (Mistake("sums of bare exponentials", _pairs(_right)),),
        ),
    ),
)
