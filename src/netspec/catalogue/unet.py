"""U-Net and, without its skips, an autoencoder."""

from __future__ import annotations

from dataclasses import replace

from netspec.catalogue.entry import SEGMENTATION, Entry
from netspec.layers import BilinearUpsample, Conv2d, ConvBN, MaxPool, UNetDown, UNetUp
from netspec.layers.base import Layers
from netspec.spec import NetSpec

NEW = ("unet_down", "unet_up")
UNET = Entry("UNet", SEGMENTATION, "Ronneberger et al. 2015, arXiv:1505.04597", 2015, NEW, NEW)


def stages(in_channels: int, channels: tuple[int, ...]) -> Layers:
    """Down through ``channels``, two convolutions at twice the last, and up again over the skips."""
    down, width = [], in_channels
    for out_channels in channels:
        down.append(UNetDown(width, out_channels))
        width = out_channels
    bottom = ConvBN(width, 2 * width, 3), ConvBN(2 * width, 2 * width, 3)
    up = [UNetUp(2 * c, c) for c in reversed(channels)]
    return *down, *bottom, *up


def unet(name: str, image: int, in_channels: int, channels: tuple[int, ...], classes: int) -> NetSpec:
    """A U-Net with a 1×1 classifier per pixel."""
    return UNET.spec(
        name,
        (image, image, in_channels),
        *stages(in_channels, channels),
        Conv2d(channels[0], classes, 1, activation="identity"),
    )


AUTOENCODER = UNET.spec(
    "Autoencoder (Pets, 224×224 RGB → 3-class trimap, skipless)",
    (224, 224, 3),
    *[layer for i, o in ((3, 64), (64, 128), (128, 256), (256, 512)) for layer in (ConvBN(i, o, 3), MaxPool(2, 2))],
    ConvBN(512, 512, 3),
    *[
        layer
        for i, o in ((512, 256), (256, 128), (128, 64), (64, 64))
        for layer in (BilinearUpsample(2), ConvBN(i, o, 3))
    ],
    Conv2d(64, 3, 1, activation="identity"),
)


def small(name: str, skips: bool) -> NetSpec:
    """A U-Net of two stages for scenes of digits, or the same stages with nothing that leads past the bottom."""
    down = [UNetDown(3, 10), UNetDown(10, 20)]
    if not skips:
        down = [layer for i, o in ((3, 10), (10, 20)) for layer in (ConvBN(i, o, 3), ConvBN(o, o, 3), MaxPool(2, 2))]
    return UNET.spec(
        name,
        (32, 32, 3),
        *down,
        ConvBN(20, 40, 3),
        UNetUp(40, 20, skip_channels=None if skips else 0),
        UNetUp(20, 10, skip_channels=None if skips else 0),
        Conv2d(10, 3, 1, activation="identity"),
        role="trainer",
    )


def transposed(spec: NetSpec, name: str) -> NetSpec:
    """``spec`` with transposed convolutions on the way up, as the chapter's definition of the stage has them."""
    layers = (replace(layer, upsample="transposed") if isinstance(layer, UNetUp) else layer for layer in spec.layers)
    provenance = replace(spec.provenance, role="alternative", alternative_of=spec.name)
    return replace(spec, name=name, layers=tuple(layers), provenance=provenance)


ORIGINAL = unet("UNet (original, grayscale → 2-class)", 512, 1, (64, 128, 256, 512), 2)

SPECS = (
    ORIGINAL,
    unet("UNet (RGB → 10-class)", 512, 3, (64, 128, 256, 512), 10),
    unet("UNet (small, depth 3)", 256, 3, (32, 64, 128), 3),
    unet("UNet (Pets, 224×224 RGB → 3-class trimap)", 224, 3, (32, 64, 128, 256), 3),
    AUTOENCODER,
    unet("tiny-UNet (depth 2)", 64, 3, (16, 32), 1),
    transposed(ORIGINAL, "UNet (original, transposed convolutions)"),
    small("UNet-Digits", skips=True),
    small("UNet-Digits (skipless)", skips=False),
)
