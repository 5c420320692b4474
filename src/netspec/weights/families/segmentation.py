"""FCN and DeepLabV3 of torchvision, DeepLabV3+ and FPN of segmentation_models_pytorch."""

from netspec.weights.families.backbones import STAGES, resnet
from netspec.weights.rules import Rule, Table

WORDS = {"N": {"conv": 0, "norm": 1}}
_P = "{p:conv|norm}"
_OUT, _AUX = "layers.{last}.heads.0.layers", "layers.{last}.heads.1.layers"
_AUX_RULES = (
    Rule(f"{_AUX}.1.{_P}", "aux_classifier.{N[p]}"),
    Rule(f"{_AUX}.2.conv", "aux_classifier.4"),
)
FCN = Table(
    rules=(
        *resnet("backbone.", 1),
        Rule(f"{_OUT}.1.{_P}", "classifier.{N[p]}"),
        Rule(f"{_OUT}.2.conv", "classifier.4"),
        *_AUX_RULES,
    ),
    numbers=STAGES,
    words=WORDS,
)
V3 = Table(
    rules=(
        *resnet("backbone.", 1),
        Rule(f"{_OUT}.1.branches.{{i:[0-3]}}.layers.0.{_P}", "classifier.0.convs.{i}.{N[p]}"),
        Rule(f"{_OUT}.1.branches.4.layers.1.{_P}", "classifier.0.convs.4.{1 + N[p]}"),
        Rule(f"{_OUT}.2.{_P}", "classifier.0.project.{N[p]}"),
        Rule(f"{_OUT}.3.{_P}", "classifier.{1 + N[p]}"),
        Rule(f"{_OUT}.4.conv", "classifier.4"),
        *_AUX_RULES,
    ),
    numbers=STAGES,
    words=WORDS,
)

_ASPP = "decoder.aspp.0.convs"
PLUS = Table(
    rules=(
        *resnet("encoder.", 1),
        Rule(f"layers.{{last-12}}.branches.0.layers.0.{_P}", f"{_ASPP}.0.{{N[p]}}"),
        Rule("layers.{last-12}.branches.{i:[123]}.layers.0.conv", f"{_ASPP}.{{i}}.0.0"),
        Rule("layers.{last-12}.branches.{i:[123]}.layers.1.conv", f"{_ASPP}.{{i}}.0.1"),
        Rule("layers.{last-12}.branches.{i:[123]}.layers.1.norm", f"{_ASPP}.{{i}}.1"),
        Rule(f"layers.{{last-12}}.branches.4.layers.1.{_P}", f"{_ASPP}.4.{{1 + N[p]}}"),
        Rule(f"layers.{{last-11}}.{_P}", "decoder.aspp.0.project.{N[p]}"),
        Rule("layers.{last-10}.copies.0.layers.{k}.conv", "decoder.aspp.1.{k}"),
        Rule("layers.{last-10}.copies.0.layers.1.norm", "decoder.aspp.2"),
        Rule(f"layers.{{last-6}}.{_P}", "decoder.block1.{N[p]}"),
        Rule("layers.{last-2}.copies.0.layers.{k}.conv", "decoder.block2.0.{k}"),
        Rule("layers.{last-2}.copies.0.layers.1.norm", "decoder.block2.1"),
        Rule("layers.{last-1}.conv", "segmentation_head.0"),
    ),
    numbers=STAGES,
    words=WORDS,
)

FPN = Table(
    rules=(
        *resnet("encoder.", 1),
        Rule("layers.{last-13}.conv", "decoder.p5"),
        Rule("layers.{a}.branches.1.layers.1.conv", "decoder.p{4 - n}.skip_conv"),
        Rule(
            "layers.{last-2}.branches.{i}.layers.{k}.copies.0.layers.0.conv",
            "decoder.seg_blocks.{i}.block.{(k - 1) // 2}.block.0",
        ),
        Rule(
            "layers.{last-2}.branches.{i}.layers.{k}.copies.0.layers.1.norm",
            "decoder.seg_blocks.{i}.block.{(k - 1) // 2}.block.1",
        ),
        Rule("layers.{last-1}.conv", "segmentation_head.0"),
    ),
    numbers=STAGES | {"n": "layers.{a}.branches.1.layers.1"},
    words=WORDS,
)

TABLES = {"torchvision_fcn": FCN, "torchvision_deeplabv3": V3, "smp_deeplabv3plus": PLUS, "smp_fpn": FPN}
