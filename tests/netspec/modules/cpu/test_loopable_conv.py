"""The convolution for loops, against the gradients that jax derives."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.modules.cpu.loopable_conv import loopable_conv


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_the_convolution_for_loops_has_the_gradients_that_jax_derives(kernel):
    draws = np.random.default_rng(0)
    plain = partial(jax.lax.conv_general_dilated, window_strides=(1, 1), padding="SAME")
    layout = ("NHWC", "HWIO", "NHWC")
    with jax.enable_x64(True):
        x, taps = (jnp.asarray(draws.normal(size=shape)) for shape in ((2, 6, 5, 3), (kernel, kernel, 3, 4)))
        ours, back = jax.vjp(loopable_conv, x, taps)
        theirs, their_back = jax.vjp(partial(plain, dimension_numbers=layout), x, taps)
        for one, other in zip((ours, *back(theirs)), (theirs, *their_back(theirs)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-11)
