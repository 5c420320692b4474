"""The modules of the convolutional layers: tensors as counted, shapes as announced, the papers' operations."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from lone_modules import build, draw, gradients

from netspec import NetSpec
from netspec import layers as L
from netspec.modules.base import module_of
from netspec.modules.dense_block import joined
from netspec.modules.shuffle_block import channel_shuffle
from netspec.modules.squeeze_excite import SqueezeExcite
from netspec.run.traced import UNDRAWN, Traced

pytestmark = pytest.mark.slow

#: Every kind of layer here, odd sides and all options among them.
SMALL = [
    (L.Conv2d(3, 4, 3, stride=2), (7, 8, 3)),
    (L.Conv2d(3, 4, 5, "valid", "tanh"), (7, 8, 3)),
    (L.Conv2d(3, 4, 2, stride=2, transposed=True), (3, 4, 3)),
    (L.ConvBN(3, 4, 7, 3, activation="leaky_relu"), (8, 7, 3)),
    (L.ConvBN(3, 4, 4, 2, activation="silu", transposed=True), (3, 4, 3)),
    (L.ConvBN(3, 4, 3, 2, activation="gelu", transposed=True), (3, 4, 3)),
    (L.ResidualBlock(4, 6, 2, 2), (7, 8, 4)),
    (L.BottleneckBlock(6, 8, 2, 2), (7, 8, 6)),
    (L.SeparableConv(4, 6, 2), (7, 8, 4)),
    (L.InvertedResidual(4, 6, 3, 2, 2), (7, 8, 4)),
    (L.InvertedResidual(4, 4, 1, 1, 1), (7, 8, 4)),
    (L.MBConv(8, 12, 2, 5, 2, 2), (7, 8, 8)),
    (L.MBConv(8, 12, 1, 3, 1, 2, squeeze_from="expanded"), (7, 8, 8)),
    (L.MBConvV3(8, 8, 12, 5, 1, True), (7, 8, 8)),
    (L.MBConvV3(24, 6, 24, 3, 2, True, "relu"), (7, 8, 24)),
    (L.FusedMBConv(4, 6, 1, 3, 2, 2), (7, 8, 4)),
    (L.FusedMBConv(4, 6, 2, 3, 1, 2, True), (7, 8, 4)),
    *[(L.UniversalInvertedBottleneck(4, 6, 2, 2, a, b), (7, 8, 4)) for a in (0, 3) for b in (0, 5)],
    (L.FireModule(4, 3, 5, 6), (7, 8, 4)),
    (L.ConvNeXtStem(3, 6, 4), (8, 12, 3)),
    (L.ConvNeXtStage(6, 2), (7, 8, 6)),
    (L.ConvNeXtDownsample(6, 8), (6, 8, 6)),
    (L.DenseBlock(5, 3, 2), (6, 7, 5)),
    (L.TransitionLayer(6, 4), (6, 8, 6)),
    (L.InceptionModule(4, 2, 3, 4, 5, 6, 7), (6, 7, 4)),
    (L.ShuffleBlock(8, 24, 2, 2), (7, 8, 8)),
    (L.ShuffleV2Block(6, 12, 2), (7, 8, 6)),
    (L.DarknetBlock(6, 2), (6, 7, 6)),
    (L.CSPBlock(8, 6, 2), (6, 7, 8)),
]
FREE = [(L.MaxPool(3, 2), (7, 8, 3)), (L.MaxPool(2, 2, "valid"), (7, 8, 3)), (L.GlobalAvgPool(), (5, 3))]


@pytest.mark.parametrize(("layer", "shape"), SMALL + FREE, ids=str)
def test_the_module_has_the_tensors_and_shapes_of_its_layer(layer, shape):
    traced = Traced(NetSpec("one", shape, (layer,)))
    assert (traced.params, traced.leaves) == (layer.params(), layer.output_shape(shape))


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "shape"), SMALL, ids=str)
def test_every_parameter_receives_a_gradient(layer, shape):
    _, named, (arrived,) = gradients(layer, (shape,))
    assert [path for path, gradient in named.items() if not np.any(gradient)] == []
    assert np.any(arrived)


def test_statistics_follow_the_batch_in_training_only():
    module = build(L.ConvBN(3, 4, 1))
    (x,) = draw((5, 6, 3))
    before = module.conv(x).mean(axis=(0, 1, 2)), module.conv(x).var(axis=(0, 1, 2))
    module.eval()
    module(x)
    np.testing.assert_array_equal(module.norm.mean[...], np.zeros(4))
    module.train()
    module(x)
    np.testing.assert_allclose(module.norm.mean[...], 0.1 * before[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(module.norm.var[...], 0.9 + 0.1 * before[1], rtol=1e-5)


def test_training_mode_gives_finite_gradients():
    (x,) = draw((8, 8, 3))
    graph, params, rest = nnx.split(build(L.ResidualBlock(3, 4, 2, 2)), nnx.Param, ...)
    gradient = jax.jit(jax.grad(lambda params: (nnx.merge(graph, params, rest, copy=True)(x) ** 2).sum()))(params)
    assert all(np.isfinite(leaf).all() and np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_shuffle_deals_the_groups_in_turn():
    np.testing.assert_array_equal(channel_shuffle(jnp.arange(8), 2), [0, 4, 1, 5, 2, 6, 3, 7])
    np.testing.assert_array_equal(channel_shuffle(jnp.arange(6), 3), [0, 2, 4, 1, 3, 5])


def test_half_the_channels_pass_a_shuffle_unit():
    module = build(L.ShuffleV2Block(6, 8, 2)).layers[1]
    (x,) = draw((4, 4, 8))
    module.eval()
    np.testing.assert_array_equal(module(x)[..., ::2], x[..., :4])


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("layer", "after"),
    [
        (L.ResidualBlock(4, 4, 2, 1), jax.nn.relu),
        (L.BottleneckBlock(8, 8, 2, 1), jax.nn.relu),
        (L.InvertedResidual(4, 4, 2, 1, 2), lambda x: x),
        (L.MBConv(4, 4, 2, 3, 1, 2), lambda x: x),
        (L.MBConvV3(4, 4, 6, 3, 1, True), lambda x: x),
        (L.FusedMBConv(4, 4, 2, 3, 1, 2), lambda x: x),
        (L.UniversalInvertedBottleneck(4, 4, 2, 1, 3, 3), lambda x: x),
        (L.DarknetBlock(4, 2), lambda x: x),
        (L.ConvNeXtStage(4, 2), lambda x: x),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, L.Layer) else "after",
)
def test_a_block_without_weights_is_its_shortcut(layer, after):
    module = build(layer)
    module.eval()
    graph, params, rest = nnx.split(module, nnx.Param, ...)
    idle = nnx.merge(graph, jax.tree.map(jnp.zeros_like, params), rest)
    (x,) = draw((5, 6, layer.output_shape((5, 6, 8 if isinstance(layer, L.BottleneckBlock) else 4))[-1]))
    np.testing.assert_array_equal(idle(x), after(x))


@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
def test_squeeze_excite_scales_each_channel_by_its_gate(gate):
    module = SqueezeExcite(UNDRAWN, 4, 2, nnx.Rngs(0), activation="silu", gate=gate)
    (x,) = draw((5, 6, 4))
    np.testing.assert_allclose(module(x), x / 2)
    module.excite.bias[...] = jnp.array([-1e3, 0, 1e3, 0])
    np.testing.assert_allclose(module(x), x * np.array([0, 0.5, 1, 0.5]), atol=1e-7)


@pytest.mark.exhaustive
def test_a_dense_block_keeps_what_arrived_in_front():
    module = build(L.DenseBlock(5, 3, 2))
    (x,) = draw((4, 4, 5))
    np.testing.assert_array_equal(module(x)[..., :5], x)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("width", "count", "loops"), [(4, 9, [1, 2, 3, 3]), (30, 5, [5]), (3, 1, [1])])
def test_a_dense_block_is_its_layers_one_after_the_other(width, count, loops):
    """However many of them run as a loop: what leaves, the running statistics and every gradient."""
    with jax.enable_x64(True):
        numerics = replace(UNDRAWN, compute_dtype=jnp.float64)
        block = module_of(L.DenseBlock(width, 3, count), numerics, nnx.Rngs(0))
        assert [end - start for start, end in block._groups()] == loops
        draws = np.random.default_rng(0)
        nnx.update(block, jax.tree.map(lambda leaf: jnp.asarray(draws.normal(size=leaf.shape)), nnx.state(block)))
        x, weights = (jnp.asarray(draws.normal(size=(2, 5, 4, size))) for size in (width, width + 3 * count))
        structure, params, rest = nnx.split(block, nnx.Param, ...)

        def looped(params, x):
            module = nnx.merge(structure, params, rest, copy=True)
            return (module(x) * weights).sum(), nnx.state(module.layers, nnx.BatchStat)

        def one_by_one(params, x):
            module, after = nnx.merge(structure, params, rest, copy=True), []
            for index in range(count):
                layer = module.layer(index)
                hidden = layer.conv1(nnx.relu(layer.norm1(x)))
                x = jnp.concatenate([x, layer.conv2(nnx.relu(layer.norm2(hidden)))], axis=-1)
                after.append(nnx.state(layer, nnx.BatchStat))
            return (x * weights).sum(), joined(after)

        both = [jax.jit(jax.value_and_grad(run, (0, 1), has_aux=True))(params, x) for run in (looped, one_by_one)]
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9), *both)


def test_strided_windows_are_centred():
    pool = build(L.MaxPool(3, 2))
    x = jnp.arange(36.0).reshape(1, 6, 6, 1)
    np.testing.assert_array_equal(pool(x)[0, :, :, 0], [[7, 9, 11], [19, 21, 23], [31, 33, 35]])


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (4, 2), (3, 1)])
def test_a_transposed_convolution_is_the_gradient_of_the_convolution(kernel, stride):
    """With the kernel turned around and its channels exchanged."""
    front = (kernel - 1) // 2
    sides = ((front, kernel - stride - front),) * 2

    def down(image):
        numbers = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(image, weights, (stride, stride), sides, dimension_numbers=numbers)

    with jax.enable_x64(True):
        up = build(L.Conv2d(2, 3, kernel, activation="identity", stride=stride, transposed=True), jnp.float64)
        up.conv.bias[...] = jnp.zeros(3, jnp.float32)
        x = jnp.asarray(draw((4, 5, 2))[0], jnp.float64)
        weights = up.conv.kernel[::-1, ::-1].swapaxes(2, 3).astype(jnp.float64)
        (expected,) = jax.vjp(down, jnp.zeros((2, 4 * stride, 5 * stride, 3)))[1](x)
        np.testing.assert_allclose(up(x), expected, rtol=1e-12, atol=1e-12)
