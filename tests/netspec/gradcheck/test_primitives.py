"""Modules in float64: every layer has a fixture, gradients are slopes, and a gradient that is not is found."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from netspec import catalogue
from netspec.gradcheck import primitives
from netspec.gradcheck.fixtures import FIXTURES
from netspec.layers.base import Combinator
from netspec.modules import SCHEMES, Numerics, module_of
from netspec.modules.attention import attend

#: Of every kind of code one, the quick ones; the workflow checks all.
QUICK = (
    "Dense", "Conv2d", "ConvBN", "MaxPool", "SeparableConv", "FireModule", "PatchEmbed", "TokenPositionEmbed",
    "Highway", "MambaBlock", "WaveNetBlock", "TimeCondition", "Load", "Heads and ForEach", "OnRegions",
)  # fmt: skip
CASES = [fixture for fixture in FIXTURES if fixture.name in QUICK]


@pytest.mark.thinned(3)
@pytest.mark.parametrize("fixture", CASES, ids=lambda fixture: fixture.text)
def test_every_gradient_is_a_slope(fixture):
    for mode in primitives.modes(fixture):
        found = list(primitives.check(fixture, mode))
        assert found
        for check in found:
            assert check.passed, check
            assert 10 * check.error <= check.tolerance, check


def test_every_layer_of_the_catalogue_has_a_fixture():
    used = {type(row.layer).__name__ for spec in catalogue.specs() for row in spec.flat()}
    combinators = {row.layer for spec in catalogue.specs() for row in spec.flat() if isinstance(row.layer, Combinator)}
    named = {word for fixture in FIXTURES for word in fixture.name.split(" and ")}
    assert used <= named
    assert {type(layer).__name__ for layer in combinators} <= named


def test_both_modes_of_batch_norm_are_checked_and_differ():
    (fixture,) = (fixture for fixture in FIXTURES if fixture.text.startswith("SeparableConv"))
    assert primitives.modes(fixture) == ("training", "evaluation")
    training, evaluation = (
        [check.where for check in primitives.check(fixture, mode)] for mode in primitives.modes(fixture)
    )
    assert training != evaluation


@pytest.mark.thinned(3)
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.text)
def test_nothing_on_the_way_is_rounded_to_float32(fixture):
    with jax.enable_x64(True):
        program = primitives.prepare(fixture, primitives.modes(fixture)[0])
        assert "f32" not in str(jax.make_jaxpr(program.loss)(program.tensors))
        assert all(tensor.dtype == np.float64 for tensor in program.tensors.values())


def test_a_wrong_gradient_of_one_tensor_is_named():
    @jax.custom_vjp
    def wrong(x):
        return jnp.tanh(x)

    wrong.defvjp(lambda x: (jnp.tanh(x), x), lambda x, dy: (1.01 * dy * (1 - jnp.tanh(x) ** 2),))

    def loss(tensors):
        terms = wrong(tensors["gate"]) + jnp.sin(tensors["input"])
        return terms.sum(), terms

    tensors = {name: np.random.default_rng(0).standard_normal(5) for name in ("gate", "input")}
    with jax.enable_x64(True):
        found = list(primitives.compare(primitives.Program(loss, tensors), np.random.default_rng(1)))
    assert [check.where.split(":")[0] for check in found if not check.passed] == ["gate"]


def test_the_longest_path_counts_the_terms_of_sums():
    def program(x, w):
        return jnp.exp(x @ w).sum()

    jaxpr = jax.make_jaxpr(program)(jnp.zeros((3, 7)), jnp.zeros((7, 5))).jaxpr
    assert primitives.longest_path(jaxpr) == 7 + 4 + 15

    def loop(x):
        return jax.lax.scan(lambda carry, _: (carry * x, None), x, None, length=9)[0]

    assert primitives.longest_path(jax.make_jaxpr(loop)(1.0).jaxpr) == 9


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"bias": True}, {"mask": True}], ids=str)
def test_attention_in_float64_is_that_of_jax(options):
    rng = np.random.default_rng(0)
    query, key, value = (rng.standard_normal((2, 5, 3, 4)) for _ in range(3))
    given = dict(options)
    if "bias" in given:
        given["bias"] = rng.standard_normal((2, 3, 5, 5))
    if "mask" in given:
        given["mask"] = rng.random((2, 1, 5, 5)) < 0.6
        given["mask"] |= np.eye(5, dtype=bool)
    single = {name: x.astype(np.float32) if name == "bias" else x for name, x in given.items()}
    expected = jax.nn.dot_product_attention(*(jnp.float32(x) for x in (query, key, value)), **single)
    with jax.enable_x64(True):
        found = attend(*map(jnp.asarray, (query, key, value)), **given)
        assert found.dtype == jnp.float64
        np.testing.assert_allclose(found, np.asarray(expected), atol=1e-5)


def test_numerics_stay_float32_when_products_run_in_fewer_bits():
    half = Numerics(SCHEMES["book"], jnp.bfloat16)
    assert half.wide_dtype == jnp.float32
    (fixture,) = (fixture for fixture in FIXTURES if fixture.text.startswith("TransformerEncoder(6, 2, 8, 2"))
    module = nnx.eval_shape(lambda: module_of(fixture.described, half, nnx.Rngs(0)))
    assert module.norm.dtype == jnp.float32
    leaves = nnx.eval_shape(lambda module, x: module(x), module, jax.ShapeDtypeStruct((2, 5, 6), jnp.float32))
    assert leaves.dtype == jnp.float32
