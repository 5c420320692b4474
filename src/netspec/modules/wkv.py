"""Self-attention with ``kernel="wkv"``: values averaged by weights that grow with their key and shrink with their age.

Source: Peng et al. 2023 (arXiv:2305.13048), sec. 3.1; :func:`netspec.vocabulary.attention.wkv` is its recurrence.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.attention import CHUNK
from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics
from netspec.modules.dtypes import at_least_float32
from netspec.modules.self_attention import SelfAttention

#: Stands for the exponent of no weight: its exponential is zero beside any other.
LOWEST = -1e30


class Average(NamedTuple):
    """Values and weights summed, ``(B, …, features)``, both to be multiplied by ``e^top``, which no gradient enters."""

    values: jax.Array
    weights: jax.Array
    top: jax.Array


def joined(old: Average, new: Average, age: jax.Array) -> Average:
    """Both, after the ``old`` one has decayed by ``e^−age``."""
    top = jax.lax.stop_gradient(jnp.maximum(old.top - age, new.top))
    before, now = jnp.exp(old.top - age - top), jnp.exp(new.top - top)
    return Average(before * old.values + now * new.values, before * old.weights + now * new.weights, top)


def of_token(key: jax.Array, value: jax.Array) -> Average:
    """That of one token, with the weight ``e^key``."""
    top = jax.lax.stop_gradient(key)
    weight = jnp.exp(key - top)
    return Average(weight * value, weight, top)


def wkv_in_chunks(
    key: jax.Array, value: jax.Array, decay: jax.Array, bonus: jax.Array, chunk: int = CHUNK
) -> jax.Array:
    """``(B, T, features)`` of keys and values of that shape, a decay ``w ≥ 0`` and a bonus per feature.

    ``(Σ_{s<t} e^(k_s − (t−1−s)w) v_s + e^(u + k_t) v_t)`` over the same without ``v``. Within a chunk all prefixes are
    found in ``log₂ chunk`` passes, and chunks follow each other.
    """
    batch, tokens, width = key.shape
    chunk = min(chunk, tokens)
    count = -(-tokens // chunk)

    def parted(x: jax.Array) -> jax.Array:
        filled = jnp.pad(x, ((0, 0), (0, count * chunk - tokens), (0, 0)))
        return jnp.moveaxis(filled.reshape(batch, count, chunk, width), 1, 0)

    def follow(first: tuple[jax.Array, Average], second: tuple[jax.Array, Average]) -> tuple[jax.Array, Average]:
        return first[0] + second[0], joined(first[1], second[1], second[0])

    def step(state: Average, given: tuple[jax.Array, jax.Array]) -> tuple[Average, jax.Array]:
        key, value = given
        ages = jnp.broadcast_to(decay, key.shape)
        # What the chunks before have left stands in front, as a token that is older by one than the first.
        tokens_of = of_token(key, value)
        with_state = [jnp.concatenate([one[:, None], more], axis=1) for one, more in zip(state, tokens_of, strict=True)]
        ages = jnp.concatenate([jnp.zeros_like(ages[:, :1]), ages], axis=1)
        _, prefix = jax.lax.associative_scan(follow, (ages, Average(*with_state)), axis=1)
        before = Average(*(x[:, :-1] for x in prefix))
        mixed = joined(before, of_token(key + bonus, value), jnp.zeros_like(decay))
        return Average(*(x[:, -1] for x in prefix)), mixed.values / mixed.weights

    mixed = jax.lax.scan(step, nothing(batch, width, key.dtype), (parted(key), parted(value)))[1]
    return jnp.moveaxis(mixed, 0, 1).reshape(batch, count * chunk, width)[:, :tokens]


def nothing(batch: int, width: int, dtype: jnp.dtype) -> Average:
    """The average before the first token."""
    zeros = jnp.zeros((batch, width), dtype)
    return Average(zeros, zeros, jnp.full_like(zeros, LOWEST))


class WkvAttention(SelfAttention):
    """``(B, N, width) -> (B, N, width)``: ``out(σ(q) · wkv(k, v))``.

    The decay of a feature is ``e^x`` of what is learned, which starts evenly from −5 to 3, and its bonus starts at
    ln 0.3 (released code, with each block alike).
    """

    def __init__(self, layer: TransformerEncoder | TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        super().__init__(layer, numerics, rngs)
        width = self.parts.maps(layer.width, layer.heads)[0]
        self.decay = nnx.Param(jnp.asarray(np.linspace(-5, 3, width), jnp.float32))
        self.bonus = nnx.Param(jnp.full((width,), np.log(0.3), jnp.float32))

    def _given(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array, jax.Array]:
        """Gate, keys and values ``(B, N, features)``, and what is learned, in float32 or wider."""
        query, key, value = (at_least_float32(y.reshape(*x.shape[:2], -1)) for y in self.projected(x))
        decay, bonus = jnp.exp(self.decay[...].astype(key.dtype)), self.bonus[...].astype(key.dtype)
        return jax.nn.sigmoid(query), key, value, decay, bonus

    def __call__(self, x: jax.Array, table: jax.Array | None = None, seen: jax.Array | None = None) -> jax.Array:
        """Over a sequence at once."""
        gate, *given = self._given(x)
        return self.out((gate * wkv_in_chunks(*given)).astype(x.dtype))

    def step(
        self, x: jax.Array, cache: Average, position: jax.Array, table: jax.Array | None = None
    ) -> tuple[jax.Array, Average]:
        """One token ``(B, 1, width)`` and the average with it."""
        gate, key, value, decay, bonus = self._given(x)
        key, value = key[:, 0], value[:, 0]
        mixed = joined(cache, of_token(key + bonus, value), jnp.zeros_like(decay))
        left = (gate * (mixed.values / mixed.weights)[:, None]).astype(x.dtype)
        return self.out(left), joined(cache, of_token(key, value), decay)

    def empty(self, batch: int, tokens: int) -> Average:
        """The average of nothing, whatever the length."""
        return nothing(batch, self.out.kernel.shape[0], self.state_dtype)
