"""SegFormer: a pyramid of transformer stages and a small decoder."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.catalogue.entry import NO_CLASS_TOKEN, SEGMENTATION, Entry
from netspec.layers import Dense, PatchEmbed, PatchMerging, TransformerEncoder
from netspec.layers.base import Layer
from netspec.spec import NetSpec

SEGFORMER = Entry("SegFormer", SEGMENTATION, "Xie et al. 2021, arXiv:2105.15203", 2021, ("patch_merging",))


def stages(image: int, widths: tuple[int, ...], heads: tuple[int, ...], blocks: tuple[int, ...]) -> Iterator[Layer]:
    """Transformer stages over grids, 4×4 patches first, halved between; MLPs four times as wide."""
    yield PatchEmbed(3, widths[0], 4, (image // 4) ** 2, layout="grid")
    for stage, (width, head_count, count) in enumerate(zip(widths, heads, blocks, strict=True)):
        if stage:
            yield PatchMerging(widths[stage - 1], width)
        yield TransformerEncoder(width, head_count, 4 * width, count)


def mit(name: str, widths: tuple[int, ...], blocks: tuple[int, ...]) -> NetSpec:
    """A Mix Transformer encoder, with plain attention and feed-forward layers."""
    return SEGFORMER.spec(name, (224, 224, 3), *stages(224, widths, (1, 2, 5, 8), blocks), remark=NO_CLASS_TOKEN)


MLP_DECODER = SEGFORMER.spec(
    "SegFormer MLP decoder (single-scale approx at B2 widths)",
    (7, 7, 512),
    Dense(512, 768),
    Dense(768, 768),
    Dense(768, 150),
)

TINY_SEGFORMER = SEGFORMER.spec(
    "tiny-SegFormer",
    (64, 64, 3),
    *stages(64, (16, 32, 64), (1, 2, 4), (2, 2, 2)),
    Dense(64, 128),
    Dense(128, 10),
    remark=NO_CLASS_TOKEN,
)

SPECS = (
    mit("SegFormer MiT-B0 encoder", (32, 64, 160, 256), (2, 2, 2, 2)),
    mit("SegFormer MiT-B2 encoder", (64, 128, 320, 512), (3, 4, 6, 3)),
    mit("SegFormer MiT-B5 encoder", (64, 128, 320, 512), (3, 6, 40, 3)),
    MLP_DECODER,
    TINY_SEGFORMER,
)
