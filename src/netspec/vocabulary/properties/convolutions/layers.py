"""Convolutions as the networks here have them."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers import Conv2d, ConvBN, SeparableConv
from netspec.modules.base import Numerics
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.convolutions.shared import picture
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _conv2d(layer: Implementation, case: Case) -> float:
    case = plain.few(case)
    x = picture(case)
    built = plain.module(layer(2, 3, 3, activation="identity", stride=2))
    kernel, bias = (np.asarray(part[...]) for part in (built.conv.kernel, built.conv.bias))
    return apart(plain.run(built, x), plain.correlate(x, kernel, stride=2, padding=(1, 1)) + bias)


def _counted(layer: Implementation, case: Case) -> float:
    described = layer(case.channels, 3, 3)
    return apart(described.params(), plain.size(plain.module(described)))


class _WithoutBias(Conv2d):
    """Counted without its bias."""

    def params(self) -> int:
        return super().params() - self.out_channels


def _rewired(layer: Implementation, **fixed: Any) -> Implementation:
    return lambda *sizes, **options: layer(*sizes, **(options | fixed))


TWO_AXES = Term(
    "conv2d",
    Conv2d,
    (
        Property(
            "Its module is the sum of its taps over the image padded by one, at every other pixel.",
            _conv2d,
            ROUNDING,
            (
                Mistake("the stride forgotten", _rewired(Conv2d, stride=1)),
                Mistake("no padding", _rewired(Conv2d, padding="valid")),
                Mistake("a ReLU that nobody asked for", _rewired(Conv2d, activation="relu")),
            ),
        ),
        Property(
            "It has k²·in·out + out parameters, as many numbers as its module.",
            _counted,
            0.0,
            (Mistake("counted without its bias", _WithoutBias),),
        ),
    ),
)


def _conv_of(make: Implementation, case: Case, in_channels: int, **options: Any) -> nnx.Module:
    return make(plain.NUMERICS, in_channels, 4, 3, nnx.Rngs(0), **options)


def _spread(make: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, built = picture(case), _conv_of(make, case, 2, dilation=2)
    wide = plain.spread(np.asarray(built.kernel[...]), 2)
    return apart(plain.run(built, x), plain.correlate(x, wide) + np.asarray(built.bias[...]))


def _span(make: Implementation, case: Case) -> float:
    impulse = np.zeros((1, 11, 11, 1))
    impulse[0, 5, 5] = 1
    for dilation in (1, 2, 4):
        built = _conv_of(make, case, 1, dilation=dilation)
        touched = np.abs(plain.run(built, impulse) - plain.run(built, 0 * impulse)).max((0, 3)) > 1e-12
        if not all(np.ptp(side) + 1 == 3 + 2 * (dilation - 1) for side in np.nonzero(touched)):
            return 1.0
    return 0.0


def _without(*ignored: str) -> Implementation:
    """``Numerics.conv`` that does not hear some of its options."""

    def make(numerics: Numerics, *sizes: Any, **options: Any) -> nnx.Module:
        return numerics.conv(*sizes, **{name: value for name, value in options.items() if name not in ignored})

    return make


DILATED = Term(
    "dilated-conv",
    Numerics.conv,
    (
        Property(
            "It is the convolution with its kernel spread out by zeros between the taps.",
            _spread,
            ROUNDING,
            (Mistake("no gaps", _without("dilation")),),
        ),
        Property(
            "Three taps at dilations 1, 2 and 4 span 3, 5 and 9 pixels: k + (k − 1)(r − 1).",
            _span,
            0.0,
            (Mistake("no gaps", _without("dilation")),),
        ),
    ),
)


class _Composed(nnx.Module):
    """A convolution called in another way, with the names of its tensors."""

    def __init__(self, conv: nnx.Module, call: Any) -> None:
        self.conv, self.call, self.kernel, self.bias = conv, call, conv.kernel, conv.bias

    def __call__(self, x: Any) -> Any:
        return self.call(self.conv, jnp.asarray(x))


def _adjoint(make: Implementation, case: Case) -> float:
    """⟨conv(a), b⟩ = ⟨a, convᵀ(b)⟩ with the convolution that pads one pixel on each side."""
    built = make(plain.NUMERICS, 3, 2, 4, 2, nnx.Rngs(0), bias=False)
    a, b = case.normal(1, 2 * case.height, 2 * case.width, 2), case.normal(1, case.height, case.width, 3, seed=1)
    kernel = np.flip(np.asarray(built.kernel[...]), (0, 1)).swapaxes(2, 3)
    found = np.asarray(plain.run(built, b))
    if found.shape != a.shape:
        return float("inf")
    return apart(np.vdot(a, found), np.vdot(plain.correlate(a, kernel, stride=2, padding=(1, 1)), b))


def _scaled(make: Implementation, case: Case) -> float:
    sizes = [(kernel, stride) for kernel in (2, 3, 4) for stride in (1, 2, 3) if kernel >= stride]
    for kernel, stride in sizes:
        built = make(plain.NUMERICS, 1, 1, kernel, stride, nnx.Rngs(0))
        found = jax.eval_shape(built, jnp.zeros((1, case.height, case.width, 1))).shape
        if found != (1, stride * case.height, stride * case.width, 1):
            return 1.0
    return 0.0


def _unpadded(numerics: Numerics, *sizes: Any, **options: Any) -> nnx.Module:
    """PyTorch's with padding 1 whatever the kernel."""
    built = numerics.conv_transpose(*sizes, **options)
    built.padding = ((sizes[2] - 2,) * 2,) * 2
    return built


