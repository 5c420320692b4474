"""Layers of each kind compute what PyTorch's functions do, in float64, which settles conventions."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lone_modules import build

from netspec import Conventions
from netspec import layers as L
from netspec.weights.parity import OFFSET, normal

#: What PyTorch 2.13 computes in float64, with tensors and inputs drawn by the rule of ``parity/README.md``.
VECTORS = Path(__file__).parent / "layer_vectors"
#: Our name of a tensor for the last word of theirs.
OURS = {"running_mean": "mean", "running_var": "var", "bias": "bias"}
#: Layers by the name of their output there, with conventions other than ours where its code has them.
CORNERS = Conventions(resize="align_corners")
IMAGE_LAYERS = [
    ("conv_3x3_same", L.Conv2d(8, 6, 3, activation="identity")),
    ("conv_3x3_stride2", L.Conv2d(8, 6, 3, activation="identity", stride=2)),
    ("conv_5x5_valid", L.Conv2d(8, 6, 5, "valid", "identity")),
    ("conv_depthwise", L.Conv2d(8, 8, 3, 1, "identity", groups=8)),
    ("transposed_2x2", L.Conv2d(8, 5, 2, activation="identity", stride=2, transposed=True)),
    ("transposed_4x4", L.Conv2d(8, 5, 4, activation="identity", stride=2, transposed=True)),
    ("transposed_3x3_out1", L.Conv2d(8, 5, 3, activation="identity", stride=2, transposed=True)),
    ("prelu", L.PReLU(8)),
    ("group_norm", L.GroupNorm(8, 4)),
    ("instance_norm", L.InstanceNorm(8, affine=True)),
    ("batch_norm", L.BatchNorm(8)),
    ("batch_norm", L.BatchNorm(8, frozen=True)),
    ("batch_norm_eps3", L.Under(Conventions(batch_norm_epsilon=1e-3), L.BatchNorm(8))),
    ("conv_grouped", L.Conv2d(8, 12, 3, 1, "identity", groups=4)),
    ("conv_depthwise_x2", L.Conv2d(8, 16, 3, 1, "identity", groups=8)),
    ("conv_3x3_dilated", L.Conv2d(8, 6, 3, 2, "identity", dilation=2)),
    ("conv_7x3", L.Conv2d(8, 4, (7, 3), (3, 1), "identity", (2, 1))),
    ("transposed_4x4", L.Conv2d(8, 5, 4, 1, "identity", 2, transposed=True)),
    ("transposed_3x3_out1", L.Conv2d(8, 5, 3, 1, "identity", 2, transposed=True, output_padding=1)),
    ("transposed_grouped", L.Conv2d(8, 4, 3, 1, "identity", 2, transposed=True, groups=2)),
    ("pixel_shuffle", L.DepthToSpace(2)),
    ("max_pool_2", L.MaxPool(2, 2, 0)),
    ("max_pool_2", L.MaxPool(2, 2, "valid")),
    ("max_pool_3_2_pad1", L.MaxPool(3, 2, 1)),
    ("max_pool_3_2_pad1", L.MaxPool(3, 2)),
    ("max_pool_3_2_ceil", L.MaxPool(3, 2, 0, ceil=True)),
    ("avg_pool_3_2_pad1", L.AvgPool(3, 2, 1)),
    ("avg_pool_3_1_pad1_exclude", L.AvgPool(3, 1, 1, count_padding=False)),
    ("avg_pool_3_1_pad1_exclude", L.AvgPool(3, 1, "same", count_padding=False)),
    ("adaptive_avg_pool_1", L.AdaptiveAvgPool(1)),
    ("adaptive_avg_pool_3x4", L.AdaptiveAvgPool((3, 4))),
    ("adaptive_avg_pool_6", L.AdaptiveAvgPool(6)),
    ("bilinear_x2", L.Resize((22, 28))),
    ("bilinear_x2", L.BilinearUpsample(2)),
    ("bilinear_x2_corners", L.Under(CORNERS, L.Resize((22, 28)))),
    ("bilinear_17x9", L.Resize((17, 9))),
    ("nearest_x2", L.NearestUpsample()),
    ("bicubic_20x20", L.Resize(20, "bicubic")),
    ("reflection_pad", L.PadImage(3, 0, 1, 2, "reflect")),
    ("local_response_norm", L.LocalResponseNorm(5, 1e-4, 0.75, 2.0)),
    ("channel_shuffle", L.ShuffleChannels(4)),
]

#: Functions, and by what their input is multiplied, so that both their kinks are reached.
FUNCTIONS = {
    **{name: (name, 1) for name in ("relu", "silu", "sigmoid", "tanh")},
    "gelu_tanh": ("gelu", 1),
    "relu6": ("relu6", 3),
    "hardswish": ("hard_swish", 2),
    "hardsigmoid": ("hard_sigmoid", 2),
}


class Vectors:
    """A file of recorded outputs of single layers that all read one input."""

    def __init__(self, name):
        self.recorded = json.loads((VECTORS / f"{name}.json").read_text())
        self.expected = np.load(VECTORS / f"{name}.npz")
        (text,) = self.recorded["inputs"].values()
        self.input = np.float64(normal("input", sides(text.split()[1])))

    def tensors(self, layer):
        """Those of ``layer`` by the rest of their names."""
        for entry in self.recorded["tensors"]:
            name, shape, kind, scale = entry.split()
            if name.startswith(f"{layer}."):
                x = normal(name, sides(shape))
                x = np.abs(x) if kind == "running_var" else x
                drawn = np.float32(OFFSET.get(kind, 0)) + np.float32(scale) * x
                yield name.removeprefix(f"{layer}."), np.float64(drawn)

    def compare(self, name, found):
        """Assert that ``found``, in PyTorch's order of axes, is what was recorded."""
        shape, stride = self.recorded["outputs"][name].split()
        assert found.shape == sides(shape)
        expected = self.expected[name].reshape(-1)
        np.testing.assert_allclose(found.reshape(-1)[:: int(stride)], expected, rtol=1e-9, atol=1e-9)


