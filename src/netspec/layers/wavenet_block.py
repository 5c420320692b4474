"""Dilated causal convolutions of WaveNet."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_tokens


@dataclass(frozen=True)
class WaveNetBlock(Primitive):
    """``n_layers`` gated residual layers with dilations 1, 2, 4, …; the summed skips leave: ``(…, r) -> (…, s)``.

    A layer is ``z = tanh(filter(x))·sigmoid(gate(x))`` with causal 2-tap convolutions, ``x + conv1×1(z)`` onwards and
    ``conv1×1(z)`` to the ``s`` skip channels; all with bias. Time is the first axis, ``(T, r)`` or ``(T, 1, r)``.

    Parameters: ``n_layers·(5·r² + 3·r + r·s + s)`` with ``r = residual_channels``, ``s = skip_channels``.
    Source: van den Oord et al. 2016 (arXiv:1609.03499), fig. 4; book ch. 11, def. 99.
    """

    residual_channels: int
    skip_channels: int
    n_layers: int

    primitive = "wave_net_block"

    def output_shape(self, arrived: Shape) -> Shape:
        """The same times, skip channels."""
        expect_tokens(arrived, self.residual_channels, "residual channels")
        return (*arrived[:-1], self.skip_channels)

    def params(self) -> int:
        """Filter, gate, residual and skip convolutions with bias."""
        r, s = self.residual_channels, self.skip_channels
        return self.n_layers * (5 * r * r + 3 * r + r * s + s)

    def macs(self, arrived: Shape) -> int:
        """Four convolutions per time step and layer."""
        r, s = self.residual_channels, self.skip_channels
        return expect_tokens(arrived, r) * self.n_layers * (5 * r * r + r * s)
