"""Conditioning of a feature map on the diffusion time."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, expect_last_axis


@dataclass(frozen=True)
class TimeCondition(Primitive):
    """Encoded time, through a dense map, added to every position: ``(H, W, c) -> (H, W, c)``.

    Reads the scalar saved or given as ``time``, ``(1,)``; its encoding has ``2·n_frequencies`` values.

    Parameters: ``2·n_frequencies·c + c``. Source: Ho et al. 2020 (arXiv:2006.11239), app. B; book ch. 11.2.7.
    """

    channels: int
    n_frequencies: int
    time: str = "time"

    primitive = "time_cond_add"

    @property
    def reads(self) -> tuple[str, ...]:
        """The time."""
        return (self.time,)

    def output_shape(self, arrived: Shape, time: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        expect_last_axis("the time is one number", time, 1)
        return arrived

    def params(self) -> int:
        """One dense map."""
        return 2 * self.n_frequencies * self.channels + self.channels

    def macs(self, arrived: Shape, time: Shape) -> int:
        """One matrix product per image."""
        return 2 * self.n_frequencies * self.channels
