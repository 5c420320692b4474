"""Texts drawn from a language model, token by token, with what was computed for earlier tokens kept."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np

from netspec.modules.decoding import continued
from train.config.schema import ConfigError
from train.use import Made, Used, Wanted

#: Temperatures that samples are shown at: the book's 0.8, the model's own 1, and one that is bolder in neither way.
TEMPERATURES = (0.5, 0.8, 1.0)
#: Below this temperature the likeliest token is taken.
COLDEST = 1e-3


def texts(
    run: Callable, prompt: np.ndarray, length: int, count: int, window: int, temperature: float, seed: int
) -> np.ndarray:
    """``count`` texts of ``length`` tokens that begin with ``prompt`` ``(N,)``, int32 ``(count, length)``.

    Each token is drawn from the softmax of the scores divided by the ``temperature``; 0 takes the likeliest. A text
    that has filled the network's ``window`` goes on from its last half, which becomes the beginning of the next window.
    ``run`` is that of :meth:`train.tasks.base.Learner.finish`.
    """
    begun = np.tile(np.asarray(prompt, np.int32), (count, 1))
    part = 0
    while begun.shape[1] < length:
        known = begun if begun.shape[1] < window else begun[:, -max(1, window // 2) :]
        given = known.shape[1]
        key = jax.random.fold_in(jax.random.key(seed), part)
        filled = np.pad(known, ((0, 0), (0, window - given)))
        grown = np.asarray(run(_continued, filled, np.int32(given), key, np.float32(max(temperature, COLDEST))))
        begun = np.concatenate([begun, grown[:, given:]], axis=1)
        part += 1
    return begun[:, :length]


def sample(used: Used, wanted: Wanted) -> Made:
    """Texts that go on from a prompt. Raises :class:`ConfigError` for one that is empty or of another alphabet."""
    if not wanted.prompt:
        raise ConfigError("--prompt is empty, expected the beginning of a text")
    prompt = used.tokens.encode(wanted.prompt)
    length, window = len(prompt) + wanted.length, used.learner.length
    found = texts(used.run, prompt, length, wanted.count, window, wanted.temperature, wanted.seed)
    return Made("\n\n".join(used.tokens.decode(text) for text in found))


def _continued(
    network: Callable, prompt: jax.Array, given: jax.Array, key: jax.Array, temperature: jax.Array
) -> jax.Array:
    def choose(key: jax.Array, scores: jax.Array) -> jax.Array:
        return jax.random.categorical(key, scores / temperature).astype(prompt.dtype)

    return continued(network, prompt, given, key, choose)
