"""A detector with attention that is to compute what the published one does."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from changes import keys_beside_values
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules.transformer_decoder import Attention
from netspec.run.traced import UNDRAWN


def places(height, width, features):
    """Sine positions of DETR, rows in the first half: ``(height·width, features)``, each axis scaled to 2π."""
    half = features // 2
    rates = 10000.0 ** (-2 * (np.arange(half) // 2) / half)

    def axis(n):
        phase = (np.arange(1, n + 1) / (n + 1e-6) * 2 * np.pi)[:, None] * rates
        return np.stack([np.sin(phase[:, 0::2]), np.cos(phase[:, 1::2])], axis=2).reshape(n, half)

    rows, across = axis(height)[:, None], axis(width)[None]
    grid = (height, width, half)
    table = np.concatenate([np.broadcast_to(rows, grid), np.broadcast_to(across, grid)], axis=-1)
    return jnp.asarray(table.reshape(-1, features), jnp.float32)


class PostNorm(nnx.Module):
    """A block of DETR from our attention: the norm behind each sum, positions with queries and keys alone."""

    def __init__(self, rngs, decoder=False):
        attention = partial(Attention, L.TransformerDecoder(32, 4, 64, 1, 1), 64, UNDRAWN, rngs)
        self.own, self.norm1 = attention(), UNDRAWN.layer_norm(32, rngs)
        if decoder:
            self.cross, self.norm2 = attention(), UNDRAWN.layer_norm(32, rngs)
        self.fc1, self.fc2 = UNDRAWN.linear(32, 64, rngs), UNDRAWN.linear(64, 32, rngs)
        self.norm3 = UNDRAWN.layer_norm(32, rngs)

    def __call__(self, x, place, memory=None, memory_place=None):
        x = self.norm1(x + self.own(x + place, jnp.concatenate([x + place, x], axis=-1)))
        if memory is not None:
            read = jnp.concatenate([memory + memory_place, memory], axis=-1)
            x = self.norm2(x + self.cross(x + place, read))
        return self.norm3(x + self.fc2(nnx.relu(self.fc1(x))))


def detr(modules, input):
    *backbone, queries, narrow, encoder1, encoder2, decoder1, decoder2, norm, heads = modules
    x = jnp.moveaxis(input, 1, -1)
    for module in backbone:
        x = module(x)
    x = narrow(x)
    place, x = places(*x.shape[1:3], 32), x.reshape(1, -1, 32)
    for block in (encoder1, encoder2):
        x = block(x, place)
    query = queries(jnp.arange(10))
    found = jnp.zeros((1, 10, 32))
    for block in (decoder1, decoder2):
        found = block(found, query, x, place)
    leaves = heads(norm(found))
    return {"logits": leaves["class"], "pred_boxes": leaves["box"]}


TWINS = {
    "tiny_detr_a": Twin(
        (
            L.ConvBN(3, 8, 7, 2),
            L.MaxPool(3, 2),
            L.BottleneckBlock(8, 16, 1, 1),
            L.BottleneckBlock(16, 24, 1, 2),
            L.BottleneckBlock(24, 32, 1, 2),
            L.BottleneckBlock(32, 48, 1, 2),
            partial(nnx.Embed, 10, 32),
            L.Conv2d(48, 32, 1, activation="identity"),
            *[partial(PostNorm)] * 2,
            *[partial(PostNorm, decoder=True)] * 2,
            partial(UNDRAWN.layer_norm, 32),
            L.DETRHeads(32, 5),
        ),
        order=(
            (r".*stages\.\d\.", (r"\.layer\.", "shortcut")),
            (
                r".*coder\.layers\.\d+\.",
                (
                    *(f"self_attn.{part}" for part in ("q", "k", "o")),
                    "self_attn_layer_norm",
                    *(f"encoder_attn.{part}" for part in ("q", "k", "o")),
                    "encoder_attn_layer_norm",
                    "mlp",
                ),
            ),
        ),
        change=keys_beside_values,
        forward=detr,
        gradients=True,
    ),
}
