"""Generators of 8×8 digits, judged by the distance of what they draw from real ones and by what they leave out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from train.trials.base import Metric, Run, Trial, dense, digits, fit, less, percent, size, some, surprise, through

HIDDEN, LATENT, DRAWN = 128, 8, 1000
ADVERSARIES = ("gan", "wgan", "wgan-gp")


def frechet(one: jax.Array, other: jax.Array) -> jax.Array:
    """Fréchet distance between normal distributions fitted to the rows of each."""
    mean, covariance = one.mean(0) - other.mean(0), [jnp.cov(rows.T) for rows in (one, other)]
    values, vectors = jnp.linalg.eigh(covariance[0])
    root = (vectors * jnp.sqrt(jnp.maximum(values, 0))) @ vectors.T
    middle = jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(root @ covariance[1] @ root), 0)).sum()
    return mean @ mean + sum(jnp.trace(one) for one in covariance) - 2 * middle


def _adversarial(
    variant: str, params: dict, x: jax.Array, key: jax.Array, steps: int, rate: jax.Array
) -> Callable[[jax.Array], jax.Array]:
    """A generator and a critic, a step each in turn; for Wasserstein's distance five of the critic to one."""
    rounds = 5 if variant.startswith("wgan") else 1
    rule = optax.scale_by_adam(b1=0.5)

    def draw(generator: list, key: jax.Array, count: int) -> jax.Array:
        return jax.nn.sigmoid(through(generator, jax.random.normal(key, (count, LATENT))))

    def judge(critic: list, x: jax.Array) -> jax.Array:
        return through(critic, x, lambda h: jax.nn.leaky_relu(h, 0.2))[:, 0]

    def of_critic(critic: list, generator: list, key: jax.Array) -> jax.Array:
        pick, noise, mix = jax.random.split(key, 3)
        (real,), fake = some(pick, 64, x), draw(generator, noise, 64)
        if variant == "gan":
            return jax.nn.softplus(-judge(critic, real)).mean() + jax.nn.softplus(judge(critic, fake)).mean()
        loss = judge(critic, fake).mean() - judge(critic, real).mean()
        if variant == "wgan-gp":
            share = jax.random.uniform(mix, (64, 1))
            slopes = jax.vmap(jax.grad(lambda one: judge(critic, one[None])[0]))(share * real + (1 - share) * fake)
            loss += 10 * jnp.mean((jnp.sqrt(jnp.sum(slopes**2, -1) + 1e-9) - 1) ** 2)
        return loss

    def of_generator(generator: list, critic: list, key: jax.Array) -> jax.Array:
        told = judge(critic, draw(generator, key, 64))
        return jax.nn.softplus(-told).mean() if variant == "gan" else -told.mean()

    def step(carry: tuple, key: jax.Array) -> tuple:
        generator, critic, states = carry
        *keys, last = jax.random.split(key, rounds + 1)
        for one in keys:
            slope = jax.grad(of_critic)(critic, generator, one)
            moved, state = rule.update(slope, states[1])
            critic = jax.tree.map(lambda w, by: w - rate * by, critic, moved)
            if variant == "wgan":
                critic = jax.tree.map(lambda w: jnp.clip(w, -0.05, 0.05), critic)
            states = states[0], state
        slope = jax.grad(of_generator)(generator, critic, last)
        moved, state = rule.update(slope, states[0])
        generator = jax.tree.map(lambda w, by: w - rate * by, generator, moved)
        return (generator, critic, (state, states[1])), None

    start = params["decoder"], params["critic"]
    states = rule.init(start[0]), rule.init(start[1])
    (generator, _, _), _ = jax.lax.scan(step, (*start, states), jax.random.split(key, steps))
    return lambda key: draw(generator, key, DRAWN)


def _vae(beta: float, params: dict, x: jax.Array, key: jax.Array, steps: int, rate: jax.Array) -> Callable:
    def loss(params: dict, key: jax.Array) -> jax.Array:
        pick, noise = jax.random.split(key)
        (real,) = some(pick, 64, x)
        mean, log = jnp.split(through(params["encoder"], real), 2, axis=-1)
        z = mean + jnp.exp(log / 2) * jax.random.normal(noise, mean.shape)
        drawn = jax.nn.sigmoid(through(params["decoder"], z))
        # A normal distribution around each pixel, of a spread of 0.2.
        kept = jnp.sum((drawn - real) ** 2, -1) / (2 * 0.2**2)
        return jnp.mean(kept + beta * 0.5 * jnp.sum(jnp.exp(log) + mean**2 - 1 - log, -1))

    made = fit(loss, params, key, steps, rate)
    return lambda key: jax.nn.sigmoid(through(made["decoder"], jax.random.normal(key, (DRAWN, LATENT))))


def _flowing(params: dict, x: jax.Array, key: jax.Array, steps: int, rate: jax.Array) -> Callable:
    """Flow matching on straight lines from noise, fifty steps of Euler's to draw (Lipman et al. 2022)."""

    def speed(params: dict, at: jax.Array, time: jax.Array) -> jax.Array:
        waves = jnp.concatenate([jnp.sin(time * 2**k) for k in range(6)] + [jnp.cos(time * 2**k) for k in range(6)], -1)
        return through(params["field"], jnp.concatenate([at, waves], -1), jax.nn.silu)

    def loss(params: dict, key: jax.Array) -> jax.Array:
        pick, noise, when = jax.random.split(key, 3)
        (real,) = some(pick, 64, 2 * x - 1)
        start, time = jax.random.normal(noise, real.shape), jax.random.uniform(when, (64, 1))
        return jnp.mean((speed(params, start + time * (real - start), time) - (real - start)) ** 2)

    made = fit(loss, params, key, steps, rate)

    def draw(key: jax.Array) -> jax.Array:
        def on(at: jax.Array, time: jax.Array) -> tuple:
            return at + speed(made, at, jnp.full((DRAWN, 1), time)) / 50, None

        return (jax.lax.scan(on, jax.random.normal(key, (DRAWN, 64)), jnp.arange(50) / 50)[0] + 1) / 2

    return draw


