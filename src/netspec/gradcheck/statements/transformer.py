"""Theorems 76 to 81: sublayers, block, tower, body."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import attention, layer_norm, pointwise, rules, transformer
from netspec.gradcheck.rules import Array
from netspec.gradcheck.statement import Case, Property
from netspec.gradcheck.statements import common
from netspec.gradcheck.statements.common import exact, single, theorem

SCALED = "tokens of small variance"
SHARED, OWN = "12 blocks, shared parameters", "12 blocks, parameters and vector gains of their own"


def _block(rng: np.random.Generator, kind: str) -> tuple[Array, transformer.Block, float]:
    heads, tokens = int(rng.integers(1, 3)), int(rng.integers(2, 5))
    width = heads * int(rng.integers(2, 4))
    p = transformer.Block.random(width, heads, int(rng.integers(3, 8)), rng, vectors=kind == OWN)
    x = rng.standard_normal((tokens, width))
    return (0.05 * x, p, 0.05) if kind == SCALED else (x, p, 1.0)


def _mlp(rng: np.random.Generator, kind: str) -> Case:
    x, p, reach = _block(rng, kind)
    function = transformer.mlp(p)

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        hidden = x @ p.w1 + p.b1
        formula = (dy @ p.w2.T * pointwise.gelu_derivative(hidden)) @ p.w1.T
        moved = x.copy()
        moved[0] += 1
        return (
            _close("the theorem's formula", function.backward(x, dy), formula, function),
            exact("tokens do not mix", function.backward(moved, dy)[1:], function.backward(x, dy)[1:]),
        )

    return single(kind, "X", x, function, properties=properties, reach=reach)


def _attention_sublayer(rng: np.random.Generator, kind: str) -> Case:
    x, p, reach = _block(rng, kind)
    function = transformer.attention_sublayer(p, len(x))

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        inner = transformer.normed(p, p.norm1)
        mixed = attention.multi_head(p.attention, p.heads, len(x)).backward(inner.forward(x), dy)
        silent = p._replace(attention=p.attention._replace(wo=0 * p.attention.wo))
        through = transformer.attention_sublayer(silent, len(x)).backward(x, dy)
        return (
            _close(
                "dY + B_LN1(X, B_MHSA(LN1(X), dY))", function.backward(x, dy), dy + inner.backward(x, mixed), function
            ),
            exact("a silent layer passes the cotangent on", through, dy),
        )

    return single(kind, "X", x, function, properties=properties, reach=reach)


def _mlp_sublayer(rng: np.random.Generator, kind: str) -> Case:
    x, p, reach = _block(rng, kind)
    function = transformer.mlp_sublayer(p)

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        inner = transformer.normed(p, p.norm2)
        formula = dy + inner.backward(x, transformer.mlp(p).backward(inner.forward(x), dy))
        through = transformer.mlp_sublayer(p._replace(w2=0 * p.w2)).backward(x, dy)
        return (
            _close("dY + B_LN2(H, B_MLP(LN2(H), dY))", function.backward(x, dy), formula, function),
            exact("a silent layer passes the cotangent on", through, dy),
        )

    return single(kind, "H", x, function, properties=properties, reach=reach)


def _whole_block(rng: np.random.Generator, kind: str) -> Case:
    x, p, reach = _block(rng, kind)
    function = transformer.block(p, len(x))

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        first, second = transformer.attention_sublayer(p, len(x)), transformer.mlp_sublayer(p)
        formula = first.backward(x, second.backward(first.forward(x), dy))
        silent = p._replace(w2=0 * p.w2, attention=p.attention._replace(wo=0 * p.attention.wo))
        through = transformer.block(silent, len(x)).backward(x, dy)
        return (
            _close("B_77(X, B_78(H, dY))", function.backward(x, dy), formula, function),
            exact("a silent block passes the cotangent on", through, dy),
        )

    return single(kind, "X", x, function, properties=properties, reach=reach)


def _blocks(rng: np.random.Generator, kind: str) -> tuple[Array, list[transformer.Block]]:
    x, p, _ = _block(rng, kind)
    depth = {"no block": 0, "one block": 1, SHARED: 12, OWN: 12}.get(kind, int(rng.integers(2, 4)))
    if kind != OWN:
        return x, [p] * depth
    width, hidden = p.w1.shape
    return x, [transformer.Block.random(width, p.heads, hidden, rng, vectors=True) for _ in range(depth)]


def _tower(rng: np.random.Generator, kind: str) -> Case:
    x, blocks = _blocks(rng, kind)
    function = transformer.tower(blocks, len(x))

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        none = exact("of no blocks, the identity", transformer.tower([], len(x)).backward(x, dy), dy)
        if not blocks:
            return (none,)
        below, last = transformer.tower(blocks[:-1], len(x)), transformer.block(blocks[-1], len(x))
        formula = below.backward(x, last.backward(below.forward(x), dy))
        return (none, _close("B_k(X, B_block(T_k(X), dY))", function.backward(x, dy), formula, function))

    return single(kind, "X", x, function, properties=properties)


def _vit_body(rng: np.random.Generator, kind: str) -> Case:
    x, blocks = _blocks(rng, kind)
    width = x.shape[1]
    vectors = (width,) if kind == OWN else ()
    final = transformer.Norm(1 + 0.2 * rng.standard_normal(vectors), 0.1 * rng.standard_normal(vectors))
    function = transformer.vit_body(blocks, final, width, len(x))

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(x.shape)
        tower = transformer.tower(blocks, len(x))
        last = layer_norm.per_token(width, final.gain, final.shift, transformer.EPSILON)
        formula = tower.backward(x, last.backward(tower.forward(x), dy))
        constant = np.ones_like(dy) / final.gain
        vanishing = function.backward(x, constant)
        size = float(np.abs(function.backward(x, dy)).max())
        return (
            _close("B_tower(X, B_LN(T_k(X), dY))", function.backward(x, dy), formula, function),
            common.close(
                "shifting a token's outputs alike has no gradient", vanishing, 0.0, 10 * function.roundings, size
            ),
        )

    return single(kind, "X", x, function, properties=properties)


def _close(name: str, found: Array, expected: Array, function: rules.Map) -> Property:
    return common.close(name, found, expected, function.roundings, float(np.abs(expected).max()))


STATEMENTS = (
    theorem(76, _mlp),
    theorem(77, _attention_sublayer, SCALED),
    theorem(78, _mlp_sublayer, SCALED),
    theorem(79, _whole_block, SCALED),
    theorem(80, _tower, "no block", "one block", SHARED, OWN),
    theorem(81, _vit_body, SHARED, OWN),
)
