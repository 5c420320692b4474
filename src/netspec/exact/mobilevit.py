"""MobileViT of timm and transformers, which differ in names only, and MobileViT v2 of timm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.idioms.mobile import inverted
from netspec.idioms.parts import rounded
from netspec.layers import (
    Conv2d,
    ConvBN,
    Dense,
    GlobalAvgPool,
    GroupNorm,
    MobileViTBlock,
    Repeat,
    Residual,
    SeparableAttention,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TIMM, TRANSFORMERS = "timm 1.0.31", "transformers 5.23.0"
PAPER, SECOND = "Mehta & Rastegari 2021, arXiv:2110.02178", "Mehta & Rastegari 2022, arXiv:2206.02680"

#: Blocks of each transformer.
DEPTHS = (2, 4, 3)


def _narrow(expand: float, i: int, o: int, stride: int) -> Layers:
    """An inverted residual with SiLU."""
    wide = rounded(round(i * expand))
    return (Repeat(1, inverted(i, o, wide, 3, stride, "silu", expand_always=True)),)


def mobilevit(
    channels: Sequence[int],
    widths: Sequence[int],
    last: int,
    *,
    expand: float = 4.0,
    stem: int = 16,
    heads: int = 4,
    mlp_ratio: float = 2.0,
    image: int = 256,
    classes: int = 1000,
) -> NetSpec:
    """Five stages of inverted residuals that leave ``channels``, transformers of ``widths`` in the last three.

    A stage is a layer of the listing. ``last`` channels go to the head.
    """

    narrow = partial(_narrow, expand)
    stages: list[Layers] = []
    arrived = stem
    for index, leaving in enumerate(channels):
        stage = narrow(arrived, leaving, 1 if index == 0 else 2)
        if index == 1:
            stage = (*stage, *narrow(leaving, leaving, 1), *narrow(leaving, leaving, 1))
        if index > 1:
            width = widths[index - 2]
            mlp = int(width * mlp_ratio)
            stage = (*stage, MobileViTBlock(leaving, width, heads, mlp, DEPTHS[index - 2]))
        stages.append(stage)
        arrived = leaving
    return network(
        (image, image, 3),
        ConvBN(3, stem, 3, 2, activation="silu"),
        *(Repeat(1, stage) for stage in stages),
        ConvBN(arrived, last, 1, activation="silu"),
        GlobalAvgPool(),
        Dense(last, classes),
        conventions=Conventions(batch_norm_variance="unbiased"),
        paper=PAPER,
    )


def _linear(channels: int, depth: int) -> Layers:
    """Depthwise and 1×1, ``depth`` blocks of separable attention in half the channels, and back; no fusion."""
    width = rounded(channels / 2)
    norm = GroupNorm(width, 1)
    block = (
        Residual((norm, SeparableAttention(width))),
        Residual((norm, Dense(width, 2 * width, "silu"), Dense(2 * width, width))),
    )
    before = (
        ConvBN(channels, channels, 3, activation="silu", groups=channels),
        Conv2d(channels, width, 1, activation="identity", bias=False),
    )
    return (*before, *block * depth, norm, ConvBN(width, channels, 1, activation="identity"))


def mobilevit_v2(multiplier: float = 1.0, *, image: int = 256, classes: int = 1000) -> NetSpec:
    """The second version: all channels ``multiplier`` times as many, and attention whose cost is linear."""
    arrived = stem = int(32 * multiplier)
    stages: list[Layers] = []
    for index, width in enumerate((64, 128, 256, 384, 512)):
        leaving = int(width * multiplier)
        stage = _narrow(2.0, arrived, leaving, 1 if index == 0 else 2)
        if index == 1:
            stage = (*stage, *_narrow(2.0, leaving, leaving, 1))
        if index > 1:
            stage = (*stage, Repeat(1, _linear(leaving, DEPTHS[index - 2])))
        stages.append(stage)
        arrived = leaving
    return network(
        (image, image, 3),
        ConvBN(3, stem, 3, 2, activation="silu"),
        *(Repeat(1, stage) for stage in stages),
        GlobalAvgPool(),
        Dense(arrived, classes),
        conventions=Conventions(batch_norm_variance="unbiased"),
        paper=SECOND,
    )


#: Size, channels of the stages, widths of the transformers, channels of the head, expansion.
SIZES = (
    ("xx-small", "xxs", (16, 24, 48, 64, 80), (64, 80, 96), 320, 2.0),
    ("x-small", "xs", (32, 48, 64, 80, 96), (96, 120, 144), 384, 4.0),
    ("small", "s", (32, 64, 96, 128, 160), (144, 192, 240), 640, 4.0),
)
PARTS = (Part("features (no classifier)", tuple(range(7))),)


def _networks() -> Iterator[Published]:
    for size, short, channels, widths, last, expand in SIZES:
        make = partial(mobilevit, channels, widths, last, expand=expand)
        variant = f"MobileViT-{short.upper()}"
        yield Published(f"mobilevit_{short}", "MobileViT", TIMM, make, (variant,), parts=PARTS, rules="timm_mobilevit")
        name = f"mobilevit-{size}"
        yield Published(
            f"apple/{name}",
            "MobileViT",
            TRANSFORMERS,
            make,
            (f"{variant} (HF)",),
            rules="transformers_mobilevit",
            aliases=(name,),
        )
    for percent in (50, 75, 100, 125, 150, 175, 200):
        make = partial(mobilevit_v2, percent / 100)
        yield Published(f"mobilevitv2_{percent:03}", "MobileViTv2", TIMM, make, rules="timm_mobilevitv2")


NETWORKS = tuple(_networks())
