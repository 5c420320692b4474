"""Networks that draw images, or score them at several places, that are to compute what published ones do."""

from functools import partial

import jax.numpy as jnp
from changes import changed, folded, rows_of
from classifier_twins import MEAN, ceil_pool
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules.feature_pyramid import nearest
from netspec.modules.shuffle_block import channel_shuffle
from netspec.run.traced import UNDRAWN


def dilated(modules):
    """The last stage with taps two apart in place of a stride, and the rates that the library has."""
    stage, pyramid = modules[5], modules[6]
    for block in stage.layers:
        for layer in block.body.layers:
            layer.conv.kernel_dilation, layer.conv.padding = 2, ((2, 2), (2, 2))
    for path, rate in zip(pyramid.atrous, (12, 24, 36), strict=True):
        path.conv.kernel_dilation, path.conv.padding = rate, ((rate, rate), (rate, rate))


def between_corners(x, scale):
    """Bilinear interpolation in which the corners of the image stay where they are."""
    for axis in (1, 2):
        n = x.shape[axis]
        at = jnp.linspace(0, n - 1, scale * n)
        weights = jnp.maximum(0, 1 - jnp.abs(at[:, None] - jnp.arange(n)))
        x = jnp.moveaxis(jnp.tensordot(weights, x, (1, axis)), 0, axis)
    return x


def deeplab(modules, input):
    stem, pool, first, *stages, pyramid, behind, narrow, fuse, score = modules
    high = first(pool(stem(jnp.moveaxis(input, 1, -1))))
    x = high
    for stage in stages:
        x = stage(x)
    x = between_corners(behind(pyramid(x)), 4)
    x = score(fuse(jnp.concatenate([x, narrow(high)], axis=-1)))
    return {"output": jnp.moveaxis(between_corners(x, 4), -1, 1)}


def levels(pyramid):
    """The levels as numbered there, with every second pixel of the coarsest as one more."""
    found = {str(index): jnp.moveaxis(level, -1, 1) for index, level in enumerate(pyramid.values())}
    return found | {"pool": found["3"][:, :, ::2, ::2]}


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
    "dcgan_discriminator": Twin(
        (
            L.Conv2d(3, 64, 4, activation="leaky_relu", stride=2),
            L.ConvBN(64, 128, 4, 2, activation="leaky_relu"),
            L.ConvBN(128, 256, 4, 2, activation="leaky_relu"),
            L.ConvBN(256, 512, 4, 2, activation="leaky_relu"),
            L.Conv2d(512, 1, 4, "valid", "identity"),
        ),
        gradients=True,
    ),
    "dcgan_generator": Twin(
        (
            L.Flatten(),
            L.Dense(100, 4 * 4 * 512),
            L.Reshape((4, 4, 512)),
            partial(UNDRAWN.batch_norm, 512),
            nnx.relu,
            L.ConvBN(512, 256, 4, 2, transposed=True),
            L.ConvBN(256, 128, 4, 2, transposed=True),
            L.ConvBN(128, 64, 4, 2, transposed=True),
            L.Conv2d(64, 3, 4, activation="tanh", stride=2, transposed=True),
        ),
        # The transposed convolution of one pixel is a dense map to its window.
        change=changed({"main.0.weight": lambda weight: weight.transpose(2, 3, 1, 0).reshape(-1, 100)}),
        gradients=True,
    ),
    "pix2pix_patchgan": Twin(
        (
            L.Conv2d(6, 64, 4, activation="leaky_relu", stride=2),
            L.ConvBN(64, 128, 4, 2, activation="leaky_relu"),
            L.ConvBN(128, 256, 4, 2, activation="leaky_relu"),
            L.ConvBN(256, 512, 4, activation="leaky_relu"),
            # There the 4×4 windows of stride 1 have one row and column of zeros less behind them.
            lambda x: x[:, :-1, :-1],
            L.Conv2d(512, 1, 4, activation="identity"),
            lambda x: x[:, :-1, :-1],
        ),
    ),
    "tiny_unet_bn": Twin(
        (
            *(L.UNetDown(3, 8), L.UNetDown(8, 16), L.UNetDown(16, 32)),
            *(L.ConvBN(32, 64, 3), L.ConvBN(64, 64, 3)),
            *(L.UNetUp(64, 32, "transposed"), L.UNetUp(32, 16, "transposed"), L.UNetUp(16, 8, "transposed")),
            L.Conv2d(8, 4, 1, activation="identity"),
        ),
        order=(("()", ("^inc", "^down", *(rf"^{part}\.{level}" for level in range(3) for part in ("up", "conv")))),),
        gradients=True,
    ),
    "tiny_alphazero_go": Twin(
        (
            L.ConvBN(17, 32, 3),
            L.ResidualBlock(32, 32, 3, 1),
            L.Heads(
                {
                    "policy": (L.ConvBN(32, 2, 1), L.Flatten(), L.Dense(162, 82)),
                    "value": (L.ConvBN(32, 1, 1), L.Flatten(), L.Dense(81, 64, "relu"), L.Dense(64, 1, "tanh")),
                }
            ),
        ),
        change=changed({"policy_fc.weight": rows_of(2, 9, 9)}),
        gradients=True,
    ),
    "maskrcnn_r50_fpn": Twin(
        (
            L.ConvBN(3, 64, 7, 2),
            L.MaxPool(3, 2),
            L.BottleneckBlock(64, 256, 3, 1),
            L.Save("c2"),
            L.BottleneckBlock(256, 512, 4, 2),
            L.Save("c3"),
            L.BottleneckBlock(512, 1024, 6, 2),
            L.Save("c4"),
            L.BottleneckBlock(1024, 2048, 3, 2),
            L.Save("c5"),
            L.FeaturePyramid(256, 512, 1024, 2048, 256),
            levels,
        ),
    ),
    "smp_deeplabv3plus_resnet18": Twin(
        (
            L.ConvBN(3, 64, 7, 2),
            L.MaxPool(3, 2),
            L.ResidualBlock(64, 64, 2, 1),
            L.ResidualBlock(64, 128, 2, 2),
            L.ResidualBlock(128, 256, 2, 2),
            L.ResidualBlock(256, 512, 2, 1),
            L.ASPP(512, 256),
            L.ConvBN(256, 256, 3),
            L.ConvBN(64, 48, 1),
            L.ConvBN(304, 256, 3),
            L.Conv2d(256, 21, 1, activation="identity"),
        ),
        change=folded,
        forward=deeplab,
        adapt=dilated,
    ),
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
            MEAN,
            L.BilinearUpsample(2),
        ),
        forward=image_primitives,
    ),
}
