"""U-Nets, generators and discriminators."""

from functools import partial

from netspec.exact import generators
from netspec.weights.cases.base import Cases, case, named

CASES: Cases = {
    "tiny_unet_bn": case("unet_bn", generators.unet, 3, 4, base=8, depth=3),
    "unet_bn_gray": case("unet_bn", generators.unet, 1, 2),
    "unet_2015_gray": partial(named, "unet_2015"),
    "dcgan_generator": partial(named, "dcgan_generator"),
    "dcgan_discriminator": partial(named, "dcgan_discriminator"),
    "cyclegan_resnet9": partial(named, "cyclegan_generator"),
    "tiny_cyclegan_resnet2": case("cyclegan", generators.cyclegan, 2, 8),
    "pix2pix_patchgan": partial(named, "pix2pix_patchgan"),
}
