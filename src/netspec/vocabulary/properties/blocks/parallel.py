"""What must hold of the blocks that join paths: dense, squeeze-and-excitation, fire, inception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from scipy import special

from netspec.layers import Branches, Conv2d, ConvBN, DenseBlock, FireModule, InceptionModule, MaxPool, Residual
from netspec.layers.base import Layer
from netspec.layers.squeeze_excite import squeeze_excite_params
from netspec.modules.base import Numerics
from netspec.modules.initialize import SCHEMES
from netspec.modules.squeeze_excite import SqueezeExcite
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.blocks.built import by_hand, computed, costs
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

SIDE, CENTRE = 7, 3
#: Channels in, and those of the paths of a small inception module: 1×1, 3×3 behind a 1×1, 5×5 behind one, pooled.
IN, PATHS = 6, (4, 3, 5, 2, 3, 4)


def _dense_costs(dense_block: Implementation, case: Case) -> float:
    """Biases on convolutions and a norm before each, which reads what arrives there."""
    c, growth, positions = case.channels, 3, SIDE**2
    params = macs = 0
    for width in (c, c + growth):
        params += 2 * width + width * 4 * growth + 4 * growth + 2 * 4 * growth + 9 * 4 * growth * growth + growth
        macs += positions * (width * 4 * growth + 9 * 4 * growth * growth)
    return wrong(costs(dense_block(c, growth, 2), (SIDE, SIDE, c)) == [params, macs, SIDE, SIDE, c + 2 * growth])


def _dense_keeps(dense_block: Implementation, case: Case) -> float:
    """What arrives comes first, as it is; what is added is zero where all tensors are, and else reads all before it."""
    x = case.normal(2, SIDE, SIDE, 4)
    layer = dense_block(4, 3, 2)
    y, nothing = computed(layer, case, x), computed(layer, case, x, size=0.0)
    if y.shape[-1] != 10:
        return 1.0
    return max(apart(y[..., :4], x), float(np.abs(nothing[..., 4:]).max()), wrong(np.abs(y[..., 4:]).min() > 0))


def _excite(squeeze_excite: Implementation, case: Case) -> tuple[Any, list[np.ndarray], np.ndarray]:
    """The module with tensors drawn for the case, these tensors, and pictures."""
    numerics = Numerics(SCHEMES["book"], jnp.float64)
    block = nnx.eval_shape(lambda: squeeze_excite(numerics, 8, 2, nnx.Rngs(0), activation="relu", gate="sigmoid"))
    shapes = ((8, 2), (2,), (2, 8), (8,))
    tensors = [case.normal(*shape, seed=10 + seed) for seed, shape in enumerate(shapes)]
    (block.squeeze.kernel, block.squeeze.bias, block.excite.kernel, block.excite.bias) = (
        nnx.Param(jnp.asarray(tensor)) for tensor in tensors
    )
    return block, tensors, case.normal(2, 3, 4, 8)


def _excited(squeeze_excite: Implementation, case: Case) -> float:
    block, (first, shift, second, last), x = _excite(squeeze_excite, case)
    hidden = np.maximum(x.mean((1, 2)) @ first + shift, 0)
    gate = special.expit(hidden @ second + last)
    return apart(block(jnp.asarray(x)), x * gate[:, None, None])


def _gates(squeeze_excite: Implementation, case: Case) -> float:
    """Between 0 and 1, the same at all positions, unmoved by their order; 580 parameters for 64 channels by 16."""
    block, tensors, x = _excite(squeeze_excite, case)
    gate = np.asarray(block(jnp.asarray(x))) / x
    shuffled = case.rng(1).permutation(x.reshape(2, 12, 8), axis=1).reshape(x.shape)
    moved = np.asarray(block(jnp.asarray(shuffled))) / shuffled
    inside = wrong((gate > 0).all() and (gate < 1).all())
    counted = wrong(sum(t.size for t in tensors) == squeeze_excite_params(8, 2) and squeeze_excite_params(64, 4) == 580)
    return max(inside, counted, apart(gate, np.broadcast_to(gate[:, :1, :1], gate.shape)), apart(moved, gate))


def _fire_costs(fire_module: Implementation, case: Case) -> float:
    c, positions = case.channels, SIDE**2
    expected = by_hand([(1, c, 2, 1, positions), (1, 2, 3, 1, positions), (3, 2, 4, 1, positions)], 0, SIDE, SIDE, 7)
    return wrong(costs(fire_module(c, 2, 3, 4), (SIDE, SIDE, c)) == expected)


def _inception_costs(inception_module: Implementation, case: Case) -> float:
    c, positions = case.channels, SIDE**2
    one, r3, three, r5, five, pooled = PATHS
    kernels = ((1, c, one), (1, c, r3), (3, r3, three), (1, c, r5), (5, r5, five), (1, c, pooled))
    expected = by_hand([(*kernel, 1, positions) for kernel in kernels], 0, SIDE, SIDE, one + three + five + pooled)
    return wrong(costs(inception_module(c, *PATHS), (SIDE, SIDE, c)) == expected)


def _reach(layer: Layer | tuple[Layer, ...], case: Case, channels: tuple[int, ...]) -> list[int]:
    """How far groups of channels see: the side of the square of positions at which a change in the middle is seen."""
    x = case.normal(16, SIDE, SIDE, IN)
    changed = x.copy()
    changed[:, CENTRE, CENTRE] = 10 * case.normal(16, IN, seed=1)
    seen = np.abs(computed(layer, case, changed) - computed(layer, case, x)).max(0) > 1e-9
    parts = np.split(seen, np.cumsum(channels)[:-1], axis=-1)
    return [int(part.any(-1).any(0).sum()) for part in parts]


def _fire_reach(fire_module: Implementation, case: Case) -> float:
    return wrong(_reach(fire_module(IN, 4, 5, 6), case, (5, 6)) == [1, 3])


def _inception_reach(inception_module: Implementation, case: Case) -> float:
    one, _, three, _, five, pooled = PATHS
    return wrong(_reach(inception_module(IN, *PATHS), case, (one, three, five, pooled)) == [1, 3, 5, 3])


def _inception_positive(inception_module: Implementation, case: Case) -> float:
    """And some of what leaves is exactly zero."""
    y = computed(inception_module(IN, *PATHS), case, case.normal(16, SIDE, SIDE, IN))
    return wrong(y.min() == 0)


@dataclass(frozen=True)
class _OneConvolution(DenseBlock):
    """Layers of one 3×3 convolution without the 1×1 before it, as the listing has them."""

    def params(self) -> int:
        widths = range(self.in_channels, self.in_channels + self.n_layers * self.growth_rate, self.growth_rate)
        return sum(2 * width + 9 * width * self.growth_rate + self.growth_rate for width in widths)


def _chain(c: int, growth: int, n_layers: int) -> tuple[Layer, ...]:
    """Each layer reads the one before it alone."""
    out = c + n_layers * growth
    return (ConvBN(c, out, 1), ConvBN(out, out, 3))


def _reversed(c: int, growth: int, n_layers: int) -> Branches:
    """What is new comes first."""
    return Branches(((ConvBN(c, n_layers * growth, 3),), ()))


class _Added(SqueezeExcite):
    """Adds the gate."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x + self.gated(x.mean((1, 2), keepdims=True))

    def gated(self, pooled: jax.Array) -> jax.Array:
        return jax.nn.sigmoid(self.excite(jax.nn.relu(self.squeeze(pooled))))


