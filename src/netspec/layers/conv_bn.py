"""Convolution followed by batch normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.activation import Activation
from netspec.layers.convolution import Convolution


@dataclass(frozen=True)
class ConvBN(Convolution):
    """Convolution without bias, BatchNorm, activation: ``(H, W, in) -> (H', W', out)``, as :class:`Convolution` says.

    Parameters: ``out · in · kernel² + 2·out``. Source: Ioffe & Szegedy 2015 (arXiv:1502.03167); book ch. 5.
    """

    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    padding: Literal["same", "valid"] = "same"
    activation: Activation = "relu"
    transposed: bool = False

    primitive = "conv_bn"

    def params(self) -> int:
        """Kernel, and scale and shift of the norm."""
        return self.out_channels * self.in_channels * self.kernel**2 + 2 * self.out_channels
