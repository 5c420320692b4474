"""Where paths part and join: the plain operations, and no chain of blocks in one expression."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from lone_modules import build, draw

from netspec import layers as L
from netspec.modules.cpu.sums_once import relu_of_sum, two_paths

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_relu_of_a_sum_is_both_one_after_the_other(dtype):
    """Values and gradients, also where the terms cancel, overflow or are no numbers."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((2, 1000)) * 10.0 ** rng.integers(-30, 30, (2, 1000))
    odd = np.array(np.meshgrid(*2 * [[0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]])).reshape(2, -1)
    with jax.enable_x64(True):
        a, b = jnp.asarray(np.concatenate([drawn, odd, np.stack([drawn[0], -drawn[0]])], axis=1), dtype)
        weights = jnp.arange(1, 1 + a.size).astype(dtype)
        y, backward = jax.vjp(relu_of_sum, a, b)
        expected, expected_backward = jax.vjp(lambda a, b: nnx.relu(a + b), a, b)
        assert y.dtype == expected.dtype == dtype
        np.testing.assert_array_equal(np.float64(y), np.float64(expected))
        np.testing.assert_array_equal(np.float64(backward(weights)), np.float64(expected_backward(weights)))


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (2, 3, 4, 5)])
def test_gradients_of_two_paths_are_added(shape):
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        x, first, second = jnp.asarray(rng.standard_normal((3, *shape)))
        (a, b), backward = jax.vjp(two_paths, x)
        np.testing.assert_array_equal(a, x)
        np.testing.assert_array_equal(b, x)
        np.testing.assert_array_equal(backward((first, second))[0], first + second)


def most_read(layer, *shapes):
    """The largest number of arrays that one operation of the compiled gradient reads."""
    graph, params, rest = nnx.split(build(layer), nnx.Param, ...)

    def loss(params, inputs):
        return sum(
            jnp.square(leaf).sum() for leaf in jax.tree.leaves(nnx.merge(graph, params, rest, copy=True)(*inputs))
        )

    program = jax.jit(jax.grad(loss)).lower(params, draw(*shapes)).compile().as_text()
    return max(found.count("%") for found in re.findall(r" fusion\((.*?)\), kind", program))


@pytest.mark.exhaustive
@pytest.mark.skipif(jax.default_backend() != "cpu", reason="other compilers put operations together in other ways")
@pytest.mark.parametrize(
    ("layers", "shapes"),
    [
        (lambda count: L.ResidualBlock(8, 8, count, 1), [(6, 6, 8)]),
        (lambda count: L.ShuffleBlock(8, 16, 2, count), [(8, 8, 8)]),
        (lambda count: L.TransformerEncoder(32, 2, 64, count), [(9, 32)]),
        (lambda count: L.TransformerDecoder(32, 2, 64, count, 0, "memory"), [(9, 32), (9, 32)]),
        (lambda count: L.SwinStage(32, 2, 64, 7, count), [(14, 14, 32)]),
    ],
    ids=["residual", "shuffle", "encoder", "decoder", "swin"],
)
def test_blocks_are_not_added_up_again_in_later_ones(layers, shapes):
    few, many = (most_read(layers(count), *shapes) for count in (3, 6))
    assert few == many
