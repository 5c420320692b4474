"""Segment Anything in transformers: the image encoder, the mask decoder, and the whole model asked with points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Part, Published, network
from netspec.layers import (
    Activate,
    Branches,
    Channels,
    Conv2d,
    Dense,
    DotProducts,
    ForEach,
    FourierFeatures,
    GridAttention,
    Heads,
    LayerNorm,
    Load,
    MultiHeadAttention,
    PatchEmbed,
    PixelCentres,
    PointShares,
    PrependTokens,
    ReadToken,
    Repeat,
    Reshape,
    Residual,
    Save,
    ShiftChannels,
    TokenPositionEmbed,
    Unread,
)
from netspec.layers.base import Layer, Layers
from netspec.spec import NetSpec

TRANSFORMERS = "transformers 5.23.0"
PAPER = "Kirillov et al. 2023, arXiv:2304.02643"
CONVENTIONS = Conventions(gelu="exact")
EPSILON = 1e-6

#: Tokens of masks: three for when several could be meant, and one for when not.
MASKS = 4
#: What a point is: outside, inside, and the two corners of a box.
POINTS = 4
#: Points that are asked with at most.
MOST = 1024


def encoder_layers(
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
) -> Layers:
    """Blocks that attend within windows, but for those at the places ``whole``, which see all of the grid; and a
    neck.
    """
    side, mlp = image // patch, mlp_width or 4 * width
    blocks: list[Layer] = []
    for place in range(n_blocks):
        tile = None if place in whole else window
        attention = GridAttention(width, heads, window=tile, relative=tile or side)
        blocks += [
            Residual((LayerNorm(width, EPSILON), attention)),
            Residual((LayerNorm(width, EPSILON), Dense(width, mlp, "gelu"), Dense(mlp, width))),
        ]
    return (
        PatchEmbed(3, width, patch, side * side, layout="grid"),
        *blocks,
        Conv2d(width, channels, 1, activation="identity", bias=False),
        LayerNorm(channels, EPSILON),
        Conv2d(channels, channels, 3, activation="identity", bias=False),
        LayerNorm(channels, EPSILON),
    )


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
    """:func:`encoder_layers` as a network."""
    layers = encoder_layers(
        width, heads, n_blocks, whole, image=image, patch=patch, window=window, mlp_width=mlp_width, channels=channels
    )
    return network((image, image, 3), *layers, conventions=CONVENTIONS, paper=PAPER)


def _block(width: int, heads: int, mlp: int, place: int, image: str, inner: int) -> Layers:
    """Tokens attend to each other and to the image, and the image to the tokens; positions are told each time."""
    norm = LayerNorm(width, EPSILON)
    # In the first block the tokens are their own positions.
    own: Layer = (
        MultiHeadAttention(width, heads)
        if place == 0
        else Residual((MultiHeadAttention(width, heads, query_positions="tokens", key_positions="tokens"),))
    )
    back = MultiHeadAttention(
        width, heads, f"queries{place}", query_positions=image, key_positions="tokens", inner=inner
    )
    return (
        own,
        norm,
        Residual((_to_image(width, heads, place, image, inner),)),
        norm,
        Residual((Dense(width, mlp, "relu"), Dense(mlp, width))),
        norm,
        Save(f"queries{place}"),
        Load(f"image{place}"),
        Residual((back,)),
        norm,
        Save(f"image{place + 1}"),
        Load(f"queries{place}"),
    )


def _to_image(width: int, heads: int, place: int, image: str, inner: int) -> Layer:
    return MultiHeadAttention(width, heads, f"image{place}", query_positions="tokens", key_positions=image, inner=inner)


def _mlp(width: int, inner: int, leaving: int, depth: int = 3) -> Layers:
    middle = (Dense(inner, inner, "relu"),) * (depth - 2)
    return (Dense(width, inner, "relu"), *middle, Dense(inner, leaving))


def decoder_layers(
    width: int = 256,
    heads: int = 8,
    *,
    mlp_width: int = 2048,
    n_blocks: int = 2,
    reduction: int = 2,
    quality_width: int = 256,
    quality_depth: int = 3,
    several: bool = True,
    positions: str = "image_positional_embeddings",
) -> Layers:
    """Masks with four times the sides of the image, and how good they should be, from the tokens that arrive.

    The image is saved as ``image0``, its positions as ``positions``. Three masks, or without ``several`` one. Attention
    between both has half the features inside in the blocks, and a share of one by ``reduction`` behind them.
    """
    chosen = Channels(1, MASKS) if several else Channels(0, 1)
    vectors = tuple((ReadToken(1 + place), *_mlp(width, width, width // 8)) for place in range(MASKS))
    blocks = (_block(width, heads, mlp_width, place, positions, width // 2) for place in range(n_blocks))
    return (
        PrependTokens(MASKS, width),
        PrependTokens(1, width),
        Save("tokens"),
        *(Repeat(1, block) for block in blocks),
        Residual((_to_image(width, heads, n_blocks, positions, width // reduction),)),
        LayerNorm(width),
        Save("read"),
        Branches(vectors),
        Reshape((MASKS, width // 8)),
        Save("vectors"),
        Load(f"image{n_blocks}"),
        Conv2d(width, width // 4, 2, 0, "identity", 2, transposed=True),
        LayerNorm(width // 4, EPSILON),
        Activate("gelu"),
        Conv2d(width // 4, width // 8, 2, 0, "gelu", 2, transposed=True),
        Heads(
            {
                "masks": (DotProducts("vectors"), chosen),
                "iou": (Load("read"), ReadToken(), *_mlp(width, quality_width, MASKS, quality_depth), chosen),
            }
        ),
    )


def decoder(width: int = 256, heads: int = 8, *, side: int = 64, tokens: int = 3, **options: int) -> NetSpec:
    """:func:`decoder_layers` as a network: it is given the image, its positions and both kinds of prompts."""
    return network(
        (side, side, width),
        Load("dense_prompt_embeddings", "add"),
        Save("image0"),
        Load("sparse_prompt_embeddings"),
        *decoder_layers(width, heads, **options),
        conventions=CONVENTIONS,
        paper=PAPER,
        image_positional_embeddings=(side, side, width),
        sparse_prompt_embeddings=(tokens, width),
        dense_prompt_embeddings=(side, side, width),
    )


def unread(width: int, mask: int = 16) -> Layers:
    """What would read a mask that is given as a prompt: three convolutions with biases, then both norms."""
    quarter = mask // 4
    sides: tuple[tuple[int, ...], ...] = (
        *((quarter, 1, 2, 2), (quarter,), (mask, quarter, 2, 2), (mask,), (width, mask, 1, 1), (width,)),
        *((quarter,), (quarter,), (mask,), (mask,)),
    )
    return tuple(map(Unread, sides))


def sam(
    body: Layers,
    width: int = 256,
    heads: int = 8,
    *,
    image: int = 1024,
    points: int = 2,
    mask: int = 16,
    **options: int,
) -> NetSpec:
    """Behind ``body``, the image encoder: ``points`` in pixels, ``(column, row)``, with ``labels`` that are 1 inside
    and 0 outside. Boxes and masks are not asked with.
    """
    asked = (Load("points"), PointShares(image, image))
    kinds = (Load("labels"), TokenPositionEmbed(POINTS, MOST, width, learned_positions=False))
    return network(
        (image, image, 3),
        *body,
        ShiftChannels(width),
        *unread(width, mask),
        Save("image0"),
        Heads({"grid": PixelCentres(), "points": asked}),
        ForEach((FourierFeatures(2, width // 2),)),
        Save("places"),
        Load("places.points"),
        Branches(((), kinds), "add"),
        PrependTokens(1, width),
        *decoder_layers(width, heads, positions="places.grid", **options),
        conventions=CONVENTIONS,
        paper=PAPER,
        points=(points, 2),
        labels=(points,),
    )


#: Name, width, heads, blocks, which of them see all.
SIZES = (
    ("ViT-B", "base", 768, 12, 12, (2, 5, 8, 11)),
    ("ViT-L", "large", 1024, 16, 24, (5, 11, 17, 23)),
    ("ViT-H", "huge", 1280, 16, 32, (7, 15, 23, 31)),
)


def _whole(*sizes: int) -> NetSpec:
    width, heads, n_blocks, whole = sizes
    return sam(encoder_layers(width, heads, n_blocks, whole))


def _parts(n_blocks: int) -> tuple[Part, ...]:
    """The encoder is ``2·n_blocks + 5`` layers, what the prompts are read by 18."""
    body = 2 * n_blocks + 5
    prompts = body + 18
    return (
        Part("vision encoder", tuple(range(body))),
        Part("vision encoder neck", tuple(range(body - 4, body))),
        Part("prompt encoder", tuple(range(body, prompts))),
        Part("mask decoder", tuple(range(prompts, prompts + 17))),
    )


def _networks() -> Iterator[Published]:
    for variant, name, *sizes in SIZES:
        variants = (f"SAM {variant}",)
        yield Published(
            f"facebook/sam-vit-{name}",
            "SAM",
            TRANSFORMERS,
            partial(_whole, *sizes),
            variants,
            parts=_parts(sizes[2]),
            rules="sam",
            aliases=(f"sam-vit-{name}",),
        )
        yield Published(
            f"facebook/sam-vit-{name}/vision-encoder",
            "SAM",
            TRANSFORMERS,
            partial(encoder, *sizes),
            variants,
            "vision encoder",
            parts=(Part("vision encoder neck", (-4, -3, -2, -1)),),
            rules="sam_encoder",
            aliases=(f"sam-vit-{name}-encoder",),
        )
    variants = tuple(f"SAM {variant}" for variant, *_ in SIZES)
    name = "facebook/sam-vit/mask-decoder"
    yield Published(name, "SAM", TRANSFORMERS, decoder, variants, "mask decoder", rules="sam_decoder")


NETWORKS = tuple(_networks())
