"""What a built network is called with: its shapes, its types and its names, checked while the call is traced."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec import InputError, NetSpec, SpecError, catalogue
from netspec import layers as L
from netspec.modules.inputs import check, inputs_of

PICTURES = NetSpec("pictures", (8, 6, 3), (L.ConvBN(3, 2, 3), L.GlobalAvgPool()))
TOKENS = NetSpec("tokens", (5,), (L.TokenPositionEmbed(7, 5, 4),))
POINTS = NetSpec("points", (4,), (L.Load("view", "add"),), extra_inputs={"view": (4,)})
#: Numbers and indices of the same shape, the indices second and through a tap.
MIXED = NetSpec("mixed", (5,), (L.Save("numbers"), L.Load("text"), L.OneHotDense(7, 5), L.Load("numbers"),
                                L.Dense(5, 5)), extra_inputs={"text": (5,)})  # fmt: skip


def called(spec, x, **named):
    model = nnx.eval_shape(lambda: netspec.build(spec, nnx.Rngs(0)))
    return nnx.eval_shape(lambda model: model(x, **named), model)


@pytest.mark.parametrize(
    ("spec", "x", "named", "says"),
    [
        (PICTURES, np.zeros((8, 6, 3)), {}, "arrived (8, 6, 3), expected (batch, 8, 6, 3); a batch axis is missing"),
        (PICTURES, np.zeros((2, 3, 8, 6)), {}, "arrived (2, 3, 8, 6), expected (batch, 8, 6, 3); channels come last"),
        (
            PICTURES,
            np.zeros((3, 8, 6)),
            {},
            "expected (batch, 8, 6, 3); channels come last and a batch axis is missing",
        ),
        (PICTURES, np.zeros((2, 8, 7, 3)), {}, "expected (batch, 8, 6, 3); for another size build dataclasses.replace"),
        (PICTURES, np.zeros((2, 6, 8, 3)), {}, "arrived (2, 6, 8, 3), expected (batch, 8, 6, 3)"),
        (PICTURES, np.zeros((2, 8, 6, 1)), {}, "arrived (2, 8, 6, 1), expected (batch, 8, 6, 3)"),
        (PICTURES, np.zeros((1, 2, 8, 6, 3)), {}, "arrived (1, 2, 8, 6, 3), expected (batch, 8, 6, 3)"),
        (PICTURES, np.zeros((0, 8, 6, 3)), {}, "arrived (0, 8, 6, 3), expected (batch, 8, 6, 3) with at least one"),
        (PICTURES, np.zeros(()), {}, "arrived (), expected (batch, 8, 6, 3)"),
        (PICTURES, np.zeros((2, 8, 6, 3), np.uint8), {}, "arrived uint8 (2, 8, 6, 3), expected numbers of a floating"),
        (PICTURES, np.zeros((2, 8, 6, 3), bool), {}, "arrived bool (2, 8, 6, 3), expected numbers of a floating"),
        (PICTURES, np.zeros((2, 8, 6, 3), complex), {}, "arrived complex128 (2, 8, 6, 3), expected numbers of a float"),
        (PICTURES, [[0.0]], {}, "arrived [[0.0]], expected an array of shape (batch, 8, 6, 3)"),
        (PICTURES, None, {}, "arrived None, expected an array"),
        (PICTURES, np.array("picture"), {}, "expected (batch, 8, 6, 3)"),
        (TOKENS, np.zeros((2, 5)), {}, "arrived float64 (2, 5), expected indices below 7, an integer type"),
        (TOKENS, np.zeros((5,), int), {}, "arrived (5,), expected (batch, 5); a batch axis is missing"),
        (TOKENS, np.zeros((2, 6), int), {}, "arrived (2, 6), expected (batch, 5)"),
        (POINTS, np.zeros((2, 4)), {}, "further inputs none arrived, expected view"),
        (POINTS, np.zeros((2, 4)), {"veiw": np.zeros((2, 4))}, "further inputs veiw arrived, expected view"),
        (POINTS, np.zeros((2, 4)), {"view": np.zeros((4,))}, "input 'view': arrived (4,), expected (2, 4)"),
        (POINTS, np.zeros((2, 4)), {"view": np.zeros((3, 4))}, "input 'view': arrived (3, 4), expected (2, 4)"),
        (POINTS, np.zeros((2, 4)), {"view": np.zeros((1, 4))}, "input 'view': arrived (1, 4), expected (2, 4)"),
        (POINTS, np.zeros((2, 4)), {"view": np.zeros((2, 4), int)}, "input 'view': arrived int64 (2, 4), expected num"),
        (MIXED, np.zeros((2, 5), int), {"text": np.zeros((2, 5), int)}, "mixed: input: arrived int64"),
        (MIXED, np.zeros((2, 5)), {"text": np.zeros((2, 5))}, "mixed: input 'text': arrived float64"),
    ],
)
def test_what_does_not_fit_is_refused(spec, x, named, says):
    with pytest.raises(InputError) as caught:
        check(spec.name, inputs_of(spec), x, named)
    assert isinstance(caught.value, SpecError)
    assert str(caught.value).startswith(f"{spec.name}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, jnp.bfloat16])
def test_numbers_of_any_floating_point_type(dtype):
    check("net", inputs_of(PICTURES), np.zeros((1, 8, 6, 3), dtype), {})


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_tokens_of_any_integer_type(dtype):
    check("net", inputs_of(TOKENS), np.zeros((1, 5), dtype), {})


def test_a_network_checks_its_call_also_while_it_is_traced():
    with pytest.raises(InputError, match="a batch axis is missing"):
        called(PICTURES, jnp.zeros((8, 6, 3)))
    assert called(PICTURES, jnp.zeros((4, 8, 6, 3))).shape == (4, 2)
    assert called(TOKENS, jnp.zeros((4, 5), int)).shape == (4, 5, 4)
    assert called(MIXED, jnp.zeros((4, 5)), text=jnp.zeros((4, 5), int)).shape == (4, 5)


def test_checking_leaves_nothing_in_a_compiled_call():
    model = netspec.build(POINTS, nnx.Rngs(0))
    program = jax.make_jaxpr(lambda x, view: model(x, view=view))(jnp.zeros((2, 4)), jnp.zeros((2, 4)))
    assert [equation.primitive.name for equation in program.eqns] == ["add"]


def test_another_size_is_another_network_with_the_same_parameters():
    small, large = PICTURES, dataclasses.replace(PICTURES, input_shape=(16, 16, 3))
    assert called(large, jnp.zeros((1, 16, 16, 3))).shape == (1, 2)
    shapes = [
        nnx.split(nnx.eval_shape(lambda s=s: netspec.build(s, nnx.Rngs(0))), nnx.Param, ...)[1] for s in (small, large)
    ]
    assert jax.tree.map(lambda leaf: leaf.shape, shapes[0]) == jax.tree.map(lambda leaf: leaf.shape, shapes[1])


@pytest.mark.parametrize("spec", catalogue.specs(), ids=lambda spec: spec.name)
def test_every_network_refuses_what_is_unbatched(spec):
    expected = inputs_of(spec)
    types = [jnp.int32 if one.vocabulary else jnp.float32 for one in expected]
    right = [jax.ShapeDtypeStruct((2, *one.shape), dtype) for one, dtype in zip(expected, types, strict=True)]
    named = {one.name: value for one, value in zip(expected[1:], right[1:], strict=True)}
    check(spec.name, expected, right[0], named)
    with pytest.raises(InputError, match="a batch axis is missing"):
        check(spec.name, expected, jax.ShapeDtypeStruct(spec.input_shape, types[0]), named)
    with pytest.raises(InputError, match="expected"):
        other = jnp.float32 if expected[0].vocabulary else jnp.int32
        check(spec.name, expected, jax.ShapeDtypeStruct(right[0].shape, other), named)
    for name in named:
        with pytest.raises(InputError, match="further inputs"):
            check(spec.name, expected, right[0], {key: value for key, value in named.items() if key != name})


def test_training_mode_moves_running_statistics_and_evaluation_mode_nothing():
    model, x = netspec.build(PICTURES, nnx.Rngs(0)), jax.random.normal(jax.random.key(0), (4, 8, 6, 3))
    for mode, moves in ((model.eval, False), (model.train, True)):
        mode()
        before = jax.tree.map(np.asarray, nnx.state(model, nnx.BatchStat))
        model(x)
        after = jax.tree.map(np.asarray, nnx.state(model, nnx.BatchStat))
        same = jax.tree.leaves(jax.tree.map(np.array_equal, before, after))
        assert all(same) != moves
