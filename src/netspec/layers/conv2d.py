"""Two-dimensional convolution with bias."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.activation import Activation
from netspec.layers.convolution import Convolution
from netspec.layers.window import Padding, Pair


@dataclass(frozen=True)
class Conv2d(Convolution):
    """Convolution with bias, then the activation: ``(H, W, in) -> (H', W', out)``, as :class:`Convolution` says.

    Parameters: ``out · in/groups · kernel² + out``; without ``bias``, ``out`` fewer. Source: LeCun et al. 1998, Proc.
    IEEE 86(11); book ch. 4.
    """

    in_channels: int
    out_channels: int
    kernel: Pair
    padding: Padding = "same"
    activation: Activation = "relu"
    stride: Pair = 1
    transposed: bool = False
    groups: int = 1
    dilation: Pair = 1
    bias: bool = True
    output_padding: Pair = 0

    primitive = "conv2d"

    def params(self) -> int:
        """Kernel and, if there is one, bias."""
        return self.kernel_params()
