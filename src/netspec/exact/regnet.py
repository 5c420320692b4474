"""RegNets of torchvision, and ResNets with squeeze-and-excitation as timm keeps Cadene's port of the released code."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms.parts import conv
from netspec.idioms.regnet import grouped, stages
from netspec.idioms.residual import Block, residual
from netspec.layers import Dense, GlobalAvgPool, MaxPool, Repeat
from netspec.layers.base import Layer
from netspec.spec import NetSpec

TORCHVISION, TIMM = "torchvision 0.28.0", "timm 1.0.31"
REGNET = "Radosavovic et al. 2020, arXiv:2003.13678"
SENET = "Hu et al. 2017, arXiv:1709.01507"
UNBIASED = Conventions(batch_norm_variance="unbiased")


def regnet(
    depth: int, initial: int, slope: float, multiplier: float, group: int, gated: bool, *, classes: int = 1000
) -> NetSpec:
    """Four stages, each by itself; RegNetY is ``gated``, by a quarter of what enters a block."""
    layers: list[Layer] = [*conv(3, 32, 3, 2)]
    arrived = 32
    for width, count, own in stages(depth, initial, slope, multiplier, group):
        blocks: list[Layer] = []
        for index in range(count):
            squeezed = round(arrived / 4) if gated else None
            blocks += grouped(arrived, width, width // own, 1 if index else 2, squeezed)
            arrived = width
        layers.append(Repeat(1, tuple(blocks)))
    head = (GlobalAvgPool(), Dense(arrived, classes))
    return network((224, 224, 3), *layers, *head, conventions=UNBIASED, paper=REGNET)


#: Size; depth, width at first, slope, multiplier and group's width of X, then of Y.
SIZES = (
    ("400mf", (22, 24, 24.48, 2.54, 16), (16, 48, 27.89, 2.09, 8)),
    ("800mf", (16, 56, 35.73, 2.28, 16), (14, 56, 38.84, 2.4, 16)),
    ("1_6gf", (18, 80, 34.01, 2.25, 24), (27, 48, 20.71, 2.65, 24)),
    ("3_2gf", (25, 88, 26.31, 2.25, 48), (21, 80, 42.63, 2.66, 24)),
    ("8gf", (23, 80, 49.56, 2.88, 120), (17, 192, 76.82, 2.19, 56)),
    ("16gf", (22, 216, 55.59, 2.1, 128), (18, 200, 106.23, 2.48, 112)),
    ("32gf", (23, 320, 69.86, 2.0, 168), (20, 232, 115.89, 2.53, 232)),
)


def senet(block: Block, counts: tuple[int, ...], inner: int = 64, *, classes: int = 1000) -> NetSpec:
    """A ResNet whose branches end in a gate by a sixteenth; ``inner`` channels of bottlenecks in the first stage."""
    layers: list[Layer] = [*conv(3, 64, 7, 2), MaxPool(3, 2, 0, ceil=True)]
    arrived = 64
    for index, count in enumerate(counts):
        middle = inner * 2**index
        width = (256 if block.bottleneck else 64) * 2**index
        blocks: list[Layer] = []
        for place in range(count):
            stride = 2 if index and not place else 1
            blocks += residual(arrived, width, middle if block.bottleneck else width, stride, block)
            arrived = width
        layers.append(Repeat(1, tuple(blocks)))
    head = (GlobalAvgPool(), Dense(arrived, classes))
    return network((224, 224, 3), *layers, *head, conventions=UNBIASED, paper=SENET)


BASIC = Block(bottleneck=False, attention="se")
DEEP = Block(attention="se", stride_in="1x1")
GROUPED = Block(attention="se", cardinality=32)


def _networks() -> Iterator[Published]:
    for size, *both in SIZES:
        for kind, sizes in zip("xy", both, strict=True):
            make = partial(regnet, *sizes, kind == "y")
            variants = (f"RegNet{kind.upper()}-400MF",) if size == "400mf" else ()
            yield Published(f"regnet_{kind}_{size}", "RegNet", TORCHVISION, make, variants, rules="torchvision_regnet")
    for depth, block, counts in (
        (18, BASIC, (2, 2, 2, 2)),
        (34, BASIC, (3, 4, 6, 3)),
        (50, DEEP, (3, 4, 6, 3)),
        (101, DEEP, (3, 4, 23, 3)),
        (152, DEEP, (3, 8, 36, 3)),
    ):
        variants = ("SE-ResNet-50 (legacy)",) if depth == 50 else ()
        yield Published(
            f"legacy_seresnet{depth}", "SENet", TIMM, partial(senet, block, counts), variants, rules="timm_senet"
        )
    for depth, counts in ((26, (2, 2, 2, 2)), (50, (3, 4, 6, 3)), (101, (3, 4, 23, 3))):
        make = partial(senet, GROUPED, counts, 128)
        yield Published(f"legacy_seresnext{depth}_32x4d", "SENet", TIMM, make, rules="timm_senet")


NETWORKS = tuple(_networks())
