"""RetinaNet of torchvision, and the pieces of its Mask R-CNN that are networks of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from netspec.conventions import Conventions
from netspec.exact.backbones import ENCODERS, resnet_encoder
from netspec.exact.published import Published, network
from netspec.idioms.parts import Norm
from netspec.idioms.pyramid import proposal_head, pyramid, retina_head
from netspec.layers import Conv2d, Dense, Flatten, Heads, Load
from netspec.layers.base import Layer
from netspec.spec import NetSpec

TORCHVISION = "torchvision 0.28.0"
MASK, FOCAL = "He et al. 2017, arXiv:1703.06870", "Lin et al. 2017, arXiv:1708.02002"
CONVENTIONS = Conventions(batch_norm_variance="unbiased")


def backbone_fpn(
    encoder: str = "resnet50",
    *,
    width: int = 256,
    norm: Norm = "frozen",
    height: int = 800,
    columns: int = 800,
) -> NetSpec:
    """A pyramid of the four stages of a ResNet, and every second pixel of the coarsest."""
    names = ("c2", "c3", "c4", "c5")
    body, stages = resnet_encoder(*ENCODERS[encoder], norm=norm, saved=names)
    neck = pyramid({name: stages[name] for name in names}, width, more="pool")
    return network((height, columns, 3), *body, *neck, conventions=CONVENTIONS, paper=MASK)


def rpn_head(*, width: int = 256, anchors: int = 3, height: int = 200, columns: int = 200, levels: int = 2) -> NetSpec:
    """Objects and boxes on each of ``levels``, which are the inputs."""
    more = {f"level{level}": (height // 2**level, columns // 2**level, width) for level in range(1, levels)}
    heads: tuple[tuple[str, tuple[Layer, ...]], ...] = (("level0", ()), *((name, (Load(name),)) for name in more))
    layers = (Heads(heads), *proposal_head(width, anchors))
    return network((height, columns, width), *layers, conventions=CONVENTIONS, paper=MASK, **more)


def box_head(*, width: int = 256, classes: int = 91, hidden: int = 1024, side: int = 7) -> NetSpec:
    """Scores and boxes of a pooled region."""
    heads = Heads((("scores", (Dense(hidden, classes),)), ("deltas", (Dense(hidden, 4 * classes),))))
    trunk = (Flatten(), Dense(side * side * width, hidden, "relu"), Dense(hidden, hidden, "relu"))
    return network((side, side, width), *trunk, heads, conventions=CONVENTIONS, paper=MASK)


def mask_head(*, width: int = 256, classes: int = 91, side: int = 14) -> NetSpec:
    """Four 3×3, a transposed convolution, a mask for each class."""
    up = Conv2d(width, width, 2, 0, "relu", 2, transposed=True)
    trunk = (Conv2d(width, width, 3),) * 4
    last = Conv2d(width, classes, 1, activation="identity")
    return network((side, side, width), *trunk, up, last, conventions=CONVENTIONS, paper=MASK)


def retina(*, width: int = 256, classes: int = 91, anchors: int = 9, height: int = 100, columns: int = 100) -> NetSpec:
    """The heads of RetinaNet on one level."""
    head = retina_head(width, classes, anchors)
    return network((height, columns, width), Heads((("level", ()),)), *head, conventions=CONVENTIONS, paper=FOCAL)


def retinanet(
    encoder: str = "resnet50",
    *,
    classes: int = 91,
    anchors: int = 9,
    width: int = 256,
    norm: Norm = "batch",
    of_stage: bool = False,
    height: int = 800,
    columns: int = 800,
) -> NetSpec:
    """Classes and boxes on five levels; the two coarsest are made of the pyramid's or ``of_stage`` of the ResNet's."""
    names = ("c3", "c4", "c5")
    body, stages = resnet_encoder(*ENCODERS[encoder], norm=norm, saved=names)
    more = "p6p7 of c5" if of_stage else "p6p7"
    neck = pyramid({name: stages[name] for name in names}, width, more=more)
    head = retina_head(width, classes, anchors)
    return network((height, columns, 3), *body, *neck, *head, conventions=CONVENTIONS, paper=FOCAL)


def _networks() -> tuple[Published, ...]:
    found = []
    given: tuple[str, ...]
    norms: tuple[tuple[Norm, str], ...] = (("frozen", "FrozenBN"), ("batch", "BN"))
    make: Callable[..., NetSpec]
    for depth in (50, 101):
        for norm, word in norms:
            encoder, end = f"resnet{depth}", "" if norm == "frozen" else "_bn"
            variants = (f"Mask R-CNN R{depth}-FPN ({word})",)
            make = partial(backbone_fpn, encoder, norm=norm)
            rules = f"torchvision_fpn{end}"
            name = f"maskrcnn_{encoder}_fpn{end}.backbone"
            found.append(Published(name, "Mask R-CNN", TORCHVISION, make, variants, "backbone+FPN", rules=rules))
            rules = f"torchvision_retinanet{end}"
            for of_stage, source in ((False, "P5"), (True, "C5")):
                make = partial(retinanet, encoder, norm=norm, of_stage=of_stage)
                given = (
                    (f"RetinaNet R{depth}-FPN ({word}) P6 from {source}",) if norm == "frozen" or not of_stage else ()
                )
                name = f"retinanet_{encoder}_fpn{end}" + ("_c5" if of_stage else "")
                found.append(Published(name, "RetinaNet", TORCHVISION, make, given, rules=rules))
    several = ("Mask R-CNN R50-FPN (FrozenBN)",)
    pieces: tuple[tuple[str, Callable[..., NetSpec], tuple[str, ...], str], ...] = (
        ("rpn.head", rpn_head, several, "torchvision_rpn"),
        ("box_head", box_head, (), "torchvision_box_head"),
        ("mask_head", mask_head, (), "torchvision_mask_head"),
    )
    for piece, make, given, rules in pieces:
        name = f"maskrcnn_resnet50_fpn.{piece}"
        found.append(Published(name, "Mask R-CNN", TORCHVISION, make, given, "RPN" if given else "total", rules=rules))
    return tuple(found)


NETWORKS = _networks()
