"""NeRF: positional encoding of coordinates, and the radiance-field MLP."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Free, Primitive, Several, Shape
from netspec.layers.expect import expect_last_axis


@dataclass(frozen=True)
class PositionalEncoding(Free):
    """Sine and cosine of every coordinate at ``n_frequencies`` octaves: ``(…, in) -> (…, 2·n_frequencies·in)``.

    With ``form="code"`` the coordinates themselves come first, and their waves have no factor π, as in the released
    code. ``unit`` divides them by their length before. No parameters. Source: Mildenhall et al. 2020
    (arXiv:2003.08934), eq. 4; book ch. 11, def. 100.
    """

    in_features: int
    n_frequencies: int
    form: Literal["paper", "code"] = "paper"
    unit: bool = False

    primitive = "positional_encoding"

    def output_shape(self, arrived: Shape) -> Shape:
        """Two values per coordinate and octave."""
        expect_last_axis("coordinates do not match", arrived, self.in_features)
        copies = 2 * self.n_frequencies + (self.form == "code")
        return (*arrived[:-1], copies * self.in_features)


@dataclass(frozen=True)
class NeRFMLP(Primitive):
    """Density and colour of a point seen from a direction: ``(…, p) -> {density: (…, 1), rgb: (…, 3)}``.

    Eight dense layers of ``h = hidden`` with ReLU, the sixth also reading the encoded position (``p`` features); the
    density; a dense layer without activation, joined by the encoded direction (``q`` features, the tensor saved or
    given as ``direction``) before one layer of 128; the colour.

    Parameters: ``p·h + h + 6·(h² + h) + (h + p)·h + h + (h + 1) + (h² + h) + (h + q)·128 + 128 + 387``.
    Source: Mildenhall et al. 2020 (arXiv:2003.08934), fig. 7; book ch. 11, def. 101.
    """

    position_features: int
    direction_features: int
    hidden: int
    direction: str = "direction"

    primitive = "nerf_mlp"

    #: Width of the layer that sees the direction: half of the published 256, whatever ``hidden`` is.
    direction_hidden = 128

    @property
    def reads(self) -> tuple[str, ...]:
        """The encoded direction."""
        return (self.direction,)

    def output_shape(self, arrived: Shape, direction: Shape) -> Several:
        """One density and three colours per point."""
        expect_last_axis("encoded position does not match", arrived, self.position_features)
        expect_last_axis("encoded direction does not match", direction, self.direction_features)
        if direction[:-1] != arrived[:-1]:
            raise LayerError("points and directions differ", arrived=direction, expected=f"as many as in {arrived}")
        return Several({"density": (*arrived[:-1], 1), "rgb": (*arrived[:-1], 3)})

    def _maps(self) -> tuple[tuple[int, int], ...]:
        p, q, h, last = self.position_features, self.direction_features, self.hidden, self.direction_hidden
        return (p, h), *((h, h),) * 6, (h + p, h), (h, 1), (h, h), (h + q, last), (last, 3)

    def params(self) -> int:
        """Twelve dense layers with bias."""
        return sum(fan_in * fan_out + fan_out for fan_in, fan_out in self._maps())

    def macs(self, arrived: Shape, direction: Shape) -> int:
        """Twelve matrix products per point."""
        return math.prod(arrived[:-1]) * sum(fan_in * fan_out for fan_in, fan_out in self._maps())
