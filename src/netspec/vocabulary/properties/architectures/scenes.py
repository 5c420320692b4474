"""What must hold of networks that segment, detect and render."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netspec.catalogue import mask_rcnn, nerf, unet, yolo
from netspec.layers import Conv2d, ConvBN, Dense, NeRFMLP, PositionalEncoding, UNetDown, UNetUp
from netspec.layers.base import Layer
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.architectures import mobile
from netspec.vocabulary.properties.architectures.common import (
    Specs,
    changed,
    counted,
    exchanged,
    layers,
    named,
    with_fields,
)
from netspec.vocabulary.term import Mistake, Property, Term

_TRANSPOSED = "UNet (original, transposed convolutions)"


def _unet_channels(spec: NetSpec) -> int:
    """Channels of convolutions with batch normalisation: two a stage down and up, and those at the bottom."""
    stages = 2 * sum(one.out_channels for kind in (UNetDown, UNetUp) for one in layers(spec, kind))
    return stages + sum(one.out_channels for one in layers(spec, ConvBN))


def _same_size(specs: Specs, case: Case) -> float:
    """Every pixel gets scores: what leaves is as large as what arrived."""
    return wrong([spec.output_shape[:2] == spec.input_shape[:2] for spec in specs])


def _skips(specs: Specs, case: Case) -> float:
    """Each stage up joins the channels of the stage down at its size, but where the name says otherwise."""
    holds = []
    for spec in specs:
        if "skipless" not in spec.name:
            ups, downs = layers(spec, UNetUp), layers(spec, UNetDown)
            holds += [len(ups) == len(downs), all(up.skip_channels is None for up in ups)]
    return wrong(holds)


_ORIGINAL = "UNet (original, grayscale → 2-class)"
_HALF = replace(named(unet.SPECS, _ORIGINAL), layers=(ConvBN(1, 1, 3, 2), *named(unet.SPECS, _ORIGINAL).layers))
_SKIPLESS = named(unet.SPECS, "UNet-Digits (skipless)")
_YOLO = "YOLOv1 (Redmon 2016)"


def _grid(specs: Specs, case: Case) -> float:
    """S × S cells of B boxes with five numbers and C classes: 7 × 7 × (2 · 5 + 20)."""
    found = [named(specs, name).output_shape for name in (_YOLO, "Fast YOLOv1")]
    return apart(found, [(7 * 7 * (2 * 5 + 20),)] * 2)


def _depth(specs: Specs, case: Case) -> float:
    """The paper's 24 convolutions and two dense layers."""
    spec = named(specs, _YOLO)
    return apart([len(layers(spec, Conv2d)), len(layers(spec, Dense))], [24, 2])


def _last_dense(width: int) -> Any:
    def change(layer: Layer) -> Layer:
        return replace(layer, out_features=width) if isinstance(layer, Dense) and layer.out_features == 1470 else layer

    return change


_PARTS = (
    "Mask R-CNN backbone (ResNet-101-FPN)",
    "Mask R-CNN box head (FC 1024 → 1024, COCO 80 classes)",
    "Mask R-CNN mask head (COCO 80 classes, 28×28 masks)",
)
_RPN = 256 * 256 * 9 + 256 + 256 * 3 + 3 + 256 * 12 + 12


def _sum_of_parts(specs: Specs, case: Case) -> float:
    """Backbone, proposals (a convolution with two heads) and both heads are all there is."""
    whole = named(specs, "Mask R-CNN (whole, ResNet-101-FPN)")
    return apart(whole.params, sum(named(specs, part).params for part in _PARTS) + _RPN)


def _heads(specs: Specs, case: Case) -> float:
    """Scores of 80 classes and of none, four sides for each class; a mask of 28 × 28 for each class."""
    _, box, mask = (named(specs, part) for part in _PARTS)
    return wrong([box.output_shape == (81 + 4 * 80,), mask.output_shape == (28, 28, 80)])


_RENDERER, _CANONICAL = "NeRF (position and direction)", "NeRF (canonical, repository)"


def _encoded(specs: Specs, case: Case) -> float:
    """Sine and cosine of three coordinates at ten octaves, and of the direction at four."""
    found = [row.leaves for row in named(specs, _RENDERER).rows if isinstance(row.layer, PositionalEncoding)]
    return wrong([found == [(60,), (24,)]])


