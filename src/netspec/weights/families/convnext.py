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

TABLES = {"torchvision_convnext": TORCHVISION, "timm_convnext": TIMM, "timm_convnext_conv": TIMM_CONV}
