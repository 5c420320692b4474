"""DeepLab v3+: atrous pyramid pooling over a classifier backbone."""

from __future__ import annotations

from typing import Any

from netspec.catalogue.entry import SEGMENTATION, Entry
from netspec.catalogue.mobilenet import inverted_residuals
from netspec.catalogue.resnet import bottleneck
from netspec.layers import ASPP, BilinearUpsample, BottleneckBlock, Conv2d, ConvBN, Load, MaxPool, Save
from netspec.layers.base import Layer
from netspec.spec import NetSpec

NEW = ("aspp_module",)
DEEPLAB = Entry("DeepLab v3+", SEGMENTATION, "Chen et al. 2018, arXiv:1802.02611", 2018, NEW, NEW)


def resnet101(name: str, refine: Layer, **provenance: Any) -> NetSpec:
    """ResNet-101 with the last stage at stride 1; ``refine`` is one of the decoder's two 3×3 convolutions."""
    return DEEPLAB.spec(
        name,
        (513, 513, 3),
        ConvBN(3, 64, 7, 2),
        MaxPool(3, 2),
        *bottleneck((3, 4, 23, 3), last_stride=1),
        ASPP(2048, 256),
        refine,
        refine,
        Conv2d(256, 21, 1, activation="identity"),  # Pascal VOC
        **provenance,
    )


MOBILENET = DEEPLAB.spec(
    "DeepLab v3+ (MobileNet v2 backbone)",
    (513, 513, 3),
    ConvBN(3, 32, 3, 2),
    *inverted_residuals(last_stride=1),
    ASPP(320, 256),
    ConvBN(256, 256, 3),
    ConvBN(256, 256, 3),
    Conv2d(256, 21, 1, activation="identity"),
)

TINY_DEEPLAB = DEEPLAB.spec(
    "tiny-DeepLab v3+",
    (64, 64, 3),
    ConvBN(3, 32, 3, 2),
    BottleneckBlock(32, 64, 2, 2),
    BottleneckBlock(64, 128, 2, 2),
    ASPP(128, 64),
    ConvBN(64, 32, 3),
    Conv2d(32, 10, 1, activation="identity"),
)

# 512 instead of 513 pixels, so that doubling twice meets the low-level features again.
WHOLE = DEEPLAB.spec(
    "DeepLab v3+ (whole, ResNet-101)",
    (512, 512, 3),
    ConvBN(3, 64, 7, 2),
    MaxPool(3, 2),
    BottleneckBlock(64, 256, 3, 1),
    Save("low level"),
    *bottleneck((3, 4, 23, 3), last_stride=1)[1:],
    ASPP(2048, 256),
    BilinearUpsample(4),
    Save("context"),
    Load("low level"),
    ConvBN(256, 48, 1),
    Load("context", "concat"),
    ConvBN(304, 256, 3),
    ConvBN(256, 256, 3),
    Conv2d(256, 21, 1, activation="identity"),
    BilinearUpsample(4),
    role="system",
)

NAME = "DeepLab v3+ (ResNet-101 backbone)"
SPECS = (
    # The chapter lists plain convolutions in the decoder, the repository normalises them.
    resnet101(NAME, Conv2d(256, 256, 3)),
    MOBILENET,
    TINY_DEEPLAB,
    resnet101("DeepLab v3+ (ResNet-101 backbone, repository)", ConvBN(256, 256, 3), of=NAME),
    WHOLE,
)
