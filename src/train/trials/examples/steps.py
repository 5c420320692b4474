"""A small causal Transformer that writes solutions in steps, all of one width, after a question of fixed length."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary.reasoning.weights import FeedForward, Heads, Norm, feed_forward, heads, norm
from train.trials.base import fit, some

HEADS = 4


class Layout(NamedTuple):
    """How a solution is written: symbols of the question, of each step, how many steps, and different symbols."""

    question: int
    width: int
    steps: int
    symbols: int

    @property
    def length(self) -> int:
        """Symbols in all."""
        return self.place(self.steps)

    def place(self, step: int) -> int:
        """Where a step begins."""
        return self.question + self.width * step


class Block(NamedTuple):
    """Weights of a block that normalises first."""

    attention: Heads
    feed: FeedForward
    norms: tuple[Norm, Norm]


class Model(NamedTuple):
    """Weights: ``symbols`` [symbols, channels], which are the head, too; ``places`` [length, channels]; ``blocks``."""

    symbols: jax.Array
    places: jax.Array
    blocks: Block
    norm: Norm


def drawn(key: jax.Array, layout: Layout, channels: int, depth: int) -> Model:
    """Weights before training; those of ``depth`` blocks are stacked."""
    one, two, three = jax.random.split(key, 3)

    def block(key: jax.Array) -> Block:
        attention, feed = jax.random.split(key)
        return Block(
            heads(attention, channels), feed_forward(feed, channels, 4 * channels), (norm(channels), norm(channels))
        )

    return Model(
        0.1 * jax.random.normal(one, (layout.symbols, channels)),
        0.1 * jax.random.normal(two, (layout.length, channels)),
        jax.vmap(block)(jax.random.split(three, depth)),
        norm(channels),
    )


def states(model: Model, tokens: jax.Array) -> jax.Array:
    """States [batch, length, channels] of tokens [batch, length] behind the last block, before the last norm."""

    def on(x: jax.Array, block: Block) -> tuple[jax.Array, None]:
        first, second = block.norms
        normed = first(x)
        x = x + block.attention(normed, normed, HEADS, causal=True)
        return x + block.feed(second(x)), None

    return jax.lax.scan(on, model.symbols[tokens] + model.places[: tokens.shape[1]], model.blocks)[0]


def logits(model: Model, found: jax.Array) -> jax.Array:
    """Of states [..., channels] the scores of the symbol that comes next, [..., symbols]."""
    return model.norm(found) @ model.symbols.T


def surprises(model: Model, tokens: jax.Array, found: jax.Array) -> jax.Array:
    """−log p [batch, length − 1] of each symbol but the first, in nats, given the states of all."""
    told = jax.nn.log_softmax(logits(model, found[:, :-1]))
    return -jnp.take_along_axis(told, tokens[:, 1:, None], -1)[..., 0]


def by_step(layout: Layout, values: jax.Array) -> jax.Array:
    """Sums [batch, steps] of what :func:`surprises` has of every symbol."""
    return values[:, layout.question - 1 :].reshape(len(values), layout.steps, layout.width).sum(-1)


@partial(jax.jit, static_argnames=("layout", "channels", "depth", "steps"))
def learn(
    key: jax.Array, layout: Layout, lessons: jax.Array, *, channels: int, depth: int, steps: int, rate: float
) -> Model:
    """A model after so many steps on batches of 64 of the ``lessons``, written solutions; questions are not learned."""
    start, training = jax.random.split(key)

    def loss(model: Model, key: jax.Array) -> jax.Array:
        (tokens,) = some(key, 64, lessons)
        return surprises(model, tokens, states(model, tokens))[:, layout.question - 1 :].mean()

    return fit(loss, drawn(start, layout, channels, depth), training, steps, rate)


@partial(jax.jit, static_argnames="count")
def write(
    model: Model, tokens: jax.Array, first: jax.Array | int, key: jax.Array, temperature: jax.Array | float, count: int
) -> jax.Array:
    """``tokens`` with ``count`` of them written from the place ``first`` on, keys and values kept.

    At temperature 0 each is the most probable symbol, at 1 it is drawn as the model has it.
    """

    def prefix(x: jax.Array, block: Block) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        normed = block.norms[0](x)
        x = x + block.attention(normed, normed, HEADS, causal=True)
        return x + block.feed(block.norms[1](x)), (block.attention.key(normed), block.attention.value(normed))

    def one(carry: tuple, at: tuple[jax.Array, jax.Array]) -> tuple[tuple, jax.Array]:
        x, kept = carry
        place, key = at
        found = logits(model, x)
        said = jnp.argmax(found + temperature * jax.random.gumbel(key, found.shape), -1)

        def through(x: jax.Array, given: tuple) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            block, keys, values = given
            normed = block.norms[0](x)
            keys = keys.at[:, place].set(block.attention.key(normed))
            values = values.at[:, place].set(block.attention.value(normed))
            x = x + _looking(block, normed, keys, values, jnp.arange(keys.shape[1]) <= place)
            return x + block.feed(block.norms[1](x)), (keys, values)

        x, kept = jax.lax.scan(through, model.symbols[said] + model.places[place], (model.blocks, *kept))
        return (x, kept), said

    whole, kept = jax.lax.scan(prefix, model.symbols[tokens] + model.places[: tokens.shape[1]], model.blocks)
    places = first + jnp.arange(count)
    _, said = jax.lax.scan(one, (whole[:, first - 1], kept), (places, jax.random.split(key, count)))
    return tokens.at[:, places].set(said.T.astype(tokens.dtype))


def _looking(block: Block, x: jax.Array, keys: jax.Array, values: jax.Array, seen: jax.Array) -> jax.Array:
    """Attention of one symbol x [batch, channels] to keys and values [batch, length, channels] where they are seen."""
    batch, length, _ = keys.shape
    query = block.attention.query(x).reshape(batch, HEADS, -1)
    scores = jnp.einsum("bhc,blhc->bhl", query, keys.reshape(batch, length, HEADS, -1)) / jnp.sqrt(query.shape[-1])
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf))
    found = jnp.einsum("bhl,blhc->bhc", weights, values.reshape(batch, length, HEADS, -1))
    return block.attention.output(found.reshape(batch, -1))


def digits(value: jax.Array, count: int) -> jax.Array:
    """Decimal digits [..., count] of whole numbers, the first the largest."""
    return value[..., None] // 10 ** jnp.arange(count - 1, -1, -1) % 10


def number(symbols: jax.Array) -> jax.Array:
    """The number that digits [..., count] are, −1 where one of them is no digit."""
    value = (symbols * 10 ** jnp.arange(symbols.shape[-1] - 1, -1, -1)).sum(-1)
    return jnp.where((symbols < 10).all(-1), value, -1)
