"""Convolutions whose kernel's gradient is taken by strips, against the gradients that jax derives."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.modules.cpu import strip_conv

LAYOUT = ("NHWC", "HWIO", "NHWC")


@pytest.mark.parametrize("padding", ["SAME", "VALID", ((2, 1), (0, 2)), ((0, 2), (1, 1))], ids=str)
@pytest.mark.parametrize("kernel", [(3, 3), (5, 3), (2, 4)], ids=str)
@pytest.mark.parametrize("channels", [(3, 4), (5, 2)], ids=str)
@pytest.mark.parametrize(("pictures", "rows"), [(1, 28), (2, 21), (3, 16)])
def test_it_has_the_gradients_that_jax_derives(padding, kernel, channels, pictures, rows):
    draws = np.random.default_rng(0)
    if padding != "SAME" and padding != "VALID":
        padding = tuple(tuple(min(side, taps - 1) for side in pair) for pair, taps in zip(padding, kernel, strict=True))
    with jax.enable_x64(True):
        x = jnp.asarray(draws.normal(size=(pictures, rows, 9, channels[0])))
        taps = jnp.asarray(draws.normal(size=(*kernel, *channels)))
        named = {"window_strides": (1, 1), "padding": padding, "dimension_numbers": LAYOUT}
        plain = partial(jax.lax.conv_general_dilated, **named)
        ours, back = jax.vjp(
            lambda x, taps: strip_conv.strip_conv(x, taps, (1, 1), padding, dimension_numbers=LAYOUT), x, taps
        )
        theirs, their_back = jax.vjp(plain, x, taps)
        for one, other in zip((ours, *back(jnp.sin(theirs))), (theirs, *their_back(jnp.sin(theirs))), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-10)


@pytest.mark.parametrize(
    ("pictures", "rows", "expected"),
    [(1, 224, 8), (2, 224, 4), (3, 28, 4), (2, 14, 2), (1, 35, 5), (2, 8, 1), (1, 29, 1), (8, 224, 1), (500, 224, 1)],
)
def test_strips_are_equal_and_as_many_as_fill_a_vector(pictures, rows, expected, monkeypatch):
    assert strip_conv.strips_of(pictures, rows) == expected
    monkeypatch.setattr(jax, "device_count", lambda: 4)
    assert strip_conv.strips_of(4 * pictures, rows) == expected


def test_only_few_and_large_pictures_are_cut():
    def program(pictures, rows):
        x, taps = jnp.ones((pictures, rows, 8, 3)), jnp.ones((3, 3, 3, 4))
        call = partial(strip_conv.strip_conv, strides=(1, 1), padding="SAME", dimension_numbers=LAYOUT)
        return str(jax.make_jaxpr(call)(x, taps))

    assert "custom_vjp" in program(2, 28)
    assert "custom_vjp" not in program(8, 28) and "custom_vjp" not in program(2, 8)
