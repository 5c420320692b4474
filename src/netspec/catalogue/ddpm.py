"""DDPM: the U-Net that predicts noise, and the embedding of the time it is conditioned on."""

from __future__ import annotations

from netspec.catalogue.entry import DIFFUSION, Entry
from netspec.catalogue.unet import transposed
from netspec.layers import Conv2d, ConvBN, Dense, PositionalEncoding, TimeCondition, UNetDown, UNetUp
from netspec.spec import NetSpec

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

SPECS = (
    CIFAR,
    denoiser("DDPM (256×256, backbone approx)", 256, (128, 128, 256, 256, 512)),
    denoiser("tiny-DDPM", 32, (32, 64), bottleneck=1),
    DDPM.spec("DDPM timestep-embedding MLP", (1,), PositionalEncoding(1, 64), Dense(128, 512, "silu"), Dense(512, 512)),
    transposed(CIFAR, "DDPM (CIFAR-10, transposed convolutions)"),
    CONDITIONED,
)
