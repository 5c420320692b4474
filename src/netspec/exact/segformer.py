"""SegFormer and its encoder, MiT, in transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.layers import (
    Activate,
    Branches,
    Conv2d,
    ConvBN,
    Dense,
    GlobalAvgPool,
    GridAttention,
    LayerNorm,
    Load,
    Repeat,
    Residual,
    ResizeLike,
    Save,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Xie et al. 2021, arXiv:2105.15203"
HEADS, REDUCTIONS = (1, 2, 5, 8), (8, 4, 2, 1)


def encoder(
    widths: Sequence[int],
    depths: Sequence[int],
    heads: Sequence[int] = HEADS,
    reductions: Sequence[int] = REDUCTIONS,
    ratio: int = 4,
    *,
    saved: bool = True,
) -> Layers:
    """Four stages, each ``saved`` as ``stage0`` and on; patches overlap, MLPs have a depthwise convolution inside."""
    layers: list = []
    arrived = 3
    for index, (width, depth, n_heads, reduction) in enumerate(zip(widths, depths, heads, reductions, strict=True)):
        kernel, stride = (7, 4) if index == 0 else (3, 2)
        wide = ratio * width
        mlp = (
            LayerNorm(width),
            Dense(width, wide),
            Conv2d(wide, wide, 3, groups=wide, activation="identity"),
            Activate("gelu"),
            Dense(wide, width),
        )
        block = (Residual((LayerNorm(width), GridAttention(width, n_heads, reduction))), Residual(mlp))
        layers += [
            Conv2d(arrived, width, kernel, stride=stride, padding=kernel // 2, activation="identity"),
            LayerNorm(width),
            Repeat(depth, block),
            LayerNorm(width),
            *((Save(f"stage{index}"),) if saved else ()),
        ]
        arrived = width
    return tuple(layers)


def segformer(
    widths: Sequence[int],
    depths: Sequence[int],
    *,
    decoder: int = 256,
    classes: int = 150,
    heads: Sequence[int] = HEADS,
    reductions: Sequence[int] = REDUCTIONS,
    height: int = 512,
    columns: int = 512,
) -> NetSpec:
    """Scores at a quarter of the sides: all stages mapped to one width, brought to the first's size, joined and
    mapped.
    """
    paths = tuple(
        (Load(f"stage{index}"), Dense(width, decoder), *((ResizeLike("stage0", "bilinear"),) if index else ()))
        for index, width in reversed(list(enumerate(widths)))
    )
    return network(
        (height, columns, 3),
        *encoder(widths, depths, heads, reductions),
        Branches(paths),
        ConvBN(len(paths) * decoder, decoder, 1),
        Conv2d(decoder, classes, 1, activation="identity"),
        conventions=Conventions(gelu="exact"),
        paper=PAPER,
    )


def mit(
    widths: Sequence[int],
    depths: Sequence[int],
    *,
    classes: int = 1000,
    heads: Sequence[int] = HEADS,
    reductions: Sequence[int] = REDUCTIONS,
    image: int = 224,
) -> NetSpec:
    """The encoder with a head on the mean of its last stage."""
    return network(
        (image, image, 3),
        *encoder(widths, depths, heads, reductions, saved=False),
        GlobalAvgPool(),
        Dense(widths[-1], classes),
        conventions=Conventions(gelu="exact"),
        paper=PAPER,
    )


SMALL, LARGE = (32, 64, 160, 256), (64, 128, 320, 512)
#: Size, widths, depths, width of the decoder.
SIZES = (
    ("b0", SMALL, (2, 2, 2, 2), 256),
    ("b1", LARGE, (2, 2, 2, 2), 256),
    ("b2", LARGE, (3, 4, 6, 3), 768),
    ("b3", LARGE, (3, 4, 18, 3), 768),
    ("b4", LARGE, (3, 8, 27, 3), 768),
    ("b5", LARGE, (3, 6, 40, 3), 768),
)
PARTS = (Part("MiT encoder", tuple(range(20))), Part("MLP decode head", (20, 21, 22)))


def _networks() -> tuple[Published, ...]:
    found = []
    for size, widths, depths, decoder in SIZES:
        make = partial(segformer, widths, depths, decoder=decoder)
        variants = (f"SegFormer-{size.upper()}",)
        name = f"nvidia/segformer-{size}-finetuned-ade-512-512"
        alias = (f"segformer-{size}",)
        found.append(
            Published(name, "SegFormer", TRANSFORMERS, make, variants, parts=PARTS, rules="segformer", aliases=alias)
        )
        make = partial(mit, widths, depths)
        variants = (f"MiT-{size.upper()} classifier",)
        found.append(
            Published(
                f"nvidia/mit-{size}", "SegFormer", TRANSFORMERS, make, variants, rules="mit", aliases=(f"mit-{size}",)
            )
        )
    return tuple(found)


NETWORKS = _networks()
