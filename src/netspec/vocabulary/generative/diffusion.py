"""Diffusion: noise added step by step and taken away again, and the score, which says the same."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


@dataclass(frozen=True, eq=False)
class Diffusion:
    """Turn data into noise by many small known steps, so that a network has only to learn one step back.

    DDPM mixes a little noise into the data at each step, until nothing else is left. The mixture at any step is known
    at once, and so is the step before it where the data are: that is what the learned step has to match, and a network
    that finds the noise is enough for it.

    Formula: x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε, ᾱ_t = Π (1 − β_s); L = ‖ε − ε_θ(x_t, t)‖²;
        μ_t = (x_t − β_t ε_θ / √(1 − ᾱ_t)) / √(1 − β_t); β̃_t = β_t (1 − ᾱ_{t−1}) / (1 − ᾱ_t)
    Shapes: betas (steps,); examples, noise of any one shape; step a number from 0 (the first that adds noise).
    Parameters: none; the network that finds the noise has all of them.
    Cost: a few operations an element; a sample takes as many calls of the network as there are steps.
    Training: a step is drawn at random, and the squared error of the noise is the loss. Sampling walks from the last
        step to the first: :meth:`before` and noise of variance β̃ (or β) at each but the first.
    Caveats: after the last step √ᾱ is small but not 0, so samples do not start from quite what was trained.
    Raises: VocabularyError for betas that are no list or not between 0 and 1.
    Source: Ho et al. 2020 [arXiv:2006.11239], eqs. 4, 7, 11 and 14; vocabulary line 4291.

    >>> diffusion = Diffusion.linear()
    >>> [round(float(diffusion.kept[step]), 5) for step in (0, 499, 999)]  # ᾱ
    [0.9999, 0.07859, 4e-05]
    >>> float(diffusion.noisy(1.0, 0.0, 0)) ** 2 <= 1
    True
    """

    betas: jax.Array

    def __post_init__(self) -> None:
        expect.axes(betas=(self.betas, "steps"))
        expect.positive("betas", self.betas)
        expect.rate("betas", self.betas)

    @classmethod
    def linear(cls, steps: int = 1000, first: float = 1e-4, last: float = 0.02) -> Diffusion:
        """The paper's schedule: β grows evenly from ``first`` to ``last``."""
        return cls(jnp.linspace(first, last, expect.whole("steps", steps)))

    @property
    def kept(self) -> jax.Array:
        """ᾱ of each step, ``(steps,)``: the share of the data's variance that is left."""
        return jnp.cumprod(1 - self.betas)

    def kept_before(self, step: int | jax.Array) -> jax.Array:
        """ᾱ of the step before ``step``, which is 1 before the first."""
        return jnp.concatenate([jnp.ones_like(self.betas[:1]), self.kept])[step]

    def noisy(self, x: jax.Array | float, noise: jax.Array | float, step: int | jax.Array) -> jax.Array:
        """x_t: the example after ``step``."""
        kept = self.kept[step]
        return jnp.sqrt(kept) * x + jnp.sqrt(1 - kept) * noise

    def posterior(self, x: jax.Array, noisy: jax.Array, step: int | jax.Array) -> tuple[jax.Array, jax.Array]:
        """Mean and variance of x_{t−1} where x_0 and x_t are known (eq. 7)."""
        beta, kept, before = self.betas[step], self.kept[step], self.kept_before(step)
        mean = jnp.sqrt(before) * beta / (1 - kept) * x
        mean = mean + jnp.sqrt(1 - beta) * (1 - before) / (1 - kept) * noisy
        return mean, beta * (1 - before) / (1 - kept)

    def before(self, noisy: jax.Array, noise: jax.Array, step: int | jax.Array) -> jax.Array:
        """μ_t: the mean of x_{t−1} by the noise that a network finds in x_t (eq. 11)."""
        beta = self.betas[step]
        return (noisy - beta / jnp.sqrt(1 - self.kept[step]) * noise) / jnp.sqrt(1 - beta)


