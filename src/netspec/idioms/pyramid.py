"""Necks and heads behind a backbone: feature pyramids, RetinaNet, region proposals, DeepLab, FCN.

Sources: Lin et al. 2016 (arXiv:1612.03144), 2017 (arXiv:1708.02002); Ren et al. 2015 (arXiv:1506.01497); Chen et al.
2017 (arXiv:1706.05587), 2018 (arXiv:1802.02611); Long et al. 2014 (arXiv:1411.4038).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from netspec.idioms.parts import Layers, Norm, conv
from netspec.layers import (
    Activate,
    AdaptiveAvgPool,
    Branches,
    Conv2d,
    ConvBN,
    ForEach,
    Heads,
    Load,
    MaxPool,
    Resize,
    ResizeLike,
    Save,
)


def plain(i: int, o: int, kernel: int, stride: int = 1) -> Conv2d:
    """A convolution with bias and no activation."""
    return Conv2d(i, o, kernel, activation="identity", stride=stride)


def pyramid(
    stages: dict[str, int], width: int, *, more: Literal["none", "pool", "p6p7", "p6p7 of c5"] = "none",
    norm: Norm = "none",
) -> Layers:  # fmt: skip
    """The saved ``stages``, fine to coarse with their channels, as maps of one ``width``: ``{p2: …, p3: …, …}``.

    1×1 laterals, the coarser map added in the finer one's sides, a 3×3 on each. The pyramid's levels are called by the
    number in the stage's name. ``more`` adds coarser ones: a max pool of one pixel (Mask R-CNN), or two strided 3×3,
    with a ReLU between them, of the coarsest level or of the coarsest stage (RetinaNet).
    """
    names = list(stages)
    layers: list = []
    heads: dict[str, Layers] = {}
    for index, name in enumerate(reversed(names)):
        lateral = conv(stages[name], width, 1, norm=norm, activation="identity")
        if index == 0:
            layers += [Load(name), *lateral]
        else:
            side = (Load(name), *lateral)
            layers += [ResizeLike(name), Branches(((), side), "add")]
        layers.append(Save(f"{name} merged"))
    levels = {f"p{name[1:]}": f"{name} merged" for name in names}
    for level, merged in levels.items():
        heads[level] = (Load(merged), *conv(width, width, 3, norm=norm, activation="identity"))
    top, number = names[-1], int(names[-1][1:]) + 1
    if more == "pool":
        heads[list(levels)[-1]] += (Save("coarsest"),)
        heads["pool"] = (Load("coarsest"), MaxPool(1, 2, "valid"))
    elif more != "none":
        of_stage = more == "p6p7 of c5"
        source, c = (top, stages[top]) if of_stage else ("coarsest", width)
        if not of_stage:
            heads[list(levels)[-1]] += (Save("coarsest"),)
        heads[f"p{number}"] = (Load(source), plain(c, width, 3, 2), Save("p6 made"))
        heads[f"p{number + 1}"] = (Load("p6 made"), Activate("relu"), plain(width, width, 3, 2))
    return (*layers, Heads(tuple(heads.items())))


def retina_head(width: int, classes: int, anchors: int = 9, n_convs: int = 4) -> Layers:
    """Two towers of 3×3 on each level, weights shared: ``{level: (H, W, c)} -> {level: {class, box}}``."""

    def tower(outputs: int) -> Layers:
        return (*(Conv2d(width, width, 3),) * n_convs, plain(width, outputs, 3))

    return (ForEach((Heads((("class", tower(anchors * classes)), ("box", tower(4 * anchors)))),)),)


def proposal_head(width: int, anchors: int = 3) -> Layers:
    """A 3×3 and two 1×1 on each level, weights shared: ``{level: (H, W, c)} -> {level: {object, box}}``."""
    heads = Heads((("object", (plain(width, anchors, 1),)), ("box", (plain(width, 4 * anchors, 1),))))
    return (ForEach((Conv2d(width, width, 3), heads)),)


def fcn_head(i: int, classes: int) -> Layers:
    """A 3×3 to a quarter and a 1×1: ``(H, W, i) -> (H, W, classes)``."""
    return (ConvBN(i, i // 4, 3), plain(i // 4, classes, 1))


def atrous_pyramid(
    i: int, o: int, sides: tuple[int, int], rates: Sequence[int] = (12, 24, 36), *, separable: bool = False
) -> Layers:
    """1×1, three dilated 3×3, the mean of the image; joined, 1×1: ``(*sides, i) -> (*sides, o)``; norms everywhere.

    ``separable`` kernels are a depthwise one without norm and a 1×1 (DeepLabV3+).
    """

    def dilated(rate: int) -> Layers:
        if not separable:
            return (ConvBN(i, o, 3, dilation=rate),)
        deep = Conv2d(i, i, 3, activation="identity", groups=i, dilation=rate, bias=False)
        return (deep, ConvBN(i, o, 1))

    pooled = (AdaptiveAvgPool(1), ConvBN(i, o, 1), Resize(sides, "bilinear"))
    branches = ((ConvBN(i, o, 1),), *map(dilated, rates), pooled)
    return (Branches(branches), ConvBN((2 + len(rates)) * o, o, 1))


def deeplab_v3_head(i: int, classes: int, sides: tuple[int, int]) -> Layers:
    """ASPP to 256, a 3×3, a 1×1: ``(*sides, i) -> (*sides, classes)``."""
    return (*atrous_pyramid(i, 256, sides), ConvBN(256, 256, 3), plain(256, classes, 1))


def deeplab_v3_plus_head(
    i: int, low: str, low_channels: int, classes: int, sides: tuple[int, int], fine: tuple[int, int]
) -> Layers:
    """Separable ASPP, upsampled to the saved ``low``, joined with 48 of its channels: ``-> (*fine, classes)``."""

    def separable(c: int, o: int) -> Layers:
        return (Conv2d(c, c, 3, activation="identity", groups=c, bias=False), ConvBN(c, o, 1))

    return (
        *atrous_pyramid(i, 256, sides, separable=True), *separable(256, 256), Resize(fine, "bilinear"), Save("up"),
        Load(low), ConvBN(low_channels, 48, 1), Save("detail"), Load("up"), Load("detail", "concat"),
        *separable(304, 256), plain(256, classes, 1),
    )  # fmt: skip