def _coupled(params: dict, x: jax.Array, key: jax.Array, steps: int, rate: jax.Array) -> Callable:
    """RealNVP: eight couplings, each of half of the pixels by the other half (Dinh et al. 2016)."""
    halves = [jnp.arange(64) % 2 == place % 2 for place in range(len(params["couplings"]))]

    def terms(layer: list, kept: jax.Array) -> tuple[jax.Array, jax.Array]:
        scale, shift = jnp.split(through(layer, kept), 2, axis=-1)
        return 2 * jnp.tanh(scale / 2), shift

    def loss(params: dict, key: jax.Array) -> jax.Array:
        pick, noise = jax.random.split(key)
        (real,) = some(pick, 64, 2 * x - 1)
        z = real + 0.1 * jax.random.normal(noise, real.shape)  # so that no pixel has one value alone
        volume = jnp.zeros(64)
        for layer, half in zip(params["couplings"], halves, strict=True):
            scale, shift = terms(layer, z * half)
            z = jnp.where(half, z, z * jnp.exp(scale) + shift)
            volume += jnp.sum(jnp.where(half, 0.0, scale), -1)
        return jnp.mean(0.5 * jnp.sum(z**2, -1) - volume) / 64

    made = fit(loss, params, key, steps, rate)

    def draw(key: jax.Array) -> jax.Array:
        z = jax.random.normal(key, (DRAWN, 64))
        for layer, half in zip(made["couplings"][::-1], halves[::-1], strict=True):
            scale, shift = terms(layer, z * half)
            z = jnp.where(half, z, (z - shift) * jnp.exp(-scale))
        return (z + 1) / 2

    return draw


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on digits, drawn from, and judged by a classifier that is the same for all variants of a seed."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, drawing, judge = jax.random.split(key, 5)
        (x, y), (held, _) = digits(data, 600)
        steps = settings["steps"]

        def of_judge(params: list, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 64, x, y)
            return surprise(through(params, inputs), labels)

        classifier = fit(of_judge, dense(judge, 64, 64, 32, 10), judge, settings["judge_steps"], 3e-3)

        def seen(pictures: jax.Array) -> jax.Array:
            return jax.nn.relu(through(classifier[:2], pictures))

        encoder, decoder, critic, field, *couplings = jax.random.split(start, 12)
        kinds = {
            "critic": lambda: dense(critic, 64, HIDDEN, HIDDEN, 1),
            "encoder": lambda: dense(encoder, 64, HIDDEN, HIDDEN, 2 * LATENT),
            "decoder": lambda: dense(decoder, LATENT, HIDDEN, HIDDEN, 64),
            "field": lambda: dense(field, 64 + 12, HIDDEN, HIDDEN, 64),
            "couplings": lambda: [_quiet(dense(one, 64, 64, 128)) for one in couplings],
        }
        if variant in ADVERSARIES:
            params = {name: kinds[name]() for name in ("decoder", "critic")}
            draw = _adversarial(variant, params, x, training, steps, rate)
        elif variant == "flow-matching":
            params = {"field": kinds["field"]()}
            draw = _flowing(params, x, training, steps, rate)
        elif variant == "realnvp":
            params = {"couplings": kinds["couplings"]()}
            draw = _coupled(params, x, training, steps, rate)
        elif variant == "normal":
            params = {}
            root = jnp.linalg.cholesky(jnp.cov(x.T) + 1e-4 * jnp.eye(64))
            draw = partial(_normal, x.mean(0), root)
        else:
            params = {name: kinds[name]() for name in ("decoder", "encoder")}
            draw = _vae({"vae": 1.0, "vae-4": 4.0}[variant], params, x, training, steps, rate)
        drawn = jnp.clip(draw(drawing), 0, 1)
        share = jax.nn.softmax(through(classifier, drawn)).mean(0)
        real = jax.nn.softmax(through(classifier, held)).mean(0)
        return {
            "distance": frechet(seen(drawn), seen(held)) / frechet(seen(x[:600]), seen(held)),
            "variety": 100 * jnp.exp(-jnp.sum(share * jnp.log(share / real + 1e-9))),
            "sure": 100 * jax.nn.softmax(through(classifier, drawn)).max(-1).mean(),
            "params": size(params),
        }

    return run


def _normal(mean: jax.Array, root: jax.Array, key: jax.Array) -> jax.Array:
    return mean + jax.random.normal(key, (DRAWN, 64)) @ root.T


def _quiet(layers: list) -> list:
    """The last layer starts at a hundredth, so that a coupling starts near the identity."""
    return [*layers[:-1], {name: leaf / 100 for name, leaf in layers[-1].items()}]


TRIAL = Trial(
    variants={
        "normal": "a normal distribution fitted to the pixels",
        "vae": "a variational autoencoder with eight latent numbers",
        "vae-4": "the same with four times the weight on the latent’s divergence",
        "gan": "generator and discriminator",
        "wgan": "a critic with clipped weights",
        "wgan-gp": "a critic with a penalty on its slope",
        "realnvp": "eight affine couplings, trained on exact likelihood",
        "flow-matching": "a field of speeds, fifty steps to draw",
    },
    figures=(
        less("distance", "Fréchet distance, times that of real ones"),
        percent("variety", "classes covered"),
        Metric("sure", "how sure a classifier is", "%", "up"),
    ),
    make=make,
    settings={"steps": 3000, "judge_steps": 600},
    smoke={"steps": 4, "judge_steps": 4},
)
