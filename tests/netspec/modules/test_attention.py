"""Attention as it is written out for CPU, against its formula and jax's own."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.modules.attention import attend


def drawn(shape, seed, dtype=jnp.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


def given(case, dtype):
    """Query, key and value, and the options of a case."""
    tokens, keys = (7, 11 if case == "cross" else 7)
    q, k, v = drawn((2, tokens, 3, 8), 0, dtype), drawn((2, keys, 3, 8), 1, dtype), drawn((2, keys, 3, 8), 2, dtype)
    options = {
        "bias": {"bias": drawn((1, 3, tokens, keys), 3, dtype)},
        "mask": {"mask": drawn((2, 1, tokens, keys), 4) > -1},
        "causal": {"is_causal": True},
    }
    return (q, k, v), options.get(case, {})


@pytest.mark.thinned(3)
@pytest.mark.parametrize("case", ["plain", "bias", "mask", "causal", "cross"])
def test_attention_and_its_gradients_are_those_of_the_formula(case):
    with jax.enable_x64(True):
        inputs, options = given(case, jnp.float64)

        def formula(q, k, v):
            """``softmax(q kᵀ / √c + bias) v`` for each head, what is hidden at minus infinity."""
            logits = jnp.einsum("bthc,bshc->bhts", q, k) / np.sqrt(q.shape[-1]) + options.get("bias", 0.0)
            seen = options.get("mask", True) & (np.tri(*logits.shape[-2:], dtype=bool) | ("is_causal" not in options))
            weights = jnp.where(seen, jnp.exp(logits), 0.0)
            return jnp.einsum("bhts,bshd->bthd", weights / weights.sum(-1, keepdims=True), v)

        (found, back), (expected, back_expected) = (
            jax.vjp(attention, *inputs) for attention in (partial(attend, **options), formula)
        )
        cotangent = drawn(found.shape, 5, jnp.float64)
        for one, other in zip((found, *back(cotangent)), (expected, *back_expected(cotangent)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("case", ["plain", "bias", "mask", "causal", "cross"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(jnp.float32, 1e-6), (jnp.bfloat16, 2e-2)])
def test_attention_is_that_of_jax_in_narrow_types(case, dtype, tolerance):
    inputs, options = given(case, dtype)
    found, expected = attend(*inputs, **options), jax.nn.dot_product_attention(*inputs, **options)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(np.float32(found), np.float32(expected), atol=tolerance * 4, rtol=tolerance)
