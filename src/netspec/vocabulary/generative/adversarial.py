"""Two networks against each other: the best judge, the penalty that keeps a critic smooth, and styles."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def optimal_discriminator(data: jax.Array, generated: jax.Array) -> jax.Array:
    """The best that a judge can do against a generator: the game of a GAN, solved for one side.

    A generator makes examples, a discriminator says how likely each is real; each is trained against the other. For
    densities p of the data and q of what is generated the best discriminator is known, and the value it reaches says
    how far apart they are: twice the Jensen-Shannon divergence less log 4, least where q = p.

    Formula: min_G max_D E_p log D(x) + E_q log(1 − D(x)); D*(x) = p(x) / (p(x) + q(x))
    Shapes: data and generated, the densities at the same points, of any one shape; the result has it too.
    Parameters: none; the two networks have theirs.
    Cost: one addition and one division a point.
    Training: discriminator and generator take turns; evaluation needs the generator only.
    Caveats: where p and q do not overlap, D* is 0 or 1, and the generator learns nothing from log(1 − D); so it is
        trained to raise log D instead.
    Raises: VocabularyError for shapes that differ, a negative density, and a point where both are 0.
    Source: Goodfellow et al. 2014 [arXiv:1406.2661], eq. 1 and prop. 1; vocabulary line 4263.

    >>> optimal_discriminator(jax.numpy.array([0.2, 0.6]), jax.numpy.array([0.2, 0.2])).tolist()
    [0.5, 0.75]
    """
    expect.axes(data=(data, "..."), generated=(generated, "..."))
    if jnp.shape(data) != jnp.shape(generated):
        raise VocabularyError(
            f"generated: arrived with shape {jnp.shape(generated)}, expected that of data {jnp.shape(data)}"
        )
    expect.not_negative("data", data)
    expect.not_negative("generated", generated)
    expect.positive("data + generated", data + generated)
    return data / (data + generated)


def gradient_penalty(
    critic: Callable[[jax.Array], jax.Array], real: jax.Array, generated: jax.Array, mix: jax.Array, weight: float = 10
) -> jax.Array:
    """Keep a critic's slope near 1, which is what makes its scores measure a distance.

    The Wasserstein distance between data and samples is the largest difference of means that a function of slope at
    most 1 can make. Clipping weights holds the slope down crudely; this asks for slope 1 on lines between real and
    generated examples.

    Formula: λ E (‖∇f(x̂)‖ − 1)², x̂ = ε x + (1 − ε) x̃, of max_f E f(x) − E f(x̃) with f 1-Lipschitz
    Shapes: critic maps (batch, ...) to (batch,); real and generated (batch, ...); mix (batch,) holds the ε.
    Parameters: none.
    Cost: one gradient of the critic, and in training its gradient again.
    Training: added to the critic's loss E f(x̃) − E f(x), mix drawn uniformly from 0 to 1 at each step, several steps of
        the critic for one of the generator; no part of evaluation.
    Caveats: examples must not influence each other in the critic, so it has no batch normalisation. The norm has no
        derivative where the gradient is 0.
    Raises: VocabularyError for shapes that differ, a mix outside 0 to 1 and a negative weight.
    Source: Gulrajani et al. 2017 [arXiv:1704.00028], eq. 3; Arjovsky et al. 2017 [arXiv:1701.07875];
        vocabulary line 4273.

    >>> x = jax.numpy.ones((2, 2))
    >>> slope_three = lambda x: 3 * x[:, 0]
    >>> float(gradient_penalty(slope_three, x, 0 * x, jax.numpy.array([0.2, 0.7])))  # 10 (3 − 1)²
    40.0
    """
    sizes = expect.axes(mix=(mix, "batch"))
    if jnp.shape(real) != jnp.shape(generated) or jnp.shape(real)[:1] != (sizes["batch"],):
        raise VocabularyError(
            f"generated: arrived with shape {jnp.shape(generated)}, expected that of real {jnp.shape(real)} with a "
            f"batch of {sizes['batch']}"
        )
    expect.probability("mix", mix)
    expect.not_negative("weight", weight)
    share = jnp.reshape(mix, (-1, *(1,) * (jnp.ndim(real) - 1)))
    slopes = jax.grad(lambda x: jnp.sum(critic(x)))(share * real + (1 - share) * generated)
    norms = jnp.sqrt(jnp.sum(jnp.square(slopes), axis=tuple(range(1, slopes.ndim))))
    return weight * jnp.mean(jnp.square(norms - 1))


def style_layer(
    x: jax.Array,
    w: jax.Array,
    affine: jax.Array,
    bias: jax.Array,
    noise: jax.Array,
    strength: jax.Array,
    epsilon: float = 1e-8,
) -> jax.Array:
    """Let a latent decide the style of one resolution of an image, and chance its small detail.

    StyleGAN's generator starts from a constant. After each convolution noise is added, and every channel gets the mean
    and the spread that a vector w asks for, so a coarse layer's w sets the pose and a fine one's the colours.

    Formula: (y_s, y_b) = w A + b; x' = y_s (u − μ(u)) / σ(u) + y_b, u = x + B n, with μ, σ over each channel's pixels
    Shapes: x (batch, height, width, channels); w (batch, latent); affine (latent, styles) and bias (styles,) with
        styles = 2 channels; noise (batch, height, width); strength (channels,); the result as x.
    Parameters: 2 channels (latent + 1) + channels.
    Cost: a few operations a pixel, and 2 latent channels multiply-adds an image.
    Training: w = f(z) by a network of eight layers, noise drawn anew; in evaluation w is often drawn towards its mean.
    Caveats: σ² has epsilon added, so a constant channel becomes y_b. The droplet-like marks that the normalisation
        leaves made StyleGAN2 scale the weights instead.
    Raises: VocabularyError for shapes that do not fit and an epsilon not above 0.
    Source: Karras et al. 2019 [arXiv:1812.04948], eq. 1 and fig. 1; vocabulary line 4282.

    >>> x = jax.numpy.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 2, 2, 1)
    >>> y = style_layer(x, jax.numpy.ones((1, 1)), jax.numpy.array([[2.0, 5.0]]), jax.numpy.zeros(2),
    ...                 jax.numpy.zeros((1, 2, 2)), jax.numpy.zeros(1))
    >>> round(float(y.mean()), 4), round(float(y.std()), 4)  # w asks for a spread of 2 around 5
    (5.0, 2.0)
    """
    sizes = expect.axes(x=(x, "batch height width channels"), w=(w, "batch latent"))
    sizes["styles"] = 2 * sizes["channels"]
    expect.axes(sizes, affine=(affine, "latent styles"), bias=(bias, "styles"))
    expect.axes(sizes, noise=(noise, "batch height width"), strength=(strength, "channels"))
    expect.positive("epsilon", epsilon)
    scale, shift = jnp.split((w @ affine + bias)[:, None, None], 2, axis=-1)
    return scale * jax.nn.standardize(x + strength * noise[..., None], axis=(1, 2), epsilon=epsilon) + shift
