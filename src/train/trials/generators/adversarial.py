"""A generator against a critic: by their log-odds, by clipped weights, or with a penalty on the slope."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary.generative import gradient_penalty
from train.trials.base import dense, some, through
from train.trials.generators.base import BATCH, HIDDEN, LATENT, PIXELS, Generator, Train

#: Steps of the critic to one of the generator, where it measures Wasserstein's distance.
ROUNDS = 5


def _draw(generator: list, key: jax.Array, count: int) -> jax.Array:
    return jax.nn.sigmoid(through(generator, jax.random.normal(key, (count, LATENT))))


def _judge(critic: list, x: jax.Array) -> jax.Array:
    return through(critic, x, lambda h: jax.nn.leaky_relu(h, 0.2))[:, 0]


def adversary(kind: str) -> Train:
    """``gan`` (Goodfellow et al. 2014), ``wgan`` (Arjovsky et al. 2017) or ``wgan-gp`` (Gulrajani et al. 2017)."""

    def train(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
        rule = optax.scale_by_adam(b1=0.5)

        def of_critic(critic: list, generator: list, key: jax.Array) -> jax.Array:
            pick, noise, mix = jax.random.split(key, 3)
            (real,), fake = some(pick, BATCH, x), _draw(generator, noise, BATCH)
            if kind == "gan":
                return jax.nn.softplus(-_judge(critic, real)).mean() + jax.nn.softplus(_judge(critic, fake)).mean()
            loss = _judge(critic, fake).mean() - _judge(critic, real).mean()
            if kind == "wgan-gp":
                share = jax.random.uniform(mix, (BATCH,))
                loss += gradient_penalty(lambda mixed: _judge(critic, mixed), real, fake, share)
            return loss

        def of_generator(generator: list, critic: list, key: jax.Array) -> jax.Array:
            told = _judge(critic, _draw(generator, key, BATCH))
            return jax.nn.softplus(-told).mean() if kind == "gan" else -told.mean()

        def moved(weights: list, slope: list, state: optax.OptState) -> tuple:
            by, state = rule.update(slope, state)
            return jax.tree.map(lambda w, one: w - rate * one, weights, by), state

        def step(carry: tuple, key: jax.Array) -> tuple:
            generator, critic, (own, other) = carry
            *keys, last = jax.random.split(key, 2 if kind == "gan" else ROUNDS + 1)
            for one in keys:
                critic, other = moved(critic, jax.grad(of_critic)(critic, generator, one), other)
                if kind == "wgan":
                    critic = jax.tree.map(lambda w: jnp.clip(w, -0.05, 0.05), critic)
            generator, own = moved(generator, jax.grad(of_generator)(generator, critic, last), own)
            return (generator, critic, (own, other)), None

        one, other = jax.random.split(start)
        generator, critic = dense(one, LATENT, HIDDEN, HIDDEN, PIXELS), dense(other, PIXELS, HIDDEN, HIDDEN, 1)
        states = rule.init(generator), rule.init(critic)
        (generator, critic, _), _ = jax.lax.scan(step, (generator, critic, states), jax.random.split(training, steps))
        return Generator((generator, critic), lambda key, count: _draw(generator, key, count))

    return train
