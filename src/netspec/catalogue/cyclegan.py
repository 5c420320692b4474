"""CycleGAN: a residual generator and a patch discriminator."""

from __future__ import annotations

from netspec.catalogue.entry import GENERATION, TRANSPOSED, Entry
from netspec.layers import Conv2d, ConvBN, ResidualBlock
from netspec.spec import NetSpec

CYCLEGAN = Entry("CycleGAN", GENERATION, "Zhu et al. 2017, arXiv:1703.10593", 2017)


def generator(name: str, image: int, width: int, n_blocks: int) -> NetSpec:
    """Twice down, residual blocks at four times ``width``, twice up."""
    w = width
    return CYCLEGAN.spec(
        name,
        (image, image, 3),
        ConvBN(3, w, 7),
        ConvBN(w, 2 * w, 3, 2),
        ConvBN(2 * w, 4 * w, 3, 2),
        ResidualBlock(4 * w, 4 * w, n_blocks, 1),
        ConvBN(4 * w, 2 * w, 3, 2, transposed=True),
        ConvBN(2 * w, w, 3, 2, transposed=True),
        Conv2d(w, 3, 7, activation="tanh"),
        remark=TRANSPOSED,
    )


def patch_discriminator(entry: Entry, name: str, image: int, channels: tuple[int, ...]) -> NetSpec:
    """4×4 convolutions, all but the last of stride 2, then one real-or-fake logit per patch."""
    layers, width = [], 3
    for out_channels in channels:
        layers.append(ConvBN(width, out_channels, 4, 1 if out_channels == channels[-1] else 2, activation="leaky_relu"))
        width = out_channels
    return entry.spec(name, (image, image, 3), *layers, Conv2d(width, 1, 4, activation="identity"))


SPECS = (
    generator("CycleGAN generator (9-block ResNet, 256×256 RGB)", 256, 64, 9),
    patch_discriminator(CYCLEGAN, "CycleGAN PatchGAN discriminator (256×256 RGB → N×N grid)", 256, (64, 128, 256, 512)),
    generator("tiny-CycleGAN generator", 64, 16, 3),
    patch_discriminator(CYCLEGAN, "tiny-CycleGAN discriminator", 64, (16, 32, 64)),
)
