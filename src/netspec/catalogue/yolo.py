"""YOLO: v1 with its dense head and with a convolutional one, and one scale of the later versions."""

from __future__ import annotations

from netspec.catalogue.entry import DETECTION, Entry
from netspec.catalogue.resnet import basic
from netspec.layers import Conv2d, ConvBN, CSPBlock, DarknetBlock, Dense, Flatten, MaxPool, ResidualBlock
from netspec.layers.base import Layers
from netspec.spec import NetSpec

V1 = Entry("YOLO v1/v3/v5/v8/v11", DETECTION, "Redmon et al. 2016, arXiv:1506.02640", 2016)
V3 = Entry(V1.title, DETECTION, "Redmon & Farhadi 2018, arXiv:1804.02767", 2018, ("darknet_block",), ("darknet_block",))
V5 = Entry(V1.title, DETECTION, "ultralytics/yolov5, 2020 (no paper)", 2020, ("csp_block",), ("csp_block",))


def squeeze_pair(channels: int, middle: int) -> Layers:
    """1×1 to ``middle``, 3×3 back to ``channels``."""
    return Conv2d(channels, middle, 1), Conv2d(middle, channels, 3)


YOLOV1 = V1.spec(
    "YOLOv1 (Redmon 2016)",
    (448, 448, 3),
    Conv2d(3, 64, 7, stride=2),  # 224×224
    MaxPool(2, 2),  # 112×112
    Conv2d(64, 192, 3),
    MaxPool(2, 2),  # 56×56
    Conv2d(192, 128, 1),
    Conv2d(128, 256, 3),
    Conv2d(256, 256, 1),
    Conv2d(256, 512, 3),
    MaxPool(2, 2),  # 28×28
    *squeeze_pair(512, 256) * 4,
    Conv2d(512, 512, 1),
    Conv2d(512, 1024, 3),
    MaxPool(2, 2),  # 14×14
    *squeeze_pair(1024, 512) * 2,
    Conv2d(1024, 1024, 3),
    Conv2d(1024, 1024, 3, stride=2),  # 7×7
    Conv2d(1024, 1024, 3),
    Conv2d(1024, 1024, 3),
    Flatten(),
    Dense(7 * 7 * 1024, 4096, "relu"),
    Dense(4096, 7 * 7 * (2 * 5 + 20)),  # two boxes and twenty classes per cell
    remark="the listing prints no strides; two convolutions have the paper's, which end at its 7×7",
)

FAST_YOLOV1 = V1.spec(
    "Fast YOLOv1",
    (448, 448, 3),
    *[
        layer
        for i, o in ((3, 16), (16, 32), (32, 64), (64, 128), (128, 256), (256, 512))
        for layer in (Conv2d(i, o, 3), MaxPool(2, 2))
    ],
    Conv2d(512, 1024, 3),  # 7×7
    Conv2d(1024, 256, 3),
    Conv2d(256, 256, 3),
    Flatten(),
    Dense(7 * 7 * 256, 4096, "relu"),
    Dense(4096, 7 * 7 * 30),
)

TINY_YOLO = V1.spec(
    "tiny-YOLO (fixture)",
    (112, 112, 3),
    *[layer for i, o in ((3, 16), (16, 32), (32, 64), (64, 128)) for layer in (Conv2d(i, o, 3), MaxPool(2, 2))],
    Flatten(),
    Dense(7 * 7 * 128, 512, "relu"),
    Dense(512, 7 * 7 * 15),
)

CONVOLUTIONAL = V1.spec(
    "YOLOv1 (convolutional head, ResNet-34)",
    (224, 224, 3),
    ConvBN(3, 64, 7, 2),
    MaxPool(2, 2),
    *basic((3, 4, 6, 3)),  # 7×7
    Conv2d(512, 256, 3),
    Conv2d(256, 2 * 5 + 20, 1, activation="identity"),
    Flatten(),
    role="system",
    remark="the listing of the companion repository's detectors; the chapter describes one 1×1 convolution as the head",
)

