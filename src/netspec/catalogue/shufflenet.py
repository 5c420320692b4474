"""ShuffleNet v1 with three groups."""

from __future__ import annotations

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import ConvBN, Dense, GlobalAvgPool, MaxPool, ShuffleBlock
from netspec.spec import NetSpec

NEW = ("shuffle_block",)
SHUFFLENET = Entry("ShuffleNet", VISION, "Zhang et al. 2017, arXiv:1707.01083", 2017, NEW, NEW)


def shufflenet(name: str, width: int) -> NetSpec:
    """Three stages of 4, 8 and 4 units, each twice as wide as the one before."""
    return SHUFFLENET.spec(
        name,
        (224, 224, 3),
        ConvBN(3, 24, 3, 2),
        MaxPool(2, 2),
        ShuffleBlock(24, width, 3, 4),  # stage 2
        ShuffleBlock(width, 2 * width, 3, 8),
        ShuffleBlock(2 * width, 4 * width, 3, 4),
        GlobalAvgPool(),
        Dense(4 * width, 1000),
    )


TINY_SHUFFLENET = SHUFFLENET.spec(
    "tiny-ShuffleNet (g=2)",
    (32, 32, 3),
    ConvBN(3, 16, 3),
    ShuffleBlock(16, 32, 2, 2),
    ShuffleBlock(32, 64, 2, 2),
    ShuffleBlock(64, 128, 2, 2),
    GlobalAvgPool(),
    Dense(128, 10),
)

# For 32-pixel digits: two stages of two units.
SHUFFLENET_DIGITS = SHUFFLENET.spec(
    "ShuffleNet-Digits (g=3)",
    (32, 32, 3),
    ConvBN(3, 24, 3, 2),
    MaxPool(2, 2),
    ShuffleBlock(24, 180, 3, 2),
    ShuffleBlock(180, 360, 3, 2),
    GlobalAvgPool(),
    Dense(360, 10),
    role="trainer",
)

SPECS = (
    shufflenet("ShuffleNet 0.5× (g=3)", 120),
    shufflenet("ShuffleNet 1.0× (g=3)", 240),
    shufflenet("ShuffleNet 2.0× (g=3)", 480),
    TINY_SHUFFLENET,
    SHUFFLENET_DIGITS,
)
