"""Dropout and stochastic depth: off by default, the stated rates, the expectation kept, nothing in evaluation."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec.layers import Conv2d, Dense, Flatten, GlobalAvgPool, MobileViTBlock, SwinStage, TransformerEncoder
from netspec.modules import build
from netspec.modules.stochastic_depth import StochasticDepth, grow_linearly

pytestmark = pytest.mark.slow

#: Networks whose modules end their residual branches here, and how many branches they have.
RESIDUAL = {
    "ViT-Digits": 8,
    "ResNet-18": 8,
    "ResNet-50": 16,
    "ConvNeXt-T": 18,
    "Swin-T": 24,
    "MobileNet-v2": 10,
    "EfficientNet-B0": 9,
}


def ends(model):
    found = [module for _, module in nnx.iter_modules(model) if isinstance(module, StochasticDepth)]
    return sorted(module.rate for module in found)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", RESIDUAL)
def test_rates_grow_linearly_over_all_residual_branches(name):
    model = nnx.eval_shape(lambda: build(netspec.find(name), nnx.Rngs(0), stochastic_depth=0.3))
    count = RESIDUAL[name]
    assert ends(model) == pytest.approx([0.3 * (index + 1) / count for index in range(count)])


@pytest.mark.parametrize("name", ["ViT-Digits", "LeNet-5"])
def test_off_by_default(name):
    model = nnx.eval_shape(lambda: build(netspec.find(name), nnx.Rngs(0)))
    assert not ends(model)
    assert not jax.tree.leaves(nnx.state(model, nnx.RngState))


def test_a_branch_is_left_out_for_whole_examples_and_scaled_for_the_others():
    end = StochasticDepth(nnx.Rngs(0))
    grow_linearly([end], 0.25)
    out = np.asarray(end(jnp.ones((4000, 3, 2))))
    per_example = out[:, 0, 0]
    np.testing.assert_array_equal(out, np.broadcast_to(per_example[:, None, None], out.shape))
    assert set(np.unique(per_example)) == {0, np.float32(1 / 0.75)}
    # Four standard deviations of a mean of 4,000 draws.
    assert per_example.mean() == pytest.approx(1, abs=4 * math.sqrt(0.25 / 0.75 / 4000))
    end.eval()
    np.testing.assert_array_equal(end(jnp.ones((5, 2))), 1)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (TransformerEncoder(6, 2, 8, 2), (5, 6)),
        (SwinStage(6, 2, 8, 2, 2), (4, 4, 6)),
        (MobileViTBlock(4, 6, 2, 8, 2), (4, 4, 4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_branch_end_of_a_transformer_acts(layer, shape):
    model = build(netspec.NetSpec("one", shape, (layer,)), nnx.Rngs(0), stochastic_depth=0.5)
    model(jnp.ones((2, *shape)))
    found = [module for _, module in nnx.iter_modules(model) if isinstance(module, StochasticDepth)]
    assert [int(end.rngs.count[...]) for end in found] == [1] * 4


def test_dropout_acts_before_dense_layers_but_not_after_flatten():
    layers = (Conv2d(1, 4, 3), Flatten(), Dense(64, 8), Dense(8, 3))
    model = build(netspec.NetSpec("flat", (4, 4, 1), layers), nnx.Rngs(0), dropout=0.5)
    assert [isinstance(module, nnx.Sequential) for module in model.layers] == [False, False, False, True]
    pooled = (Conv2d(1, 4, 3), GlobalAvgPool(), Dense(4, 3))
    model = build(netspec.NetSpec("pooled", (4, 4, 1), pooled), nnx.Rngs(0), dropout=0.5)
    assert isinstance(model.layers[2].layers[0], nnx.Dropout)
    model.eval()
    x = jnp.ones((2, 4, 4, 1))
    np.testing.assert_array_equal(model(x), model(x))


@pytest.mark.parametrize("rates", [{"dropout": 1.0}, {"stochastic_depth": -0.1}])
def test_a_rate_that_is_none(rates):
    with pytest.raises(ValueError, match=r"expected at least 0 and below 1"):
        build(netspec.find("LeNet-5"), nnx.Rngs(0), **rates)
