"""Convolutional classifiers of images that are to compute what published ones do."""

from functools import partial

import jax
from changes import changed, dark, rows_of, shortcut_of_option_a, sixteenths, three_by_three_inside_five
from flax import nnx
from twins import Twin

from netspec import layers as L
from netspec.modules import mb_conv_v3  # noqa: F401  registers what builds the variation below too
from netspec.run.traced import UNDRAWN

MEAN = L.GlobalAvgPool()


EXACT_GELU = {"gelu": lambda x, approximate=False: jax.nn.gelu(x, approximate=False)}


def ceil_pool(x):
    """A 3×3 window of stride 2 that starts in the corner and may hang over the far side."""
    return nnx.max_pool(x, (3, 3), strides=(2, 2), padding=((0, 1), (0, 1)))


def resnet(block, widths, blocks=(1, 1, 1, 1)):
    first = 64
    stages = []
    for index, (width, n_blocks) in enumerate(zip(widths, blocks, strict=True)):
        stages.append(block(first, width, n_blocks, 2 if index else 1))
        first = width
    return L.ConvBN(3, 64, 7, 2), L.MaxPool(3, 2), *stages, MEAN, L.Dense(widths[-1], 10)


def ungrouped_first(modules):
    """The first unit of the published network has a plain 1×1, since few channels arrive."""
    unit = modules[2].layers[0]
    unit.reduce.conv = UNDRAWN.conv(12, 30, 1, nnx.Rngs(0), bias=False)


