"""RetinaNet and Mask R-CNN of torchvision."""

from netspec.weights.families.backbones import STAGES, frozen, resnet
from netspec.weights.rules import Rule, Table


def _pyramid(prefix: str, heads: str) -> tuple[Rule, ...]:
    """Laterals from the coarsest on, then a 3×3 for each level and those of the levels made besides."""
    level = f"{prefix}fpn.{{'layer_blocks.' + N(i) + '.0' if i <= n_count else 'extra_blocks.p6'}}"
    return (
        Rule("layers.{a}.conv", prefix + "fpn.inner_blocks.{n_count}.0"),
        Rule("layers.{a}.branches.1.layers.1.conv", prefix + "fpn.inner_blocks.{n_count - 1 - n}.0"),
        Rule(f"layers.{heads}.heads.{{i}}.layers.1.conv", level),
        Rule(f"layers.{heads}.heads.{{i}}.layers.2.conv", prefix + "fpn.extra_blocks.p7"),
    )


def _retina(prefix: str) -> tuple[Rule, ...]:
    """Two towers."""
    tower = "layers.{last}.body.layers.0.heads.{h}.layers"
    kind = prefix + "{('classification', 'regression')[h]}_head"
    return (
        Rule(tower + ".{k:[0-3]}.conv", kind + ".conv.{k}.0"),
        Rule(tower + ".4.conv", kind + ".{('cls_logits', 'bbox_reg')[h]}"),
    )


NUMBERS = STAGES | {"n": "layers.{a}.branches"}
WORDS = {"N": str}
RPN = Table(
    rules=(
        Rule("layers.{last}.body.layers.0.conv", "conv.0.0"),
        Rule("layers.{last}.body.layers.1.heads.{h}.layers.0.conv", "{('cls_logits', 'bbox_pred')[h]}"),
    )
)
BOX = Table(
    rules=(
        Rule("layers.{k:[12]}.linear", "box_head.fc{k + 5}"),
        Rule("layers.3.heads.{h}.layers.0", "box_predictor.{('cls_score', 'bbox_pred')[h]}"),
    )
)
MASK = Table(
    rules=(
        Rule("layers.{k:[0-3]}.conv", "mask_head.{k}.0"),
        Rule("layers.4.conv", "mask_predictor.conv5_mask"),
        Rule("layers.5.conv", "mask_predictor.mask_fcn_logits"),
    )
)

TABLES = {
    "torchvision_fpn": Table((*frozen("body."), *_pyramid("", "{last}")), NUMBERS, WORDS),
    "torchvision_fpn_bn": Table((*resnet("body."), *_pyramid("", "{last}")), NUMBERS, WORDS),
    "torchvision_retinanet": Table(
        (*frozen("backbone.body."), *_pyramid("backbone.", "{last-1}"), *_retina("head.")), NUMBERS, WORDS
    ),
    "torchvision_retinanet_bn": Table(
        (*resnet("backbone.body."), *_pyramid("backbone.", "{last-1}"), *_retina("head.")), NUMBERS, WORDS
    ),
    "torchvision_retina_head": Table(_retina("")),
    "torchvision_rpn": RPN,
    "torchvision_box_head": BOX,
    "torchvision_mask_head": MASK,
}
