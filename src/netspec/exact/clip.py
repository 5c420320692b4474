"""CLIP with a Vision Transformer, in transformers: two towers into one space."""

from __future__ import annotations

from functools import partial
from typing import Literal

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.layers import (
    AddPositions,
    Conv2d,
    Dense,
    Heads,
    LayerNorm,
    Load,
    PrependTokens,
    ReadMarked,
    Reshape,
    Save,
    TokenPositionEmbed,
    TransformerEncoder,
    Unread,
)
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Radford et al. 2021, arXiv:2103.00020"


def clip(
    width: int,
    heads: int,
    n_blocks: int,
    *,
    patch: int = 32,
    image: int = 224,
    mlp_width: int | None = None,
    text_width: int = 512,
    text_heads: int = 8,
    text_blocks: int = 12,
    text_mlp: int | None = None,
    vocabulary: int = 49408,
    tokens: int = 77,
    space: int = 512,
    end: int | None = None,
    gelu: Literal["tanh", "exact", "quick"] = "quick",
) -> NetSpec:
    """The vectors ``image`` and ``text``, not yet of length one. The text is read where ``input_ids`` is ``end``, or
    largest.

    The temperature is a parameter of the loss, which the release keeps with the rest.
    """
    count = (image // patch) ** 2
    return network(
        (image, image, 3),
        Unread(()),
        Conv2d(3, width, patch, stride=patch, padding="valid", activation="identity", bias=False),
        Reshape((count, width)),
        PrependTokens(1, width),
        AddPositions(count + 1, width),
        LayerNorm(width),
        TransformerEncoder(width, heads, mlp_width or 4 * width, n_blocks, "class_token"),
        Dense(width, space, bias=False),
        Save("vision"),
        Load("input_ids"),
        TokenPositionEmbed(vocabulary, tokens, text_width),
        TransformerEncoder(text_width, text_heads, text_mlp or 4 * text_width, text_blocks, causal=True),
        ReadMarked("input_ids", end),
        Dense(text_width, space, bias=False),
        Heads({"image": Load("vision"), "text": ()}),
        conventions=Conventions(gelu=gelu),
        paper=PAPER,
        input_ids=(tokens,),
    )


BASE, LARGE = (768, 12, 12), (1024, 16, 24)
OF_LARGE = {"patch": 14, "text_width": 768, "text_heads": 12, "space": 768}
#: Name, variant, and what differs.
SIZES = (
    ("clip-vit-base-patch32", "CLIP ViT-B/32", partial(clip, *BASE)),
    ("clip-vit-base-patch16", "CLIP ViT-B/16", partial(clip, *BASE, patch=16)),
    ("clip-vit-large-patch14", "CLIP ViT-L/14", partial(clip, *LARGE, **OF_LARGE)),
    ("clip-vit-large-patch14-336", "CLIP ViT-L/14@336px", partial(clip, *LARGE, **OF_LARGE, image=336)),
)

NETWORKS = tuple(
    Published(f"openai/{name}", "CLIP", TRANSFORMERS, make, (variant,), rules="clip", aliases=(name,))
    for name, variant, make in SIZES
)
