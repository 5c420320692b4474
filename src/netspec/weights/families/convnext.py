"""ConvNeXt of torchvision and timm."""

from netspec.weights.rules import Rule, Table

TORCHVISION = Table(
    rules=(
        Rule("layers.0.layers.{k}", "features.0.{k}"),
        Rule("layers.{s}.layers.{b}.depthwise", "features.{s}.{b}.block.0"),
        Rule("layers.{s}.layers.{b}.norm", "features.{s}.{b}.block.2"),
        Rule("layers.{s}.layers.{b}.fc{k}", "features.{s}.{b}.block.{2 * k + 1}"),
        Rule("layers.{s:1|3|5|7}.layers.{b}.scale", "features.{s}.{b}.layer_scale", trail=2),
        Rule("layers.{s:2|4|6}.layers.{k}", "features.{s}.{k}"),
        Rule("layers.{last-1}", "classifier.0"),
        Rule("layers.{last}", "classifier.2"),
    ),
)

_STAGE = "stages.{s // 2}.blocks.{b}"
TIMM = Table(
    rules=(
        Rule("layers.0.layers.{k}", "stem.{k}"),
        Rule("layers.{s}.layers.{b}.depthwise", _STAGE + ".conv_dw"),
        Rule("layers.{s}.layers.{b}.norm", _STAGE + ".norm"),
        Rule("layers.{s}.layers.{b}.fc{k}", _STAGE + ".mlp.fc{k}"),
        Rule("layers.{s:1|3|5|7}.layers.{b}.scale", _STAGE + ".gamma"),
        Rule("layers.{s:2|4|6}.layers.{k}", "stages.{s // 2}.downsample.{k}"),
        Rule("layers.{last-1}", "head.norm"),
        Rule("layers.{last}", "head.fc"),
    ),
)
#: Small ones keep their dense maps as 1×1 convolutions.
TIMM_CONV = Table(
    rules=tuple(
        Rule(rule.ours, rule.theirs, layout="conv") if ".mlp." in str(rule.theirs) else rule for rule in TIMM.rules
    ),
)

_BLOCK = "layers.{i}.copies.0.layers.{b}.body.layers"
V2 = Table(
    rules=(
        Rule("layers.0.conv", "stem.0"),
        Rule("layers.1", "stem.1"),
        Rule(f"{_BLOCK}.0.conv", "stages.{s}.blocks.{b}.conv_dw"),
        Rule(f"{_BLOCK}.1", "stages.{s}.blocks.{b}.norm"),
        Rule(f"{_BLOCK}.2.linear", "stages.{s}.blocks.{b}.mlp.fc1"),
        Rule(f"{_BLOCK}.3", "stages.{s}.blocks.{b}.mlp.grn"),
        Rule(f"{_BLOCK}.4", "stages.{s}.blocks.{b}.mlp.fc2"),
        Rule("layers.{i}.conv", "stages.{i // 3}.downsample.1"),
        Rule("layers.{last-1}", "head.norm"),
        Rule("layers.{last}", "head.fc"),
        Rule("layers.{i}", "stages.{i // 3}.downsample.0"),
    ),
    numbers={"s": "layers.{i}.copies"},
)
V2_CONV = Table(
    rules=tuple(
        Rule(rule.ours, rule.theirs, layout="conv") if ".fc" in str(rule.theirs) and "mlp" in str(rule.theirs) else rule
        for rule in V2.rules
    ),
    numbers=V2.numbers,
)

TABLES = {
    "timm_convnextv2": V2,
    "timm_convnextv2_conv": V2_CONV,
    "torchvision_convnext": TORCHVISION,
    "timm_convnext": TIMM,
    "timm_convnext_conv": TIMM_CONV,
}
