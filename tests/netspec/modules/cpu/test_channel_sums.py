"""Layers whose sums over positions are written out: the numbers and the parameters of flax's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from netspec.modules.cpu import channel_sums as columns

pytestmark = pytest.mark.slow


def drawn(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(3, 2, shape), jnp.float32)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("positions", [*range(1, 36), 49, 196, 197, 3137])
def test_every_position_is_summed_once(positions):
    x = drawn(2, positions, 3)
    np.testing.assert_allclose(jax.jit(columns.by_strips)(x), np.sum(x, (0, 1)), rtol=1e-5)
    assert positions % columns.strips_of(positions) < 4


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 9, 5), (2, 6, 7, 5), (1, 3, 4, 5, 5)])
def test_any_number_of_axes(shape):
    x = drawn(*shape)
    np.testing.assert_allclose(jax.jit(columns.column_sum)(x), np.sum(x, tuple(range(x.ndim - 1))), rtol=1e-5)


def test_narrow_types_are_summed_wide():
    x = jnp.ones((2, 40, 40, 1), jnp.bfloat16)  # where a running sum stops at 256
    assert columns.column_sum(x) == 3200
    assert jax.grad(lambda b: columns.plus_bias(x, b).sum().astype(jnp.float32))(jnp.zeros(1, jnp.bfloat16)) == 3200


def pair(name, dtype=jnp.float64):
    """Our layer and flax's, with the same parameters."""
    options = {"dtype": dtype, "rngs": nnx.Rngs(0)}
    bias = {"bias_init": nnx.initializers.normal(1.0)}
    both = {"bias_init": nnx.initializers.normal(1.0), "scale_init": nnx.initializers.normal(1.0)}
    arguments = {
        "BatchNorm": ((5,), {"momentum": 0.9, **both}),
        "LayerNorm": ((5,), {"use_fast_variance": False, **both}),
        "Linear": ((5, 4), bias),
        "Conv": ((5, 4, (3, 3)), {"use_bias": True, **bias}),
    }[name]
    ours, theirs = (getattr(where, name)(*arguments[0], **arguments[1], **options) for where in (columns, nnx))
    state = jax.tree.map(lambda leaf: leaf.astype(dtype), nnx.state(ours))
    nnx.update(ours, state), nnx.update(theirs, state)
    return ours, theirs


@pytest.mark.parametrize("name", ["BatchNorm", "LayerNorm", "Linear", "Conv"])
def test_values_gradients_and_statistics_are_those_of_flax(name):
    with jax.enable_x64(True):
        x, weights = drawn(3, 6, 7, 5).astype(jnp.float64), drawn(3, 6, 7, 5, seed=1).astype(jnp.float64)

        def found(layer):
            structure, parameters, rest = nnx.split(layer, nnx.Param, ...)

            def loss(parameters, x):
                model = nnx.merge(structure, parameters, rest, copy=True)
                y = model(x)
                return (jnp.sin(y) * weights[..., : y.shape[-1]]).sum(), (y, nnx.split(model, nnx.Param, ...)[2])

            return jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))(parameters, x)

        ours, theirs = map(found, pair(name))
        assert jax.tree.structure(ours[1]) == jax.tree.structure(theirs[1])
        for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_batch_norm_evaluates_by_its_running_statistics():
    ours, theirs = pair("BatchNorm", jnp.float32)
    x = drawn(3, 6, 7, 5)
    ours(x), theirs(x)
    ours.eval(), theirs.eval()
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-5)
    assert abs(ours.mean[...] - 0.1 * x.mean((0, 1, 2))).max() < 1e-6


def test_other_platforms_sum_plainly():
    text = {
        platform: jax.jit(columns.column_sum).trace(drawn(2, 64, 5)).lower(lowering_platforms=(platform,)).as_text()
        for platform in ("cpu", "cuda")
    }
    assert "dot_general" in text["cpu"] and "dot_general" not in text["cuda"]
