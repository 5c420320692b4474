"""DenseNets of torchvision."""

from netspec.weights.rules import Rule, Table

DENSENET = Table(
    rules=(
        Rule("layers.0.{p:conv|norm}", "features.{p}0"),
        Rule("layers.{s}.layers.{b}.{p:conv|norm}{k}", "features.denseblock{s // 2}.denselayer{b + 1}.{p}{k}"),
        Rule("layers.{last-2}.norm", "features.norm5"),
        Rule("layers.{s}.{p:conv|norm}", "features.transition{s // 2}.{p}"),
        Rule("layers.{last}", "classifier"),
    ),
)

BC = Table(
    rules=(
        Rule("layers.0.conv", "conv1"),
        Rule("layers.{s}.layers.{b}.{p:conv|norm}{k}", "body.{s - 1}.{b}.{N[p]}{k}"),
        Rule("layers.{last-2}.norm", "bn"),
        Rule("layers.{s}.{p:conv|norm}", "body.{s - 1}.{N[p]}"),
        Rule("layers.{last}", "fc"),
    ),
    words={"N": {"conv": "conv", "norm": "bn"}},
)

TABLES = {"torchvision_densenet": DENSENET, "densenet_bc": BC}
