"""Flows: maps with an inverse and a known change of volume, so that a likelihood is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

#: A map of a batch, and what comes out with the log of how it changes volume, ``(batch,)``.
Flow = Callable[[jax.Array], tuple[jax.Array, jax.Array]]


def flow_log_density(x: jax.Array, flows: Sequence[Flow]) -> jax.Array:
    """Give the exact density of data by bending them into a normal distribution.

    Each map has an inverse, and says by how much it stretches space at x. The density is that of the normal where x
    lands, times all stretching on the way. Drawing goes through the inverses, backwards.

    Formula: log p(x) = log N(z; 0, I) + log|det ∂z/∂x|, z = f_K(… f_1(x)), where log-determinants of the maps add up
    Shapes: x (batch, ...); each flow maps (batch, ...) to as many numbers and a log-determinant (batch,); result
        (batch,), in nats.
    Parameters: those of the flows.
    Cost: that of the flows; a general determinant would cost the cube of the features.
    Training: the mean of the result is maximised; evaluation is the same.
    Caveats: all layers are as wide as the data. A density over pixels needs noise added to their whole values, or it
        grows without bound.
    Raises: VocabularyError for an empty x and for log-determinants that are not one an example.
    Source: Rezende and Mohamed 2015 [arXiv:1505.05770]; Dinh et al. 2017 [arXiv:1605.08803], eq. 2;
        vocabulary line 4310.

    >>> halve = lambda x: (x / 2, jax.numpy.full(len(x), -jax.numpy.log(2.0)))
    >>> round(float(flow_log_density(jax.numpy.zeros((1, 1)), [halve])[0]), 4)  # N(0; 0, 2²)
    -1.6121
    """
    batch = expect.axes(x=(x, "..."))
    batch["batch"] = jnp.shape(x)[0]
    total = jnp.zeros(jnp.shape(x)[0])
    for flow in flows:
        x, log_det = flow(x)
        expect.axes(batch, log_det=(log_det, "batch"))
        total = total + log_det
    return total + jnp.sum(jax.scipy.stats.norm.logpdf(x).reshape(len(x), -1), -1)


def affine_coupling(
    x: jax.Array, network: Callable[[jax.Array], tuple[jax.Array, jax.Array]], inverse: bool = False
) -> tuple[jax.Array, jax.Array]:
    """Bend half of the features by any network of the other half, and be able to undo it exactly.

    The first half is left alone, so whoever sees the result can compute the same scales and shifts and take them back;
    the network itself needs no inverse. The Jacobian is triangular and its determinant the product of the scales.

    Formula: y_1 = x_1, y_2 = x_2 e^{s(x_1)} + t(x_1); log|det ∂y/∂x| = Σ s(x_1)
    Shapes: x (batch, ..., features); network maps (batch, ..., features // 2) to s and t of the other half's shape;
        result as x, and (batch,).
    Parameters: those of the network.
    Cost: one call of the network and two operations an element, the same for the inverse.
    Training: as in evaluation. Halves change roles from layer to layer, or half the features would never change.
    Caveats: e^s can grow without bound, so s often goes through tanh first.
    Raises: VocabularyError for fewer than two features and for scales or shifts of another shape.
    Source: Dinh et al. 2017 [arXiv:1605.08803], eqs. 4 to 8; vocabulary line 4315.

    >>> x = jax.numpy.array([[1.0, 2.0, 3.0, 4.0]])
    >>> y, log_det = affine_coupling(x, lambda half: (0 * half + jax.numpy.log(2.0), half))
    >>> y.tolist(), round(float(log_det[0]), 4)
    ([[1.0, 2.0, 7.0, 10.0]], 1.3863)
    """
    expect.axes(x=(x, "... features"))
    features = jnp.shape(x)[-1]
    if jnp.ndim(x) < 2 or features < 2:
        raise VocabularyError(f"x: arrived with shape {jnp.shape(x)}, expected a batch of two features or more")
    kept, moved = jnp.split(x, [features // 2], axis=-1)
    log_scale, shift = network(kept)
    for name, found in (("s", log_scale), ("t", shift)):
        if jnp.shape(found) != moved.shape:
            raise VocabularyError(f"{name}: arrived with shape {jnp.shape(found)}, expected {moved.shape}")
    moved = (moved - shift) * jnp.exp(-log_scale) if inverse else moved * jnp.exp(log_scale) + shift
    log_det = jnp.sum(log_scale.reshape(len(x), -1), -1)
    return jnp.concatenate([kept, moved], -1), -log_det if inverse else log_det


def glow_step(
    x: jax.Array,
    scale: jax.Array,
    shift: jax.Array,
    weight: jax.Array,
    network: Callable[[jax.Array], tuple[jax.Array, jax.Array]],
    inverse: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """One step of Glow: channels are normalised, mixed by a matrix, and coupled.

    A coupling leaves half of the channels alone, and which half should change. Swapping is one choice; an invertible
    matrix, learned, is every choice at once. It acts on each pixel alike, so its volume counts once a pixel.

    Formula: u = s ⊙ x + b; v = u W; y = coupling(v); log|det ∂y/∂x| = H W (Σ log|s| + log|det W|) + Σ log-scales
    Shapes: x (batch, height, width, channels); scale and shift (channels,); weight (channels, channels); network as
        for :func:`affine_coupling`; result as x, and (batch,).
    Parameters: 2 channels + channels² and those of the network.
    Cost: channels² multiply-adds a pixel, channels³ for the determinant, and the network.
    Training: scale and shift start so that the first batch leaves with mean 0 and variance 1 (actnorm), weight as a
        rotation; then all are learned. The inverse draws.
    Caveats: near-singular weights lose digits on the way back; an LU form keeps the determinant cheap.
    Raises: VocabularyError for shapes that do not fit and a scale of 0.
    Source: Kingma and Dhariwal 2018 [arXiv:1807.03039], table 1; vocabulary line 4315.

    >>> x, one = jax.numpy.ones((1, 2, 3, 2)), jax.numpy.ones(2)
    >>> none = lambda half: (0 * half, 0 * half)
    >>> y, log_det = glow_step(x, one, 0 * one, jax.numpy.array([[0.0, 1.0], [2.0, 0.0]]), none)
    >>> y[0, 0, 0].tolist(), round(float(log_det[0]), 4)  # six pixels, log 2 each
    ([2.0, 1.0], 4.1589)
    """
    sizes = expect.axes(x=(x, "batch height width channels"), scale=(scale, "channels"), shift=(shift, "channels"))
    expect.axes(sizes, weight=(weight, "channels channels"))
    expect.positive("absolute values of scale", jnp.abs(scale))
    pixels = sizes["height"] * sizes["width"]
    log_det = pixels * (jnp.sum(jnp.log(jnp.abs(scale))) + jnp.linalg.slogdet(weight)[1])
    if inverse:
        mixed, coupled = affine_coupling(x, network, inverse=True)
        return (mixed @ jnp.linalg.inv(weight) - shift) / scale, coupled - log_det
    y, coupled = affine_coupling((scale * x + shift) @ weight, network)
    return y, coupled + log_det
