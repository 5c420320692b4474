"""Maps with an inverse whose likelihood is exact: none but a mean and a covariance, couplings, and steps of Glow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.generative import affine_coupling, flow_log_density, glow_step
from train.trials.base import dense, fit, some, through
from train.trials.generators.base import BATCH, HIDDEN, LEVELS, PIXELS, Generator, bound, levelled, spread

COUPLINGS, CHANNELS = 8, 32
#: Pixels of one colour of a chess-board, then those of the other.
BOARD = np.argsort(np.indices((8, 8)).sum(0).ravel() % 2, kind="stable")


def normal(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
    """No network: the mean and the covariance of the pixels."""
    levels = (LEVELS - 1) * x / LEVELS
    mean, covariance = levels.mean(0) + 0.5 / LEVELS, jnp.cov(levels.T) + jnp.eye(PIXELS) / (12 * LEVELS**2)
    root = jnp.linalg.cholesky(covariance)

    def draw(key: jax.Array, count: int) -> jax.Array:
        return levelled(mean + jax.random.normal(key, (count, PIXELS)) @ root.T)

    def likelihood(key: jax.Array, x: jax.Array) -> jax.Array:
        return bound(jax.scipy.stats.multivariate_normal.logpdf(spread(key, x), mean, covariance))

    return Generator({}, draw, likelihood)


def _flowing(
    layers: Callable[[Any, bool], list[Callable]],
    params: Any,
    x: jax.Array,
    key: jax.Array,
    steps: int,
    rate: jax.Array,
) -> Generator:
    """Trained on exact likelihood. ``layers(params, inverse)`` are maps of ``(batch, 64)``, backwards if inverse."""
    levels = (LEVELS - 1) * x / LEVELS
    mean, deviation = levels.mean(0) + 0.5 / LEVELS, jnp.sqrt(levels.var(0) + 1 / (12 * LEVELS**2))

    def density(params: Any, x: jax.Array) -> jax.Array:
        return flow_log_density((x - mean) / deviation, layers(params, False)) - jnp.log(deviation).sum()

    def loss(params: Any, key: jax.Array) -> jax.Array:
        pick, noise = jax.random.split(key)
        (real,) = some(pick, BATCH, x)
        return -density(params, spread(noise, real)).mean() / PIXELS

    made = fit(loss, params, key, steps, rate)

    def draw(key: jax.Array, count: int) -> jax.Array:
        z = jax.random.normal(key, (count, PIXELS))
        for layer in layers(made, True):
            z, _ = layer(z)
        return levelled(mean + deviation * z)

    return Generator(made, draw, lambda key, x: bound(density(made, spread(key, x))))


def _calm(found: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Logarithms of scales, at most 2 either way, and shifts."""
    scale, shift = jnp.split(found, 2, axis=-1)
    return 2 * jnp.tanh(scale / 2), shift


def _quiet(layers: list) -> list:
    """The last layer starts at a hundredth, so that a coupling starts near the identity."""
    return [*layers[:-1], {name: leaf / 100 for name, leaf in layers[-1].items()}]


def coupled(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
    """RealNVP (Dinh et al. 2017): couplings of each half of a chess-board by the other, in turns."""
    half = PIXELS // 2
    params = [_quiet(dense(one, half, HIDDEN, PIXELS)) for one in jax.random.split(start, COUPLINGS)]

    def coupling(layer: list, board: np.ndarray, inverse: bool) -> Callable:
        def on(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            y, volume = affine_coupling(x[:, board], lambda kept: _calm(through(layer, kept)), inverse)
            return y[:, np.argsort(board)], volume

        return on

    def layers(params: list, inverse: bool) -> list[Callable]:
        boards = [np.roll(BOARD, half * (place % 2)) for place in range(COUPLINGS)]
        found = [coupling(layer, board, inverse) for layer, board in zip(params, boards, strict=True)]
        return found[::-1] if inverse else found

    return _flowing(layers, params, x, training, steps, rate)


def glowing(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
    """Glow (Kingma and Dhariwal 2018) at one scale: four pixels become channels, which a matrix mixes at every step."""

    def drawn(key: jax.Array) -> dict[str, Any]:
        turn, first, last = jax.random.split(key, 3)
        return {
            "scale": jnp.ones(4),
            "shift": jnp.zeros(4),
            "weight": jnp.linalg.qr(jax.random.normal(turn, (4, 4)))[0],
            "first": jax.random.normal(first, (3, 3, 2, CHANNELS)) * np.sqrt(2 / 18),
            "last": jax.random.normal(last, (3, 3, CHANNELS, 4)) * 0.01 * np.sqrt(2 / (9 * CHANNELS)),
            "bias": jnp.zeros((4, 4, 4)),
        }

    def convolved(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    def step(layer: dict[str, Any], inverse: bool) -> Callable:
        def network(kept: jax.Array) -> tuple[jax.Array, jax.Array]:
            return _calm(convolved(jax.nn.relu(convolved(kept, layer["first"])), layer["last"]) + layer["bias"])

        def on(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            squeezed = x.reshape(-1, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4, 4, 4)
            y, volume = glow_step(squeezed, layer["scale"], layer["shift"], layer["weight"], network, inverse)
            return y.reshape(-1, 4, 4, 2, 2).transpose(0, 1, 3, 2, 4).reshape(x.shape), volume

        return on

    def layers(params: list, inverse: bool) -> list[Callable]:
        found = [step(layer, inverse) for layer in params]
        return found[::-1] if inverse else found

    params = [drawn(one) for one in jax.random.split(start, COUPLINGS)]
    return _flowing(layers, params, x, training, steps, rate)
