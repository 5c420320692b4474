"""Swin Transformer: four stages of windowed attention with patch merging between."""

from __future__ import annotations

from netspec.catalogue.entry import NO_CLASS_TOKEN, VISION, Entry
from netspec.layers import Dense, GlobalAvgPool, PatchEmbed, PatchMerging, SwinStage
from netspec.spec import NetSpec

NEW = ("swin_stage", "patch_merging")
SWIN = Entry("Swin Transformer", VISION, "Liu et al. 2021, arXiv:2103.14030", 2021, NEW, NEW)


def swin(
    name: str,
    width: int,
    heads: int,
    blocks: tuple[int, ...],
    image: int = 224,
    patch: int = 4,
    window: int = 7,
    classes: int = 1000,
) -> NetSpec:
    """``width`` doubles and ``heads`` double from stage to stage; ``blocks`` per stage."""
    d, h = width, heads
    return SWIN.spec(
        name,
        (image, image, 3),
        PatchEmbed(3, d, patch, (image // patch) ** 2, layout="grid"),
        SwinStage(d, h, 4 * d, window, blocks[0]),
        PatchMerging(d, 2 * d),
        SwinStage(2 * d, 2 * h, 8 * d, window, blocks[1]),
        PatchMerging(2 * d, 4 * d),
        SwinStage(4 * d, 4 * h, 16 * d, window, blocks[2]),
        PatchMerging(4 * d, 8 * d),
        SwinStage(8 * d, 8 * h, 32 * d, window, blocks[3]),
        GlobalAvgPool(),
        Dense(8 * d, classes),
        remark=NO_CLASS_TOKEN,
    )


# For 32-pixel digits: two stages, of which the second is one window wide.
SWIN_DIGITS = SWIN.spec(
    "Swin-Digits",
    (32, 32, 3),
    PatchEmbed(3, 32, 4, 64, layout="grid"),
    SwinStage(32, 2, 128, 4, 2),
    PatchMerging(32, 64),
    SwinStage(64, 4, 256, 4, 2),
    GlobalAvgPool(),
    Dense(64, 10),
    role="trainer",
)

SPECS = (
    swin("Swin-T", 96, 3, (2, 2, 6, 2)),
    swin("Swin-S", 96, 3, (2, 2, 18, 2)),
    swin("Swin-B", 128, 4, (2, 2, 18, 2)),
    swin("tiny-Swin", 32, 2, (2, 2, 2, 2), image=32, patch=2, window=4, classes=10),
    SWIN_DIGITS,
)
