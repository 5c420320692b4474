"""Which token may attend to which: masks of booleans, ``(tokens, tokens)``, True where row i may attend to column j.

They are what :func:`netspec.modules.attention.attend` takes as ``mask``. A mask alone saves no work: all scores are
computed and most are thrown away; a kernel that knows the pattern leaves them out.
"""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def sparse_mask(tokens: int, *, window: int, global_tokens: tuple[int, ...] = (0,)) -> jax.Array:
    """Let most tokens attend to their neighbours, and a few chosen ones to all and be attended to by all.

    Formula: M_ij = |i − j| ≤ w or i ∈ G or j ∈ G
    Shapes: (tokens, tokens) of booleans, True where i may attend to j.
    Parameters: none.
    Cost: tokens·(2w + 1 + 2·|G|) pairs, linear in the tokens, if a kernel leaves the others out.
    Training: as in evaluation.
    Caveats: as a mask over a dense product it saves nothing. Longformer gives its global tokens maps of their own.
    Raises: VocabularyError where a global token is none of the tokens or the window is negative.
    Source: Beltagy et al. 2020 [arXiv:2004.05150], sec. 3.1; Child et al. 2019 [arXiv:1904.10509] for sparse attention
        in general; vocabulary line 2343.

    >>> sparse_mask(5, window=1, global_tokens=(4,)).astype(int).tolist()
    [[1, 1, 0, 0, 1], [1, 1, 1, 0, 1], [0, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]
    """
    distance = _distance(tokens)
    expect.whole("window", window, 0)
    for token in global_tokens:
        expect.within("global token", token, 0, tokens - 1)
    chosen = np.isin(np.arange(tokens), global_tokens)
    return jnp.asarray((np.abs(distance) <= window) | chosen[:, None] | chosen)


