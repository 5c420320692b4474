"""MobileNet V2 and V3 of torchvision, MobileNet V1 of timm."""

from __future__ import annotations

from functools import partial
from typing import Literal

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.idioms.mobile import inverted
from netspec.idioms.parts import rounded
from netspec.layers import ConvBN, Dense, GlobalAvgPool, InvertedResidual, Repeat, SeparableConv
from netspec.spec import NetSpec

TORCHVISION, TIMM = "torchvision 0.28.0", "timm 1.0.31"
V1 = "Howard et al. 2017, arXiv:1704.04861"
V2 = "Sandler et al. 2018, arXiv:1801.04381"
V3 = "Howard et al. 2019, arXiv:1905.02244"

#: Expansion, channels, blocks, stride of each stage.
STAGES_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def mobilenet_v2(multiplier: float = 1.0, *, classes: int = 1000) -> NetSpec:
    """All channels ``multiplier`` times as many, as multiples of eight; the last never fewer than 1280."""
    first, last = rounded(32 * multiplier), rounded(1280 * max(1.0, multiplier))
    stages, arrived = [], first
    for expand, channels, count, stride in STAGES_V2:
        leaving = rounded(channels * multiplier)
        stages.append(InvertedResidual(arrived, leaving, expand, stride, count))
        arrived = leaving
    return network(
        (224, 224, 3),
        ConvBN(3, first, 3, 2),
        *stages,
        ConvBN(arrived, last, 1),
        GlobalAvgPool(),
        Dense(last, classes),
        conventions=Conventions(relu="relu6", batch_norm_variance="unbiased"),
        paper=V2,
    )


#: Kernel, expanded, out, squeezed or not, activation, stride.
LARGE = (
    (3, 16, 16, False, "relu", 1),
    (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1),
    (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "hard_swish", 2),
    (3, 200, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 480, 112, True, "hard_swish", 1),
    (3, 672, 112, True, "hard_swish", 1),
    (5, 672, 160, True, "hard_swish", 2),
    (5, 960, 160, True, "hard_swish", 1),
    (5, 960, 160, True, "hard_swish", 1),
)
SMALL = (
    (3, 16, 16, True, "relu", 2),
    (3, 72, 24, False, "relu", 2),
    (3, 88, 24, False, "relu", 1),
    (5, 96, 40, True, "hard_swish", 2),
    (5, 240, 40, True, "hard_swish", 1),
    (5, 240, 40, True, "hard_swish", 1),
    (5, 120, 48, True, "hard_swish", 1),
    (5, 144, 48, True, "hard_swish", 1),
    (5, 288, 96, True, "hard_swish", 2),
    (5, 576, 96, True, "hard_swish", 1),
    (5, 576, 96, True, "hard_swish", 1),
)


def mobilenet_v3(size: Literal["large", "small"], multiplier: float = 1.0, *, classes: int = 1000) -> NetSpec:
    """Blocks one by one; gates squeeze to a quarter, as a multiple of eight."""
    blocks, hidden = (LARGE, 1280) if size == "large" else (SMALL, 1024)
    layers, arrived = [], rounded(16 * multiplier)
    stem = ConvBN(3, arrived, 3, 2, activation="hard_swish")
    for kernel, wide, out, squeezed, activation, stride in blocks:
        expanded, leaving = rounded(wide * multiplier), rounded(out * multiplier)
        gate = rounded(expanded / 4) if squeezed else None
        body = inverted(
            arrived,
            leaving,
            expanded,
            kernel,
            stride,
            activation,
            squeezed=gate,
            gate="hard_sigmoid",
            squeeze_activation="relu",
        )
        layers.append(Repeat(1, body))
        arrived = leaving
    last = 6 * arrived
    return network(
        (224, 224, 3),
        stem,
        *layers,
        ConvBN(arrived, last, 1, activation="hard_swish"),
        GlobalAvgPool(),
        Dense(last, hidden, "hard_swish"),
        Dense(hidden, classes),
        conventions=Conventions(batch_norm_epsilon=1e-3, batch_norm_variance="unbiased"),
        paper=V3,
    )


def mobilenet_v1(multiplier: float = 1.0, *, classes: int = 1000) -> NetSpec:
    """Depthwise-separable convolutions with ReLU6, as timm has it."""
    widths = (64, 128, 128, 256, 256, *[512] * 6, 1024, 1024)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    layers, arrived = [], rounded(32 * multiplier)
    stem = ConvBN(3, arrived, 3, 2)
    for width, stride in zip(widths, strides, strict=True):
        leaving = rounded(width * multiplier)
        layers.append(SeparableConv(arrived, leaving, stride))
        arrived = leaving
    return network(
        (224, 224, 3),
        stem,
        *layers,
        GlobalAvgPool(),
        Dense(arrived, classes),
        conventions=Conventions(relu="relu6", batch_norm_variance="unbiased"),
        paper=V1,
    )


NETWORKS = (
    Published(
        "mobilenet_v2",
        "MobileNetV2",
        TORCHVISION,
        mobilenet_v2,
        ("MobileNetV2-1.0", "MobileNetV2-1.0 (timm)"),
        parts=(Part("features (no classifier)", tuple(range(9))),),
        rules="torchvision_mobilenet_v2",
    ),
    *(
        Published(
            f"mobilenet_v3_{size.lower()}",
            "MobileNetV3",
            TORCHVISION,
            partial(mobilenet_v3, size.lower()),
            (f"MobileNetV3-{size}", f"MobileNetV3-{size}-1.0 (timm)"),
            rules="torchvision_mobilenet_v3",
        )
        for size in ("Large", "Small")
    ),
    Published("mobilenetv1_100", "MobileNetV1", TIMM, mobilenet_v1, ("MobileNetV1-1.0",), rules="timm_mobilenet_v1"),
)
