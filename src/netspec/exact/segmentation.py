"""FCN and DeepLabV3 of torchvision; DeepLabV3+ and FPN of segmentation_models_pytorch."""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.backbones import ENCODERS, resnet_encoder
from netspec.exact.published import Published, network
from netspec.idioms.parts import conv
from netspec.idioms.pyramid import fcn_head
from netspec.layers import (
    AdaptiveAvgPool,
    Branches,
    Conv2d,
    ConvBN,
    Heads,
    Load,
    Repeat,
    ResizeLike,
    Save,
)
from netspec.layers.base import Layer, Layers
from netspec.spec import NetSpec

TORCHVISION, SMP = "torchvision 0.28.0", "segmentation_models_pytorch 0.5.0"
FCN, V3 = "Long et al. 2014, arXiv:1411.4038", "Chen et al. 2017, arXiv:1706.05587"
PLUS, FPN = "Chen et al. 2018, arXiv:1802.02611", "Lin et al. 2016, arXiv:1612.03144"
CONVENTIONS = Conventions(batch_norm_variance="unbiased")
#: There, pictures are made larger so that corners stay where they are.
CORNERS = Conventions(batch_norm_variance="unbiased", resize="align_corners")


def plain(i: int, o: int, kernel: int = 1) -> Conv2d:
    """A padded convolution with bias."""
    return Conv2d(i, o, kernel, activation="identity")


def pooled(i: int, o: int, deep: str) -> Layers:
    """The mean of the picture, mapped, at every place of what is saved as ``deep``."""
    return (AdaptiveAvgPool(1), ConvBN(i, o, 1), ResizeLike(deep, "bilinear"))


def atrous(i: int, o: int, rates: tuple[int, ...], deep: str) -> Layers:
    """A 1×1, dilated 3×3 and the mean, joined and mapped."""
    spread = tuple((ConvBN(i, o, 3, dilation=rate),) for rate in rates)
    branches = ((ConvBN(i, o, 1),), *spread, pooled(i, o, deep))
    return (Branches(branches), ConvBN((2 + len(rates)) * o, o, 1))


def separable(i: int, o: int, rate: int = 1) -> Layers:
    """A depthwise 3×3 without norm, and a 1×1."""
    return (Conv2d(i, i, 3, activation="identity", groups=i, dilation=rate, bias=False), ConvBN(i, o, 1))


def segmented(
    head: str, encoder: str, *, aux: bool = False, classes: int = 21, height: int = 520, columns: int = 520
) -> NetSpec:
    """``head`` is ``fcn`` or ``deeplabv3``: scores in the sides of the picture, behind a ResNet whose last two stages
    are dilated; with ``aux`` an FCN's head on the third stage, too.
    """
    saved = ("c4", "c5") if aux else ("c5",)
    body, stages = resnet_encoder(*ENCODERS[encoder], dilated=(2, 3), saved=saved)
    width = stages["c5"]
    if head == "fcn":
        last: Layers = fcn_head(width, classes)
        paper = FCN
    else:
        last = (*atrous(width, 256, (12, 24, 36), "c5"), ConvBN(256, 256, 3), plain(256, classes))
        paper = V3
    large = ResizeLike("picture", "bilinear")
    heads: list[tuple[str, Layers]] = [("out", (Load("c5"), *last, large))]
    if aux:
        heads.append(("aux", (Load("c4"), *fcn_head(stages["c4"], classes), large)))
    return network(
        (height, columns, 3),
        Save("picture"),
        *body,
        Heads(tuple(heads)),
        conventions=CONVENTIONS,
        paper=paper,
    )


def deeplab_v3_plus(
    encoder: str, *, classes: int = 21, height: int = 512, columns: int = 512, width: int = 256, detail: int = 48
) -> NetSpec:
    """Separable dilated convolutions, brought to a quarter of the sides and joined with what is there."""
    body, stages = resnet_encoder(*ENCODERS[encoder], dilated=(3,), evenly=True, saved=("c2", "c5"))
    deep = stages["c5"]
    spread = tuple(separable(deep, width, rate) for rate in (12, 24, 36))
    branches = ((ConvBN(deep, width, 1),), *spread, pooled(deep, width, "c5"))
    up = (ResizeLike("c2", "bilinear"), Save("up"), Load("c2"))
    return network(
        (height, columns, 3),
        Save("picture"),
        *body,
        Branches(branches),
        ConvBN(5 * width, width, 1),
        Repeat(1, separable(width, width)),
        *up,
        ConvBN(stages["c2"], detail, 1),
        Save("detail"),
        Load("up"),
        Load("detail", "concat"),
        Repeat(1, separable(width + detail, width)),
        plain(width, classes),
        ResizeLike("picture", "bilinear"),
        conventions=CORNERS,
        paper=PLUS,
    )


def fpn(
    encoder: str, *, classes: int = 21, width: int = 256, inner: int = 128, height: int = 256, columns: int = 256
) -> NetSpec:
    """Laterals, group norms and doublings on each level, added."""
    names = ("c5", "c4", "c3", "c2")
    body, stages = resnet_encoder(*ENCODERS[encoder], saved=names[1:])
    layers: list[Layer] = list(body)
    for name in names:
        lateral = plain(stages[name], width)
        if name == "c5":
            layers += [lateral]
        else:
            layers += [ResizeLike(name), Branches(((), (Load(name), lateral)), "add")]
        layers.append(Save(f"p{name[1]}"))

    def path(index: int) -> Layers:
        found: list[Layer] = [Load(f"p{5 - index}")]
        for step in range(max(1, 3 - index)):
            found.append(Repeat(1, conv(width if step == 0 else inner, inner, 3, norm="group", bias=False)))
            found += [ResizeLike(f"p{4 - index - step}", "bilinear")] if index < 3 else []
        return tuple(found)

    joined = Branches(tuple(path(index) for index in range(4)), "add")
    last = (plain(inner, classes), ResizeLike("picture", "bilinear"))
    return network((height, columns, 3), Save("picture"), *layers, joined, *last, conventions=CORNERS, paper=FPN)


def _networks() -> tuple[Published, ...]:
    found = []
    variants: tuple[str, ...]
    for head, title in (("fcn", "FCN"), ("deeplabv3", "DeepLabV3")):
        for depth in (50, 101):
            for aux, word in ((True, "aux FCN head"), (False, "no aux")):
                make = partial(segmented, head, f"resnet{depth}", aux=aux)
                variants = (f"{title}-R{depth} ({word})",)
                name = f"{head}_resnet{depth}" + ("_aux" if aux else "")
                found.append(Published(name, title, TORCHVISION, make, variants, rules=f"torchvision_{head}"))
    for encoder in ("resnet18", "resnet34", "resnet50", "resnet101"):
        make = partial(deeplab_v3_plus, encoder)
        name = f"smp.DeepLabV3Plus-{encoder}"
        found.append(Published(name, "DeepLabV3+", SMP, make, (f"DeepLabV3+ {encoder}",), rules="smp_deeplabv3plus"))
    for encoder in ("resnet18", "resnet34", "resnet50"):
        make = partial(fpn, encoder)
        variants = (f"FPN {encoder} (smp)",) if encoder == "resnet34" else ()
        found.append(Published(f"smp.FPN-{encoder}", "FPN", SMP, make, variants, rules="smp_fpn"))
    return tuple(found)


NETWORKS = _networks()
