"""One layer of each kind beside the others, as PyTorch's functions compute them: to find where a network differs."""

from __future__ import annotations

from typing import Any

from netspec.conventions import Conventions, Gelu
from netspec.exact.published import network
from netspec.layers import (
    Activate,
    Activation,
    AdaptiveAvgPool,
    AvgPool,
    BatchNorm,
    Branches,
    Conv2d,
    Crop,
    CumulativeSum,
    Dense,
    DepthToSpace,
    GroupNorm,
    Heads,
    InstanceNorm,
    Layer,
    LayerNorm,
    LocalResponseNorm,
    LpPool,
    MaxPool,
    MultiHeadAttention,
    NearestUpsample,
    PadImage,
    PReLU,
    Recurrent,
    Reshape,
    Resize,
    RMSNorm,
    ShuffleChannels,
    SpaceToDepth,
    TransformerEncoder,
    Under,
    UnitLength,
)
from netspec.layers.base import Layers
from netspec.layers.window import Pair
from netspec.spec import NetSpec

IMAGE, SEQUENCE = (11, 14, 8), (9, 16)


def _conv(out: int, kernel: Pair, padding: int | tuple[int, int] = 0, **others: Any) -> Conv2d:
    return Conv2d(8, out, kernel, padding, "identity", **others)


def image_layers() -> dict[str, Layers | Layer]:
    """By the names of PyTorch's outputs, for images of 8 channels."""
    up = {"transposed": True, "stride": 2}
    return {
        "conv_3x3_same": _conv(6, 3, 1),
        "conv_3x3_stride2": _conv(6, 3, 1, stride=2),
        "conv_5x5_valid": _conv(6, 5),
        "conv_3x3_dilated": _conv(6, 3, 2, dilation=2),
        "conv_grouped": _conv(12, 3, 1, groups=4),
        "conv_depthwise": _conv(8, 3, 1, groups=8),
        "conv_depthwise_x2": _conv(16, 3, 1, groups=8),
        "conv_7x3": _conv(4, (7, 3), (3, 1), stride=(2, 1)),
        "transposed_2x2": _conv(5, 2, 0, **up),
        "transposed_4x4": _conv(5, 4, 1, **up),
        "transposed_3x3_out1": _conv(5, 3, 1, output_padding=1, **up),
        "transposed_grouped": _conv(4, 3, 1, groups=2, **up),
        "batch_norm": BatchNorm(8),
        "batch_norm_eps3": Under(Conventions(batch_norm_epsilon=1e-3), (BatchNorm(8),)),
        "group_norm": GroupNorm(8, 4),
        "instance_norm": InstanceNorm(8, affine=True),
        "prelu": PReLU(8),
        "pixel_shuffle": DepthToSpace(2),
        "max_pool_2": MaxPool(2, 2, 0),
        "max_pool_3_2_pad1": MaxPool(3, 2, 1),
        "max_pool_3_2_ceil": MaxPool(3, 2, 0, ceil=True),
        "avg_pool_3_2_pad1": AvgPool(3, 2, 1),
        "avg_pool_3_1_pad1_exclude": AvgPool(3, 1, 1, count_padding=False),
        "lp_pool_2": LpPool(2, 2),
        "adaptive_avg_pool_1": AdaptiveAvgPool(1),
        "adaptive_avg_pool_3x4": AdaptiveAvgPool((3, 4)),
        "adaptive_avg_pool_6": AdaptiveAvgPool(6),
        "bilinear_x2": Resize((22, 28)),
        "bilinear_x2_corners": Under(Conventions(resize="align_corners"), (Resize((22, 28)),)),
        "bilinear_17x9": Resize((17, 9)),
        "nearest_x2": NearestUpsample(),
        "bicubic_20x20": Resize(20, "bicubic"),
        "reflection_pad": PadImage(3, 0, 1, 2, "reflect"),
        "local_response_norm": LocalResponseNorm(5, 1e-4, 0.75, 2.0),
        "channel_shuffle": ShuffleChannels(4),
        "pixel_unshuffle": (Crop(0, 1, 0, 0), SpaceToDepth(2)),
    }


def _gelu(form: Gelu) -> Under:
    return Under(Conventions(gelu=form), (Activate("gelu"),))


def _times(factor: int, name: Activation) -> Layers:
    """The function of ``factor · x``."""
    return (Branches(((),) * factor, "add"), Activate(name))


def _over_time(taps: int, dilation: int, padding: tuple[int, int, int, int]) -> Layers:
    """A convolution along the tokens, for which a sequence is an image one pixel wide."""
    convolution = Conv2d(16, 12, (taps, 1), padding, "identity", dilation=(dilation, 1))
    return (Reshape((9, 1, 16)), convolution, Reshape((9, 12)))


def sequence_layers() -> dict[str, Layers | Layer]:
    """By the names of PyTorch's outputs, for sequences 16 wide; attention that sees later tokens."""
    smooth: tuple[Activation, ...] = ("elu", "silu", "mish", "softplus", "sigmoid", "tanh")
    plain: tuple[Activation, ...] = ("relu", *smooth, "softmax", "log_softmax")
    pre = TransformerEncoder(16, 4, 32, 1, gelu="exact", final_norm=False)
    return {
        "linear": Dense(16, 12),
        "layer_norm": LayerNorm(16),
        "layer_norm_eps12": LayerNorm(16, 1e-12),
        "rms_norm": RMSNorm(16, 1e-6),
        "attention": MultiHeadAttention(16, 4),
        "encoder_layer_post": TransformerEncoder(16, 4, 32, 1, placement="post", mlp="relu"),
        "encoder_layer_pre": pre,
        "lstm": Recurrent(16, 10),
        "gru": Recurrent(16, 10, "gru"),
        "conv1d": _over_time(3, 1, (1, 1, 0, 0)),
        "conv1d_causal": _over_time(2, 2, (2, 0, 0, 0)),
        **{name: Activate(name) for name in plain},
        "relu6": _times(3, "relu6"),
        "hardswish": _times(2, "hard_swish"),
        "hardsigmoid": _times(2, "hard_sigmoid"),
        "leaky_relu_01": Under(Conventions(leaky_slope=0.1), (Activate("leaky_relu"),)),
        "gelu_erf": _gelu("exact"),
        "gelu_tanh": _gelu("tanh"),
        "quick_gelu": _gelu("quick"),
        "l2_normalise": UnitLength(),
        "cumulative_sum": CumulativeSum(),
    }


def images() -> NetSpec:
    """All layers of images."""
    return network(IMAGE, Heads(image_layers()))


def trained_norm() -> NetSpec:
    """A norm whose statistics move in training as PyTorch's do."""
    return network(IMAGE, BatchNorm(8), conventions=Conventions(batch_norm_variance="unbiased"))


def sequences() -> NetSpec:
    """All layers of sequences but the attention that hides later tokens."""
    return network(SEQUENCE, Heads(sequence_layers()))


def causal_attention() -> NetSpec:
    """That attention."""
    return network(SEQUENCE, MultiHeadAttention(16, 4, causal=True))