class _Largest(_Added):
    """Squeezes by the largest value."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.gated(x.max((1, 2), keepdims=True))


class _Positions(_Added):
    """Does not squeeze: a gate for each position."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.gated(x)


class _Unbounded(_Added):
    """Has ReLU for a gate."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.excite(jax.nn.relu(self.squeeze(x.mean((1, 2), keepdims=True))))


class _Batch(_Added):
    """Squeezes over the batch too."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.gated(x.mean((0, 1, 2), keepdims=True))


class _FirstRow(_Added):
    """Squeezes the first row."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.gated(x[:, :1].mean((1, 2), keepdims=True))


def _fire(squeeze: int, expansions: tuple[tuple[int, int], ...], c: int) -> tuple[Layer, ...]:
    return ConvBN(c, squeeze, 1), Branches(tuple((ConvBN(squeeze, *one),) for one in expansions))


def _inception(c: int, *paths: int, activation: Any = "relu", sides: tuple[int, int, int] = (1, 3, 5)) -> Branches:
    """Its paths written out, with another activation or other kernels."""
    one, r3, three, r5, five, pooled = paths
    return Branches(
        (
            (Conv2d(c, one, sides[0], activation=activation),),
            (Conv2d(c, r3, 1, activation=activation), Conv2d(r3, three, sides[1], activation=activation)),
            (Conv2d(c, r5, 1, activation=activation), Conv2d(r5, five, sides[2], activation=activation)),
            (MaxPool(3, 1), Conv2d(c, pooled, 1, activation=activation)),
        )
    )


TERMS = (
    Term(
        "dense-block",
        DenseBlock,
        (
            Property(
                "Each layer costs a norm and a 1×1 to 4k, a norm and a 3×3 to k, of all channels before it.",
                _dense_costs,
                0.0,
                (
                    Mistake("one 3×3 convolution a layer", _OneConvolution, line=5039),
                    Mistake("one layer more", lambda c, growth, n: DenseBlock(c, growth, n + 1)),
                    Mistake("layers that read the one before alone", _chain),
                ),
            ),
            Property(
                "What arrives leaves first and unchanged, k channels of each layer behind it.",
                _dense_keeps,
                0.0,
                (
                    Mistake("added in place of joined", lambda c, growth, n: Residual((ConvBN(c, c, 3),))),
                    Mistake("what is new comes first", _reversed),
                    Mistake("layers that read the one before alone", _chain),
                ),
            ),
        ),
    ),
    Term(
        "se-block",
        SqueezeExcite,
        (
            Property(
                "It is x·σ(W₂ max(W₁ mean(x) + b₁, 0) + b₂).",
                _excited,
                1e-13,
                (
                    Mistake("the gate added", _Added),
                    Mistake("squeezed by the largest value", _Largest),
                    Mistake("no squeeze, a gate a position", _Positions),
                    Mistake("no sigmoid", _Unbounded),
                ),
            ),
            Property(
                "Gates lie between 0 and 1, are the same at all positions, and their order does not matter.",
                _gates,
                1e-13,
                (
                    Mistake("no sigmoid", _Unbounded),
                    Mistake("squeezed by the first row", _FirstRow),
                    Mistake("no squeeze, a gate a position", _Positions),
                ),
            ),
        ),
    ),
    Term(
        "fire-module",
        FireModule,
        (
            Property(
                "It costs a 1×1 to s channels, and from these a 1×1 and a 3×3 beside it, each with a norm.",
                _fire_costs,
                0.0,
                (
                    Mistake("no squeeze", lambda c, s, p, q: Branches(((ConvBN(c, p, 1),), (ConvBN(c, q, 3),)))),
                    Mistake("widths of both expansions exchanged", lambda c, s, p, q: FireModule(c, s, q, p)),
                    Mistake("two 3×3 expansions", lambda c, s, p, q: _fire(s, ((p, 3), (q, 3)), c)),
                ),
            ),
            Property(
                "The first channels see one position, those behind them 3×3.",
                _fire_reach,
                0.0,
                (
                    Mistake("3×3 channels first", lambda c, s, p, q: _fire(s, ((p, 3), (q, 1)), c)),
                    Mistake("two 1×1 expansions", lambda c, s, p, q: _fire(s, ((p, 1), (q, 1)), c)),
                ),
            ),
        ),
    ),
    Term(
        "inception-module",
        InceptionModule,
        (
            Property(
                "It costs six convolutions with norms: 1×1; 1×1 and 3×3; 1×1 and 5×5; 1×1 behind a pool.",
                _inception_costs,
                0.0,
                (
                    Mistake("biases in place of norms", _inception),
                    Mistake(
                        "widths of two paths exchanged",
                        lambda c, a, b, d, e, f, g: InceptionModule(c, a, e, f, b, d, g),
                    ),
                    Mistake("3×3 in place of 5×5", lambda c, *paths: _inception(c, *paths, sides=(1, 3, 3))),
                ),
            ),
            Property(
                "Its paths see 1, 3, 5 and 3 positions a side, in this order.",
                _inception_reach,
                0.0,
                (
                    Mistake("3×3 in place of 5×5", lambda c, *paths: _inception(c, *paths, sides=(1, 3, 3))),
                    Mistake("the first two exchanged", lambda c, *paths: _inception(c, *paths, sides=(3, 1, 5))),
                ),
            ),
            Property(
                "ReLU follows every path: nothing that leaves is negative.",
                _inception_positive,
                0.0,
                (
                    Mistake("convolutions alone", lambda c, *p: _inception(c, *p, activation="identity"), line=5148),
                    Mistake("a leak", lambda c, *p: _inception(c, *p, activation="leaky_relu")),
                ),
            ),
        ),
    ),
)
