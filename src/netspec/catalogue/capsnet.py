"""Capsule network for digits: convolution, primary capsules, routing, and a decoder of the capsule that is longest."""

from __future__ import annotations

from netspec.catalogue.entry import term
from netspec.layers import (
    CapsuleLengths,
    Conv2d,
    Dense,
    DynamicRouting,
    Flatten,
    Heads,
    LongestCapsule,
    Reshape,
    Squash,
)
from netspec.layers.base import Layers

CAPSNET = term("Capsule network", 1803, "Sabour et al. 2017, arXiv:1710.09829", 2017)


def capsules(channels: int, kernel: int, side: int, primary: int, classes: int, width: int) -> Layers:
    """Two convolutions, ``side²·primary/8`` capsules of eight, and one capsule for each class."""
    count = side * side * primary // 8
    return (
        Conv2d(1, channels, kernel, "valid"),
        Conv2d(channels, primary, kernel, "valid", "identity", stride=2),
        Reshape((count, 8)),
        Squash(),
        DynamicRouting(count, 8, classes, width),
    )


MNIST = capsules(256, 9, 6, 256, 10, 16)

SPECS = (
    CAPSNET.spec("CapsNet (MNIST)", (28, 28, 1), *MNIST, CapsuleLengths()),
    CAPSNET.spec(
        "CapsNet with decoder (MNIST)",
        (28, 28, 1),
        *MNIST,
        Heads(
            {
                "lengths": CapsuleLengths(),
                "picture": (
                    LongestCapsule(),
                    Flatten(),
                    Dense(160, 512, "relu"),
                    Dense(512, 1024, "relu"),
                    Dense(1024, 784, "sigmoid"),
                    Reshape((28, 28, 1)),
                ),
            }
        ),
        remark="while training, the decoder reads the capsule of the right class and not the longest",
    ),
    CAPSNET.spec("tiny-CapsNet", (12, 12, 1), *capsules(8, 3, 4, 16, 4, 6), CapsuleLengths()),
)
