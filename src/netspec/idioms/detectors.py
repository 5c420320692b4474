"""YOLOv3, v5, v8 and 11 as released, of any depth and width; sources as in :mod:`netspec.idioms.yolo`."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.idioms.parts import Layers, conv
from netspec.idioms.yolo import anchor_free, anchored, c2f, c2psa, c3, c3k2, darknet, joined_up, sppf, unit
from netspec.layers import Conv2d, Heads, Load, Save
from netspec.layers.activation import Activation


def yolo_v3(outputs: int = 255, activation: Activation = "leaky_relu") -> Layers:
    """Darknet-53, the neck and three levels: ``(H, W, 3)`` to ``outputs`` per cell of 8, 16 and 32 pixels.

    ``activation`` is SiLU in Ultralytics' code.
    """
    leaky = activation

    def deep(i: int, o: int) -> Layers:
        return (*unit(i, o, 3, 2, activation=leaky),)

    def five(i: int, c: int) -> Layers:
        sizes = ((i, c, 1), (c, 2 * c, 3), (2 * c, c, 1), (c, 2 * c, 3), (2 * c, c, 1))
        return tuple(layer for a, b, k in sizes for layer in unit(a, b, k, activation=leaky))

    def predicted(c: int) -> Layers:
        return (*unit(c, 2 * c, 3, activation=leaky), Conv2d(2 * c, outputs, 1, activation="identity"))

    return (
        *unit(3, 32, 3, activation=leaky), *deep(32, 64), *darknet(64, 1, leaky), *deep(64, 128),
        *darknet(128, 2, leaky),
        *deep(128, 256), *darknet(256, 8, leaky), Save("c3"), *deep(256, 512), *darknet(512, 8, leaky), Save("c4"),
        *deep(512, 1024), *darknet(1024, 4, leaky), *five(1024, 512), Save("p5"), *unit(512, 256, activation=leaky),
        *joined_up("c4"), *five(768, 256), Save("p4"), *unit(256, 128, activation=leaky), *joined_up("c3"),
        *five(384, 128),
        Heads((("p3", predicted(128)), ("p4", (Load("p4"), *predicted(256))), ("p5", (Load("p5"), *predicted(512))))),
    )  # fmt: skip


def _block_counts(depth: float, counts: Sequence[int]) -> list[int]:
    return [max(1, round(count * depth)) for count in counts]


def yolo_v5(depth: float, width: float, outputs: int = 255) -> Layers:
    """YOLOv5: ``(H, W, 3)`` to ``outputs`` per cell on three levels; ``n`` is 0.33 and 0.25, ``s`` 0.33 and 0.5."""
    a, b, c, d, e = (-(-int(w * width) // 8) * 8 for w in (64, 128, 256, 512, 1024))
    n3, n6, n9 = _block_counts(depth, (3, 6, 9))
    return (
        *conv(3, a, 6, 2, activation="silu", padding=2), *unit(a, b, 3, 2), *c3(b, b, n3), *unit(b, c, 3, 2),
        *c3(c, c, n6), Save("c3"), *unit(c, d, 3, 2), *c3(d, d, n9), Save("c4"), *unit(d, e, 3, 2), *c3(e, e, n3),
        *sppf(e, e), *unit(e, d), Save("s5"), *joined_up("c4"), *c3(2 * d, d, n3, add=False), *unit(d, c), Save("s4"),
        *joined_up("c3"), *c3(2 * c, c, n3, add=False), Save("p3"), *unit(c, c, 3, 2), Load("s4", "concat"),
        *c3(2 * c, d, n3, add=False), Save("p4"), *unit(d, d, 3, 2), Load("s5", "concat"),
        *c3(2 * d, e, n3, add=False), Save("p5"), *anchored({"p3": c, "p4": d, "p5": e}, outputs),
    )  # fmt: skip


def yolo_v8(depth: float, width: float, most: int, classes: int = 80) -> Layers:
    """YOLOv8: boxes and classes on three levels; ``n`` is 0.33, 0.25 and 1024, ``m`` 0.67, 0.75 and 768."""
    a, b, c, d, e = (-(-int(min(w, most) * width) // 8) * 8 for w in (64, 128, 256, 512, 1024))
    n3, n6 = _block_counts(depth, (3, 6))
    return (
        *unit(3, a, 3, 2), *unit(a, b, 3, 2), *c2f(b, b, n3, add=True), *unit(b, c, 3, 2), *c2f(c, c, n6, add=True),
        Save("c3"), *unit(c, d, 3, 2), *c2f(d, d, n6, add=True), Save("c4"), *unit(d, e, 3, 2),
        *c2f(e, e, n3, add=True), *sppf(e, e), Save("s5"), *joined_up("c4"), *c2f(e + d, d, n3), Save("s4"),
        *joined_up("c3"), *c2f(d + c, c, n3), Save("p3"), *unit(c, c, 3, 2), Load("s4", "concat"),
        *c2f(c + d, d, n3), Save("p4"), *unit(d, d, 3, 2), Load("s5", "concat"), *c2f(d + e, e, n3), Save("p5"),
        *anchor_free({"p3": c, "p4": d, "p5": e}, classes),
    )  # fmt: skip


def yolo_11(depth: float, width: float, most: int, classes: int = 80, *, deep: bool = False) -> Layers:
    """YOLO11: as v8, with attention; ``n`` is 0.5, 0.25 and 1024; ``m`` and above are ``deep``."""
    a, b, c, d, e = (-(-int(min(w, most) * width) // 8) * 8 for w in (64, 128, 256, 512, 1024))
    (n,) = _block_counts(depth, (2,))
    return (
        *unit(3, a, 3, 2), *unit(a, b, 3, 2), *c3k2(b, c, n, deep=deep, expand=0.25), *unit(c, c, 3, 2),
        *c3k2(c, d, n, deep=deep, expand=0.25), Save("c3"), *unit(d, d, 3, 2), *c3k2(d, d, n, deep=True), Save("c4"),
        *unit(d, e, 3, 2), *c3k2(e, e, n, deep=True), *sppf(e, e), *c2psa(e, n), Save("s5"), *joined_up("c4"),
        *c3k2(e + d, d, n, deep=deep), Save("s4"), *joined_up("c3"), *c3k2(d + d, c, n, deep=deep), Save("p3"),
        *unit(c, c, 3, 2), Load("s4", "concat"), *c3k2(c + d, d, n, deep=deep), Save("p4"), *unit(d, d, 3, 2),
        Load("s5", "concat"), *c3k2(d + e, e, n, deep=True), Save("p5"),
        *anchor_free({"p3": c, "p4": d, "p5": e}, classes, light=True),
    )  # fmt: skip