# For scenes of digits of 64 pixels: an 8×8 grid of two boxes and ten classes per cell. Most layers are at twice that
# resolution, which is what places boxes well.
YOLOV1_DIGITS = V1.spec(
    "YOLOv1-Digits",
    (64, 64, 3),
    ConvBN(3, 16, 3, 2),
    ConvBN(16, 32, 3, 2),
    ResidualBlock(32, 32, 3, 1),
    ResidualBlock(32, 64, 1, 2),
    ConvBN(64, 64, 3),
    Conv2d(64, 2 * 5 + 10, 1, activation="identity"),
    role="trainer",
)

YOLOV3 = V3.spec(
    "YOLOv3 (single-scale view)",
    (416, 416, 3),
    ConvBN(3, 32, 3, activation="leaky_relu"),
    *[
        layer
        for channels, n_blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))
        for layer in (
            ConvBN(channels // 2, channels, 3, 2, activation="leaky_relu"),
            DarknetBlock(channels, n_blocks),
        )
    ],
    Conv2d(1024, 3 * (5 + 80), 1, activation="identity"),
)


def csp(
    name: str, stem: tuple[int, int], stages: tuple[tuple[int, int, int], ...], outputs: int, paper: str, year: int
) -> NetSpec:
    """A CSP backbone: ``stem`` is (channels, kernel); a stage is (strided conv, CSP channels, CSP blocks)."""
    channels, kernel = stem
    layers = [ConvBN(3, channels, kernel, 2, activation="silu")]
    for strided, out_channels, n_blocks in stages:
        layers += [
            ConvBN(channels, strided, 3, 2, activation="silu"),
            CSPBlock(strided, out_channels, n_blocks),
        ]
        channels = out_channels
    layers.append(Conv2d(channels, outputs, 1, activation="identity"))
    return V5.spec(name, (640, 640, 3), *layers, paper=paper, year=year)


def straight(widths: tuple[int, ...], counts: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    """Stages whose CSP block keeps the width of the convolution before it."""
    return tuple((width, width, count) for width, count in zip(widths, counts, strict=True))


ANCHORS, DISTRIBUTION = 3 * (5 + 80), 80 + 4 * 16  # outputs per cell of v5, and of v8 and v11
V8_PAPER, V11_PAPER = ("ultralytics YOLOv8, 2023 (no paper)", 2023), ("ultralytics YOLO11, 2024 (no paper)", 2024)

SPECS = (
    YOLOV1,
    FAST_YOLOV1,
    TINY_YOLO,
    CONVOLUTIONAL,
    YOLOV1_DIGITS,
    YOLOV3,
    csp("YOLOv5s (single-scale view)", (32, 6), straight((64, 128, 256, 512), (1, 2, 3, 1)), ANCHORS, V5.paper, 2020),
    csp("YOLOv5m (single-scale view)", (48, 6), straight((96, 192, 384, 768), (2, 4, 6, 2)), ANCHORS, V5.paper, 2020),
    csp("YOLOv8n (single-scale view)", (16, 3), straight((32, 64, 128, 256), (1, 2, 2, 1)), DISTRIBUTION, *V8_PAPER),
    csp("YOLOv8s (single-scale view)", (32, 3), straight((64, 128, 256, 512), (1, 2, 2, 1)), DISTRIBUTION, *V8_PAPER),
    csp(
        "YOLOv11n (single-scale view)",
        (16, 3),
        ((32, 64, 1), (64, 128, 2), (128, 128, 2), (256, 256, 1)),
        DISTRIBUTION,
        *V11_PAPER,
    ),
    csp(
        "YOLOv11m (single-scale view)",
        (64, 3),
        ((128, 256, 1), (256, 512, 4), (512, 512, 4), (512, 512, 2)),
        DISTRIBUTION,
        *V11_PAPER,
    ),
)
