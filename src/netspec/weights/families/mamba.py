"""Mamba of transformers."""

from netspec.weights.rules import Rule, Table

_MIXER = "backbone.layers.{b}.mixer"
MAMBA = Table(
    rules=(
        Rule("layers.0.tokens", "backbone.embeddings"),
        Rule("layers.1.norms.{b}", "backbone.layers.{b}.norm"),
        Rule("layers.1.mixers.{b}.inputs", _MIXER + ".in_proj"),
        Rule("layers.1.mixers.{b}.convolution", _MIXER + ".conv1d"),
        Rule("layers.1.mixers.{b}.selection", _MIXER + ".x_proj"),
        Rule("layers.1.mixers.{b}.step", _MIXER + ".dt_proj"),
        Rule("layers.1.mixers.{b}.log_decay", _MIXER + ".A_log"),
        Rule("layers.1.mixers.{b}.skip", _MIXER + ".D"),
        Rule("layers.1.mixers.{b}.outputs", _MIXER + ".out_proj"),
        Rule("layers.2", "backbone.norm_f"),
    ),
    tied={"lm_head.weight": "backbone.embeddings.weight"},
)

TABLES = {"mamba": MAMBA}
