"""Attention that forgets at a fixed pace, so that it is a recurrence as well."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def retention(
    query: jax.Array, key: jax.Array, value: jax.Array, decay: jax.Array, *, chunk: int | None = None
) -> jax.Array:
    """Train in parallel like attention and generate like a recurrent network: weights that only decay with distance.

    Formula: O = (QKᵀ ⊙ D) V, D_ts = γ^(t−s) for s ≤ t, else 0; equally S_t = γ S_{t−1} + k_t v_tᵀ, o_t = S_tᵀ q_t
    Shapes: query and key (batch, tokens, heads, c), value (batch, tokens, heads, d), decay γ (heads) in (0, 1].
    Parameters: none; the decays are fixed, 1 − 2^(−5−h) for head h in the paper.
    Cost: tokens² products in parallel; tokens·chunk in chunks; c·d numbers of state a head, whatever the length.
    Training: in parallel (chunk None) or in chunks of so many tokens; in generation chunk = 1 is the recurrence.
    Caveats: the paper rotates queries and keys by position before (xPos), and normalises and gates each head after.
    Raises: VocabularyError where shapes do not match, a decay is not in (0, 1] or the chunk does not divide.
    Source: Sun et al. 2023 [arXiv:2307.08621], eqs. 5-7; vocabulary line 2571.

    >>> one = jax.numpy.ones((1, 4, 1, 1))
    >>> retention(one, one, one, jax.numpy.array([0.5])).ravel().tolist()
    [1.0, 1.5, 1.75, 1.875]
    >>> retention(one, one, one, jax.numpy.array([0.5]), chunk=2).ravel().tolist()
    [1.0, 1.5, 1.75, 1.875]
    """
    sizes = expect.axes(query=(query, "batch tokens heads c"), key=(key, "batch tokens heads c"))
    sizes = expect.axes(sizes, value=(value, "batch tokens heads d"), decay=(decay, "heads"))
    expect.within("decay", decay, 0.0, 1.0, open_below=True)
    tokens = sizes["tokens"]
    chunk = tokens if chunk is None else expect.whole("chunk", chunk)
    expect.divides("chunk", chunk, "tokens", tokens)
    query, key, value = (x.reshape(x.shape[0], -1, chunk, *x.shape[2:]).swapaxes(0, 1) for x in (query, key, value))
    at = jnp.arange(chunk)
    distance = at[:, None] - at
    inside = jnp.where(distance >= 0, decay[:, None, None] ** jnp.maximum(distance, 0), 0)

    def step(state: jax.Array, given: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
        query, key, value = given
        mixed = jnp.einsum("bthc,bshc,hts,bshd->bthd", query, key, inside, value)
        before = query * decay[:, None] ** (at + 1)[:, None, None]
        ahead = key * decay[:, None] ** (chunk - 1 - at)[:, None, None]
        mixed += jnp.einsum("bthc,bhcd->bthd", before, state)
        return decay[:, None, None] ** chunk * state + jnp.einsum("bshc,bshd->bhcd", ahead, value), mixed

    batch, heads = sizes["batch"], sizes["heads"]
    empty = jnp.zeros((batch, heads, sizes["c"], sizes["d"]), value.dtype)
    mixed = jax.lax.scan(step, empty, (query, key, value))[1]
    return mixed.swapaxes(0, 1).reshape(batch, tokens, heads, sizes["d"])


def wkv(key: jax.Array, value: jax.Array, decay: jax.Array, bonus: jax.Array) -> jax.Array:
    """Average values with weights that grow with their key and shrink with their age, in constant memory.

    Formula: wkv_t = (Σ_{s<t} e^(−(t−1−s)w + k_s) v_s + e^(u + k_t) v_t) / (Σ_{s<t} e^(−(t−1−s)w + k_s) + e^(u + k_t))
    Shapes: key and value (batch, tokens, channels), decay w and bonus u (channels); leaves that of the value.
    Parameters: 2·channels, w at least 0; a block has projections, a gate and token shifts around it.
    Cost: some ten operations a token and channel, one token after the other; a state of three numbers a channel.
    Training: as in evaluation; fused kernels go through the tokens for all channels at once.
    Caveats: sums are kept relative to their largest exponent, since e^k overflows for keys that do occur.
    Raises: VocabularyError where shapes do not match or a decay is negative.
    Source: Peng et al. 2023 [arXiv:2305.13048], sec. 3.1; vocabulary line 2582.

    >>> none = jax.numpy.zeros(1)
    >>> value = jax.numpy.array([3.0, 5.0, 1.0]).reshape(1, 3, 1)
    >>> wkv(0 * value, value, none, none).round(4).ravel().tolist()  # no decay, no bonus: the running mean
    [3.0, 4.0, 3.0]
    """
    sizes = expect.axes(key=(key, "batch tokens channels"), value=(value, "batch tokens channels"))
    expect.axes(sizes, decay=(decay, "channels"), bonus=(bonus, "channels"))
    expect.not_negative("decay", decay)

    def step(state: tuple[jax.Array, ...], given: tuple[jax.Array, ...]) -> tuple[tuple[jax.Array, ...], jax.Array]:
        total, weight, top = state
        key, value = given
        high = jnp.maximum(top, bonus + key)
        old, new = jnp.exp(top - high), jnp.exp(bonus + key - high)
        mixed = (old * total + new * value) / (old * weight + new)
        high = jnp.maximum(top - decay, key)
        old, new = jnp.exp(top - decay - high), jnp.exp(key - high)
        return (old * total + new * value, old * weight + new, high), mixed

    empty = jnp.zeros(key[:, 0].shape, value.dtype)
    lowest = jnp.full(empty.shape, -jnp.inf, value.dtype)
    mixed = jax.lax.scan(step, (empty, empty, lowest), (jnp.swapaxes(key, 0, 1), jnp.swapaxes(value, 0, 1)))[1]
    return jnp.swapaxes(mixed, 0, 1)
