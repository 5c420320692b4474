"""What must hold of diffusion, of its quick sampler and of the score."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.generative.diffusion import Diffusion, ddim_step, score_from_noise
from netspec.vocabulary.programs import traced
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

STEPS = 6
AT = np.array([[1], [3], [STEPS - 1]])


def _betas(case: Case) -> np.ndarray:
    return case.uniform(STEPS, low=0.02, high=0.4)


@traced
def _diffused(diffusion: Implementation, betas: Any, x: Any, noise: Any) -> Any:
    """Shares of the data and of the noise at all steps; and at :data:`AT`, by x and noise, the two forms of going back.

    Those are the posterior's mean and variance, and the mean by the noise.
    """
    model = diffusion(betas)
    steps, one = jnp.arange(STEPS), jnp.ones(STEPS)
    kept = jnp.cumprod(1 - betas)[AT]
    noisy = jnp.sqrt(kept) * x + jnp.sqrt(1 - kept) * noise
    shares = model.noisy(one, 0 * one, steps), model.noisy(0 * one, one, steps)
    return shares, noisy, model.posterior(x, noisy, AT), model.before(noisy, noise, AT)


def _step_by_step(diffusion: Implementation, case: Case) -> float:
    """One step at a time: the mean shrinks by √(1 − β), the variance becomes (1 − β) v + β."""
    betas, share, variance, steps = _betas(case), 1.0, 0.0, []
    for beta in betas:
        share, variance = np.sqrt(1 - beta) * share, (1 - beta) * variance + beta
        steps.append((share, np.sqrt(variance)))
    found, *_ = _diffused(diffusion, betas, *case.normal(2, 3, seed=1))
    return apart(np.stack(found, -1), np.array(steps))


def _bayes(diffusion: Implementation, case: Case) -> float:
    """q(x_{t−1} | x_t, x_0) ∝ q(x_t | x_{t−1}) q(x_{t−1} | x_0): precisions add, and so do means weighted by them."""
    betas, (x, noise) = _betas(case), case.normal(2, 3, seed=1)
    _, noisy, (mean, variance), _ = _diffused(diffusion, betas, x, noise)
    beta, before = betas[AT], np.cumprod(1 - betas)[AT - 1]
    forward, prior = (1 - beta) / beta, 1 / (1 - before)
    expected = (forward * noisy / np.sqrt(1 - beta) + prior * np.sqrt(before) * x) / (forward + prior)
    return max(apart(mean, expected), apart(variance, 1 / (forward + prior)))


def _two_forms(diffusion: Implementation, case: Case) -> float:
    """By the noise or by the data that it implies: the mean of the step before is the same."""
    *_, (mean, _), other = _diffused(diffusion, _betas(case), *case.normal(2, 3, seed=1))
    return apart(other, mean)


class _Sum(Diffusion):
    @property
    def kept(self) -> Any:
        return 1 - jnp.cumsum(self.betas)


class _NoRoot(Diffusion):
    def noisy(self, x: Any, noise: Any, step: Any) -> Any:
        return self.kept[step] * x + (1 - self.kept[step]) * noise


class _Late(Diffusion):
    def kept_before(self, step: Any) -> Any:
        return self.kept[step]


class _PlainVariance(Diffusion):
    def posterior(self, x: Any, noisy: Any, step: Any) -> Any:
        return super().posterior(x, noisy, step)[0], self.betas[step]


class _WholeNoise(Diffusion):
    def before(self, noisy: Any, noise: Any, step: Any) -> Any:
        return (noisy - jnp.sqrt(1 - self.kept[step]) * noise) / jnp.sqrt(1 - self.betas[step])


def _levels(case: Case) -> tuple[float, float]:
    """ᾱ of a step and of one before it."""
    kept, before = np.sort(case.uniform(2, low=0.1, high=0.95))
    return float(kept), float(before)


@traced
def _step(step: Implementation, x: Any, noise: Any, levels: Any, fresh: Any) -> Any:
    """``levels`` are ᾱ, ᾱ' and eta."""
    return step(x, noise, levels[0], levels[1], levels[2], fresh)


def _gone(step: Implementation, x: Any, noise: Any, kept: float, before: float, eta: float, fresh: Any) -> np.ndarray:
    return _step(step, np.asarray(x), noise, np.array([kept, before, eta]), fresh)


def _along(step: Implementation, case: Case) -> float:
    """With the true noise, the step lands on the same example with less of the same noise."""
    (kept, before), (x, noise) = _levels(case), case.normal(2, 3, seed=1)
    here = np.sqrt(kept) * x + np.sqrt(1 - kept) * noise
    found = _gone(step, here, noise, kept, before, 0.0, np.zeros(3))
    return apart(found, np.sqrt(before) * x + np.sqrt(1 - before) * noise)


def _like_ddpm(step: Implementation, case: Case) -> float:
    """With eta 1 between neighbouring steps, mean and variance are those of DDPM's posterior."""
    betas, (x, noise) = _betas(case), case.normal(2, 3, seed=1)
    _, noisy, (mean, variance), _ = _diffused(Diffusion, betas, x, noise)
    kept, worst = np.cumprod(1 - betas), 0.0
    for row, (at,) in enumerate(AT):
        found = _gone(step, noisy[row], noise, kept[at], kept[at - 1], 1.0, np.zeros(3))
        spread = _gone(step, noisy[row], noise, kept[at], kept[at - 1], 1.0, np.ones(3)) - found
        worst = max(worst, apart(found, mean[row]), apart(spread**2, np.full(3, variance[row])))
    return worst


