"""Generators and discriminators of DCGAN, pix2pix and CycleGAN as their released code has them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms.parts import Norm, conv, normed
from netspec.layers import Activate, Conv2d, ConvBN, Load, PadImage, Residual, Save
from netspec.layers.base import Layer
from netspec.spec import NetSpec

DCGAN, PIX2PIX, CYCLEGAN = "arXiv:1511.06434", "arXiv:1611.07004", "arXiv:1703.10593"
PYTORCH, RELEASED = "PyTorch examples", "pytorch-CycleGAN-and-pix2pix"
CONVENTIONS = Conventions(batch_norm_variance="unbiased")


def dcgan_generator(
    latent: int = 100, channels: int = 3, base: int = 64, widths: tuple[int, ...] | None = None
) -> NetSpec:
    """Transposed convolutions from one pixel to 4×4 and on, twice the sides each."""
    deep = widths or tuple(base * factor for factor in (8, 4, 2, 1))
    layers: list[Layer] = [ConvBN(latent, deep[0], 4, 1, 0, transposed=True)]
    layers += [ConvBN(i, o, 4, 2, 1, transposed=True) for i, o in pairwise(deep)]
    last = Conv2d(deep[-1], channels, 4, 1, "tanh", 2, transposed=True, bias=False)
    return network((1, 1, latent), *layers, last, conventions=CONVENTIONS, paper=DCGAN)


def dcgan_discriminator(channels: int = 3, base: int = 64) -> NetSpec:
    """Convolutions, half the sides each, then one of the whole map to a logit."""
    deep = tuple(base * factor for factor in (1, 2, 4, 8))
    layers: list[Layer] = [Conv2d(channels, base, 4, 1, "leaky_relu", 2, bias=False)]
    layers += [ConvBN(i, o, 4, 2, 1, "leaky_relu") for i, o in pairwise(deep)]
    last = Conv2d(deep[-1], 1, 4, 0, "identity", bias=False)
    return network((64, 64, channels), *layers, last, conventions=CONVENTIONS, paper=DCGAN)


def pix2pix(
    n_downs: int = 8, base: int = 64, norm: Norm = "batch", *, channels: int = 3, outputs: int = 3, image: int = 256
) -> NetSpec:
    """A U-Net of strided convolutions; the skip carries what the leaky ReLU leaves, which works in place."""
    bias = norm == "instance"
    widths = [base, 2 * base, 4 * base, *[8 * base] * (n_downs - 3)]
    plain = partial(Conv2d, padding=1, activation="identity", stride=2)
    layers: list[Layer] = [plain(channels, base, 4, bias=bias)]
    for level, (i, o) in enumerate(pairwise(widths), start=1):
        layers += [Activate("leaky_relu"), Save(f"down {level}"), plain(i, o, 4, bias=bias)]
        if level < n_downs - 1:
            layers += normed(o, norm)
    arrives = widths[-1]
    for level, o in reversed(list(enumerate(widths[:-1], start=1))):
        layers += [Activate("relu"), plain(arrives, o, 4, transposed=True, bias=bias), *normed(o, norm)]
        layers += [Save(f"up {level}"), Load(f"down {level}"), Load(f"up {level}", "concat")]
        arrives = 2 * o
    last = Conv2d(arrives, outputs, 4, 1, "tanh", 2, transposed=True)
    return network((image, image, channels), *layers, Activate("relu"), last, conventions=CONVENTIONS, paper=PIX2PIX)


def patch_gan(
    channels: int = 6, base: int = 64, n_layers: int = 3, norm: Norm = "batch", *, image: int = 256
) -> NetSpec:
    """A score for each patch, of 70×70 pixels where ``n_layers`` is three."""
    bias = norm == "instance"
    layers: list[Layer] = [Conv2d(channels, base, 4, 1, "leaky_relu", 2)]
    arrived = base
    for index in range(1, n_layers + 1):
        width, stride = base * min(2**index, 8), 2 if index < n_layers else 1
        layers += conv(arrived, width, 4, stride, norm=norm, activation="leaky_relu", padding=1, bias=bias)
        arrived = width
    last = Conv2d(arrived, 1, 4, 1, "identity")
    return network((image, image, channels), *layers, last, conventions=CONVENTIONS, paper=PIX2PIX)


def cyclegan(
    n_blocks: int = 9, base: int = 64, norm: Norm = "instance", *, channels: int = 3, outputs: int = 3, image: int = 256
) -> NetSpec:
    """Two halvings, residual blocks of reflected edges, two transposed convolutions."""
    bias, deep = norm == "instance", 4 * base

    def normal(i: int, o: int, kernel: int, stride: int = 1, padding: int = 0) -> tuple[Layer, ...]:
        return (Conv2d(i, o, kernel, padding, "identity", stride, bias=bias), *normed(o, norm, "relu"))

    def wider(i: int, o: int) -> tuple[Layer, ...]:
        up = Conv2d(i, o, 3, 1, "identity", 2, transposed=True, output_padding=1, bias=bias)
        return (up, *normed(o, norm, "relu"))

    edge, wide = PadImage(1, 1, 1, 1, "reflect"), PadImage(3, 3, 3, 3, "reflect")
    inner = Conv2d(deep, deep, 3, 0, "identity", bias=bias)
    block = Residual((edge, *normal(deep, deep, 3), edge, inner, *normed(deep, norm)))
    return network(
        (image, image, channels),
        wide,
        *normal(channels, base, 7),
        *normal(base, 2 * base, 3, 2, 1),
        *normal(2 * base, deep, 3, 2, 1),
        *(block,) * n_blocks,
        *wider(deep, 2 * base),
        *wider(2 * base, base),
        wide,
        Conv2d(base, outputs, 7, 0, "tanh"),
        conventions=CONVENTIONS,
        paper=CYCLEGAN,
    )


_DCGAN = "DCGAN 64x64 (PyTorch example)", "DCGAN 64x64, 1 channel", "DCGAN 64x64 (paper widths 1024-512-256-128)"
_PATCH = "70x70 PatchGAN, {} input, {}"


def _networks() -> tuple[Published, ...]:
    def given(
        name: str, family: str, library: str, make: Callable[..., NetSpec], variant: str, piece: str, rules: str
    ) -> Published:
        return Published(name, family, library, make, (variant,), piece, rules=rules)

    wide = partial(dcgan_generator, widths=(1024, 512, 256, 128))
    norms: tuple[tuple[Norm, str], ...] = (("batch", "BatchNorm"), ("instance", "InstanceNorm"))
    make, judge = "generator", "discriminator"
    found = [
        given("dcgan_generator", "DCGAN", PYTORCH, dcgan_generator, _DCGAN[0], make, "dcgan_generator"),
        given("dcgan_discriminator", "DCGAN", PYTORCH, dcgan_discriminator, _DCGAN[0], judge, "dcgan_discriminator"),
        given(
            "dcgan_generator_gray",
            "DCGAN",
            PYTORCH,
            partial(dcgan_generator, 100, 1),
            _DCGAN[1],
            make,
            "dcgan_generator",
        ),
        given(
            "dcgan_discriminator_gray",
            "DCGAN",
            PYTORCH,
            partial(dcgan_discriminator, 1),
            _DCGAN[1],
            judge,
            "dcgan_discriminator",
        ),
        given("dcgan_generator_wide", "DCGAN", PYTORCH, wide, _DCGAN[2], make, "dcgan_generator"),
    ]
    for n_downs in (8, 7, 6):
        for norm, word in norms:
            side = 2**n_downs
            variant = f"UnetGenerator {side} ({n_downs} downs, {word})"
            variants = (variant,) if norm == "batch" or n_downs == 8 else ()
            unet = partial(pix2pix, n_downs, norm=norm, image=side)
            name = f"pix2pix_unet_{side}" + ("" if norm == "batch" else "_instance")
            found.append(Published(name, "pix2pix", RELEASED, unet, variants, make, rules="pix2pix"))
    variant = _PATCH.format("conditional 6-channel", "BatchNorm")
    found.append(given("pix2pix_patchgan", "pix2pix", RELEASED, patch_gan, variant, judge, "patchgan"))
    sizes: tuple[tuple[int, Norm, str], ...] = (
        (9, "instance", "InstanceNorm"),
        (6, "instance", "InstanceNorm"),
        (9, "batch", "BatchNorm"),
    )
    for blocks, norm, word in sizes:
        name = f"cyclegan_resnet_{blocks}blocks" + ("" if norm == "instance" else "_batch")
        variant = f"ResnetGenerator {blocks} blocks ({word})"
        found.append(given(name, "CycleGAN", RELEASED, partial(cyclegan, blocks, norm=norm), variant, make, "cyclegan"))
    patch = partial(patch_gan, 3, norm="instance")
    variant = _PATCH.format("3-channel", "InstanceNorm")
    found.append(given("cyclegan_patchgan", "CycleGAN", RELEASED, patch, variant, judge, "patchgan_instance"))
    return tuple(found)


NETWORKS = _networks()
