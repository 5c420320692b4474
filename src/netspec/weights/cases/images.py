"""Networks that draw pictures, or score their pixels."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from netspec.exact import diffusion, fields, gan, unet
from netspec.weights.cases.base import Cases, case, named
from netspec.weights.families import find
from netspec.weights.parity import Twin

TIMED = {"": "sample", "time": "timestep"}


def _moments(leaves: Mapping[str, Any]) -> dict[str, Any]:
    return {"moments": leaves["moments"]}


def _denoiser() -> Twin:
    return Twin(diffusion.ddpm((16, 32), (1,), n_blocks=1, groups=8), find("ddpm"), TIMED)


def _tiny_unet() -> Twin:
    return Twin(diffusion.sd_unet((32, 64), (0,), 4, 24, n_blocks=1, groups=8), find("sd_unet"), TIMED)


CASES: Cases = {
    "tiny_unet_bn": case("unet_bn", unet.unet, 3, 4, 8, 3, "batch"),
    "unet_bn_gray": case("unet_bn", unet.unet, norm="batch"),
    "unet_2015_gray": case("unet", unet.unet),
    "smp_unet_resnet34": case("smp_unet", unet.on_resnet, "resnet34", classes=21),
    "dcgan_generator": case("dcgan_generator", gan.dcgan_generator),
    "dcgan_discriminator": case("dcgan_discriminator", gan.dcgan_discriminator),
    "pix2pix_patchgan": case("patchgan", gan.patch_gan),
    "pix2pix_unet256": case("pix2pix", gan.pix2pix),
    "tiny_pix2pix_unet": case("pix2pix", gan.pix2pix, 5, 8, "instance"),
    "cyclegan_resnet9": case("cyclegan", gan.cyclegan),
    "tiny_cyclegan_resnet2": case("cyclegan", gan.cyclegan, 2, 8),
    "ddpm_cifar": partial(named, "ddpm-cifar10-32", inputs=TIMED),
    "tiny_ddpm": _denoiser,
    "tiny_sd_unet_a": _tiny_unet,
    "sd15_unet": partial(named, "sd15-unet", inputs=TIMED),
    "tiny_sd_vae": case("autoencoder_kl", diffusion.autoencoder, (16, 32), 1, 8),
    "sd_vae_encoder": partial(named, "sd-vae-ft-mse", outputs=_moments),
    **{
        f"tv_{head}_resnet{depth}": partial(named, f"{head}_resnet{depth}")
        for head in ("fcn", "deeplabv3")
        for depth in (50, 101)
    },
    **{
        f"smp_{net.lower()}_{encoder}": partial(named, f"smp.{net}-{encoder}")
        for net in ("DeepLabV3Plus", "FPN")
        for encoder in ("resnet18", "resnet34", "resnet50")
    },
    "vae_mlp": case("mlp_vae", fields.vae),
    "nerf_code": case("nerf", fields.nerf),
    "nerf_small": case("nerf", fields.nerf, 64, 4, 2, "paper"),
}
