"""Names of what necks and heads stand on."""

from netspec.weights.rules import Rule

#: Stages are counted by ``stage``, which a table that has them needs among its numbers.
STAGES = {"stage": "layers.{s}.copies.0.layers.0.copies"}
_OURS = "layers.{s}.copies.0.layers.{b}.copies.0.layers.0"


def resnet(prefix: str, stem: int = 0) -> tuple[Rule, ...]:
    """Of torchvision's ResNet called ``prefix``, made by :func:`netspec.exact.backbones.resnet_encoder`
    ``stem`` layers behind the first.

    Frozen norms are layers of their own, whose convolution is before them.
    """
    block = prefix + "layer{stage + 1}.{b}"
    side, norm = block + ".downsample", "conv|norm"
    return (
        Rule(f"layers.{stem}.copies.0.layers.0.{{p:{norm}}}", prefix + "{('bn' if p == 'norm' else 'conv')}1"),
        Rule(f"{_OURS}.body.layers.{{k}}.{{p:{norm}}}", block + ".{('bn' if p == 'norm' else 'conv')}{k + 1}"),
        Rule(f"{_OURS}.shortcut.layers.{{k}}.{{p:{norm}}}", side + ".{('conv', 'norm').index(p)}"),
    )


def frozen(prefix: str, stem: int = 0) -> tuple[Rule, ...]:
    """The same with norms that are layers of their own."""
    block = prefix + "layer{stage + 1}.{b}"
    return (
        Rule(f"layers.{stem}.copies.0.layers.0.conv", prefix + "conv1"),
        Rule(f"layers.{stem}.copies.0.layers.1.norm", prefix + "bn1"),
        Rule(_OURS + ".body.layers.{k}.conv", block + ".conv{k // 2 + 1}"),
        Rule(_OURS + ".body.layers.{k}.norm", block + ".bn{k // 2 + 1}"),
        Rule(_OURS + ".shortcut.layers.0.conv", block + ".downsample.0"),
        Rule(_OURS + ".shortcut.layers.1.norm", block + ".downsample.1"),
    )
