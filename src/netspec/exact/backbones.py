"""Bodies that stand before necks and heads: a ResNet whose scales are saved."""

from __future__ import annotations

from netspec.idioms.parts import Norm, conv
from netspec.idioms.residual import Block, residual
from netspec.layers import MaxPool, Repeat, Save
from netspec.layers.base import Layer, Layers

#: Whether blocks are bottlenecks, and how many a stage has, by the name of the ResNet.
ENCODERS: dict[str, tuple[bool, tuple[int, ...]]] = {
    "resnet18": (False, (2, 2, 2, 2)),
    "resnet34": (False, (3, 4, 6, 3)),
    "resnet50": (True, (3, 4, 6, 3)),
    "resnet101": (True, (3, 4, 23, 3)),
    "resnet152": (True, (3, 8, 36, 3)),
}


def resnet_encoder(
    bottleneck: bool,
    counts: tuple[int, ...],
    *,
    norm: Norm = "batch",
    dilated: tuple[int, ...] = (),
    evenly: bool = False,
    saved: tuple[str, ...] = (),
) -> tuple[Layers, dict[str, int]]:
    """The layers, and the channels of each scale by name: ``c1`` before the pool, ``c2`` to ``c5`` behind the stages.

    Those named in ``saved`` are saved under that name. Stages in ``dilated`` keep their sides; their first block is
    dilated as the stage before or, with ``evenly``, as its others. A stage is a :class:`Repeat` of one copy, so that it
    is one place of the listing.
    """
    expand, block = 4 if bottleneck else 1, Block(bottleneck=bottleneck, norm=norm)
    layers: list[Layer] = [Repeat(1, conv(3, 64, 7, 2, norm=norm))]
    stages = {"c1": 64}
    if "c1" in saved:
        layers.append(Save("c1"))
    layers.append(MaxPool(3, 2, 1))
    arrived, before = 64, 1
    for index, count in enumerate(counts):
        width, inner = 64 * expand * 2**index, 64 * 2**index
        stride = 1 if index == 0 else 2
        step, after = (1, before * stride) if index in dilated else (stride, before)
        first = residual(arrived, width, inner, step, block, dilation=after if evenly else before)
        rest = [residual(width, width, inner, 1, block, dilation=after) for _ in range(count - 1)]
        layers.append(Repeat(1, tuple(Repeat(1, one) for one in (first, *rest))))
        name = f"c{index + 2}"
        if name in saved:
            layers.append(Save(name))
        stages[name] = width
        arrived, before = width, after
    return tuple(layers), stages
