"""DenseNets of torchvision, and those of the paper for small pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import BatchNorm, Conv2d, ConvBN, Dense, DenseBlock, GlobalAvgPool, MaxPool, TransitionLayer
from netspec.spec import NetSpec

TORCHVISION = "torchvision 0.28.0"
PAPER = "Huang et al. 2016, arXiv:1608.06993"


def densenet(growth: int, counts: Sequence[int], first: int, *, bottleneck: int = 4, classes: int = 1000) -> NetSpec:
    """Dense blocks with transitions that halve channels and sides between them."""
    layers: list = []
    channels = first
    for index, count in enumerate(counts):
        layers.append(DenseBlock(channels, growth, count, bottleneck, bias=False))
        channels += count * growth
        if index < len(counts) - 1:
            layers.append(TransitionLayer(channels, channels // 2, bias=False))
            channels //= 2
    return network(
        (224, 224, 3),
        ConvBN(3, first, 7, 2),
        MaxPool(3, 2),
        *layers,
        BatchNorm(channels, "relu"),
        GlobalAvgPool(),
        Dense(channels, classes),
        conventions=Conventions(batch_norm_variance="unbiased"),
        paper=PAPER,
    )


def densenet_bc(depth: int, growth: int, *, classes: int = 10) -> NetSpec:
    """For pictures of 32 pixels: three dense blocks, ``(depth − 4) / 6`` layers each (sec. 3, DenseNet-BC)."""
    count, channels = (depth - 4) // 6, 2 * growth
    layers: list = [Conv2d(3, channels, 3, 1, "identity", bias=False)]
    for index in range(3):
        layers.append(DenseBlock(channels, growth, count, bias=False))
        channels += count * growth
        if index < 2:
            layers.append(TransitionLayer(channels, channels // 2, bias=False))
            channels //= 2
    head = (BatchNorm(channels, "relu"), GlobalAvgPool(), Dense(channels, classes))
    conventions = Conventions(batch_norm_variance="unbiased")
    return network((32, 32, 3), *layers, *head, conventions=conventions, paper=PAPER)


SIZES = (
    (121, (32, (6, 12, 24, 16), 64)),
    (161, (48, (6, 12, 36, 24), 96)),
    (169, (32, (6, 12, 32, 32), 64)),
    (201, (32, (6, 12, 48, 32), 64)),
)


def _networks() -> Iterator[Published]:
    for depth, sizes in SIZES:
        variants = (f"DenseNet-{depth}", *(("DenseNet-121 (timm)",) if depth == 121 else ()))
        make = partial(densenet, *sizes)
        yield Published(f"densenet{depth}", "DenseNet", TORCHVISION, make, variants, rules="torchvision_densenet")
    for depth, growth in ((100, 12), (250, 24), (190, 40)):
        make = partial(densenet_bc, depth, growth)
        name = f"densenet_bc_{depth}_{growth}"
        yield Published(name, "DenseNet", "written from the paper", make, rules="densenet_bc")


NETWORKS = tuple(_networks())
