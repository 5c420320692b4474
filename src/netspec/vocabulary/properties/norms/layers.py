"""What must hold of the norms that our networks are built with: batch norm and layer norm."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.modules.cpu.channel_sums import BatchNorm, LayerNorm
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: Large enough to be seen wherever it stands.
EPSILON, MOMENTUM = 1e-2, 0.9
CHANNELS = 4


def _pictures(case: Case, seed: int = 0) -> np.ndarray:
    """Channels of different means and spreads."""
    x = case.normal(3, 2, 2, CHANNELS, seed=seed)
    return (1 + np.arange(CHANNELS)) * x + np.arange(CHANNELS) - 1


def _batch_norm(batch_norm: Implementation, case: Case) -> Any:
    """A layer in float64 with a scale and a shift, as it is in training."""
    layer = batch_norm(CHANNELS, momentum=MOMENTUM, epsilon=EPSILON, rngs=nnx.Rngs(0))
    scale, shift = case.normal(2, CHANNELS, seed=1)
    for name, value in {"scale": scale, "bias": shift, "mean": 0 * scale, "var": 0 * scale + 1}.items():
        setattr(layer, name, type(getattr(layer, name))(jnp.asarray(value)))
    return layer


def _normalised(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return (x - mean) / np.sqrt(variance + EPSILON)


def _in_training(batch_norm: Implementation, case: Case) -> float:
    layer, x = _batch_norm(batch_norm, case), _pictures(case)
    scale, shift = case.normal(2, CHANNELS, seed=1)
    rows = x.reshape(-1, CHANNELS)
    return apart(layer(jnp.asarray(x)), scale * _normalised(x, rows.mean(0), rows.var(0)) + shift)


def _running(batch_norm: Implementation, case: Case) -> float:
    """After n batches of mean m a running mean that began at 0 is m (1 − 0.9ⁿ)."""
    layer, x = _batch_norm(batch_norm, case), _pictures(case)
    rows = x.reshape(-1, CHANNELS)
    for _ in range(3):
        layer(jnp.asarray(x))
    kept = MOMENTUM**3
    mean, variance = layer.mean[...], layer.var[...]
    return max(apart(mean, (1 - kept) * rows.mean(0)), apart(variance, kept + (1 - kept) * rows.var(0)))


def _in_evaluation(batch_norm: Implementation, case: Case) -> float:
    layer, x = _batch_norm(batch_norm, case), _pictures(case)
    layer(jnp.asarray(x))
    mean, variance = np.asarray(layer.mean[...]), np.asarray(layer.var[...])
    layer.eval()
    scale, shift = case.normal(2, CHANNELS, seed=1)
    other = _pictures(case, seed=2)
    return apart(layer(jnp.asarray(other)), scale * _normalised(other, mean, variance) + shift)


def _layer_norm(layer_norm: Implementation, epsilon: float, scale: np.ndarray, shift: np.ndarray) -> Any:
    layer = layer_norm(len(scale), epsilon=epsilon, rngs=nnx.Rngs(0))
    layer.scale, layer.bias = nnx.Param(jnp.asarray(scale)), nnx.Param(jnp.asarray(shift))
    return layer


def _per_token(layer_norm: Implementation, case: Case) -> float:
    channels = case.channels if case.channels == 1 else CHANNELS  # a second shape is a second program to compile
    x, (scale, shift) = case.normal(5, 2, channels), case.normal(2, channels, seed=1)
    expected = scale * _normalised(x, x.mean(-1, keepdims=True), x.var(-1, keepdims=True)) + shift
    return apart(_layer_norm(layer_norm, EPSILON, scale, shift)(jnp.asarray(x)), expected)


def _invariant(layer_norm: Implementation, case: Case) -> float:
    """With ε scaled as the variance is, exactly so."""
    x, stretch = case.normal(5, 2, CHANNELS), 3.0
    plain = (np.ones(CHANNELS), np.zeros(CHANNELS))
    moved = _layer_norm(layer_norm, stretch**2 * EPSILON, *plain)(jnp.asarray(stretch * x - 7))
    return apart(moved, _layer_norm(layer_norm, EPSILON, *plain)(jnp.asarray(x)))


def _over(x: jax.Array, axes: tuple[int, ...], epsilon: float) -> np.ndarray:
    """By mean and variance over some axes."""
    values = np.asarray(x)
    return (values - values.mean(axes, keepdims=True)) / np.sqrt(values.var(axes, keepdims=True) + epsilon)


def _affine(layer: Any, x: np.ndarray) -> np.ndarray:
    """Scaled and shifted as the layer says."""
    return np.asarray(layer.scale[...]) * x + np.asarray(layer.bias[...])


class _Bessel(nnx.BatchNorm):
    """Divides by one less than the number of values while normalising."""

    def __call__(self, x: jax.Array) -> np.ndarray:
        rows = np.reshape(x, (-1, x.shape[-1]))
        return _affine(self, (x - rows.mean(0)) / np.sqrt(rows.var(0, ddof=1) + self.epsilon))


class _OutsideBatch(nnx.BatchNorm):
    """Adds ε to the standard deviation."""

    def __call__(self, x: jax.Array) -> np.ndarray:
        rows = np.reshape(x, (-1, x.shape[-1]))
        return _affine(self, (x - rows.mean(0)) / (rows.std(0) + self.epsilon))


class _Each(nnx.BatchNorm):
    """Normalises each picture by itself."""

    def __call__(self, x: jax.Array) -> np.ndarray:
        return _affine(self, _over(x, (1, 2), self.epsilon))


class _WeighsTheNew(nnx.BatchNorm):
    """Has momentum as the weight of the new statistics, PyTorch's convention, under flax's number."""

    def __init__(self, features: int, *, momentum: float, **options: Any) -> None:
        super().__init__(features, momentum=1 - momentum, **options)


class _Unmoved(nnx.BatchNorm):
    """Keeps the statistics with which it began."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return super().__call__(x, use_running_average=True)


