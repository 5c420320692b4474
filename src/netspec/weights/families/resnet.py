"""Residual networks of torchvision, whose names timm has taken over, and those for small pictures."""

from netspec.weights.rules import Rule, Table

WORDS = {"N": {"conv": "conv", "norm": "bn"}, "int": int}


def _resnet(before: int) -> Table:
    """Stages follow ``before`` layers of a stem."""
    stage = f"layer{{s - {before - 1}}}"
    return Table(
        rules=(
            Rule("layers.0.{p:conv|norm}", "{N[p]}1"),
            Rule("layers.{s}.layers.{b}.body.layers.{k}.{p:conv|norm}", stage + ".{b}.{N[p]}{k+1}"),
            Rule("layers.{s}.layers.{b}.projection.{p:conv|norm}", stage + ".{b}.downsample.{int(p == 'norm')}"),
            Rule("layers.{last}", "fc"),
        ),
        words=WORDS,
    )


_PLACE = "layer{1 + n // (n_count // 3)}.{n % (n_count // 3)}"
CIFAR = Table(
    rules=(
        Rule("layers.0.{p:conv|norm}", "{N[p]}1"),
        Rule("layers.{r}.body.layers.{k}.{p:conv|norm}", _PLACE + ".{N[p]}{k+1}"),
        Rule("layers.{r}.shortcut.layers.0.{p:conv|norm}", _PLACE + ".shortcut.{int(p == 'norm')}"),
        Rule("layers.{last}", "fc"),
    ),
    numbers={"n": "layers.{r}.body"},
    words=WORDS,
)

TABLES = {"torchvision_resnet": _resnet(2), "small_resnet": _resnet(1), "resnet_cifar": CIFAR}
