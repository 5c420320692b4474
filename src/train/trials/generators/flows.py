"""Maps with an inverse whose likelihood is exact: a mean and a covariance alone, and couplings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.generative import affine_coupling, flow_log_density
from train.trials.base import dense, fit, some, through
from train.trials.generators.base import BATCH, HIDDEN, LEVELS, PIXELS, Generator, bound, levelled, spread

COUPLINGS = 8
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
    """Logarithms of scales, at most a half either way, and shifts: larger ones find digits never seen impossible."""
    scale, shift = jnp.split(found, 2, axis=-1)
    return 0.5 * jnp.tanh(2 * scale), shift


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