def _unturned(numerics: Numerics, *sizes: Any, **options: Any) -> nnx.Module:
    built = numerics.conv_transpose(*sizes, **options)
    turned = nnx.clone(built)
    turned.kernel[...] = jnp.flip(built.kernel[...], (0, 1))
    return _Composed(built, lambda conv, x: turned(x))


TRANSPOSED = Term(
    "transposed-conv",
    Numerics.conv_transpose,
    (
        Property(
            "It is the adjoint of the strided convolution: ⟨conv(a), b⟩ = ⟨a, convᵀ(b)⟩.",
            _adjoint,
            ROUNDING,
            (Mistake("the kernel turned over once too often", _unturned),),
        ),
        Property(
            "Its sides are the stride times those that arrive, for every kernel at least as wide as the stride.",
            _scaled,
            0.0,
            (Mistake("one pixel cut whatever the kernel", _unpadded),),
        ),
    ),
)


def _separable(layer: Implementation, case: Case) -> float:
    case = plain.few(case)
    described = layer(case.channels, 3, 1)
    built = plain.module(described)
    x = case.normal(case.batch, case.height, case.width, case.channels)
    if not hasattr(built, "layers"):
        return float("inf")
    deep, point = built.layers
    kernel = np.asarray(deep.conv.kernel[...])
    if kernel.shape != (3, 3, 1, case.channels):
        return float("inf")
    still = np.sqrt(1 + 1e-5)  # the norm before anything was seen: mean 0, variance 1
    each = [plain.correlate(x[..., c : c + 1], kernel[..., c : c + 1]) for c in range(case.channels)]
    middle = np.maximum(np.concatenate(each, -1) / still, 0)
    return apart(plain.run(built, x), np.maximum(middle @ np.asarray(point.conv.kernel[0, 0]) / still, 0))


def _separable_count(layer: Implementation, case: Case) -> float:
    i, o = case.channels, 5
    described = layer(i, o, 1)
    return max(apart(described.params(), 9 * i + i * o + 2 * i + 2 * o), apart(*_sizes(described, case)))


def _sizes(described: Any, case: Case) -> tuple[int, int]:
    return described.params(), plain.size(plain.module(described))


@dataclasses.dataclass(frozen=True)
class _Dense(SeparableConv):
    """The count of a full 3×3 convolution."""

    def params(self) -> int:
        return 9 * self.in_channels * self.out_channels + 2 * self.out_channels


SEPARABLE = Term(
    "depthwise-separable-conv",
    SeparableConv,
    (
        Property(
            "Its module convolves each channel alone, then mixes channels pixel by pixel.",
            _separable,
            ROUNDING,
            (
                Mistake("a dense convolution", lambda i, o, s: ConvBN(i, o, 3, s)),
                Mistake("half the resolution", lambda i, o, s: SeparableConv(i, o, 2)),
            ),
        ),
        Property(
            "It has 9·in + in·out parameters and two norms in place of 9·in·out, as many as its module.",
            _separable_count,
            0.0,
            (Mistake("counted as the dense one", _Dense),),
        ),
    ),
)


def _groups(make: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, built = case.normal(case.batch, case.height, case.width, 4), _conv_of(make, case, 4, groups=2)
    kernel = np.asarray(built.kernel[...])
    if kernel.shape != (3, 3, 2, 4):
        return float("inf")
    parts = [plain.correlate(x[..., part], kernel[..., part]) for part in (slice(0, 2), slice(2, 4))]
    return apart(plain.run(built, x), np.concatenate(parts, -1) + np.asarray(built.bias[...]))


def _dealt(numerics: Numerics, *sizes: Any, groups: int = 1) -> nnx.Module:
    """Groups made of every other channel."""
    built = numerics.conv(*sizes, groups=groups)
    order = np.array([0, 2, 1, 3])
    return _Composed(built, lambda conv, x: conv(x[..., order]))


GROUPED = Term(
    "grouped-conv",
    Numerics.conv,
    (
        Property(
            "Each group of channels is a convolution of its own, with 1/groups of the kernel.",
            _groups,
            ROUNDING,
            (
                Mistake("one group", _without("groups")),
                Mistake("channels dealt to the groups in turn", _dealt),
            ),
        ),
    ),
)
