"""VGG: stacks of 3×3 convolutions, a pool after each, and a heavy dense head."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import Conv2d, Dense, Flatten, MaxPool
from netspec.layers.base import Layer
from netspec.spec import NetSpec

VGG = Entry("VGG", VISION, "Simonyan & Zisserman 2014, arXiv:1409.1556", 2014, earlier_new_primitives=None)


def features(channels: tuple[int, ...], convolutions: tuple[int, ...]) -> Iterator[Layer]:
    """Per stage, ``convolutions`` 3×3 convolutions to ``channels``, then a pool."""
    in_channels = 3
    for out_channels, count in zip(channels, convolutions, strict=True):
        yield Conv2d(in_channels, out_channels, 3)
        yield from [Conv2d(out_channels, out_channels, 3)] * (count - 1)
        yield MaxPool(2, 2)
        in_channels = out_channels


def vgg(name: str, convolutions: tuple[int, ...]) -> NetSpec:
    """One of the four networks of the paper, by convolutions per stage."""
    return VGG.spec(
        name,
        (224, 224, 3),
        *features((64, 128, 256, 512, 512), convolutions),
        Flatten(),
        Dense(7 * 7 * 512, 4096, "relu"),
        Dense(4096, 4096, "relu"),
        Dense(4096, 1000),
    )


TINY_VGG = VGG.spec(
    "tiny-VGG",
    (32, 32, 3),
    *features((32, 64), (2, 2)),
    Flatten(),
    Dense(8 * 8 * 64, 256, "relu"),
    Dense(256, 10),
)

SPECS = (
    vgg("VGG-11", (1, 1, 2, 2, 2)),
    vgg("VGG-13", (2, 2, 2, 2, 2)),
    vgg("VGG-16", (2, 2, 3, 3, 3)),
    vgg("VGG-19", (2, 2, 4, 4, 4)),
    TINY_VGG,
)
