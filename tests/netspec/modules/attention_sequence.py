"""What the tests of the attention and sequence modules share: instances of the catalogue, building, gradients."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec import catalogue
from netspec import layers as L
from netspec.layers.base import Several
from netspec.modules import SCHEMES
from netspec.modules.base import Numerics, module_of

NUMERICS = Numerics(SCHEMES["book"])
INDEXED = (L.OneHotDense, L.TokenPositionEmbed)


def instances(*kinds):
    """Every layer of these kinds in the catalogue, with the shapes that arrive and are read, each once.

    Of blocks that repeat there are two: the next is built like the second. Whole networks are traced at their depth.
    """
    rows = (row for spec in catalogue.specs() for row in spec.flat() if isinstance(row.layer, kinds))
    return list(dict.fromkeys((_shallow(row.layer), row.arrived, row.read) for row in rows))


def _shallow(layer):
    return replace(layer, n_blocks=2) if getattr(layer, "n_blocks", 0) > 2 else layer


def build(layer, numerics=NUMERICS):
    """The module of ``layer`` with every parameter away from its start, so that none is neutral."""
    return filled(lambda: module_of(layer, numerics, nnx.Rngs(0)))


def filled(make):
    """What ``make`` returns, its parameters drawn by NumPy: compiling the initialisers would take longer."""
    structure, state = nnx.split(nnx.eval_shape(make))
    draws = np.random.default_rng(0)

    def fill(path, leaf):
        name, noise = jax.tree_util.keystr(path), draws.standard_normal(leaf.shape)
        if "'mean'" in name or "'var'" in name:
            return jnp.full(leaf.shape, float("'var'" in name))
        if len(leaf.shape) == 1:
            return jnp.asarray(("'scale'" in name) + 0.1 * noise, jnp.float32)
        return jnp.asarray(noise * np.sqrt(2 / np.prod(leaf.shape[:-1])), jnp.float32)

    return nnx.merge(structure, jax.tree.map_with_path(fill, state))


def normal(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


@nnx.jit
def call(module, *inputs):
    """One compiled program per module and shape, where each operation on its own would compile apart."""
    return module(*inputs)


def size(module):
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))


def check_built(layer, arrived, read):
    """The module has as many parameters as counted and maps to the shape announced, batch of two, all abstract."""
    module = nnx.eval_shape(lambda: module_of(layer, NUMERICS, nnx.Rngs(0)))
    assert size(module) == layer.params()
    kind = jnp.int32 if isinstance(layer, INDEXED) else jnp.float32
    inputs = [
        jax.ShapeDtypeStruct((2, *shape), dtype)
        for shape, dtype in zip((arrived, *read), (kind, *[jnp.float32] * len(read)), strict=True)
    ]
    leaves = nnx.eval_shape(lambda module, *inputs: module(*inputs), module, *inputs)
    announced = layer.output_shape(arrived, *read)
    if isinstance(announced, Several):
        assert {name: leaf.shape[1:] for name, leaf in leaves.items()} == dict(announced)
        assert all(leaf.shape[0] == 2 for leaf in leaves.values())
    elif isinstance(leaves, tuple):  # the table of tokens beside what they became, for the head that shares it
        assert leaves[0].shape == (2, *announced) and leaves[1].shape == (1, layer.vocabulary, layer.width)
    else:
        assert leaves.shape == (2, *announced)


def inputs_of(layer, arrived, read):
    if isinstance(layer, INDEXED):
        return [jnp.arange(2 * arrived[0]).reshape(2, *arrived) % layer.vocabulary]
    return [normal(2, *shape, seed=seed) for seed, shape in enumerate((arrived, *read))]


def gradients(module, *inputs):
    """Gradient of a random projection of everything that leaves, by path; asserts that what leaves is finite."""

    @nnx.jit
    def value_and_gradients(module, *inputs):
        def projection(module):
            leaves = jax.tree.leaves(module(*inputs))
            return sum((leaf * normal(*leaf.shape, seed=9)).sum() for leaf in leaves)

        return nnx.value_and_grad(projection)(module)

    value, gradient = value_and_gradients(module, *inputs)
    assert np.isfinite(value)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in jax.tree.leaves_with_path(gradient)}


def check_gradients(layer, arrived, read, without=()):
    """In float64, finite, and not all zero for any tensor but those whose path contains one of ``without``."""

    def wide(leaf):
        return leaf.astype(jnp.float64) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    with jax.enable_x64(True):
        module = build(layer, replace(NUMERICS, compute_dtype=jnp.float64))
        nnx.update(module, jax.tree.map(wide, nnx.state(module)))
        found = gradients(module, *map(wide, inputs_of(layer, arrived, read)))
    assert {str(gradient.dtype) for gradient in found.values()} == {"float64"}
    assert all(np.isfinite(gradient).all() for gradient in found.values())
    missing = {path for path, gradient in found.items() if not gradient.any()}
    assert missing == {path for path in found if any(part in path for part in without)}
