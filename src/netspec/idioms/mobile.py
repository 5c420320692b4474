"""Blocks of small networks: depthwise-separable, inverted residuals and their variants, Ghost, RepVGG.

Sources: Howard et al. 2017 (arXiv:1704.04861), 2019 (arXiv:1905.02244); Sandler et al. 2018 (arXiv:1801.04381); Tan et
al. 2018 (arXiv:1807.11626), 2019 (arXiv:1905.11946), 2021 (arXiv:2104.00298); Han et al. 2019 (arXiv:1911.11907); Ding
et al. 2021 (arXiv:2101.03697); Qin et al. 2024 (arXiv:2404.10518); Chollet 2016 (arXiv:1610.02357).
"""

from __future__ import annotations

from netspec.idioms.parts import Layers, conv, rounded
from netspec.layers import Activate, BatchNorm, Branches, Channels, Conv2d, ConvBN, Residual, SqueezeExcite
from netspec.layers.activation import Activation


def separable(i: int, o: int, stride: int = 1, kernel: int = 3, activation: Activation = "relu") -> Layers:
    """Depthwise, then 1×1, each with norm and activation: ``(H, W, i) -> (H/stride, W/stride, o)``. MobileNetV1."""
    return (
        ConvBN(i, i, kernel, stride, activation=activation, groups=i),
        ConvBN(i, o, 1, activation=activation),
    )


def bare_separable(i: int, o: int, kernel: int = 3, stride: int = 1, activation: Activation = "identity") -> Layers:
    """Depthwise without norm, then 1×1 with one: ``(H, W, i) -> (H/stride, W/stride, o)``. Xception, sec. 3."""
    depthwise = Conv2d(i, i, kernel, "same", "identity", stride, groups=i, bias=False)
    return (depthwise, ConvBN(i, o, 1, activation=activation))


def inverted(
    i: int,
    o: int,
    expanded: int,
    kernel: int = 3,
    stride: int = 1,
    activation: Activation = "relu6",
    *,
    squeezed: int | None = None,
    gate: Activation = "sigmoid",
    squeeze_activation: Activation | None = None,
    expand_always: bool = False,
) -> Layers:
    """1×1 to ``expanded`` channels, depthwise, gate, 1×1: ``(H, W, i) -> (H/stride, W/stride, o)``.

    A residual connection where the shape stays. Without expansion there is no first 1×1 unless ``expand_always``.
    ``squeezed`` are the channels of the gate's middle; MobileNetV3 has ``rounded(expanded / 4)`` with ReLU and a hard
    sigmoid, EfficientNet a quarter of ``i`` with SiLU.
    """
    first = conv(i, expanded, 1, activation=activation) if expanded != i or expand_always else ()
    gated: Layers = ()
    if squeezed is not None:
        gated = (SqueezeExcite(expanded, squeezed, squeeze_activation or activation, gate),)
    body = (
        *first,
        *conv(expanded, expanded, kernel, stride, activation=activation, groups=expanded),
        *gated,
        *conv(expanded, o, 1, activation="identity"),
    )
    return (Residual(body),) if i == o and stride == 1 else body


def fused(
    i: int, o: int, expand: int, kernel: int = 3, stride: int = 1, activation: Activation = "silu",
    *, squeezed: int | None = None,
) -> Layers:  # fmt: skip
    """A full convolution in place of the first two of :func:`inverted`: ``(H, W, i) -> (H/stride, W/stride, o)``.

    Without expansion it is a single convolution. Source: Tan & Le 2021 (arXiv:2104.00298), fig. 2.
    """
    wide = i * expand
    gated: Layers = () if squeezed is None else (SqueezeExcite(wide if expand != 1 else o, squeezed, activation),)
    if expand == 1:
        body = (*conv(i, o, kernel, stride, activation=activation), *gated)
    else:
        body = (*conv(i, wide, kernel, stride, activation=activation), *gated, *conv(wide, o, 1, activation="identity"))
    return (Residual(body),) if i == o and stride == 1 else body


def universal(
    i: int, o: int, expanded: int, before: int = 0, middle: int = 0, stride: int = 1, activation: Activation = "relu"
) -> Layers:
    """MobileNetV4's block with kernels ``before`` the expansion and in the ``middle``, 0 for none.

    ``(H, W, i) -> (H/stride, W/stride, o)``; the stride is the middle's, or the first's without a middle.
    """
    first = conv(i, i, before, 1 if middle else stride, activation="identity", groups=i) if before else ()
    deep = conv(expanded, expanded, middle, stride, activation=activation, groups=expanded) if middle else ()
    body = (*first, *conv(i, expanded, 1, activation=activation), *deep, *conv(expanded, o, 1, activation="identity"))
    return (Residual(body),) if i == o and stride == 1 else body


def ghost(i: int, o: int, activation: Activation = "relu", kernel: int = 1, cheap: int = 3) -> Layers:
    """Half of the channels by a convolution, half by a depthwise one of these: ``(H, W, i) -> (H, W, o)``.

    Source: Han et al. 2019 (arXiv:1911.11907), sec. 3.1, with a ratio of 2.
    """
    half = -(-o // 2)
    copies = (ConvBN(half, half, cheap, activation=activation, groups=half),)
    cut: Layers = (Channels(0, o),) if 2 * half != o else ()
    return (ConvBN(i, half, kernel, activation=activation), Branches(((), copies)), *cut)


def ghost_bottleneck(
    i: int, o: int, expanded: int, kernel: int = 3, stride: int = 1, *, squeeze_excite: bool = False
) -> Layers:
    """Two Ghost modules, between them a strided depthwise convolution and a gate of a quarter, rounded to four.

    ``(H, W, i) -> (H/stride, W/stride, o)``. Source: Han et al. 2019 (arXiv:1911.11907), fig. 3 and released code.
    """
    strided = conv(expanded, expanded, kernel, stride, activation="identity", groups=expanded) if stride > 1 else ()
    squeezed = rounded(expanded / 4, 4)
    gated: Layers = (SqueezeExcite(expanded, squeezed, "relu", "hard_sigmoid"),) if squeeze_excite else ()
    body = (*ghost(i, expanded), *strided, *gated, *ghost(expanded, o, "identity"))
    if i == o and stride == 1:
        return (Residual(body),)
    side = (*conv(i, i, kernel, stride, activation="identity", groups=i), *conv(i, o, 1, activation="identity"))
    return (Residual(body, side),)


def rep_vgg(i: int, o: int, stride: int = 1, groups: int = 1, squeezed: int | None = None) -> Layers:
    """3×3, 1×1 and identity, each with a norm, added, then ReLU: ``(H, W, i) -> (H/stride, W/stride, o)``.

    The form in which RepVGG is trained; deployed it is ``Conv2d(i, o, 3, stride=stride, groups=groups)``.
    Source: Ding et al. 2021 (arXiv:2101.03697), sec. 3.3.
    """
    paths = [conv(i, o, kernel, stride, activation="identity", groups=groups) for kernel in (3, 1)]
    if i == o and stride == 1:
        paths.append((BatchNorm(i),))
    gated: Layers = () if squeezed is None else (SqueezeExcite(o, squeezed),)
    return (Branches(tuple(paths), "add"), *gated, Activate("relu"))
