"""Embeddings: vectors for tokens, for what a token belongs to, and for whole sentences.

A table of tokens is :class:`netspec.layers.TokenPositionEmbed`; patches are :class:`netspec.layers.PatchEmbed`.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def segment_embedding(
    tokens: jax.Array,
    segments: jax.Array,
    token_table: jax.Array,
    position_table: jax.Array,
    segment_table: jax.Array,
) -> jax.Array:
    """Tell a network that reads two passages at once which of them each token belongs to.

    Formula: e_i = E_tok[t_i] + E_pos[i] + E_seg[s_i]
    Shapes: tokens t and segments s (batch, tokens), whole numbers; tables E_tok (vocabulary, width), E_pos (positions,
        width), E_seg (kinds, width); vectors (batch, tokens, width).
    Parameters: (vocabulary + positions + kinds) · width; BERT-base has 2 kinds, 2·768 = 1,536 of them.
    Cost: three look-ups and two additions a token.
    Training: with dropout behind it, and in BERT LayerNorm before that.
    Caveats: RoBERTa has one kind only, so it has no effect there. No token may stand behind the last position.
    Raises: VocabularyError where shapes disagree, there are more tokens than positions, or a number has no row.
    Source: Devlin et al. 2019 (arXiv:1810.04805), sec. 3; vocabulary line 1148.

    >>> tables = jnp.array([[1.0], [2.0]]), jnp.array([[10.0], [20.0]]), jnp.array([[0.0], [100.0]])
    >>> segment_embedding(jnp.array([[0, 1]]), jnp.array([[0, 1]]), *tables)[0, :, 0].tolist()
    [11.0, 122.0]
    """
    sizes = expect.axes(tokens=(tokens, "batch tokens"), segments=(segments, "batch tokens"))
    tables = {"token_table": (token_table, "vocabulary width"), "position_table": (position_table, "positions width")}
    sizes = expect.axes(sizes, **tables, segment_table=(segment_table, "kinds width"))
    expect.within("tokens", tokens, 0, sizes["vocabulary"] - 1)
    expect.within("segments", segments, 0, sizes["kinds"] - 1)
    if sizes["tokens"] > sizes["positions"]:
        raise VocabularyError(f"tokens: arrived {sizes['tokens']} of them, expected at most {sizes['positions']}")
    look_up = [jnp.asarray(table) for table in (token_table, segment_table)]
    return look_up[0][tokens] + position_table[: sizes["tokens"]] + look_up[1][segments]


def sentence_embedding(states: jax.Array, mask: jax.Array) -> jax.Array:
    """Compare sentences of any length by one product: the mean of what a network makes of their tokens.

    Formula: u = Σ_i m_i h_i / Σ_i m_i, then u / ‖u‖
    Shapes: states h (batch, tokens, width); mask m (batch, tokens), 1 for a token and 0 for padding; (batch, width).
    Parameters: none behind the network's.
    Cost: one addition an element.
    Training: so that pairs that say the same are closer than others (NT-Xent, or a triplet loss). The states of a
        network that was trained to fill gaps alone compare badly.
    Caveats: padding has no part in it, or the same sentence would be another one in another batch. Vectors are of
        length one, so that a product is a cosine.
    Raises: VocabularyError where shapes disagree, the mask is outside [0, 1], or a sentence has no token.
    Source: Reimers and Gurevych 2019 (arXiv:1908.10084), sec. 3; vocabulary line 5268.

    >>> states = jnp.array([[[3.0, 0.0], [3.0, 8.0], [9.0, -9.0]]])
    >>> [round(float(each), 4) for each in sentence_embedding(states, jnp.array([[1, 1, 0]]))[0]]
    [0.6, 0.8]
    """
    expect.axes(states=(states, "batch tokens width"), mask=(mask, "batch tokens"))
    expect.probability("mask", mask)
    if not isinstance(mask, jax.core.Tracer) and not np.asarray(mask).any(-1).all():
        raise VocabularyError("mask: arrived with a sentence without tokens, expected at least one in each")
    weights = jnp.asarray(mask, jnp.result_type(states))[..., None]
    mean = (states * weights).sum(1) / weights.sum(1)
    return mean / jnp.linalg.norm(mean, axis=-1, keepdims=True)
