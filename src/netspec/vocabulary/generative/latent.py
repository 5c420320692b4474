"""Latent variables: the bound that trains a variational autoencoder, and codes out of a table."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def vae_bound(
    log_likelihood: jax.Array, mean: jax.Array, log_variance: jax.Array, beta: float | jax.Array = 1.0
) -> jax.Array:
    """Bound the likelihood of an example from below where its integral over the latent cannot be done.

    An encoder proposes q(z|x) = N(μ, σ²) and a decoder says how likely x is given z. The bound is what both are trained
    to raise: how well the decoder explains x, less what it costs to say which z. It is the log-likelihood itself where
    q is the true posterior.

    Formula: ELBO = E_q log p(x|z) − β KL(q‖p); KL = −½ Σ (1 + log σ² − μ² − σ²)
    Shapes: log_likelihood (samples, batch) of z drawn from q; mean and log_variance (batch, latent); result (batch,).
    Parameters: none of its own; beta 1 is the bound, more than 1 a β-VAE.
    Cost: a few operations a latent number, besides the networks.
    Training: maximised, with z = μ + σ ε, so that gradients reach μ and σ. In evaluation more samples bring the first
        term nearer to its mean.
    Caveats: log_variance is log σ², not log σ. A strong decoder may ignore z, and KL then falls to 0.
    Raises: VocabularyError for shapes that do not fit and a negative beta.
    Source: Kingma and Welling 2014 [arXiv:1312.6114], eq. 3 and app. B; vocabulary line 4253.

    >>> certain = jax.numpy.zeros((1, 2))  # log p(x|z) of one sample and two examples
    >>> mean = jax.numpy.array([[0.0, 0.0], [1.0, 2.0]])
    >>> vae_bound(certain, mean, jax.numpy.zeros((2, 2))).tolist()  # −½ |μ|², for σ = 1
    [0.0, -2.5]
    """
    sizes = expect.axes(log_likelihood=(log_likelihood, "samples batch"), mean=(mean, "batch latent"))
    expect.axes(sizes, log_variance=(log_variance, "batch latent"))
    expect.not_negative("beta", beta)
    divergence = -0.5 * jnp.sum(1 + log_variance - jnp.square(mean) - jnp.exp(log_variance), -1)
    return jnp.mean(log_likelihood, 0) - beta * divergence


class Quantized(NamedTuple):
    """Codes ``(…, features)`` that pass their gradient on, their ``indices (…)``, and the loss of the table."""

    codes: jax.Array
    indices: jax.Array
    loss: jax.Array


def vector_quantize(z: jax.Array, codebook: jax.Array, beta: float = 0.25) -> Quantized:
    """Replace each vector by the nearest row of a table, so that an image or sound becomes a string of symbols.

    Choosing has no derivative, so the gradient of the code is handed to the encoder as if nothing had been chosen. Two
    further terms move the table towards the encoder's outputs, and those towards the table.

    Formula: z_q = e_k, k = argmin_j ‖z − e_j‖; loss = ‖sg(z) − e_k‖² + β ‖z − sg(e_k)‖²; ∂z_q/∂z = 1
    Shapes: z (..., features); codebook (codes, features); codes as z, indices (...), loss a number: the mean over z.
    Parameters: codes · features.
    Cost: codes · features multiply-adds a vector.
    Training: codes are z + sg(e_k − z); the loss is added to that of the reconstruction. Evaluation takes the codes.
    Caveats: rows that are never nearest get no gradient and die; averages or restarts keep them in use.
    Raises: VocabularyError for shapes that do not fit and a negative beta.
    Source: van den Oord et al. 2017 [arXiv:1711.00937], eqs. 1 to 3; vocabulary line 4319.

    >>> table = jax.numpy.array([[0.0, 0.0], [1.0, 1.0]])
    >>> codes, indices, loss = vector_quantize(jax.numpy.array([[0.9, 0.9], [0.0, 0.5]]), table)
    >>> indices.tolist(), round(float(loss), 5)
    ([1, 0], 0.16875)
    """
    expect.axes(z=(z, "... features"), codebook=(codebook, "codes features"))
    expect.not_negative("beta", beta)
    distances = jnp.sum(jnp.square(z[..., None, :] - codebook), -1)
    indices = jnp.argmin(distances, -1)
    nearest = codebook[indices]

    def squared(one: jax.Array, other: jax.Array) -> jax.Array:
        return jnp.mean(jnp.sum(jnp.square(one - other), -1))

    loss = squared(jax.lax.stop_gradient(z), nearest) + beta * squared(z, jax.lax.stop_gradient(nearest))
    return Quantized(z + jax.lax.stop_gradient(nearest - z), indices, loss)
