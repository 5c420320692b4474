"""Mask R-CNN: the parts as the chapter lists them, and the whole detector."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.catalogue.entry import DETECTION, TRANSPOSED, Entry
from netspec.catalogue.resnet import bottleneck
from netspec.layers import (
    BottleneckBlock,
    Conv2d,
    ConvBN,
    Dense,
    FeaturePyramid,
    Flatten,
    ForEach,
    Heads,
    MaxPool,
    OnRegions,
    Save,
)
from netspec.layers.base import Layer, Layers

MASK_RCNN = Entry(
    "Mask R-CNN",
    DETECTION,
    "He et al. 2017, arXiv:1703.06870",
    2017,
    ("bottleneck_block", "fpn_module"),
    ("fpn_module",),
)


def saved(stages: Layers) -> Iterator[Layer]:
    """Backbone stages, each saved as ``c2`` to ``c5`` for the pyramid."""
    for level, stage in enumerate(stages, start=2):
        yield from (stage, Save(f"c{level}"))


def backbone(counts: tuple[int, ...]) -> Layers:
    """ResNet stem and stages under a pyramid of 256 channels."""
    pyramid = FeaturePyramid(256, 512, 1024, 2048, 256)
    return ConvBN(3, 64, 7, 2), MaxPool(3, 2), *saved(bottleneck(counts)), pyramid


BACKBONE = MASK_RCNN.spec("Mask R-CNN backbone (ResNet-101-FPN)", (800, 800, 3), *backbone((3, 4, 23, 3)))

RPN = MASK_RCNN.spec(
    "Mask R-CNN RPN (shared across pyramid levels)",
    (50, 50, 256),
    Conv2d(256, 256, 3),
    Conv2d(256, 3 * 2, 1, activation="identity"),
    Conv2d(3 * 2, 3 * 4, 1, activation="identity"),
    remark="the listing chains objectness and boxes, which are two heads of the same convolution",
)

BOX_HEAD = MASK_RCNN.spec(
    "Mask R-CNN box head (FC 1024 → 1024, COCO 80 classes)",
    (7, 7, 256),
    Flatten(),
    Dense(256 * 7 * 7, 1024, "relu"),
    Dense(1024, 1024, "relu"),
    Dense(1024, 81 + 4 * 80),
)

MASK_HEAD = MASK_RCNN.spec(
    "Mask R-CNN mask head (COCO 80 classes, 28×28 masks)",
    (14, 14, 256),
    *[Conv2d(256, 256, 3)] * 4,
    Conv2d(256, 256, 2, stride=2, transposed=True),  # 28×28
    Conv2d(256, 80, 1, activation="identity"),
    remark=TRANSPOSED,
)

TINY_MASK_RCNN = MASK_RCNN.spec(
    "tiny-MaskRCNN",
    (128, 128, 3),
    ConvBN(3, 32, 3, 2),
    *saved(
        (
            BottleneckBlock(32, 64, 2, 2),
            BottleneckBlock(64, 128, 2, 2),
            BottleneckBlock(128, 256, 2, 2),
            BottleneckBlock(256, 512, 2, 2),
        )
    ),
    FeaturePyramid(64, 128, 256, 512, 128),
)

PROPOSALS = ForEach(
    (
        Conv2d(256, 256, 3),
        Heads(
            {
                "objectness": (Conv2d(256, 3, 1, activation="identity"),),
                "boxes": (Conv2d(256, 3 * 4, 1, activation="identity"),),
            }
        ),
    )
)

WHOLE = MASK_RCNN.spec(
    "Mask R-CNN (whole, ResNet-101-FPN)",
    (800, 800, 3),
    *backbone((3, 4, 23, 3)),
    Heads(
        {
            "proposals": (PROPOSALS,),
            "detections": (OnRegions(256, 7, 1000, BOX_HEAD.layers),),
            "masks": (OnRegions(256, 14, 100, MASK_HEAD.layers),),
        }
    ),
    role="system",
    remark="1000 proposals reach the box head and 100 detections the mask head; placing them is no layer",
)

SPECS = (BACKBONE, RPN, BOX_HEAD, MASK_HEAD, TINY_MASK_RCNN, WHOLE)
