"""YOLO v3, v5, v8 and 11 as Ultralytics has them, v1 as its paper draws it."""

from __future__ import annotations

from functools import partial

from netspec.conventions import Conventions
from netspec.exact.published import Published, network
from netspec.idioms import detectors
from netspec.idioms.yolo import anchor_free
from netspec.layers import Conv2d, Dense, Flatten, Heads, MaxPool
from netspec.layers.base import Layer
from netspec.spec import NetSpec

ULTRALYTICS, DEFINED = "ultralytics 8.4.104", "written from the paper"
V1, V3, REVIEW = "Redmon et al. 2015, arXiv:1506.02640", "Redmon & Farhadi 2018, arXiv:1804.02767", "arXiv:2304.00501"
CONVENTIONS = Conventions(batch_norm_epsilon=1e-3, batch_norm_momentum=0.97, batch_norm_variance="unbiased")
DARKNET = Conventions(leaky_slope=0.1)


def v3(*, classes: int = 80, anchors: int = 3, height: int = 640, columns: int = 640) -> NetSpec:
    """Darknet-53 and three levels of anchors, with SiLU."""
    layers = detectors.yolo_v3(anchors * (5 + classes), "silu")
    return network((height, columns, 3), *layers, conventions=CONVENTIONS, paper=V3)


def v5(
    depth: float, width: float, *, classes: int = 80, anchors: int = 3, height: int = 640, columns: int = 640
) -> NetSpec:
    """Three levels of ``anchors``; without any, the head of v8."""
    layers = detectors.yolo_v5(depth, width, anchors * (5 + classes))
    if not anchors:
        levels: dict[str, int] = {}
        last = layers[-1]
        assert isinstance(last, Heads)
        for name, (_, score) in last.heads:
            assert isinstance(score, Conv2d)
            levels[name] = score.in_channels
        layers = (*layers[:-1], *anchor_free(levels, classes))
    return network((height, columns, 3), *layers, conventions=CONVENTIONS, paper=REVIEW)


def v8(depth: float, width: float, most: int, *, classes: int = 80, height: int = 640, columns: int = 640) -> NetSpec:
    """Boxes as distributions and classes on three levels."""
    layers = detectors.yolo_v8(depth, width, most, classes)
    return network((height, columns, 3), *layers, conventions=CONVENTIONS, paper=REVIEW)


def v11(
    depth: float,
    width: float,
    most: int,
    *,
    deep: bool = False,
    classes: int = 80,
    height: int = 640,
    columns: int = 640,
) -> NetSpec:
    """As v8, with attention; sizes from ``m`` on are ``deep``."""
    layers = detectors.yolo_11(depth, width, most, classes, deep=deep)
    return network((height, columns, 3), *layers, conventions=CONVENTIONS, paper=REVIEW)


def v1(*, classes: int = 20, cells: int = 7, boxes: int = 2) -> NetSpec:
    """24 convolutions with bias, and two dense maps to the cells (fig. 3)."""
    pair = ((1, 256, 1), (3, 512, 1))
    deep = ((1, 512, 1), (3, 1024, 1))
    plan: tuple[tuple[int, int, int], ...] = (
        *((7, 64, 2), (0, 0, 0), (3, 192, 1), (0, 0, 0), (1, 128, 1), (3, 256, 1), (1, 256, 1), (3, 512, 1)),
        *((0, 0, 0), *pair * 4, *deep, (0, 0, 0), *deep * 2, (3, 1024, 1), (3, 1024, 2), (3, 1024, 1), (3, 1024, 1)),
    )
    layers: list[Layer] = []
    arrived = 3
    for kernel, width, stride in plan:
        if not kernel:
            layers.append(MaxPool(2, 2))
            continue
        layers.append(Conv2d(arrived, width, kernel, kernel // 2, "leaky_relu", stride))
        arrived = width
    side = 64 * cells
    head = (Dense(arrived * cells**2, 4096, "leaky_relu"), Dense(4096, cells**2 * (5 * boxes + classes)))
    return network((side, side, 3), *layers, Flatten(), *head, conventions=DARKNET, paper=V1)


#: Size, depth and width of v5.
V5 = (("n", 0.33, 0.25), ("s", 0.33, 0.5), ("m", 0.67, 0.75), ("l", 1.0, 1.0), ("x", 1.33, 1.25))
#: Size, depth, width and most channels.
V8 = tuple((*size, most) for size, most in zip((*V5[:4], ("x", 1.0, 1.25)), (1024, 1024, 768, 512, 512), strict=True))
V11 = (
    ("n", 0.5, 0.25, 1024),
    ("s", 0.5, 0.5, 1024),
    ("m", 0.5, 1.0, 512),
    ("l", 1.0, 1.0, 512),
    ("x", 1.0, 1.5, 512),
)
#: The distribution's bins, 0 to 15, are a convolution there.
BINS = 16


def _networks() -> tuple[Published, ...]:
    variants: tuple[str, ...]
    found = [
        Published("yolov1", "YOLOv1", DEFINED, v1, ("YOLOv1 (paper Fig. 3: 24 conv + 2 FC, no BN)",), rules="yolov1"),
        Published(
            "yolov3",
            "YOLOv3",
            ULTRALYTICS,
            v3,
            ("YOLOv3-COCO (darknet)", "yolov3 (PyTorch, anchor head)"),
            rules="yolov3",
        ),
        Published(
            "yolov3-voc", "YOLOv3", ULTRALYTICS, partial(v3, classes=20), ("YOLOv3-VOC (darknet)",), rules="yolov3"
        ),
    ]
    for size, depth, width in V5:
        variants = (f"YOLOv5{size} (original, anchor head)",)
        make = partial(v5, depth, width)
        found.append(Published(f"yolov5{size}", "YOLOv5", ULTRALYTICS, make, variants, rules="yolov5"))
        variants = (f"YOLOv5{size}u (anchor-free split head)",) if size in "nsm" else ()
        make = partial(v5, depth, width, anchors=0)
        found.append(
            Published(f"yolov5{size}u", "YOLOv5", ULTRALYTICS, make, variants, rules="yolov5u", constants=BINS)
        )
    for size, depth, width, most in V8:
        make = partial(v8, depth, width, most)
        variants = (f"YOLOv8{size}",)
        found.append(Published(f"yolov8{size}", "YOLOv8", ULTRALYTICS, make, variants, rules="yolov8", constants=BINS))
    for size, depth, width, most in V11:
        make = partial(v11, depth, width, most, deep=size in "mlx")
        variants = (f"YOLO11{size}",)
        found.append(Published(f"yolo11{size}", "YOLO11", ULTRALYTICS, make, variants, rules="yolo11", constants=BINS))
    return tuple(found)


NETWORKS = _networks()
