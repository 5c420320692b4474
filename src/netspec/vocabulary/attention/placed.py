"""Attention that knows where its tokens are: on a grid, in a latent array, at a distance."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from netspec.modules.attention import attend
from netspec.vocabulary import expect


def axial_attention(x: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    """Attend over a picture in two passes, along its rows and along its columns, instead of over all pairs of pixels.

    Formula: y = A_column(A_row(x)), A(x) = softmax(x W_q (x W_k)ᵀ / √c) x W_v along one axis
    Shapes: x (batch, height, width, c), rows and columns (3, c, c), the maps to queries, keys and values of a pass.
    Parameters: 6·c².
    Cost: 2·c·height·width·(height + width) multiply-adds for the weights, in place of 2·c·(height·width)².
    Training: as in evaluation.
    Caveats: what two pixels in another row and column say to each other goes through the pixel at their crossing.
    Raises: VocabularyError where shapes do not match.
    Source: Ho et al. 2019 [arXiv:1912.12180], sec. 3.1; vocabulary line 2521.

    >>> maps = jax.numpy.zeros((3, 1, 1)).at[2].set(1)  # no preference: means over rows, then over columns
    >>> axial_attention(jax.numpy.arange(6.0).reshape(1, 2, 3, 1), maps, maps).ravel().tolist()
    [2.5, 2.5, 2.5, 2.5, 2.5, 2.5]
    """
    expect.axes(x=(x, "batch height width c"), rows=(rows, "3 c c"), columns=(columns, "3 c c"))
    return _along_rows(_along_rows(x, rows).swapaxes(1, 2), columns).swapaxes(1, 2)


def _along_rows(x: jax.Array, maps: jax.Array) -> jax.Array:
    lines = x.reshape(-1, *x.shape[2:])
    return attend(*(lines[:, :, None] @ part for part in maps))[:, :, 0].reshape(x.shape)


def perceiver_attention(
    latents: jax.Array, inputs: jax.Array, query: jax.Array, key: jax.Array, value: jax.Array
) -> jax.Array:
    """Read inputs of any length into a small array of learned vectors, at a cost linear in the length.

    Formula: Z' = softmax(Z W_q (X W_k)ᵀ / √c) X W_v
    Shapes: latents Z (latents, width), inputs X (batch, tokens, channels), query W_q (width, c), key W_k (channels, c),
        value W_v (channels, d); leaves (batch, latents, d).
    Parameters: latents·width + width·c + channels·(c + d).
    Cost: latents·tokens·(c + d) multiply-adds for the weights; further layers work on the latents only.
    Training: the latents are parameters like the maps.
    Caveats: it sees the inputs as a set: positions have to be written into them. Perceiver IO lets queries of the
        outputs read the latents by the same operation.
    Raises: VocabularyError where shapes do not match.
    Source: Jaegle et al. 2021 [arXiv:2103.03206], sec. 3.1; [arXiv:2107.14795] for Perceiver IO; vocabulary line 2533.

    >>> one = jax.numpy.eye(2)
    >>> perceiver_attention(jax.numpy.zeros((4, 2)), jax.numpy.ones((1, 1000, 2)), one, one, one).shape
    (1, 4, 2)
    """
    sizes = expect.axes(latents=(latents, "latents width"), inputs=(inputs, "batch tokens channels"))
    expect.axes(sizes, query=(query, "width c"), key=(key, "channels c"), value=(value, "channels d"))
    asked = jnp.broadcast_to(latents @ query, (inputs.shape[0], latents.shape[0], query.shape[1]))
    return attend(*(part[:, :, None] for part in (asked, inputs @ key, inputs @ value)))[:, :, 0]


def disentangled_attention(
    query: jax.Array, key: jax.Array, value: jax.Array, relative_query: jax.Array, relative_key: jax.Array
) -> jax.Array:
    """Weigh what a token says and how far away it stands apart from each other, by separate products.

    Formula: A_ij = q_i·k_j + q_i·k^r_δ(i,j) + k_j·q^r_δ(j,i), δ(i,j) = i − j + K cut to 0 … 2K − 1;
        o = softmax(A / √(3c)) v
    Shapes: query, key, value (batch, tokens, heads, c); relative_query, relative_key (2K, heads, c), of
        distances.
    Parameters: none here; one table of 2K distances, shared by the layers, and two maps of it.
    Cost: three products of all pairs in place of one.
    Training: as in evaluation.
    Caveats: it knows distances only; DeBERTa adds absolute positions just before it predicts words.
    Raises: VocabularyError where shapes do not match or the tables have an odd number of rows.
    Source: He et al. 2021 [arXiv:2006.03654], eqs. 2-4; vocabulary line 4494.

    >>> x, none = jax.random.normal(jax.random.key(0), (1, 5, 2, 3)), jax.numpy.zeros((8, 2, 3))
    >>> alone = jax.nn.dot_product_attention(x, x, x, scale=1 / 3)  # √(3·3)
    >>> bool(abs(disentangled_attention(x, x, x, none, none) - alone).max() < 1e-5)
    True
    """
    sizes = expect.axes(query=(query, "batch tokens heads c"), key=(key, "batch tokens heads c"))
    expect.axes(sizes, value=(value, "batch tokens heads c"))
    table = expect.axes(sizes, relative_query=(relative_query, "distances heads c"))
    expect.axes(table, relative_key=(relative_key, "distances heads c"))
    expect.divides("directions", 2, "distances", table["distances"])
    at, reach = jnp.arange(sizes["tokens"]), table["distances"] // 2
    place = jnp.clip(at[:, None] - at + reach, 0, 2 * reach - 1)
    to_place = jnp.einsum("bihc,ijhc->bhij", query, relative_key[place])
    from_place = jnp.einsum("bjhc,ijhc->bhij", key, relative_query[place.T])
    # attend divides the product of query and key by √c; all three are to be divided by √(3c).
    bias = (to_place + from_place) / math.sqrt(3 * sizes["c"])
    return attend(query / math.sqrt(3), key, value, bias)
