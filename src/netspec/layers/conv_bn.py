"""Convolution followed by batch normalisation."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.activation import Activation
from netspec.layers.convolution import Convolution
from netspec.layers.window import Padding, Pair


@dataclass(frozen=True)
class ConvBN(Convolution):
    """Convolution without bias, BatchNorm, activation: ``(H, W, in) -> (H', W', out)``, as :class:`Convolution` says.

    Parameters: ``out · in/groups · kernel² + 2·out``, and with ``bias``, which the norm makes up for, ``out`` more.
    Source: Ioffe & Szegedy 2015 (arXiv:1502.03167); book ch. 5.
    """

    in_channels: int
    out_channels: int
    kernel: Pair
    stride: Pair = 1
    padding: Padding = "same"
    activation: Activation = "relu"
    transposed: bool = False
    groups: int = 1
    dilation: Pair = 1
    bias: bool = False
    output_padding: Pair = 0

    primitive = "conv_bn"

    def params(self) -> int:
        """Kernel, and scale and shift of the norm."""
        return self.kernel_params() + 2 * self.out_channels
