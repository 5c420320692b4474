"""Softmax attention with fewer keys and values, or without its matrix."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.modules.attention import attend
from netspec.vocabulary import attention
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.plain import FLOAT32
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _grouped(case: Case, query_heads: int, key_heads: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = case.batch, case.tokens
    key, value = (case.normal(*shape, key_heads, 3, seed=seed) for seed in (1, 2))
    return case.normal(*shape, query_heads, 3), key, value


def _repeated(grouped: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = _grouped(case, 2 * case.heads, case.heads)
    expected = plain.attention(query, key.repeat(2, 2), value.repeat(2, 2), np.tri(case.tokens, dtype=bool))
    return apart(program(grouped, "is_causal")(query, key, value, is_causal=True), expected)


def _limits(grouped: Implementation, case: Case) -> float:
    case = plain.few(case)
    full = _grouped(case, case.heads, case.heads)
    query, key, value = _grouped(case, case.heads, 1)
    one = plain.attention(query, key.repeat(case.heads, 2), value.repeat(case.heads, 2))
    run = program(grouped, "is_causal")
    return max(apart(run(*full), plain.attention(*full)), apart(run(query, key, value), one))


def _interleaved(query: Any, key: Any, value: Any, *, is_causal: bool = False) -> Any:
    times = query.shape[2] // key.shape[2]
    return attend(query, jnp.tile(key, (1, 1, times, 1)), jnp.tile(value, (1, 1, times, 1)), is_causal=is_causal)


def _unscaled(function: Implementation) -> Implementation:
    return lambda query, key, value, **options: function(query * query.shape[-1] ** 0.5, key, value, **options)


def _uncausal(function: Implementation) -> Implementation:
    return lambda query, key, value, **options: function(query, key, value)


GROUPED = Term(
    "gqa",
    attention.grouped_query_attention,
    (
        Property(
            "It is multi-head attention with every key and value head repeated for the query heads of its group.",
            _repeated,
            FLOAT32,
            (
                Mistake("heads interleaved: query head h reads key head h mod G", _interleaved),
                Mistake("no scale in the softmax", _unscaled(attention.grouped_query_attention)),
                Mistake("no mask", _uncausal(attention.grouped_query_attention)),
            ),
        ),
        Property(
            "As many key heads as query heads make multi-head attention, one makes multi-query attention.",
            _limits,
            FLOAT32,
            (Mistake("no scale in the softmax", _unscaled(attention.grouped_query_attention)),),
        ),
    ),
)


def _one_for_all(shared: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = _grouped(case, case.heads, 1)
    expected = plain.attention(query, key.repeat(case.heads, 2), value.repeat(case.heads, 2))
    return apart(program(shared, "is_causal")(query, key[:, :, 0], value[:, :, 0]), expected)


def _one_group(shared: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = _grouped(case, case.heads, 1)
    expected = program(attention.grouped_query_attention, "is_causal")(query, key, value, is_causal=True)
    return apart(program(shared, "is_causal")(query, key[:, :, 0], value[:, :, 0], is_causal=True), expected)


def _mean_query(query: Any, key: Any, value: Any, *, is_causal: bool = False) -> Any:
    mean = jnp.broadcast_to(query.mean(2, keepdims=True), query.shape)
    return attention.multi_query_attention(mean, key, value, is_causal=is_causal)


MULTI_QUERY = Term(
    "mqa",
    attention.multi_query_attention,
    (
        Property(
            "It is multi-head attention with the one key and value head repeated for all query heads.",
            _one_for_all,
            FLOAT32,
            (
                Mistake("no scale in the softmax", _unscaled(attention.multi_query_attention)),
                Mistake("one query for all heads as well", _mean_query),
            ),
        ),
        Property(
            "It is grouped-query attention with one group, causal or not.",
            _one_group,
            FLOAT32,
            (Mistake("no mask", _uncausal(attention.multi_query_attention)),),
        ),
    ),
)


def _tiled(flash: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, value = plain.heads(case)
    run = program(flash, "tile", "is_causal")
    masks = {(4, False): None, (3, True): np.tri(case.tokens, dtype=bool)}
    return plain.worst(
        apart(run(query, key, value, tile=tile, is_causal=causal), plain.attention(query, key, value, mask))
        for (tile, causal), mask in masks.items()
    )


def _slopes(flash: Implementation, case: Case) -> float:
    case = plain.ordinary(case)
    parts = plain.heads(case)
    found, expected = (program(_gradients, 0)(one, *parts) for one in (flash, _dense))
    return max(apart(one, other) for one, other in zip(found, expected, strict=True))


def _gradients(function: Implementation, *parts: Any) -> Any:
    return jax.grad(lambda *given: jnp.sum(jnp.sin(function(*given, tile=4))), (0, 1, 2))(*parts)


def _dense(query: Any, key: Any, value: Any, *, tile: int = 0, is_causal: bool = False) -> Any:
    return attend(query, key, value, is_causal=is_causal)


def _largest(flash: Implementation, case: Case) -> float:
    """Nothing that is computed on the way is as large as the matrix of all pairs."""
    one = jax.ShapeDtypeStruct((1, 256, 1, 4), jnp.float64)
    program = jax.make_jaxpr(lambda *parts: flash(*parts, tile=16))(one, one, one)
    return wrong(_arrays(program.jaxpr) < 256 * 256)


def _arrays(program: Any) -> int:
    largest = 0
    for equation in program.eqns:
        inner = [part for part in equation.params.values() if hasattr(part, "jaxpr") or hasattr(part, "eqns")]
        largest = max([largest, *(_arrays(getattr(part, "jaxpr", part)) for part in inner)])
        largest = max([largest, *(out.aval.size for out in equation.outvars)])
    return largest


def _mean_of_tiles(query: Any, key: Any, value: Any, *, tile: int = 4, is_causal: bool = False) -> Any:
    """A softmax a tile, without the correction for the others."""
    starts = range(0, key.shape[1], tile)
    each = [attend(query, key[:, start : start + tile], value[:, start : start + tile]) for start in starts]
    return sum(each) / len(each)


def _reads_the_padding(query: Any, key: Any, value: Any, *, tile: int = 4, is_causal: bool = False) -> Any:
    more = ((0, 0), (0, -key.shape[1] % tile), (0, 0), (0, 0))
    return attend(query, jnp.pad(key, more), jnp.pad(value, more), is_causal=is_causal)


def _ignores_the_maximum(query: Any, key: Any, value: Any, *, tile: int = 4, is_causal: bool = False) -> Any:
    """Sums of tiles that are each relative to a maximum of their own."""
    total = mixed = 0.0
    for start in range(0, key.shape[1], tile):
        scores = jnp.einsum("bthc,bshc->bths", query, key[:, start : start + tile]) / query.shape[-1] ** 0.5
        weights = jnp.exp(scores - scores.max(-1, keepdims=True))
        total = total + weights.sum(-1)[..., None]
        mixed = mixed + jnp.einsum("bths,bshc->bthc", weights, value[:, start : start + tile])
    return mixed / total


FLASH = Term(
    "flash-attention",
    attention.flash_attention,
    (
        Property(
            "It is dense attention, whether or not the tile divides the tokens, causal or not.",
            _tiled,
            1e-12,
            (
                Mistake("a softmax in each tile", _mean_of_tiles),
                Mistake("the sum not corrected for a new maximum", _ignores_the_maximum),
                Mistake("the padding of the last tile counts", _reads_the_padding),
                Mistake("no scale in the softmax", _unscaled(attention.flash_attention)),
            ),
        ),
        Property(
            "Its gradients are those of dense attention.",
            _slopes,
            1e-11,
            (Mistake("the sum not corrected for a new maximum", _ignores_the_maximum),),
        ),
        Property(
            "Nothing that is computed on the way is as large as the matrix of all pairs.",
            _largest,
            0.0,
            (Mistake("dense attention", _dense),),
        ),
    ),
)
