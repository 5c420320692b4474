"""GoogLeNet and Inception v3 of torchvision, Inception v4 and Xception of timm."""

from netspec.weights.rules import Rule, Table

N = {"conv": "conv", "norm": "bn"}
_P, _PATH = "{p:conv|norm}", "layers.{i}.branches.{b}.layers"
_MODULE = "inception{('3a', '3b', '4a', '4b', '4c', '4d', '4e', '5a', '5b')[m]}"
GOOGLENET = Table(
    rules=(
        Rule(f"layers.{{i}}.{_P}", "conv{c + 1}.{N[p]}"),
        Rule(f"layers.{{i}}.branches.0.layers.0.{_P}", _MODULE + ".branch1.{N[p]}"),
        Rule(f"{_PATH}.{{k}}.{_P}", _MODULE + ".branch{b + 1}.{k}.{N[p]}"),
        Rule("layers.{last}", "fc"),
    ),
    numbers={"c": "layers.{i}.conv", "m": "layers.{i}.branches"},
    words={"N": N},
)

#: Convolutions of the stem, and modules with what their branches call their layers; a pool has no name.
_STEM = ("1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3")
_POOLED = ("", "branch_pool")
_A = (("branch1x1",), ("branch5x5_1", "branch5x5_2"), tuple(f"branch3x3dbl_{k}" for k in (1, 2, 3)), _POOLED)
_B = (("branch3x3",), _A[2])
_C = (_A[0], tuple(f"branch7x7_{k}" for k in (1, 2, 3)), tuple(f"branch7x7dbl_{k}" for k in range(1, 6)), _POOLED)
_D = (("branch3x3_1", "branch3x3_2"), tuple(f"branch7x7x3_{k}" for k in range(1, 5)))
_E = (_A[0], ("branch3x3_1", "branch3x3_2"), _A[2], _POOLED)
_NAMES = dict(
    zip(
        ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"],
        (*[_A] * 3, _B, *[_C] * 4, _D, _E, _E),
        strict=True,
    )
)
_INSIDE = "Mixed_{list(M)[m]}.{list(M.values())[m][b][k]}"
INCEPTION_V3 = Table(
    rules=(
        Rule(f"layers.{{i}}.{_P}", "Conv2d_{S[c]}.{N[p]}"),
        Rule(f"{_PATH}.{{k}}.{_P}", _INSIDE + ".{N[p]}"),
        Rule(f"{_PATH}.{{k}}.branches.{{e}}.layers.0.{_P}", _INSIDE + "{'ab'[e]}.{N[p]}"),
        Rule("layers.{last}", "fc"),
    ),
    numbers={"c": "layers.{i}.conv", "m": "layers.{i}.branches"},
    words={"N": N, "S": _STEM, "M": _NAMES, "list": list},
)

_LAST, _BRANCH = "{i:19|20|21}", "features.{i}.branch{b}"
#: A layer of the listing is a feature, and a branch of one convolution has no number for it.
INCEPTION_V4 = Table(
    rules=(
        Rule(f"layers.{{i:[012]}}.{_P}", "features.{i}.{N[p]}"),
        Rule(f"layers.{{i:[35]}}.branches.{{b}}.layers.0.{_P}", "features.{i}.conv.{N[p]}"),
        Rule(f"layers.{{i:4|18}}.branches.{{b}}.layers.{{k}}.{_P}", _BRANCH + ".{k}.{N[p]}"),
        Rule(f"{_PATH}.{{k}}.branches.{{e}}.layers.0.{_P}", _BRANCH + "_{k}{'ab'[e]}.{N[p]}"),
        Rule(f"layers.{_LAST}.branches.{{b:[12]}}.layers.{{k}}.{_P}", _BRANCH + "_{k}.{N[p]}"),
        Rule(f"layers.{{i}}.branches.{{b:0}}.layers.0.{_P}", _BRANCH + ".{N[p]}"),
        Rule(f"{_PATH}.{{k}}.{_P}", _BRANCH + ".{k}.{N[p]}"),
        Rule("layers.{last}", "last_linear"),
    ),
    words={"N": N},
)

_SEPARABLE, _AT = "layers.{i}.body.layers.{k}.copies.0.layers", "{k // 2 * 3 + k % 2}"
XCEPTION = Table(
    rules=(
        Rule(f"layers.{{i}}.{_P}", "{N[p]}{i + 1}"),
        Rule(f"{_SEPARABLE}.0.conv", "block{i - 1}.rep." + _AT + ".conv1"),
        Rule(f"{_SEPARABLE}.1.conv", "block{i - 1}.rep." + _AT + ".pointwise"),
        Rule(f"{_SEPARABLE}.1.norm", "block{i - 1}.rep.{k // 2 * 3 + k % 2 + 1}"),
        Rule("layers.{i}.shortcut.layers.0.conv", "block{i - 1}.skip"),
        Rule("layers.{i}.shortcut.layers.0.norm", "block{i - 1}.skipbn"),
        Rule("layers.{i}.copies.0.layers.0.conv", "conv{i - 11}.conv1"),
        Rule("layers.{i}.copies.0.layers.1.conv", "conv{i - 11}.pointwise"),
        Rule("layers.{i}.copies.0.layers.1.norm", "bn{i - 11}"),
        Rule("layers.{last}", "fc"),
    ),
    words={"N": N},
)

TABLES = {
    "torchvision_googlenet": GOOGLENET,
    "torchvision_inception_v3": INCEPTION_V3,
    "timm_inception_v4": INCEPTION_V4,
    "timm_xception": XCEPTION,
}
