"""WaveNet and single layers over sequences that are to compute what PyTorch's do."""

from functools import partial

import jax.numpy as jnp
from changes import wavenet_columns
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules.activation import FUNCTIONS
from netspec.modules.transformer_encoder import SelfAttention
from netspec.run.traced import UNDRAWN


def wavenet(modules, samples):
    start, *stacks, first, last = modules
    x, total = start(samples)[:, :, None], 0
    for stack in stacks:
        for layer in stack.layers:
            x, skip = layer(x)
            total = total + skip
    return {"output": jnp.moveaxis(last(first(nnx.relu(total)))[:, :, 0], -1, 1)}


def sequence_primitives(modules, input):
    linear, norm, attention = modules
    found = {"linear": linear(input), "layer_norm": norm(input), "attention": attention(input)}
    attention.causal = True
    arguments = {"relu6": 3, "hardswish": 2, "hardsigmoid": 2}
    ours = {"gelu_tanh": "gelu", "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid"}
    for name in ("relu", "relu6", "gelu_tanh", "silu", "hardswish", "hardsigmoid", "sigmoid", "tanh"):
        found[name] = FUNCTIONS[ours.get(name, name)](arguments.get(name, 1) * input)
    return found | {"attention_causal": attention(input)}


TWINS = {
    "tiny_wavenet": Twin(
        (
            L.OneHotDense(32, 12),
            L.WaveNetBlock(12, 16, 4),
            L.WaveNetBlock(12, 16, 4),
            L.Conv2d(16, 24, 1),
            L.Conv2d(24, 32, 1, activation="identity"),
        ),
        order=((r"\w+_convs\.(\d)", ("filter", "gate", "residual", "skip")),),
        change=wavenet_columns,
        forward=wavenet,
        gradients=True,
    ),
    "primitives_sequence": Twin(
        (
            L.Dense(16, 12),
            partial(UNDRAWN.layer_norm, 16),
            partial(SelfAttention, L.TransformerEncoder(16, 4, 32, 1), UNDRAWN),
        ),
        forward=sequence_primitives,
    ),
}
