"""WaveNet of vincentherrmann/pytorch-wavenet."""

from netspec.weights.rules import Rule, Table

WAVENET = Table(
    rules=(
        Rule("layers.0.rows", "start_conv", layout="conv1d"),
        Rule("layers.0", "start_conv"),
        Rule("layers.1.layers.{b}.filter_gate", ("filter_convs.{b}", "gate_convs.{b}"), layout="conv1d"),
        Rule("layers.1.layers.{b}.{p:residual|skip}", "{p}_convs.{b}", layout="conv1d"),
        Rule("layers.{k:[34]}.linear", "end_conv_{k - 2}", layout="conv1d"),
        Rule("layers.4", "end_conv_2", layout="conv1d"),
    )
)

TABLES = {"pytorch_wavenet": WAVENET}
