"""Swin Transformers of torchvision and timm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import Conv2d, Dense, GlobalAvgPool, LayerNorm, PatchMerging, SwinStage
from netspec.spec import NetSpec

TORCHVISION, TIMM = "torchvision 0.28.0", "timm 1.0.31"
PAPER = "Liu et al. 2021, arXiv:2103.14030"


def swin(
    width: int,
    depths: Sequence[int],
    heads: Sequence[int],
    *,
    window: int = 7,
    patch: int = 4,
    image: int = 224,
    classes: int = 1000,
) -> NetSpec:
    """Patches with a norm, stages with merging between them, a norm behind the last."""
    layers: list = []
    arrived = width
    for index, (depth, n_heads) in enumerate(zip(depths, heads, strict=True)):
        if index:
            layers.append(PatchMerging(arrived, 2 * arrived, bias=False))
            arrived *= 2
        layers.append(SwinStage(arrived, n_heads, 4 * arrived, window, depth))
    return network(
        (image, image, 3),
        Conv2d(3, width, patch, stride=patch, padding="valid", activation="identity"),
        LayerNorm(width),
        *layers,
        LayerNorm(arrived),
        GlobalAvgPool(),
        Dense(arrived, classes),
        conventions=Conventions(gelu="exact"),
        paper=PAPER,
    )


#: Size, width, depths, heads.
SIZES = (
    ("tiny", 96, (2, 2, 6, 2), (3, 6, 12, 24)),
    ("small", 96, (2, 2, 18, 2), (3, 6, 12, 24)),
    ("base", 128, (2, 2, 18, 2), (4, 8, 16, 32)),
    ("large", 192, (2, 2, 18, 2), (6, 12, 24, 48)),
)


def _networks() -> Iterator[Published]:
    for size, *sizes in SIZES:
        make = partial(swin, *sizes)
        if size != "large":
            short = size[0]
            variants = (f"Swin-{short.upper()}",)
            yield Published(f"swin_{short}", "Swin", TORCHVISION, make, variants, rules="torchvision_swin")
        variants = (f"Swin-{size.title()} (timm)",)
        name = f"swin_{size}_patch4_window7_224"
        yield Published(name, "Swin", TIMM, make, variants, rules="timm_swin")


NETWORKS = tuple(_networks())
