"""What tunes a frozen network by few parameters: low-rank changes, small modules, prefixes and prompts."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def lora(x: jax.Array, kernel: jax.Array, down: jax.Array, up: jax.Array, alpha: float) -> jax.Array:
    """Tune a large dense map by a small change: the kernel stays, and the difference to it has a low rank.

    Formula: y = x W + (α / r) x A B
    Shapes: x (…, in), kernel W (in, out), down A (in, rank), up B (rank, out); the result is (…, out). The paper writes
        W + (α / r) B A, for vectors that are columns.
    Parameters: rank · (in + out) trained; in · out frozen.
    Cost: in · out + rank · (in + out) multiply-adds a vector; in · out once W + (α / r) A B is kept instead of W.
    Training: B starts at zero, so that training starts at the frozen network; A is drawn.
    Caveats: with α in place, a change of the rank needs no new learning rate. flax.nnx.LoRA leaves it out: it is this
        with α = r.
    Raises: VocabularyError for α of 0 or less.
    Source: Hu et al. 2021 [2106.09685], eq. 3 and sec. 4.1; vocabulary line 1813.

    >>> x, kernel, down = jnp.ones((1, 4)), jnp.ones((4, 4)), jnp.ones((4, 2))
    >>> lora(x, kernel, down, jnp.zeros((2, 4)), alpha=8).tolist()  # at first the frozen map
    [[4.0, 4.0, 4.0, 4.0]]
    >>> lora(x, kernel, down, jnp.ones((2, 4)), alpha=8).tolist()
    [[36.0, 36.0, 36.0, 36.0]]
    """
    sizes = expect.axes(x=(x, "... in"), kernel=(kernel, "in out"), down=(down, "in rank"), up=(up, "rank out"))
    expect.positive("alpha", alpha)
    return jnp.matmul(x, kernel) + alpha / sizes["rank"] * jnp.matmul(jnp.matmul(x, down), up)


def adapter(
    x: jax.Array,
    down: jax.Array,
    down_bias: jax.Array,
    up: jax.Array,
    up_bias: jax.Array,
    activation: Callable[[jax.Array], jax.Array] = jax.nn.relu,
) -> jax.Array:
    """Tune a frozen network by small modules between its layers, each a bottleneck around which the input passes.

    Formula: y = x + act(x W_down + b_down) W_up + b_up
    Shapes: x (…, channels), down (channels, bottleneck), up (bottleneck, channels), biases to match; the result has the
        shape of x.
    Parameters: 2 · channels · bottleneck + bottleneck + channels; 99,136 for 768 and 64.
    Cost: 2 · channels · bottleneck multiply-adds a vector.
    Training: only these are trained; W_up starts near zero, so that the module starts as the identity.
    Caveats: unlike a low-rank change of a kernel it cannot be merged into what stands before it.
    Source: Houlsby et al. 2019 [1902.00751], sec. 2.1; vocabulary line 1831.

    >>> x, down, up = jnp.array([1.0, 2.0]), jnp.ones((2, 1)), jnp.ones((1, 2))
    >>> adapter(x, down, jnp.zeros(1), up, jnp.zeros(2)).tolist()
    [4.0, 5.0]
    """
    expect.axes(
        x=(x, "... channels"),
        down=(down, "channels bottleneck"),
        down_bias=(down_bias, "bottleneck"),
        up=(up, "bottleneck channels"),
        up_bias=(up_bias, "channels"),
    )
    return x + jnp.matmul(activation(jnp.matmul(x, down) + down_bias), up) + up_bias


def prefix_attention(
    queries: jax.Array, keys: jax.Array, values: jax.Array, prefix_keys: jax.Array, prefix_values: jax.Array
) -> jax.Array:
    """Steer a frozen attention: trained keys and values stand before those of the tokens, in every layer.

    Formula: softmax(Q [P_K; K]ᵀ / √d) [P_V; V]
    Shapes: queries, keys and values (…, tokens, width) of one head, prefixes (prefix, width) for all examples; the
        result has the shape of the queries.
    Parameters: 2 · prefix · width a layer.
    Cost: 2 · tokens · (tokens + prefix) · width multiply-adds.
    Training: only prefixes are trained, in the paper as the output of a small network that is dropped afterwards.
    Caveats: the sequence does not get longer. Vectors that stand before the input of the first layer are prompt tuning.
    Source: Li and Liang 2021 [2101.00190], sec. 4; vocabulary line 1848.

    >>> tokens = jnp.zeros((3, 2))
    >>> prefix_attention(tokens, tokens, tokens, jnp.zeros((1, 2)), jnp.array([[4.0, 8.0]]))[0].tolist()
    [1.0, 2.0]
    """
    width = expect.axes(
        queries=(queries, "... tokens width"),
        keys=(keys, "... others width"),
        values=(values, "... others width"),
        prefix_keys=(prefix_keys, "prefix width"),
        prefix_values=(prefix_values, "prefix width"),
    )["width"]
    before = jnp.shape(keys)[:-2]
    keys = jnp.concatenate([jnp.broadcast_to(prefix_keys, (*before, *jnp.shape(prefix_keys))), keys], axis=-2)
    values = jnp.concatenate([jnp.broadcast_to(prefix_values, (*before, *jnp.shape(prefix_values))), values], axis=-2)
    scores = jnp.matmul(queries, jnp.swapaxes(keys, -1, -2)) / jnp.sqrt(width)
    return jnp.matmul(jax.nn.softmax(scores, axis=-1), values)


def prompt_tuning(x: jax.Array, prompt: jax.Array) -> jax.Array:
    """Steer a frozen network from its input alone: trained vectors stand before the embedded tokens.

    Formula: X' = [P; X]
    Shapes: x (batch, tokens, channels), already embedded; prompt (length, channels), the same for all examples; the
        result is (batch, length + tokens, channels).
    Parameters: length · channels, all that is trained.
    Cost: none here; every layer after it sees length more tokens.
    Training: only the prompt is trained, in the paper started from embeddings of tokens.
    Caveats: positions move by length; what is predicted for the prompt itself is dropped.
    Source: Lester et al. 2021 [2104.08691], sec. 2; vocabulary line 1865.

    >>> prompt_tuning(jnp.ones((2, 3, 4)), jnp.zeros((5, 4))).shape
    (2, 8, 4)
    """
    sizes = expect.axes(x=(x, "batch tokens channels"), prompt=(prompt, "length channels"))
    before = jnp.broadcast_to(prompt, (sizes["batch"], *jnp.shape(prompt)))
    return jnp.concatenate([before, x], axis=1)
