"""Attention and dense maps as they are written for CPU, against jax's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.modules.attention import attend
from netspec.modules.cpu.products import rows_dot


def drawn(shape, seed, dtype=jnp.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


@pytest.mark.parametrize("case", ["plain", "bias", "mask", "causal", "cross"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float32, 1e-6), (jnp.bfloat16, 2e-2)])
def test_attention_and_its_gradients_are_those_of_jax(case, dtype, tolerance):
    tokens, keys = (7, 11 if case == "cross" else 7)
    q, k, v = drawn((2, tokens, 3, 8), 0, dtype), drawn((2, keys, 3, 8), 1, dtype), drawn((2, keys, 3, 8), 2, dtype)
    options = {
        "bias": {"bias": drawn((1, 3, tokens, keys), 3, dtype)},
        "mask": {"mask": drawn((2, 1, tokens, keys), 4) > -1},
        "causal": {"is_causal": True},
    }.get(case, {})

    def ours(q, k, v):
        return attend(q, k, v, **options)

    def theirs(q, k, v):
        return jax.nn.dot_product_attention(q, k, v, **options)

    (mine, back), (expected, back_expected) = jax.vjp(ours, q, k, v), jax.vjp(theirs, q, k, v)
    assert mine.dtype == expected.dtype
    cotangent = drawn(mine.shape, 5, dtype)
    for found, wanted in zip((mine, *back(cotangent)), (expected, *back_expected(cotangent)), strict=True):
        np.testing.assert_allclose(np.float32(found), np.float32(wanted), atol=tolerance * 4, rtol=tolerance)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (3, 5, 4), (2, 3, 5, 4)])
def test_a_dense_map_is_one_product_of_matrices(shape):
    x, kernel = drawn(shape, 0), drawn((4, 6), 1)
    numbers = (((x.ndim - 1,), (0,)), ((), ()))

    def gradients(dot):
        out, back = jax.vjp(lambda x, kernel: dot(x, kernel, numbers), x, kernel)
        return (out, *back(jnp.cos(out)))

    for found, wanted in zip(gradients(rows_dot), gradients(jax.lax.dot_general), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=1e-6)


def test_the_kernels_gradient_reads_the_cotangent_in_place():
    """No product of the backward pass contracts more than one axis: XLA would copy what it has to transpose."""
    x, kernel = drawn((2, 3, 4), 0), drawn((4, 6), 1)
    numbers = (((2,), (0,)), ((), ()))
    program = jax.make_jaxpr(jax.grad(lambda k: rows_dot(x, k, numbers).sum()))(kernel)
    products = [equation for equation in program.eqns if equation.primitive.name == "dot_general"]
    assert products
    assert all(len(side) == 1 for each in products for side in each.params["dimension_numbers"][0])
