"""U-Nets, and those of segmentation_models_pytorch."""

from netspec.weights.families.backbones import STAGES, resnet
from netspec.weights.rules import Rule, Table


def _double(number: int, count: int) -> str:
    """The name of one of ``count`` pairs of convolutions."""
    depth = count // 2
    return "inc" if number == 0 else f"down.{number - 1}" if number <= depth else f"conv.{number - depth - 1}"


def _unet(size: int) -> Table:
    """A convolution takes ``size`` places with all that follows it."""
    place = f"{{double(n, n_count)}}.double_conv.{{{size} * k + (p == 'norm')}}"
    return Table(
        rules=(
            Rule("layers.{a}.copies.0.layers.{k}.{p:conv|norm}", place),
            Rule("layers.{u}.conv", "{'outc' if up + 1 == up_count else up_name(up)}"),
        ),
        numbers={"n": "layers.{a}.copies", "up": "layers.{u}.conv"},
        words={"double": _double, "up_name": "up.{}".format},
    )


SMP = Table(
    rules=(
        *resnet("encoder."),
        Rule(
            "layers.{a}.copies.0.layers.{k}.{p:conv|norm}",
            "decoder.blocks.{n - 5}.conv{k + 1}.{('conv', 'norm').index(p)}",
        ),
        Rule("layers.{last}.conv", "segmentation_head.0"),
    ),
    numbers={"n": "layers.{a}.copies", **STAGES},
)
# The stem has a form of its own among what is repeated.
SMP = Table(
    rules=tuple(Rule(rule.ours.replace("layers.{a}", "layers.{a:[1-9][0-9]*}"), rule.theirs) for rule in SMP.rules),
    numbers=SMP.numbers,
)

TABLES = {"unet": _unet(2), "unet_bn": _unet(3), "smp_unet": SMP}