def sides(text):
    return tuple(map(int, text.split("x")))


IMAGES, SEQUENCES = Vectors("image_layers"), Vectors("sequence_layers")
PIXELS = IMAGES.input.transpose(0, 2, 3, 1)


def filled(module, name, transposed=0):
    """``module`` with the tensors of the layer ``name``; ``transposed`` is its number of groups, if it is that."""
    holder = module
    for part in ("norm", "conv", "slope"):
        holder = getattr(holder, part, holder)
    for last, x in IMAGES.tensors(name):
        if x.ndim == 4 and transposed:
            grouped = x.reshape(transposed, -1, *x.shape[1:])  # (groups, in/groups, out/groups, k, k)
            x = grouped.transpose(3, 4, 1, 0, 2).reshape(*x.shape[2:], grouped.shape[1], -1)[::-1, ::-1]
        elif x.ndim == 4:
            x = x.transpose(2, 3, 1, 0)
        if hasattr(holder, "set_value"):
            holder.set_value(jnp.asarray(x))
            continue
        ours = OURS.get(last, "kernel" if x.ndim == 4 else "scale")
        getattr(holder, ours).set_value(jnp.asarray(x))


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("name", "layer"), IMAGE_LAYERS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_layer_over_images_computes_what_pytorch_does(name, layer):
    with jax.enable_x64(True):
        x, module = jnp.asarray(PIXELS), build(layer, jnp.float64)
        module.eval()
        inner = module.layers[0] if isinstance(layer, L.Under) else module
        filled(inner, name, getattr(layer, "groups", 1) if getattr(layer, "transposed", False) else 0)
        found = module(x, None) if isinstance(layer, L.Under) else module(x)
    IMAGES.compare(name, np.asarray(found).transpose(0, 3, 1, 2))


def test_a_norm_that_trains_computes_what_pytorch_does():
    with jax.enable_x64(True):
        module = build(L.BatchNorm(8), jnp.float64)
        filled(module, "batch_norm")
        module.train()
        found = np.asarray(module(jnp.asarray(PIXELS)))
        IMAGES.compare("batch_norm_train", found.transpose(0, 3, 1, 2))
        IMAGES.compare("batch_norm_train_running_mean", np.asarray(module.norm.mean[...]))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_that_of_pytorch(name):
    ours, factor = FUNCTIONS[name]
    with jax.enable_x64(True):
        SEQUENCES.compare(name, np.asarray(build(L.Activate(ours), jnp.float64)(factor * jnp.asarray(SEQUENCES.input))))


@pytest.mark.parametrize(("name", "layer"), [("linear", L.Dense(16, 12)), ("layer_norm", L.LayerNorm(16))])
def test_a_layer_over_sequences_computes_what_pytorch_does(name, layer):
    with jax.enable_x64(True):
        module = build(layer, jnp.float64)
        inner = getattr(module, "norm", getattr(module, "dense", module))
        tensors = dict(SEQUENCES.tensors(name))
        getattr(inner, "kernel" if name == "linear" else "scale").set_value(jnp.asarray(tensors["weight"].T))
        inner.bias.set_value(jnp.asarray(tensors["bias"]))
        SEQUENCES.compare(name, np.asarray(module(jnp.asarray(SEQUENCES.input))))


@pytest.mark.parametrize("causal", [False, True])
def test_attention_computes_what_pytorch_does(causal):
    tensors = dict(SEQUENCES.tensors("attention"))
    with jax.enable_x64(True):
        attention = build(L.TransformerEncoder(16, 4, 32, 1, causal=causal), jnp.float64).blocks[0].attention
        for part, name in ((attention.qkv, "in_proj_{}"), (attention.out, "out_proj.{}")):
            part.kernel.set_value(jnp.asarray(tensors[name.format("weight")].T))
            part.bias.set_value(jnp.asarray(tensors[name.format("bias")]))
        found = np.asarray(attention(jnp.asarray(SEQUENCES.input)))
    SEQUENCES.compare("attention_causal" if causal else "attention", found)
