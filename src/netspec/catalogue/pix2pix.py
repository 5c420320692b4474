"""Pix2Pix: a U-Net generator and CycleGAN's patch discriminator."""

from netspec.catalogue.cyclegan import patch_discriminator
from netspec.catalogue.entry import GENERATION, Entry
from netspec.catalogue.unet import transposed
from netspec.layers import Conv2d, UNetDown, UNetUp

PIX2PIX = Entry("Pix2Pix", GENERATION, "Isola et al. 2016, arXiv:1611.07004", 2016, ("unet_down", "unet_up"))

GENERATOR = PIX2PIX.spec(
    "Pix2Pix generator (8-level UNet, 256×256 RGB)",
    (256, 256, 3),
    UNetDown(3, 64),
    UNetDown(64, 128),
    UNetDown(128, 256),
    UNetDown(256, 512),
    *[UNetDown(512, 512)] * 4,  # 1×1
    *[UNetUp(512, 512)] * 5,
    UNetUp(512, 256),
    UNetUp(256, 128),
    UNetUp(128, 64),
    Conv2d(64, 3, 1, activation="tanh"),
)

TINY_GENERATOR = PIX2PIX.spec(
    "tiny-Pix2Pix generator (4-level UNet, 64×64)",
    (64, 64, 3),
    UNetDown(3, 16),
    UNetDown(16, 32),
    UNetDown(32, 64),
    UNetDown(64, 64),
    UNetUp(64, 64),
    UNetUp(64, 32, skip_channels=64),
    UNetUp(32, 16, skip_channels=32),
    UNetUp(16, 3, skip_channels=16),
    Conv2d(3, 3, 1, activation="tanh"),
    remark="the listing narrows too early: three skips arrive wider than its formula counts them",
)

SPECS = (
    GENERATOR,
    patch_discriminator(PIX2PIX, "Pix2Pix PatchGAN discriminator (256×256 → N×N grid)", 256, (64, 128, 256, 512)),
    TINY_GENERATOR,
    patch_discriminator(PIX2PIX, "tiny-Pix2Pix discriminator", 64, (16, 32, 64)),
    transposed(GENERATOR, "Pix2Pix generator (transposed convolutions)"),
)
