"""DETR: a ResNet, a transformer, and a set of queries."""

from __future__ import annotations

from netspec.catalogue.entry import DETECTION, Entry
from netspec.catalogue.resnet import bottleneck
from netspec.layers import (
    BottleneckBlock,
    Conv2d,
    ConvBN,
    DETRHeads,
    MaxPool,
    PatchEmbed,
    TransformerDecoder,
    TransformerEncoder,
)
from netspec.spec import NetSpec

NEW = ("transformer_decoder", "detr_heads")
DETR = Entry("DETR", DETECTION, "Carion et al. 2020, arXiv:2005.12872", 2020, NEW, NEW)


def detr(name: str, counts: tuple[int, ...]) -> NetSpec:
    """The chapter's listing: a patch embedding of single pixels stands for the 1×1 projection and the positions."""
    return DETR.spec(
        name,
        (800, 800, 3),
        ConvBN(3, 64, 7, 2),
        MaxPool(2, 2),
        *bottleneck(counts),
        PatchEmbed(2048, 256, 1, 25 * 25),
        TransformerEncoder(256, 8, 2048, 6),
        TransformerDecoder(256, 8, 2048, 6, 100),
        DETRHeads(256, 91),
    )


def whole(name: str, counts: tuple[int, ...]) -> NetSpec:
    """The same with the projection as a convolution: no class token and no learned positions."""
    return DETR.spec(
        name,
        (800, 800, 3),
        ConvBN(3, 64, 7, 2),
        MaxPool(3, 2),
        *bottleneck(counts),
        Conv2d(2048, 256, 1, activation="identity"),
        TransformerEncoder(256, 8, 2048, 6),
        TransformerDecoder(256, 8, 2048, 6, 100),
        DETRHeads(256, 91),
        role="system",
        remark="positions are sinusoids, as published",
    )


TINY_DETR = DETR.spec(
    "tiny-DETR",
    (128, 128, 3),
    ConvBN(3, 32, 7, 2),
    MaxPool(2, 2),
    BottleneckBlock(32, 64, 2, 2),
    BottleneckBlock(64, 128, 2, 2),  # 8×8
    PatchEmbed(128, 64, 1, 64),
    TransformerEncoder(64, 4, 256, 2),
    TransformerDecoder(64, 4, 256, 2, 20),
    DETRHeads(64, 20),
    remark="the listing's first stage has stride 1, which would leave 256 tokens where it expects 64",
)

SPECS = (
    detr("DETR-R50", (3, 4, 6, 3)),
    detr("DETR-R101", (3, 4, 23, 3)),
    TINY_DETR,
    whole("DETR-R50 (whole)", (3, 4, 6, 3)),
    whole("DETR-R101 (whole)", (3, 4, 23, 3)),
)
