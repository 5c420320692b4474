"""DCGAN: a projector, transposed convolutions up, strided convolutions down."""

from __future__ import annotations

from itertools import pairwise

from netspec.catalogue.entry import GENERATION, TRANSPOSED, Entry
from netspec.layers import Conv2d, ConvBN, Dense, Flatten, Reshape
from netspec.spec import NetSpec

DCGAN = Entry("DCGAN", GENERATION, "Radford et al. 2015, arXiv:1511.06434", 2015)


def doubling(channels: tuple[int, ...]) -> list[ConvBN]:
    """4×4 transposed convolutions, each doubling the sides."""
    return [ConvBN(i, o, 4, 2, transposed=True) for i, o in pairwise(channels)]


def halving(channels: tuple[int, ...]) -> list[ConvBN]:
    """4×4 convolutions of stride 2."""
    return [ConvBN(i, o, 4, 2, activation="leaky_relu") for i, o in pairwise(channels)]


def generator(name: str, channels: tuple[int, ...]) -> NetSpec:
    """From a 4×4 map to an RGB image; the last convolution keeps the sides."""
    image = Conv2d(channels[-1], 3, 4, activation="tanh")
    return DCGAN.spec(name, (4, 4, channels[0]), *doubling(channels), image, remark=TRANSPOSED)


def discriminator(name: str, image: int, channels: tuple[int, ...]) -> NetSpec:
    """From an RGB image to one logit."""
    score = Flatten(), Dense(4 * 4 * channels[-1], 1)
    return DCGAN.spec(name, (image, image, 3), *halving((3, *channels)), *score)


PROJECTOR = DCGAN.spec("DCGAN noise projector (100 → 4×4×1024)", (100,), Dense(100, 4 * 4 * 1024, "relu"))
GENERATOR = generator("DCGAN generator (64×64 RGB)", (1024, 512, 256, 128, 64))

SPECS = (
    PROJECTOR,
    GENERATOR,
    discriminator("DCGAN discriminator (64×64 RGB → 1)", 64, (128, 256, 512, 1024)),
    generator("tiny-DCGAN generator (32×32)", (128, 64, 32, 16)),
    discriminator("tiny-DCGAN discriminator (32×32)", 32, (32, 64, 128)),
    DCGAN.spec(
        "DCGAN (noise to image)",
        (100,),
        *PROJECTOR.layers,
        Reshape((4, 4, 1024)),
        *GENERATOR.layers,
        role="system",
    ),
)
