"""Attention over space and time, one after the other."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def divided_attention(x: jax.Array, time_weights: jax.Array, space_weights: jax.Array, heads: int = 1) -> jax.Array:
    """Attend over a video at a cost that is bearable: over time at each place first, then over places in each frame.

    Attention over all places of all frames at once costs (T S)² products; divided it costs T S (T + S). Everything
    still reaches everything, in two steps.

    Formula: z = x + Attention over t at each s; y = z + Attention over s in each t;
        Attention(u) = softmax(Q Kᵀ / √d) V, (Q, K, V) = u (W_q, W_k, W_v)
    Shapes: x (batch, time, space, channels); both weights (3, channels, channels) for queries, keys and values; heads
        divides channels; result as x.
    Parameters: 6 · channels²; the published block also has norms, output maps and an MLP.
    Cost: 6 · T S channels² + 2 · T S (T + S) channels multiply-adds.
    Training: as in evaluation.
    Caveats: places are patches of an image, that is two dimensions and time; a point that moves is not followed.
    Raises: VocabularyError for shapes that do not fit and heads that do not divide channels.
    Source: Bertasius et al. 2021 [arXiv:2102.05095], eqs. 7 to 9; vocabulary line 4757.

    >>> frames = jax.numpy.array([1.0, 3.0]).reshape(1, 2, 1, 1)  # two frames of one place
    >>> means = jax.numpy.array([0.0, 0.0, 1.0]).reshape(3, 1, 1)  # queries and keys of 0: a plain mean
    >>> divided_attention(frames, means, 0 * means).ravel().tolist()
    [3.0, 5.0]
    """
    sizes = expect.axes(x=(x, "batch time space channels"))
    expect.axes(sizes, time_weights=(time_weights, "3 channels channels"))
    expect.axes(sizes, space_weights=(space_weights, "3 channels channels"))
    expect.divides("heads", heads, "channels", sizes["channels"])
    x = x + jnp.swapaxes(_attention(jnp.swapaxes(x, 1, 2), time_weights, heads), 1, 2)
    return x + _attention(x, space_weights, heads)


def _attention(x: jax.Array, weights: jax.Array, heads: int) -> jax.Array:
    """Attention over the axis before the last of x ``(..., tokens, channels)``."""
    split = (*x.shape[:-1], heads, x.shape[-1] // heads)
    queries, keys, values = ((x @ weight).reshape(split) for weight in weights)
    scores = jnp.einsum("...qhd,...khd->...hqk", queries, keys) / split[-1] ** 0.5
    return jnp.einsum("...hqk,...khd->...qhd", jax.nn.softmax(scores, -1), values).reshape(x.shape)
