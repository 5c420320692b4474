"""ShuffleNet v2: channel split instead of groups."""

from __future__ import annotations

from typing import Any

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import Conv2d, ConvBN, Dense, GlobalAvgPool, MaxPool, ShuffleV2Block
from netspec.spec import NetSpec

NEW = ("shuffle_v2_block",)
SHUFFLENET_V2 = Entry("ShuffleNet v2", VISION, "Ma et al. 2018, arXiv:1807.11164", 2018, NEW, NEW)


def shufflenet_v2(name: str, width: int, head: Conv2d | ConvBN, **provenance: Any) -> NetSpec:
    """Three stages of 4, 8 and 4 units, each twice as wide as the one before, and a 1×1 ``head``."""
    return SHUFFLENET_V2.spec(
        name,
        (224, 224, 3),
        ConvBN(3, 24, 3, 2),
        MaxPool(2, 2),
        ShuffleV2Block(24, width, 4),  # stage 2
        ShuffleV2Block(width, 2 * width, 8),
        ShuffleV2Block(2 * width, 4 * width, 4),
        head,
        GlobalAvgPool(),
        Dense(head.out_channels, 1000),
        **provenance,
    )


TINY_SHUFFLENET_V2 = SHUFFLENET_V2.spec(
    "tiny-ShuffleV2",
    (32, 32, 3),
    ConvBN(3, 24, 3),
    ShuffleV2Block(24, 48, 2),
    ShuffleV2Block(48, 96, 2),
    ConvBN(96, 256, 1),
    GlobalAvgPool(),
    Dense(256, 10),
)

SPECS = (
    shufflenet_v2("ShuffleNet v2 0.5×", 48, ConvBN(192, 1024, 1)),
    # The one size the chapter lists, with a plain convolution where the repository normalises.
    shufflenet_v2("ShuffleNet v2 1.0×", 116, Conv2d(464, 1024, 1)),
    shufflenet_v2("ShuffleNet v2 1.5×", 176, ConvBN(704, 1024, 1)),
    shufflenet_v2("ShuffleNet v2 2.0×", 244, ConvBN(976, 2048, 1)),
    TINY_SHUFFLENET_V2,
    shufflenet_v2("ShuffleNet v2 1.0× (repository)", 116, ConvBN(464, 1024, 1), of="ShuffleNet v2 1.0×"),
)
