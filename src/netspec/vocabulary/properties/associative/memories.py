"""What must hold of memories that are read by what they hold."""

from __future__ import annotations

from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from flax import linen

from netspec.vocabulary.associative.memories import (
    Accessed,
    hopfield_retrieve,
    memory_access,
    rag_log_prob,
    rbm_free_energy,
)
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import traced
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@traced
def _retrieved(retrieve: Implementation, patterns: Any, state: Any, beta: Any) -> Any:
    return retrieve(patterns, state, beta)


@jax.jit
def _attended(state: Any, patterns: Any) -> Any:
    """One head of flax's attention, with patterns as keys and values; that of JAX takes its softmax in float32."""
    return linen.dot_product_attention(state[:, None], patterns[:, None], patterns[:, None])[:, 0]


def _attention(retrieve: Implementation, case: Case) -> float:
    patterns, state = case.normal(5, 4), case.normal(3, 4, seed=1)
    return apart(_retrieved(retrieve, patterns, state, np.float64(0.5)), _attended(state, patterns))


def _energy(patterns: Any, state: Any, beta: float) -> np.ndarray:
    return -scipy.special.logsumexp(beta * state @ patterns.T, axis=-1) / beta + np.sum(state**2, -1) / 2


def _falls(retrieve: Implementation, case: Case) -> float:
    """By how much the energy rises at a step, of five from a far state; it may by rounding."""
    patterns, state, worst = case.normal(5, 4), 3 * case.normal(3, 4, seed=1), 0.0
    for _ in range(5):
        moved = _retrieved(retrieve, patterns, state, np.float64(1.5))
        worst = max(worst, float(np.max(_energy(patterns, moved, 1.5) - _energy(patterns, state, 1.5))))
        state = moved
    return worst


def _recalled(retrieve: Implementation, case: Case) -> float:
    """One step from near a pattern: beside it the others weigh at most their number times exp(−β margin)."""
    patterns = np.concatenate([np.eye(4), -np.ones((1, 4)) / 2])
    found = _retrieved(retrieve, patterns, patterns[:3] + 0.05 * case.uniform(3, 4), np.float64(60.0))
    return apart(found, patterns[:3])


_BATCH = "softmax over states"
_HOPFIELD = (
    Mistake(_BATCH, lambda x, s, beta: jax.nn.softmax(beta * s @ x.T, 0) @ x),
    Mistake("no softmax", lambda x, s, beta: beta * s @ x.T @ x),
)


@traced
def _free_energies(free_energy: Implementation, visible: Any, *parameters: Any) -> tuple[Any, Any]:
    """Free energies, and of their sum the gradient by the parameters."""
    slopes = jax.grad(lambda rest: jnp.sum(free_energy(visible, *rest)))(parameters)
    return free_energy(visible, *parameters), slopes


def _machine(case: Case) -> tuple[np.ndarray, ...]:
    return case.normal(4, 3), case.normal(4, seed=1), case.normal(3, seed=2)


def _states(units: int) -> np.ndarray:
    return np.array(list(product((0.0, 1.0), repeat=units)))


def _enumerated(free_energy: Implementation, case: Case) -> float:
    """−log Σ_h exp(−E(v, h)) over all hidden states."""
    weight, b, c = _machine(case)
    v, h = _states(4), _states(3)
    energy = -(v @ weight @ h.T) - (v @ b)[:, None] - (h @ c)
    return apart(_free_energies(free_energy, v, weight, b, c)[0], -scipy.special.logsumexp(-energy, axis=-1))


def _hidden_mean(free_energy: Implementation, case: Case) -> float:
    """Its gradient is what learning needs: −E[v h], −v and −E[h] given v, by all hidden states."""
    weight, b, c = _machine(case)
    v, h = _states(4), _states(3)
    given = scipy.special.softmax(v @ weight @ h.T + h @ c, -1) @ h
    _, slopes = _free_energies(free_energy, v, weight, b, c)
    return max(apart(slopes[0], -v.T @ given), apart(slopes[1], -v.sum(0)), apart(slopes[2], -given.sum(0)))


