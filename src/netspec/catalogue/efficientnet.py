"""EfficientNet B0 and V2-S as Part 1 trains them."""

from __future__ import annotations

from typing import Any, Literal

from netspec.catalogue.entry import PART_1, Entry
from netspec.layers import ConvBN, Dense, FusedMBConv, GlobalAvgPool, MBConv
from netspec.spec import NetSpec

SqueezeFrom = Literal["input", "expanded"]

B0 = Entry("EfficientNet", PART_1, "Tan & Le 2019, arXiv:1905.11946", 2019, (), None)
V2 = Entry("EfficientNet V2", PART_1, "Tan & Le 2021, arXiv:2104.00298", 2021, (), None)


def efficientnet_b0(name: str, classes: int, squeeze_from: SqueezeFrom, **provenance: Any) -> NetSpec:
    """EfficientNet-B0; ``squeeze_from`` as in :class:`netspec.layers.MBConv`."""

    def stage(*signature: int) -> MBConv:
        return MBConv(*signature, squeeze_from=squeeze_from)

    return B0.spec(
        name,
        (224, 224, 3),
        ConvBN(3, 32, 3, 2, activation="silu"),
        stage(32, 16, 1, 3, 1, 1),
        stage(16, 24, 6, 3, 2, 2),
        stage(24, 40, 6, 5, 2, 2),
        stage(40, 80, 6, 3, 2, 3),
        stage(80, 112, 6, 5, 1, 3),
        stage(112, 192, 6, 5, 2, 4),
        stage(192, 320, 6, 3, 1, 1),
        ConvBN(320, 1280, 1, activation="silu"),
        GlobalAvgPool(),
        Dense(1280, classes),
        **provenance,
    )


def efficientnet_v2_s(name: str, squeeze_from: SqueezeFrom, **provenance: Any) -> NetSpec:
    """EfficientNet V2-S with ten classes."""
    return V2.spec(
        name,
        (224, 224, 3),
        ConvBN(3, 24, 3, 2, activation="silu"),
        FusedMBConv(24, 24, 1, 3, 1, 2),
        FusedMBConv(24, 48, 4, 3, 2, 4),
        FusedMBConv(48, 64, 4, 3, 2, 4),
        MBConv(64, 128, 4, 3, 2, 6, squeeze_from=squeeze_from),
        MBConv(128, 160, 6, 3, 1, 9, squeeze_from=squeeze_from),
        MBConv(160, 256, 6, 3, 2, 15, squeeze_from=squeeze_from),
        ConvBN(256, 1280, 1, activation="silu"),
        GlobalAvgPool(),
        Dense(1280, 10),
        **provenance,
    )


# For 32-pixel digits: MobileNet V2-Digits with the squeeze and the activation of EfficientNet.
EFFICIENTNET_DIGITS = B0.spec(
    "EfficientNet-Digits",
    (32, 32, 3),
    ConvBN(3, 16, 3, 2, activation="silu"),
    MBConv(16, 16, 1, 3, 2, 1),
    MBConv(16, 24, 6, 3, 2, 1),
    MBConv(24, 56, 6, 3, 1, 1),
    ConvBN(56, 448, 1, activation="silu"),
    GlobalAvgPool(),
    Dense(448, 10),
    role="trainer",
)

# The runs that ch. 10 reports were counted with the wider squeeze; the ImageNet run came after it was narrowed.
SPECS = (
    efficientnet_b0("EfficientNet-B0", 10, "expanded"),
    efficientnet_v2_s("EfficientNet V2-S", "expanded"),
    efficientnet_b0("EfficientNet-B0 (ImageNet, bf16)", 1000, "input"),
    efficientnet_b0("EfficientNet-B0 (squeeze from the input)", 10, "input", of="EfficientNet-B0"),
    efficientnet_v2_s("EfficientNet V2-S (squeeze from the input)", "input", of="EfficientNet V2-S"),
    EFFICIENTNET_DIGITS,
)
