"""Attention as the networks here have it."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers import TransformerDecoder, TransformerEncoder
from netspec.modules.attention import attend
from netspec.modules.self_attention import Cache, SelfAttention
from netspec.modules.transformer_decoder import Attention
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _numbers(linear: Any) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(linear.kernel[...]), np.asarray(linear.bias[...])


def _split(x: np.ndarray, heads: int) -> np.ndarray:
    return x.reshape(*x.shape[:2], heads, -1)


def _own(make: Implementation, case: Case, *, causal: bool = False) -> Any:
    layer = TransformerEncoder(case.channels, case.heads, 4, 1, causal=causal)
    return make(layer, plain.NUMERICS, nnx.Rngs(0))


def _three_maps(make: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, module = case.normal(case.batch, case.tokens, case.channels), _own(make, case)
    kernel, bias = _numbers(module.qkv)
    if kernel.shape[1] != 3 * case.channels:
        return float("inf")
    parts = (_split(part, case.heads) for part in np.split(x @ kernel + bias, 3, -1))
    kernel, bias = _numbers(module.out)
    return apart(plain.run(module, x), plain.attention(*parts).reshape(x.shape) @ kernel + bias)


def _permuted(make: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, module = case.normal(case.batch, case.tokens, case.channels), _own(make, case)
    order = case.rng(5).permutation(case.tokens)
    return apart(plain.run(module, x[:, order]), plain.run(module, x)[:, order])


class _OneMap(SelfAttention):
    """Query, key and value are the same map of the input."""

    def __call__(self, x: jax.Array) -> jax.Array:
        shared = self.qkv(x)[..., : x.shape[-1]].reshape(*x.shape[:2], self.heads, -1)
        return self.out(attend(shared, shared, shared).reshape(x.shape))


class _Unscaled(SelfAttention):
    """Scores that are not divided by the root of their width."""

    def __call__(self, x: jax.Array) -> jax.Array:
        query, key, value = jnp.split(self.qkv(x).reshape(*x.shape[:2], 3 * self.heads, -1), 3, axis=2)
        return self.out(attend(query * math.sqrt(query.shape[-1]), key, value).reshape(x.shape))


class _Dealt(SelfAttention):
    """Every other channel to the same head on the way in, and not on the way out."""

    def __call__(self, x: jax.Array) -> jax.Array:
        parts = jnp.split(self.qkv(x), 3, axis=-1)
        mixed = attend(*(part.reshape(*x.shape[:2], -1, self.heads).swapaxes(2, 3) for part in parts))
        return self.out(mixed.reshape(x.shape))


class _Causal(SelfAttention):
    """Only tokens so far."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.causal = True


SELF = Term(
    "self-attention",
    SelfAttention,
    (
        Property(
            "It is softmax(QKᵀ/√c)V by head, with three maps of its input for Q, K and V and one of what leaves.",
            _three_maps,
            ROUNDING,
            (
                Mistake("one map for query, key and value", _OneMap, line=2167),
                Mistake("no scale in the softmax", _Unscaled),
                Mistake("channels dealt to the heads in turn", _Dealt),
            ),
        ),
        Property(
            "Tokens in another order leave in that order, otherwise unchanged.",
            _permuted,
            ROUNDING,
            (Mistake("a causal mask", _Causal),),
        ),
    ),
)


def _across(make: Implementation, case: Case) -> tuple[Any, np.ndarray, np.ndarray]:
    layer = TransformerDecoder(case.channels, case.heads, 4, 1, 0, memory="memory")
    module = make(layer, 4, plain.NUMERICS, nnx.Rngs(0))
    return module, case.normal(case.batch, case.tokens, case.channels), case.normal(case.batch, 5, 4, seed=1)


def _from_memory(make: Implementation, case: Case) -> float:
    case = plain.few(case)
    module, x, memory = _across(make, case)
    (query, query_bias), (both, both_bias) = _numbers(module.query), _numbers(module.key_value)
    key, value = np.split(memory @ both + both_bias, 2, -1)
    parts = (_split(part, case.heads) for part in (x @ query + query_bias, key, value))
    kernel, bias = _numbers(module.out)
    found = plain.run(module, x, memory)
    return apart(found, plain.attention(*parts).reshape(x.shape) @ kernel + bias)


def _memory_is_a_set(make: Implementation, case: Case) -> float:
    case = plain.few(case)
    module, x, memory = _across(make, case)
    order = case.rng(5).permutation(5)
    return apart(plain.run(module, x, memory[:, order]), plain.run(module, x, memory))


class _Exchanged(Attention):
    """Keys read as values and values as keys."""

    def __call__(self, x: jax.Array, memory: jax.Array) -> jax.Array:
        query, key, value = self.projected(x, memory)
        return self.out(attend(query, value, key).reshape(x.shape))


class _CausalMemory(Attention):
    """A mask over the memory as if it were as many steps of what is written."""

    def __call__(self, x: jax.Array, memory: jax.Array) -> jax.Array:
        return self.out(attend(*self.projected(x, memory), is_causal=True).reshape(x.shape))


