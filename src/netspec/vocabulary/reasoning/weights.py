"""Linear maps, attention and normalisation with their numbers given, of which the reasoning examples are made."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Linear(NamedTuple):
    """x W + b: ``weight`` [inputs, outputs], ``bias`` [outputs]."""

    weight: jax.Array
    bias: jax.Array

    def __call__(self, x: jax.Array) -> jax.Array:
        """Of x [..., inputs] the map, [..., outputs]."""
        return x @ self.weight + self.bias


class Norm(NamedTuple):
    """Layer normalisation of the last axis with ``scale`` and ``bias`` [channels]."""

    scale: jax.Array
    bias: jax.Array

    def __call__(self, x: jax.Array) -> jax.Array:
        """Of x [..., channels] the same shape, with mean 0 and variance 1 before scale and bias."""
        return jax.nn.standardize(x, axis=-1, epsilon=1e-5) * self.scale + self.bias


class Heads(NamedTuple):
    """Multi-head attention: four maps of the channels to themselves."""

    query: Linear
    key: Linear
    value: Linear
    output: Linear

    def __call__(self, x: jax.Array, context: jax.Array, heads: int, *, causal: bool = False) -> jax.Array:
        """x [batch, tokens, channels] attends to context [batch, others, channels]; shape of x."""

        def split(y: jax.Array) -> jax.Array:
            return y.reshape(*y.shape[:2], heads, -1)

        query, key, value = split(self.query(x)), split(self.key(context)), split(self.value(context))
        # not jax.nn.dot_product_attention, whose softmax is in float32 whatever the inputs
        scores = jnp.einsum("bqhc,bkhc->bhqk", query, key) / jnp.sqrt(query.shape[-1])
        if causal:
            scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
        found = jnp.einsum("bhqk,bkhc->bqhc", jax.nn.softmax(scores), value)
        return self.output(found.reshape(x.shape))


class FeedForward(NamedTuple):
    """Two maps with a ReLU between them."""

    inner: Linear
    outer: Linear

    def __call__(self, x: jax.Array) -> jax.Array:
        """Of x [..., inputs] the outer map of what the inner one leaves positive."""
        return self.outer(jax.nn.relu(self.inner(x)))


def linear(key: jax.Array, inputs: int, outputs: int) -> Linear:
    """A map with normal weights of variance 1 / inputs and no bias."""
    return Linear(jax.nn.initializers.lecun_normal()(key, (inputs, outputs)), jnp.zeros(outputs))


def norm(channels: int) -> Norm:
    """A normalisation that does no more at first."""
    return Norm(jnp.ones(channels), jnp.zeros(channels))


def heads(key: jax.Array, channels: int) -> Heads:
    """Attention with drawn maps."""
    return Heads(*(linear(each, channels, channels) for each in jax.random.split(key, 4)))


def feed_forward(key: jax.Array, channels: int, hidden: int, outputs: int | None = None) -> FeedForward:
    """Two drawn maps, back to as many channels unless ``outputs`` says otherwise."""
    inner, outer = jax.random.split(key)
    return FeedForward(linear(inner, channels, hidden), linear(outer, hidden, outputs or channels))
