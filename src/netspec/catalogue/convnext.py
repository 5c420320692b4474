"""ConvNeXt: the earlier edition's entry, and the networks that Part 1 trains."""

from __future__ import annotations

from netspec.catalogue.entry import PART_1, VISION, Entry
from netspec.layers import ConvBN, ConvNeXtDownsample, ConvNeXtStage, ConvNeXtStem, Dense, GlobalAvgPool
from netspec.spec import NetSpec, Role

PAPER = "Liu et al. 2022, arXiv:2201.03545"
CONVNEXT = Entry("ConvNeXt", VISION, PAPER, 2022, None, ("conv_next_stage", "conv_next_downsample"))
PART1 = Entry("ConvNeXt", PART_1, PAPER, 2022, (), earlier_new_primitives=None)


def convnext(
    entry: Entry,
    name: str,
    blocks: tuple[int, ...],
    stem: ConvBN | ConvNeXtStem,
    image: int = 224,
    classes: int = 1000,
    role: Role = "variant",
) -> NetSpec:
    """Stages that double in width from the stem's, by ``blocks`` per stage."""
    layers, width = [stem], stem.out_channels
    for stage, count in enumerate(blocks):
        if stage:
            layers.append(ConvNeXtDownsample(width, 2 * width))
            width *= 2
        layers.append(ConvNeXtStage(width, count))
    return entry.spec(name, (image, image, 3), *layers, GlobalAvgPool(), Dense(width, classes), role=role)


def normalised(width: int, patch: int = 4) -> ConvBN:
    """The stem of the earlier specs: a convolution without bias and BatchNorm, ``width`` parameters fewer."""
    return ConvBN(3, width, patch, patch)


SPECS = (
    convnext(CONVNEXT, "ConvNeXt-T", (3, 3, 9, 3), normalised(96)),
    convnext(CONVNEXT, "ConvNeXt-S", (3, 3, 27, 3), normalised(96)),
    convnext(CONVNEXT, "ConvNeXt-B", (3, 3, 27, 3), normalised(128)),
    convnext(CONVNEXT, "ConvNeXt-L", (3, 3, 27, 3), normalised(192)),
    convnext(CONVNEXT, "tiny-ConvNeXt", (2, 2, 2), normalised(32, 2), image=32, classes=10),
    convnext(PART1, "ConvNeXt-T (10 classes)", (3, 3, 9, 3), normalised(96), classes=10),
    convnext(PART1, "ConvNeXt-T (ImageNet, bf16)", (3, 3, 9, 3), ConvNeXtStem(3, 96, 4)),
    # For 32-pixel digits: two stages of one block.
    convnext(PART1, "ConvNeXt-Digits", (1, 1), ConvNeXtStem(3, 40, 4), image=32, classes=10, role="trainer"),
)
