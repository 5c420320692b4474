"""Generators that draw one number after the other: masks on dense layers, on kernels, and convolutions of the past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from train.trials.base import dense, fit, some, surprise
from train.trials.generators.base import BATCH, HIDDEN, LEVELS, PIXELS, Generator, Train, convolved

#: Channels of the two convolutional networks, and taps of a kernel of 3×3 before its middle.
CHANNELS, BEFORE = 16, 4


@dataclass(frozen=True)
class Sequence:
    """A network for strings of symbols: its weights, and ``logits(params, symbols)`` of each from those before it.

    Symbols are ``(batch, positions)``, logits ``(batch, positions, kinds)``.
    """

    positions: int
    start: Callable[[jax.Array], Any]
    logits: Callable[[Any, jax.Array], jax.Array]


def one_after_the_other(
    network: Sequence, symbols: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array
) -> tuple[Any, Callable[[jax.Array, int], jax.Array], Callable[[jax.Array], jax.Array]]:
    """The trained weights, what draws so many strings, and what gives strings their log-probability in nats."""

    def loss(params: Any, key: jax.Array) -> jax.Array:
        (found,) = some(key, BATCH, symbols)
        return surprise(network.logits(params, found), found)

    made = fit(loss, network.start(start), training, steps, rate)

    def draw(key: jax.Array, count: int) -> jax.Array:
        def on(drawn: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            place, key = at
            return drawn.at[:, place].set(jax.random.categorical(key, network.logits(made, drawn)[:, place])), None

        places = jnp.arange(network.positions), jax.random.split(key, network.positions)
        return jax.lax.scan(on, jnp.zeros((count, network.positions), int), places)[0]

    def likelihood(symbols: jax.Array) -> jax.Array:
        logits = network.logits(made, symbols)
        return -optax.softmax_cross_entropy_with_integer_labels(logits, symbols).sum(-1)

    return made, draw, likelihood


def masked(positions: int, inputs: int, kinds: int, code: Callable[[jax.Array], jax.Array]) -> Sequence:
    """MADE with two hidden layers (Germain et al. 2015, section 4.2): ``code`` makes ``inputs`` numbers of a symbol."""
    sees = np.arange(HIDDEN) % max(positions - 1, 1)  # the last position that each hidden unit may see
    places = np.arange(positions)
    masks = (
        np.repeat(places, inputs)[:, None] <= sees,
        sees[:, None] <= sees,
        sees[:, None] < np.repeat(places, kinds),
    )

    def logits(params: list, symbols: jax.Array) -> jax.Array:
        x = code(symbols).reshape(len(symbols), -1)
        for place, (layer, mask) in enumerate(zip(params, masks, strict=True)):
            x = (jax.nn.relu(x) if place else x) @ (layer["kernel"] * mask) + layer["bias"]
        return x.reshape(len(x), positions, kinds)

    return Sequence(positions, lambda key: dense(key, positions * inputs, HIDDEN, HIDDEN, positions * kinds), logits)


def _pixelwise(network: Sequence) -> Train:
    def train(x: jax.Array, start: jax.Array, training: jax.Array, steps: int, rate: jax.Array) -> Generator:
        made, draw, likelihood = one_after_the_other(network, _symbols(x), start, training, steps, rate)
        return Generator(
            made, lambda key, count: draw(key, count) / (LEVELS - 1), lambda key, x: likelihood(_symbols(x))
        )

    return train


def _symbols(x: jax.Array) -> jax.Array:
    return jnp.round((LEVELS - 1) * x).astype(int)


def _centred(symbols: jax.Array) -> jax.Array:
    """Levels from -1 to 1."""
    return 2 * symbols / (LEVELS - 1) - 1


def _kernel(key: jax.Array, *shape: int) -> jax.Array:
    return jax.random.normal(key, shape) * np.sqrt(2 / np.prod(shape[:-1]))


def _convolved() -> Sequence:
    """PixelCNN (van den Oord et al. 2016): five masked convolutions of 3×3, the inner three of them added to."""
    shapes = ((3, 3, 1, CHANNELS), *((3, 3, CHANNELS, CHANNELS),) * 3, (CHANNELS, LEVELS))

    def start(key: jax.Array) -> list:
        keys = jax.random.split(key, len(shapes))
        return [
            {"kernel": _kernel(one, *shape), "bias": jnp.zeros((8, 8, shape[-1]))}
            for one, shape in zip(keys, shapes, strict=True)
        ]

    def logits(params: list, symbols: jax.Array) -> jax.Array:
        first, *inner, last = params
        h = convolved(_centred(symbols).reshape(-1, 8, 8, 1), first["kernel"], BEFORE) + first["bias"]
        for layer in inner:
            h = h + convolved(jax.nn.relu(h), layer["kernel"], BEFORE + 1) + layer["bias"]
        h = jax.nn.relu(h) @ last["kernel"] + last["bias"]
        return h.reshape(-1, PIXELS, LEVELS)

    return Sequence(PIXELS, start, logits)


def _dilated() -> Sequence:
    """WaveNet (van den Oord et al. 2016): pixels in reading order, two taps at distances 1 to 32, gates and sums."""
    distances = tuple(2**place for place in range(6))

    def start(key: jax.Array) -> dict:
        first, last, *keys = jax.random.split(key, len(distances) + 2)
        return {
            "in": {"kernel": _kernel(first, 1, CHANNELS), "bias": jnp.zeros((PIXELS, CHANNELS))},
            "layers": [dense(one, 2 * CHANNELS, 2 * CHANNELS)[0] for one in keys],
            "out": {"kernel": _kernel(last, CHANNELS, LEVELS), "bias": jnp.zeros((PIXELS, LEVELS))},
        }

    def earlier(h: jax.Array, by: int) -> jax.Array:
        return jnp.pad(h, ((0, 0), (by, 0), (0, 0)))[:, :PIXELS]

    def logits(params: dict, symbols: jax.Array) -> jax.Array:
        h = earlier(_centred(symbols)[..., None], 1) @ params["in"]["kernel"] + params["in"]["bias"]
        for layer, by in zip(params["layers"], distances, strict=True):
            taps = jnp.concatenate([h, earlier(h, by)], -1) @ layer["kernel"] + layer["bias"]
            value, gate = jnp.split(taps, 2, -1)
            h = h + jnp.tanh(value) * jax.nn.sigmoid(gate)
        return jax.nn.relu(h) @ params["out"]["kernel"] + params["out"]["bias"]

    return Sequence(PIXELS, start, logits)


made = _pixelwise(masked(PIXELS, 1, LEVELS, _centred))
pixelcnn = _pixelwise(_convolved())
wavenet = _pixelwise(_dilated())
