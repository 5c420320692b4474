"""MobileNets, EfficientNets of torchvision; MobileNet V1 of timm."""

from netspec.weights.rules import Rule, Table

WORDS = {"N": {"conv": 0, "norm": 1}, "G": {"squeeze": "fc1", "excite": "fc2"}}

V2 = Table(
    rules=(
        Rule("layers.0.{p:conv|norm}", "features.0.{N[p]}"),
        Rule("layers.1.layers.{b}.body.layers.0.{p:conv|norm}", "features.{n + 1}.conv.0.{N[p]}"),
        Rule("layers.1.layers.{b}.body.layers.1.{p:conv|norm}", "features.{n + 1}.conv.{1 + N[p]}"),
        Rule("layers.{s:[2-7]}.layers.{b}.body.layers.{k:[01]}.{p:conv|norm}", "features.{n + 1}.conv.{k}.{N[p]}"),
        Rule("layers.{s:[2-7]}.layers.{b}.body.layers.2.{p:conv|norm}", "features.{n + 1}.conv.{2 + N[p]}"),
        Rule("layers.8.{p:conv|norm}", "features.18.{N[p]}"),
        Rule("layers.{last}", "classifier.1"),
    ),
    numbers={"n": "layers.{s}.layers.{b}"},
    words=WORDS,
)
# The first stage has no hole for its own place.
V2 = Table(
    rules=tuple(
        Rule(rule.ours.replace("layers.1.layers.{b}", "layers.{s:1}.layers.{b}"), rule.theirs) for rule in V2.rules
    ),
    numbers=V2.numbers,
    words=V2.words,
)

_BLOCK = "features.{n}.block.{k}"
V3 = Table(
    rules=(
        Rule("layers.{n}.{p:conv|norm}", "features.{n}.{N[p]}"),
        Rule("layers.{n}.copies.0.layers.{k}.{p:conv|norm}", _BLOCK + ".{N[p]}"),
        Rule("layers.{n}.copies.0.layers.0.body.layers.{k}.{p:conv|norm}", _BLOCK + ".{N[p]}"),
        Rule("layers.{n}.copies.0.layers.{k}.{g:squeeze|excite}", _BLOCK + ".{G[g]}", layout="conv"),
        Rule("layers.{n}.copies.0.layers.0.body.layers.{k}.{g:squeeze|excite}", _BLOCK + ".{G[g]}", layout="conv"),
        Rule("layers.{last-1}.linear", "classifier.0"),
        Rule("layers.{last}", "classifier.3"),
    ),
    words=WORDS,
)

_STAGE = "features.{s}.{b}.block.{k}"
EFFICIENT = Table(
    rules=(
        Rule("layers.{s}.{p:conv|norm}", "features.{s}.{N[p]}"),
        Rule("layers.{s}.layers.{b}.body.layers.{k}.{p:conv|norm}", _STAGE + ".{N[p]}"),
        Rule("layers.{s}.layers.{b}.body.layers.{k}.{g:squeeze|excite}", _STAGE + ".{G[g]}", layout="conv"),
        Rule("layers.{last}", "classifier.1"),
    ),
    words=WORDS,
)

_STARTS = (0, 1, 3, 5, 11)
V1 = Table(
    rules=(
        Rule("layers.0.conv", "conv_stem"),
        Rule("layers.0.norm", "bn1"),
        Rule("layers.{n}.layers.{k}.conv", "blocks.{A(n)}.{C[k]}"),
        Rule("layers.{n}.layers.{k}.norm", "blocks.{A(n)}.bn{k + 1}"),
        Rule("layers.{last}", "classifier"),
    ),
    words={
        "C": ("conv_dw", "conv_pw"),
        "A": lambda n: next(f"{i}.{n - 1 - s}" for i, s in reversed(list(enumerate(_STARTS))) if s <= n - 1),
    },
)

TABLES = {
    "torchvision_mobilenet_v2": V2,
    "torchvision_mobilenet_v3": V3,
    "torchvision_efficientnet": EFFICIENT,
    "timm_mobilenet_v1": V1,
}
