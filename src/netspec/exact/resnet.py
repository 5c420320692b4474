"""ResNets of torchvision and timm, with wide and grouped ones; those for small pictures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.idioms.residual import Block, residual
from netspec.layers import BottleneckBlock, ConvBN, Dense, GlobalAvgPool, MaxPool, ResidualBlock
from netspec.spec import NetSpec

PAPER = "He et al. 2015, arXiv:1512.03385"
WIDE = "Zagoruyko & Komodakis 2016, arXiv:1605.07146"
GROUPED = "Xie et al. 2016, arXiv:1611.05431"
TORCHVISION, DEFINED = "torchvision 0.28.0", "written from the paper"
UNBIASED = Conventions(batch_norm_variance="unbiased")


def resnet(
    block: type[ResidualBlock | BottleneckBlock],
    counts: tuple[int, ...],
    groups: int = 1,
    base: int = 64,
    *,
    classes: int = 1000,
    small: bool = False,
    image: int = 224,
    paper: str = PAPER,
) -> NetSpec:
    """Four stages of ``counts`` blocks; the 3×3 of a bottleneck has ``groups`` of ``base`` channels in the first.

    ``small`` pictures are met by a 3×3 without stride and pool.
    """
    widths = tuple(width * (4 if block is BottleneckBlock else 1) for width in (64, 128, 256, 512))
    stages: list[ResidualBlock | BottleneckBlock] = []
    arrived = 64
    for index, (width, count) in enumerate(zip(widths, counts, strict=True)):
        inner: dict[str, Any] = {}
        if block is BottleneckBlock:
            inner = {"inner_channels": groups * base * 2**index, "groups": groups}
        stages.append(block(arrived, width, count, 2 if index else 1, **inner))
        arrived = width
    stem = (ConvBN(3, 64, 3),) if small else (ConvBN(3, 64, 7, 2), MaxPool(3, 2))
    head = (GlobalAvgPool(), Dense(arrived, classes))
    return network((image, image, 3), *stem, *stages, *head, conventions=UNBIASED, paper=paper)


def cifar(depth: int, *, option: Literal["A", "B"] = "A", classes: int = 10) -> NetSpec:
    """``6n + 2`` layers in three stages; shortcuts thin out and fill up with zeros (``option`` A of sec. 3.3), or are
    1×1 convolutions where the shape changes (B).
    """
    count, block = (depth - 2) // 6, Block(bottleneck=False, shortcut="pad" if option == "A" else "projection")
    layers = [
        layer
        for index, width in enumerate((16, 32, 64))
        for place in range(count)
        for layer in residual(
            width // 2 if index and not place else width, width, width, 2 if index and not place else 1, block
        )
    ]
    head = (GlobalAvgPool(), Dense(64, classes))
    return network((32, 32, 3), ConvBN(3, 16, 3), *layers, *head, conventions=UNBIASED, paper=PAPER)


BASIC, DEEP = ResidualBlock, BottleneckBlock
#: Name, family, variants, block and counts, and what else differs.
SIZES: tuple[tuple[str, str, tuple[str, ...], tuple[Any, ...], dict[str, Any]], ...] = (
    ("resnet18", "ResNet", ("ResNet-18", "ResNet-18 (timm)"), (BASIC, (2, 2, 2, 2)), {}),
    ("resnet34", "ResNet", ("ResNet-34", "ResNet-34 (timm)"), (BASIC, (3, 4, 6, 3)), {}),
    ("resnet50", "ResNet", ("ResNet-50", "ResNet-50 (timm)"), (DEEP, (3, 4, 6, 3)), {}),
    ("resnet101", "ResNet", ("ResNet-101",), (DEEP, (3, 4, 23, 3)), {}),
    ("resnet152", "ResNet", ("ResNet-152",), (DEEP, (3, 8, 36, 3)), {}),
    ("wide_resnet50_2", "WideResNet", ("Wide-ResNet-50-2",), (DEEP, (3, 4, 6, 3), 1, 128), {"paper": WIDE}),
    ("wide_resnet101_2", "WideResNet", ("Wide-ResNet-101-2",), (DEEP, (3, 4, 23, 3), 1, 128), {"paper": WIDE}),
    (
        "resnext50_32x4d",
        "ResNeXt",
        ("ResNeXt-50-32x4d", "ResNeXt-50-32x4d (timm)"),
        (DEEP, (3, 4, 6, 3), 32, 4),
        {"paper": GROUPED},
    ),
    ("resnext101_32x8d", "ResNeXt", ("ResNeXt-101-32x8d",), (DEEP, (3, 4, 23, 3), 32, 8), {"paper": GROUPED}),
    ("resnext101_64x4d", "ResNeXt", (), (DEEP, (3, 4, 23, 3), 64, 4), {"paper": GROUPED}),
)
HEADLESS = (Part("features (no classifier)", tuple(range(7))),)


def _networks() -> Iterator[Published]:
    for name, family, variants, arguments, options in SIZES:
        make = partial(resnet, *arguments, **options)
        yield Published(name, family, TORCHVISION, make, variants, parts=HEADLESS, rules="torchvision_resnet")
    for name, family, variants, arguments, _ in SIZES[:5]:
        make = partial(resnet, *arguments, classes=10, small=True, image=32)
        found = (f"{variants[0]} with 3x3 CIFAR stem",)
        yield Published(f"{name}_cifar", family, TORCHVISION, make, found, rules="small_resnet")
    for depth in (20, 32, 44, 56, 110):
        yield Published(f"resnet{depth}_cifar_a", "ResNet-CIFAR", DEFINED, partial(cifar, depth), rules="resnet_cifar")
        make = partial(cifar, depth, option="B")
        yield Published(f"resnet{depth}_cifar_b", "ResNet-CIFAR", DEFINED, make, rules="resnet_cifar")


NETWORKS = tuple(_networks())
