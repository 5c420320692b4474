"""Small convolutional networks: MNASNet of torchvision, MobileNetV4 of timm, ShuffleNet V1 as the paper has it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.idioms.mobile import fused, inverted, universal
from netspec.idioms.parts import conv, rounded
from netspec.layers import (
    Activate,
    AvgPool,
    Branches,
    ConvBN,
    Dense,
    Flatten,
    GlobalAvgPool,
    MaxPool,
    Repeat,
    Reshape,
    Residual,
    ShuffleChannels,
)
from netspec.layers.base import Layer
from netspec.spec import NetSpec

TORCHVISION, TIMM, DEFINED = "torchvision 0.28.0", "timm 1.0.31", "written from the paper"
MNASNET = "Tan et al. 2018, arXiv:1807.11626"
MOBILENET_V4 = "Qin et al. 2024, arXiv:2404.10518"
SHUFFLENET = "Zhang et al. 2017, arXiv:1707.01083"
UNBIASED = Conventions(batch_norm_variance="unbiased")

#: Channels, kernel, stride, expansion and blocks of MNASNet's stages.
STAGES = ((24, 3, 2, 3, 3), (40, 5, 2, 3, 3), (80, 5, 2, 6, 3), (96, 3, 1, 6, 2), (192, 5, 2, 6, 4), (320, 3, 1, 6, 1))


def mnasnet(multiplier: float, *, classes: int = 1000) -> NetSpec:
    """All channels ``multiplier`` times as many, but for the 1,280 of the last convolution."""
    first, arrived = rounded(32 * multiplier), rounded(16 * multiplier)
    stem = (
        *conv(3, first, 3, 2),
        *conv(first, first, 3, groups=first),
        *conv(first, arrived, 1, activation="identity"),
    )
    layers: list[Layer] = [*stem]
    for channels, kernel, stride, expand, count in STAGES:
        leaving, blocks = rounded(channels * multiplier), []
        for index in range(count):
            block = inverted(arrived, leaving, arrived * expand, kernel, 1 if index else stride, "relu")
            blocks.append(Repeat(1, block))
            arrived = leaving
        layers.append(Repeat(1, tuple(blocks)))
    head = (ConvBN(arrived, 1280, 1), GlobalAvgPool(), Dense(1280, classes))
    conventions = Conventions(batch_norm_momentum=0.9997, batch_norm_variance="unbiased")
    return network((224, 224, 3), *layers, *head, conventions=conventions, paper=MNASNET)


#: One stage of MobileNetV4: blocks (how many, kernels before and in the middle, stride, expansion).
Blocks = tuple[tuple[int, int, int, int, float], ...]
SMALL: tuple[tuple[int, Blocks], ...] = (
    (96, ((1, 5, 5, 2, 3), (4, 0, 3, 1, 2), (1, 3, 0, 1, 4))),
    (128, ((1, 3, 3, 2, 6), (1, 5, 5, 1, 4), (1, 0, 5, 1, 4), (1, 0, 5, 1, 3), (2, 0, 3, 1, 4))),
)
_MEDIUM_2 = ((1, 3, 5, 2, 6), (2, 3, 3, 1, 4), (1, 3, 5, 1, 4), (1, 3, 3, 1, 4), (1, 3, 0, 1, 4), (1, 0, 0, 1, 2))
_MEDIUM_3 = ((1, 5, 5, 2, 6), (1, 5, 5, 1, 4), (2, 3, 5, 1, 4), (1, 0, 0, 1, 4), (1, 3, 0, 1, 4), (1, 3, 5, 1, 2))
MEDIUM: tuple[tuple[int, Blocks], ...] = (
    (80, ((1, 3, 5, 2, 4), (1, 3, 3, 1, 2))),
    (160, (*_MEDIUM_2, (1, 3, 0, 1, 4))),
    (256, (*_MEDIUM_3, (1, 5, 5, 1, 4), (2, 0, 0, 1, 4), (1, 5, 0, 1, 2))),
)
_LARGE_3 = ((4, 5, 5, 2, 4), (1, 5, 0, 1, 4), (1, 5, 3, 1, 4), (2, 5, 0, 1, 4), (1, 5, 3, 1, 4), (1, 5, 5, 1, 4))
LARGE: tuple[tuple[int, Blocks], ...] = (
    (96, ((1, 3, 5, 2, 4), (1, 3, 3, 1, 4))),
    (192, ((1, 3, 5, 2, 4), (3, 3, 3, 1, 4), (1, 3, 5, 1, 4), (5, 5, 3, 1, 4), (1, 3, 0, 1, 4))),
    (512, (*_LARGE_3, (3, 5, 0, 1, 4))),
)


def mobilenet_v4(
    stages: tuple[tuple[int, Blocks], ...], stem: int, multiplier: float = 1.0, *, side: int = 224, classes: int = 1000
) -> NetSpec:
    """A stage is a layer and its blocks are layers of that. The small form begins with four plain convolutions, the
    others with a fused block. All channels but the stem's and the last are ``multiplier`` times as many.
    """

    def wide(channels: int) -> int:
        return rounded(channels * multiplier)

    layers: list[Layer] = [ConvBN(3, stem, 3, 2)]
    if stages is SMALL:
        a, b, c = wide(32), wide(96), wide(64)
        layers += [
            Repeat(1, (ConvBN(stem, a, 3, 2), ConvBN(a, a, 1))),
            Repeat(1, (ConvBN(a, b, 3, 2), ConvBN(b, c, 1))),
        ]
        arrived = c
    else:
        arrived = wide(48)
        layers.append(Repeat(1, fused(stem, arrived, 4, 3, 2, "relu")))
    for channels, table in stages:
        blocks = []
        for count, before, middle, stride, expand in table:
            for index in range(count):
                step = 1 if index else stride
                inner = rounded(arrived * expand)
                blocks.append(Repeat(1, universal(arrived, wide(channels), inner, before, middle, step)))
                arrived = wide(channels)
        layers.append(Repeat(1, tuple(blocks)))
    last = wide(960)
    head = (GlobalAvgPool(), Reshape((1, 1, last)), ConvBN(last, 1280, 1), Flatten(), Dense(1280, classes))
    return network((side, side, 3), *layers, ConvBN(arrived, last, 1), *head, conventions=UNBIASED, paper=MOBILENET_V4)


#: Channels of ShuffleNet's three stages by the number of groups (table 1).
WIDTHS = {1: (144, 288, 576), 2: (200, 400, 800), 3: (240, 480, 960), 4: (272, 544, 1088), 8: (384, 768, 1536)}


def shufflenet_v1(
    groups: int, widths: tuple[int, ...] | None = None, first: int = 24, *, bias: bool = True, classes: int = 1000
) -> NetSpec:
    """Units whose 1×1 have ``groups``, but for the very first, which reads ``first`` channels of the stem."""
    layers: list[Layer] = []
    arrived = first
    for index, (width, count) in enumerate(zip(widths or WIDTHS[groups], (4, 8, 4), strict=True)):
        for place in range(count):
            leaving, stride = (width, 1) if place else (width - arrived, 2)
            middle = width // 4
            body = (
                ConvBN(arrived, middle, 1, groups=groups if index or place else 1),
                ShuffleChannels(groups),
                ConvBN(middle, middle, 3, stride, activation="identity", groups=middle),
                ConvBN(middle, leaving, 1, activation="identity", groups=groups),
            )
            one: Layer = Residual(body) if place else Branches(((AvgPool(3, 2, 1),), body))
            layers.append(Repeat(1, (one, Activate("relu"))))
            arrived = width
    stem, head = (ConvBN(3, first, 3, 2), MaxPool(3, 2)), (GlobalAvgPool(), Dense(arrived, classes, bias=bias))
    return network((224, 224, 3), *stem, *layers, *head, conventions=UNBIASED, paper=SHUFFLENET)


def _networks() -> Iterator[Published]:
    for multiplier in (0.5, 0.75, 1.0, 1.3):
        name = f"mnasnet{multiplier}".replace(".", "_")
        variants = ("MNASNet-1.0",) if multiplier == 1 else ()
        make = partial(mnasnet, multiplier)
        yield Published(name, "MNASNet", TORCHVISION, make, variants, rules="torchvision_mnasnet")
    sizes = (
        ("small", SMALL, 32, 1.0, 224, "MobileNetV4-Conv-Small"),
        ("small_050", SMALL, 32, 0.5, 224, "MobileNetV4-Conv-Small-0.5x"),
        ("medium", MEDIUM, 32, 1.0, 256, "MobileNetV4-Conv-Medium"),
        ("large", LARGE, 24, 1.0, 384, "MobileNetV4-Conv-Large"),
    )
    for size, stages, stem, multiplier, side, variant in sizes:
        make = partial(mobilenet_v4, stages, stem, multiplier, side=side)
        kept = (Part("features (no classifier)", tuple(range(len(stages) + 7))),) if size == "small" else ()
        yield Published(
            f"mobilenetv4_conv_{size}",
            "MobileNetV4",
            TIMM,
            make,
            (variant,),
            parts=kept,
            rules=f"timm_mobilenetv4_{size}",
        )
    for groups in WIDTHS:
        make = partial(shufflenet_v1, groups)
        variants = (f"ShuffleNetV1 1x g={groups}",)
        yield Published(f"shufflenet_v1_g{groups}", "ShuffleNetV1", DEFINED, make, variants, rules="shufflenet_v1")
    for scale, widths, first in (
        ("0.5", (120, 240, 480), 12),
        ("1.0", (240, 480, 960), 24),
        ("1.5", (360, 720, 1440), 24),
        ("2.0", (480, 960, 1920), 48),
    ):
        make = partial(shufflenet_v1, 3, widths, first, bias=False)
        variants = (f"ShuffleNetV1 {scale}x g=3 (megvii code, classifier without bias)",)
        name = f"shufflenet_v1_x{scale}_g3".replace(".", "_")
        yield Published(name, "ShuffleNetV1", DEFINED, make, variants, rules="shufflenet_v1")


NETWORKS = tuple(_networks())
