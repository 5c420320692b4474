"""What must hold of the bound of a variational autoencoder and of vector quantisation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.spatial.distance
import scipy.stats

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.generative.latent import Quantized, vae_bound, vector_quantize
from netspec.vocabulary.programs import traced
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@traced
def _bound(bound: Implementation, log_likelihood: Any, mean: Any, log_variance: Any) -> Any:
    return bound(log_likelihood, mean, log_variance)


def _divergence(bound: Implementation, case: Case) -> float:
    """−bound without a likelihood is ∫ q log(q / p), on a grid where the trapezoidal rule is exact for a Gaussian."""
    mean, log_variance = case.normal(4, 1), case.normal(4, 1, seed=1)
    z = np.linspace(-30, 30, 4001)
    q = scipy.stats.norm(mean, np.exp(log_variance / 2))
    integral = np.trapezoid(q.pdf(z) * (q.logpdf(z) - scipy.stats.norm.logpdf(z)), z)
    return apart(-_bound(bound, np.zeros((1, 4)), mean, log_variance), integral)


def _linear(case: Case) -> tuple[Any, ...]:
    """x, W and the noise of x = W z + noise, and the posterior's moments.

    Columns of W are orthogonal, so that the posterior has no covariance.
    """
    weight = np.linalg.qr(case.normal(4, 2))[0] * np.array([1.5, 0.7])
    x, noise = case.normal(4, seed=1), 0.6
    precision = 1 + np.sum(weight**2, 0) / noise**2
    return x, weight, noise, weight.T @ x / noise**2 / precision, -np.log(precision)


def _explained(x: Any, weight: Any, noise: float, means: Any, log_variances: Any) -> np.ndarray:
    """E_q log p(x|z) of some q, in closed form, as one sample of as many examples."""
    square = np.sum((x - means @ weight.T) ** 2, -1) + np.exp(log_variances) @ np.sum(weight**2, 0)
    return -0.5 * len(x) * np.log(2 * np.pi * noise**2) - 0.5 * square[None] / noise**2


def _found_and_exact(bound: Implementation, case: Case, spread: float) -> tuple[np.ndarray, float]:
    """Bounds for four q around the posterior, and the log-likelihood."""
    x, weight, noise, mean, log_variance = _linear(case)
    means = mean + spread * case.normal(4, 2, seed=2)
    log_variances = log_variance + spread * case.normal(4, 2, seed=3)
    found = _bound(bound, _explained(x, weight, noise, means, log_variances), means, log_variances)
    covariance = weight @ weight.T + noise**2 * np.eye(len(x))
    return np.asarray(found), float(scipy.stats.multivariate_normal(np.zeros(len(x)), covariance).logpdf(x))


def _at_posterior(bound: Implementation, case: Case) -> float:
    found, exact = _found_and_exact(bound, case, 0.0)
    return apart(found, np.full(4, exact))


def _elsewhere(bound: Implementation, case: Case) -> float:
    """By how much a bound exceeds the log-likelihood for a q that is not the posterior."""
    found, exact = _found_and_exact(bound, case, 1.0)
    return max(0.0, float(np.max(found)) - exact)


def _no_divergence(log_likelihood: Any, mean: Any, log_variance: Any) -> Any:
    return vae_bound(log_likelihood, mean, log_variance, beta=0.0)


VAE = Term(
    "vae",
    vae_bound,
    (
        Property(
            "Its divergence is the integral of q log(q / p) over the latent.",
            _divergence,
            1e-10,
            (
                Mistake("log σ read as log σ²", lambda e, m, s: vae_bound(e, m, 2 * s)),
                Mistake("the divergence of p from q", lambda e, m, s: vae_bound(e, m * jnp.exp(-s / 2), -s)),
                Mistake("no divergence", _no_divergence),
            ),
        ),
        Property(
            "Where q is the true posterior of a linear model with normal noise, it is the log-likelihood.",
            _at_posterior,
            1e-12,
            (
                Mistake("no divergence", _no_divergence),
                Mistake("divergence averaged over the latent", lambda e, m, s: vae_bound(e, m, s, beta=0.5)),
            ),
        ),
        Property(
            "It is never more than the log-likelihood, whatever q is.",
            _elsewhere,
            1e-12,
            (
                Mistake("no divergence", _no_divergence),
                Mistake("divergence added", lambda e, m, s: 2 * jnp.mean(e, 0) - vae_bound(e, m, s)),
            ),
        ),
    ),
)


@traced
def _quantized(quantize: Implementation, z: Any, codebook: Any, towards: Any) -> Any:
    """Codes and indices, the gradient of codes · towards, and those of the loss."""
    found = quantize(z, codebook)
    through = jax.grad(lambda x: jnp.sum(quantize(x, codebook).codes * towards))(z)
    return found.codes, found.indices, through, jax.grad(lambda x, e: quantize(x, e).loss, (0, 1))(z, codebook)


def _of_vectors(quantize: Implementation, case: Case) -> tuple[Any, ...]:
    """Vectors, the table, a direction, which rows are nearest, and what :func:`_quantized` finds."""
    z, codebook, towards = case.normal(6, 4), case.normal(5, 4, seed=1), case.normal(6, 4, seed=2)
    nearest = scipy.spatial.distance.cdist(z, codebook).argmin(-1)
    return z, codebook, towards, nearest, _quantized(quantize, z, codebook, towards)


def _nearest(quantize: Implementation, case: Case) -> float:
    _, codebook, _, nearest, found = _of_vectors(quantize, case)
    return max(apart(found[0], codebook[nearest]), wrong(found[1] == nearest))


def _straight_through(quantize: Implementation, case: Case) -> float:
    _, _, towards, _, found = _of_vectors(quantize, case)
    return apart(found[2], towards)


def _loss_gradients(quantize: Implementation, case: Case) -> float:
    """The table is pulled to what it stands for, and the encoder to the table a quarter as much."""
    z, codebook, _, nearest, found = _of_vectors(quantize, case)
    pull = np.zeros_like(codebook)
    np.add.at(pull, nearest, 2 * (codebook[nearest] - z) / len(z))
    return max(apart(found[3][0], 0.25 * 2 * (z - codebook[nearest]) / len(z)), apart(found[3][1], pull))


def _without_straight_through(z: Any, codebook: Any) -> Quantized:
    found = vector_quantize(z, codebook)
    return found._replace(codes=codebook[found.indices])


def _by_inner_product(z: Any, codebook: Any) -> Quantized:
    indices = jnp.argmax(z @ codebook.T, -1)
    return Quantized(codebook[indices], indices, jnp.sum(z) * 0)


def _leaky(z: Any, codebook: Any) -> Quantized:
    found = vector_quantize(z, codebook)
    square = jnp.mean(jnp.sum((z - codebook[found.indices]) ** 2, -1))
    return found._replace(loss=1.25 * square)


def _swapped(z: Any, codebook: Any) -> Quantized:
    found = vector_quantize(z, codebook, beta=4.0)
    return found._replace(loss=found.loss / 4)


VQ_VAE = Term(
    "vq-vae",
    vector_quantize,
    (
        Property(
            "Each vector becomes the row of the table that is nearest to it.",
            _nearest,
            1e-12,
            (Mistake("the row of the largest inner product", _by_inner_product),),
        ),
        Property(
            "The derivative of the code by the vector is the identity.",
            _straight_through,
            0.0,
            (Mistake("the row itself, which stops every gradient", _without_straight_through),),
        ),
        Property(
            "The loss pulls rows to their vectors, and vectors to their rows β times as much.",
            _loss_gradients,
            1e-12,
            (
                Mistake("both terms without a stopped gradient", _leaky),
                Mistake("β on the table's term", _swapped),
            ),
        ),
    ),
)
