"""DDPM: the U-Net that predicts noise, and the embedding of the time it is conditioned on."""

from __future__ import annotations

from netspec.catalogue.entry import DIFFUSION, Entry
from netspec.catalogue.unet import transposed
from netspec.layers import (
    Conv2d,
    ConvBN,
    Dense,
    PositionalEncoding,
    TimeCondition,
    TransformerEncoder,
    UNetDown,
    UNetUp,
)  # fmt: skip
from netspec.layers.base import Layer, Layers
from netspec.spec import NetSpec, Role

DDPM = Entry(
    "DDPM", DIFFUSION, "Ho et al. 2020, arXiv:2006.11239", 2020, ("unet_down", "unet_up", "positional_encoding")
)


def denoiser(name: str, image: int, channels: tuple[int, ...], bottleneck: int = 2) -> NetSpec:
    """Down through ``channels``, ``bottleneck`` convolutions, up through the same channels, noise of three channels."""
    ins = (3, *channels[:-1])
    last = channels[-1]
    up_from = (last, *reversed(channels[1:]))
    return DDPM.spec(
        name,
        (image, image, 3),
        *[UNetDown(i, o) for i, o in zip(ins, channels, strict=True)],
        *[ConvBN(last, last, 3)] * bottleneck,
        *[UNetUp(i, o) for i, o in zip(up_from, reversed(channels), strict=True)],
        Conv2d(channels[0], 3, 1, activation="identity"),
    )


CIFAR = denoiser("DDPM (CIFAR-10, backbone approx)", 32, (128, 256, 256))

# Two time-conditioned stages down and up: the shape of the working demos of ch. 11.2.7.
CONDITIONED = DDPM.spec(
    "DDPM (time-conditioned, 32×32)",
    (32, 32, 3),
    UNetDown(3, 32),
    TimeCondition(32, 16),
    UNetDown(32, 64),
    TimeCondition(64, 16),
    ConvBN(64, 64, 3),
    UNetUp(64, 64),
    TimeCondition(64, 16),
    UNetUp(64, 32),
    Conv2d(32, 3, 1, activation="identity"),
    inputs={"time": (1,)},
    role="system",
)

#: Encodings of the time that the demos of ch. 11.2.7 append to a picture: t/T, or sines and cosines.
PLANE, SINES = 1, 8


def demo(
    name: str,
    image: int,
    pictures: int,
    base: int,
    planes: int = PLANE,
    *,
    per_block: bool = False,
    attention: bool = False,
    role: Role = "system",
) -> NetSpec:
    """A U-Net of two stages as the demos have it: pictures of as many channels with time ``planes`` behind them.

    ``per_block`` adds the time to what every block leaves, too, and ``attention`` puts a transformer between the two
    convolutions at the bottom, the first of which then leaves what the second takes.
    """
    wide = 4 * base
    bottom: Layers = (ConvBN(2 * base, wide, 3), ConvBN(wide, wide, 3))
    if attention:
        bottom = (bottom[0], TransformerEncoder(wide, 4, 4 * wide, 1), bottom[1])
    blocks = UNetDown(pictures + planes, base), UNetDown(base, 2 * base), *bottom
    blocks = *blocks, UNetUp(wide, 2 * base), UNetUp(2 * base, base)
    layers: list[Layer] = []
    for block in blocks:
        layers.append(block)
        if per_block:
            layers.append(TimeCondition(block.out_channels, 8))
    return DDPM.spec(
        name,
        (image, image, pictures + planes),
        *layers,
        Conv2d(base, pictures, 1, activation="identity"),
        inputs={"time": (1,)} if per_block else {},
        role=role,
    )


SPECS = (
    CIFAR,
    denoiser("DDPM (256×256, backbone approx)", 256, (128, 128, 256, 256, 512)),
    denoiser("tiny-DDPM", 32, (32, 64), bottleneck=1),
    DDPM.spec("DDPM timestep-embedding MLP", (1,), PositionalEncoding(1, 64), Dense(128, 512, "silu"), Dense(512, 512)),
    transposed(CIFAR, "DDPM (CIFAR-10, transposed convolutions)"),
    CONDITIONED,
    demo("DDPM (MNIST demo)", 28, 1, 16),
    demo("DDPM (CIFAR-10 base80)", 32, 3, 80),
    demo("DDPM (CIFAR-10 base80 sin/cos)", 32, 3, 80, SINES),
    demo("DDPM (CIFAR-10 base64 sin/cos attention)", 32, 3, 64, SINES, attention=True),
    demo("DDPM (CIFAR-10 base64 attention)", 32, 3, 64, attention=True),
    demo("DDPM (CIFAR-10 base80 per block)", 32, 3, 80, per_block=True),
    demo("DDPM (CIFAR-10 base96)", 32, 3, 96),
    demo("DDPM-Digits", 8, 1, 16, role="trainer"),
    demo("DDPM-Digits (sin/cos)", 8, 1, 16, SINES, role="trainer"),
    demo("DDPM-Digits (per block)", 8, 1, 16, per_block=True, role="trainer"),
    demo("DDPM-Digits (attention)", 8, 1, 16, attention=True, role="trainer"),
)
