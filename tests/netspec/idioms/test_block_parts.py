"""Parts of residual blocks: what each adds to counts, what it computes at the start, and which go together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec import layers as L
from netspec.errors import LayerError
from netspec.idioms.parts import conv, gate, normed
from netspec.idioms.residual import Block, preactivated, residual
from netspec.run.traced import Traced


def params(layers):
    return sum(layer.params() for layer in layers)


def network(layers, shape=(4, 4, 4)):
    return netspec.NetSpec("block", shape, tuple(layers))


def output(layers, x):
    model = netspec.build(network(layers, x.shape[1:]), nnx.Rngs(0))
    model.eval()
    return np.asarray(model(jnp.asarray(x)))


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(2, 4, 4, 4)).astype(np.float32)


def test_every_part_has_its_own_parameters():
    """Of a basic block of 4 channels, two kernels of 9·16 weights and two norms of a gain and a shift for each."""
    kernels, norms = 2 * 9 * 16, 2 * 2 * 4

    def count(norm="batch", activation="relu", **parts):
        return params(residual(4, 4, 4, block=Block(False, norm, activation, **parts)))

    assert count() == kernels + norms
    assert count("rms") == kernels + norms // 2
    assert count("none") == kernels + 2 * 4
    assert count("group", norm_groups=2) == count()
    assert count(activation="prelu") == count() + 2 * 4
    assert count(skip="scaled") == count() + 4
    assert count(skip="none") == count()
    assert count(attention="self") == count() + 4 * (4 * 4 + 4)
    assert count(attention="se", reduction=2) == count() + (4 * 2 + 2) + (2 * 4 + 4)


@pytest.mark.parametrize("make", [residual, preactivated])
@pytest.mark.parametrize("bottleneck", [False, True])
def test_a_scaled_branch_adds_nothing_at_the_start(make, bottleneck, x):
    """The identity, behind the sum's activation where there is one."""
    layers = make(4, 4, 4, block=Block(bottleneck, "batch", "relu", skip="scaled"))
    expected = np.maximum(x, 0) if make is residual else x
    np.testing.assert_array_equal(output(layers, x), expected)


@pytest.mark.parametrize("make", [residual, preactivated])
def test_without_a_skip_there_is_the_branch_alone(make, x):
    """With kernels of zeros the branch gives zeros, and nothing passes beside it."""
    layers = make(4, 4, 4, block=Block(False, "none", "relu", skip="none"))
    spec = network(layers)
    assert not any(isinstance(layer, L.Residual) for layer in spec.layers)
    model = netspec.build(spec, nnx.Rngs(0))
    state = nnx.state(model, nnx.Param)
    nnx.update(model, jax.tree.map(jnp.zeros_like, state))
    assert not np.asarray(model(jnp.asarray(x))).any()


def test_groups_of_a_norm_are_those_asked_for():
    """Two groups of two channels: each group of the output has mean 0 and mean square 1, a channel alone has not."""
    x = np.random.default_rng(1).normal(3.0, 2.0, (1, 4, 4, 4)).astype(np.float32)
    out = output(normed(4, "group", norm_groups=2), x)[0]
    for group in (out[..., :2], out[..., 2:]):
        assert group.mean() == pytest.approx(0, abs=1e-5)
        assert np.square(group).mean() == pytest.approx(1, abs=1e-4)
    assert abs(out[..., 0].mean()) > 1e-2


def test_rms_norm_is_over_the_channels_of_each_position(x):
    expected = x / np.sqrt(np.square(x).mean(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(output(normed(4, "rms"), x), expected, rtol=1e-5)


def test_attention_is_added_to_what_it_reads():
    (layer,) = gate(4, "self")
    assert isinstance(layer, L.Residual)
    assert layer.params() == L.ImageAttention(4).params()


@pytest.mark.parametrize("norm", ["batch", "layer", "rms", "group", "instance", "none"])
@pytest.mark.parametrize("activation", ["relu", "prelu"])
def test_a_convolution_with_its_norm_and_activation_has_the_shape_and_tensors_it_says(norm, activation):
    spec = network(conv(4, 8, 3, 2, norm=norm, activation=activation))
    traced = Traced(spec)
    assert (traced.params, traced.leaves) == (spec.params, (2, 2, 8))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"gate_after": "3x3"}, "a basic block ends in its 3×3"),
        ({"stride_in": "1x1"}, "a basic block has no 1×1"),
        ({"squeezed": 2}, "only squeeze-and-excitation squeezes"),
        ({"squeezed": 2, "attention": "eca"}, "only squeeze-and-excitation squeezes"),
        ({"norm_groups": 2}, "norm_groups are those of a group norm"),
        ({"skip": "none", "project": True}, "a plain network has no shortcut"),
        ({"skip": "none", "shortcut": "pad"}, "a plain network has no shortcut"),
    ],
)
def test_a_part_that_would_be_left_out_is_refused(parts, says):
    with pytest.raises(LayerError, match=says):
        Block(False, **parts)


def test_groups_of_another_norm_are_refused():
    with pytest.raises(LayerError, match="norm_groups are those of a group norm"):
        normed(4, "layer", norm_groups=2)
