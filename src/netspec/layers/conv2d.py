"""Two-dimensional convolution with bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.activation import Activation
from netspec.layers.convolution import Convolution


@dataclass(frozen=True)
class Conv2d(Convolution):
    """Convolution with bias, then the activation: ``(H, W, in) -> (H', W', out)``, as :class:`Convolution` says.

    Parameters: ``out · in · kernel² + out``. Source: LeCun et al. 1998, Proc. IEEE 86(11); book ch. 4.
    """

    in_channels: int
    out_channels: int
    kernel: int
    padding: Literal["same", "valid"] = "same"
    activation: Activation = "relu"
    stride: int = 1
    transposed: bool = False

    primitive = "conv2d"

    def params(self) -> int:
        """Kernel and bias."""
        return self.out_channels * self.in_channels * self.kernel**2 + self.out_channels
