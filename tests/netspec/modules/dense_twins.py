"""Single layers over images that are to compute what PyTorch's do."""

from functools import partial

import jax.numpy as jnp
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules.feature_pyramid import nearest
from netspec.modules.shuffle_block import channel_shuffle
from netspec.run.traced import UNDRAWN


def ceil_pool(x):
    """A 3×3 window of stride 2 that starts in the corner and may hang over the far side."""
    return nnx.max_pool(x, (3, 3), strides=(2, 2), padding=((0, 1), (0, 1)))


def image_primitives(modules, input):
    *convolutions, norm, pool, padded_pool, mean, bilinear = modules
    names = ("3x3_same", "3x3_stride2", "5x5_valid", "3x3_dilated", "grouped", "depthwise")
    names = [*(f"conv_{name}" for name in names), *(f"transposed_{name}" for name in ("2x2", "4x4", "3x3_out1"))]
    x = jnp.moveaxis(input, 1, -1)
    found = {name: module(x) for name, module in zip(names, convolutions, strict=True)}
    found["batch_norm"] = norm(x)
    norm.train()
    found["batch_norm_train"] = norm(x)
    found["batch_norm_train_running_mean"] = norm.mean[...]
    found["max_pool_2"], found["max_pool_3_2_pad1"], found["max_pool_3_2_ceil"] = pool(x), padded_pool(x), ceil_pool(x)
    found["adaptive_avg_pool_1"], found["bilinear_x2"], found["nearest_x2"] = mean(x), bilinear(x), nearest(x, 2)
    found["channel_shuffle"] = channel_shuffle(x, 4)
    return {name: jnp.moveaxis(leaf, -1, 1) if leaf.ndim == 4 else leaf for name, leaf in found.items()}


TWINS = {
    "primitives_image": Twin(
        (
            L.Conv2d(8, 6, 3, activation="identity"),
            L.Conv2d(8, 6, 3, activation="identity", stride=2),
            L.Conv2d(8, 6, 5, "valid", "identity"),
            partial(UNDRAWN.conv, 8, 6, 3, dilation=2),
            partial(UNDRAWN.conv, 8, 12, 3, groups=4),
            partial(UNDRAWN.conv, 8, 8, 3, groups=8),
            L.Conv2d(8, 5, 2, activation="identity", stride=2, transposed=True),
            L.Conv2d(8, 5, 4, activation="identity", stride=2, transposed=True),
            L.Conv2d(8, 5, 3, activation="identity", stride=2, transposed=True),
            partial(UNDRAWN.batch_norm, 8),
            L.MaxPool(2, 2, "valid"),
            L.MaxPool(3, 2),
            L.GlobalAvgPool(),
            L.BilinearUpsample(2),
        ),
        forward=image_primitives,
    ),
}