def _six_octaves(layer: Layer) -> Layer:
    if layer == PositionalEncoding(3, 10):
        return PositionalEncoding(3, 6)
    return replace(layer, position_features=36) if isinstance(layer, NeRFMLP) else layer


def _single_mask(layer: Layer) -> Layer:
    return replace(layer, out_channels=1) if isinstance(layer, Conv2d) and layer.out_channels == 80 else layer


_CLASSES_PER_BOX = Mistake("classes for each box", changed(yolo.SPECS, _YOLO, _last_dense(7 * 7 * 2 * (5 + 20))))
_ONE_MASK = Mistake("a mask for all classes together", changed(mask_rcnn.SPECS, _PARTS[2], _single_mask))


TERMS = (
    Term(
        "unet",
        unet.SPECS,
        (
            Property(
                "With a bias for each scale and shift, and transposed convolutions, it has the published 31,030,658.",
                counted({_TRANSPOSED: 31_030_658}, lambda spec: -_unet_channels(spec)),
                0.0,
                (
                    Mistake(
                        "doubling without parameters",
                        changed(unet.SPECS, _TRANSPOSED, with_fields(UNetUp, upsample="bilinear")),
                    ),
                ),
            ),
            Property(
                "What leaves is as large as what arrives.",
                _same_size,
                0.0,
                (Mistake("half as many pixels", exchanged(unet.SPECS, _ORIGINAL, _HALF)),),
            ),
            Property(
                "Every stage up joins what the stage down at its size has left.",
                _skips,
                0.0,
                (
                    Mistake(
                        "no skips", exchanged(unet.SPECS, "UNet-Digits", named(unet.SPECS, "UNet-Digits (skipless)"))
                    ),
                ),
            ),
        ),
    ),
    *mobile.TERMS,
    Term(
        "yolo",
        yolo.SPECS,
        (
            Property(
                "It leaves 7 × 7 cells of two boxes and twenty classes.",
                _grid,
                0.0,
                (_CLASSES_PER_BOX,),
            ),
            Property(
                "It has 24 convolutions and two dense layers.",
                _depth,
                0.0,
                (Mistake("the fast form", exchanged(yolo.SPECS, _YOLO, named(yolo.SPECS, "Fast YOLOv1"))),),
            ),
            Property(
                "It has 271,703,550 parameters.",
                counted({_YOLO: 271_703_550}),
                0.0,
                (_CLASSES_PER_BOX,),
            ),
        ),
    ),
    Term(
        "mask-rcnn",
        mask_rcnn.SPECS,
        (
            Property(
                "Backbone, proposals and the two heads are the whole.",
                _sum_of_parts,
                0.0,
                (
                    Mistake(
                        "a mask for all classes together",
                        changed(
                            mask_rcnn.SPECS,
                            _PARTS[2],
                            lambda layer: (
                                replace(layer, out_channels=1)
                                if isinstance(layer, Conv2d) and layer.out_channels == 80
                                else layer
                            ),
                        ),
                    ),
                ),
            ),
            Property(
                "There are scores and a box for each class, and a mask for each.",
                _heads,
                0.0,
                (
                    Mistake(
                        "a mask for all classes together",
                        changed(
                            mask_rcnn.SPECS,
                            _PARTS[2],
                            lambda layer: (
                                replace(layer, out_channels=1)
                                if isinstance(layer, Conv2d) and layer.out_channels == 80
                                else layer
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Term(
        "nerf",
        nerf.SPECS,
        (
            Property(
                "With three coordinates and a direction of three it has 593,924 parameters.",
                counted({_RENDERER: 593_924, _CANONICAL: 593_924}),
                0.0,
                (Mistake("a narrower network", exchanged(nerf.SPECS, _CANONICAL, nerf.nerf("narrow", 10, 24, 128))),),
            ),
            Property(
                "Ten octaves of the place make 60 features, four of the direction 24.",
                _encoded,
                0.0,
                (Mistake("six octaves of the place", changed(nerf.SPECS, _RENDERER, _six_octaves)),),
            ),
        ),
    ),
)
