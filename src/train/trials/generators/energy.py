"""An energy of pictures, low where they are real, whose samples are found by walking downhill with noise."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from train.trials.base import dense, some, through
from train.trials.generators.base import BATCH, HIDDEN, PIXELS, Generator

#: Walks that go on from step to step, the share of them that starts anew, steps of a walk in training and to draw.
CHAINS, ANEW, WALK, DRAWN = 640, 0.05, 10, 200
#: How far a walk goes down a slope of one, and the deviation of its noise, for pixels from 0 to 1.
STRIDE, NOISE = 0.05, 0.01


def _energy(params: list, x: jax.Array) -> jax.Array:
    return through(params, x, jax.nn.silu)[:, 0]


def _walked(params: list, key: jax.Array, x: jax.Array, steps: int) -> jax.Array:
    def on(x: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
        slope = jax.grad(lambda x: _energy(params, x).sum())(x)
        return jnp.clip(x - STRIDE * slope + NOISE * jax.random.normal(key, x.shape), 0, 1), None

    return jax.lax.scan(on, x, jax.random.split(key, steps))[0]


def energies(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
    """An energy-based model (Du and Mordatch 2019): real pictures go down, those of walks that go on go up."""
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())

    def loss(params: list, real: jax.Array, walked: jax.Array) -> jax.Array:
        low, high = _energy(params, real), _energy(params, walked)
        # The squares keep energies near zero, or both would drift.
        return low.mean() - high.mean() + 0.1 * (low**2 + high**2).mean()

    def step(carry: tuple, now: tuple[jax.Array, jax.Array]) -> tuple:
        params, state, chains = carry
        number, key = now
        pick, which, anew, fresh, walk, grain = jax.random.split(key, 6)
        (real,) = some(pick, BATCH, x)
        real = jnp.clip(real + NOISE * jax.random.normal(grain, real.shape), 0, 1)
        at = jax.random.randint(which, (BATCH,), 0, CHAINS)
        noise = jax.random.uniform(fresh, (BATCH, PIXELS))
        walked = jnp.where(jax.random.bernoulli(anew, ANEW, (BATCH, 1)), noise, chains[at])
        walked = _walked(params, walk, walked, WALK)
        by, state = rule.update(jax.grad(loss)(params, real, walked), state)
        scale = rate * 0.5 * (1 + jnp.cos(jnp.pi * number / steps))
        params = jax.tree.map(lambda w, one: w - scale * one, params, by)
        return (params, state, chains.at[at].set(walked)), None

    first, noise = jax.random.split(start)
    params = dense(first, PIXELS, HIDDEN, HIDDEN, 1)
    carry = params, rule.init(params), jax.random.uniform(noise, (CHAINS, PIXELS))
    (made, _, _), _ = jax.lax.scan(step, carry, (jnp.arange(steps), jax.random.split(training, steps)))

    def draw(key: jax.Array, count: int) -> jax.Array:
        first, walk = jax.random.split(key)
        return _walked(made, walk, jax.random.uniform(first, (count, PIXELS)), DRAWN)

    return Generator(made, draw)
