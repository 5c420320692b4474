"""SqueezeNet: fire modules, and a 1×1 convolution instead of a dense head."""

from __future__ import annotations

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import Conv2d, ConvBN, FireModule, GlobalAvgPool, MaxPool

SQUEEZENET = Entry("SqueezeNet", VISION, "Iandola et al. 2016, arXiv:1602.07360", 2016, ("fire_module",))


def fire(in_channels: int, squeeze: int, expand: int) -> FireModule:
    """A fire module with two equal expansions."""
    return FireModule(in_channels, squeeze, expand, expand)


SQUEEZENET_1_0 = SQUEEZENET.spec(
    "SqueezeNet 1.0",
    (224, 224, 3),
    ConvBN(3, 96, 7, 2),
    MaxPool(2, 2),
    fire(96, 16, 64),  # Fire2
    fire(128, 16, 64),
    fire(128, 32, 128),
    MaxPool(2, 2),
    fire(256, 32, 128),
    fire(256, 48, 192),
    fire(384, 48, 192),
    fire(384, 64, 256),
    MaxPool(2, 2),
    fire(512, 64, 256),  # Fire9
    Conv2d(512, 1000, 1),
    GlobalAvgPool(),
)

SQUEEZENET_1_1 = SQUEEZENET.spec(
    "SqueezeNet 1.1",
    (224, 224, 3),
    ConvBN(3, 64, 3, 2),
    MaxPool(2, 2),
    fire(64, 16, 64),
    fire(128, 16, 64),
    MaxPool(2, 2),  # earlier than in 1.0
    fire(128, 32, 128),
    fire(256, 32, 128),
    MaxPool(2, 2),
    fire(256, 48, 192),
    fire(384, 48, 192),
    fire(384, 64, 256),
    fire(512, 64, 256),
    Conv2d(512, 1000, 1),
    GlobalAvgPool(),
)

TINY_SQUEEZENET = SQUEEZENET.spec(
    "tiny-SqueezeNet",
    (32, 32, 3),
    ConvBN(3, 32, 3),
    fire(32, 8, 16),
    fire(32, 8, 16),
    MaxPool(2, 2),
    fire(32, 16, 32),
    fire(64, 16, 32),
    Conv2d(64, 10, 1),
    GlobalAvgPool(),
)

# For 32-pixel digits: the plan of 1.1 with four fire modules.
SQUEEZENET_DIGITS = SQUEEZENET.spec(
    "SqueezeNet-Digits",
    (32, 32, 3),
    ConvBN(3, 48, 3, 2),
    MaxPool(2, 2),
    fire(48, 16, 48),
    fire(96, 16, 48),
    MaxPool(2, 2),
    fire(96, 32, 64),
    fire(128, 32, 64),
    Conv2d(128, 10, 1),
    GlobalAvgPool(),
    role="trainer",
)

SPECS = (SQUEEZENET_1_0, SQUEEZENET_1_1, TINY_SQUEEZENET, SQUEEZENET_DIGITS)
