"""Attention whose weights are products of features."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.modules.attention import attend
from netspec.vocabulary import attention
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _features(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x + 1, np.exp(x))


def _explicit(linear: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = plain.heads(case)
    weights = np.einsum("bthc,bshc->bhts", _features(query), _features(key))
    weights /= weights.sum(-1, keepdims=True)
    return apart(program(linear, "is_causal")(query, key, value), np.einsum("bhts,bshd->bthd", weights, value))


def _recurrence(linear: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = plain.heads(case)
    features, each = _features(key), []
    state: Any = 0.0
    weight: Any = 0.0
    for t in range(case.tokens):
        state = state + features[:, t, :, :, None] * value[:, t, :, None]
        weight = weight + features[:, t]
        asked = _features(query[:, t])
        each.append(np.einsum("bhc,bhcd->bhd", asked, state) / (asked * weight).sum(-1)[..., None])
    return apart(program(linear, "is_causal")(query, key, value, is_causal=True), np.stack(each, 1))


def _unnormalised(query: Any, key: Any, value: Any, *, is_causal: bool = False) -> Any:
    query, key = jax.nn.elu(query) + 1, jax.nn.elu(key) + 1
    weights = jnp.einsum("bthc,bshc->bhts", query, key)
    return jnp.einsum("bhts,bshd->bthd", jnp.tril(weights) if is_causal else weights, value)


def _softmax(query: Any, key: Any, value: Any, *, is_causal: bool = False) -> Any:
    return attend(jnp.asarray(query), key, value, is_causal=is_causal)


def _sees_all(query: Any, key: Any, value: Any, *, is_causal: bool = False) -> Any:
    return attention.linear_attention(query, key, value)


LINEAR = Term(
    "linear-attention",
    attention.linear_attention,
    (
        Property(
            "It is attention with the explicit matrix φ(q)ᵀφ(k), its rows divided by their sums.",
            _explicit,
            1e-12,
            (
                Mistake("no normaliser", _unnormalised, line=2375),
                Mistake("the softmax", _softmax),
            ),
        ),
        Property(
            "Its causal form is the recurrence of a state φ(k) vᵀ and a weight φ(k), summed so far.",
            _recurrence,
            1e-12,
            (
                Mistake("no normaliser", _unnormalised),
                Mistake("sums over all tokens", _sees_all),
            ),
        ),
    ),
)
