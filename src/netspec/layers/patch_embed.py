"""Patch embedding of the Vision Transformer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class PatchEmbed(Primitive):
    """Image to tokens: ``(H, W, in_channels) -> (n_patches + 1, width)``.

    A ``patch × patch`` convolution of the same stride with bias, row-major tokens, a learned class token in front,
    and a learned position table added to all ``n_patches + 1`` tokens. ``layout="grid"`` keeps the patches in their
    places, ``(H/patch, W/patch, width)``, for stages that look at neighbours: there is no room for a class token.

    Parameters: ``width · in_channels · patch² + width`` (convolution) ``+ width`` (class token)
    ``+ (n_patches + 1) · width`` (positions). The chapter counts a class token and its position always; a grid has
    ``2 · width`` fewer. Source: Dosovitskiy et al. 2020 (arXiv:2010.11929), eq. 1; book ch. 10.3.
    """

    in_channels: int
    width: int
    patch: int
    n_patches: int
    layout: Literal["tokens", "grid"] = "tokens"

    primitive = "patch_embed"

    def resized(self, before: Shape, arrived: Shape) -> PatchEmbed:
        """As many patches, and positions, as the image has; a rest of a patch is refused as in timm and torchvision."""
        height, width = expect_image(arrived, arrived[-1])
        return replace(self, n_patches=max(1, height // self.patch) * max(1, width // self.patch))

    def output_shape(self, arrived: Shape) -> Shape:
        """``(n_patches + 1, width)`` or the grid, which must hold exactly ``n_patches``."""
        height, width = expect_image(arrived, self.in_channels)
        if height % self.patch or width % self.patch:
            raise LayerError(
                "patches do not tile the image", arrived=arrived, expected=f"sides divisible by {self.patch}"
            )
        rows, columns = height // self.patch, width // self.patch
        if rows * columns != self.n_patches:
            arrived_text, expected = f"{rows * columns} patches", f"{self.n_patches} patches"
            raise LayerError("wrong patch count", arrived=arrived_text, expected=expected)
        return (rows, columns, self.width) if self.layout == "grid" else (self.n_patches + 1, self.width)

    def params(self) -> int:
        """Convolution with bias and position table, and with tokens the class token and its position."""
        return self.book_params() - (2 * self.width if self.layout == "grid" else 0)

    def book_params(self) -> int:
        """Convolution with bias, class token, position table of ``n_patches + 1``."""
        return self.width * self.in_channels * self.patch**2 + 2 * self.width + (self.n_patches + 1) * self.width

    def macs(self, arrived: Shape) -> int:
        """The convolution."""
        return self.n_patches * self.width * self.in_channels * self.patch**2
