"""Pictures drawn by taking noise away, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from train.tasks.diffusion.noise import TIMES, kept
from train.tasks.diffusion.pictures import grid
from train.use import Made, Used, Wanted

if TYPE_CHECKING:
    from train.tasks.diffusion.learner import Denoiser

#: Steps of DDIM, and the pictures that are judged.
DDIM, SAMPLED = 50, 500
#: Pictures that are drawn at a time.
AT_ONCE = 500


def ddim(run: Callable, learner: Denoiser, key: jax.Array, count: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` pictures in [0, 1], ``(count, H, W, C)``, and the first one as it is seen at each of the steps.

    What is seen at a step is cut to the range of pictures. Source: Song et al. 2020 (arXiv:2010.02502), eq. 12 with
    σ = 0.
    """
    return _drawn(run, learner, key, count, DDIM, noise=0.0)


def ancestral(run: Callable, learner: Denoiser, key: jax.Array, count: int, steps: int) -> np.ndarray:
    """The same with as much noise at every step as the true posterior has, over ``steps`` of the T times.

    Source: Ho et al. 2020 (arXiv:2006.11239), alg. 2; for fewer steps, Nichol & Dhariwal 2021, sec. 4.
    """
    return _drawn(run, learner, key, count, steps, noise=1.0)[0]


def _drawn(
    run: Callable, learner: Denoiser, key: jax.Array, count: int, steps: int, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    function = _steps(learner, steps, noise)
    parts, path = [], None
    for index in range(-(-count // AT_ONCE)):
        size = min(AT_ONCE, count)
        pictures, seen = run(function, jax.random.split(jax.random.fold_in(key, index), size))
        parts.append(np.asarray(pictures))
        path = np.asarray(seen) if path is None else path
    drawn, low = np.concatenate(parts)[:count], learner.lowest
    return (drawn - low) / (1 - low), (path - low) / (1 - low)


def _steps(learner: Denoiser, steps: int, noise: float) -> Callable:
    """A function of a network and of keys ``(B,)`` that draws a picture by each of them."""
    times = jnp.linspace(TIMES, 0, steps + 1)

    def draw(network: Callable, keys: jax.Array) -> Any:
        def normal(at: int | jax.Array) -> jax.Array:
            return jax.vmap(lambda key: jax.random.normal(jax.random.fold_in(key, at), learner.shape))(keys)

        def step(x: jax.Array, at: jax.Array) -> tuple[jax.Array, jax.Array]:
            here, after = kept(times[at]), kept(times[at + 1])
            found = learner.found(network, x, jnp.full(len(keys), times[at]))
            seen = jnp.clip((x - jnp.sqrt(1 - here) * found) / jnp.sqrt(here), learner.lowest, 1.0)
            found = (x - jnp.sqrt(here) * seen) / jnp.sqrt(1 - here)
            spread = noise * jnp.sqrt((1 - after) / (1 - here) * (1 - here / after))
            x = jnp.sqrt(after) * seen + jnp.sqrt(jnp.maximum(1 - after - spread**2, 0)) * found
            return x + spread * normal(at) if noise else x, seen

        begin = normal(steps)
        _, seen = jax.lax.scan(lambda x, at: step(x, at), begin, jnp.arange(steps))
        return seen[-1], seen[:, 0]

    return draw


def sample(used: Used, wanted: Wanted) -> Made:
    """A grid of pictures by 50 steps of DDIM."""
    pictures, _ = ddim(used.run, used.learner, jax.random.key(wanted.seed), wanted.count)
    side = max(1, int(np.ceil(np.sqrt(wanted.count))))
    return Made(f"{wanted.count} samples, {DDIM} steps each", {".png": grid(pictures, side)})
