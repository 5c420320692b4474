"""ResNets of torchvision."""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import BottleneckBlock, ConvBN, Dense, GlobalAvgPool, MaxPool, ResidualBlock
from netspec.spec import NetSpec

PAPER = "He et al. 2015, arXiv:1512.03385"
TORCHVISION = "torchvision 0.28.0"


def resnet(
    block: type[ResidualBlock | BottleneckBlock], counts: tuple[int, ...], groups: int = 1, base: int = 64
) -> NetSpec:
    """Four stages of ``counts`` blocks; of bottlenecks the 3×3 has ``groups`` groups of ``base`` channels in the
    first.
    """
    widths = tuple(width * (4 if block is BottleneckBlock else 1) for width in (64, 128, 256, 512))
    stages, arrived = [], 64
    for index, (width, count) in enumerate(zip(widths, counts, strict=True)):
        inner = {"inner_channels": groups * base * 2**index, "groups": groups} if block is BottleneckBlock else {}
        stages.append(block(arrived, width, count, 2 if index else 1, **inner))
        arrived = width
    stem = ConvBN(3, 64, 7, 2), MaxPool(3, 2)
    conventions = Conventions(batch_norm_variance="unbiased")
    return network(
        (224, 224, 3), *stem, *stages, GlobalAvgPool(), Dense(arrived, 1000), conventions=conventions, paper=PAPER
    )


def _published(name: str, variants: tuple[str, ...], *arguments: object) -> Published:
    return Published(name, "ResNet", TORCHVISION, partial(resnet, *arguments), variants, rules="torchvision_resnet")  # type: ignore[arg-type]


NETWORKS = (
    _published("resnet18", ("ResNet-18", "ResNet-18 (timm)"), ResidualBlock, (2, 2, 2, 2)),
    _published("resnet34", ("ResNet-34", "ResNet-34 (timm)"), ResidualBlock, (3, 4, 6, 3)),
    _published("resnet50", ("ResNet-50", "ResNet-50 (timm)"), BottleneckBlock, (3, 4, 6, 3)),
    _published("resnet101", ("ResNet-101",), BottleneckBlock, (3, 4, 23, 3)),
    _published("resnet152", ("ResNet-152",), BottleneckBlock, (3, 8, 36, 3)),
)
