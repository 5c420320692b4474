"""Weights at the boundary: called and shaped as the spec says, whatever the modules keep, and read back unchanged."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec import NetSpec, canonical_state, load_canonical_state
from netspec import layers as L

pytestmark = pytest.mark.slow

#: The networks that the chapters give in a tiny form, those that are trained here, and what keeps tensors together.
NAMES = [name for name in netspec.names() if "tiny" in name.lower() or "Digits" in name or name.startswith("DenseNet-")]
#: Small enough to be drawn.
DRAWN = [name for name in NAMES if netspec.find(name).params < 10**6]


def abstract(spec, **options):
    return nnx.eval_shape(lambda: netspec.build(spec, nnx.Rngs(0), **options))


def drawn(spec, seed, **options):
    """A network with random tensors, drawn by NumPy."""
    structure, state = nnx.split(abstract(spec, **options))
    rng = np.random.default_rng(seed)

    def tensor(leaf):
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.key(0)
        return jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype)

    return nnx.merge(structure, jax.tree.map(tensor, state))


def shapes(state):
    return {name: (leaf.shape, str(leaf.dtype)) for name, leaf in state.items()}


@pytest.mark.thinned(7)
@pytest.mark.parametrize("name", NAMES)
def test_names_and_shapes_depend_on_the_spec_alone(name):
    spec = netspec.find(name)
    model = abstract(spec)
    found = canonical_state(model)
    other = abstract(spec, dropout=0.1, stochastic_depth=0.1, compute_dtype=jnp.bfloat16)
    assert shapes(canonical_state(other)) == shapes(found)
    parameters = [leaf.size for name, leaf in found.items() if name.rpartition(".")[2] not in ("mean", "var")]
    assert sum(parameters) == spec.params
    assert sum(leaf.size for leaf in found.values()) == sum(
        leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Not(nnx.RngState)))
    )


@pytest.mark.thinned(7)
@pytest.mark.parametrize("name", DRAWN)
def test_a_network_loads_what_another_has_saved(name):
    spec = netspec.find(name)
    one, other = drawn(spec, 0), drawn(spec, 1, dropout=0.1, stochastic_depth=0.1)
    saved = canonical_state(one)
    load_canonical_state(other, saved)
    again = canonical_state(other)
    assert list(again) == list(saved)
    for key in saved:
        np.testing.assert_array_equal(again[key], saved[key])


def test_each_layer_of_a_dense_block_has_tensors_of_its_own():
    model = drawn(NetSpec("a", (4, 4, 5), (L.DenseBlock(5, 3, 4), L.TransitionLayer(17, 4))), 0)
    saved = canonical_state(model)
    for place in range(4):
        prefix = f"layers.0.layers.{place}."
        assert saved[f"{prefix}norm1.scale"].shape == saved[f"{prefix}norm1.var"].shape == (5 + 3 * place,)
        assert saved[f"{prefix}conv1.kernel"].shape == (1, 1, 5 + 3 * place, 12)
        assert saved[f"{prefix}conv2.kernel"].shape == (3, 3, 12, 3)
        layer = model.layers[0].layer(place)
        np.testing.assert_array_equal(saved[f"{prefix}conv1.kernel"], layer.conv1.kernel[...])
        np.testing.assert_array_equal(saved[f"{prefix}norm2.mean"], layer.norm2.mean[...])


@pytest.mark.exhaustive
def test_a_loaded_network_computes_the_same():
    spec = NetSpec("a", (4, 4, 5), (L.DenseBlock(5, 3, 3), L.GlobalAvgPool(), L.Dense(14, 2)))
    one, other = drawn(spec, 0), drawn(spec, 1, dropout=0.5)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4, 4, 5)), jnp.float32)
    load_canonical_state(other, canonical_state(one))
    other.train(), one.train()
    other.layers[-1].layers[0].rate = 0.0
    np.testing.assert_array_equal(one(x), other(x))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda saved: saved.pop("layers.0.layers.1.conv1.kernel"), r"layers\.0\.layers\.1\.conv1\.kernel is missing"),
        (lambda saved: saved.update({"\x1b[31m": np.zeros(3)}), r"'\\x1b\[31m' is none of its arrays"),
        (
            lambda saved: saved.update({"layers.0.layers.0.conv2.bias": np.zeros(3)}),
            r"conv2\.bias is float64 \(3,\), exp",
        ),
        (
            lambda saved: saved.update({"layers.0.layers.0.conv2.bias": np.zeros(4, "f")}),
            r"\(4,\), expected float32 \(3,\)",
        ),
    ],
)
def test_what_is_not_its_state_is_refused_and_changes_nothing(change, says):
    model = drawn(NetSpec("a", (4, 4, 5), (L.DenseBlock(5, 3, 2),)), 0)
    before, saved = canonical_state(model), canonical_state(model)
    change(saved)
    with pytest.raises(ValueError, match=says):
        load_canonical_state(model, saved)
    after = canonical_state(model)
    assert all((after[name] == before[name]).all() for name in before)
