"""Depthwise convolutions as sums of taps: the same numbers as XLA's convolution, and only where it is slow."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from netspec.layers.mamba_block import MambaBlock
from netspec.modules.base import Numerics
from netspec.modules.cpu import depthwise
from netspec.modules.cpu.depthwise import Window, depthwise_conv
from netspec.modules.initialize import Scheme
from netspec.modules.mamba_block import Mamba
from netspec.run.traced import multiply_adds

pytestmark = pytest.mark.slow

CASES = {
    "3x3": ((9, 11), (3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1))),
    "3x3 by two": ((10, 7), (3, 3), Window((2, 2), ((1, 1), (1, 1)), (1, 1))),
    "5x5 by two, odd": ((13, 12), (5, 5), Window((2, 2), ((2, 2), (2, 2)), (1, 1))),
    "7x7 on less than it": ((3, 2), (7, 7), Window((1, 1), ((3, 3), (3, 3)), (1, 1))),
    "no padding": ((8, 9), (3, 3), Window((1, 1), ((0, 0), (0, 0)), (1, 1))),
    "no padding, rows left over": ((10, 9), (3, 3), Window((3, 3), ((0, 0), (0, 0)), (1, 1))),
    "even and lopsided": ((8, 6), (4, 2), Window((2, 1), ((1, 2), (0, 1)), (1, 1))),
    "dilated": ((17, 9), (3, 3), Window((1, 1), ((2, 2), (2, 2)), (2, 2))),
    "dilated, by two": ((17, 9), (3, 3), Window((2, 2), ((3, 3), (2, 2)), (3, 2))),
    "one by one": ((4, 4), (1, 1), Window((2, 2), ((0, 0), (0, 0)), (1, 1))),
    "causal": ((19,), (4,), Window((1,), ((3, 0),), (1,))),
    "three axes": ((4, 5, 6), (3, 2, 3), Window((1, 2, 1), ((1, 1), (0, 1), (1, 1)), (1, 1, 1))),
}


NUMERICS = Numerics(Scheme(nnx.initializers.ones, nnx.initializers.zeros))


def drawn(sizes, taps, dtype=jnp.float32):
    generator = np.random.default_rng(0)
    return tuple(jnp.asarray(generator.normal(size=shape), dtype) for shape in ((2, *sizes, 5), (*taps, 1, 5)))


@pytest.mark.parametrize("case", CASES)
def test_both_forms_agree_in_value_and_gradients(case):
    sizes, taps, window = CASES[case]
    with jax.enable_x64(True):
        x, kernel = drawn(sizes, taps, jnp.float64)
        by_taps = partial(
            depthwise_conv,
            strides=window.strides,
            padding=window.padding,
            rhs_dilation=window.dilation,
            feature_group_count=5,
        )
        grouped = partial(depthwise.grouped, window=window)
        shape = jax.eval_shape(grouped, x, kernel).shape
        cotangent = np.random.default_rng(1).normal(size=shape)

        def found(form):
            value, back = jax.vjp(form, x, kernel)
            return value, *back(cotangent)

        for one, other in zip(*(jax.jit(found, static_argnums=0)(form) for form in (by_taps, grouped)), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("height", [1, 2, 3, 5, 8, 13, 17, 19])
@pytest.mark.parametrize("width", [2, 17, 37])
def test_every_position_is_summed_once(height, width):
    x, kernel = drawn((height, width), (3, 3))
    window = Window((1, 1), ((1, 1), (1, 1)), (1, 1))
    found = jax.jit(lambda *given: depthwise.gradients_of_taps(*given, window)[1])(x, kernel, jnp.ones_like(x))
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    for down, across in np.ndindex(3, 3):
        under = padded[:, down : down + height, across : across + width]
        np.testing.assert_allclose(found[down, across, 0], under.sum((0, 1, 2)), rtol=0, atol=1e-4)


@pytest.mark.parametrize("sizes", [(1,), (7,), (112,), (5, 7), (7, 7), (56, 56), (53, 97), (3, 4, 5), (9, 9, 40)])
def test_blocks_cover_all_and_are_small(sizes):
    block = depthwise._block(sizes)
    assert 1 <= np.prod(block) <= depthwise.TERMS
    assert all(side <= size for side, size in zip(block, sizes, strict=True))
    assert np.prod(block) >= min(np.prod(sizes), depthwise.TERMS) / 2


@pytest.mark.exhaustive
def test_sums_of_narrow_types_are_wide():
    x, kernel = (jnp.ones(shape, jnp.bfloat16) for shape in ((1, 40, 40, 1), (17, 17, 1, 1)))
    found, back = jax.vjp(lambda *given: depthwise_conv(*given, (1, 1), "VALID", rhs_dilation=(1, 1)), x, kernel)
    assert found.dtype == jnp.bfloat16 and (found == 288).all()  # 289 rounded; a running sum stops at 256
    of_x, of_kernel = back(jnp.ones_like(found))
    assert of_x.dtype == of_kernel.dtype == jnp.bfloat16
    assert (of_kernel == 576).all() and of_x.max() == 288


def layers():
    """3×3 convolutions of six channels, by their number of groups."""
    return {groups: NUMERICS.conv(6, 6, 3, nnx.Rngs(0), groups=groups) for groups in (1, 3, 6)}


def program(layer, platform):
    call = jax.jit(lambda x: jax.value_and_grad(lambda x: layer(x).sum())(x))
    return call.trace(jnp.ones((2, 8, 8, 6))).lower(lowering_platforms=(platform,)).as_text()


def test_taps_are_for_processors_and_one_kernel_per_channel():
    by_groups = layers()
    assert "stablehlo.convolution" not in program(by_groups[6], "cpu")
    assert program(by_groups[6], "cuda").count("stablehlo.convolution") >= 2
    for groups in (1, 3):
        assert "stablehlo.convolution" in program(by_groups[groups], "cpu")


def test_taps_count_as_the_convolution_they_are():
    x = jnp.ones((2, 8, 8, 6))
    for groups, layer in layers().items():
        assert multiply_adds(jax.make_jaxpr(layer)(x).jaxpr) == 2 * 8 * 8 * 6 * 9 * 6 // groups


def test_mamba_convolves_by_taps():
    layer = Mamba(MambaBlock(width=4, state_size=2, expand=2, n_blocks=1), NUMERICS, nnx.Rngs(0))
    assert "stablehlo.convolution" not in jax.jit(layer).lower(jnp.ones((1, 9, 4))).as_text()


def test_examples_are_summed_after_the_loop():
    """By which devices that share a batch exchange the gradient of a kernel once, not for every tap."""
    x, kernel = drawn((8, 8), (3, 3))
    window = Window((1, 1), ((1, 1), (1, 1)), (1, 1))
    traced = jax.make_jaxpr(lambda *given: depthwise.gradients_of_taps(*given, window))(x, kernel, x)
    (loop,) = [equation for equation in traced.eqns if equation.primitive.name == "scan"]
    assert [out.aval.shape for out in loop.outvars] == [(2, 3, 3, 5)]
