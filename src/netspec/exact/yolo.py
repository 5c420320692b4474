"""YOLOv3 and v5 of ultralytics' yolov5, YOLOv8 of ultralytics: a layer of the listing for each module of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms.parts import conv
from netspec.idioms.yolo import anchor_free, anchored, bottleneck, c2f, c2psa, c3, c3k2, sppf, unit
from netspec.layers import Conv2d, Heads, Load, NearestUpsample, Repeat, Save
from netspec.layers.base import Layers
from netspec.spec import NetSpec

YOLOV5, ULTRALYTICS = "ultralytics/yolov5 5081342", "ultralytics 8.4.190"
CONVENTIONS = Conventions(batch_norm_epsilon=1e-3, batch_norm_momentum=0.97, batch_norm_variance="unbiased")
LEVELS = ("p0", "p1", "p2")


def one(*layers: Layers, save: str = "") -> Repeat:
    """A module: its layers, and what it leaves for later ones."""
    body = tuple(layer for some in layers for layer in some)
    return Repeat(1, (*body, *((Save(save),) if save else ())))


def _even(channels: float) -> int:
    return -(-int(channels) // 8) * 8


def yolo_v5(
    depth: float, width: float, *, classes: int = 80, anchors: int = 3, height: int = 640, columns: int = 640
) -> NetSpec:
    """``depth`` times as many blocks, ``width`` times as many channels, as multiples of eight."""
    a, b, c, d, e = (_even(w * width) for w in (64, 128, 256, 512, 1024))
    n3, n6, n9 = (max(1, round(count * depth)) for count in (3, 6, 9))
    return network(
        (height, columns, 3),
        one(conv(3, a, 6, 2, activation="silu", padding=2)),
        one(unit(a, b, 3, 2)),
        one(c3(b, b, n3)),
        one(unit(b, c, 3, 2)),
        one(c3(c, c, n6), save="c3"),
        one(unit(c, d, 3, 2)),
        one(c3(d, d, n9), save="c4"),
        one(unit(d, e, 3, 2)),
        one(c3(e, e, n3)),
        one(sppf(e, e)),
        one(unit(e, d), save="s5"),
        NearestUpsample(2),
        Load("c4", "concat"),
        one(c3(2 * d, d, n3, add=False)),
        one(unit(d, c), save="s4"),
        NearestUpsample(2),
        Load("c3", "concat"),
        one(c3(2 * c, c, n3, add=False), save="p0"),
        one(unit(c, c, 3, 2)),
        Load("s4", "concat"),
        one(c3(2 * c, d, n3, add=False), save="p1"),
        one(unit(d, d, 3, 2)),
        Load("s5", "concat"),
        one(c3(2 * d, e, n3, add=False), save="p2"),
        *anchored(dict(zip(LEVELS, (c, d, e), strict=True)), anchors * (classes + 5)),
        conventions=CONVENTIONS,
    )


def yolo_v3(*, classes: int = 80, anchors: int = 3, height: int = 640, columns: int = 640) -> NetSpec:
    """Darknet-53 with SiLU, as that repository has it."""

    def blocks(c: int, count: int = 1, *, add: bool = True) -> Layers:
        return bottleneck(c, c, add=add, kernels=(1, 3)) * count

    outputs = anchors * (classes + 5)
    return network(
        (height, columns, 3),
        one(unit(3, 32, 3)),
        one(unit(32, 64, 3, 2)),
        one(blocks(64)),
        one(unit(64, 128, 3, 2)),
        one(blocks(128, 2)),
        one(unit(128, 256, 3, 2)),
        one(blocks(256, 8), save="c3"),
        one(unit(256, 512, 3, 2)),
        one(blocks(512, 8), save="c4"),
        one(unit(512, 1024, 3, 2)),
        one(blocks(1024, 4)),
        one(blocks(1024, add=False)),
        one(unit(1024, 512)),
        one(unit(512, 1024, 3)),
        one(unit(1024, 512), save="s5"),
        one(unit(512, 1024, 3), save="p2"),
        one((Load("s5"),), unit(512, 256)),
        NearestUpsample(2),
        Load("c4", "concat"),
        one(bottleneck(768, 512, add=False, kernels=(1, 3))),
        one(blocks(512, add=False)),
        one(unit(512, 256), save="s4"),
        one(unit(256, 512, 3), save="p1"),
        one((Load("s4"),), unit(256, 128)),
        NearestUpsample(2),
        Load("c3", "concat"),
        one(bottleneck(384, 256, add=False, kernels=(1, 3))),
        one(blocks(256, 2, add=False), save="p0"),
        Heads(
            tuple(
                (name, (Load(name), Conv2d(c, outputs, 1, activation="identity")))
                for name, c in zip(LEVELS, (256, 512, 1024), strict=True)
            )
        ),
        conventions=CONVENTIONS,
        paper="Redmon & Farhadi 2018, arXiv:1804.02767",
    )


def yolo_v8(
    depth: float, width: float, most: int, *, classes: int = 80, height: int = 640, columns: int = 640
) -> NetSpec:
    """Each level leaves boxes as distributions, and classes."""
    a, b, c, d, e = (_even(min(w, most) * width) for w in (64, 128, 256, 512, 1024))
    n3, n6 = (max(1, round(count * depth)) for count in (3, 6))
    return network(
        (height, columns, 3),
        one(unit(3, a, 3, 2)),
        one(unit(a, b, 3, 2)),
        one(c2f(b, b, n3, add=True)),
        one(unit(b, c, 3, 2)),
        one(c2f(c, c, n6, add=True), save="c3"),
        one(unit(c, d, 3, 2)),
        one(c2f(d, d, n6, add=True), save="c4"),
        one(unit(d, e, 3, 2)),
        one(c2f(e, e, n3, add=True)),
        one(sppf(e, e), save="s5"),
        NearestUpsample(2),
        Load("c4", "concat"),
        one(c2f(e + d, d, n3), save="s4"),
        NearestUpsample(2),
        Load("c3", "concat"),
        one(c2f(d + c, c, n3), save="p0"),
        one(unit(c, c, 3, 2)),
        Load("s4", "concat"),
        one(c2f(c + d, d, n3), save="p1"),
        one(unit(d, d, 3, 2)),
        Load("s5", "concat"),
        one(c2f(d + e, e, n3), save="p2"),
        *anchor_free(dict(zip(LEVELS, (c, d, e), strict=True)), classes),
        conventions=CONVENTIONS,
    )


def yolo_11(
    depth: float,
    width: float,
    most: int,
    *,
    deep: bool = False,
    classes: int = 80,
    height: int = 640,
    columns: int = 640,
) -> NetSpec:
    """As YOLOv8, with attention behind the last stage; sizes from m on have ``deep`` blocks throughout."""
    a, b, c, d, e = (_even(min(w, most) * width) for w in (64, 128, 256, 512, 1024))
    n = max(1, round(2 * depth))
    return network(
        (height, columns, 3),
        one(unit(3, a, 3, 2)),
        one(unit(a, b, 3, 2)),
        one(c3k2(b, c, n, deep=deep, expand=0.25)),
        one(unit(c, c, 3, 2)),
        one(c3k2(c, d, n, deep=deep, expand=0.25), save="c3"),
        one(unit(d, d, 3, 2)),
        one(c3k2(d, d, n, deep=True), save="c4"),
        one(unit(d, e, 3, 2)),
        one(c3k2(e, e, n, deep=True)),
        one(sppf(e, e)),
        one(c2psa(e, n), save="s5"),
        NearestUpsample(2),
        Load("c4", "concat"),
        one(c3k2(e + d, d, n, deep=deep), save="s4"),
        NearestUpsample(2),
        Load("c3", "concat"),
        one(c3k2(d + d, c, n, deep=deep), save="p0"),
        one(unit(c, c, 3, 2)),
        Load("s4", "concat"),
        one(c3k2(c + d, d, n, deep=deep), save="p1"),
        one(unit(d, d, 3, 2)),
        Load("s5", "concat"),
        one(c3k2(d + e, e, n, deep=True), save="p2"),
        *anchor_free(dict(zip(LEVELS, (c, d, e), strict=True)), classes, light=True),
        conventions=CONVENTIONS,
    )


SIZES_V11 = {
    "n": (0.5, 0.25, 1024, False),
    "s": (0.5, 0.5, 1024, False),
    "m": (0.5, 1.0, 512, True),
    "l": (1.0, 1.0, 512, True),
    "x": (1.0, 1.5, 512, True),
}
SIZES_V5 = {"n": (0.33, 0.25), "s": (0.33, 0.5), "m": (0.67, 0.75), "l": (1.0, 1.0), "x": (1.33, 1.25)}
SIZES_V8 = {
    "n": (0.33, 0.25, 1024),
    "s": (0.33, 0.5, 1024),
    "m": (0.67, 0.75, 768),
    "l": (1.0, 1.0, 512),
    "x": (1.0, 1.25, 512),
}


def _networks() -> Iterator[Published]:
    for size, scales in SIZES_V5.items():
        variants = (f"YOLOv5{size} (original, anchor head)",)
        make = partial(yolo_v5, *scales)
        yield Published(f"yolov5{size}", "YOLOv5", YOLOV5, make, variants, rules="yolov5")
    for size, scales in SIZES_V8.items():
        yield Published(f"yolov8{size}", "YOLOv8", ULTRALYTICS, partial(yolo_v8, *scales), rules="yolov8")
    for size, (*scales, deep) in SIZES_V11.items():
        make = partial(yolo_11, *scales, deep=deep)
        yield Published(f"yolo11{size}", "YOLO11", ULTRALYTICS, make, rules="yolo11")
    yield Published("yolov3", "YOLOv3", YOLOV5, yolo_v3, ("YOLOv3-COCO (darknet)",), rules="yolov3")


NETWORKS = tuple(_networks())
