"""EfficientNets of torchvision, of both versions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms.parts import rounded
from netspec.layers import ConvBN, Dense, FusedMBConv, GlobalAvgPool, MBConv
from netspec.spec import NetSpec

TORCHVISION = "torchvision 0.28.0"
V1 = "Tan & Le 2019, arXiv:1905.11946"
V2 = "Tan & Le 2021, arXiv:2104.00298"

#: Expansion, kernel, stride, channels out, blocks.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


def efficientnet(
    width: float = 1.0,
    depth: float = 1.0,
    *,
    image: int = 224,
    classes: int = 1000,
    stages: Sequence[tuple[int, int, int, int, int]] = STAGES,
    first: int = 32,
    last: int | None = None,
    epsilon: float = 1e-5,
) -> NetSpec:
    """Channels ``width`` times as many, as multiples of eight, blocks ``depth`` times, rounded up; the head four times
    the last stage, unless it is said.
    """
    arrived = rounded(first * width)
    layers: list = [ConvBN(3, arrived, 3, 2, activation="silu")]
    for expand, kernel, stride, channels, count in stages:
        leaving = rounded(channels * width)
        layers.append(MBConv(arrived, leaving, expand, kernel, stride, math.ceil(count * depth), divisor=8))
        arrived = leaving
    head = last or 4 * arrived
    return network(
        (image, image, 3),
        *layers,
        ConvBN(arrived, head, 1, activation="silu"),
        GlobalAvgPool(),
        Dense(head, classes),
        conventions=Conventions(batch_norm_epsilon=epsilon, batch_norm_variance="unbiased"),
        paper=V1,
    )


#: Fused or not, expansion, stride, channels out, blocks.
S = (
    (True, 1, 1, 24, 2),
    (True, 4, 2, 48, 4),
    (True, 4, 2, 64, 4),
    (False, 4, 2, 128, 6),
    (False, 6, 1, 160, 9),
    (False, 6, 2, 256, 15),
)
M = (
    (True, 1, 1, 24, 3),
    (True, 4, 2, 48, 5),
    (True, 4, 2, 80, 5),
    (False, 4, 2, 160, 7),
    (False, 6, 1, 176, 14),
    (False, 6, 2, 304, 18),
    (False, 6, 1, 512, 5),
)
L = (
    (True, 1, 1, 32, 4),
    (True, 4, 2, 64, 7),
    (True, 4, 2, 96, 7),
    (False, 4, 2, 192, 10),
    (False, 6, 1, 224, 19),
    (False, 6, 2, 384, 25),
    (False, 6, 1, 640, 7),
)


def efficientnet_v2(
    stages: Sequence[tuple[bool, int, int, int, int]], *, image: int = 384, classes: int = 1000, last: int = 1280,
    epsilon: float = 1e-3,
) -> NetSpec:  # fmt: skip
    """Fused blocks first."""
    arrived = stages[0][3]
    layers: list = [ConvBN(3, arrived, 3, 2, activation="silu")]
    for fused, expand, stride, channels, count in stages:
        block = FusedMBConv if fused else MBConv
        layers.append(block(arrived, channels, expand, 3, stride, count, divisor=8))
        arrived = channels
    return network(
        (image, image, 3),
        *layers,
        ConvBN(arrived, last, 1, activation="silu"),
        GlobalAvgPool(),
        Dense(last, classes),
        conventions=Conventions(batch_norm_epsilon=epsilon, batch_norm_variance="unbiased"),
        paper=V2,
    )


#: Width, depth, side of the picture, epsilon.
SIZES = (
    (1.0, 1.0, 224, 1e-5),
    (1.0, 1.1, 240, 1e-5),
    (1.1, 1.2, 288, 1e-5),
    (1.2, 1.4, 300, 1e-5),
    (1.4, 1.8, 380, 1e-5),
    (1.6, 2.2, 456, 1e-3),
    (1.8, 2.6, 528, 1e-3),
    (2.0, 3.1, 600, 1e-3),
)


def _networks() -> Iterator[Published]:
    for index, (width, depth, image, epsilon) in enumerate(SIZES):
        make = partial(efficientnet, width, depth, image=image, epsilon=epsilon)
        variants = (f"EfficientNet-B{index}", f"EfficientNet-B{index} (timm)")
        name = f"efficientnet_b{index}"
        yield Published(name, "EfficientNet", TORCHVISION, make, variants, rules="torchvision_efficientnet")
    for size, stages, image in (("s", S, 384), ("m", M, 480), ("l", L, 480)):
        make = partial(efficientnet_v2, stages, image=image)
        variants = (f"EfficientNetV2-{size.upper()}",)
        name = f"efficientnet_v2_{size}"
        yield Published(name, "EfficientNetV2", TORCHVISION, make, variants, rules="torchvision_efficientnet")


NETWORKS = tuple(_networks())
