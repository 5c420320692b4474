"""The parts that every convolutional block takes: a convolution with its norm and activation, and a gate."""

from __future__ import annotations

from typing import Literal

from netspec.errors import LayerError
from netspec.layers import (
    Activate,
    BatchNorm,
    Conv2d,
    ConvBlockAttention,
    ConvBN,
    EfficientChannelAttention,
    GroupNorm,
    ImageAttention,
    InstanceNorm,
    Layer,
    LayerNorm,
    PReLU,
    Residual,
    RMSNorm,
    SqueezeExcite,
)
from netspec.layers.activation import Activation as Function
from netspec.layers.window import Padding, Pair

Layers = tuple[Layer, ...]

#: What stands between a convolution and its activation. ``group`` has 32 groups, or as many as there are channels if
#: they are fewer, unless it is told how many; ``instance`` has no parameters; ``layer`` and ``rms`` are over the
#: channels of each position.
Norm = Literal["batch", "group", "instance", "layer", "rms", "frozen", "none"]

#: A function without parameters, or ``prelu``, whose slopes are learned, one for each channel.
Activation = Literal[Function, "prelu"]

#: Squeeze-and-excitation, or its successors; ``self`` is attention of all positions among each other, added to what it
#: reads (Wang et al. 2017, arXiv:1711.07971, eq. 6).
Attention = Literal["se", "eca", "cbam", "self"]


def rounded(channels: float, divisor: int = 8) -> int:
    """``channels`` as the nearest multiple of ``divisor`` that is not below nine tenths of it.

    Source: Sandler et al. 2018 (arXiv:1801.04381), released code; MobileNets and EfficientNets share it.
    """
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


def activated(channels: int, activation: Activation) -> Layers:
    """An activation by itself, ``(H, W, C) -> (H, W, C)``; nothing for the identity."""
    if activation == "prelu":
        return (PReLU(channels),)
    return () if activation == "identity" else (Activate(activation),)


def normed(
    channels: int, norm: Norm = "batch", activation: Activation = "identity", norm_groups: int | None = None
) -> Layers:
    """A norm and an activation, ``(H, W, C) -> (H, W, C)``; ``norm_groups`` are those of ``norm="group"``.

    Raises :class:`LayerError` for groups of another norm.
    """
    if norm_groups is not None and norm != "group":
        raise LayerError("norm_groups are those of a group norm", arrived=f"norm={norm!r}", expected="norm='group'")
    after = activated(channels, activation)
    if activation == "prelu":
        return (*normed(channels, norm, "identity", norm_groups), *after)
    match norm:
        case "batch":
            return (BatchNorm(channels, activation),)
        case "frozen":
            return (BatchNorm(channels, activation, frozen=True),)
        case "group":
            return (GroupNorm(channels, norm_groups or min(32, channels), activation),)
        case "instance":
            return (InstanceNorm(channels, activation=activation),)
        case "layer":
            return (LayerNorm(channels), *after)
        case "rms":
            return (RMSNorm(channels), *after)
        case "none":
            return after


def conv(
    i: int,
    o: int,
    kernel: Pair,
    stride: Pair = 1,
    *,
    norm: Norm = "batch",
    activation: Activation = "relu",
    padding: Padding = "same",
    groups: int = 1,
    dilation: Pair = 1,
    bias: bool | None = None,
    norm_groups: int | None = None,
) -> Layers:
    """A convolution, its norm and its activation: ``(H, W, i) -> (H', W', o)``.

    It has a bias if it has no norm, unless ``bias`` says otherwise. ``groups`` are the convolution's.
    """
    has_bias = norm == "none" if bias is None else bias
    if activation == "prelu" or norm_groups is not None:
        plain = Conv2d(i, o, kernel, padding, "identity", stride, groups=groups, dilation=dilation, bias=has_bias)
        return (plain, *normed(o, norm, activation, norm_groups))
    if norm == "batch":
        return (ConvBN(i, o, kernel, stride, padding, activation, groups=groups, dilation=dilation, bias=has_bias),)
    if norm == "none":
        return (Conv2d(i, o, kernel, padding, activation, stride, groups=groups, dilation=dilation, bias=has_bias),)
    plain = Conv2d(i, o, kernel, padding, "identity", stride, groups=groups, dilation=dilation, bias=has_bias)
    return (plain, *normed(o, norm, activation))


def gate(channels: int, attention: Attention | None, reduction: int = 16) -> Layers:
    """A gate of the channels, and of ``cbam`` of the positions too, or attention: ``(H, W, C) -> (H, W, C)``.

    ``None`` is none.
    """
    squeezed = max(1, channels // reduction)
    match attention:
        case "se":
            return (SqueezeExcite(channels, squeezed),)
        case "eca":
            return (EfficientChannelAttention(channels),)
        case "cbam":
            return (ConvBlockAttention(channels, squeezed),)
        case "self":
            return (Residual((ImageAttention(channels),)),)
        case None:
            return ()
