"""ResNet: basic blocks, bottleneck blocks, and the stems and heads around them."""

from __future__ import annotations

from netspec.catalogue.entry import PART_1, VISION, Entry
from netspec.layers import BottleneckBlock, ConvBN, Dense, GlobalAvgPool, MaxPool, ResidualBlock
from netspec.spec import NetSpec

PAPER = "He et al. 2015, arXiv:1512.03385"
RESNET = Entry("ResNet", VISION, PAPER, 2015, ("bottleneck_block",), earlier_new_primitives=None)
PART1 = Entry("ResNet", PART_1, PAPER, 2015, (), earlier_new_primitives=None)


def basic(counts: tuple[int, ...]) -> tuple[ResidualBlock, ...]:
    """Four stages of basic blocks, by blocks per stage."""
    return (
        ResidualBlock(64, 64, counts[0], 1),
        ResidualBlock(64, 128, counts[1], 2),
        ResidualBlock(128, 256, counts[2], 2),
        ResidualBlock(256, 512, counts[3], 2),
    )


def bottleneck(counts: tuple[int, ...], last_stride: int = 2) -> tuple[BottleneckBlock, ...]:
    """Four stages of bottleneck blocks, by blocks per stage; segmentation keeps the last at the stride before it."""
    return (
        BottleneckBlock(64, 256, counts[0], 1),
        BottleneckBlock(256, 512, counts[1], 2),
        BottleneckBlock(512, 1024, counts[2], 2),
        BottleneckBlock(1024, 2048, counts[3], last_stride),
    )


def resnet(
    entry: Entry, name: str, stages: tuple[ResidualBlock | BottleneckBlock, ...], classes: int = 1000, pool: int = 3
) -> NetSpec:
    """Stem, stages, head. The catalogue pools 3×3 windows, the trainers of Part 1 pool 2×2."""
    stem = ConvBN(3, 64, 7, 2), MaxPool(pool, 2)
    width = stages[-1].out_channels
    return entry.spec(name, (224, 224, 3), *stem, *stages, GlobalAvgPool(), Dense(width, classes))


TINY_RESNET = RESNET.spec(
    "tiny-ResNet (basic blocks)",
    (32, 32, 3),
    ConvBN(3, 16, 3),
    ResidualBlock(16, 16, 2, 1),
    ResidualBlock(16, 32, 2, 2),
    ResidualBlock(32, 64, 2, 2),
    GlobalAvgPool(),
    Dense(64, 10),
)

# For 32-pixel digits: the stem and the three stages of the paper's CIFAR networks, from half the resolution on.
RESNET_DIGITS = PART1.spec(
    "ResNet-Digits",
    (32, 32, 3),
    ConvBN(3, 16, 3, 2),
    ResidualBlock(16, 16, 1, 1),
    ResidualBlock(16, 32, 1, 2),
    ResidualBlock(32, 64, 1, 2),
    GlobalAvgPool(),
    Dense(64, 10),
    role="trainer",
)

SPECS = (
    resnet(RESNET, "ResNet-18", basic((2, 2, 2, 2))),
    resnet(RESNET, "ResNet-50", bottleneck((3, 4, 6, 3))),
    resnet(RESNET, "ResNet-101", bottleneck((3, 4, 23, 3))),
    resnet(RESNET, "ResNet-152", bottleneck((3, 8, 36, 3))),
    TINY_RESNET,
    resnet(PART1, "ResNet-34", basic((3, 4, 6, 3)), classes=10, pool=2),
    resnet(PART1, "ResNet-50 (10 classes)", bottleneck((3, 4, 6, 3)), classes=10, pool=2),
    resnet(PART1, "ResNet-34 (ImageNet)", basic((3, 4, 6, 3))),
    RESNET_DIGITS,
)
