"""DenseNet: every layer of a block reads all before it."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import ConvBN, Dense, DenseBlock, GlobalAvgPool, MaxPool, TransitionLayer
from netspec.layers.base import Layer
from netspec.spec import NetSpec

DENSENET = Entry(
    "DenseNet",
    VISION,
    "Huang et al. 2016, arXiv:1608.06993",
    2016,
    ("dense_block", "transition_layer"),
    earlier_new_primitives=None,
)


def body(channels: int, growth_rate: int, counts: tuple[int, ...]) -> Iterator[Layer]:
    """Dense blocks by layers per block, halved in width and resolution between; the last width follows."""
    for block, count in enumerate(counts):
        if block:
            yield TransitionLayer(channels, channels // 2)
            channels //= 2
        yield DenseBlock(channels, growth_rate, count)
        channels += count * growth_rate


def densenet(name: str, counts: tuple[int, ...], width: int) -> NetSpec:
    """An ImageNet-sized DenseNet of growth rate 32; the chapter gives it ten classes."""
    return DENSENET.spec(
        name,
        (224, 224, 3),
        ConvBN(3, 64, 7, 2),
        MaxPool(3, 2),  # 56×56
        *body(64, 32, counts),
        GlobalAvgPool(),
        Dense(width, 10),
        remark="ten classes, as the chapter lists it",
    )


TINY_DENSENET = DENSENET.spec(
    "tiny-DenseNet", (32, 32, 3), ConvBN(3, 16, 3), *body(16, 8, (2, 2)), GlobalAvgPool(), Dense(32, 10)
)

# For 32-pixel digits: two blocks of growth rate 16.
DENSENET_DIGITS = DENSENET.spec(
    "DenseNet-Digits",
    (32, 32, 3),
    ConvBN(3, 24, 3, 2),
    MaxPool(2, 2),
    *body(24, 16, (4, 4)),
    GlobalAvgPool(),
    Dense(108, 10),
    role="trainer",
)

SPECS = (
    densenet("DenseNet-121", (6, 12, 24, 16), 1024),
    densenet("DenseNet-169", (6, 12, 32, 32), 1664),
    densenet("DenseNet-201", (6, 12, 48, 32), 1920),
    TINY_DENSENET,
    DENSENET_DIGITS,
)
