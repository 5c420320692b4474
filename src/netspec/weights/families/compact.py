"""MNASNet of torchvision, MobileNetV4 of timm, ShuffleNet V1 as written from the paper."""

from collections.abc import Iterable

from netspec.exact.compact import LARGE, MEDIUM, SMALL, Blocks
from netspec.weights.rules import Rule, Table

_P = "{p:conv|norm}"
_IN = "layers.{s}.copies.0.layers.{b}.copies.0.layers"
_PLACE = "layers.{s + 5}.{b}.layers.{3 * k + N[p]}"
MNASNET = Table(
    rules=(
        Rule(f"layers.{{i:[0-2]}}.{_P}", "layers.{3 * i + N[p]}"),
        Rule(f"{_IN}.{{k}}.{_P}", _PLACE),
        Rule(f"{_IN}.0.body.layers.{{k}}.{_P}", _PLACE),
        Rule(f"layers.{{last-2}}.{_P}", "layers.{14 + N[p]}"),
        Rule("layers.{last}", "classifier.1"),
    ),
    words={"N": {"conv": 0, "norm": 1}},
)


def _parts(stages: Iterable[tuple[int, Blocks]]) -> list[list[list[str]]]:
    """What the convolutions of each block of each stage are called: without a kernel there is none."""
    return [
        [
            [*(["dw_start"] if before else []), "pw_exp", *(["dw_mid"] if middle else []), "pw_proj"]
            for count, before, middle, *_ in table
            for _ in range(count)
        ]
        for _, table in stages
    ]


def _mobilenet_v4(stages: tuple[tuple[int, Blocks], ...], before: int) -> Table:
    """``before`` stages of other blocks precede."""
    name = f"blocks.{{s - 1}}.{{b}}.{{A[s - {before + 1}][b][k]}}"
    first = (
        Rule(f"layers.{{s:[12]}}.copies.0.layers.{{b}}.{_P}", "blocks.{s - 1}.{b}.{F[p]}")
        if stages is SMALL
        else Rule(
            f"layers.1.copies.0.layers.{{k}}.{_P}",
            "blocks.0.0.{('conv_exp', 'conv_pwl')[k] if p == 'conv' else 'bn' + str(k + 1)}",
        )
    )
    last = len(stages) + before
    return Table(
        rules=(
            Rule("layers.0.conv", "conv_stem"),
            Rule("layers.0.norm", "bn1"),
            first,
            Rule(f"{_IN}.{{k}}.{_P}", name + ".{N[p]}"),
            Rule(f"{_IN}.0.body.layers.{{k}}.{_P}", name + ".{N[p]}"),
            Rule(f"layers.{last + 1}.{_P}", f"blocks.{last}.0.{{F[p]}}"),
            Rule("layers.{last-2}.conv", "conv_head"),
            Rule("layers.{last-2}.norm", "norm_head"),
            Rule("layers.{last}", "classifier"),
        ),
        words={
            "A": _parts(stages),
            "N": {"conv": "conv", "norm": "bn"},
            "F": {"conv": "conv", "norm": "bn1"},
            "str": str,
        },
    )


_UNIT = "units.{u - 2}.{('reduce', '', 'depthwise', 'expand')[k]}.{N[p]}"
SHUFFLENET_V1 = Table(
    rules=(
        Rule(f"layers.0.{_P}", "stem.{N[p]}"),
        Rule(f"layers.{{u}}.copies.0.layers.0.branches.1.layers.{{k}}.{_P}", _UNIT),
        Rule(f"layers.{{u}}.copies.0.layers.0.body.layers.{{k}}.{_P}", _UNIT),
        Rule("layers.{last}", "fc"),
    ),
    words={"N": {"conv": 0, "norm": 1}},
)

TABLES = {
    "torchvision_mnasnet": MNASNET,
    "timm_mobilenetv4_small": _mobilenet_v4(SMALL, 2),
    "timm_mobilenetv4_small_050": _mobilenet_v4(SMALL, 2),
    "timm_mobilenetv4_medium": _mobilenet_v4(MEDIUM, 1),
    "timm_mobilenetv4_large": _mobilenet_v4(LARGE, 1),
    "shufflenet_v1": SHUFFLENET_V1,
}
