"""One layer's module by itself: as it occurs in the catalogue, its shapes, its gradients."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import netspec
from netspec import Several
from netspec.modules import SCHEMES, Numerics, module_of

BATCH = 2


def instances(*kinds):
    """Every layer of these kinds in the catalogue, each value once, with what first arrives there and is read."""
    first = {}
    for name in netspec.names():
        for row in netspec.find(name).flat():
            if isinstance(row.layer, kinds):
                first.setdefault(row.layer, (row.arrived, *row.read))
    return list(first.items())


def _abstract(layer, dtype=jnp.float32):
    """Structure, parameters and statistics of the module, without values."""
    model = nnx.eval_shape(lambda: module_of(layer, Numerics(SCHEMES["book"], dtype), nnx.Rngs(0)))
    return nnx.split(model, nnx.Param, ...)


def build(layer, dtype=jnp.float32):
    """The module with random kernels, biases, gains and shifts, so that one left out or applied twice shows.

    NumPy draws them: it compiles nothing, which for so many small tensors is most of the time.
    """
    graph, params, rest = _abstract(layer, dtype)
    rng = np.random.default_rng(0)

    def param(path, leaf):
        name = path[-2].key
        # A dense map sums over the last axis but one, a convolution over its window, too.
        fan_in = math.prod(leaf.shape[-4 if len(leaf.shape) > 3 else -2 : -1]) if name == "kernel" else 4
        return jnp.asarray((name == "scale") + rng.standard_normal(leaf.shape) / math.sqrt(fan_in), leaf.dtype)

    def statistic(path, leaf):
        return jnp.full(leaf.shape, path[-2].key == "var", leaf.dtype)

    with_path = jax.tree_util.tree_map_with_path
    return nnx.merge(graph, with_path(param, params), with_path(statistic, rest))


def _batched(shape, make):
    if isinstance(shape, Several):
        return {name: _batched(part, make) for name, part in shape.items()}
    return make((BATCH, *shape))


def draw(*shapes):
    """A standard normal batch of each shape."""
    rng = np.random.default_rng(0)
    return [_batched(shape, lambda full: jnp.asarray(rng.standard_normal(full), jnp.float32)) for shape in shapes]


def announced(layer, shapes):
    """Shapes with the batch that the module must return, as :class:`netspec.NetSpec` announces them."""
    out = _batched(layer.output_shape(*shapes), tuple)
    saved = layer.saves(shapes[0])
    return out if saved is None else (out, _batched(saved[1], tuple))


def shape_of(tree):
    return jax.tree.map(lambda leaf: leaf.shape, tree)


def assert_abstract_build_agrees(layer, shapes):
    """Without computing anything, the module has as many parameters as the layer says and returns its shapes."""
    graph, params, rest = _abstract(layer)
    assert sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params)) == layer.params()
    inputs = [_batched(shape, lambda full: jax.ShapeDtypeStruct(full, jnp.float32)) for shape in shapes]
    out = jax.eval_shape(lambda *state: nnx.merge(graph, *state[:2])(*state[2]), params, rest, inputs)
    assert shape_of(out) == announced(layer, shapes)


def gradients(layer, shapes):
    """Outputs, and the gradient of their sum with random weights for every parameter by its path and every input.

    In evaluation mode: batch statistics would take away what a bias before the norm adds.
    """
    model, inputs = build(layer), draw(*shapes)
    model.eval()
    graph, params, rest = nnx.split(model, nnx.Param, ...)

    def loss(params, inputs):
        out = nnx.merge(graph, params, rest, copy=True)(*inputs)
        rng = np.random.default_rng(1)
        return sum((leaf * rng.standard_normal(leaf.shape)).sum() for leaf in jax.tree.leaves(out)), out

    (_, out), (by_path, by_input) = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))(params, inputs)
    assert shape_of(out) == announced(layer, shapes)
    named = {".".join(map(str, path)): leaf.get_value() for path, leaf in nnx.to_flat_state(by_path)}
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((out, named, by_input)))
    return out, named, by_input