def factorized_mask(
    tokens: int, stride: int, *, pattern: Literal["strided", "fixed"] = "strided", summary: int = 1
) -> jax.Array:
    """Reach every earlier token in two steps with some √tokens pairs a token: some neighbours and some far ones.

    Formula: strided: 0 ≤ i − j < l or l | i − j ≥ 0; fixed: ⌊i/l⌋ = ⌊j/l⌋ or j mod l ≥ l − c, both with j ≤ i
    Shapes: (tokens, tokens) of booleans, True where i may attend to j.
    Parameters: none.
    Cost: at most l + tokens/l pairs a row (l + c·tokens/l fixed), 2·√tokens at l = √tokens.
    Training: as in evaluation.
    Caveats: the paper gives the two halves of a pattern to different heads or merges them; here they are merged.
    Raises: VocabularyError where stride or summary is below 1, or the summary longer than the stride.
    Source: Child et al. 2019 [arXiv:1904.10509], sec. 4.2; vocabulary line 2368.

    >>> factorized_mask(5, 2).astype(int).tolist()
    [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    """
    distance, stride = _distance(tokens), expect.whole("stride", stride)
    expect.one_of("pattern", pattern, ("strided", "fixed"))
    expect.within("summary", expect.whole("summary", summary), 1, stride)
    at = np.arange(tokens)
    if pattern == "strided":
        seen = (distance < stride) | (distance % stride == 0)
    else:
        seen = (at[:, None] // stride == at // stride) | (at % stride >= stride - summary)
    return jnp.asarray((distance >= 0) & seen)


def oscillating_mask(layer: int, tokens: int) -> jax.Array:
    """Change the direction from layer to layer: all tokens, then those so far, then those to come, and again.

    Formula: M(l) = all, i ≥ j, i ≤ j for l mod 3 = 0, 1, 2
    Shapes: (tokens, tokens) of booleans, True where i may attend to j; layers count from 0.
    Parameters: none.
    Cost: that of the attention.
    Training: as in evaluation.
    Caveats: two layers of three see the future, so that no model with it can learn to predict the next token. No paper
        is known that uses it.
    Raises: VocabularyError where the layer is negative or there are no tokens.
    Source: none; vocabulary line 2397.

    >>> [oscillating_mask(layer, 3).sum().item() for layer in range(4)]
    [9, 6, 6, 9]
    """
    distance = _distance(tokens)
    return jnp.asarray(
        (np.ones_like(distance, bool), distance >= 0, distance <= 0)[expect.whole("layer", layer, 0) % 3]
    )


def anticausal_mask(tokens: int) -> jax.Array:
    """Read from the end: every token attends to itself and to those after it.

    Formula: M_ij = i ≤ j
    Shapes: (tokens, tokens) of booleans, True where i may attend to j.
    Parameters: none.
    Cost: that of the attention.
    Training: as in evaluation.
    Caveats: taken for the causal mask it lets a language model see what it is to predict, and its loss looks splendid.
    Raises: VocabularyError where there are no tokens.
    Source: vocabulary line 2402.

    >>> anticausal_mask(3).astype(int).tolist()
    [[1, 1, 1], [0, 1, 1], [0, 0, 1]]
    """
    return jnp.asarray(_distance(tokens) <= 0)


def sliding_window_attention(query: jax.Array, key: jax.Array, value: jax.Array, *, window: int) -> jax.Array:
    """Attend to neighbours only: what is far is reached through several layers, as in a convolutional network.

    Formula: o_i = Σ_j softmax_j(q_i·k_j / √c) v_j over |i − j| ≤ w
    Shapes: query, key and value (batch, tokens, heads, c); leaves that of the query.
    Parameters: none.
    Cost: tokens·(2w + 1) scores where a kernel leaves the others out; on CPU jax computes and masks them all.
    Training: as in evaluation.
    Caveats: L layers reach L·w tokens. The softmax is in float32 even if float64 arrives.
    Raises: VocabularyError where shapes do not match or the window is negative.
    Source: Beltagy et al. 2020 [arXiv:2004.05150], sec. 3.1; vocabulary line 2453.

    >>> one = jax.numpy.ones((1, 4, 1, 1))
    >>> value = jax.numpy.arange(4.0).reshape(1, 4, 1, 1)
    >>> sliding_window_attention(one, one, value, window=1).ravel().tolist()
    [0.5, 1.0, 2.0, 2.5]
    """
    shape = "batch tokens heads c"
    expect.axes(query=(query, shape), key=(key, shape), value=(value, shape))
    window = expect.whole("window", window, 0)
    return jax.nn.dot_product_attention(query, key, value, local_window_size=(window, window))


def dilated_mask(tokens: int, step: int) -> jax.Array:
    """See far with few pairs: every token attends to each step-th one on either side of it.

    Formula: M_ij = k | i − j
    Shapes: (tokens, tokens) of booleans, True where i may attend to j.
    Parameters: none.
    Cost: tokens²/k pairs, if a kernel leaves the others out.
    Training: as in evaluation.
    Caveats: alone it splits the tokens into k sequences that never meet; other heads or layers need other steps.
    Raises: VocabularyError where the step is below 1.
    Source: Beltagy et al. 2020 [arXiv:2004.05150], sec. 3.1; Ding et al. 2023 [arXiv:2307.02486]; vocabulary line 2489.

    >>> dilated_mask(4, 2).astype(int).tolist()
    [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]]
    """
    return jnp.asarray(_distance(tokens) % expect.whole("step", step) == 0)


def bigbird_mask(key: jax.Array, tokens: int, *, window: int, chosen: int, global_tokens: int) -> jax.Array:
    """Join far tokens by chance: neighbours, some global tokens, and for each token some others drawn at random.

    Formula: M_ij = |i − j| ≤ w or i < g or j < g or j ∈ R_i, R_i some r of the others, drawn
    Shapes: (tokens, tokens) of booleans, True where i may attend to j.
    Parameters: none.
    Cost: tokens·(2w + 1 + r + 2g) pairs, linear in the tokens, if a kernel leaves the others out.
    Training: the same pattern as in evaluation: it is drawn once.
    Caveats: BigBird draws blocks of tokens, which is what makes it fast.
    Raises: VocabularyError where a number is negative.
    Source: Zaheer et al. 2020 [arXiv:2007.14062], sec. 2; vocabulary line 2499.

    >>> mask = bigbird_mask(jax.random.key(0), 10, window=1, chosen=2, global_tokens=1)
    >>> mask.sum(1).tolist()  # row 0 is global, row 1 has 0, 1, 2 and two that were drawn
    [10, 5, 6, 6, 6, 6, 6, 6, 6, 5]
    """
    for name, value in (("window", window), ("chosen", chosen), ("global_tokens", global_tokens)):
        expect.whole(name, value, 0)
    near = sparse_mask(tokens, window=window, global_tokens=tuple(range(min(global_tokens, tokens))))
    # What may attend already comes last in each row, so that r places are left for others.
    order = jnp.argsort(jnp.where(near, 2.0, jax.random.uniform(key, (tokens, tokens))), axis=1)
    drawn = jnp.zeros((tokens, tokens), bool).at[jnp.arange(tokens)[:, None], order[:, :chosen]].set(True)
    return near | drawn


def causal_mask(tokens: int) -> jax.Array:
    """Predict each token from those before it: nothing may look to the right.

    Formula: M_ij = i ≥ j
    Shapes: (tokens, tokens) of booleans, True where i may attend to j.
    Parameters: none.
    Cost: half of the pairs, if a kernel leaves the others out.
    Training: all tokens of a text are predicted at once, each from those before it; generation goes one by one.
    Caveats: in PyTorch's attention modules True means the opposite: what may not be attended to.
    Raises: VocabularyError where there are no tokens.
    Source: Vaswani et al. 2017 [arXiv:1706.03762], sec. 3.2.3; vocabulary line 5303.

    >>> causal_mask(3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    mask: jax.Array = nnx.make_causal_mask(jnp.ones(expect.whole("tokens", tokens)), dtype=bool)[0]
    return mask


def prefix_mask(tokens: int, prefix: int) -> jax.Array:
    """Read a prompt in both directions and write the answer from left to right, in one network.

    Formula: M_ij = j ≤ i or j < p
    Shapes: (tokens, tokens) of booleans, True where i may attend to j; the first p tokens are the prefix.
    Parameters: none.
    Cost: that of the attention.
    Training: the loss is taken of the tokens behind the prefix only.
    Caveats: what was kept of a prefix for generation is of no use for a longer one, whose tokens see more.
    Raises: VocabularyError where the prefix is not from 0 to the number of tokens.
    Source: Dong et al. 2019 [arXiv:1905.03197], sec. 2.3; Raffel et al. 2020 [arXiv:1910.10683], fig. 4; vocabulary
        line 5347.

    >>> prefix_mask(4, 2).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    """
    distance = _distance(tokens)
    if expect.whole("prefix", prefix, 0) > tokens:
        raise VocabularyError(f"prefix: arrived {prefix}, expected at most the {tokens} tokens")
    return jnp.asarray((distance >= 0) | (np.arange(tokens) < prefix))


def _distance(tokens: int) -> np.ndarray:
    """``i − j`` for all pairs, ``(tokens, tokens)``."""
    at = np.arange(expect.whole("tokens", tokens))
    return at[:, None] - at
