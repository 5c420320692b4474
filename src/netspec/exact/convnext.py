"""ConvNeXt of torchvision and timm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import (
    Conv2d,
    ConvNeXtDownsample,
    ConvNeXtStage,
    ConvNeXtStem,
    Dense,
    GlobalAvgPool,
    GlobalResponseNorm,
    LayerNorm,
    Repeat,
    Residual,
)
from netspec.layers.base import Layer
from netspec.spec import NetSpec

TORCHVISION, TIMM = "torchvision 0.28.0", "timm 1.0.31"
PAPER = "Liu et al. 2022, arXiv:2201.03545"


def convnext(widths: Sequence[int], depths: Sequence[int], *, classes: int = 1000, image: int = 224) -> NetSpec:
    """Stages with a downsampling layer before each but the first, and a norm behind the mean."""
    layers: list = [ConvNeXtStem(3, widths[0], 4)]
    for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        if index:
            layers.append(ConvNeXtDownsample(widths[index - 1], width))
        layers.append(ConvNeXtStage(width, depth))
    return network(
        (image, image, 3),
        *layers,
        GlobalAvgPool(),
        LayerNorm(widths[-1]),
        Dense(widths[-1], classes),
        conventions=Conventions(gelu="exact", layer_norm_epsilon=1e-6),
        paper=PAPER,
    )


def convnext_v2(widths: Sequence[int], depths: Sequence[int], *, classes: int = 1000, image: int = 224) -> NetSpec:
    """A norm of global responses in each block and no scale behind it."""
    layers: list[Layer] = [Conv2d(3, widths[0], 4, 0, "identity", 4), LayerNorm(widths[0])]
    for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        if index:
            before = widths[index - 1]
            layers += [LayerNorm(before), Conv2d(before, width, 2, 0, "identity", 2)]
        deep = (Conv2d(width, width, 7, 3, "identity", groups=width), LayerNorm(width))
        mixed = (Dense(width, 4 * width, "gelu"), GlobalResponseNorm(4 * width), Dense(4 * width, width))
        layers.append(Repeat(1, (Residual((*deep, *mixed)),) * depth))
    return network(
        (image, image, 3),
        *layers,
        GlobalAvgPool(),
        LayerNorm(widths[-1]),
        Dense(widths[-1], classes),
        conventions=Conventions(gelu="exact", layer_norm_epsilon=1e-6),
        paper="Woo et al. 2023, arXiv:2301.00808",
    )


#: Size, width of the first stage, depths.
SIZES = (
    ("atto", 40, (2, 2, 6, 2)),
    ("femto", 48, (2, 2, 6, 2)),
    ("pico", 64, (2, 2, 6, 2)),
    ("nano", 80, (2, 2, 8, 2)),
    ("tiny", 96, (3, 3, 9, 3)),
    ("small", 96, (3, 3, 27, 3)),
    ("base", 128, (3, 3, 27, 3)),
    ("large", 192, (3, 3, 27, 3)),
    ("xlarge", 256, (3, 3, 27, 3)),
)
#: Sizes whose names both libraries have: in torchvision's spelling of weights they have another name.
SHARED = ("tiny", "small", "base", "large")
#: Sizes whose MLPs are 1×1 convolutions in timm.
OF_CONVOLUTIONS = ("atto", "femto", "pico", "nano")


def _networks() -> Iterator[Published]:
    for size, first, depths in SIZES:
        make = partial(convnext, tuple(first * 2**index for index in range(4)), depths)
        title = f"ConvNeXt-{size.title()}"
        if size in SHARED:
            yield Published(f"convnext_{size}", "ConvNeXt", TORCHVISION, make, (title,), rules="torchvision_convnext")
        name = f"convnext_{size}.timm" if size in SHARED else f"convnext_{size}"
        rules = "timm_convnext_conv" if size in OF_CONVOLUTIONS else "timm_convnext"
        yield Published(name, "ConvNeXt", TIMM, make, (f"{title} (timm)",), rules=rules)
    for size, first, depths in (*SIZES[:7], ("large", 192, (3, 3, 27, 3)), ("huge", 352, (3, 3, 27, 3))):
        if size == "small":
            continue
        make = partial(convnext_v2, tuple(first * 2**index for index in range(4)), depths)
        variants = (f"ConvNeXtV2-{size.title()}",) if size in ("atto", "tiny", "base") else ()
        rules = "timm_convnextv2_conv" if size in OF_CONVOLUTIONS else "timm_convnextv2"
        yield Published(f"convnextv2_{size}", "ConvNeXtV2", TIMM, make, variants, rules=rules)


NETWORKS = tuple(_networks())
