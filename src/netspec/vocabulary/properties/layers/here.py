"""What must hold of the layers that networks here are made of: the dense map, the token table, the chain rule."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.gradcheck import rules
from netspec.gradcheck.dense import dense
from netspec.layers import Dense, TokenPositionEmbed
from netspec.modules import build
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

WIDTH = 5


def _maps(case: Case) -> list[rules.Map]:
    """Two dense maps with a hyperbolic tangent between and after them."""
    widths = (WIDTH, 4, 3)
    squeeze = rules.Map(
        lambda x: jnp.tanh(x) if isinstance(x, jax.Array) else np.tanh(x), lambda x, dy: dy * (1 - np.tanh(x) ** 2)
    )
    layers: list[rules.Map] = []
    for index, (fan_in, out) in enumerate(pairwise(widths)):
        layers += [dense(case.normal(fan_in, out, seed=index), case.normal(out, seed=5 + index)), squeeze]
    return layers


def _as_jax(chain: Implementation, case: Case) -> float:
    """jax.vjp of the same forward pass."""
    whole, x, dy = chain(*_maps(case)), case.normal(WIDTH, seed=9), case.normal(3, seed=10)
    leaves, pullback = jax.vjp(whole.forward, jnp.asarray(x))
    return max(apart(whole.forward(x), leaves), apart(whole.backward(x, dy), pullback(jnp.asarray(dy))[0]))


def _as_differences(chain: Implementation, case: Case) -> float:
    """Central differences, wrong by the square of their step."""
    whole, x, dy = chain(*_maps(case)), case.normal(WIDTH, seed=9), case.normal(3, seed=10)
    step = 1e-5 * np.eye(WIDTH)
    slopes = [(whole.forward(x + h) - whole.forward(x - h)) @ dy / 2e-5 for h in step]
    return apart(whole.backward(x, dy), slopes)


def _chained(join: Any) -> Any:
    """A chain of maps whose backward is ``join(first, second, x, dy)``."""

    def chain(*maps: rules.Map) -> rules.Map:
        def then(first: rules.Map, second: rules.Map) -> rules.Map:
            return rules.Map(lambda x: second.forward(first.forward(x)), lambda x, dy: join(first, second, x, dy))

        whole = maps[0]
        for one in maps[1:]:
            whole = then(whole, one)
        return whole

    return chain


def _no_slope(*maps: rules.Map) -> rules.Map:
    """Errors go back through the weights alone."""
    straight = [rules.Map(one.forward, (lambda x, dy: dy) if one.roundings == 0 else one.backward) for one in maps]
    return rules.chain(*straight)


_AT_ZERO = _chained(lambda first, second, x, dy: first.backward(x, second.backward(0 * first.forward(x), dy)))

BACKPROPAGATION = Term(
    "backpropagation",
    rules.chain,
    (
        Property(
            "Its backward pass is that of jax.vjp.",
            _as_jax,
            1e-13,
            (
                Mistake("no slope of the activation", _no_slope),
                Mistake("the slope at zero instead of at what arrived", _AT_ZERO),
            ),
        ),
        Property(
            "Its backward pass is the central difference of its forward pass.",
            _as_differences,
            1e-7,
            (Mistake("no slope of the activation", _no_slope),),
        ),
    ),
)


def _network(layer: Any, shape: tuple[int, ...]) -> Any:
    """The module of one layer, its parameters still to be set: drawing them would take longest."""
    spec = NetSpec("one layer", shape, (layer,))
    return nnx.eval_shape(lambda: build(spec, nnx.Rngs(0), compute_dtype=jnp.dtype("float64")))


@nnx.jit
def _forward(network: Any, x: jax.Array) -> Any:
    return network(x)


def _run(network: Any, x: np.ndarray) -> Any:
    return _forward(network, jnp.asarray(x))


def _product(layer: Implementation, case: Case) -> float:
    """numpy's product with the kernel of its module, and the bias."""
    network = _network(layer(case.channels, 3), (case.channels,))
    linear = getattr(network.layers[0], "linear", network.layers[0])
    x, kernel, bias = (
        case.normal(case.batch, case.channels),
        case.normal(case.channels, 3, seed=1),
        case.normal(3, seed=2),
    )
    linear.kernel, linear.bias = nnx.Param(jnp.asarray(kernel)), nnx.Param(jnp.asarray(bias))
    return apart(_run(network, x), x @ kernel + bias)


def _count(layer: Implementation, case: Case) -> float:
    """The tensors of a module, and the example of the document."""
    held = jax.tree.leaves(nnx.state(_network(Dense(case.channels, 3), (case.channels,)), nnx.Param))
    sizes = layer(case.channels, 3).params(), layer(512, 256).params()
    return wrong(sizes == (sum(each.size for each in held), 131_328))


class _NoBias(Dense):
    def params(self) -> int:
        return self.in_features * self.out_features


LINEAR = Term(
    "linear",
    Dense,
    (
        Property(
            "Its module is numpy's product with the kernel, and the bias.",
            _product,
            1e-13,
            (Mistake("an activation behind it", lambda fan_in, out: Dense(fan_in, out, "relu")),),
        ),
        Property(
            "It has in · out + out parameters, as its module has; 131,328 from 512 to 256.",
            _count,
            0.0,
            (Mistake("the bias not counted", _NoBias),),
        ),
    ),
)

VOCABULARY = 7


def _one_hot(layer: Implementation, case: Case) -> float:
    """The product of one-hot rows and the table."""
    network = _network(layer(VOCABULARY, case.tokens, case.channels, learned_positions=False), (case.tokens,))
    table, tokens = case.normal(VOCABULARY, case.channels), case.rng(1).integers(0, VOCABULARY, (2, case.tokens))
    network.layers[0].tokens.embedding = nnx.Param(jnp.asarray(table))
    if network.layers[0].learned:
        network.layers[0].positions = nnx.Param(jnp.asarray(case.normal(case.tokens, case.channels, seed=2)))
    return apart(_run(network, tokens), np.eye(VOCABULARY)[tokens] @ table)


def _table(layer: Implementation, case: Case) -> float:
    """A row for each token, of the width of the vectors; the table that the document gives as an example."""
    small = layer(VOCABULARY, case.tokens, case.channels, learned_positions=False).params()
    example = layer(50_000, 512, 512, learned_positions=False).params()
    return wrong(small == VOCABULARY * case.channels and example == 25_600_000)


def _with_positions(vocabulary: int, tokens: int, width: int, learned_positions: bool) -> TokenPositionEmbed:
    return TokenPositionEmbed(vocabulary, tokens, width, learned_positions=True)


EMBEDDING = Term(
    "embedding",
    TokenPositionEmbed,
    (
        Property(
            "Without positions it is the product of one-hot rows and the table.",
            _one_hot,
            1e-13,
            (Mistake("positions added", _with_positions),),
        ),
        Property(
            "The table has a row of the vectors' width for each token: 25,600,000 numbers for 50,000 and 512.",
            _table,
            0.0,
            (Mistake("positions counted", _with_positions),),
        ),
    ),
)