def ddim_step(
    x: jax.Array,
    noise: jax.Array,
    kept: float | jax.Array,
    kept_before: float | jax.Array,
    eta: float | jax.Array = 0.0,
    fresh: float | jax.Array = 0.0,
) -> jax.Array:
    """Draw with a diffusion model in few steps, and the same picture from the same noise.

    The network's noise says what the finished example would be; that is mixed with the same noise again, at the level
    of any earlier step. Nothing has to be drawn on the way. With eta between 0 and 1 some fresh noise takes the place
    of the old; at 1 it is as much as DDPM's.

    Formula: x̂_0 = (x_t − √(1 − ᾱ) ε) / √ᾱ; x' = √ᾱ' x̂_0 + √(1 − ᾱ' − σ²) ε + σ z,
        σ = η √((1 − ᾱ') / (1 − ᾱ)) √(1 − ᾱ / ᾱ')
    Shapes: x, noise and fresh of any one shape; kept ᾱ of this step, kept_before ᾱ' of the one to go to; result as x.
    Parameters: none.
    Cost: a few operations an element; a sample takes 10 to 100 calls of the network instead of 1000.
    Training: none of its own; the network is that of DDPM.
    Caveats: fresh is ignored for eta 0. Few steps lose detail, and clipping x̂_0 breaks the way back to the noise.
    Raises: VocabularyError for kept outside 0 to 1, kept_before below it, and eta outside 0 to 1.
    Source: Song et al. 2021 [arXiv:2010.02502], eqs. 12 and 16; vocabulary line 4291.

    >>> x, noise = jax.numpy.array([0.6 * 2 + 0.8]), jax.numpy.array([1.0])  # ᾱ = 0.36, x_0 = 2
    >>> round(float(ddim_step(x, noise, 0.36, 1.0)[0]), 5)
    2.0
    """
    expect.axes(x=(x, "..."), noise=(noise, "..."))
    expect.within("kept", kept, 0.0, 1.0, open_below=True)
    expect.within("kept_before", kept_before, 0.0, 1.0, open_below=True)
    expect.not_negative("kept_before - kept", kept_before - kept)
    expect.probability("eta", eta)
    spread = eta * jnp.sqrt((1 - kept_before) / (1 - kept)) * jnp.sqrt(1 - kept / kept_before)
    seen = (x - jnp.sqrt(1 - kept) * noise) / jnp.sqrt(kept)
    return jnp.sqrt(kept_before) * seen + jnp.sqrt(1 - kept_before - spread**2) * noise + spread * fresh


def score_from_noise(noise: jax.Array, kept: float | jax.Array) -> jax.Array:
    """Say in which direction an example gets likelier, without knowing how likely any is.

    The score ∇ log p has no constant to normalise. Of data with noise in it, it follows from the noise that a network
    expects there, so a score model and a DDPM are one network read in two ways. Langevin's steps
    (:func:`langevin_step`) draw by it.

    Formula: s_t(x) = ∇ log p_t(x) = −E[ε | x_t = x] / √(1 − ᾱ_t); x += δ/2 s(x) + √δ z
    Shapes: noise of any shape, ᾱ a number or one that spreads over it; the result as noise.
    Parameters: none.
    Cost: one division an element.
    Training: the noise is regressed as in DDPM, or the score by the same loss weighted by 1 / (1 − ᾱ).
    Caveats: without noise (ᾱ = 1) there is no such relation; where data are sparse the score is only known with noise.
    Raises: VocabularyError unless kept lies from 0 to below 1.
    Source: Song and Ermon 2019 [arXiv:1907.05600]; Song et al. 2021 [arXiv:2011.13456]; vocabulary line 4301.

    >>> score_from_noise(jax.numpy.array([1.0, -2.0]), 0.75).tolist()
    [-2.0, 4.0]
    """
    expect.axes(noise=(noise, "..."))
    expect.rate("kept", kept)
    return -noise / jnp.sqrt(1 - kept)


def langevin_step(x: jax.Array, score: jax.Array, noise: jax.Array, size: float) -> jax.Array:
    """One step of Langevin's walk, ``x + size/2 · score + √size · noise``, which forgets its start and samples p.

    All of one shape. Source: Song and Ermon 2019 [arXiv:1907.05600], eq. 4.
    """
    expect.positive("size", size)
    return x + size / 2 * score + jnp.sqrt(size) * noise
