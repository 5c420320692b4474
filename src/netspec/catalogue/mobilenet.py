"""MobileNet V2, V3 and V4 as Part 1 trains them."""

from __future__ import annotations

from netspec.catalogue.entry import PART_1, Entry
from netspec.layers import ConvBN, Dense, FusedMBConv, GlobalAvgPool, InvertedResidual, MBConvV3
from netspec.layers import UniversalInvertedBottleneck as UIB
from netspec.layers.base import Layers
from netspec.spec import NetSpec

V2 = Entry("MobileNet V2", PART_1, "Sandler et al. 2018, arXiv:1801.04381", 2018, (), None)
V3 = Entry("MobileNet V3", PART_1, "Howard et al. 2019, arXiv:1905.02244", 2019, (), None)
V4 = Entry("MobileNet V4", PART_1, "Qin et al. 2024, arXiv:2404.10518", 2024, (), None)


def inverted_residuals(last_stride: int = 2) -> Layers:
    """The seven stages of MobileNet V2; segmentation keeps the sixth at the stride before it."""
    return (
        InvertedResidual(32, 16, 1, 1, 1),
        InvertedResidual(16, 24, 6, 2, 2),
        InvertedResidual(24, 32, 6, 2, 3),
        InvertedResidual(32, 64, 6, 2, 4),
        InvertedResidual(64, 96, 6, 1, 3),
        InvertedResidual(96, 160, 6, last_stride, 3),
        InvertedResidual(160, 320, 6, 1, 1),
    )


def mobilenet_v2(name: str, classes: int) -> NetSpec:
    """MobileNet V2 at width 1.0."""
    head = ConvBN(320, 1280, 1), GlobalAvgPool(), Dense(1280, classes)
    return V2.spec(name, (224, 224, 3), ConvBN(3, 32, 3, 2), *inverted_residuals(), *head)


MOBILENET_V3_LARGE = V3.spec(
    "MobileNet v3-Large",
    (224, 224, 3),
    ConvBN(3, 16, 3, 2, activation="hard_swish"),
    MBConvV3(16, 16, 16, 3, 1, False, "relu"),
    MBConvV3(16, 24, 64, 3, 2, False, "relu"),
    MBConvV3(24, 24, 72, 3, 1, False, "relu"),
    MBConvV3(24, 40, 72, 5, 2, True, "relu"),
    *[MBConvV3(40, 40, 120, 5, 1, True, "relu")] * 2,
    MBConvV3(40, 80, 240, 3, 2, False),
    MBConvV3(80, 80, 200, 3, 1, False),
    *[MBConvV3(80, 80, 184, 3, 1, False)] * 2,
    MBConvV3(80, 112, 480, 3, 1, True),
    MBConvV3(112, 112, 672, 5, 1, True),
    MBConvV3(112, 160, 672, 5, 2, True),
    *[MBConvV3(160, 160, 960, 5, 1, True)] * 2,
    ConvBN(160, 960, 1, activation="hard_swish"),
    GlobalAvgPool(),
    Dense(960, 10),
)

MOBILENET_V4 = V4.spec(
    "MobileNet V4 (Conv-S-sized, 10 classes)",
    (224, 224, 3),
    ConvBN(3, 32, 3, 2),
    FusedMBConv(32, 48, 4, 3, 2, 1),
    UIB(48, 80, 4, 2, 3, 5),
    UIB(80, 80, 2, 1, 3, 3),
    UIB(80, 160, 6, 2, 0, 3),
    UIB(160, 160, 4, 1, 3, 3),
    UIB(160, 160, 4, 1, 3, 5),
    UIB(160, 160, 4, 1, 5, 0),
    UIB(160, 160, 4, 1, 0, 3),
    UIB(160, 160, 4, 1, 3, 0),
    UIB(160, 160, 4, 1, 0, 0),
    UIB(160, 160, 4, 1, 3, 3),
    UIB(160, 256, 6, 2, 5, 5),
    UIB(256, 256, 4, 1, 5, 5),
    UIB(256, 256, 4, 1, 0, 3),
    UIB(256, 256, 4, 1, 3, 0),
    ConvBN(256, 1280, 1),
    GlobalAvgPool(),
    Dense(1280, 10),
)

# For 32-pixel digits: half the width; three blocks, for depthwise convolutions are slow on a processor.
MOBILENET_V2_DIGITS = V2.spec(
    "MobileNet V2-Digits",
    (32, 32, 3),
    ConvBN(3, 16, 3, 2),
    InvertedResidual(16, 16, 1, 2, 1),
    InvertedResidual(16, 24, 6, 2, 1),
    InvertedResidual(24, 56, 6, 1, 1),
    ConvBN(56, 448, 1),
    GlobalAvgPool(),
    Dense(448, 10),
    role="trainer",
)

SPECS = (
    mobilenet_v2("MobileNet-v2", 10),
    MOBILENET_V3_LARGE,
    MOBILENET_V4,
    mobilenet_v2("MobileNetV2 (ImageNet, bf16)", 1000),
    MOBILENET_V2_DIGITS,
)
