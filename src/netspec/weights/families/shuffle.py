"""ShuffleNet V2 and SqueezeNet of torchvision."""

from netspec.weights.rules import Rule, Table

WORDS = {"N": {"conv": 0, "norm": 1}, "int": int}
_RIGHT = "stage{s}.{b}.branch2.{2 * k + int(k > 0) + N[p]}"
V2 = Table(
    rules=(
        Rule("layers.0.{p:conv|norm}", "conv1.{N[p]}"),
        Rule("layers.{last-2}.{p:conv|norm}", "conv5.{N[p]}"),
        Rule("layers.{s}.layers.{b}.left.layers.{k}.{p:conv|norm}", "stage{s}.{b}.branch1.{2 * k + N[p]}"),
        Rule(
            "layers.{s}.layers.{b}.right.layers.{k}.{p:conv|norm}", "stage{s}.{b}.branch2.{2 * k + int(k > 0) + N[p]}"
        ),
        Rule("layers.{last}", "fc"),
    ),
    words=WORDS,
)
_WIDE = "expand{(1, 3)[k]}x{(1, 3)[k]}"
SQUEEZENET = Table(
    rules=(
        Rule("layers.0.conv", "features.0"),
        Rule("layers.{last-1}.conv", "classifier.1"),
        Rule("layers.{n}.copies.0.layers.0.conv", "features.{n + 1}.squeeze"),
        Rule("layers.{n}.copies.0.layers.1.branches.{k}.layers.0.conv", "features.{n + 1}." + _WIDE),
    ),
)

TABLES = {"torchvision_shufflenet_v2": V2, "torchvision_squeezenet": SQUEEZENET}
