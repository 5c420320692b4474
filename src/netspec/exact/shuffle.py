"""ShuffleNet V1 as written from the paper, V2 and SqueezeNet of torchvision."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import (
    Branches,
    Conv2d,
    ConvBN,
    Dense,
    GlobalAvgPool,
    MaxPool,
    Repeat,
    ShuffleV2Block,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TORCHVISION = "torchvision 0.28.0"
UNBIASED = Conventions(batch_norm_variance="unbiased")


def shufflenet_v2(counts: Sequence[int], widths: Sequence[int], *, classes: int = 1000) -> NetSpec:
    """A stem, stages of ``counts`` units, a 1×1 to the last of ``widths``."""
    first, *stages, last = widths
    blocks, arrived = [], first
    for count, width in zip(counts, stages, strict=True):
        blocks.append(ShuffleV2Block(arrived, width, count))
        arrived = width
    return network(
        (224, 224, 3),
        ConvBN(3, first, 3, 2),
        MaxPool(3, 2),
        *blocks,
        ConvBN(arrived, last, 1),
        GlobalAvgPool(),
        Dense(last, classes),
        conventions=UNBIASED,
        paper="Ma et al. 2018, arXiv:1807.11164",
    )


def fire(i: int, squeeze: int, wide: int) -> Layers:
    """1×1 to few channels, then 1×1 and 3×3 side by side."""
    return (Conv2d(i, squeeze, 1), Branches((Conv2d(squeeze, wide, 1), Conv2d(squeeze, wide, 3))))


def squeezenet(*, slim: bool = False, classes: int = 1000) -> NetSpec:
    """Version 1.0, or 1.1, which pools earlier."""
    pool = MaxPool(3, 2, "valid", ceil=True)
    sizes = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
    stem = (Conv2d(3, 64, 3, "valid", "relu", 2) if slim else Conv2d(3, 96, 7, "valid", "relu", 2), pool)
    layers, arrived = [*stem], 64 if slim else 96
    for index, (squeeze, wide) in enumerate(sizes):
        layers.append(Repeat(1, fire(arrived, squeeze, wide)))
        arrived = 2 * wide
        if index in ((1, 3) if slim else (2, 6)):
            layers.append(pool)
    return network(
        (224, 224, 3), *layers, Conv2d(512, classes, 1), GlobalAvgPool(), paper="Iandola et al. 2016, arXiv:1602.07360"
    )


WIDTHS = {
    "0_5": (24, 48, 96, 192, 1024),
    "1_0": (24, 116, 232, 464, 1024),
    "1_5": (24, 176, 352, 704, 1024),
    "2_0": (24, 244, 488, 976, 2048),
}
NETWORKS = (
    *(
        Published(
            f"shufflenet_v2_x{size}",
            "ShuffleNetV2",
            TORCHVISION,
            partial(shufflenet_v2, (4, 8, 4), widths),
            (f"ShuffleNetV2-x{size.replace('_', '.')}",),
            rules="torchvision_shufflenet_v2",
        )
        for size, widths in WIDTHS.items()
    ),
    *(
        Published(
            f"squeezenet1_{version}",
            "SqueezeNet",
            TORCHVISION,
            partial(squeezenet, slim=version == 1),
            (f"SqueezeNet-1.{version}",),
            rules="torchvision_squeezenet",
        )
        for version in (0, 1)
    ),
)
