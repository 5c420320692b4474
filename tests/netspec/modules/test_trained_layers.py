"""The modules of the layers that the trainer uses: tensors as counted, shapes as announced, options honoured."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import netspec
from netspec import NetSpec
from netspec import layers as L

pytestmark = pytest.mark.slow

GRID = L.PatchEmbed(3, 12, 2, 16, layout="grid")
TOKENS = L.PatchEmbed(3, 12, 2, 16)


@pytest.mark.parametrize(
    "layers",
    [
        (TOKENS, L.TransformerEncoder(12, 3, 20, 2), L.Dense(12, 4)),
        (TOKENS, L.TransformerEncoder(12, 3, 20, 1, readout="class_token"), L.Dense(12, 4, "tanh")),
        (GRID, L.TransformerEncoder(12, 3, 20, 1), L.Dense(12, 4, "relu")),
        (GRID, L.TransformerEncoder(12, 3, 20, 1, readout="last_token", causal=True), L.Dense(12, 4, "gelu")),
    ],
    ids=lambda layers: ", ".join(map(str, layers)),
)
def test_built_tensors_are_those_counted(layers):
    spec = NetSpec("net", (8, 8, 3), layers)
    model = netspec.build(spec, nnx.Rngs(0))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param))) == spec.params
    assert model(jnp.zeros((2, 8, 8, 3))).shape == (2, *spec.output_shape)


@pytest.mark.exhaustive
@pytest.mark.parametrize("causal", [False, True])
def test_a_causal_encoder_does_not_look_ahead(causal):
    model = netspec.build(NetSpec("net", (5, 12), (L.TransformerEncoder(12, 3, 20, 2, causal=causal),)), nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(0), (1, 5, 12))
    changed = model(x.at[:, 4].add(jnp.linspace(-1, 1, 12))) - model(x)
    assert np.any(changed[:, 4])
    assert np.any(changed[:, :4]) != causal


def test_the_activation_of_a_dense_layer_is_applied():
    model = netspec.build(NetSpec("net", (3,), (L.Dense(3, 50, "relu"),)), nnx.Rngs(0))
    leaves = model(jax.random.normal(jax.random.key(0), (4, 3)))
    assert leaves.min() == 0
    assert leaves.max() > 0
