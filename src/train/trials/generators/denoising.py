"""Generators that take noise away: diffusion, its sampler of few steps, scores at falling noise, and straight lines."""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp

from netspec.vocabulary.generative import Diffusion, ddim_step, langevin_step
from train.trials.base import dense, fit, some, through
from train.trials.generators.base import BATCH, HIDDEN, PIXELS, Generator, Train

#: Steps of diffusion, and of them those that DDIM takes; steps along a line; levels of noise, and walks at each.
NOISED, TAKEN, LINE, FALLING, WALKS = 200, 20, 50, 10, 20
#: Mean square of a pixel from -1 to 1, about.
VARIANCE = 0.5


def _start(key: jax.Array) -> list:
    return dense(key, PIXELS + 12, HIDDEN, HIDDEN, PIXELS)


def _told(params: list, at: jax.Array, time: jax.Array) -> jax.Array:
    """A network of pictures from -1 to 1 and a time from 0 to 1, ``(batch, 1)``, as twelve waves."""
    waves = [wave(time * 2**k) for wave in (jnp.sin, jnp.cos) for k in range(6)]
    return through(params, jnp.concatenate([at, *waves], -1), jax.nn.silu)


def diffusing(how: Literal["ancestral", "ddim"]) -> Train:
    """DDPM (Ho et al. 2020), drawn by all of its steps, or by one in ten without noise (DDIM, Song et al. 2021)."""

    def train(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
        # The paper's schedule for a thousand steps, so that as little is left at the last of fewer.
        diffusion = Diffusion.linear(NOISED, 1e-4 * 1000 / NOISED, 0.02 * 1000 / NOISED)

        def loss(params: list, key: jax.Array) -> jax.Array:
            pick, noise, when = jax.random.split(key, 3)
            (real,) = some(pick, BATCH, 2 * x - 1)
            noise, step = jax.random.normal(noise, real.shape), jax.random.randint(when, (BATCH, 1), 0, NOISED)
            return jnp.mean((_told(params, diffusion.noisy(real, noise, step), step / NOISED) - noise) ** 2)

        made = fit(loss, _start(start), training, steps, rate)

        def draw(key: jax.Array, count: int) -> jax.Array:
            first, *_ = keys = jax.random.split(key, NOISED + 1)

            def back(at: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
                step, key = now
                found = _told(made, at, jnp.full((count, 1), step / NOISED))
                if how == "ddim":
                    kept, before = diffusion.kept[step], diffusion.kept_before(step - NOISED // TAKEN + 1)
                    return ddim_step(at, found, kept, jnp.where(step < NOISED // TAKEN, 1.0, before)), None
                _, variance = diffusion.posterior(at, at, step)
                fresh = jnp.sqrt(variance) * jax.random.normal(key, at.shape)
                return diffusion.before(at, found, step) + fresh, None

            skipped = NOISED // TAKEN if how == "ddim" else 1
            taken = jnp.arange(NOISED - 1, -1, -skipped)
            start = jax.random.normal(first, (count, PIXELS))
            return (jax.lax.scan(back, start, (taken, keys[1 : len(taken) + 1]))[0] + 1) / 2

        return Generator(made, draw)

    return train


def scoring(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
    """Scores at ten levels of noise, and Langevin's walk at each from the loudest on (Song and Ermon 2019)."""
    noises = jnp.geomspace(4.0, 0.1, FALLING)  # at the first all pictures are one cloud

    def scaled(params: list, at: jax.Array, level: jax.Array) -> jax.Array:
        """The score times the noise's deviation, so that all levels count alike.

        The network sees pictures of one size at all levels. Beside it stands the score of a normal distribution, which
        calls walks back from where no picture was.
        """
        noise = noises[level]
        whole = noise**2 + VARIANCE
        return _told(params, at / jnp.sqrt(whole), level / FALLING) - at * noise / whole

    def loss(params: list, key: jax.Array) -> jax.Array:
        pick, noise, when = jax.random.split(key, 3)
        (real,) = some(pick, BATCH, 2 * x - 1)
        noise, level = jax.random.normal(noise, real.shape), jax.random.randint(when, (BATCH, 1), 0, FALLING)
        return jnp.mean((scaled(params, real + noises[level] * noise, level) + noise) ** 2)

    made = fit(loss, _start(start), training, steps, rate)

    def draw(key: jax.Array, count: int) -> jax.Array:
        def score(at: jax.Array, level: jax.Array) -> jax.Array:
            return scaled(made, at, jnp.full((count, 1), level)) / noises[level]

        def on(at: jax.Array, now: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            level, key = now
            size = 0.3 * noises[level] ** 2
            at = langevin_step(at, score(at, level), jax.random.normal(key, at.shape), size)
            far = 1 + 4 * noises[level]  # farther out no score was ever learned
            return jnp.clip(at, -far, far), None

        first, walk = jax.random.split(key)
        levels = jnp.repeat(jnp.arange(FALLING), WALKS)
        at = noises[0] * jax.random.normal(first, (count, PIXELS))
        at, _ = jax.lax.scan(on, at, (levels, jax.random.split(walk, len(levels))))
        last = jnp.asarray(FALLING - 1)
        # The last noise is taken off by its mean.
        return (at + noises[last] ** 2 * score(at, last) + 1) / 2

    return Generator(made, draw)


def matching(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
    """Flow matching on straight lines from noise, fifty steps of Euler's to draw (Lipman et al. 2023)."""

    def loss(params: list, key: jax.Array) -> jax.Array:
        pick, noise, when = jax.random.split(key, 3)
        (real,) = some(pick, BATCH, 2 * x - 1)
        first, time = jax.random.normal(noise, real.shape), jax.random.uniform(when, (BATCH, 1))
        return jnp.mean((_told(params, first + time * (real - first), time) - (real - first)) ** 2)

    made = fit(loss, _start(start), training, steps, rate)

    def draw(key: jax.Array, count: int) -> jax.Array:
        def on(at: jax.Array, time: jax.Array) -> tuple[jax.Array, None]:
            return at + _told(made, at, jnp.full((count, 1), time)) / LINE, None

        return (jax.lax.scan(on, jax.random.normal(key, (count, PIXELS)), jnp.arange(LINE) / LINE)[0] + 1) / 2

    return Generator(made, draw)
