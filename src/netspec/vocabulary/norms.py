"""Normalisation: what keeps the size of activations, or of weights, from drifting as a network learns."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def instance_norm(
    x: jax.Array, scale: jax.Array | None = None, shift: jax.Array | None = None, *, epsilon: float = 1e-5
) -> jax.Array:
    """Take brightness and contrast out of each channel of each picture, which is what style is to a first degree.

    Formula: y = γ·(x − μ_bc) / √(σ²_bc + ε) + β, μ and σ² over the positions of picture b and channel c
    Shapes: x (batch, ..., channels); scale and shift (channels,), or none; the result as x.
    Parameters: the scale γ and the shift β, 2·channels, where they are wanted.
    Cost: two passes over x, about 8 operations an element.
    Training: as in evaluation; there are no running statistics.
    Caveats: one position alone becomes β whatever it was. As a group norm, one with as many groups as channels.
    Raises: VocabularyError for shapes that do not fit and an ε that is not positive.
    Source: Ulyanov et al. 2016, arXiv:1607.08022, sec. 2; vocabulary line 2629.

    >>> x = jax.numpy.array([1.0, 3.0]).reshape(1, 2, 1)
    >>> bool(jax.numpy.allclose(instance_norm(x), instance_norm(7 * x + 5), atol=1e-4))
    True
    """
    _positions(x)
    channels = _channels(x, scale, shift, epsilon)
    norm = nnx.InstanceNorm(channels, epsilon=epsilon, use_scale=False, use_bias=False, rngs=nnx.Rngs(0))
    return _scaled(norm(x), scale, shift)


def group_norm(
    x: jax.Array, groups: int, scale: jax.Array | None = None, shift: jax.Array | None = None, *, epsilon: float = 1e-5
) -> jax.Array:
    """Normalise each example by itself, over channels in groups, so that small batches do as well as large ones.

    Formula: y = γ·(x − μ_bg) / √(σ²_bg + ε) + β, μ and σ² over the positions and the C/G channels of group g
    Shapes: x (batch, ..., channels); scale and shift (channels,), or none; the result as x.
    Parameters: the scale γ and the shift β, 2·channels; the number of groups G is chosen.
    Cost: two passes over x, about 8 operations an element.
    Training: as in evaluation; there are no running statistics.
    Caveats: groups are of neighbouring channels. One group is the layer norm of all positions and channels together,
    not the one of transformers, which takes each position by itself; as many groups as channels are an instance norm.
    Raises: VocabularyError for a number of groups that does not divide the channels, and an ε that is not positive.
    Source: Wu and He 2018, arXiv:1803.08494, sec. 3; vocabulary line 2641.

    >>> x = jax.numpy.array([[[1.0, 3.0, 10.0, 30.0]]])
    >>> [round(float(y), 2) for y in group_norm(x, groups=2)[0, 0]]
    [-1.0, 1.0, -1.0, 1.0]
    """
    expect.axes(x=(x, "... batch channels"))
    channels = _channels(x, scale, shift, epsilon)
    expect.divides("groups", expect.whole("groups", groups), "channels", channels)
    norm = nnx.GroupNorm(channels, groups, epsilon=epsilon, use_scale=False, use_bias=False, rngs=nnx.Rngs(0))
    return _scaled(norm(x), scale, shift)


def rms_norm(x: jax.Array, scale: jax.Array | None = None, *, epsilon: float = 1e-6) -> jax.Array:
    """Bring a vector to unit root mean square and leave its mean alone: what of a layer norm large models keep.

    Formula: y = γ·x / √(mean(x²) + ε)
    Shapes: x (..., channels); scale (channels,), or none; the result as x.
    Parameters: the scale γ, as many as channels; no shift.
    Cost: one pass for the squares and one for the product, about 4 operations an element.
    Training: as in evaluation.
    Caveats: ε stands inside the root. Outside of it, as the document prints, small inputs come out otherwise.
    Raises: VocabularyError for shapes that do not fit and an ε that is not positive.
    Source: Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4; vocabulary line 2655.

    >>> [round(float(y), 4) for y in rms_norm(jax.numpy.array([3.0, 4.0, 0.0, 0.0]))]
    [1.2, 1.6, 0.0, 0.0]
    """
    channels = _channels(x, scale, None, epsilon)
    norm = nnx.RMSNorm(channels, epsilon=epsilon, use_scale=False, rngs=nnx.Rngs(0))
    return _scaled(norm(x), scale, None)


def weight_norm(direction: jax.Array, gain: jax.Array) -> jax.Array:
    """Learn how long a unit's weight vector is apart from where it points, which conditions the gradient better.

    Formula: w_j = g_j·v_j / ‖v_j‖
    Shapes: direction (in, out); gain (out,), one for each unit; the kernel that results (in, out).
    Parameters: direction and gain, in·out + out.
    Cost: 3·in·out operations a step, whatever the batch.
    Training: as in evaluation, where the kernel can be computed once.
    Caveats: the gradient with respect to v is orthogonal to it, so v can only grow, which lowers its own rate. A v of
    zero has no direction. flax's wrapper writes the result over the weights it reads; here both stay arguments.
    Raises: VocabularyError for shapes that do not fit.
    Source: Salimans and Kingma 2016, arXiv:1602.07868, eq. 2 and 3; vocabulary line 2676.

    >>> weight_norm(jax.numpy.array([[3.0, 0.0], [4.0, 2.0]]), jax.numpy.array([10.0, 1.0])).tolist()
    [[6.0, 0.0], [8.0, 1.0]]
    """
    expect.axes(direction=(direction, "in out"), gain=(gain, "out"))
    return gain * (direction / jnp.linalg.norm(direction, axis=0))


def spectral_norm(kernel: jax.Array, start: jax.Array, steps: int = 1) -> tuple[jax.Array, jax.Array]:
    """Divide a matrix by its largest singular value, so that the map stretches no vector: GAN critics need that.

    Formula: W / σ(W), σ = vᵀWu by power iteration: v = Wu / ‖Wu‖, u = Wᵀv / ‖Wᵀv‖
    Shapes: kernel (in, out); start (out,), the vector u so far; results are the kernel (in, out) and the new u (out,).
    Parameters: the kernel; u is kept from one call to the next and not learned.
    Cost: 4·in·out operations a step of the iteration.
    Training: one step a call is enough while the kernel changes slowly; in evaluation u is only read.
    Caveats: too few steps leave σ too small, and the map stretches by more than one. u and v count as constants in
    the gradient. A convolution's kernel as a matrix bounds the norm of the convolution and is not it. flax's wrapper
    writes the result over the weights it reads; here both stay arguments.
    Raises: VocabularyError for shapes that do not fit and fewer than one step.
    Source: Miyato et al. 2018, arXiv:1802.05957, sec. 2.1 to 2.3 and alg. 1; vocabulary line 2687.

    >>> kernel, u = spectral_norm(jax.numpy.array([[3.0, 0.0], [0.0, 1.0]]), jax.numpy.array([1.0, 1.0]), steps=20)
    >>> [[round(float(one), 4) for one in row] for row in kernel]
    [[1.0, 0.0], [0.0, 0.3333]]
    """
    expect.axes(kernel=(kernel, "in out"), start=(start, "out"))
    u, constant = jnp.asarray(start), jax.lax.stop_gradient(kernel)
    for _ in range(expect.whole("steps", steps)):
        v = _unit(constant @ u)
        u = _unit(v @ constant)
    return kernel / (v @ kernel @ u), u


def adaptive_instance_norm(x: jax.Array, scale: jax.Array, shift: jax.Array, *, epsilon: float = 1e-5) -> jax.Array:
    """Give each channel of a picture the mean and the spread that a style asks for.

    Formula: y = s_bc·(x − μ_bc) / √(σ²_bc + ε) + t_bc
    Shapes: x (batch, ..., channels); scale and shift (batch, channels), from a style; the result as x.
    Parameters: none here; in StyleGAN a linear map of the style makes scale and shift, 2·channels of them.
    Cost: an instance norm and 2 operations an element.
    Training: as in evaluation.
    Caveats: with the mean and spread of another picture it is style transfer as Huang and Belongie have it. StyleGAN 2
    left it for a modulation of weights, since it leaves droplets in the pictures.
    Raises: VocabularyError for shapes that do not fit and an ε that is not positive.
    Source: Huang and Belongie 2017, arXiv:1703.06868, eq. 8; Karras et al. 2019, arXiv:1812.04948, eq. 1; vocabulary
    line 4284.

    >>> x = jax.numpy.array([1.0, 3.0]).reshape(1, 2, 1)
    >>> y = adaptive_instance_norm(x, scale=jax.numpy.array([[10.0]]), shift=jax.numpy.array([[100.0]]))
    >>> [round(float(one)) for one in y.ravel()]
    [90, 110]
    """
    sizes = expect.axes(scale=(scale, "batch channels"), shift=(shift, "batch channels"))
    expect.axes(sizes, x=(x, "... channels"))
    _positions(x, sizes["batch"])
    each = (sizes["batch"], *[1] * (jnp.ndim(x) - 2), sizes["channels"])
    return jnp.reshape(scale, each) * instance_norm(x, epsilon=epsilon) + jnp.reshape(shift, each)


def _channels(x: jax.Array, scale: jax.Array | None, shift: jax.Array | None, epsilon: float) -> int:
    """How many channels there are, once all shapes are found to fit."""
    given = {name: (one, "channels") for name, one in (("scale", scale), ("shift", shift)) if one is not None}
    sizes = expect.axes(x=(x, "... channels"), **given)
    expect.positive("epsilon", epsilon)
    return sizes["channels"]


def _positions(x: jax.Array, batch: int | str = "batch") -> None:
    """Raise :class:`VocabularyError` unless there are a batch, of that size where it is known, positions, channels."""
    shape = jnp.shape(x)
    if len(shape) < 3 or batch not in ("batch", shape[0]):
        raise VocabularyError(f"x: arrived with shape {shape}, expected ({batch}, positions, channels)")


def _scaled(x: jax.Array, scale: jax.Array | None, shift: jax.Array | None) -> jax.Array:
    x = x if scale is None else x * scale
    return x if shift is None else x + shift


def _unit(vector: jax.Array) -> jax.Array:
    return vector / jnp.maximum(jnp.linalg.norm(vector), 1e-12)
