"""Losses on numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary import expect


def mse(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Predict numbers whose errors are many and small: the best constant prediction is the mean.

    Formula: L = 1/N Σ (y − t)²
    Shapes: predictions y and targets t of the same shape, N numbers in all; the loss is one number, in their unit
        squared.
    Parameters: none.
    Cost: one multiplication an element.
    Training: the gradient is 2 (y − t) / N.
    Caveats: one wild target moves the mean, and so the fit, as far as it likes. `optax.l2_loss` is half of it.
    Raises: VocabularyError where shapes disagree or nothing arrived.
    Source: Gauss 1809; vocabulary line 3693.

    >>> mse(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])).item()
    4.5
    """
    _same(predictions, targets)
    return optax.losses.squared_error(predictions, targets).mean()


def mae(predictions: jax.Array, targets: jax.Array) -> jax.Array:
    """Predict numbers some of which are far off: the best constant is the median, which outliers leave.

    Formula: L = 1/N Σ |y − t|
    Shapes: predictions y and targets t of the same shape, N numbers in all; the loss is one number, in their unit.
    Parameters: none.
    Cost: one subtraction an element.
    Training: the gradient is sign(y − t) / N, of the same size however close the prediction is.
    Caveats: so with a constant rate it does not settle, and at y = t it has no derivative (JAX takes 0).
    Raises: VocabularyError where shapes disagree or nothing arrived.
    Source: Laplace 1774; vocabulary line 3700.

    >>> mae(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])).item()
    1.5
    """
    _same(predictions, targets)
    return jnp.abs(predictions - targets).mean()


def huber(predictions: jax.Array, targets: jax.Array, delta: float = 1.0) -> jax.Array:
    """Have the smooth minimum of squares for small errors and the calm of absolute values for large ones.

    Formula: L = e²/2 where |e| ≤ δ, else δ (|e| − δ/2), e = y − t
    Shapes: predictions y and targets t of the same shape, which the losses have as well.
    Parameters: none; δ in the unit of the targets is where errors begin to count as large.
    Cost: a comparison and a multiplication an element.
    Training: the mean is taken; the derivative is e, cut off at ±δ.
    Caveats: it is not PyTorch's SmoothL1Loss, which is this divided by δ; they are equal for δ = 1 only.
    Raises: VocabularyError where shapes disagree or δ is not above zero.
    Source: Huber 1964, sec. 1; vocabulary line 3707.

    >>> huber(jnp.array([0.5, 3.0]), jnp.zeros(2), delta=2.0).tolist()
    [0.125, 4.0]
    """
    _same(predictions, targets)
    expect.positive("delta", delta)
    return optax.losses.huber_loss(predictions, targets, delta=delta)


def smooth_l1(predictions: jax.Array, targets: jax.Array, beta: float = 1.0) -> jax.Array:
    """Absolute errors with their kink at zero rounded off: what box regression began to use.

    Formula: L = e²/(2β) where |e| < β, else |e| − β/2, e = y − t
    Shapes: predictions y and targets t of the same shape, which the losses have as well.
    Parameters: none; β in the unit of the targets is where the rounding ends.
    Cost: as Huber's loss and a division.
    Training: the derivative is e/β, cut off at ±1: the steps of large errors do not depend on β.
    Caveats: it is Huber's loss divided by β. β → 0 gives the absolute error.
    Raises: VocabularyError where shapes disagree or β is not above zero.
    Source: Girshick 2015 (arXiv:1504.08083), eq. 3; vocabulary line 3710.

    >>> smooth_l1(jnp.array([0.5, 3.0]), jnp.zeros(2), beta=2.0).tolist()
    [0.0625, 2.0]
    """
    _same(predictions, targets)
    expect.positive("beta", beta)
    return optax.losses.huber_loss(predictions, targets, delta=beta) / beta


def _same(predictions: jax.Array, targets: jax.Array) -> None:
    expect.axes(predictions=(predictions, "..."))
    expect.axes(targets=(targets, " ".join(map(str, jnp.shape(predictions))) or "..."))
