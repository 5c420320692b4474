"""CLIP: an image tower and a text tower into one embedding space."""

from __future__ import annotations

from netspec.catalogue.entry import BEYOND, Entry
from netspec.catalogue.resnet import bottleneck
from netspec.layers import (
    ConvBN,
    Dense,
    GlobalAvgPool,
    Heads,
    Load,
    MaxPool,
    OneHotDense,
    PatchEmbed,
    ResidualBlock,
    TransformerEncoder,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

CLIP = Entry("CLIP", BEYOND, "Radford et al. 2021, arXiv:2103.00020", 2021)


def vit_tower(patch: int, width: int, heads: int, n_blocks: int, out: int) -> Layers:
    """ViT for 224 pixels, projected from its class token."""
    return (
        PatchEmbed(3, width, patch, (224 // patch) ** 2),
        TransformerEncoder(width, heads, 4 * width, n_blocks, readout="class_token"),
        Dense(width, out),
    )


def text_tower(width: int, heads: int, out: int, vocabulary: int = 49408, n_blocks: int = 12) -> Layers:
    """Causal transformer, projected from its last token; positions are left out, as in the listing."""
    return (
        OneHotDense(vocabulary, width),
        TransformerEncoder(width, heads, 4 * width, n_blocks, readout="last_token", causal=True),
        Dense(width, out),
    )


RN50 = (
    ConvBN(3, 64, 7, 2),
    MaxPool(2, 2),
    *bottleneck((3, 4, 6, 3)),
    GlobalAvgPool(),
    Dense(2048, 1024),
)
TINY_IMAGE = ConvBN(3, 32, 3, 2), ResidualBlock(32, 64, 2, 2), GlobalAvgPool(), Dense(64, 128)
TINY_TEXT = text_tower(64, 4, 128, vocabulary=1000, n_blocks=4)
B32, L14 = vit_tower(32, 768, 12, 12, 512), vit_tower(14, 1024, 16, 24, 768)
TEXT_RN50, TEXT, TEXT_L14 = text_tower(512, 8, 1024), text_tower(512, 8, 512), text_tower(768, 12, 768)


def both(name: str, image: Layers, text: Layers) -> NetSpec:
    """Both towers: images arrive, the text is an extra input."""
    heads = Heads({"image": image, "text": (Load("text"), *text)})
    return CLIP.spec(name, (224, 224, 3), heads, inputs={"text": (77,)}, role="system")


SPECS = (
    CLIP.spec("CLIP-RN50 (image encoder)", (224, 224, 3), *RN50),
    CLIP.spec("CLIP-RN50 (text encoder)", (77,), *TEXT_RN50),
    CLIP.spec("CLIP-ViT-B/32 (image encoder)", (224, 224, 3), *B32),
    CLIP.spec("CLIP (text encoder)", (77,), *TEXT),
    CLIP.spec("CLIP-ViT-L/14 (image encoder)", (224, 224, 3), *L14),
    CLIP.spec("CLIP-ViT-L/14 (text encoder)", (77,), *TEXT_L14),
    CLIP.spec("tiny-CLIP (image encoder)", (32, 32, 3), *TINY_IMAGE),
    CLIP.spec("tiny-CLIP (text encoder)", (32,), *TINY_TEXT),
    both("CLIP-RN50 (both towers)", RN50, TEXT_RN50),
    both("CLIP-ViT-B/32 (both towers)", B32, TEXT),
    both("CLIP-ViT-L/14 (both towers)", L14, TEXT_L14),
)
