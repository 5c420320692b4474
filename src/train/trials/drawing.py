"""Generators of 8×8 digits, judged by the distance of what they draw from real ones and by what they leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from train.trials.base import Metric, Run, Trial, dense, digits, fit, less, percent, size, some, surprise, through
from train.trials.generators import GENERATORS
from train.trials.generators.base import PIXELS

#: Pictures that are drawn to be judged, and real ones that they and likelihoods are judged by.
DRAWN, HELD_OUT = 1000, 600


def frechet(one: jax.Array, other: jax.Array) -> jax.Array:
    """Fréchet distance between normal distributions fitted to the rows of each."""
    mean, covariance = one.mean(0) - other.mean(0), [jnp.cov(rows.T) for rows in (one, other)]
    values, vectors = jnp.linalg.eigh(covariance[0])
    root = (vectors * jnp.sqrt(jnp.maximum(values, 0))) @ vectors.T
    middle = jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(root @ covariance[1] @ root), 0)).sum()
    return mean @ mean + sum(jnp.trace(one) for one in covariance) - 2 * middle


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on digits, drawn from, and judged by a classifier that is the same for all variants of a seed."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, drawing, judge, noise = jax.random.split(key, 6)
        (x, y), (held, _) = digits(data, HELD_OUT)

        def of_judge(params: list, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 64, x, y)
            return surprise(through(params, inputs), labels)

        classifier = fit(of_judge, dense(judge, PIXELS, 64, 32, 10), judge, settings["judge_steps"], 3e-3)

        def seen(pictures: jax.Array) -> jax.Array:
            return jax.nn.relu(through(classifier[:2], pictures))

        made = GENERATORS[variant](x, start, training, settings["steps"], rate)
        drawn = jnp.clip(made.draw(drawing, DRAWN), 0, 1)
        share = jax.nn.softmax(through(classifier, drawn)).mean(0)
        real = jax.nn.softmax(through(classifier, held)).mean(0)
        found = {
            "distance": frechet(seen(drawn), seen(held)) / frechet(seen(x[:HELD_OUT]), seen(held)),
            "variety": 100 * jnp.exp(-jnp.sum(share * jnp.log(share / real + 1e-9))),
            "sure": 100 * jax.nn.softmax(through(classifier, drawn)).max(-1).mean(),
            "params": size(made.params),
        }
        if made.likelihood is not None:
            found["bits"] = -made.likelihood(noise, held).mean() / (PIXELS * jnp.log(2))
        return found

    return run


TRIAL = Trial(
    variants={
        "normal": "a normal distribution fitted to the pixels",
        "vae": "a variational autoencoder with eight latent numbers",
        "vae-4": "the same with four times the weight on the latent’s divergence",
        "vq-vae": "an autoencoder of four codes from a table of 32, and a network for which codes follow which",
        "gan": "generator and discriminator",
        "wgan": "a critic with clipped weights",
        "wgan-gp": "a critic with a penalty on its slope",
        "realnvp": "eight affine couplings, trained on exact likelihood",
        "made": "pixel after pixel by masked dense layers",
        "pixelcnn": "pixel after pixel by masked convolutions",
        "wavenet": "pixel after pixel by dilated convolutions of those before",
        "energy": "an energy, 200 steps of a noisy walk to draw",
        "score": "scores at ten levels of noise, 200 steps of a noisy walk to draw",
        "ddpm": "diffusion, all of 200 steps to draw",
        "ddim": "the same network, 20 steps without noise to draw",
        "flow-matching": "a field of speeds, fifty steps to draw",
    },
    figures=(
        less("distance", "Fréchet distance, times that of real ones"),
        percent("variety", "classes covered"),
        Metric("sure", "how sure a classifier is", "%", "up"),
        less("bits", "held-out digits of 17 levels", "bits a pixel"),
    ),
    make=make,
    settings={"steps": 3000, "judge_steps": 600},
    smoke={"steps": 2, "judge_steps": 2},
)
