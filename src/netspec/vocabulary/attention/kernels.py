"""Attention whose weights are products of features, so that the sums over tokens can be taken first."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def linear_attention(query: jax.Array, key: jax.Array, value: jax.Array, *, is_causal: bool = False) -> jax.Array:
    """Attend in time linear in the tokens: weights that are products of features need no matrix of all pairs.

    Formula: o_t = φ(q_t)ᵀ Σ_s φ(k_s) v_sᵀ / (φ(q_t)ᵀ Σ_s φ(k_s)), φ(x) = elu(x) + 1; causal: s ≤ t
    Shapes: query (batch, tokens, heads, c), key (batch, source, heads, c), value (batch, source, heads, d).
    Parameters: none.
    Cost: 2·heads·c·d multiply-adds for each key and each query; in generation a state of heads·c·(d + 1) numbers.
    Training: all tokens at once; the causal sums here keep a state a token, c·d numbers each.
    Caveats: it is another kernel, not an approximation of the softmax, which random features (Performer) are.
    Raises: VocabularyError where shapes do not match, or causal with other keys than queries.
    Source: Katharopoulos et al. 2020 [arXiv:2006.16236], eqs. 5-7; vocabulary line 2370.

    >>> query = key = jax.numpy.zeros((1, 3, 1, 2))
    >>> value = jax.numpy.array([3.0, 5.0, 1.0]).reshape(1, 3, 1, 1)
    >>> linear_attention(query, key, value, is_causal=True).ravel().tolist()  # like features, like weights
    [3.0, 4.0, 3.0]
    """
    sizes = expect.axes(query=(query, "batch tokens heads c"), key=(key, "batch source heads c"))
    expect.axes(sizes, value=(value, "batch source heads d"))
    query, key = jax.nn.elu(query) + 1, jax.nn.elu(key) + 1
    if is_causal:
        expect.one_of("source", sizes["source"], (sizes["tokens"],))
        written, weight = (jnp.cumsum(x, axis=1) for x in (key[..., None] * value[..., None, :], key))
        return jnp.einsum("bthc,bthcd->bthd", query, written) / jnp.einsum("bthc,bthc->bth", query, weight)[..., None]
    mixed = jnp.einsum("bthc,bhcd->bthd", query, jnp.einsum("bshc,bshd->bhcd", key, value))
    return mixed / jnp.einsum("bthc,bhc->bth", query, key.sum(1))[..., None]
