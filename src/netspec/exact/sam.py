"""The image encoder of Segment Anything, in transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.layers import Conv2d, Dense, GridAttention, LayerNorm, PatchEmbed, Residual
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Kirillov et al. 2023, arXiv:2304.02643"


def encoder(
    width: int,
    heads: int,
    n_blocks: int,
    whole: Sequence[int],
    *,
    image: int = 1024,
    patch: int = 16,
    window: int = 14,
    mlp_width: int | None = None,
    channels: int = 256,
) -> NetSpec:
    """Blocks that attend within windows, but for those at the places ``whole``, which see all of the grid; and a
    neck.
    """
    side, mlp = image // patch, mlp_width or 4 * width
    blocks: list[Layers] = []
    for place in range(n_blocks):
        tile = None if place in whole else window
        attention = GridAttention(width, heads, window=tile, relative=tile or side)
        blocks.append(
            (
                Residual((LayerNorm(width), attention)),
                Residual((LayerNorm(width), Dense(width, mlp, "gelu"), Dense(mlp, width))),
            )
        )
    return network(
        (image, image, 3),
        PatchEmbed(3, width, patch, side * side, layout="grid"),
        *(layer for block in blocks for layer in block),
        Conv2d(width, channels, 1, activation="identity", bias=False),
        LayerNorm(channels),
        Conv2d(channels, channels, 3, activation="identity", bias=False),
        LayerNorm(channels),
        conventions=Conventions(gelu="exact", layer_norm_epsilon=1e-6),
        paper=PAPER,
    )


#: Name, width, heads, blocks, which of them see all.
SIZES = (
    ("ViT-B", "base", 768, 12, 12, (2, 5, 8, 11)),
    ("ViT-L", "large", 1024, 16, 24, (5, 11, 17, 23)),
    ("ViT-H", "huge", 1280, 16, 32, (7, 15, 23, 31)),
)

NETWORKS = tuple(
    Published(
        f"facebook/sam-vit-{name}/vision-encoder",
        "SAM",
        TRANSFORMERS,
        partial(encoder, *sizes),
        (f"SAM {variant}",),
        "vision encoder",
        parts=(Part("vision encoder neck", (-4, -3, -2, -1)),),
        rules="sam_encoder",
        aliases=(f"sam-vit-{name}-encoder",),
    )
    for variant, name, *sizes in SIZES
)
