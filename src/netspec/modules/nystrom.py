"""Self-attention with ``kernel="nystrom"``: weights over all tokens as a product of weights over landmarks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.attention import INVERSE_STEPS
from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics
from netspec.modules.positions import turned
from netspec.modules.self_attention import SelfAttention


def near_inverse(weights: jax.Array, steps: int = INVERSE_STEPS) -> jax.Array:
    """Towards the pseudoinverse of ``(B, heads, m, m)`` rows of weights; Xiong et al. 2021, eqs. 10 and 11.

    The start is the transpose over the largest sum of a column, of all heads and examples as in the released code,
    whose rows sum to one.
    """
    found = weights.swapaxes(-1, -2) / weights.sum(-2).max()
    one = jnp.eye(weights.shape[-1], dtype=weights.dtype)
    for _ in range(steps):
        product = weights @ found
        found = 0.25 * found @ (13 * one - product @ (15 * one - product @ (7 * one - product)))
    return found


def mix_by_landmarks(query: jax.Array, key: jax.Array, value: jax.Array, landmarks: int, scale: float) -> jax.Array:
    """``3 × (B, T, heads, c) -> (B, T, heads, c)``; as many landmarks as tokens are a plain softmax."""
    wide = jnp.promote_types(query.dtype, jnp.float32)
    query, key, value = (jnp.moveaxis(x.astype(wide), 1, 2) for x in (query, key, value))
    # Both sides take their share of the scale, as landmarks are means of either.
    query, key = (x * scale**0.5 for x in (query, key))
    if landmarks == query.shape[2]:
        return jnp.moveaxis(_weights(query, key) @ value, 1, 2)
    marks = [x.reshape(*x.shape[:2], landmarks, -1, x.shape[-1]).mean(axis=-2) for x in (query, key)]
    onto = _weights(query, marks[1]) @ near_inverse(_weights(*marks))
    return jnp.moveaxis(onto @ (_weights(marks[0], key) @ value), 1, 2)


def _weights(query: jax.Array, key: jax.Array) -> jax.Array:
    return jax.nn.softmax(query @ key.swapaxes(-1, -2), axis=-1)


class NystromAttention(SelfAttention):
    """Multi-head self-attention ``(B, N, width) -> (B, N, width)`` in time linear in the tokens, in float32."""

    def __init__(self, layer: TransformerEncoder | TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        super().__init__(layer, numerics, rngs)
        size, heads = self.parts.value_conv, layer.heads
        made = [] if size is None else [(size, 1)]
        self.near = nnx.List(
            [
                numerics.conv(heads, heads, kernel, rngs, padding=(kernel[0] // 2, 0), groups=heads, bias=False)
                for kernel in made
            ]
        )

    def __call__(self, x: jax.Array, table: jax.Array | None = None, seen: jax.Array | None = None) -> jax.Array:
        """All tokens; there is no mask, as landmarks are of all."""
        batch, tokens, _ = x.shape
        query, key, value = self.projected(x)
        query, key = (turned(self.parts, one, np.arange(tokens)) for one in (query, key))
        scale = query.shape[-1] ** -0.5 if self.parts.scaled else 1.0
        mixed = mix_by_landmarks(query, key, value, self.parts.landmarks or tokens, scale)
        for near in self.near:
            # Heads are the channels of an image (tokens, head width).
            mixed = mixed + jnp.moveaxis(near(jnp.moveaxis(value, 2, -1)), -1, 2)
        return self.out(mixed.reshape(batch, tokens, -1))
