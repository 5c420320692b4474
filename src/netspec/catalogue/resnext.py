"""ResNeXt: bottlenecks whose 3×3 convolution has as many groups as there are paths."""

from __future__ import annotations

from netspec.catalogue.entry import term
from netspec.catalogue.resnet import resnet
from netspec.layers import BottleneckBlock, ConvBN, Dense, GlobalAvgPool

RESNEXT = term("ResNeXt", 4588, "Xie et al. 2016, arXiv:1611.05431", 2016)


def aggregated(counts: tuple[int, ...], cardinality: int, path: int) -> tuple[BottleneckBlock, ...]:
    """Four stages with ``cardinality`` paths, in the first ``path`` channels wide, by blocks per stage."""
    stages = ((64, 256, 1), (256, 512, 2), (512, 1024, 2), (1024, 2048, 2))
    return tuple(
        BottleneckBlock(i, o, count, stride, groups=cardinality, inner_channels=cardinality * path * o // 256)
        for (i, o, stride), count in zip(stages, counts, strict=True)
    )


SPECS = (
    resnet(RESNEXT, "ResNeXt-50 32×4d", aggregated((3, 4, 6, 3), 32, 4)),
    resnet(RESNEXT, "ResNeXt-101 32×8d", aggregated((3, 4, 23, 3), 32, 8)),
    RESNEXT.spec(
        "tiny-ResNeXt",
        (16, 16, 3),
        ConvBN(3, 16, 3),
        BottleneckBlock(16, 32, 1, 1, groups=4, inner_channels=16),
        BottleneckBlock(32, 64, 1, 2, groups=4, inner_channels=32),
        GlobalAvgPool(),
        Dense(64, 10),
    ),
)
