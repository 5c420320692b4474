"""Patch embedding of the Vision Transformer."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Layer, Shape, expect_last_axis


@dataclass(frozen=True)
class PatchEmbed(Layer):
    """Image to tokens: ``(H, W, in_channels) -> (n_patches + 1, width)``.

    A ``patch × patch`` convolution of the same stride with bias, row-major tokens, a learned class token in front,
    and a learned position table added to all ``n_patches + 1`` tokens.

    Parameters: ``width · in_channels · patch² + width`` (convolution) ``+ width`` (class token)
    ``+ (n_patches + 1) · width`` (positions). Source: Dosovitskiy et al. 2020 (arXiv:2010.11929), eq. 1; book ch. 10.3.
    """

    in_channels: int
    width: int
    patch: int
    n_patches: int

    positive = ("in_channels", "width", "patch", "n_patches")

    def output_shape(self, arrived: Shape) -> Shape:
        """``(H, W, in_channels)`` to ``(n_patches + 1, width)``; the grid must hold exactly ``n_patches``."""
        if len(arrived) != 3:
            raise LayerError("patch embedding needs an image", arrived=arrived, expected="(height, width, channels)")
        expect_last_axis("input channels do not match", arrived, self.in_channels)
        height, width, _ = arrived
        if height % self.patch or width % self.patch:
            raise LayerError(
                "patches do not tile the image", arrived=arrived, expected=f"sides divisible by {self.patch}"
            )
        found = (height // self.patch) * (width // self.patch)
        if found != self.n_patches:
            raise LayerError("wrong patch count", arrived=f"{found} patches", expected=f"{self.n_patches} patches")
        return (self.n_patches + 1, self.width)

    def params(self) -> int:
        """Convolution with bias, class token, position table."""
        return self.width * self.in_channels * self.patch**2 + 2 * self.width + (self.n_patches + 1) * self.width

    def macs(self, arrived: Shape) -> int:
        """The convolution."""
        return self.n_patches * self.width * self.in_channels * self.patch**2
