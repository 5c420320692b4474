"""DETR of transformers, with the ResNets of timm or its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from netspec.exact.backbones import ENCODERS
from netspec.exact.published import Part, Published, network
from netspec.idioms.parts import conv
from netspec.idioms.residual import Block, residual
from netspec.layers import (
    Conv2d,
    Dense,
    GridPositions,
    Heads,
    LayerNorm,
    Load,
    MaxPool,
    MultiHeadAttention,
    NewTokens,
    Repeat,
    Residual,
    Save,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Carion et al. 2020, arXiv:2005.12872"


def backbone(
    stem: int, widths: Sequence[int], depths: Sequence[int], *, bottleneck: bool = True, dilated: bool = False
) -> Layers:
    """A ResNet with frozen norms whose stages leave ``widths``; with ``dilated`` the last keeps its sides."""
    block = Block(bottleneck=bottleneck, norm="frozen")
    stages: list[Layers] = []
    arrived = stem
    for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        spread = dilated and index == len(widths) - 1
        inner = width // 4 if bottleneck else width
        first = residual(arrived, width, inner, 1 if index == 0 or spread else 2, block)
        rest = [residual(width, width, inner, 1, block, dilation=2 if spread else 1) for _ in range(depth - 1)]
        stages.append(tuple(Repeat(1, one) for one in (first, *rest)))
        arrived = width
    return (
        Repeat(1, conv(3, stem, 7, 2, norm="frozen")),
        MaxPool(3, 2, 1),
        *(Repeat(1, stage) for stage in stages),
    )


def _mlp(width: int, inner: int) -> Layers:
    return (Residual((Dense(width, inner, "relu"), Dense(inner, width))), LayerNorm(width))


def detr(
    body: Layers,
    arrived: int,
    *,
    width: int = 256,
    heads: int = 8,
    decoder_heads: int = 8,
    blocks: int = 6,
    decoder_blocks: int = 6,
    mlp_width: int = 2048,
    decoder_mlp: int = 2048,
    queries: int = 100,
    classes: int = 91,
    height: int = 800,
    columns: int = 800,
) -> NetSpec:
    """Behind ``body``, which leaves ``arrived`` channels: an encoder of all positions, whose sines queries and keys are
    told in every block, and learned queries that read it. The scores have one class more, for nothing.
    """
    seeing = MultiHeadAttention(width, heads, query_positions="places", key_positions="places")
    asking = MultiHeadAttention(width, decoder_heads, query_positions="queries", key_positions="queries")
    reading = MultiHeadAttention(width, decoder_heads, "memory", query_positions="queries", key_positions="places")
    norm = LayerNorm(width)
    boxes = (Dense(width, width, "relu"), Dense(width, width, "relu"), Dense(width, 4, "sigmoid"))
    return network(
        (height, columns, 3),
        *body,
        Conv2d(arrived, width, 1, activation="identity"),
        Save("picture"),
        GridPositions(width),
        Save("places"),
        Load("picture"),
        Repeat(blocks, (Residual((seeing,)), norm, *_mlp(width, mlp_width))),
        Save("memory"),
        NewTokens(queries, width),
        Save("queries"),
        NewTokens(queries, width, learned=False),
        Repeat(decoder_blocks, (Residual((asking,)), norm, Residual((reading,)), norm, *_mlp(width, decoder_mlp))),
        norm,
        Heads({"logits": Dense(width, classes + 1), "pred_boxes": boxes}),
        paper=PAPER,
    )


def on_resnet(encoder: str, *, dilated: bool = False, classes: int = 91) -> NetSpec:
    """On the ResNet of that name; with ``dilated`` its last stage has twice the resolution."""
    bottleneck, depths = ENCODERS[encoder]
    last = 2048 if bottleneck else 512
    widths = [last // 8, last // 4, last // 2, last]
    return detr(backbone(64, widths, depths, bottleneck=bottleneck, dilated=dilated), last, classes=classes)


#: The original code trains neither the stem nor the first stage of the body.
PARTS = (
    Part("total (trainable, original code convention)", tuple(range(3, 19))),
    Part("backbone", tuple(range(6))),
    Part("input projection", (6,)),
    Part("encoder", (11,)),
    Part("query position embeddings", (13,)),
    Part("decoder", (16, 17)),
)


def _networks() -> Iterator[Published]:
    for depth in (50, 101):
        for dilated in (False, True):
            name, variant = f"detr-resnet-{depth}", f"DETR-R{depth}"
            if dilated:
                name, variant = f"{name}-dc5", f"{variant} (DC5)"
            make = partial(on_resnet, f"resnet{depth}", dilated=dilated)
            known = not dilated
            yield Published(
                f"facebook/{name}",
                "DETR",
                TRANSFORMERS,
                make,
                (variant,) if known else (),
                parts=PARTS if known else (),
                rules="detr",
                aliases=(name,),
            )


NETWORKS = tuple(_networks())