class _AlwaysBatch(nnx.BatchNorm):
    """Normalises by the batch in evaluation too."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return super().__call__(x, use_running_average=False)


class _OutsideLayer(nnx.LayerNorm):
    """Adds ε to the standard deviation."""

    def __call__(self, x: jax.Array) -> np.ndarray:
        tokens = np.asarray(x)
        centred = tokens - tokens.mean(-1, keepdims=True)
        return _affine(self, centred / (tokens.std(-1, keepdims=True) + self.epsilon))


class _OverTokens(nnx.LayerNorm):
    """Takes mean and variance over the tokens as well."""

    def __call__(self, x: jax.Array) -> np.ndarray:
        return _affine(self, _over(x, tuple(range(1, x.ndim)), self.epsilon))


class _NotCentred(nnx.LayerNorm):
    """Divides by the root mean square."""

    def __call__(self, x: jax.Array) -> np.ndarray:
        square = np.square(np.asarray(x)).mean(-1, keepdims=True)
        return _affine(self, np.asarray(x) / np.sqrt(square + self.epsilon))


TERMS = (
    Term(
        "batchnorm",
        BatchNorm,
        (
            Property(
                "In training it normalises each channel by mean and biased variance over the batch and all positions.",
                _in_training,
                1e-12,
                (
                    Mistake("the unbiased variance", _Bessel),
                    Mistake("each picture by itself", _Each),
                    Mistake("the epsilon outside of the root", _OutsideBatch),
                    Mistake("the running statistics", _Unmoved),
                ),
            ),
            Property(
                "After three batches the running statistics have kept 0.9³ of where they began.",
                _running,
                1e-12,
                (
                    Mistake("momentum as the weight of the new ones", _WeighsTheNew),
                    Mistake("running statistics that stay", _Unmoved),
                ),
            ),
            Property(
                "In evaluation it is an affine map of each channel by the running statistics, whatever the batch.",
                _in_evaluation,
                1e-12,
                (
                    Mistake("the batch's statistics in evaluation", _AlwaysBatch),
                    Mistake("each picture by itself", _Each),
                ),
            ),
        ),
    ),
    Term(
        "layernorm",
        LayerNorm,
        (
            Property(
                "It normalises each token by mean and biased variance of its own channels.",
                _per_token,
                1e-12,
                (
                    Mistake("over the tokens as well", _OverTokens),
                    Mistake("the epsilon outside of the root", _OutsideLayer),
                    Mistake("the mean left in", _NotCentred),
                ),
            ),
            Property(
                "LN(a·x + b) = LN(x) for a > 0 with a²·ε in place of ε.",
                _invariant,
                1e-12,
                (
                    Mistake("the mean left in", _NotCentred),
                    Mistake("the epsilon outside of the root", _OutsideLayer),
                ),
            ),
        ),
    ),
)
