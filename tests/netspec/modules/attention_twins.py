"""Attention networks over images that are to compute what published ones do."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from changes import clip_parts, keys_beside_values
from classifier_twins import EXACT_GELU, MEAN
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules.transformer_decoder import Attention
from netspec.run.traced import UNDRAWN

#: The layers of a block of Hugging Face's transformers in the order in which they run, which is ours.
HUGGING_FACE = (
    r".*layers\.\d+\.",
    ("self_attn_layer_norm", "layer_norm1", *(f"self_attn.{part}" for part in ("q", "k", "v", "o")),
     "encoder_attn_layer_norm", *(f"encoder_attn.{part}" for part in ("q", "k", "v", "o")),
     "final_layer_norm", "layer_norm2", "fc1", "fc2"),
)  # fmt: skip


def clip(modules, input, input_ids):
    embed, text, text_map, patches, norm, vision, vision_map = modules
    # The text is what its end token, the one with the largest index, has become.
    tokens, end = text(embed(input_ids)), jnp.argmax(input_ids, axis=1)
    image = vision(norm(patches(jnp.moveaxis(input, 1, -1))))
    return {"image": vision_map(image), "text": text_map(tokens[jnp.arange(len(end)), end])}


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
    "tiny_vit_timm": Twin(
        (
            L.PatchEmbed(3, 64, 4, 64),
            L.TransformerEncoder(64, 4, 256, 2, "class_token"),
            L.Dense(64, 10),
        ),
        order=(("()", ("patch_embed", "cls_token", "pos_embed")),),
        epsilon=1e-6,
        activations=EXACT_GELU,
        gradients=True,
    ),
    "tiny_swin_tv": Twin(
        (
            L.ConvNeXtStem(3, 32, 2),
            L.SwinStage(32, 2, 128, 4, 2),
            L.PatchMerging(32, 64),
            L.SwinStage(64, 4, 256, 4, 2),
            partial(UNDRAWN.layer_norm, 64),
            MEAN,
            L.Dense(64, 10),
        ),
        order=((r"features\.\d\.\d\.", ("norm1", "qkv", "proj", "bias_table")), (r"features\.2\.", ("norm",))),
        epsilon=1e-5,
        activations=EXACT_GELU,
        gradients=True,
    ),
    "timm_mobilevit_xxs": Twin(
        (
            L.ConvBN(3, 16, 3, 2, activation="silu"),
            L.MBConv(16, 16, 2, 3, 1, 1, squeeze_excite=False),
            L.MBConv(16, 24, 2, 3, 2, 3, squeeze_excite=False),
            L.MBConv(24, 48, 2, 3, 2, 1, squeeze_excite=False),
            L.MobileViTBlock(48, 64, 4, 128, 2),
            L.MBConv(48, 64, 2, 3, 2, 1, squeeze_excite=False),
            L.MobileViTBlock(64, 80, 4, 160, 4),
            L.MBConv(64, 80, 2, 3, 2, 1, squeeze_excite=False),
            L.MobileViTBlock(80, 96, 4, 192, 3),
            L.ConvBN(80, 320, 1, activation="silu"),
            MEAN,
            L.Dense(320, 1000),
        ),
    ),
    "tiny_clip_a": Twin(
        (
            L.TokenPositionEmbed(100, 20, 32),
            L.TransformerEncoder(32, 4, 64, 2, causal=True),
            L.Dense(32, 16),
            L.PatchEmbed(3, 32, 8, 16),
            partial(UNDRAWN.layer_norm, 32),
            L.TransformerEncoder(32, 4, 64, 2, "class_token"),
            L.Dense(32, 16),
        ),
        order=(HUGGING_FACE, ("()", ("^text_model", "text_projection", "patch_embedding", "class_embedding"))),
        change=clip_parts,
        forward=clip,
        activations={"gelu": lambda x, approximate=True: x * nnx.sigmoid(1.702 * x)},
        gradients=True,
    ),
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
