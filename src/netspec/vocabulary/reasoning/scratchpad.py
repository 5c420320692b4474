"""A scratchpad: intermediate steps that a decoder writes token by token while it looks at the question."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect
from netspec.vocabulary.reasoning.weights import FeedForward, Heads, Norm, feed_forward, heads, norm


class Scratchpad(NamedTuple):
    """Weights of :func:`scratchpad_block`: attention to the steps, to the question, two maps, three normalisations."""

    own: Heads
    cross: Heads
    feed: FeedForward
    norms: tuple[Norm, Norm, Norm]


class Reasoner(NamedTuple):
    """Weights of :func:`scratchpad_log_probabilities`.

    ``table`` [vocabulary, channels] embeds tokens and is read out again, ``places`` [longest, channels] are positions,
    of which the first also stands for the token before the chain.
    """

    table: jax.Array
    places: jax.Array
    encoder: tuple[Heads, FeedForward, Norm, Norm]
    scratchpad: Scratchpad


def scratchpad(key: jax.Array, channels: int) -> Scratchpad:
    """Drawn weights for :func:`scratchpad_block`; the inner width is four times the channels."""
    own, cross, feed = jax.random.split(key, 3)
    return Scratchpad(
        heads(own, channels),
        heads(cross, channels),
        feed_forward(feed, channels, 4 * channels),
        (norm(channels), norm(channels), norm(channels)),
    )


def reasoner(key: jax.Array, vocabulary: int, longest: int, channels: int) -> Reasoner:
    """Drawn weights for :func:`scratchpad_log_probabilities` with one block on either side."""
    table, places, attention, feed, block = jax.random.split(key, 5)
    return Reasoner(
        jax.random.normal(table, (vocabulary, channels)),
        jax.random.normal(places, (longest, channels)),
        (heads(attention, channels), feed_forward(feed, channels, 4 * channels), norm(channels), norm(channels)),
        scratchpad(block, channels),
    )


def scratchpad_block(steps: jax.Array, question: jax.Array, weights: Scratchpad, *, heads: int) -> jax.Array:
    """Write intermediate results down, so that a later token can use them: a block of the decoder that does so.

    Each token of the scratchpad sees the tokens before it and all of the encoded question.

    Formula: h = LN(s + MHA(s, s, causal)); h = LN(h + MHA(h, q)); s' = LN(h + FFN(h))
    Shapes: steps s [batch, tokens, channels], question q [batch, others, channels]; the result has the shape of steps.
    Parameters: 8 c² + 8 c for both attentions, 8 c² + 5 c for the maps, 6 c for the normalisations, of c channels.
    Cost: 2 tokens² c + 2 tokens others c multiply-adds for the weighted sums, 14 tokens c² + 2 others c² for the maps.
    Training: as in evaluation, all tokens at once; generating, token by token, gives the same numbers.
    Caveats: it has no positions; whoever embeds the tokens adds them. The document names it after a model of OpenAI
    whose architecture is not published.
    Raises: VocabularyError for shapes that do not fit, and heads that do not divide the channels.
    Source: Nye et al. 2021 [arXiv:2112.00114]; Vaswani et al. 2017 [arXiv:1706.03762], sec. 3; vocabulary line 43.

    >>> weights = scratchpad(jax.random.key(0), channels=4)
    >>> steps, question = jnp.ones((1, 3, 4)), jnp.ones((1, 5, 4))
    >>> changed = steps.at[0, 2].set(7.0)
    >>> before, after = (scratchpad_block(each, question, weights, heads=2) for each in (steps, changed))
    >>> (before == after).all(axis=-1).tolist()
    [[True, True, False]]
    """
    sizes = expect.axes(steps=(steps, "batch tokens channels"), question=(question, "batch others channels"))
    expect.divides("heads", heads, "channels", sizes["channels"])
    first, second, third = weights.norms
    h = first(steps + weights.own(steps, steps, heads, causal=True))
    h = second(h + weights.cross(h, question, heads))
    return third(h + weights.feed(h))


def scratchpad_log_probabilities(
    question: jax.Array, chain: jax.Array, weights: Reasoner, *, heads: int = 1
) -> jax.Array:
    """Judge a whole chain of intermediate tokens that ends in the answer: how probable is each, given those before it?

    An encoder reads the question in both directions, the decoder predicts the chain. The sum of the result is the
    chain's log-probability; the exponential of the sum over the answer's tokens is the model's confidence in it.

    Formula: log p(s | q) = Σ_t log p(s_t | s_<t, q)
    Shapes: question [batch, others] and chain [batch, tokens] of token numbers; the result [batch, tokens].
    Parameters: the table, the positions, an encoder block (12 c² + 13 c) and a scratchpad block.
    Cost: one pass over both; generating a chain takes a pass a token unless keys and values are kept.
    Training: maximise the sum on chains that were written down; evaluation draws or takes the most probable token.
    Caveats: a confidence says nothing until it was calibrated on held-out questions; that of the document, 0.98, is
    an illustration. OpenAI has not published how o3 is built: this is an encoder with a scratchpad.
    Raises: VocabularyError for shapes that do not fit, token numbers outside of the table, or more than ``places``.
    Source: Nye et al. 2021 [arXiv:2112.00114]; Wei et al. 2022 [arXiv:2201.11903]; vocabulary line 20.

    >>> weights = reasoner(jax.random.key(0), vocabulary=2, longest=3, channels=4)
    >>> chains = jnp.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> each = scratchpad_log_probabilities(jnp.ones((4, 3), int), chains, weights)
    >>> round(float(jnp.exp(each.sum(axis=-1)).sum()), 5)
    1.0
    """
    sizes = expect.axes(question=(question, "batch others"), chain=(chain, "batch tokens"))
    for name, tokens, size in (("question", question, sizes["others"]), ("chain", chain, sizes["tokens"])):
        expect.within(name, tokens, 0, weights.table.shape[0] - 1)
        expect.within(f"{name}, tokens", size, 1, weights.places.shape[0])
    logs = next_token_logs(question, chain, weights, heads=heads)
    return jnp.take_along_axis(logs, chain[..., None], axis=-1)[..., 0]


def next_token_logs(question: jax.Array, chain: jax.Array, weights: Reasoner, *, heads: int = 1) -> jax.Array:
    """Log-probabilities of every token at every place of a chain given those before it, [batch, tokens, vocabulary].

    Shapes and weights are those of :func:`scratchpad_log_probabilities`; the chain's last token is not looked at.
    """
    attention, feed, first, second = weights.encoder
    x = weights.table[question] + weights.places[: question.shape[1]]
    x = first(x + attention(x, x, heads))
    encoded = second(x + feed(x))
    before = jnp.concatenate([jnp.zeros_like(encoded[:, :1]), weights.table[chain[:, :-1]]], axis=1)
    placed = before + weights.places[: chain.shape[1]]
    return jax.nn.log_softmax(scratchpad_block(placed, encoded, weights.scratchpad, heads=heads) @ weights.table.T)
