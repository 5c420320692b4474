"""Dense maps as products of matrices, against jax's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.modules.cpu.products import rows_dot


def drawn(shape, seed, dtype=jnp.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (3, 5, 4), (2, 3, 5, 4)])
def test_a_dense_map_is_one_product_of_matrices(shape):
    numbers = (((len(shape) - 1,), (0,)), ((), ()))

    def gradients(dot):
        out, back = jax.vjp(lambda x, kernel: dot(x, kernel, numbers), x, kernel)
        return (out, *back(jnp.cos(out)))

    with jax.enable_x64(True):
        x, kernel = drawn(shape, 0, jnp.float64), drawn((4, 6), 1, jnp.float64)
        for found, wanted in zip(gradients(rows_dot), gradients(jax.lax.dot_general), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)


def test_the_kernels_gradient_reads_the_cotangent_in_place():
    """No product of the backward pass contracts more than one axis: XLA would copy what it has to transpose."""
    x, kernel = drawn((2, 3, 4), 0), drawn((4, 6), 1)
    numbers = (((2,), (0,)), ((), ()))
    program = jax.make_jaxpr(jax.grad(lambda k: rows_dot(x, k, numbers).sum()))(kernel)
    products = [equation for equation in program.eqns if equation.primitive.name == "dot_general"]
    assert products
    assert all(len(side) == 1 for each in products for side in each.params["dimension_numbers"][0])
