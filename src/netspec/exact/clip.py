"""CLIP in transformers and open_clip: two towers into one space, the image's a Vision Transformer or a ResNet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Literal

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.idioms.parts import conv
from netspec.layers import (
    Activate,
    AddPositions,
    AvgPool,
    Conv2d,
    ConvBN,
    Dense,
    GlobalAvgPool,
    Heads,
    JoinTokens,
    LayerNorm,
    Load,
    MultiHeadAttention,
    PrependTokens,
    ReadMarked,
    ReadToken,
    Repeat,
    Reshape,
    Residual,
    Save,
    TokenPositionEmbed,
    TransformerEncoder,
    Unread,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TRANSFORMERS, OPEN_CLIP = "transformers 5.23.0", "open_clip_torch 3.3.0"
PAPER = "Radford et al. 2021, arXiv:2103.00020"

Gelu = Literal["tanh", "exact", "quick"]


def _text(vocabulary: int, tokens: int, width: int, heads: int, mlp: int, blocks: int, end: int | None) -> Layers:
    """Read where ``input_ids`` is ``end``, or largest."""
    return (
        Load("input_ids"),
        TokenPositionEmbed(vocabulary, tokens, width),
        TransformerEncoder(width, heads, mlp, blocks, causal=True),
        ReadMarked("input_ids", end),
    )


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
    gelu: Gelu = "quick",
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
        *_text(vocabulary, tokens, text_width, text_heads, text_mlp or 4 * text_width, text_blocks, end),
        Dense(text_width, space, bias=False),
        Heads({"image": Load("vision"), "text": ()}),
        conventions=Conventions(gelu=gelu),
        paper=PAPER,
        input_ids=(tokens,),
    )


def _block(arrived: int, inner: int, stride: int) -> Layers:
    """A bottleneck whose stride is a mean of pixels, in its branch and in its shortcut."""
    pool: Layers = (AvgPool(stride, stride),) if stride > 1 else ()
    body = (
        ConvBN(arrived, inner, 1),
        ConvBN(inner, inner, 3),
        *pool,
        *conv(inner, 4 * inner, 1, activation="identity"),
    )
    changes = stride > 1 or arrived != 4 * inner
    side = (*pool, *conv(arrived, 4 * inner, 1, activation="identity")) if changes else ()
    return (Residual(body, side), Activate("relu"))


def clip_resnet(
    depths: Sequence[int],
    width: int = 64,
    *,
    image: int = 224,
    space: int = 1024,
    text_width: int = 512,
    text_heads: int = 8,
    text_blocks: int = 12,
    vocabulary: int = 49408,
    tokens: int = 77,
    gelu: Gelu = "quick",
) -> NetSpec:
    """The same with a ResNet whose pool is an attention of the mean to all positions. A stage is a layer."""
    stages: list[Layers] = []
    arrived = width
    for index, depth in enumerate(depths):
        inner = width * 2**index
        first = _block(arrived, inner, 1 if index == 0 else 2)
        rest = [_block(4 * inner, inner, 1) for _ in range(depth - 1)]
        stages.append(tuple(Repeat(1, block) for block in (first, *rest)))
        arrived = 4 * inner
    count = (image // 32) ** 2
    return network(
        (image, image, 3),
        Unread(()),
        ConvBN(3, width // 2, 3, 2),
        ConvBN(width // 2, width // 2, 3),
        ConvBN(width // 2, width, 3),
        AvgPool(2, 2),
        *(Repeat(1, stage) for stage in stages),
        Reshape((count, arrived)),
        Save("places"),
        GlobalAvgPool(),
        Reshape((1, arrived)),
        Save("mean"),
        Load("places"),
        JoinTokens("mean"),
        AddPositions(count + 1, arrived),
        Save("pooled"),
        ReadToken(),
        Reshape((1, arrived)),
        MultiHeadAttention(arrived, arrived // 64, "pooled", out_width=space),
        Reshape((space,)),
        Save("vision"),
        *_text(vocabulary, tokens, text_width, text_heads, 4 * text_width, text_blocks, None),
        Dense(text_width, space, bias=False),
        Heads({"image": Load("vision"), "text": ()}),
        conventions=Conventions(gelu=gelu, batch_norm_variance="unbiased"),
        paper=PAPER,
        input_ids=(tokens,),
    )


BASE, LARGE, HUGE = (768, 12, 12), (1024, 16, 24), (1280, 16, 32)
OF_LARGE: dict[str, Any] = {"patch": 14, "text_width": 768, "text_heads": 12, "space": 768}
OF_HUGE: dict[str, Any] = {"patch": 14, "text_width": 1024, "text_heads": 16, "text_blocks": 24, "space": 1024}
#: Name, variant, and what differs.
SIZES = (
    ("clip-vit-base-patch32", "CLIP ViT-B/32", partial(clip, *BASE)),
    ("clip-vit-base-patch16", "CLIP ViT-B/16", partial(clip, *BASE, patch=16)),
    ("clip-vit-large-patch14", "CLIP ViT-L/14", partial(clip, *LARGE, **OF_LARGE)),
    ("clip-vit-large-patch14-336", "CLIP ViT-L/14@336px", partial(clip, *LARGE, **OF_LARGE, image=336)),
)
OPEN_SIZES = (
    ("ViT-B-32", partial(clip, *BASE)),
    ("ViT-B-16", partial(clip, *BASE, patch=16)),
    ("ViT-L-14", partial(clip, *LARGE, **OF_LARGE)),
    ("ViT-L-14-336", partial(clip, *LARGE, **OF_LARGE, image=336)),
    ("ViT-H-14", partial(clip, *HUGE, **OF_HUGE)),
    ("ViT-g-14", partial(clip, 1408, 16, 40, mlp_width=6144, **OF_HUGE)),
    (
        "ViT-bigG-14",
        partial(
            clip, 1664, 16, 48, mlp_width=8192, patch=14, text_width=1280, text_heads=20, text_blocks=32, space=1280
        ),
    ),
)
#: Name, depths, width, image, space, width of the text, heads there.
RESNETS: tuple[tuple[str, tuple[int, ...], int, int, int, int, int], ...] = (
    ("RN50", (3, 4, 6, 3), 64, 224, 1024, 512, 8),
    ("RN101", (3, 4, 23, 3), 64, 224, 512, 512, 8),
    ("RN50x4", (4, 6, 10, 6), 80, 288, 640, 640, 10),
    ("RN50x16", (6, 8, 18, 8), 96, 384, 768, 768, 12),
    ("RN50x64", (3, 15, 36, 10), 128, 448, 1024, 1024, 16),
)
#: The first layers, up to what is saved, are the image's; the last but the heads are the text's.
_VISION, _WORDS = (1, 2, 3, 4, 5, 6), (9, 10, 11, 12)
PARTS = (
    Part("vision tower (no projection)", _VISION),
    Part("text tower (no projection)", _WORDS),
    Part("vision projection", (7,)),
    Part("text projection", (13,)),
)
OPEN_PARTS = (
    Part("vision tower (incl. projection)", (*_VISION, 7)),
    Part("text tower (incl. projection)", (*_WORDS, 13)),
)
RESNET_PARTS = (
    Part("vision tower (incl. projection)", tuple(range(1, 21))),
    Part("text tower (incl. projection)", (-6, -5, -4, -3, -2)),
)


def _networks() -> Iterator[Published]:
    for name, variant, make in SIZES:
        yield Published(
            f"openai/{name}", "CLIP", TRANSFORMERS, make, (variant,), parts=PARTS, rules="clip", aliases=(name,)
        )
    for name, make in OPEN_SIZES:
        yield from _open(name, make, OPEN_PARTS, "open_clip")
    for name, depths, width, image, space, text_width, heads in RESNETS:
        make = partial(clip_resnet, depths, width, image=image, space=space, text_width=text_width, text_heads=heads)
        yield from _open(name, make, RESNET_PARTS, "open_clip_resnet")


def _open(name: str, make: partial[NetSpec], parts: tuple[Part, ...], rules: str) -> Iterator[Published]:
    """With the exact GELU and, as OpenAI released them, the quick one."""
    variants = (f"CLIP {name} (open_clip)",)
    forms: tuple[tuple[str, Gelu], ...] = (("", "exact"), ("-quickgelu", "quick"))
    for end, gelu in forms:
        yield Published(
            f"open_clip.{name}{end}",
            "CLIP",
            OPEN_CLIP,
            partial(make, gelu=gelu),
            variants,
            parts=parts,
            rules=rules,
        )


NETWORKS = tuple(_networks())
