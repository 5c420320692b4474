"""U-Nets, generators and discriminators, an autoencoder: written from papers and their released code."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Literal

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms.parts import conv, normed
from netspec.layers import (
    Activate,
    Conv2d,
    ConvBN,
    InstanceNorm,
    JoinCropped,
    Load,
    MaxPool,
    PadImage,
    Repeat,
    Residual,
    Save,
)
from netspec.layers.base import Layers
from netspec.spec import NetSpec

DEFINED = "written from the paper"
UNBIASED = Conventions(batch_norm_variance="unbiased")
UNET = "Ronneberger et al. 2015, arXiv:1505.04597"
DCGAN = "Radford et al. 2015, arXiv:1511.06434"
PIX2PIX = "Isola et al. 2016, arXiv:1611.07004"
CYCLEGAN = "Zhu et al. 2017, arXiv:1703.10593"


def unet(
    channels: int = 3,
    classes: int = 2,
    *,
    base: int = 64,
    depth: int = 4,
    normed: bool = True,
    height: int = 256,
    columns: int = 256,
) -> NetSpec:
    """Padded convolutions, transposed ones on the way up, what is skipped in front of what comes up.

    Where a side was odd, a row or column of zeros makes up for it on the way up, as widespread code does.
    """
    norm: Literal["batch", "none"] = "batch" if normed else "none"

    def double(i: int, o: int) -> Repeat:
        return Repeat(1, (*conv(i, o, 3, norm=norm), *conv(o, o, 3, norm=norm)))

    layers: list = []
    widths, arrived = [base * 2**level for level in range(depth + 1)], channels
    for level, width in enumerate(widths):
        layers.append(double(arrived, width))
        layers += [Save(f"skip {level}"), MaxPool(2, 2, "valid")] if level < depth else []
        arrived = width
    for level, width in reversed(list(enumerate(widths[:-1]))):
        up = Conv2d(arrived, width, 2, activation="identity", stride=2, transposed=True)
        layers += [up, JoinCropped(f"skip {level}", fit="pad"), double(2 * width, width)]
        arrived = width
    last = Conv2d(arrived, classes, 1, activation="identity")
    return network((height, columns, channels), *layers, last, conventions=UNBIASED, paper=UNET)


def dcgan_generator(latent: int = 100, width: int = 64, channels: int = 3, *, doublings: int = 4) -> NetSpec:
    """Transposed convolutions from one position; sides double ``doublings`` times from four."""
    widths = [width * 2**level for level in reversed(range(doublings))]
    up = partial(ConvBN, kernel=4, stride=2, padding=1, transposed=True)
    return network(
        (1, 1, latent),
        ConvBN(latent, widths[0], 4, 1, 0, transposed=True),
        *(up(i, o) for i, o in pairwise(widths)),
        Conv2d(widths[-1], channels, 4, 1, "tanh", 2, transposed=True, bias=False),
        conventions=UNBIASED,
        paper=DCGAN,
    )


def dcgan_discriminator(width: int = 64, channels: int = 3, *, halvings: int = 4, side: int = 64) -> NetSpec:
    """Convolutions of stride two without biases, and one value out."""
    widths = [width * 2**level for level in range(halvings)]
    return network(
        (side, side, channels),
        Conv2d(channels, width, 4, 1, "leaky_relu", 2, bias=False),
        *(ConvBN(i, o, 4, 2, 1, "leaky_relu") for i, o in pairwise(widths)),
        Conv2d(widths[-1], 1, 4, "valid", "identity", bias=False),
        conventions=UNBIASED,
        paper=DCGAN,
    )


def patch_gan(
    channels: int = 6, width: int = 64, depth: int = 3, *, norm: Literal["batch", "instance"] = "batch", side: int = 256
) -> NetSpec:
    """A value for each patch; ``depth`` convolutions of stride two, then two of stride one."""
    layers: list = [Conv2d(channels, width, 4, 1, "leaky_relu", 2)]
    arrived = width
    for level in range(1, depth + 1):
        leaving, stride = width * min(2**level, 8), 2 if level < depth else 1
        bias = norm == "instance"
        layers += conv(arrived, leaving, 4, stride, norm=norm, activation="leaky_relu", padding=1, bias=bias)
        arrived = leaving
    last = Conv2d(arrived, 1, 4, 1, "identity")
    return network((side, side, channels), *layers, last, conventions=UNBIASED, paper=PIX2PIX)


def pix2pix(
    n_downs: int = 8,
    width: int = 64,
    channels: int = 3,
    outputs: int = 3,
    *,
    norm: Literal["batch", "instance"] = "batch",
    side: int = 256,
) -> NetSpec:
    """The skip carries what the leaky ReLU leaves, as that of the released code works in place."""
    bias = norm == "instance"
    widths = [width, 2 * width, 4 * width, *[8 * width] * (n_downs - 3)]
    plain = partial(Conv2d, padding=1, activation="identity", stride=2)
    layers: list = [plain(channels, width, 4)] if bias else [plain(channels, width, 4, bias=False)]
    for level, (i, o) in enumerate(pairwise(widths), start=1):
        layers += [Activate("leaky_relu"), Save(f"down {level}"), plain(i, o, 4, bias=bias)]
        layers += normed(o, norm) if level < n_downs - 1 else ()
    arrived = widths[-1]
    for level, o in reversed(list(enumerate(widths[:-1], start=1))):
        layers += [Activate("relu"), plain(arrived, o, 4, transposed=True, bias=bias), *normed(o, norm)]
        layers += [Save(f"up {level}"), Load(f"down {level}"), Load(f"up {level}", "concat")]
        arrived = 2 * o
    last = (Activate("relu"), Conv2d(arrived, outputs, 4, 1, "tanh", 2, transposed=True))
    return network((side, side, channels), *layers, *last, conventions=UNBIASED, paper=PIX2PIX)


def cyclegan(
    n_blocks: int = 9, width: int = 64, channels: int = 3, *, height: int = 256, columns: int = 256
) -> NetSpec:
    """Reflected edges, instance norms, residual blocks at a quarter of the sides."""

    def instance(i: int, o: int, kernel: int, stride: int = 1, padding: int = 0) -> Layers:
        return conv(i, o, kernel, stride, norm="instance", padding=padding, bias=True)

    c = width
    edge, wide = PadImage(1, 1, 1, 1, "reflect"), PadImage(3, 3, 3, 3, "reflect")
    inner = (edge, *instance(4 * c, 4 * c, 3), edge, Conv2d(4 * c, 4 * c, 3, 0, "identity"), InstanceNorm(4 * c))
    wider = partial(Conv2d, kernel=3, padding=1, activation="identity", stride=2, transposed=True, output_padding=1)
    ups = [layer for i in (4 * c, 2 * c) for layer in (wider(i, i // 2), InstanceNorm(i // 2, activation="relu"))]
    return network(
        (height, columns, channels),
        wide,
        *instance(channels, c, 7),
        *instance(c, 2 * c, 3, 2, 1),
        *instance(2 * c, 4 * c, 3, 2, 1),
        *[Residual(inner)] * n_blocks,
        *ups,
        wide,
        Conv2d(c, channels, 7, 0, "tanh"),
        paper=CYCLEGAN,
    )


def _networks() -> Iterator[Published]:
    yield Published("unet", "U-Net", DEFINED, unet, rules="unet_bn")
    yield Published("unet_2015", "U-Net", DEFINED, partial(unet, 1, normed=False), rules="unet")
    yield Published("dcgan_generator", "DCGAN", DEFINED, dcgan_generator, rules="dcgan_generator")
    yield Published("dcgan_discriminator", "DCGAN", DEFINED, dcgan_discriminator, rules="dcgan_discriminator")
    yield Published("pix2pix_patchgan", "pix2pix", DEFINED, patch_gan, rules="patch_gan")
    yield Published("cyclegan_generator", "CycleGAN", DEFINED, cyclegan, rules="cyclegan")
    yield Published("pix2pix_generator", "pix2pix", DEFINED, pix2pix)


NETWORKS = tuple(_networks())
