"""Blocks and heads of YOLOv3, v5, v8 and 11; :mod:`netspec.idioms.detectors` puts them together.

Sources: Redmon & Farhadi 2018 (arXiv:1804.02767); Wang et al. 2019 (arXiv:1911.11929); Terven et al. 2023
(arXiv:2304.00501), sec. 13 and 16; Ultralytics' released code, whose names the blocks have.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.idioms.parts import Layers, conv
from netspec.layers import (
    Branches,
    Channels,
    Conv2d,
    ExpectedBin,
    Heads,
    ImageAttention,
    Load,
    MaxPool,
    NearestUpsample,
    Repeat,
    Residual,
)
from netspec.layers.activation import Activation


def pad(kernel: int) -> int:
    """Half of an odd kernel on every side."""
    return kernel // 2


def unit(i: int, o: int, kernel: int = 1, stride: int = 1, groups: int = 1, activation: Activation = "silu") -> Layers:
    """Convolution, norm, SiLU: ``(H, W, i) -> (H/stride, W/stride, o)``."""
    return conv(i, o, kernel, stride, activation=activation, padding=pad(kernel), groups=groups)


def darknet(i: int, n_blocks: int, activation: Activation = "leaky_relu") -> Layers:
    """``n_blocks`` residual blocks of a 1×1 to half and a 3×3 back. Redmon & Farhadi 2018, table 1."""
    half = i // 2
    body = (*unit(i, half, activation=activation), *unit(half, i, 3, activation=activation))
    return (Residual(body),) * n_blocks


def bottleneck(
    i: int, o: int, *, add: bool = True, kernels: tuple[int, int] = (3, 3), expand: float = 0.5,
) -> Layers:  # fmt: skip
    """Two convolutions, with a residual connection if ``add`` and the shape stays: ``(H, W, i) -> (H, W, o)``.

    It is one place of a listing, whatever is inside.
    """
    inner = int(o * expand)
    body = (*unit(i, inner, kernels[0]), *unit(inner, o, kernels[1]))
    return (Repeat(1, (Residual(body),) if add and i == o else body),)


def c3(
    i: int, o: int, n_blocks: int, *, add: bool = True, kernels: tuple[int, int] = (1, 3), expand: float = 0.5
) -> Layers:
    """Two 1×1 paths, bottlenecks on one, joined, 1×1: ``(H, W, i) -> (H, W, o)``. YOLOv5's block."""
    inner = int(o * expand)
    blocks = bottleneck(inner, inner, add=add, kernels=kernels, expand=1.0) * n_blocks
    return (Repeat(1, (Branches(((*unit(i, inner), *blocks), unit(i, inner))), *unit(2 * inner, o))),)


def collected(blocks: Sequence[Layers]) -> Layers:
    """All that passes: what arrives and what each of ``blocks`` leaves, joined along the channels."""
    if not blocks:
        return ()
    first, *rest = blocks
    return (Branches(((), (*first, *collected(rest)))),)


def c2f(i: int, o: int, n_blocks: int, *, add: bool = False, expand: float = 0.5, inner: str = "plain") -> Layers:
    """A 1×1, half of it through blocks that all leave something, 1×1: ``(H, W, i) -> (H, W, o)``. YOLOv8's block.

    ``inner="c3"`` has :func:`c3` of two bottlenecks as its blocks, which with ``"half"`` bottlenecks to half the width
    is YOLO11's C3k2.
    """
    c = int(o * expand)
    blocks = {
        "plain": bottleneck(c, c, add=add, expand=1.0),
        "half": bottleneck(c, c, add=add),
        "c3": c3(c, c, 2, add=add, kernels=(3, 3)),
    }
    second = (Channels(c, 2 * c), *collected([blocks[inner]] * n_blocks))
    return (Repeat(1, (*unit(i, 2 * c), Branches(((Channels(0, c),), second)), *unit((2 + n_blocks) * c, o))),)


def c3k2(i: int, o: int, n_blocks: int, *, deep: bool, expand: float = 0.5, add: bool = True) -> Layers:
    """YOLO11's form of :func:`c2f`, whose blocks are bottlenecks or, if ``deep``, :func:`c3`."""
    return c2f(i, o, n_blocks, add=add, expand=expand, inner="c3" if deep else "half")


def c2psa(i: int, n_blocks: int) -> Layers:
    """A 1×1, half of it through blocks of attention and two 1×1, joined, 1×1: ``(H, W, i) -> (H, W, i)``. YOLO11."""
    c = i // 2
    heads = max(1, c // 64)
    attention = Residual((ImageAttention(c, heads, c // heads // 2, normed=True),))
    mixing = Residual((*unit(c, 2 * c), *unit(2 * c, c, activation="identity")))
    second = (Channels(c, 2 * c), *(attention, mixing) * n_blocks)
    return (Repeat(1, (*unit(i, 2 * c), Branches(((Channels(0, c),), second)), *unit(2 * c, i))),)


def sppf(i: int, o: int, window: int = 5) -> Layers:
    """Max pools of growing reach, joined: ``(H, W, i) -> (H, W, o)``. He et al. 2014 (arXiv:1406.4729), one by one."""
    c = i // 2
    return (Repeat(1, (*unit(i, c), *collected([(MaxPool(window, 1, window // 2),)] * 3), *unit(4 * c, o))),)


def joined_up(saved: str) -> Layers:
    """Each pixel four times, then what was saved joined: ``(H, W, a) -> (2H, 2W, a + b)``."""
    return (NearestUpsample(2), Load(saved, "concat"))


def anchored(levels: dict[str, int], outputs: int) -> Layers:
    """A 1×1 with bias on each saved level, of ``channels`` by name: ``{name: (H, W, outputs)}``. YOLOv3 and v5."""
    predicted = ((name, (Load(name), Conv2d(c, outputs, 1, activation="identity"))) for name, c in levels.items())
    return (Heads(tuple(predicted)),)


def anchor_free(
    levels: dict[str, int], classes: int, *, light: bool = False, bins: int = 16, decode: bool = False
) -> Layers:
    """Boxes as distributions over ``bins`` and classes on each saved level: ``{name: {box, class}}``. YOLOv8 and 11.

    ``light`` has depthwise convolutions before the classes (YOLO11). ``decode`` takes each distribution's mean.
    """
    first = next(iter(levels.values()))
    box, cls = max(16, first // 4, 4 * bins), max(first, min(classes, 100))
    heads: list[tuple[str, Layers]] = []
    for name, c in levels.items():
        mean: Layers = (ExpectedBin(bins),) if decode else ()
        boxes = (*unit(c, box, 3), *unit(box, box, 3), Conv2d(box, 4 * bins, 1, activation="identity"), *mean)
        seen = (*unit(c, cls, 3), *unit(cls, cls, 3))
        if light:
            seen = (*unit(c, c, 3, groups=c), *unit(c, cls), *unit(cls, cls, 3, groups=cls), *unit(cls, cls))
        classed = (*seen, Conv2d(cls, classes, 1, activation="identity"))
        heads.append((name, (Load(name), Heads((("box", boxes), ("class", classed))))))
    return (Heads(tuple(heads)),)
