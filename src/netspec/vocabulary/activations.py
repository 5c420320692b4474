"""Activation functions: what stands between two linear maps, so that they do not collapse into one."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def relu(x: jax.Array) -> jax.Array:
    """Keep what is positive and drop the rest: a nonlinearity whose slope does not vanish where it is active.

    Formula: relu(x) = max(x, 0)
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: one comparison an element.
    Training: as in evaluation.
    Caveats: where a unit's input is negative for all examples its slope is zero, and it stays so (a dead unit).
    Source: Nair and Hinton 2010, sec. 2; vocabulary line 2702.

    >>> relu(jax.numpy.array([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.0, 3.0]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.relu(x)


def leaky_relu(x: jax.Array, slope: float = 0.01) -> jax.Array:
    """Let a little of what is negative through, so that no unit is dead: its slope is small there and not zero.

    Formula: leaky_relu(x) = x if x ≥ 0 else s·x
    Shapes: x of any shape; the result has the same.
    Parameters: none; the slope s is chosen.
    Cost: one comparison and one product an element.
    Training: as in evaluation.
    Caveats: the slope differs between sources: 0.01 here and in the paper, 0.2 in DCGAN, pix2pix and our layers.
    Raises: VocabularyError for a negative slope.
    Source: Maas et al. 2013, sec. 2; vocabulary line 2709.

    >>> leaky_relu(jax.numpy.array([-2.0, 3.0]), slope=0.25).tolist()
    [-0.5, 3.0]
    """
    expect.axes(x=(x, "..."))
    expect.not_negative("slope", slope)
    return jax.nn.leaky_relu(x, slope)


def prelu(x: jax.Array, slope: jax.Array) -> jax.Array:
    """Learn how much of what is negative passes, for all channels together or for each of its own.

    Formula: prelu(x) = max(x, 0) + a·min(x, 0)
    Shapes: x (..., channels); slope (channels,) or (); the result as x.
    Parameters: the slopes a, channels or one; they start at 0.25.
    Cost: one comparison and one product an element.
    Training: as in evaluation; the gradient of a slope is the sum of min(x, 0) times what arrives.
    Caveats: weight decay would pull the slopes towards ReLU, so they are left out of it. flax's layer has one slope for
    all channels, which starts at 0.01.
    Source: He et al. 2015, arXiv:1502.01852, sec. 2.1; vocabulary line 2716.

    >>> prelu(jax.numpy.array([[-2.0, -2.0], [1.0, 3.0]]), jax.numpy.array([0.25, 0.5])).tolist()
    [[-0.5, -1.0], [1.0, 3.0]]
    """
    if jnp.ndim(slope) == 0:
        expect.axes(x=(x, "..."))
    else:
        expect.axes(x=(x, "... channels"), slope=(slope, "channels"))
    return jax.nn.leaky_relu(x, slope)


def elu(x: jax.Array, alpha: float = 1.0) -> jax.Array:
    """Saturate smoothly at -α, so that outputs have a mean nearer to zero than those of ReLU.

    Formula: elu(x) = x if x > 0 else α·(eˣ − 1)
    Shapes: x of any shape; the result has the same.
    Parameters: none; α is chosen.
    Cost: one exponential an element.
    Training: as in evaluation.
    Caveats: the slope is continuous at zero for α = 1 only.
    Raises: VocabularyError for an α that is not positive.
    Source: Clevert et al. 2016, arXiv:1511.07289, sec. 3; vocabulary line 2728.

    >>> elu(jax.numpy.array([-100.0, 0.0, 2.0]), alpha=0.5).tolist()
    [-0.5, 0.0, 2.0]
    """
    expect.axes(x=(x, "..."))
    expect.positive("alpha", alpha)
    return jax.nn.elu(x, alpha)


def selu(x: jax.Array) -> jax.Array:
    """Keep the mean and the variance of a deep dense network near 0 and 1 without any normalisation.

    Formula: selu(x) = λ·x if x > 0 else λ·α·(eˣ − 1), λ = 1.0507…, α = 1.6732…
    Shapes: x of any shape; the result has the same.
    Parameters: none; λ and α are those for which a standard normal input leaves with mean 0 and variance 1.
    Cost: one exponential an element.
    Training: as in evaluation; where units are dropped it has to be alpha dropout.
    Caveats: holds with LeCun normal weights and inputs that are standardised; shortcuts and convolutions with padding
    break it. It is λ times an ELU, and no ELU by itself has the property.
    Source: Klambauer et al. 2017, arXiv:1706.02515, eq. 2; vocabulary line 2739.

    >>> x = jax.random.normal(jax.random.key(0), (10_000,))
    >>> bool(abs(selu(x).mean()) < 0.05), bool(abs(selu(x).var() - 1) < 0.05)
    (True, True)
    """
    expect.axes(x=(x, "..."))
    return jax.nn.selu(x)


def lecun_normal(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draw weights so that a linear map keeps the variance of what it reads, which SELU networks need.

    Formula: w ~ N(0, 1/n), n = fan-in, cut at two standard deviations
    Shapes: shape (..., in, out) of a kernel, whose fan-in is the product of all but the last; the result has it.
    Parameters: what it draws.
    Cost: one normal number a weight.
    Training: once, before it.
    Caveats: He's has twice the variance and is made for ReLU, which halves it. Being cut, the distribution is drawn
    with a width that has the variance 1/n afterwards.
    Raises: VocabularyError for a shape of fewer than two axes, or with an empty one.
    Source: LeCun et al. 1998, "Efficient BackProp", sec. 4.6; Klambauer et al. 2017, arXiv:1706.02515, sec. 2;
    vocabulary line 2746.

    >>> kernel = lecun_normal(jax.random.key(0), (400, 100))
    >>> round(float(kernel.std() * 20), 1)
    1.0
    """
    if len(shape) < 2:
        raise VocabularyError(f"shape: arrived {tuple(shape)}, expected at least (in, out)")
    for size in shape:
        expect.whole("shape", size)
    return jax.nn.initializers.lecun_normal()(key, shape, jnp.result_type(float))


def gelu(x: jax.Array, approximate: bool = False) -> jax.Array:
    """Weigh an input by the chance that a standard normal number is below it: a ReLU whose corner is rounded off.

    Formula: gelu(x) = x·Φ(x) ≈ ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: one error function an element, or one hyperbolic tangent.
    Training: as in evaluation.
    Caveats: the two forms differ by up to 5e-4. PyTorch takes the exact one where nothing is said, JAX and flax the
    approximation, which GPT-2 and our layers have.
    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415, sec. 2; vocabulary line 2748.

    >>> [round(float(y), 4) for y in gelu(jax.numpy.array([-1.0, 1.0]))]
    [-0.1587, 0.8413]
    >>> [round(float(y), 4) for y in gelu(jax.numpy.array([-1.0, 1.0]), approximate=True)]
    [-0.1588, 0.8412]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.gelu(x, approximate=approximate)


def silu(x: jax.Array, beta: float = 1.0) -> jax.Array:
    """Gate an input by its own sigmoid: smooth, with a dip below zero, and linear far from it.

    Formula: silu(x) = x·σ(βx)
    Shapes: x of any shape; the result has the same.
    Parameters: none; β, 1 for SiLU, may be learned (Swish).
    Cost: one sigmoid and one product an element.
    Training: as in evaluation.
    Caveats: β = 0 gives x/2, and a large β ReLU.
    Source: Elfwing et al. 2017, arXiv:1702.03118, sec. 2; Ramachandran et al. 2017, arXiv:1710.05941, sec. 3;
    vocabulary line 2759.

    >>> [round(float(y), 4) for y in silu(jax.numpy.array([-1.0, 1.0]))]
    [-0.2689, 0.7311]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.silu(x) if isinstance(beta, float) and beta == 1.0 else x * jax.nn.sigmoid(beta * x)


def mish(x: jax.Array) -> jax.Array:
    """Gate an input by the hyperbolic tangent of its softplus: like SiLU, with a deeper dip.

    Formula: mish(x) = x·tanh(ln(1 + eˣ))
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: an exponential, a logarithm and a hyperbolic tangent an element.
    Training: as in evaluation.
    Caveats: with the logarithm written as printed, eˣ overflows in float32 from x = 89 on; the library's softplus does
    not.
    Source: Misra 2019, arXiv:1908.08681; vocabulary line 2771.

    >>> [round(float(y), 4) for y in mish(jax.numpy.array([-1.1924, 0.0, 100.0]))]
    [-0.3088, 0.0, 100.0]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.mish(x)


def softmax(logits: jax.Array, axis: int = -1, temperature: float = 1.0) -> jax.Array:
    """Turn scores into probabilities: positive, in the order of the scores, and one in sum.

    Formula: softmax(z)ᵢ = exp(zᵢ/T) / Σⱼ exp(zⱼ/T)
    Shapes: logits of any shape; the result has the same, and sums to 1 along axis.
    Parameters: none.
    Cost: one exponential an element and two passes along the axis.
    Training: as in evaluation.
    Caveats: T < 1 is sharper and T > 1 flatter. A number added to all scores changes nothing, so the largest is taken
    off before the exponential, and nothing overflows. The logarithm of the result underflows: use log_softmax.
    Raises: VocabularyError for a temperature that is not positive.
    Source: Bridle 1990; Hinton et al. 2015, arXiv:1503.02531, eq. 1, for the temperature; vocabulary line 2802.

    >>> softmax(jax.numpy.array([0.0, 0.0, 1000.0])).tolist()
    [0.0, 0.0, 1.0]
    >>> softmax(jax.numpy.array([[1.0, 2.0], [1.0, 2.0]]), axis=0).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    expect.axes(logits=(logits, "... classes"))
    expect.positive("temperature", temperature)
    return jax.nn.softmax(jnp.asarray(logits) / temperature, axis=axis)


def log_softmax(logits: jax.Array, axis: int = -1) -> jax.Array:
    """The logarithm of a softmax, without passing through probabilities that are too small to be written.

    Formula: log_softmax(z)ᵢ = zᵢ − ln Σⱼ exp(zⱼ)
    Shapes: logits of any shape; the result has the same.
    Parameters: none.
    Cost: one exponential an element, one logarithm a sum.
    Training: as in evaluation.
    Caveats: what a cross-entropy reads; the logarithm of a softmax is minus infinity as soon as a probability
    underflows.
    Source: Goodfellow et al. 2016, "Deep Learning", sec. 6.2.2.3; vocabulary line 2812.

    >>> log_softmax(jax.numpy.array([0.0, 1000.0])).tolist()
    [-1000.0, 0.0]
    >>> jax.numpy.log(softmax(jax.numpy.array([0.0, 1000.0]))).tolist()
    [-inf, 0.0]
    """
    expect.axes(logits=(logits, "... classes"))
    return jax.nn.log_softmax(logits, axis=axis)


def sigmoid(x: jax.Array) -> jax.Array:
    """Map any number to between 0 and 1: the probability of one of two classes, or how far a gate is open.

    Formula: σ(x) = 1 / (1 + e⁻ˣ)
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: one exponential an element.
    Training: as in evaluation.
    Caveats: the slope σ(1 − σ) is at most ¼ and vanishes far from zero.
    Source: Cox 1958, "The regression analysis of binary sequences"; vocabulary line 2814.

    >>> sigmoid(jax.numpy.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.sigmoid(x)


def tanh(x: jax.Array) -> jax.Array:
    """Map any number to between -1 and 1 around zero, as the states of recurrent networks are.

    Formula: tanh(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: one exponential an element.
    Training: as in evaluation.
    Caveats: the slope 1 − tanh² vanishes far from zero.
    Source: LeCun et al. 1998, "Efficient BackProp", sec. 4.4; vocabulary line 2821.

    >>> tanh(jax.numpy.array([-1000.0, 0.0, 1000.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.tanh(x)


def hard_swish(x: jax.Array) -> jax.Array:
    """SiLU with straight lines in its gate, for processors on which an exponential is expensive.

    Formula: hard_swish(x) = x·min(max(x + 3, 0), 6) / 6
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: two comparisons and two products an element.
    Training: as in evaluation.
    Caveats: zero below -3 and the identity above 3, with corners in its slope there.
    Source: Howard et al. 2019, arXiv:1905.02244, sec. 5.2; vocabulary line 2828.

    >>> hard_swish(jax.numpy.array([-1.5, 0.0, 1.5, 4.0])).tolist()
    [-0.375, 0.0, 1.125, 4.0]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.hard_swish(x)


def hard_sigmoid(x: jax.Array) -> jax.Array:
    """A sigmoid of three straight lines, exactly 0 and 1 beyond 3 either way.

    Formula: hard_sigmoid(x) = min(max(x + 3, 0), 6) / 6
    Shapes: x of any shape; the result has the same.
    Parameters: none.
    Cost: two comparisons and a product an element.
    Training: as in evaluation; beyond 3 there is no gradient.
    Caveats: older libraries have the slope 1/5 in place of 1/6.
    Source: Howard et al. 2019, arXiv:1905.02244, sec. 5.2; vocabulary line 2828.

    >>> hard_sigmoid(jax.numpy.array([-4.0, 0.0, 1.5, 4.0])).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    expect.axes(x=(x, "..."))
    return jax.nn.hard_sigmoid(x)
