"""SENet: residual blocks whose channels a gate weighs before the sum."""

from __future__ import annotations

from dataclasses import replace

from netspec.catalogue.entry import term
from netspec.catalogue.resnet import resnet
from netspec.layers import BottleneckBlock, ConvBN, Dense, GlobalAvgPool, ResidualBlock

SENET = term("SENet", 5051, "Hu et al. 2017, arXiv:1709.01507", 2017)


STRIDES = "strides are in the 3×3 as in ResNet here, in the released network in the first 1×1, which has the same count"


def gated(counts: tuple[int, ...], reduction: int = 16) -> tuple[BottleneckBlock, ...]:
    """The four stages of a deep ResNet with gates, by blocks per stage."""
    stages = ((64, 256, 1), (256, 512, 2), (512, 1024, 2), (1024, 2048, 2))
    return tuple(
        BottleneckBlock(i, o, count, stride, squeeze_excite=reduction)
        for (i, o, stride), count in zip(stages, counts, strict=True)
    )


SE_50 = resnet(SENET, "SE-ResNet-50", gated((3, 4, 6, 3)))

SPECS = (
    replace(SE_50, provenance=replace(SE_50.provenance, remark=STRIDES)),
    SENET.spec(
        "tiny-SE-ResNet",
        (16, 16, 3),
        ConvBN(3, 16, 3),
        ResidualBlock(16, 16, 1, 1, squeeze_excite=4),
        BottleneckBlock(16, 32, 1, 2, squeeze_excite=4),
        GlobalAvgPool(),
        Dense(32, 10),
    ),
)
