"""Normalisation on its own: over the batch, each channel, each example, or neighbouring channels."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.activation import Activation
from netspec.layers.base import Free, Primitive, Shape
from netspec.layers.expect import expect_image, expect_last_axis, expect_one
from netspec.layers.parts import expect_epsilon


class _Norm(Primitive):
    """A norm over tensors whose last axis is the channels; it changes no shape and counts no multiply-adds."""

    channels: int

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_last_axis("input channels do not match", arrived, self.channels)
        return arrived

    def macs(self, arrived: Shape) -> int:
        """None: normalisation does not count."""
        return 0


@dataclass(frozen=True)
class BatchNorm(_Norm):
    """By mean and variance of each channel over the batch, then the activation: ``(…, C) -> (…, C)``.

    ``frozen=True`` has no parameters: statistics, gain and shift are kept as they are while training, too, as
    detectors do with those of their pre-trained backbone. Epsilon and momentum are the conventions'.

    Parameters: ``2·channels``, or none when frozen. Source: Ioffe & Szegedy 2015 (arXiv:1502.03167), alg. 1; He et al.
    2017 (arXiv:1703.06870), sec. 3.1, for frozen ones.
    """

    channels: int
    activation: Activation = "identity"
    frozen: bool = False

    primitive = "batch_norm"

    def params(self) -> int:
        """Gain and shift."""
        return 0 if self.frozen else 2 * self.channels


@dataclass(frozen=True)
class LayerNorm(_Norm):
    """By mean and variance over the channels of each position: ``(…, C) -> (…, C)``.

    :class:`GroupNorm` with one group is that over positions and channels at once. Parameters: ``2·channels``, without
    ``bias`` or without ``scale`` ``channels`` fewer. Source: Ba et al. 2016 (arXiv:1607.06450), eq. 3.
    """

    channels: int
    epsilon: float = 1e-5
    bias: bool = True
    scale: bool = True

    primitive = "layer_norm"

    def check(self) -> None:
        """Raise :class:`LayerError` unless epsilon is small and positive."""
        super().check()
        expect_epsilon(self.epsilon)

    def params(self) -> int:
        """Gain and shift, as far as there are any."""
        return (self.bias + self.scale) * self.channels


@dataclass(frozen=True)
class RMSNorm(_Norm):
    """By the root mean square over the channels of each position: ``(…, C) -> (…, C)``. Parameters: ``channels``.

    Source: Zhang & Sennrich 2019 (arXiv:1910.07467), eq. 4.
    """

    channels: int
    epsilon: float = 1e-5

    primitive = "rms_norm"

    def check(self) -> None:
        """Raise :class:`LayerError` unless epsilon is small and positive."""
        super().check()
        expect_epsilon(self.epsilon)

    def params(self) -> int:
        """Gain."""
        return self.channels


@dataclass(frozen=True)
class InstanceNorm(_Norm):
    """By mean and variance of each channel of each image, then the activation: ``(H, W, C) -> (H, W, C)``.

    Epsilon is that of group norms. Parameters: none, with ``affine`` ``2·channels``.
    Source: Ulyanov et al. 2016 (arXiv:1607.08022), eq. 3.
    """

    channels: int
    affine: bool = False
    activation: Activation = "identity"

    primitive = "instance_norm"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Gain and shift, if there are any."""
        return 2 * self.channels if self.affine else 0


@dataclass(frozen=True)
class GlobalResponseNorm(_Norm):
    """``x + γ·(x · N) + β`` with ``N`` each channel's norm over positions by their mean: ``(H, W, C) -> (H, W, C)``.

    Gain and shift start at zero. Parameters: ``2·channels``. Source: Woo et al. 2023 (arXiv:2301.00808), alg. 1.
    """

    channels: int

    primitive = "global_response_norm"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Gain and shift."""
        return 2 * self.channels


@dataclass(frozen=True)
class UnitLength(Free):
    """Each vector of channels over its length, which counts as ``shortest`` at least: ``(…, C) -> (…, C)``.

    No parameters. Source: Wang et al. 2017 (arXiv:1704.06369), sec. 3.2.
    """

    shortest: float = 1e-12

    primitive = "unit_length"

    def check(self) -> None:
        """Raise :class:`LayerError` for a length that may vanish."""
        super().check()
        if self.shortest <= 0:
            raise LayerError("a length is divided by", arrived=f"shortest={self.shortest}", expected="above 0")

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        return expect_one(arrived)


@dataclass(frozen=True)
class LocalResponseNorm(Free):
    """``x / (k + alpha · mean(x²))^beta``, the mean over ``size`` neighbouring channels: ``(…, C) -> (…, C)``.

    Channels beyond the ends count as zeros. The paper has the sum in place of the mean, so its ``alpha`` is this one
    by ``size``; deep-learning libraries have the mean. No parameters.
    Source: Krizhevsky et al. 2012, sec. 3.3.
    """

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    primitive = "local_response_norm"

    def check(self) -> None:
        """Raise :class:`LayerError` for a divisor that may vanish."""
        super().check()
        if self.k <= 0 or self.alpha < 0:
            arrived = f"k={self.k}, alpha={self.alpha}"
            raise LayerError("the divisor must be positive", arrived=arrived, expected="k above 0, alpha not below it")

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        return expect_one(arrived)


@dataclass(frozen=True)
class ScaleChannels(_Norm):
    """Each channel times a factor that is learned: ``(…, C) -> (…, C)``. Factors start at ``initial``.

    Parameters: ``channels``. Source: Touvron et al. 2021 (arXiv:2103.17239), eq. 4 (layer scale).
    """

    channels: int
    initial: float = 1e-6

    primitive = "scale_channels"

    def params(self) -> int:
        """The factors."""
        return self.channels


@dataclass(frozen=True)
class ShiftChannels(_Norm):
    """To each channel a number that is learned: ``(…, C) -> (…, C)``. They start at zero.

    Parameters: ``channels``. Source: Kirillov et al. 2023 (arXiv:2304.02643), app. A, where a vector for no mask is
    added to every position.
    """

    channels: int

    primitive = "shift_channels"

    def params(self) -> int:
        """The numbers."""
        return self.channels