def _certain(step: Implementation, case: Case) -> float:
    """With eta 0 fresh noise makes no difference, and with more of it the variance stays 1 − ᾱ'."""
    (kept, before), (x, noise, fresh) = _levels(case), case.normal(3, 3, seed=1)
    one, none = np.ones(3), np.zeros(3)
    alike = wrong(_gone(step, x, noise, kept, before, 0.0, fresh) == _gone(step, x, noise, kept, before, 0.0, none))
    old = _gone(step, np.sqrt(1 - kept) * one, one, kept, before, 0.4, none)
    new = _gone(step, none, none, kept, before, 0.4, one)
    return max(alike, apart(old**2 + new**2, (1 - before) * one))


def _more_noise(x: Any, noise: Any, kept: Any, before: Any, eta: Any, fresh: Any) -> Any:
    """σ without the share that DDPM's β̃ has."""
    spread = eta * jnp.sqrt(1 - kept / before)
    seen = (x - jnp.sqrt(1 - kept) * noise) / jnp.sqrt(kept)
    return jnp.sqrt(before) * seen + jnp.sqrt(1 - before - spread**2) * noise + spread * fresh


def _added(x: Any, noise: Any, kept: Any, before: Any, eta: Any, fresh: Any) -> Any:
    """Fresh noise on top of all of the old."""
    spread = eta * jnp.sqrt((1 - before) / (1 - kept)) * jnp.sqrt(1 - kept / before)
    return ddim_step(x, noise, kept, before) + spread * fresh


def _always_fresh(x: Any, noise: Any, kept: Any, before: Any, eta: Any, fresh: Any) -> Any:
    return ddim_step(x, noise, kept, before, 1.0, fresh)


@traced
def _score(score: Implementation, noise: Any, kept: Any) -> Any:
    return score(noise, kept)


@jax.jit
def _of_mixture(at: Any, centres: Any, variance: Any) -> Any:
    """The gradient of log Σ N(x; centre, variance) at some x."""

    def log_density(x: Any) -> Any:
        return jnp.sum(jnp.log(jnp.sum(jnp.exp(-jnp.sum((x[:, None] - centres) ** 2, -1) / (2 * variance)), -1)))

    return jax.grad(log_density)(at)


def _of_points(score: Implementation, case: Case) -> float:
    """Of a few points with noise, the expected noise is a mean over them by how likely each is."""
    kept, at = case.uniform(1, low=0.2, high=0.8), case.normal(4, 2, seed=1)
    centres = np.sqrt(kept) * case.normal(5, 2)
    away = at[:, None] - centres
    shares = scipy.special.softmax(-(away**2).sum(-1) / (2 * (1 - kept)), -1)
    found = _score(score, np.einsum("np,npf->nf", shares, away) / np.sqrt(1 - kept), kept)
    return apart(found, _of_mixture(at, centres, 1 - kept))


TERMS = (
    Term(
        "ddpm",
        Diffusion,
        (
            Property(
                "What is known at once of x_t is what its steps make, one after the other.",
                _step_by_step,
                1e-12,
                (
                    Mistake("the sum of β for the product of 1 − β", _Sum),
                    Mistake("ᾱ without its root", _NoRoot),
                ),
            ),
            Property(
                "The step back where x_0 is known is that of Bayes' rule.",
                _bayes,
                1e-12,
                (
                    Mistake("ᾱ of the same step for that before", _Late),
                    Mistake("β for the posterior's variance", _PlainVariance),
                ),
            ),
            Property(
                "The step back by the noise is the step back by the data that the noise implies.",
                _two_forms,
                1e-11,
                (
                    Mistake("all noise taken away at once", _WholeNoise),
                    Mistake("ᾱ of the same step for that before", _Late),
                ),
            ),
        ),
    ),
    Term(
        "ddim",
        ddim_step,
        (
            Property(
                "With the true noise it goes to the same example with less of that noise.",
                _along,
                1e-12,
                (
                    Mistake("levels swapped", lambda x, e, kept, before, *_: ddim_step(x, e, before, kept)),
                    Mistake("ᾱ without its root", lambda x, e, kept, before, *_: ddim_step(x, e, kept**2, before**2)),
                ),
            ),
            Property(
                "With eta 1 it has the mean and the variance of DDPM's step.",
                _like_ddpm,
                1e-11,
                (
                    Mistake("the variance β", _more_noise),
                    Mistake("fresh noise on top of the old", _added),
                    Mistake("eta ignored", lambda x, e, kept, before, *_: ddim_step(x, e, kept, before)),
                ),
            ),
            Property(
                "With eta 0 nothing is left to chance, and with any eta the noise has variance 1 − ᾱ'.",
                _certain,
                1e-12,
                (
                    Mistake("fresh noise whatever eta", _always_fresh),
                    Mistake("fresh noise on top of the old", _added),
                ),
            ),
        ),
    ),
    Term(
        "score-based",
        score_from_noise,
        (
            Property(
                "Of a set of points with noise, it is the gradient of the logarithm of their mixture.",
                _of_points,
                1e-11,
                (
                    Mistake("towards the noise", lambda noise, kept: noise / jnp.sqrt(1 - kept)),
                    Mistake("the variance for its root", lambda noise, kept: -noise / (1 - kept)),
                    Mistake("√ᾱ for √(1 − ᾱ)", lambda noise, kept: -noise / jnp.sqrt(kept)),
                ),
            ),
        ),
    ),
)
