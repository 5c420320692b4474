"""Networks that a case defines itself, by the names of its ``definition.py``.

A definition says its own defaults; those here are for one that does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax.numpy as jnp

from netspec import exact
from netspec.exact import compact, densenet, detection, fields, gan, resnet, small, unet, vgg
from netspec.exact import yolo as yolos
from netspec.weights.constructors.base import made, named
from netspec.weights.constructors.calls import Call
from netspec.weights.constructors.readers import check, reads
from netspec.weights.families import find
from netspec.weights.parity import Twin
from netspec.weights.plan import WeightsError

Norm = Literal["batch", "instance"]


@reads("definition.LeNet5")
def lenet5(in_channels: int = 1, image: int = 32, num_classes: int = 10) -> Twin:
    """LeNet-5."""
    return made("lenet5", small.lenet5, image, channels=in_channels, classes=num_classes)


@reads("definition.LeNet300100")
def lenet_300_100(num_classes: int = 10) -> Twin:
    """LeNet-300-100."""
    return made("lenet5", small.lenet_300_100, classes=num_classes)


@reads("definition.AlexNet2012")
def alexnet(groups: int = 2, num_classes: int = 1000) -> Twin:
    """AlexNet."""
    return made("alexnet_2012", vgg.alexnet_2012, groups, classes=num_classes)


@reads("definition.DQN")
def dqn(actions: int = 6, nature: bool = True) -> Twin:
    """The networks that play Atari."""
    return made("dqn", small.dqn, actions, nature=nature)


@reads("definition.Highway")
def highway(inputs: int = 784, width: int = 50, depth: int = 10, num_classes: int = 10) -> Twin:
    """Highway network."""
    return made("highway", small.highway, inputs, width, depth, classes=num_classes)


@reads("definition.Policy")
def policy(planes: int = 48, width: int = 192, depth: int = 13, board: int = 19) -> Twin:
    """AlphaGo's policy."""
    return made("alphago", small.alphago_policy, planes, width, depth, board)


@reads("definition.Value")
def value(planes: int = 49, width: int = 192, depth: int = 13, board: int = 19) -> Twin:
    """AlphaGo's value."""
    return made("alphago_value", small.alphago_value, planes, width, depth, board)


@reads("definition.AlphaZero")
def alphazero(
    blocks: int = 19, planes: int = 17, width: int = 256, board: int = 19, policy: Literal["fc"] | int = "fc",
    value_hidden: int = 256,
) -> Twin:  # fmt: skip
    """AlphaZero."""
    rules = "alphazero" if policy == "fc" else "alphazero_planes"
    return made(rules, small.alphazero, blocks, planes, width, board, policy, value_hidden)


@reads("definition.WideResNet")
def wide(depth: int = 28, k: int = 10, num_classes: int = 10) -> Twin:
    """Wide residual network."""
    return made("wrn", small.wide, depth, k, classes=num_classes)


@reads("definition.DenseNetBC")
def densenet_bc(depth: int = 100, k: int = 12, num_classes: int = 10) -> Twin:
    """DenseNet-BC."""
    return made("densenet_bc", densenet.densenet_bc, depth, k, classes=num_classes)


@reads("definition.ResNetCIFAR")
def resnet_cifar(depth: int = 20, option: Literal["A", "B"] = "A", num_classes: int = 10) -> Twin:
    """ResNets for small pictures, with either shortcut."""
    check("ResNetCIFAR", "option", option, "A", "B")
    return made("resnet_cifar", resnet.cifar, depth, option=option, classes=num_classes)


@reads("definition.with_cifar_stem")
def small_stem(model: Call) -> Twin:
    """A ResNet of torchvision with another stem."""
    name = f"{model.name.rpartition('.')[2]}_cifar"
    published = exact.known(name)
    if published is None:
        raise WeightsError(f"definition.with_cifar_stem: no network is known as {name}")
    return Twin(published.spec(model.options.get("num_classes", 1000)), find(published.rules))


@reads("definition.ShuffleNetV1")
def shufflenet_v1(
    groups: int = 3, stages: Sequence[int] | None = None, first: int = 24, num_classes: int = 1000, bias: bool = True
) -> Twin:
    """ShuffleNet."""
    sizes = tuple(stages) if stages else None
    return made("shufflenet_v1", compact.shufflenet_v1, groups, sizes, first, bias=bias, classes=num_classes)


@reads("definition.UNet")
def u_net(in_channels: int = 3, num_classes: int = 2, base: int = 64, depth: int = 4, bn: bool = True) -> Twin:
    """U-Net."""
    norm: Any = "batch" if bn else "none"
    return made("unet_bn" if bn else "unet", unet.unet, in_channels, num_classes, base, depth, norm)