_RBM = (
    Mistake("the likeliest hidden state alone", lambda v, w, b, c: -v @ b - jax.nn.relu(v @ w + c).sum(-1)),
    Mistake("visible bias added", lambda v, w, b, c: rbm_free_energy(v, w, -b, c)),
    Mistake("hidden units of −1 and 1", lambda v, w, b, c: -v @ b - jnp.log(2 * jnp.cosh(v @ w + c)).sum(-1)),
)


@traced
def _access(access: Implementation, memory: Any, key: Any, strength: Any, erase: Any, add: Any) -> Any:
    return tuple(access(memory, key, strength, erase, add))


def _written_out(access: Implementation, case: Case) -> float:
    memory, key, add, erase = case.normal(5, 3), case.normal(3, seed=1), case.normal(3, seed=2), case.uniform(3, seed=3)
    cosines = np.array([row @ key / np.linalg.norm(row) / np.linalg.norm(key) for row in memory])
    weights = scipy.special.softmax(2.5 * cosines)
    after = np.array([row * (1 - w * erase) + w * add for row, w in zip(memory, weights, strict=True)])
    found = _access(access, memory, key, np.float64(2.5), erase, add)
    return max(apart(found[0], weights @ memory), apart(found[1], after), apart(found[2], weights))


def _sharp(access: Implementation, case: Case) -> float:
    """A key like a row, however long, reads that row; with all erased, what is added takes its place."""
    memory, add = np.diag(case.uniform(3, low=0.5, high=2)), case.normal(3, seed=2)
    memory = np.concatenate([memory, 5 * np.ones((2, 3))])
    read, after, _ = _access(access, memory, 3 * memory[1], np.float64(200.0), np.ones(3), add)
    expected = memory.copy()
    expected[1] = add
    return max(apart(read, memory[1]), apart(after, expected))


def _by_product(memory: Any, key: Any, strength: Any, erase: Any, add: Any) -> Accessed:
    weights = jax.nn.softmax(strength * memory @ key)
    return Accessed(weights @ memory, memory * (1 - jnp.outer(weights, erase)) + jnp.outer(weights, add), weights)


def _added_first(memory: Any, key: Any, strength: Any, erase: Any, add: Any) -> Accessed:
    read, _, weights = memory_access(memory, key, strength, erase, add)
    return Accessed(read, (memory + jnp.outer(weights, add)) * (1 - jnp.outer(weights, erase)), weights)


def _all_erased(memory: Any, key: Any, strength: Any, erase: Any, add: Any) -> Accessed:
    read, _, weights = memory_access(memory, key, strength, erase, add)
    return Accessed(read, memory * (1 - erase) + jnp.outer(weights, add), weights)


@traced
def _answered(log_prob: Implementation, query: Any, documents: Any, log_likelihood: Any) -> Any:
    return log_prob(query, documents, log_likelihood, 3)


def _library(case: Case) -> tuple[np.ndarray, ...]:
    """Two questions, six documents, and how likely an answer is after each."""
    return case.normal(2, 4), case.normal(6, 4, seed=1), np.log(case.uniform(2, 6, low=0.01, seed=2))


def _mixture(log_prob: Implementation, case: Case) -> float:
    query, documents, log_likelihood = _library(case)
    found, expected = _answered(log_prob, query, documents, log_likelihood), []
    for scores, likelihood in zip(query @ documents.T, np.exp(log_likelihood), strict=True):
        top = np.argsort(scores)[-3:]
        share = np.exp(scores[top])
        expected.append(np.log(share @ likelihood[top] / share.sum()))
    return apart(found, expected)