class RoundedSqueeze(L.MBConvV3):
    """Squeezed to a multiple of eight channels, as the published code rounds every width."""

    @property
    def squeezed(self):
        eighth = max(8, (self.expanded_channels // 4 + 4) // 8 * 8)
        return eighth + 8 if eighth < 0.9 * (self.expanded_channels // 4) else eighth


TWINS = {
    "tiny_resnet_basic": Twin(resnet(L.ResidualBlock, (64, 128, 256, 512)), gradients=True),
    "tiny_resnet_bottleneck": Twin(
        resnet(L.BottleneckBlock, (256, 512, 1024, 2048), (1, 2, 1, 1)),
        change=sixteenths((256, 512, 1024, 2048)),
        gradients=True,
    ),
    "resnet20_cifar_a": Twin(
        (
            L.ConvBN(3, 16, 3),
            L.ResidualBlock(16, 16, 3, 1),
            L.ResidualBlock(16, 32, 3, 2),
            L.ResidualBlock(32, 64, 3, 2),
            MEAN,
            L.Dense(64, 10),
        ),
        change=shortcut_of_option_a,
        gradients=True,
    ),
    "tv_mobilenet_v2": Twin(
        (
            L.ConvBN(3, 32, 3, 2, activation="relu6"),
            L.InvertedResidual(32, 16, 1, 1, 1),
            L.InvertedResidual(16, 24, 6, 2, 2),
            L.InvertedResidual(24, 32, 6, 2, 3),
            L.InvertedResidual(32, 64, 6, 2, 4),
            L.InvertedResidual(64, 96, 6, 1, 3),
            L.InvertedResidual(96, 160, 6, 2, 3),
            L.InvertedResidual(160, 320, 6, 1, 1),
            L.ConvBN(320, 1280, 1),
            MEAN,
            L.Dense(1280, 1000),
        ),
        activations={"relu": nnx.relu6},
        gradients=True,
    ),
    "tiny_efficientnet": Twin(
        (
            L.ConvBN(3, 16, 3, 2, activation="silu"),
            L.MBConv(16, 8, 1, 3, 1, 1),
            L.MBConv(8, 16, 6, 3, 2, 2),
            L.MBConv(16, 24, 6, 5, 2, 2),
            L.ConvBN(24, 96, 1, activation="silu"),
            MEAN,
            L.Dense(96, 10),
        ),
        gradients=True,
    ),
    "tiny_efficientnet_v2": Twin(
        (
            L.ConvBN(3, 12, 3, 2, activation="silu"),
            L.FusedMBConv(12, 12, 2, 3, 1, 1),
            L.FusedMBConv(12, 16, 4, 3, 2, 2),
            L.MBConv(16, 24, 4, 3, 2, 2),
            L.ConvBN(24, 64, 1, activation="silu"),
            MEAN,
            L.Dense(64, 10),
        ),
        # The library rounds the first expansion, from 12 channels to as many, up to 16.
        change=dark({r"features\.1\.0\.block\.0": (24, None), r"features\.1\.0\.block\.1\.0": (None, 24)}),
        gradients=True,
    ),
    "tiny_convnext": Twin(
        (
            L.ConvNeXtStem(3, 16, 4),
            L.ConvNeXtStage(16, 2),
            L.ConvNeXtDownsample(16, 32),
            L.ConvNeXtStage(32, 2),
            MEAN,
            partial(UNDRAWN.layer_norm, 32, epsilon=1e-6),
            L.Dense(32, 10),
        ),
        order=((r"features\.[13]\.\d", ("block", "layer_scale")),),
        activations=EXACT_GELU,
        gradients=True,
    ),
    "tiny_densenet": Twin(
        (
            L.ConvBN(3, 16, 7, 2),
            L.MaxPool(3, 2),
            L.DenseBlock(16, 8, 2),
            L.TransitionLayer(32, 16),
            L.DenseBlock(16, 8, 3),
            partial(UNDRAWN.batch_norm, 40),
            nnx.relu,
            MEAN,
            L.Dense(40, 10),
        ),
        # There the 1×1 leads to twice the growth rate, here to four times.
        change=dark({r"denselayer.\.(conv1|norm2)": (32, None), r"denselayer.\.conv2": (None, 32)}),
        gradients=True,
    ),
    "tiny_shufflenet_v2": Twin(
        (
            L.ConvBN(3, 16, 3, 2),
            L.MaxPool(3, 2),
            L.ShuffleV2Block(16, 24, 2),
            L.ShuffleV2Block(24, 48, 2),
            L.ShuffleV2Block(48, 96, 2),
            L.ConvBN(96, 128, 1),
            MEAN,
            L.Dense(128, 10),
        ),
        gradients=True,
    ),
    "shufflenet_v1_0_5_g3": Twin(
        (
            L.ConvBN(3, 12, 3, 2),
            L.MaxPool(3, 2),
            L.ShuffleBlock(12, 120, 3, 4),
            L.ShuffleBlock(120, 240, 3, 8),
            L.ShuffleBlock(240, 480, 3, 4),
            MEAN,
            L.Dense(480, 1000),
        ),
        adapt=ungrouped_first,
    ),
    "tv_squeezenet1_0": Twin(
        (
            L.Conv2d(3, 96, 7, "valid", stride=2),
            ceil_pool,
            L.FireModule(96, 16, 64, 64),
            L.FireModule(128, 16, 64, 64),
            L.FireModule(128, 32, 128, 128),
            ceil_pool,
            L.FireModule(256, 32, 128, 128),
            L.FireModule(256, 48, 192, 192),
            L.FireModule(384, 48, 192, 192),
            L.FireModule(384, 64, 256, 256),
            ceil_pool,
            L.FireModule(512, 64, 256, 256),
            L.Conv2d(512, 1000, 1),
            MEAN,
        ),
        gradients=True,
    ),
    "tv_googlenet": Twin(
        (
            L.ConvBN(3, 64, 7, 2),
            ceil_pool,
            L.ConvBN(64, 64, 1),
            L.ConvBN(64, 192, 3),
            ceil_pool,
            L.InceptionModule(192, 64, 96, 128, 16, 32, 32),
            L.InceptionModule(256, 128, 128, 192, 32, 96, 64),
            ceil_pool,
            L.InceptionModule(480, 192, 96, 208, 16, 48, 64),
            L.InceptionModule(512, 160, 112, 224, 24, 64, 64),
            L.InceptionModule(512, 128, 128, 256, 24, 64, 64),
            L.InceptionModule(512, 112, 144, 288, 32, 64, 64),
            L.InceptionModule(528, 256, 160, 320, 32, 128, 128),
            L.MaxPool(2, 2),
            L.InceptionModule(832, 256, 160, 320, 32, 128, 128),
            L.InceptionModule(832, 384, 192, 384, 48, 128, 128),
            MEAN,
            L.Dense(1024, 1000),
        ),
        change=three_by_three_inside_five,
        epsilon=1e-3,
    ),
    "timm_mobilenetv1_100": Twin(
        (
            L.ConvBN(3, 32, 3, 2),
            L.SeparableConv(32, 64, 1),
            L.SeparableConv(64, 128, 2),
            L.SeparableConv(128, 128, 1),
            L.SeparableConv(128, 256, 2),
            L.SeparableConv(256, 256, 1),
            L.SeparableConv(256, 512, 2),
            *[L.SeparableConv(512, 512, 1)] * 5,
            L.SeparableConv(512, 1024, 2),
            L.SeparableConv(1024, 1024, 1),
            MEAN,
            L.Dense(1024, 1000),
        ),
        activations={"relu": nnx.relu6},
    ),
    "tv_mobilenet_v3_large": Twin(
        (
            L.ConvBN(3, 16, 3, 2, activation="hard_swish"),
            RoundedSqueeze(16, 16, 16, 3, 1, False, "relu"),
            RoundedSqueeze(16, 24, 64, 3, 2, False, "relu"),
            RoundedSqueeze(24, 24, 72, 3, 1, False, "relu"),
            RoundedSqueeze(24, 40, 72, 5, 2, True, "relu"),
            RoundedSqueeze(40, 40, 120, 5, 1, True, "relu"),
            RoundedSqueeze(40, 40, 120, 5, 1, True, "relu"),
            RoundedSqueeze(40, 80, 240, 3, 2, False),
            RoundedSqueeze(80, 80, 200, 3, 1, False),
            RoundedSqueeze(80, 80, 184, 3, 1, False),
            RoundedSqueeze(80, 80, 184, 3, 1, False),
            RoundedSqueeze(80, 112, 480, 3, 1, True),
            RoundedSqueeze(112, 112, 672, 3, 1, True),
            RoundedSqueeze(112, 160, 672, 5, 2, True),
            RoundedSqueeze(160, 160, 960, 5, 1, True),
            RoundedSqueeze(160, 160, 960, 5, 1, True),
            L.ConvBN(160, 960, 1, activation="hard_swish"),
            MEAN,
            L.Dense(960, 1280, "hard_swish"),
            L.Dense(1280, 1000),
        ),
        epsilon=1e-3,
    ),
    "timm_mobilenetv4_conv_small": Twin(
        (
            L.ConvBN(3, 32, 3, 2),
            L.ConvBN(32, 32, 3, 2),
            L.ConvBN(32, 32, 1),
            L.ConvBN(32, 96, 3, 2),
            L.ConvBN(96, 64, 1),
            L.UniversalInvertedBottleneck(64, 96, 3, 2, 5, 5),
            *[L.UniversalInvertedBottleneck(96, 96, 2, 1, 0, 3)] * 4,
            L.UniversalInvertedBottleneck(96, 96, 4, 1, 3, 0),
            L.UniversalInvertedBottleneck(96, 128, 6, 2, 3, 3),
            L.UniversalInvertedBottleneck(128, 128, 4, 1, 5, 5),
            L.UniversalInvertedBottleneck(128, 128, 4, 1, 0, 5),
            L.UniversalInvertedBottleneck(128, 128, 3, 1, 0, 5),
            *[L.UniversalInvertedBottleneck(128, 128, 4, 1, 0, 3)] * 2,
            L.ConvBN(128, 960, 1),
            MEAN,
            lambda x: x[:, None, None],
            L.ConvBN(960, 1280, 1),
            L.Flatten(),
            L.Dense(1280, 1000),
        ),
    ),
    "lenet5_gray32": Twin(
        (
            L.Conv2d(1, 6, 5, "valid"),
            L.MaxPool(2, 2),
            L.Conv2d(6, 16, 5, "valid"),
            L.MaxPool(2, 2),
            L.Flatten(),
            L.Dense(400, 120, "relu"),
            L.Dense(120, 84, "relu"),
            L.Dense(84, 10),
        ),
        change=changed({"fc1.weight": rows_of(16, 5, 5)}),
        gradients=True,
    ),
}
