"""DenseNets of torchvision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import BatchNorm, ConvBN, Dense, DenseBlock, GlobalAvgPool, MaxPool, TransitionLayer
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


SIZES = (
    (121, (32, (6, 12, 24, 16), 64)),
    (161, (48, (6, 12, 36, 24), 96)),
    (169, (32, (6, 12, 32, 32), 64)),
    (201, (32, (6, 12, 48, 32), 64)),
)
NETWORKS = tuple(
    Published(
        f"densenet{depth}",
        "DenseNet",
        TORCHVISION,
        partial(densenet, *sizes),
        (f"DenseNet-{depth}", *(("DenseNet-121 (timm)",) if depth == 121 else ())),
        rules="torchvision_densenet",
    )
    for depth, sizes in SIZES
)