CROSS = Term(
    "cross-attention",
    Attention,
    (
        Property(
            "It is softmax(QKᵀ/√c)V by head, with Q a map of what asks and K and V maps of the memory.",
            _from_memory,
            ROUNDING,
            (
                Mistake("keys and values exchanged", _Exchanged),
                Mistake("a causal mask over the memory", _CausalMemory),
            ),
        ),
        Property(
            "The memory may come in any order.",
            _memory_is_a_set,
            ROUNDING,
            (Mistake("a causal mask over the memory", _CausalMemory),),
        ),
    ),
)


def _by_head(attention: Implementation, case: Case) -> float:
    query, key, value = plain.heads(case)
    return apart(attention(query, key, value), plain.attention(query, key, value))


def _mean_of_values(attention: Implementation, case: Case) -> float:
    query, key, value = plain.heads(case)
    return apart(attention(query, key, np.ones_like(value)), np.ones_like(value))


def _over_queries(query: Any, key: Any, value: Any) -> Any:
    logits = jnp.einsum("bthc,bshc->bhts", query, key) / math.sqrt(query.shape[-1])
    return jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(logits, axis=-2), value)


MULTI_HEAD = Term(
    "multi-head-attention",
    attend,
    (
        Property(
            "Every head is softmax(QKᵀ/√c)V of its own channels.",
            _by_head,
            ROUNDING,
            (
                Mistake("no scale in the softmax", lambda q, k, v: attend(q * math.sqrt(q.shape[-1]), k, v)),
                Mistake(
                    "the scale of all heads together",
                    lambda q, k, v: attend(q / math.sqrt(q.shape[-2]), k, v),
                ),
                Mistake("a softmax over the queries", _over_queries),
                Mistake("the heads of the keys turned round", lambda q, k, v: attend(q, k[:, :, ::-1], v)),
            ),
        ),
        Property(
            "Weights sum to one: values that are all one come out as one.",
            _mean_of_values,
            ROUNDING,
            (Mistake("a softmax over the queries", _over_queries),),
        ),
    ),
)


def _decoded(step: Implementation, case: Case) -> tuple[Any, np.ndarray, np.ndarray, Cache]:
    """A causal module, its inputs, what it makes of them token by token, and the cache in the end."""
    x, module = case.normal(case.batch, case.tokens, case.channels), _own(SelfAttention, case, causal=True)
    empty = np.zeros((case.batch, case.tokens, case.heads, case.channels // case.heads))
    graph, state = nnx.split(module)
    cache, each = Cache(empty, empty), []
    for position in range(case.tokens):
        y, cache = _step(step, graph, state, x[:, position : position + 1], cache, np.asarray(position))
        each.append(y)
    return module, x, np.concatenate(each, 1), cache


@partial(jax.jit, static_argnums=(0, 1))
def _step(step: Implementation, graph: Any, state: Any, *given: Any) -> Any:
    return step(nnx.merge(graph, state), *given)


def _one_by_one(step: Implementation, case: Case) -> float:
    module, x, found, _ = _decoded(step, plain.few(case))
    return apart(found, plain.run(module, x))


def _kept(step: Implementation, case: Case) -> float:
    """After the last token the cache has the keys and values of all."""
    case = plain.few(case)
    module, x, _, cache = _decoded(step, case)
    kernel, bias = _numbers(module.qkv)
    _, key, value = np.split(x @ kernel + bias, 3, -1)
    return max(apart(found, _split(part, case.heads)) for found, part in zip(cache, (key, value), strict=True))


def _sees_what_is_empty(module: Any, x: jax.Array, cache: Cache, position: jax.Array) -> Any:
    _, cache = SelfAttention.step(module, x, cache, position)
    query, _, _ = jnp.split(module.qkv(x).reshape(x.shape[0], 1, 3 * module.heads, -1), 3, axis=2)
    return module.out(attend(query, cache.keys, cache.values).reshape(x.shape)), cache


def _one_place(module: Any, x: jax.Array, cache: Cache, position: jax.Array) -> Any:
    return SelfAttention.step(module, x, cache, 0 * position)


def _forgets(module: Any, x: jax.Array, cache: Cache, position: jax.Array) -> Any:
    return SelfAttention.step(module, x, Cache(*(0 * part for part in cache)), position)


CACHE = Term(
    "kv-cache",
    SelfAttention.step,
    (
        Property(
            "Token by token with the cache it is the causal pass over all tokens at once.",
            _one_by_one,
            ROUNDING,
            (
                Mistake("empty places of the cache are read", _sees_what_is_empty),
                Mistake("every token written to the first place", _one_place),
                Mistake("a cache that is not handed on", _forgets),
            ),
        ),
        Property(
            "In the end the cache has the keys and values of all tokens, each in its place.",
            _kept,
            ROUNDING,
            (Mistake("every token written to the first place", _one_place),),
        ),
    ),
)
