"""Squeeze-and-excitation, as the MobileNet and EfficientNet blocks contain it."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.modules.base import Numerics
from netspec.modules.dtypes import at_least_float32


class SqueezeExcite(nnx.Module):
    """``x · gate(W₂ activation(W₁ mean(x)))``, one factor per channel: ``(B, H, W, C) -> (B, H, W, C)``.

    Source: Hu et al. 2017 (arXiv:1709.01507), eq. 2 to 4, where the activation is ReLU and the gate a sigmoid;
    EfficientNet has SiLU for the former, MobileNet V3 (arXiv:1905.02244, sec. 5.2) a hard sigmoid for the latter.
    """

    def __init__(
        self, numerics: Numerics, channels: int, squeezed: int, rngs: nnx.Rngs, *, activation: str, gate: str
    ) -> None:
        self.squeeze = numerics.linear(channels, squeezed, rngs)
        self.excite = numerics.linear(squeezed, channels, rngs)
        self.activation = numerics.activation(activation)
        self.gate = numerics.activation(gate)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The channels, each scaled by its gate."""
        pooled = at_least_float32(x).mean(axis=(1, 2), keepdims=True)
        hidden = self.activation(self.squeeze(pooled))
        return x * self.gate(at_least_float32(self.excite(hidden)))
