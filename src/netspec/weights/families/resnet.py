"""Residual networks of torchvision, whose names timm has taken over."""

from netspec.weights.rules import Rule, Table

RESNET = Table(
    rules=(
        Rule("layers.0.{p:conv|norm}", "{N[p]}1"),
        Rule("layers.{s}.layers.{b}.body.layers.{k}.{p:conv|norm}", "layer{s-1}.{b}.{N[p]}{k+1}"),
        Rule("layers.{s}.layers.{b}.projection.{p:conv|norm}", "layer{s-1}.{b}.downsample.{int(p == 'norm')}"),
        Rule("layers.{last}", "fc"),
    ),
    words={"N": {"conv": "conv", "norm": "bn"}, "int": int},
)

TABLES = {"torchvision_resnet": RESNET}
