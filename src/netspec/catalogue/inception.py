"""GoogLeNet, and Inception v3 and v4 as the chapter approximates them with the same module."""

from __future__ import annotations

from typing import Any

from netspec.catalogue.entry import VISION, Entry
from netspec.layers import ConvBN, Dense, GlobalAvgPool, InceptionModule, MaxPool
from netspec.spec import NetSpec

NEW = ("inception_module",)
V1 = Entry("GoogLeNet / Inception v1", VISION, "Szegedy et al. 2014, arXiv:1409.4842", 2014, NEW, NEW)
# The earlier edition has one entry for all three, so the module counts as new for each of its variants.
V3_V4 = Entry("Inception v3 / v4", VISION, "Szegedy et al. 2015, arXiv:1512.00567", 2015, (), NEW)

GOOGLENET = V1.spec(
    "GoogLeNet (Inception v1)",
    (224, 224, 3),
    ConvBN(3, 64, 7, 2),
    MaxPool(2, 2),  # 56×56
    ConvBN(64, 64, 1),
    ConvBN(64, 192, 3),
    MaxPool(2, 2),  # 28×28
    InceptionModule(192, 64, 96, 128, 16, 32, 32),  # 3a
    InceptionModule(256, 128, 128, 192, 32, 96, 64),
    MaxPool(2, 2),  # 14×14
    InceptionModule(480, 192, 96, 208, 16, 48, 64),  # 4a
    InceptionModule(512, 160, 112, 224, 24, 64, 64),
    InceptionModule(512, 128, 128, 256, 24, 64, 64),
    InceptionModule(512, 112, 144, 288, 32, 64, 64),
    InceptionModule(528, 256, 160, 320, 32, 128, 128),
    MaxPool(2, 2),  # 7×7
    InceptionModule(832, 256, 160, 320, 32, 128, 128),  # 5a
    InceptionModule(832, 384, 192, 384, 48, 128, 128),
    GlobalAvgPool(),
    Dense(1024, 1000),
)


def later(name: str, modules: tuple[InceptionModule, ...], classes: int = 1000, **provenance: Any) -> NetSpec:
    """The stem that v3 and v4 share here, the modules of three stages with a stem pool before them, and the head."""
    last = modules[-1]
    width = last.conv_1x1 + last.conv_3x3 + last.conv_5x5 + last.pool_1x1
    return V3_V4.spec(
        name,
        (299, 299, 3),
        ConvBN(3, 32, 3, 2),
        ConvBN(32, 32, 3),
        ConvBN(32, 64, 3),
        MaxPool(2, 2),
        ConvBN(64, 80, 1),
        ConvBN(80, 192, 3),
        MaxPool(2, 2),
        *modules,
        GlobalAvgPool(),
        Dense(width, classes),
        **provenance,
    )


INCEPTION_V3 = later(
    "Inception-v3 (bestiary approximation)",
    (
        InceptionModule(192, 64, 48, 64, 64, 96, 32),
        InceptionModule(256, 64, 48, 64, 64, 96, 64),
        InceptionModule(288, 64, 48, 64, 64, 96, 64),
        InceptionModule(288, 192, 128, 192, 128, 192, 192),
        *[InceptionModule(768, 192, 160, 192, 160, 192, 192)] * 3,
        InceptionModule(768, 192, 192, 192, 192, 192, 192),
        InceptionModule(768, 320, 384, 384, 448, 384, 192),
        InceptionModule(1280, 320, 384, 384, 448, 384, 192),
    ),
)

INCEPTION_V4 = later(
    "Inception-v4 (bestiary approximation)",
    (
        InceptionModule(192, 96, 64, 96, 64, 96, 96),
        *[InceptionModule(384, 96, 64, 96, 64, 96, 96)] * 3,
        InceptionModule(384, 384, 192, 224, 192, 256, 128),
        *[InceptionModule(992, 384, 192, 224, 192, 256, 128)] * 6,
        InceptionModule(992, 256, 384, 256, 384, 256, 256),
        *[InceptionModule(1024, 256, 384, 256, 384, 256, 256)] * 2,
    ),
    paper="Szegedy et al. 2016, arXiv:1602.07261",
    year=2016,
)

SPECS = (GOOGLENET, INCEPTION_V3, INCEPTION_V4)
