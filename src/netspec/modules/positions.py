"""How scores learn of positions: rotated queries and keys, slopes, buckets of distances. Pure functions."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.attention import Attention
from netspec.modules.dtypes import at_least_float32


def rotary(x: jax.Array, places: Any, *, base: float = 10_000, pairs: str = "adjacent") -> jax.Array:
    """Queries or keys ``(…, T, heads, c)``, each pair of features turned by ``place · base^(-2i/c)``; c is even.

    ``places`` ``(T,)`` are positions. A pair is two ``"adjacent"`` features or, with ``"halves"``, the ``i``-th of each
    half. Lengths stay, place 0 is the identity, and the product of a query and a key depends on their distance only.
    Angles are in float32 or wider. Source: Su et al. 2021 (arXiv:2104.09864), eqs. 15 and 34.
    """
    wide, width = at_least_float32(x), x.shape[-1]
    rates = jnp.asarray(float(base) ** (-np.arange(0, width, 2) / width), wide.dtype)
    angles = jnp.asarray(places, wide.dtype)[:, None, None] * rates
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    if pairs == "adjacent":
        grouped = wide.reshape(*x.shape[:-1], width // 2, 2)
        first, second = grouped[..., 0], grouped[..., 1]
    else:
        first, second = jnp.split(wide, 2, axis=-1)
    turned = first * cosine - second * sine, second * cosine + first * sine
    joined = jnp.stack(turned, -1).reshape(x.shape) if pairs == "adjacent" else jnp.concatenate(turned, -1)
    return joined.astype(x.dtype)


def alibi_slopes(heads: int) -> np.ndarray:
    """A slope per head, ``(heads,)``: ``2^(-8h/heads)`` for ``h`` from 1, where that is a power of two.

    For another number those of the next smaller power of two, then every second one of the next larger, as in the
    released code. Source: Press et al. 2021 (arXiv:2108.12409), sec. 3.
    """

    def geometric(count: int) -> np.ndarray:
        return 2.0 ** (-8 * np.arange(1, count + 1) / count)

    near = 1 << (heads.bit_length() - 1)
    return np.concatenate([geometric(near), geometric(2 * near)[::2][: heads - near]])


def bucket_starts(buckets: int, max_distance: int) -> tuple[int, ...]:
    """The least distance in each bucket of one direction but the first: ``buckets − 1`` numbers.

    Half of the buckets are one distance each; from ``m = buckets/2`` on their bounds grow geometrically up to
    ``max_distance``, beyond which all is one bucket: bucket ``m + k`` begins at the least ``d`` with
    ``(d/m)^m ≥ (max_distance/m)^k``, found in integers.
    """
    exact = buckets // 2
    starts = list(range(1, exact + 1))
    distance = exact
    for k in range(1, buckets - exact):
        while distance**exact * exact**k < max_distance**k * exact**exact:
            distance += 1
        starts.append(distance)
    return tuple(starts)


def relative_buckets(distance: Any, buckets: int = 32, max_distance: int = 128, *, bidirectional: bool = True) -> Any:
    """The bucket of each ``distance``, the key's position minus the query's: integers below ``buckets``.

    Keys behind the query have the upper half of the buckets with ``bidirectional``, else the bucket of distance zero.
    Source: Raffel et al. 2019 (arXiv:1910.10683), sec. 2.1, and its released code, whose bounds are logarithms.
    """
    xp: Any = np if isinstance(distance, np.ndarray) else jnp
    one_way = buckets // 2 if bidirectional else buckets
    far = abs(distance) if bidirectional else xp.maximum(-distance, 0)
    found = xp.searchsorted(xp.asarray(bucket_starts(one_way, max_distance)), far, side="right")
    return found + one_way * (distance > 0) if bidirectional else found


def turned(parts: Attention, x: jax.Array, places: Any) -> jax.Array:
    """Queries or keys ``(B, T, heads, c)`` as ``parts`` has them enter a product."""
    if parts.positions != "rope":
        return x
    return rotary(x, places, base=parts.rope_base, pairs=parts.rope_pairs)


def score_bias(
    parts: Attention, heads: int, distance: Any, table: jax.Array | None, dtype: Any, *, bidirectional: bool
) -> jax.Array | None:
    """What is added to scores for each ``distance`` ``(T, S)``: ``(1, heads, T, S)``, or nothing.

    ``table`` is that of :class:`netspec.layers.Attention` with ``positions="t5"``, ``(buckets, heads)``.
    """
    if parts.positions == "alibi":
        slopes = jnp.asarray(alibi_slopes(heads), dtype)
        return -slopes[None, :, None, None] * jnp.abs(jnp.asarray(distance)).astype(dtype)
    if parts.positions == "t5":
        assert table is not None
        rows = relative_buckets(distance, parts.buckets, parts.max_distance, bidirectional=bidirectional)
        return jnp.moveaxis(table.astype(dtype)[rows], -1, 0)[None]
    return None


def sines(places: Any, width: int, dtype: Any) -> jax.Array:
    """Sine and cosine of each place ``(T,)`` at ``width / 2`` paces, ``(T, width)``, from turn to turn ever slower.

    Source: Vaswani et al. 2017 (arXiv:1706.03762), sec. 3.5.
    """
    angle = jnp.asarray(places, dtype)[:, None] * jnp.asarray(10_000.0 ** (-np.arange(0, width, 2) / width), dtype)
    return jnp.stack([jnp.sin(angle), jnp.cos(angle)], axis=-1).reshape(-1, width)


class Added(nnx.Module):
    """Positions added to what enters the blocks: rows of a learned ``table``, or without one sines of their own.

    Before sines, what enters is multiplied by ``√width`` (Vaswani et al. 2017, sec. 3.4).
    """

    def __init__(self, table: nnx.Param | None) -> None:
        self.tables = nnx.List([] if table is None else [table])

    def __call__(self, x: jax.Array, position: jax.Array | None = None) -> jax.Array:
        """``(B, T, width)`` from the first position on, or one token at ``position``, in float32 or wider."""
        x = at_least_float32(x)
        tokens = x.shape[1]
        for table in self.tables:
            rows = table[:tokens] if position is None else jax.lax.dynamic_slice_in_dim(table[...], position, 1)
            return x + rows
        places = np.arange(tokens) if position is None else position[None]
        return x * x.shape[-1] ** 0.5 + sines(places, x.shape[-1], x.dtype)
