"""Convolutions with groups, holes, two sizes and padding in numbers, against sums written out in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lone_modules import build, draw

from netspec import LayerError
from netspec import layers as L
from netspec.layers.window import both, sides

PLAIN = [
    L.Conv2d(4, 6, (1, 3), padding=(0, 1), activation="identity"),
    L.Conv2d(4, 6, 4, padding=1, activation="identity"),
    L.Conv2d(4, 6, 3, padding=(0, 1, 0, 1), activation="identity", stride=2),
    L.Conv2d(4, 6, (3, 2), "valid", "identity", (1, 2), groups=2, bias=False),
    L.Conv2d(4, 8, 3, padding=2, activation="identity", dilation=2, groups=4),
    L.Conv2d(4, 4, 3, padding=(2, 1), activation="identity", dilation=(2, 1), groups=4),
    L.Conv2d(4, 6, 1, padding=1, activation="identity", stride=2),
]
TRANSPOSED = [
    L.Conv2d(4, 6, 3, 1, "identity", 2, transposed=True, output_padding=1),
    L.Conv2d(4, 6, 3, 1, "identity", 2, transposed=True, groups=2),
    L.Conv2d(4, 6, (2, 4), (0, 1), "identity", (2, 3), transposed=True, bias=False),
    L.Conv2d(4, 6, 4, 0, "identity", 1, transposed=True),
    L.Conv2d(4, 6, 3, (0, 1, 2, 0), "identity", 2, transposed=True, dilation=2),
]


def in_double(layer, shape):
    module, (x,) = build(layer, jnp.float64), draw(shape)
    x = np.asarray(x, np.float64)
    kernel = np.asarray(module.conv.kernel[...], np.float64)
    bias = np.asarray(module.conv.bias[...], np.float64) if layer.bias else 0.0
    return np.asarray(module(jnp.asarray(x))), x, kernel, bias


def one_by_one(layer, x, kernel, bias):
    """Every output as the sum under its window."""
    (top, bottom), (left, right) = sides(layer.padding)
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    (down, across), (hole, gap), groups = both(layer.stride), both(layer.dilation), layer.groups
    rows = (x.shape[1] - hole * (kernel.shape[0] - 1) - 1) // down + 1
    columns = (x.shape[2] - gap * (kernel.shape[1] - 1) - 1) // across + 1
    y = np.zeros((len(x), rows, columns, layer.out_channels)) + bias
    read, written = layer.in_channels // groups, layer.out_channels // groups
    for (i, j), g in ((at, g) for at in np.ndindex(*kernel.shape[:2]) for g in range(groups)):
        seen = x[:, i * hole :: down, j * gap :: across][:, :rows, :columns, g * read : (g + 1) * read]
        out = slice(g * written, (g + 1) * written)
        y[..., out] += seen @ kernel[i, j][:, out]
    return y


@pytest.mark.parametrize("layer", PLAIN, ids=str)
def test_a_convolution_is_the_sum_under_its_window(layer):
    with jax.enable_x64(True):
        found, *given = in_double(layer, (7, 8, 4))
    np.testing.assert_allclose(found, one_by_one(layer, *given), rtol=1e-12, atol=1e-12)
    assert found.shape[1:] == layer.output_shape((7, 8, 4))


@pytest.mark.parametrize("layer", TRANSPOSED, ids=str)
def test_a_transposed_convolution_spreads_every_input_under_its_window(layer):
    with jax.enable_x64(True):
        found, x, kernel, bias = in_double(layer, (3, 4, 4))
    (down, across), (hole, gap), groups = both(layer.stride), both(layer.dilation), layer.groups
    added = both(layer.output_padding)
    rows = down * 2 + hole * (kernel.shape[0] - 1) + 1 + added[0]
    columns = across * 3 + gap * (kernel.shape[1] - 1) + 1 + added[1]
    y = np.zeros((len(x), rows, columns, layer.out_channels)) + bias
    read, written = layer.in_channels // groups, layer.out_channels // groups
    for (i, j), g in ((at, g) for at in np.ndindex(*kernel.shape[:2]) for g in range(groups)):
        out = slice(g * written, (g + 1) * written)
        turned = kernel[-1 - i, -1 - j][:, out]
        spread = x[..., g * read : (g + 1) * read] @ turned
        y[:, i * hole : i * hole + down * 2 + 1 : down, j * gap : j * gap + across * 3 + 1 : across, out] += spread
    (top, bottom), (left, right) = sides(layer.padding)
    y = y[:, top : rows - bottom, left : columns - right]
    np.testing.assert_allclose(found, y, rtol=1e-12, atol=1e-12)
    assert found.shape[1:] == layer.output_shape((3, 4, 4))


def test_padding_in_numbers_leaves_what_padding_same_leaves_where_both_agree():
    for kernel in (1, 3, 5):
        same, numbers = L.ConvBN(3, 4, kernel, 2), L.ConvBN(3, 4, kernel, 2, kernel // 2)
        (x,) = draw((7, 8, 3))
        np.testing.assert_array_equal(build(same)(x), build(numbers)(x))


def test_the_bias_of_a_normed_convolution_is_counted_and_built():
    with_bias, without = L.ConvBN(3, 4, 3, bias=True), L.ConvBN(3, 4, 3)
    assert with_bias.params() - without.params() == 4
    assert build(with_bias).conv.bias[...].shape == (4,)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (L.Conv2d(4, 6, 3, groups=3), "groups do not divide the channels: arrived 3 groups, expected a divisor of 4"),
        (L.Conv2d(4, 6, (3, 0)), "kernel must be whole numbers"),
        (L.Conv2d(4, 6, 3, -1), "padding must be a non-negative integer"),
        (L.Conv2d(4, 6, 3, (1, 2, 3)), "padding must be whole numbers: arrived (1, 2, 3), expected 2 or 4 of them"),
        (L.Conv2d(4, 6, 3, output_padding=1), "nothing to add to the output"),
        (L.Conv2d(4, 6, 3, 1, stride=2, transposed=True, output_padding=2), "too much added to the output"),
        (L.Conv2d(4, 6, 3, transposed=True, groups=2), "a transposed convolution needs its padding"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused(layer, message):
    with pytest.raises(LayerError) as error:
        layer.check()
    assert message in str(error.value)


def test_a_window_larger_than_the_padded_image_is_refused():
    with pytest.raises(LayerError, match="kernel larger than its input"):
        L.Conv2d(4, 6, 7, 1).output_shape((4, 9, 4))
