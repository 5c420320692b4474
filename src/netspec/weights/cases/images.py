"""Networks that draw pictures, or score their pixels."""

from netspec.exact import gan, unet
from netspec.weights.cases.base import Cases, case

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
}
