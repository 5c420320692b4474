"""Xception: every convolution after the stem is depthwise-separable."""

from __future__ import annotations

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import ConvBN, Dense, GlobalAvgPool, MaxPool, SeparableConv
from netspec.layers.base import Layers

XCEPTION_ENTRY = Entry("Xception", VISION, "Chollet 2016, arXiv:1610.02357", 2016, ("separable_conv",))


def pair(in_channels: int, out_channels: int) -> Layers:
    """Two separable convolutions, the first widening."""
    return SeparableConv(in_channels, out_channels, 1), SeparableConv(out_channels, out_channels, 1)


XCEPTION = XCEPTION_ENTRY.spec(
    "Xception",
    (299, 299, 3),
    # Entry flow
    ConvBN(3, 32, 3, 2),
    ConvBN(32, 64, 3),
    *pair(64, 128),
    MaxPool(2, 2),
    *pair(128, 256),
    MaxPool(2, 2),
    *pair(256, 728),
    MaxPool(2, 2),
    # Middle flow: eight times three
    *[SeparableConv(728, 728, 1)] * 24,
    # Exit flow
    SeparableConv(728, 728, 1),
    SeparableConv(728, 1024, 1),
    MaxPool(2, 2),
    SeparableConv(1024, 1536, 1),
    SeparableConv(1536, 2048, 1),
    GlobalAvgPool(),
    Dense(2048, 1000),
    remark="the listing leaves the residual connections out",
)

TINY_XCEPTION = XCEPTION_ENTRY.spec(
    "tiny-Xception",
    (32, 32, 3),
    ConvBN(3, 16, 3),
    *pair(16, 32),
    MaxPool(2, 2),
    *pair(32, 64),
    MaxPool(2, 2),
    *pair(64, 128),
    GlobalAvgPool(),
    Dense(128, 10),
)

SPECS = (XCEPTION, TINY_XCEPTION)
