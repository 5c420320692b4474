"""What must hold of positions."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from netspec.layers import TokenPositionEmbed
from netspec.vocabulary import positions
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _pairs(channels: int, base: float = 10000.0) -> np.ndarray:
    """The pace of each pair of channels, one division after the other."""
    return np.array([1 / base ** (2 * i / channels) for i in range(channels // 2)])


# Sinusoids


def _formula(encoding: Implementation, case: Case) -> float:
    channels = 2 * case.channels
    expected = np.empty((case.tokens, channels))
    for position in range(case.tokens):
        expected[position, ::2] = np.sin(position * _pairs(channels))
        expected[position, 1::2] = np.cos(position * _pairs(channels))
    return apart(encoding(case.tokens, channels), expected)


def _turns(encoding: Implementation, case: Case) -> float:
    """Three positions on, each pair of channels is turned by the same angle wherever it begins; norms are √(d/2)."""
    channels = 2 * case.channels
    table = np.asarray(encoding(case.tokens + 3, channels))
    sine, cosine = table[:, ::2], table[:, 1::2]
    found = (cosine + 1j * sine)[3:]
    expected = (cosine + 1j * sine)[:-3] * np.exp(3j * _pairs(channels))
    return max(apart(found, expected), apart((table**2).sum(1), np.full(len(table), channels / 2)))


def _only_sines(tokens: int, channels: int) -> Any:
    return jnp.asarray(positions.sinusoidal(tokens, channels)).at[:, 1::2].set(0)


def _half_paced(tokens: int, channels: int) -> Any:
    """i/d in place of 2i/d in the exponent."""
    return positions.sinusoidal(tokens, channels, base=100.0)


def _side_by_side(tokens: int, channels: int) -> Any:
    """All sines, then all cosines."""
    table = positions.sinusoidal(tokens, channels)
    return jnp.concatenate([table[:, ::2], table[:, 1::2]], 1)


# Rotations


def _vectors(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = case.batch, case.tokens, case.heads, 2 * (case.channels // case.heads)
    return case.normal(*shape), case.normal(*shape, seed=1), case.uniform(case.tokens, high=20, seed=2)


def _complex(rope: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, _, at = _vectors(case)
    turned = (x[..., ::2] + 1j * x[..., 1::2]) * np.exp(1j * at[:, None, None] * _pairs(x.shape[-1]))
    expected = np.empty_like(x)
    expected[..., ::2], expected[..., 1::2] = turned.real, turned.imag
    return apart(program(rope)(x, at), expected)


def _relative(rope: Implementation, case: Case) -> float:
    case = plain.few(case)
    query, key, at = _vectors(case)
    run = program(rope)

    def scores(places: np.ndarray) -> np.ndarray:
        return np.einsum("bthc,bshc->bhts", run(query, places), run(key, places))

    return max(apart(scores(at + 100), scores(at)), _order_matters(scores(at), query, key))


def _order_matters(scores: np.ndarray, query: np.ndarray, key: np.ndarray) -> float:
    """0 where scores of different tokens are not what they are without positions."""
    bare = np.einsum("bthc,bshc->bhts", query, key)
    same = np.eye(scores.shape[-1], dtype=bool)
    return max(
        apart(scores[..., same], bare[..., same]),
        wrong(same.all() or apart(scores[..., ~same], bare[..., ~same]) > 0.01),
    )


def _lengths(rope: Implementation, case: Case) -> float:
    case = plain.few(case)
    x, _, at = _vectors(case)
    run = program(rope)
    kept = apart(np.linalg.norm(run(x, at), axis=-1), np.linalg.norm(x, axis=-1))
    return max(kept, apart(run(x, 0 * at), x))


def _unplaced(x: Any, at: Any) -> Any:
    return jnp.asarray(x)


def _added(x: Any, at: Any) -> Any:
    """A sinusoid added in place of a rotation."""
    angle = at[:, None] * _pairs(x.shape[-1])
    table = jnp.stack([jnp.sin(angle), jnp.cos(angle)], -1).reshape(len(at), -1)
    return x + table[:, None]


def _across_heads(x: Any, at: Any) -> Any:
    """All channels of a token turned at once, before they are dealt to heads."""
    return positions.rotary(x.reshape(*x.shape[:2], 1, -1), at).reshape(x.shape)


def _halves(x: Any, at: Any) -> Any:
    """Pairs of channels half the width apart."""
    order = np.arange(x.shape[-1]).reshape(2, -1).T.ravel()
    return positions.rotary(x[..., order], at)[..., np.argsort(order)]


def _sheared(x: Any, at: Any) -> Any:
    """The sign of one sine is wrong."""
    turned = positions.rotary(x, at)
    other = positions.rotary(x, -at)
    return jnp.stack([turned[..., ::2], other[..., 1::2]], -1).reshape(x.shape)


# Biases


def _printed_slopes(bias: Implementation, case: Case) -> float:
    """Of eight heads 1/2, 1/4 … 1/256; of sixteen the square roots between them too."""
    eight, sixteen = np.asarray(bias(8, 1, 2))[:, 0, 0], np.asarray(bias(16, 1, 2))[:, 0, 0]
    return max(apart(eight, -(0.5 ** np.arange(1, 9))), apart(sixteen, -(0.5 ** (np.arange(1, 17) / 2))))


def _linear(bias: Implementation, case: Case) -> float:
    """Falls by the slope with each token, and is the same along each diagonal; the last query is at the last key."""
    heads, queries, keys = case.heads, case.tokens, case.tokens + 2
    found = np.asarray(bias(heads, queries, keys))
    at = np.arange(queries) + 2
    expected = -positions.slopes(heads)[:, None, None] * np.abs(at[:, None] - np.arange(keys))
    return max(apart(found, expected), apart(found[:, -1, -1], np.zeros(heads)))


def _first_at_first(heads: int, queries: int, keys: int) -> Any:
    """Queries counted from the first key, as if nothing were cached."""
    distance = np.abs(np.arange(queries)[:, None] - np.arange(keys))
    return -positions.slopes(heads)[:, None, None] * distance


def _halving(heads: int, queries: int, keys: int) -> Any:
    """1/2, 1/4, 1/8, … however many heads there are."""
    whole = np.asarray(positions.alibi_bias(1, queries, keys)) * 256
    return whole * 0.5 ** np.arange(1, heads + 1)[:, None, None]


def _learned(layer: Implementation, case: Case) -> float:
    case = plain.few(case)
    module = plain.module(layer(7, case.tokens, case.channels))
    tokens = case.rng(3).integers(0, 7, (case.batch, case.tokens))
    table, places = np.asarray(module.tokens.embedding[...]), plain.drawn(None, (case.tokens, case.channels))
    return apart(plain.run(module, tokens), table[tokens] + places)


def _told_apart(layer: Implementation, case: Case) -> float:
    """The same token at two positions is two vectors, by the difference of their rows."""
    case = plain.few(case)
    found = np.asarray(plain.run(plain.module(layer(7, 4, case.channels)), np.full((1, 4), 3)))
    places = np.asarray(plain.drawn(None, (4, case.channels)))
    return apart(found[0, 1:] - found[0, :1], places[1:] - places[:1])


def _logarithm(distance: int, buckets: int, reach: int, bidirectional: bool) -> int:
    """A bucket as it is defined, with the floor taken a billionth later, out of reach of rounding."""
    ways = buckets // 2 if bidirectional else buckets
    size, side = (abs(distance), ways * (distance > 0)) if bidirectional else (max(-distance, 0), 0)
    exact = ways // 2
    if size < exact:
        return size + side
    far = exact + math.floor((ways - exact) * math.log(size / exact) / math.log(reach / exact) + 1e-9)
    return min(far, ways - 1) + side


def _buckets(bias: Implementation, case: Case) -> float:
    """A table whose entries are its column numbers shows the bucket of each distance from −199 to 199."""
    table = np.arange(32.0)[None]
    for bidirectional in (True, False):
        rows = np.asarray(bias(table, 200, 200, reach=128, bidirectional=bidirectional))[0]
        found = np.concatenate([rows[::-1, 0], rows[0, 1:]])
        expected = [_logarithm(distance, 32, 128, bidirectional) for distance in range(-199, 200)]
        if not np.array_equal(found, expected):
            return 1.0
    return 0.0


def _diagonals(bias: Implementation, case: Case) -> float:
    """The same along each diagonal, and beyond the reach the same everywhere on either side."""
    table = case.normal(case.heads, 8)
    found = np.asarray(bias(table, 30, 30, reach=10))
    far = np.concatenate([found[:, i, i + 10 :] for i in range(20)], 1), found[:, 29, :20]
    near = np.abs(found[:, 1:, 1:] - found[:, :-1, :-1]).max()
    return max(float(near), *(float(np.abs(part - part[:, :1]).max()) for part in far))


def _turned_table(table: Any, queries: int, keys: int, **options: Any) -> Any:
    """The distance i − j in place of j − i."""
    return positions.t5_bias(table, keys, queries, **options).swapaxes(1, 2)


def _clipped(table: Any, queries: int, keys: int, *, reach: int = 128, bidirectional: bool = True) -> Any:
    """One bucket a distance as far as they go."""
    buckets = table.shape[1]
    distance = np.arange(keys) - np.arange(queries)[:, None]
    if not bidirectional:
        return table[:, np.clip(-distance, 0, buckets - 1)]
    return table[:, np.clip(np.abs(distance), 0, buckets // 2 - 1) + buckets // 2 * (distance > 0)]


def _unshared(table: Any, queries: int, keys: int, **options: Any) -> Any:
    """Places counted from the first token, not from the query."""
    return jnp.broadcast_to(positions.t5_bias(table, 1, keys, **options), (table.shape[0], queries, keys))


TERMS = (
    Term(
        "sinusoidal-positional",
        positions.sinusoidal,
        (
            Property(
                "It is its formula, number by number.",
                _formula,
                1e-11,
                (
                    Mistake("the sines alone", _only_sines, line=2432),
                    Mistake("all sines before all cosines", _side_by_side),
                    Mistake("i/d in place of 2i/d", _half_paced),
                ),
            ),
            Property(
                "Some positions on it is turned by the same angles wherever it begins, and its norm is √(d/2).",
                _turns,
                1e-11,
                (
                    Mistake("the sines alone", _only_sines),
                    Mistake("i/d in place of 2i/d", _half_paced),
                ),
            ),
        ),
    ),
    Term(
        "rope-positional",
        positions.rotary,
        (
            Property(
                "It is the product with e^(j·p·θ) of pairs taken as complex numbers.",
                _complex,
                1e-11,
                (
                    Mistake("no position", _unplaced),
                    Mistake("pairs half the width apart", _halves),
                    Mistake("turned before it is dealt to heads", _across_heads),
                ),
            ),
            Property(
                "Scores do not change if all positions move on, are bare where positions are equal and only there.",
                _relative,
                1e-11,
                (
                    Mistake("no position", _unplaced),
                    Mistake("a sinusoid added", _added),
                    Mistake("a wrong sign in one sine", _sheared),
                ),
            ),
            Property(
                "It keeps lengths, and position zero is the identity.",
                _lengths,
                ROUNDING,
                (
                    Mistake("a wrong sign in one sine", _sheared),
                    Mistake("counted from one", lambda x, at: positions.rotary(x, at + 1)),
                ),
            ),
        ),
    ),
    Term(
        "alibi",
        positions.alibi_bias,
        (
            Property(
                "Slopes of eight heads are 1/2, 1/4 … 1/256, of sixteen those and the roots between.",
                _printed_slopes,
                ROUNDING,
                (
                    Mistake("halved from head to head however many there are", _halving),
                    Mistake("far tokens count more", lambda *sizes: -positions.alibi_bias(*sizes)),
                ),
            ),
            Property(
                "It falls by the slope a token, and is zero where the last query meets the last key.",
                _linear,
                ROUNDING,
                (
                    Mistake("queries counted from the first key", _first_at_first),
                    Mistake("far tokens count more", lambda *sizes: -positions.alibi_bias(*sizes)),
                    Mistake("the square of the distance", lambda h, q, k: -(positions.alibi_bias(h, q, k) ** 2)),
                ),
            ),
        ),
    ),
    Term(
        "learned-positional",
        TokenPositionEmbed,
        (
            Property(
                "Each token's vector is the row of its index plus the row of its position.",
                _learned,
                ROUNDING,
                (Mistake("no positions", lambda v, n, width: TokenPositionEmbed(v, n, width, False)),),
            ),
            Property(
                "The same token at two positions differs by the difference of their rows.",
                _told_apart,
                ROUNDING,
                (Mistake("no positions", lambda v, n, width: TokenPositionEmbed(v, n, width, False)),),
            ),
        ),
    ),
    Term(
        "t5-relative-bias",
        positions.t5_bias,
        (
            Property(
                "Buckets of all distances from −199 to 199 are those of the logarithm, in both directions and in one.",
                _buckets,
                0.0,
                (
                    Mistake("i − j in place of j − i", _turned_table),
                    Mistake("no logarithm", _clipped),
                ),
            ),
            Property(
                "It depends on the distance only, and beyond the reach on its sign only.",
                _diagonals,
                0.0,
                (Mistake("places counted from the first token", _unshared),),
            ),
        ),
    ),
)
