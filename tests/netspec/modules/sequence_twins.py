"""WaveNet, which is to compute what the published one does."""

import jax.numpy as jnp
from changes import wavenet_columns
from flax import nnx
from twins import Twin

from netspec import layers as L


def wavenet(modules, samples):
    start, *stacks, first, last = modules
    x, total = start(samples)[:, :, None], 0
    for stack in stacks:
        for layer in stack.layers:
            x, skip = layer(x)
            total = total + skip
    return {"output": jnp.moveaxis(last(first(nnx.relu(total)))[:, :, 0], -1, 1)}


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
}
