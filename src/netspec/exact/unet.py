"""U-Nets: that of the paper with padded convolutions, with and without batch norms, and those of
segmentation_models_pytorch on a ResNet.
"""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.backbones import ENCODERS, resnet_encoder
from netspec.exact.published import Published, network
from netspec.idioms.parts import Norm, conv
from netspec.layers import Conv2d, JoinCropped, Load, MaxPool, NearestUpsample, Repeat, Save
from netspec.layers.base import Layer
from netspec.spec import NetSpec

PAPER = "Ronneberger et al. 2015, arXiv:1505.04597"
DEFINED, SMP = "written from the paper", "segmentation_models_pytorch 0.5.0"


def unet(
    channels: int = 1,
    classes: int = 2,
    base: int = 64,
    depth: int = 4,
    norm: Norm = "none",
    *,
    height: int = 512,
    columns: int = 512,
) -> NetSpec:
    """``depth`` halvings and as many transposed convolutions; what the way down leaves is joined first.

    Where a side was odd, a row or column of zeros makes up for it on the way up, as widespread code does.
    """

    def double(i: int, o: int) -> Layer:
        return Repeat(1, (*conv(i, o, 3, norm=norm), *conv(o, o, 3, norm=norm)))

    layers: list[Layer] = []
    arrived = channels
    widths = [base * 2**level for level in range(depth + 1)]
    for level, width in enumerate(widths):
        layers += [double(arrived, width)]
        layers += [Save(f"skip {level}"), MaxPool(2, 2, "valid")] if level < depth else []
        arrived = width
    for level, width in reversed(list(enumerate(widths[:-1]))):
        up = Conv2d(arrived, width, 2, activation="identity", stride=2, transposed=True)
        layers += [up, JoinCropped(f"skip {level}", fit="pad"), double(2 * width, width)]
        arrived = width
    last = Conv2d(arrived, classes, 1, activation="identity")
    return network(
        (height, columns, channels),
        *layers,
        last,
        conventions=Conventions(batch_norm_variance="unbiased"),
        paper=PAPER,
    )


def on_resnet(
    encoder: str,
    *,
    classes: int = 1,
    widths: tuple[int, ...] = (256, 128, 64, 32, 16),
    height: int = 256,
    columns: int = 256,
) -> NetSpec:
    """A ResNet whose five scales are joined on the way up, nearest pixels between."""
    body, stages = resnet_encoder(*ENCODERS[encoder], saved=("c1", "c2", "c3", "c4"))
    skips = ["c4", "c3", "c2", "c1", ""]
    layers, arrived = list(body), stages["c5"]
    for name, width in zip(skips, widths, strict=True):
        more = stages.get(name, 0)
        joined = (Load(name, "concat"),) if name else ()
        layers += [NearestUpsample(2), *joined]
        layers += [Repeat(1, (*conv(arrived + more, width, 3), *conv(width, width, 3)))]
        arrived = width
    last = Conv2d(arrived, classes, 3, activation="identity")
    return network(
        (height, columns, 3),
        *layers,
        last,
        conventions=Conventions(batch_norm_variance="unbiased"),
        paper=PAPER,
    )


_NORMED = "U-Net + BatchNorm{} (bias-free convs), {}-channel input"


def _networks() -> tuple[Published, ...]:
    found = []
    for channels in (1, 3, 4):
        make = partial(unet, channels)
        variants = (f"U-Net 2015, {channels}-channel input",)
        aliases = ("unet_2015",) if channels == 1 else ()
        name = f"unet_2015_{channels}ch"
        found.append(Published(name, "U-Net", DEFINED, make, variants, rules="unet", aliases=aliases))
    for channels, base in ((1, 64), (3, 64), (3, 32)):
        make = partial(unet, channels, base=base, norm="batch")
        variants = (_NORMED.format(f" base {base}" if base != 64 else "", channels),)
        name = f"unet_bn_{channels}ch" + (f"_base{base}" if base != 64 else "")
        aliases = ("unet",) if (channels, base) == (3, 64) else ()
        found.append(Published(name, "U-Net", DEFINED, make, variants, rules="unet_bn", aliases=aliases))
    for encoder in ("resnet18", "resnet34", "resnet50"):
        make = partial(on_resnet, encoder)
        variants = (f"U-Net with {encoder} encoder (smp)",)
        found.append(Published(f"smp.Unet-{encoder}", "U-Net", SMP, make, variants, rules="smp_unet"))
    return tuple(found)


NETWORKS = _networks()
