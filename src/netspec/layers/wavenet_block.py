"""Dilated causal convolutions of WaveNet."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_tokens


@dataclass(frozen=True)
class WaveNetBlock(Primitive):
    """``n_layers`` gated residual layers with dilations 1, 2, 4, …; the summed skips leave: ``(…, r) -> (…, s)``.

    A layer is ``z = tanh(filter(x))·sigmoid(gate(x))`` with causal 2-tap convolutions, ``x + conv1×1(z)`` onwards and
    ``conv1×1(z)`` to the ``s`` skip channels. Time is the first axis, ``(T, r)`` or ``(T, 1, r)``.

    ``z`` has ``gated_channels``, by default as many as arrive. Dilations start again in each of ``stacks``, whose skips
    are summed, too. All convolutions have a bias, or none has.

    Parameters: ``stacks·n_layers·(5·r² + 3·r + r·s + s)`` with ``r = residual_channels``, ``s = skip_channels``; with
    ``g = gated_channels``, ``4·r·g + 2·g + g·r + r + g·s + s`` for each layer.
    Source: van den Oord et al. 2016 (arXiv:1609.03499), fig. 4; book ch. 11, def. 99.
    """

    residual_channels: int
    skip_channels: int
    n_layers: int
    gated_channels: int | None = None
    stacks: int = 1
    bias: bool = True

    primitive = "wave_net_block"

    @property
    def gated(self) -> int:
        """Channels of filter and gate."""
        return self.gated_channels or self.residual_channels

    def output_shape(self, arrived: Shape) -> Shape:
        """The same times, skip channels."""
        expect_tokens(arrived, self.residual_channels, "residual channels")
        return (*arrived[:-1], self.skip_channels)

    def params(self) -> int:
        """Filter, gate, residual and skip convolutions."""
        r, s, g = self.residual_channels, self.skip_channels, self.gated
        biases = 2 * g + r + s if self.bias else 0
        return self.stacks * self.n_layers * (4 * r * g + g * r + g * s + biases)

    def macs(self, arrived: Shape) -> int:
        """Four convolutions per time step and layer."""
        r, s, g = self.residual_channels, self.skip_channels, self.gated
        return expect_tokens(arrived, r) * self.stacks * self.n_layers * (4 * r * g + g * r + g * s)
