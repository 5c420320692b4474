"""Small networks as they were before their layers took parts: the same tensors, drawn alike, and the same outputs."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from netspec import catalogue
from netspec.modules import Network
from netspec.modules.base import Numerics
from netspec.modules.initialize import Scheme
from netspec.modules.inputs import FIRST, inputs_of

#: Uniform numbers are bits of the generator, which no processor rounds.
UNIFORM = jax.nn.initializers.uniform(1.0)
SCHEME = Scheme(UNIFORM, UNIFORM, UNIFORM, UNIFORM, UNIFORM)

#: Digests of the tensors as drawn, with their names, and of what leaves in float64.
PINNED = {
    "TinyGPT (Shakespeare demo)": ("88a2050e564a5269", "7a2d1a7a4cf19f30"),
    "ViT-Digits": ("730e3a8b8a47b72d", "c1e3c4d63d99c319"),
    "tiny-Whisper encoder": ("88b7184871c32fd3", "b3cd3ba7f3edbab0"),
    "tiny-ResNet (basic blocks)": ("7cb9de37b3f07853", "87deac8e7f85da46"),
    "tiny-DETR": ("14897c3a52fae1b2", "8fbf50fce5be6400"),
    "tiny-MobileViT": ("556e6bcf6f72c016", "97b0eb7bf0488027"),
    "tiny-Swin": ("70d779080159427d", "65a9f42cc34bbd50"),
}


def drawn(spec):
    """Names and shapes of all tensors, and the values of those that are uniform, as a digest."""
    model = Network(spec, Numerics(SCHEME), nnx.Rngs(0))
    digest = hashlib.sha256()
    for path, leaf in nnx.to_flat_state(nnx.state(model, nnx.Param)):
        value = np.asarray(leaf.get_value())
        digest.update(f"{'.'.join(map(str, path))} {value.shape}".encode())
        if value.min() >= 0 and value.max() < 1:  # tables of tokens and queries are normal, which is rounded
            digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def left(spec):
    """What leaves for weights and inputs of NumPy, in float64 and to six decimals, as a digest."""
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        model = nnx.eval_shape(lambda: Network(spec, Numerics(SCHEME, jnp.float64), nnx.Rngs(0)))
        model.eval()
        structure, state = nnx.split(model)

        def value(path, leaf):
            noise = rng.standard_normal(leaf.shape) / np.sqrt(max(1, np.prod(leaf.shape[:-1])))
            return jnp.asarray(np.abs(noise) + 1 if "var" in jax.tree_util.keystr(path) else noise)

        model = nnx.merge(structure, jax.tree.map_with_path(value, state))
        given = {
            one.name: rng.integers(one.vocabulary, size=(2, *one.shape))
            if one.vocabulary
            else rng.standard_normal((2, *one.shape))
            for one in inputs_of(spec)
        }
        leaves = nnx.jit(lambda model, first, further: model(first, **further))(model, given.pop(FIRST), given)
        found = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(leaves)])
    found = found / np.abs(found).max()
    return hashlib.sha256((np.round(found, 6) + 0.0).tobytes()).hexdigest()[:16]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("name", "digests"), PINNED.items(), ids=PINNED)
def test_a_network_is_what_it_was(name, digests):
    spec = catalogue.find(name)
    assert (drawn(spec), left(spec)) == digests