def _unread(log_prob: Implementation, case: Case) -> float:
    """What a document would say that is not retrieved makes no difference; an edit of the first does."""
    query, documents, log_likelihood = _library(case)
    order = np.argsort(query @ documents.T, -1)
    unread, first = log_likelihood.copy(), log_likelihood.copy()
    np.put_along_axis(unread, order[:, :3], -50.0, -1)
    np.put_along_axis(first, order[:, -1:], -50.0, -1)
    found = [_answered(log_prob, query, documents, one) for one in (log_likelihood, unread, first)]
    return max(apart(found[1], found[0]), float(np.any(found[2] >= found[0])))


def _mean_of_logs(query: Any, documents: Any, log_likelihood: Any, k: int) -> Any:
    scores, nearest = jax.lax.top_k(query @ documents.T, k)
    return jnp.sum(jax.nn.softmax(scores) * jnp.take_along_axis(log_likelihood, nearest, -1), -1)


def _shares_of_all(query: Any, documents: Any, log_likelihood: Any, k: int) -> Any:
    """Shares from all documents, of which only k are then read."""
    shares, nearest = jax.lax.top_k(jax.nn.log_softmax(query @ documents.T), k)
    return jax.nn.logsumexp(shares + jnp.take_along_axis(log_likelihood, nearest, -1), -1)


TERMS = (
    Term(
        "modern-hopfield",
        hopfield_retrieve,
        (
            Property(
                "It is attention with patterns for keys and values, for beta one over the root of the features.",
                _attention,
                1e-12,
                (*_HOPFIELD, Mistake("beta squared", lambda x, s, beta: hopfield_retrieve(x, s, beta**2))),
            ),
            Property(
                "The energy never rises.",
                _falls,
                1e-12,
                (
                    *_HOPFIELD,
                    Mistake("a step three times as long", lambda x, s, b: s + 3 * (hopfield_retrieve(x, s, b) - s)),
                ),
            ),
            Property(
                "From near a pattern that stands apart, one step finds it.",
                _recalled,
                1e-10,
                (*_HOPFIELD, Mistake("beta left out", lambda x, s, beta: hopfield_retrieve(x, s, 1.0))),
            ),
        ),
    ),
    Term(
        "rbm",
        rbm_free_energy,
        (
            Property("It is the sum over all hidden states, of three units.", _enumerated, 1e-12, _RBM),
            Property(
                "Its gradient is minus the mean of hidden units given the example, and of their products.",
                _hidden_mean,
                1e-12,
                _RBM,
            ),
        ),
    ),
    Term(
        "memory-augmented",
        memory_access,
        (
            Property(
                "Reading and writing are as the formulas say, row by row.",
                _written_out,
                1e-12,
                (
                    Mistake("inner products for cosines", _by_product),
                    Mistake("added before it is erased", _added_first),
                    Mistake("all rows erased", _all_erased),
                ),
            ),
            Property(
                "A sharp key reads the row that points as it does, and what is added takes its place.",
                _sharp,
                1e-8,
                (
                    Mistake("inner products for cosines", _by_product),
                    Mistake("all rows erased", _all_erased),
                ),
            ),
        ),
    ),
    Term(
        "rag",
        rag_log_prob,
        (
            Property(
                "It is the mixture over the three documents that match best.",
                _mixture,
                1e-12,
                (
                    Mistake("the mean of logarithms", _mean_of_logs),
                    Mistake("shares from all documents", _shares_of_all),
                    Mistake("documents that match least", lambda q, d, ll, k: rag_log_prob(-q, d, ll, k)),
                ),
            ),
            Property(
                "Only what is in the retrieved documents matters.",
                _unread,
                1e-12,
                (
                    Mistake("all documents", lambda q, d, ll, k: rag_log_prob(q, d, ll, 6)),
                    Mistake("documents that match least", lambda q, d, ll, k: rag_log_prob(-q, d, ll, k)),
                ),
            ),
        ),
    ),
)
