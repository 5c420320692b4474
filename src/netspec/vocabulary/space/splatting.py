"""Scenes of soft ellipsoids, drawn front to back."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def composite(colors: jax.Array, alphas: jax.Array) -> jax.Array:
    """What is seen through layers ``(..., layers, channels)`` of opacities ``(..., layers)``, the nearest first.

    It is the sum of the colours, each by its opacity and by what the layers before it let through.
    """
    expect.axes(alphas=(alphas, "... layers"), colors=(colors, "... layers channels"))
    through = jnp.cumprod(1 - alphas, -1)
    weights = alphas * jnp.concatenate([jnp.ones_like(through[..., :1]), through[..., :-1]], -1)
    return jnp.sum(weights[..., None] * colors, -2)


def splat(
    pixels: jax.Array,
    means: jax.Array,
    covariances: jax.Array,
    opacities: jax.Array,
    colors: jax.Array,
    depths: jax.Array,
) -> jax.Array:
    """Draw a scene that is a set of soft ellipsoids, fast, and with gradients to all that they are.

    Each Gaussian covers an ellipse of the picture, dense in the middle. A pixel goes through those that cover it from
    front to back, and takes of each what it hides and what those before let through. That is the rule of volume
    rendering, with a few ellipsoids in place of many samples on a ray.

    Formula: C = Σ_i c_i α_i Π_{j<i} (1 − α_j), α_i = o_i exp(−½ (p − m_i)ᵀ S_i⁻¹ (p − m_i)), S = J W Σ Wᵀ Jᵀ
    Shapes: pixels (pixels, 2); means (splats, 2) and covariances (splats, 2, 2) in the picture, such as
        :func:`project_gaussian` gives; opacities and depths (splats,); colors (splats, channels); result (pixels,
        channels), on black.
    Parameters: a Gaussian in space has 3 for its place, 3 sizes, 4 for its rotation, an opacity and its colours.
    Cost: pixels · splats; real renderers sort into tiles and stop where nothing more comes through.
    Training: as in evaluation, on photographs from known places; Gaussians are split and removed on the way.
    Caveats: sorted once for the whole picture by the depth of their centres, so where they intersect is not exact.
        A transformer that adds meaning to the Gaussians, as the document proposes, is a combination without a paper.
    Raises: VocabularyError for shapes that do not fit and opacities outside 0 to 1.
    Source: Kerbl et al. 2023 [arXiv:2308.04079], eqs. 2 to 5; vocabulary line 4780.

    >>> pixel, mean, cover = jax.numpy.zeros((1, 2)), jax.numpy.zeros((2, 2)), jax.numpy.stack([jax.numpy.eye(2)] * 2)
    >>> half, black_white = jax.numpy.array([0.5, 0.5]), jax.numpy.array([[1.0], [0.0]])
    >>> splat(pixel, mean, cover, half, black_white, depths=jax.numpy.array([2.0, 1.0])).tolist()  # black in front
    [[0.25]]
    """
    sizes = expect.axes(pixels=(pixels, "pixels 2"), means=(means, "splats 2"), colors=(colors, "splats channels"))
    expect.axes(sizes, opacities=(opacities, "splats"), depths=(depths, "splats"))
    expect.axes(sizes, covariances=(covariances, "splats 2 2"))
    expect.probability("opacities", opacities)
    order = jnp.argsort(depths)
    away = pixels[:, None] - means[order]
    precisions = jnp.linalg.inv(covariances)[order]
    square = jnp.einsum("psi,sij,psj->ps", away, precisions, away)
    return composite(
        jnp.broadcast_to(colors[order], (len(pixels), *colors.shape)), opacities[order] * jnp.exp(-square / 2)
    )


def project_gaussian(
    mean: jax.Array, covariance: jax.Array, rotation: jax.Array, translation: jax.Array, focal: float
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mean ``(2,)``, covariance ``(2, 2)`` and depth in the picture of a Gaussian in space, ``(3,)`` and ``(3, 3)``.

    The camera looks along z from ``rotation @ point + translation``; a pinhole's map is taken as linear around the
    mean. Source: Zwicker et al. 2001 (EWA splatting); Kerbl et al. 2023 [arXiv:2308.04079], eq. 5.
    """
    expect.axes(
        mean=(mean, "3"), covariance=(covariance, "3 3"), rotation=(rotation, "3 3"), translation=(translation, "3")
    )
    x, y, z = rotation @ mean + translation
    expect.positive("depth", z)
    slopes = focal * jnp.array([[1 / z, 0, -x / z**2], [0, 1 / z, -y / z**2]]) @ rotation
    return focal * jnp.array([x, y]) / z, slopes @ covariance @ slopes.T, z
