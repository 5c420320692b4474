"""VGG and AlexNet of torchvision, and AlexNet as first published."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import AdaptiveAvgPool, Conv2d, ConvBN, Dense, Flatten, LocalResponseNorm, MaxPool
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TORCHVISION, DEFINED = "torchvision 0.28.0", "written from the paper"
VGG = "Simonyan & Zisserman 2014, arXiv:1409.1556"
ONE_TRICK = "Krizhevsky 2014, arXiv:1404.5997"
ALEXNET = "Krizhevsky et al. 2012, NeurIPS"

#: Convolutions of each of the five stages.
COUNTS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def stack(depth: int, normed: bool) -> Layers:
    """3×3 convolutions and a pool behind each stage; those with norms keep their biases."""
    layers: list = []
    arrived = 3
    for width, count in zip((64, 128, 256, 512, 512), COUNTS[depth], strict=True):
        for _ in range(count):
            layers.append(ConvBN(arrived, width, 3, bias=True) if normed else Conv2d(arrived, width, 3))
            arrived = width
        layers.append(MaxPool(2, 2, "valid"))
    return tuple(layers)


def vgg(depth: int, *, normed: bool = False, classes: int = 1000) -> NetSpec:
    """The convolutions, brought to 7×7, and three dense maps."""
    return network(
        (224, 224, 3),
        *stack(depth, normed),
        AdaptiveAvgPool(7),
        Flatten(),
        Dense(512 * 49, 4096, "relu"),
        Dense(4096, 4096, "relu"),
        Dense(4096, classes),
        conventions=Conventions(batch_norm_variance="unbiased"),
        paper=VGG,
    )


def alexnet(*, classes: int = 1000) -> NetSpec:
    """The single-tower form of 2014."""
    return network(
        (224, 224, 3),
        Conv2d(3, 64, 11, stride=4, padding=2),
        MaxPool(3, 2, "valid"),
        Conv2d(64, 192, 5),
        MaxPool(3, 2, "valid"),
        Conv2d(192, 384, 3),
        Conv2d(384, 256, 3),
        Conv2d(256, 256, 3),
        MaxPool(3, 2, "valid"),
        AdaptiveAvgPool(6),
        Flatten(),
        Dense(9216, 4096, "relu"),
        Dense(4096, 4096, "relu"),
        Dense(4096, classes),
        paper=ONE_TRICK,
    )


def alexnet_2012(groups: int = 2, *, classes: int = 1000) -> NetSpec:
    """That of 2012, in two groups or in one, with its response normalisation."""
    norm = LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2.0)
    return network(
        (227, 227, 3),
        Conv2d(3, 96, 11, stride=4, padding="valid"),
        norm,
        MaxPool(3, 2, "valid"),
        Conv2d(96, 256, 5, groups=groups),
        norm,
        MaxPool(3, 2, "valid"),
        Conv2d(256, 384, 3),
        Conv2d(384, 384, 3, groups=groups),
        Conv2d(384, 256, 3, groups=groups),
        MaxPool(3, 2, "valid"),
        Flatten(),
        Dense(9216, 4096, "relu"),
        Dense(4096, 4096, "relu"),
        Dense(4096, classes),
        paper=ALEXNET,
    )


def _networks() -> Iterator[Published]:
    for depth in COUNTS:
        for normed in (False, True):
            make = partial(vgg, depth, normed=normed)
            variants = (f"VGG-{depth}{'-BN' if normed else ''}",)
            rules = "torchvision_vgg_bn" if normed else "torchvision_vgg"
            yield Published(f"vgg{depth}{'_bn' if normed else ''}", "VGG", TORCHVISION, make, variants, rules=rules)
    yield Published("alexnet", "AlexNet", TORCHVISION, alexnet, ("AlexNet",), rules="torchvision_alexnet")
    for groups, variant in ((2, "AlexNet (2012 paper, two groups)"), (1, "AlexNet (2012 widths, ungrouped)")):
        make = partial(alexnet_2012, groups)
        yield Published(f"alexnet_2012_{groups}", "AlexNet", DEFINED, make, (variant,), rules="alexnet_2012")


NETWORKS = tuple(_networks())
