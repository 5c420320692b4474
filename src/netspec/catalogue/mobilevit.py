"""MobileViT: MobileNet V2 stages, the deeper ones followed by a transformer over patches."""

from __future__ import annotations

from typing import Any

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import Conv2d, ConvBN, Dense, GlobalAvgPool, InvertedResidual, MobileViTBlock
from netspec.spec import NetSpec

NEW = ("mobile_vit_block",)
MOBILEVIT = Entry("MobileViT", VISION, "Mehta & Rastegari 2021, arXiv:2110.02178", 2021, NEW, NEW)


def mobilevit(
    name: str, expand: int, channels: tuple[int, ...], widths: tuple[int, ...], head: Conv2d | ConvBN, **provenance: Any
) -> NetSpec:
    """Stem, five stages by ``channels``, transformers of ``widths`` in the last three, 1×1 ``head``, classifier."""
    c1, c2, c3, c4, c5 = channels
    d3, d4, d5 = widths
    return MOBILEVIT.spec(
        name,
        (256, 256, 3),
        ConvBN(3, 16, 3, 2),
        InvertedResidual(16, c1, expand, 1, 1),
        InvertedResidual(c1, c2, expand, 2, 3),
        InvertedResidual(c2, c3, expand, 2, 1),
        MobileViTBlock(c3, d3, 4, 2 * d3, 2),  # 32×32
        InvertedResidual(c3, c4, expand, 2, 1),
        MobileViTBlock(c4, d4, 4, 2 * d4, 4),  # 16×16
        InvertedResidual(c4, c5, expand, 2, 1),
        MobileViTBlock(c5, d5, 4, 2 * d5, 3),  # 8×8
        head,
        GlobalAvgPool(),
        Dense(head.out_channels, 1000),
        **provenance,
    )


SMALL = {"expand": 4, "channels": (32, 64, 96, 128, 160), "widths": (144, 192, 240)}

TINY_MOBILEVIT = MOBILEVIT.spec(
    "tiny-MobileViT",
    (64, 64, 3),
    ConvBN(3, 16, 3, 2),
    InvertedResidual(16, 32, 2, 1, 1),
    InvertedResidual(32, 48, 2, 2, 2),
    MobileViTBlock(48, 64, 2, 128, 2),
    ConvBN(48, 128, 1),
    GlobalAvgPool(),
    Dense(128, 10),
)

SPECS = (
    mobilevit("MobileViT-XXS", 2, (16, 24, 48, 64, 80), (64, 80, 96), ConvBN(80, 320, 1)),
    mobilevit("MobileViT-XS", 4, (32, 48, 64, 80, 96), (96, 120, 144), ConvBN(96, 384, 1)),
    # The one size the chapter lists, with a plain convolution where the repository normalises.
    mobilevit("MobileViT-S", head=Conv2d(160, 640, 1), **SMALL),
    TINY_MOBILEVIT,
    mobilevit("MobileViT-S (repository)", head=ConvBN(160, 640, 1), of="MobileViT-S", **SMALL),
)
