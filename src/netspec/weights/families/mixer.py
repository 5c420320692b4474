"""MLP-Mixer of timm."""

from netspec.weights.rules import Rule, Table

_COPY = "layers.2.copies.{b}.layers.{k}.body.layers"
MIXER = Table(
    rules=(
        Rule("layers.0.conv", "stem.proj"),
        Rule(_COPY + ".0", "blocks.{b}.norm{k + 1}"),
        Rule("layers.2.copies.{b}.layers.0.body.layers.{i:[23]}{p:(?:\\.linear)?}", "blocks.{b}.mlp_tokens.fc{i - 1}"),
        Rule("layers.2.copies.{b}.layers.1.body.layers.{i:[12]}{p:(?:\\.linear)?}", "blocks.{b}.mlp_channels.fc{i}"),
        Rule("layers.3", "norm"),
        Rule("layers.5", "head"),
    ),
)

TABLES = {"mixer": MIXER}