@reads("definition.Generator")
def dcgan_generator(nz: int = 100, ngf: int = 64, nc: int = 3) -> Twin:
    """DCGAN's generator."""
    return made("dcgan_generator", gan.dcgan_generator, nz, nc, ngf)


@reads("definition.Discriminator")
def dcgan_discriminator(nc: int = 3, ndf: int = 64) -> Twin:
    """DCGAN's discriminator."""
    return made("dcgan_discriminator", gan.dcgan_discriminator, nc, ndf)


@reads("definition.UnetGenerator")
def pix2pix(input_nc: int = 3, output_nc: int = 3, num_downs: int = 8, ngf: int = 64, norm: Norm = "batch") -> Twin:
    """The generator of pix2pix."""
    return made("pix2pix", gan.pix2pix, num_downs, ngf, norm, channels=input_nc, outputs=output_nc, image=2**num_downs)


@reads("definition.PatchGAN")
def patch_gan(input_nc: int = 6, ndf: int = 64, n_layers: int = 3, norm: Norm = "batch") -> Twin:
    """What judges patches."""
    rules = "patchgan_instance" if norm == "instance" else "patchgan"
    return made(rules, gan.patch_gan, input_nc, ndf, n_layers, norm)


@reads("definition.ResnetGenerator")
def cyclegan(input_nc: int = 3, output_nc: int = 3, ngf: int = 64, n_blocks: int = 9, norm: Norm = "instance") -> Twin:
    """The generator of CycleGAN."""
    return made("cyclegan", gan.cyclegan, n_blocks, ngf, norm, channels=input_nc, outputs=output_nc)


@reads("definition.MLPVAE")
def vae(inputs: int = 784, hidden: int = 400, latent: int = 20) -> Twin:
    """A variational autoencoder."""
    return made("mlp_vae", fields.vae, inputs, hidden, latent)


@reads("definition.NeRF")
def nerf(
    width: int = 256, position_freq: int = 10, direction_freq: int = 4, encoding: Literal["paper", "code"] = "code",
    depth: int = 8, skip: int = 4,
) -> Twin:  # fmt: skip
    """NeRF."""
    return made("nerf", fields.nerf, width, position_freq, direction_freq, encoding, depth=depth, skip=skip)


@reads("definition.YOLOv1", image=448, outputs=1470, hidden=4096)
def yolov1() -> Twin:
    """YOLOv1."""
    return made("yolov1", yolos.v1)


def _by_anchor(levels: Mapping[str, Any]) -> dict[str, Any]:
    """Levels of ``(B, H, W, 3·c)`` as the library's, whose anchors are an axis: ``(B, 3, H, W, c)``."""
    apart = (level.reshape(*level.shape[:3], 3, -1) for level in levels.values())
    return {f"p{number}": jnp.moveaxis(level, 3, 1) for number, level in enumerate(apart)}


def _side_by_side(levels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Box and classes of each level joined."""
    return {
        f"p{number}": jnp.concatenate([level["box"], level["class"]], axis=-1)
        for number, level in enumerate(levels.values())
    }


@reads("definition.build")
def yolo(yaml: str, num_classes: int = 80) -> Twin:
    """The YOLO that a file of its library describes."""
    name = re.sub(r"^.*/|\.yaml$", "", yaml)
    published = exact.known(name)
    if published is None:
        raise WeightsError(f"definition.build: no network is known as {name}")
    outputs = _by_anchor if re.fullmatch(r"yolov[35][nsmlx]?", name) else _side_by_side
    return Twin(published.spec(num_classes), find(published.rules), outputs=outputs)


def _numbered(levels: Mapping[str, Any]) -> dict[str, Any]:
    """The levels of a pyramid by their numbers, but the last one."""
    return {("pool" if name == "pool" else str(number)): level for number, (name, level) in enumerate(levels.items())}


@reads("definition.backbone_fpn")
def pyramid(backbone: str = "resnet50") -> Twin:
    """The trunk of Mask R-CNN."""
    return named(f"maskrcnn_{backbone}_fpn.backbone", outputs=_numbered)


def _proposals(levels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kinds = (("objectness", "object"), ("deltas", "box"))
    return {f"{name}{n}": level[ours] for name, ours in kinds for n, level in enumerate(levels.values())}


@reads("definition.rpn_head")
def rpn_head() -> Twin:
    """What proposes boxes, on two levels."""
    return Twin(detection.rpn_head(), find("torchvision_rpn"), {"": "level0"}, _proposals)


@reads("definition.BoxHead")
def box_head(num_classes: int = 91) -> Twin:
    """What tells classes and moves boxes."""
    return made("torchvision_box_head", detection.box_head, classes=num_classes)


@reads("definition.MaskHead")
def mask_head(num_classes: int = 91) -> Twin:
    """What draws masks."""
    return made("torchvision_mask_head", detection.mask_head, classes=num_classes)
