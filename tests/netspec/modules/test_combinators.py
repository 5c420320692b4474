"""How values travel through a built network: combinators, taps, skips, further inputs, several outputs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec import NetSpec
from netspec import layers as L
from netspec.modules.roi_align import roi_align

pytestmark = pytest.mark.slow


def network(shape, *layers, inputs=()):
    """A built network, and a batch for it."""
    spec = NetSpec("net", shape, layers, extra_inputs=inputs)
    return netspec.build(spec, nnx.Rngs(0)), normal(1, shape)


def normal(seed, shape):
    return jax.random.normal(jax.random.key(seed), (2, *shape))


def assert_equal(left, right):
    np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def test_a_residual_adds_its_input():
    model, x = network((4,), L.Residual(L.Dense(4, 4)))
    (body,) = model.layers[0].body.layers
    assert_equal(model(x), x + body(x))
    body.kernel[...] = jnp.zeros((4, 4))
    np.testing.assert_array_equal(model(x), x)


def test_a_residual_adds_its_shortcut():
    model, x = network((4,), L.Residual(L.Dense(4, 3), L.Dense(4, 3)))
    (body,), (shortcut,) = model.layers[0].body.layers, model.layers[0].shortcut.layers
    assert_equal(model(x), body(x) + shortcut(x))


@pytest.mark.parametrize("join", ["concat", "add"])
def test_branches_join_in_order(join):
    model, x = network((4,), L.Branches((L.Dense(4, 4), (), (L.Dense(4, 4, "relu"), L.Dense(4, 4))), join))
    first, _, last = model.layers[0].branches
    parts = [first.layers[0](x), x, last.layers[1](last.layers[0](x))]
    assert_equal(model(x), sum(parts) if join == "add" else jnp.concatenate(parts, axis=-1))


def test_heads_leave_a_dict():
    model, x = network((4,), L.Dense(4, 5), L.Heads({"policy": L.Dense(5, 3), "value": (L.Dense(5, 2), L.Dense(2, 1))}))
    leaves = model(x)
    trunk, heads = model.layers[0](x), model.layers[1].heads
    assert list(leaves) == ["policy", "value"]
    assert_equal(leaves["policy"], heads[0].layers[0](trunk))
    assert_equal(leaves["value"], heads[1].layers[1](heads[1].layers[0](trunk)))


def test_heads_share_saved_tensors_in_order():
    heads = {"a": (L.Save("x"), L.Dense(4, 4)), "b": (L.Load("x", "add"),)}
    model, x = network((4,), L.Heads(heads))
    assert_equal(model(x)["b"], 2 * x)


def test_one_set_of_weights_for_each_tensor():
    model, x = network((4,), L.Heads({"a": L.Dense(4, 3), "b": L.Dense(4, 3)}), L.ForEach(L.Dense(3, 2)))
    heads, (body,) = model.layers[0].heads, model.layers[1].body.layers
    leaves = model(x)
    assert_equal(leaves["a"], body(heads[0].layers[0](x)))
    assert_equal(leaves["b"], body(heads[1].layers[0](x)))


def test_repeated_layers_have_their_own_weights():
    model, x = network((4,), L.Repeat(3, L.Dense(4, 4)))
    kernels = [copy.layers[0].kernel[...] for copy in model.layers[0].copies]
    assert not np.allclose(kernels[0], kernels[1])
    assert_equal(model(x), x @ kernels[0] @ kernels[1] @ kernels[2])


@pytest.mark.parametrize(("join", "expected"), [("replace", (4,)), ("concat", (7,))])
def test_a_saved_tensor_is_read_again(join, expected):
    model, x = network((4,), L.Save("x"), L.Dense(4, 3), L.Load("x", join))
    leaves = model(x)
    assert leaves.shape == (2, *expected)
    np.testing.assert_array_equal(leaves[:, -4:], x)
    if join == "concat":
        assert_equal(leaves[:, :3], model.layers[1](x))


def test_one_of_several_is_read_by_its_full_name_or_picked():
    heads = L.Heads({"a": L.Dense(4, 3), "b": L.Dense(4, 2)})
    model, x = network((4,), heads, L.Save("both"), L.Pick("a"), L.Load("both.b", "concat"))
    a, b = (head.layers[0](x) for head in model.layers[0].heads)
    assert_equal(model(x), jnp.concatenate([a, b], axis=-1))


def test_a_reshape_is_row_major():
    model, _ = network((6,), L.Reshape((2, 3)))
    np.testing.assert_array_equal(model(jnp.arange(6.0)[None]), [[[0, 1, 2], [3, 4, 5]]])


def test_further_inputs_are_named():
    model, x = network((4,), L.Load("text", "add"), inputs={"text": (4,)})
    text = normal(2, (4,))
    assert model.inputs == {"text": (4,)}
    assert_equal(model(x, text=text), x + text)
    for wrong in ({}, {"txt": text}, {"text": text, "image": text}):
        with pytest.raises(TypeError, match="expected text"):
            model(x, **wrong)


@pytest.mark.exhaustive
def test_skips_are_read_last_in_first_out():
    down = (L.UNetDown(1, 2), L.UNetDown(2, 3))
    up = (L.UNetUp(3, 3), L.UNetUp(3, 2))
    model, x = network((8, 8, 1), *down, *up)
    model.eval()
    first, wide = model.layers[0](x)
    second, narrow = model.layers[1](first)
    assert_equal(model(x), model.layers[3](model.layers[2](second, narrow), wide))


@pytest.mark.exhaustive
def test_regions_run_as_examples_with_one_set_of_weights():
    model, x = network((8, 8, 3), L.OnRegions(3, 2, 4, (L.Flatten(), L.Dense(12, 5))))
    assert model.inputs == {"regions": (4, 4)}
    regions = jnp.tile(jnp.array([[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0, 0, 1, 1], [0.5, 0, 1, 1]]), (2, 1, 1))
    leaves = model(x, regions=regions)
    assert leaves.shape == (2, 4, 5)
    np.testing.assert_array_equal(leaves[:, 0], leaves[:, 2])
    aligned = roi_align([x], regions, 2)[:, 3]
    assert_equal(leaves[:, 3], model.layers[0].body.layers[1](aligned.reshape(2, -1)))


def test_roi_align_reads_a_linear_image_exactly():
    row, column = jnp.meshgrid(jnp.arange(8) + 0.5, jnp.arange(6) + 0.5, indexing="ij")
    image = jnp.stack([row / 8, column / 6], axis=-1)[None]
    region = jnp.array([[[0.25, 0.2, 0.75, 0.8]]])
    rows, columns = 0.25 + 0.5 * (np.arange(4) + 0.5) / 4, 0.2 + 0.6 * (np.arange(4) + 0.5) / 4
    aligned = roi_align([image], region, 4)[0, 0]
    np.testing.assert_allclose(aligned[..., 0], np.broadcast_to(rows[:, None], (4, 4)), atol=1e-6)
    np.testing.assert_allclose(aligned[..., 1], np.broadcast_to(columns, (4, 4)), atol=1e-6)


@pytest.mark.exhaustive
def test_larger_regions_read_coarser_levels():
    levels = [jnp.full((1, 128 // 2**i, 128 // 2**i, 1), float(i)) for i in range(4)]
    sides = np.array([16, 30, 60, 120, 128]) / 128
    regions = jnp.array([[[0, 0, side, side] for side in sides]])
    np.testing.assert_array_equal(roi_align(levels[::-1], regions, 1).ravel(), [0, 1, 2, 3, 3])


def test_the_output_is_float32_whatever_the_compute_type():
    spec = NetSpec("net", (8, 8, 3), (L.Conv2d(3, 4, 3), L.Heads({"a": L.Conv2d(4, 2, 1), "b": L.Flatten()})))
    model = netspec.build(spec, nnx.Rngs(0), compute_dtype=jnp.bfloat16)
    assert {name: leaf.dtype for name, leaf in model(normal(0, (8, 8, 3))).items()} == {
        "a": jnp.float32,
        "b": jnp.float32,
    }
