"""Activation functions a layer may end with."""

from typing import Literal, get_args

#: None of them has parameters, and none counts multiply-adds.
Activation = Literal["identity", "relu", "leaky_relu", "gelu", "silu", "hard_swish", "tanh", "sigmoid"]
ACTIVATIONS = get_args(Activation)
