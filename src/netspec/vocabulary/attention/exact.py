"""Softmax attention with fewer keys and values, or without its matrix."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def grouped_query_attention(
    query: jax.Array, key: jax.Array, value: jax.Array, *, is_causal: bool = False
) -> jax.Array:
    """Let several query heads share a key and a value head, so that generation has less to keep and to read.

    Formula: o_h = softmax(q_h k_gᵀ / √c) v_g, g = ⌊h·G/H⌋
    Shapes: query (batch, tokens, H, c), key and value (batch, source, G, c), G dividing H; leaves that of the query.
    Parameters: none here; the projections to keys and values have G/H of those of the usual attention.
    Cost: the multiply-adds of H heads; kept for generation are 2·G·c numbers a token and layer in place of 2·H·c.
    Training: as in evaluation.
    Caveats: neighbouring query heads share; the softmax is in float32 even if float64 arrives.
    Raises: VocabularyError where shapes do not match or G does not divide H.
    Source: Ainslie et al. 2023 [arXiv:2305.13245], fig. 2; vocabulary line 2278.

    >>> query, cached = jax.numpy.ones((1, 5, 8, 4)), jax.numpy.ones((1, 5, 2, 4))
    >>> grouped_query_attention(query, cached, cached, is_causal=True).shape
    (1, 5, 8, 4)
    """
    sizes = expect.axes(query=(query, "batch tokens H c"), key=(key, "batch source G c"))
    expect.axes(sizes, value=(value, "batch source G c"))
    expect.divides("key heads", sizes["G"], "query heads", sizes["H"])
    return jax.nn.dot_product_attention(query, key, value, is_causal=is_causal)


def multi_query_attention(query: jax.Array, key: jax.Array, value: jax.Array, *, is_causal: bool = False) -> jax.Array:
    """Have all query heads share one key and one value head: the least that generation can keep and read.

    Formula: o_h = softmax(q_h kᵀ / √c) v
    Shapes: query (batch, tokens, H, c), key and value (batch, source, c); leaves that of the query.
    Parameters: none here; the projections to keys and values have 1/H of those of the usual attention.
    Cost: the multiply-adds of H heads; kept for generation are 2·c numbers a token and layer in place of 2·H·c.
    Training: as in evaluation.
    Caveats: the softmax is in float32 even if float64 arrives.
    Raises: VocabularyError where shapes do not match.
    Source: Shazeer 2019 [arXiv:1911.02150], sec. 3; vocabulary line 2303.

    >>> query, cached = jax.numpy.ones((1, 5, 8, 4)), jax.numpy.ones((1, 5, 4))
    >>> multi_query_attention(query, cached, cached).shape
    (1, 5, 8, 4)
    """
    sizes = expect.axes(query=(query, "batch tokens H c"), key=(key, "batch source c"))
    expect.axes(sizes, value=(value, "batch source c"))
    return jax.nn.dot_product_attention(query, key[:, :, None], value[:, :, None], is_causal=is_causal)


def flash_attention(
    query: jax.Array, key: jax.Array, value: jax.Array, *, tile: int = 128, is_causal: bool = False
) -> jax.Array:
    """Compute attention exactly without ever holding its matrix: keys come in tiles, and the softmax is corrected.

    Formula: m' = max(m, max_j s_j); ℓ' = e^(m−m') ℓ + Σ_j e^(s_j−m'); o' = (e^(m−m') ℓ o + Σ_j e^(s_j−m') v_j) / ℓ'
    Shapes: query (batch, tokens, heads, c), key and value (batch, source, heads, c); leaves that of the query.
    Parameters: none.
    Cost: the multiply-adds of attention; tokens·tile scores at a time in place of tokens·source. On a chip with M
        numbers of fast memory the tiled kernel moves tokens²·c²/M numbers, fewer than the matrix but not linearly many.
    Training: the gradient is that of attention; a fused kernel computes the scores again instead of keeping them.
    Caveats: this shows the recurrence; speed comes only from a kernel that keeps its tiles in fast memory.
    Raises: VocabularyError where shapes do not match or the tile is below 1.
    Source: Dao et al. 2022 [arXiv:2205.14135], alg. 1; Milakov and Gimelshein 2018 [arXiv:1805.02867]; vocabulary
        line 2325.

    >>> query, key, value = jax.random.normal(jax.random.key(0), (3, 1, 10, 2, 4))
    >>> tiled = flash_attention(query, key, value, tile=3)
    >>> bool(abs(tiled - jax.nn.dot_product_attention(query, key, value)).max() < 1e-5)
    True
    """
    sizes = expect.axes(query=(query, "batch tokens heads c"), key=(key, "batch source heads c"))
    expect.axes(sizes, value=(value, "batch source heads c"))
    expect.whole("tile", tile)
    source, tiles = sizes["source"], -(-sizes["source"] // tile)
    padded = [jnp.pad(x, ((0, 0), (0, tiles * tile - source), (0, 0), (0, 0))) for x in (key, value)]
    keys, values = (x.reshape(x.shape[0], tiles, tile, *x.shape[2:]).swapaxes(0, 1) for x in padded)
    query_at, key_at = jnp.arange(sizes["tokens"]), jnp.arange(tiles * tile).reshape(tiles, tile)

    def step(carry: tuple[jax.Array, ...], given: tuple[jax.Array, ...]) -> tuple[tuple[jax.Array, ...], None]:
        top, total, mixed = carry
        key, value, at = given
        scores = jnp.einsum("bthc,bshc->bths", query, key) / math.sqrt(sizes["c"])
        seen = at < source if not is_causal else (at < source) & (at <= query_at[:, None, None])
        scores = jnp.where(seen, scores, -jnp.inf)
        higher = jnp.maximum(top, scores.max(-1))
        weights, kept = jnp.exp(scores - higher[..., None]), jnp.exp(top - higher)
        total = kept * total + weights.sum(-1)
        mixed = kept[..., None] * mixed + jnp.einsum("bths,bshc->bthc", weights, value)
        return (higher, total, mixed), None

    zeros = jnp.zeros(query.shape, query.dtype)
    start = jnp.full(query.shape[:3], -jnp.inf, query.dtype), zeros[..., 0], zeros
    (_, total, mixed), _ = jax.lax.scan(step, start, (keys, values, key_at))
    return mixed / total[..., None]
