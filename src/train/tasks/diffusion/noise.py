"""How much of a picture is left at a time, and how a network is told the time.

``x_t = √ᾱ(t) x_0 + √(1 − ᾱ(t)) ε`` for times t from 0, the picture, to :data:`TIMES`, noise.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

#: The last time, T.
TIMES = 1000
#: The offset of the cosine, and what ᾱ is cut to (companion repository, DDPM demos).
OFFSET, LEAST, MOST = 0.008, 1e-4, 0.9999


def kept(time: jax.Array) -> jax.Array:
    """ᾱ at times in [0, T]: ``cos²((t/T + s)/(1 + s) · π/2)`` over its value at 0.

    Source: Nichol & Dhariwal 2021 (arXiv:2102.09672), eq. 17; book ch. 11.2.7.
    """

    def cosine(share: jax.Array) -> jax.Array:
        return jnp.square(jnp.cos((share + OFFSET) / (1 + OFFSET) * jnp.pi / 2))

    return jnp.clip(cosine(time / TIMES) / cosine(jnp.float32(0)), LEAST, MOST)


def noisy(pictures: jax.Array, noise: jax.Array, time: jax.Array) -> jax.Array:
    """Pictures ``(B, H, W, C)`` at times ``(B,)``. Source: Ho et al. 2020 (arXiv:2006.11239), eq. 4."""
    left = kept(time)[:, None, None, None]
    return jnp.sqrt(left) * pictures + jnp.sqrt(1 - left) * noise


def with_time(pictures: jax.Array, time: jax.Array, planes: int) -> jax.Array:
    """Pictures ``(B, H, W, C)`` with planes of the time ``(B,)`` behind them: t/T, or of eight the sines and cosines of
    π t/T and of twice, four and eight times that.
    """
    share = time / TIMES
    if planes == 1:
        values = share[:, None]
    else:
        phase = jnp.pi * share[:, None] * 2.0 ** jnp.arange(planes // 2)
        values = jnp.concatenate([jnp.sin(phase), jnp.cos(phase)], -1)
    spread = jnp.broadcast_to(values[:, None, None], (*pictures.shape[:3], planes))
    return jnp.concatenate([pictures, spread.astype(pictures.dtype)], -1)
