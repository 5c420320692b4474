"""Attention of all positions of an image among each other, as convolutional networks have it between convolutions."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image


@dataclass(frozen=True)
class ImageAttention(Primitive):
    """Queries, keys and values by 1×1 maps, attention over ``H·W`` positions, a 1×1 map: ``(H, W, C) -> (H, W, C)``.

    Queries and keys of each of ``heads`` have ``key_width`` channels, by default those of its values, ``C/heads``.
    With ``normed`` the maps have BatchNorms in place of biases, and a ``3×3`` depthwise convolution of the values, with
    its norm, is added before the last map: the position encoding of YOLO11.

    Parameters with ``k = heads·key_width``: ``C·(2·k + C) + C²``, and biases ``2·k + 2·C``, or twice that for norms and
    ``11·C`` for the position encoding. Source: Ho et al. 2020 (arXiv:2006.11239), app. B, after Wang et al. 2017
    (arXiv:1711.07971); Wang et al. 2024 (arXiv:2405.14458), sec. 3.3.
    """

    channels: int
    heads: int = 1
    key_width: int | None = None
    normed: bool = False

    primitive = "image_attention"

    def check(self) -> None:
        """Raise :class:`LayerError` when the heads do not divide the channels."""
        super().check()
        expect_divides(self.heads, self.channels, "heads do not divide the channels", "heads")

    @property
    def key_channels(self) -> int:
        """Channels of all queries, or of all keys."""
        return self.channels if self.key_width is None else self.heads * self.key_width

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Both maps with biases or norms, and the position encoding."""
        c, mapped = self.channels, 2 * self.key_channels + self.channels
        added = 2 * (mapped + c) + 11 * c if self.normed else mapped + c
        return c * mapped + c * c + added

    def macs(self, arrived: Shape) -> int:
        """The maps and both products of attention."""
        c, mapped, at = self.channels, 2 * self.key_channels + self.channels, arrived[0] * arrived[1]
        return at * (c * mapped + c * c + (9 * c if self.normed else 0)) + at * at * (self.key_channels + c)
