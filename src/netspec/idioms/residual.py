"""Residual blocks and stages of ResNet and its relatives.

Sources: He et al. 2015 (arXiv:1512.03385), 2016 (arXiv:1603.05027); Xie et al. 2016 (arXiv:1611.05431); Zagoruyko &
Komodakis 2016 (arXiv:1605.07146); He et al. 2018 (arXiv:1812.01187).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from netspec.errors import LayerError
from netspec.idioms.parts import Activation, Attention, Layers, Norm, activated, conv, gate, normed
from netspec.layers import AvgPool, MaxPool, PadChannels, Residual, ScaleChannels, SqueezeExcite

#: A shortcut where the shape changes: a 1×1 convolution, as ResNet's ``B``; pixels left out and channels of zeros on
#: both sides, its ``A``; or the mean of 2×2 pixels before the convolution, as ResNet-D has it.
Shortcut = Literal["projection", "pad", "average"]

#: How a branch is added: ``sum`` is ``x + f(x)``; ``scaled`` is ``x + s·f(x)`` with a factor per channel that starts at
#: zero (De & Smith 2020, arXiv:2002.10444, sec. 4, have one for all channels); ``none`` is ``f(x)``, a plain network.
Skip = Literal["sum", "scaled", "none"]


@dataclass(frozen=True)
class Block:
    """What the blocks of one network share besides their widths.

    ``bottleneck`` is the three-convolution form, whose stride is in the kernel ``stride_in``. ``cardinality`` are
    the groups of the 3×3. ``attention`` is a gate before the sum, ``squeezed`` the channels that ``"se"`` squeezes
    to, by default a sixteenth. ``project`` puts a projection before the first block of
    every stage, whether or not the shape changes. ``gate_after`` says where the gate stands: before the sum, or behind
    the 3×3, as in RegNetY. ``skip`` is how the branch is added, ``norm_groups`` how many groups ``norm="group"`` has.
    A part that the block would leave out is a :class:`LayerError`.
    """

    bottleneck: bool = True
    norm: Norm = "batch"
    activation: Activation = "relu"
    cardinality: int = 1
    stride_in: Literal["1x1", "3x3"] = "3x3"
    shortcut: Shortcut = "projection"
    attention: Attention | None = None
    reduction: int = 16
    squeezed: int | None = None
    project: bool = False
    gate_after: Literal["all", "3x3"] = "all"
    skip: Skip = "sum"
    norm_groups: int | None = None

    def __post_init__(self) -> None:
        if not self.bottleneck and self.gate_after == "3x3":
            raise LayerError("a basic block ends in its 3×3", arrived="gate_after='3x3'", expected="'all'")
        if not self.bottleneck and self.stride_in == "1x1":
            raise LayerError("a basic block has no 1×1", arrived="stride_in='1x1'", expected="'3x3'")
        if self.squeezed is not None and self.attention != "se":
            arrived = f"squeezed={self.squeezed} and attention={self.attention!r}"
            raise LayerError("only squeeze-and-excitation squeezes to so many", arrived=arrived, expected="'se'")
        if self.norm_groups is not None and self.norm != "group":
            arrived = f"norm_groups={self.norm_groups} and norm={self.norm!r}"
            raise LayerError("norm_groups are those of a group norm", arrived=arrived, expected="norm='group'")
        if self.skip == "none" and (self.project or self.shortcut != "projection"):
            arrived = f"skip='none' with {'project' if self.project else f'shortcut={self.shortcut!r}'}"
            raise LayerError("a plain network has no shortcut", arrived=arrived, expected="neither of them")


def added(body: Layers, side: Layers, channels: int, block: Block) -> Layers:
    """A branch of ``channels`` and the ``side`` beside it, put together by ``block.skip``; an empty side is ``x``."""
    match block.skip:
        case "sum":
            return (Residual(body, side),)
        case "scaled":
            return (Residual((*body, ScaleChannels(channels, 0.0)), side),)
        case "none":
            return body


def shortcut(i: int, o: int, stride: int, block: Block) -> Layers:
    """From ``(H, W, i)`` to ``(H/stride, W/stride, o)`` beside a block whose shape changes."""
    n, groups = block.norm, block.norm_groups
    match block.shortcut:
        case "projection":
            return conv(i, o, 1, stride, norm=n, activation="identity", norm_groups=groups)
        case "average":
            pool = (AvgPool(2, 2, count_padding=False, ceil=True),) if stride == 2 else ()
            return (*pool, *conv(i, o, 1, norm=n, activation="identity", norm_groups=groups))
        case "pad":
            thinned = (MaxPool(1, stride, "valid"),) if stride > 1 else ()
            extra = o - i
            return (*thinned, *((PadChannels(extra // 2, extra - extra // 2),) if extra else ()))


def attended(channels: int, block: Block) -> Layers:
    """The gate of a branch."""
    if block.attention == "se" and block.squeezed is not None:
        return (SqueezeExcite(channels, block.squeezed),)
    return gate(channels, block.attention, block.reduction)


def residual(
    i: int, o: int, inner: int, stride: int = 1, block: Block = Block(), *, dilation: int = 1, project: bool = False
) -> Layers:
    """``act(body(x) + shortcut(x))``: ``(H, W, i) -> (H/stride, W/stride, o)``; ``inner`` channels between."""
    a, g = block.activation, block.cardinality
    part = partial(conv, norm=block.norm, norm_groups=block.norm_groups)
    if block.bottleneck:
        first, second = (stride, 1) if block.stride_in == "1x1" else (1, stride)
        body = (
            *part(i, inner, 1, first, activation=a),
            *part(inner, inner, 3, second, activation=a, groups=g, dilation=dilation),
            *(attended(inner, block) if block.gate_after == "3x3" else ()),
            *part(inner, o, 1, activation="identity"),
        )
    else:
        body = (
            *part(i, inner, 3, stride, activation=a, groups=g, dilation=dilation),
            *part(inner, o, 3, activation="identity", groups=g, dilation=dilation),
        )
    last = attended(o, block) if block.gate_after == "all" else ()
    changes = i != o or stride != 1 or project
    side = shortcut(i, o, stride, block) if changes else ()
    return (*added((*body, *last), side, o, block), *activated(o, a))


def stage(
    i: int, o: int, inner: int, n_blocks: int, stride: int = 1, block: Block = Block(), *, dilated: bool = False,
    before: int = 1,
) -> Layers:  # fmt: skip
    """``n_blocks`` of them, of which the first has the stride: ``(H, W, i) -> (H/stride, W/stride, o)``.

    ``dilated`` keeps the sides and spreads the kernels instead: the first block's by ``before``, the dilation of the
    stage before, the others by ``before · stride`` (Chen et al. 2017, arXiv:1706.05587, sec. 3.1).
    """
    step, spread = (1, before * stride) if dilated else (stride, before)
    rest = (residual(o, o, inner, 1, block, dilation=spread) for _ in range(n_blocks - 1))
    first = residual(i, o, inner, step, block, dilation=before, project=block.project)
    return (*first, *(layer for one in rest for layer in one))


def preactivated(i: int, o: int, inner: int, stride: int = 1, block: Block = Block()) -> Layers:
    """Norm and activation before each convolution: ``(H, W, i) -> (H/stride, W/stride, o)``.

    Where the shape changes, the first norm and activation stand before both paths, and the shortcut is a convolution
    without norm (He et al. 2016, arXiv:1603.05027, appendix; Zagoruyko & Komodakis 2016, released code); elsewhere they
    are the branch's own.
    """
    n, a, g, groups = block.norm, block.activation, block.cardinality, block.norm_groups
    first = normed(i, n, a, groups)

    def plain(c: int, d: int, kernel: int, step: int = 1, groups: int = 1) -> Layers:
        return conv(c, d, kernel, step, norm="none", activation="identity", groups=groups, bias=False)

    if block.bottleneck:
        body = (
            *plain(i, inner, 1), *normed(inner, n, a, groups), *plain(inner, inner, 3, stride, g),
            *normed(inner, n, a, groups), *plain(inner, o, 1),
        )  # fmt: skip
    else:
        body = (*plain(i, inner, 3, stride, g), *normed(inner, n, a, groups), *plain(inner, o, 3, 1, g))
    body = (*body, *attended(o, block))
    if i == o and stride == 1:
        return added((*first, *body), (), o, block)
    side = plain(i, o, 1, stride) if block.shortcut == "projection" else shortcut(i, o, stride, block)
    return (*first, *added(body, side, o, block))


def preactivated_stage(i: int, o: int, inner: int, n_blocks: int, stride: int, block: Block) -> Layers:
    """``n_blocks`` of them, of which the first has the stride; a network's last stage needs a norm after it."""
    ins = (i, *[o] * (n_blocks - 1))
    steps = (stride, *[1] * (n_blocks - 1))
    return tuple(layer for c, step in zip(ins, steps, strict=True) for layer in preactivated(c, o, inner, step, block))
