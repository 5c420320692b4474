"""Attention as a value: how many heads share keys, how positions enter, how far a token sees."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

from netspec.errors import LayerError
from netspec.fields import normalise, refusal, shown

#: How a score learns of positions: not at all, by rotated queries and keys, by a slope, by a learned table.
Positions = Literal["none", "rope", "alibi", "t5"]


class Pairs(NamedTuple):
    """Pairs of a query and a key, for one head: those that a softmax needs, and those whose scores are computed.

    A mask saves nothing: what it hides is computed and thrown away. A window narrow enough is computed in blocks.
    """

    needed: int
    computed: int


class Blocks(NamedTuple):
    """A window in blocks of ``size`` queries, each of which sees its own block, ``back`` before it and ``ahead``."""

    size: int
    back: int
    ahead: int

    @property
    def span(self) -> int:
        """Keys that a block of queries is scored against."""
        return (self.back + 1 + self.ahead) * self.size

    def count(self, tokens: int) -> int:
        """Blocks that cover as many tokens, the last filled up."""
        return -(-tokens // self.size)


@dataclass(frozen=True)
class Attention:
    """How the attention of a transformer differs from plain multi-head attention, which :class:`Attention` is.

    ``kv_heads`` keys and values are shared by all heads (grouped-query attention, Ainslie et al. 2023,
    arXiv:2305.13245; one is multi-query attention, Shazeer 2019, arXiv:1911.02150); ``None``: a pair for each head.
    Head ``h`` of ``H`` reads pair ``h // (H / kv_heads)``. Heads are ``head_width`` wide; ``None``: ``width / heads``.

    ``positions``: ``"rope"`` turns each pair of features of queries and keys by its position times
    ``rope_base^(-2i/head_width)`` (Su et al. 2021, arXiv:2104.09864, eq. 34), where a pair is two adjacent features, or
    with ``rope_pairs="halves"`` one of each half, as in transformers. ``"alibi"`` subtracts a slope per head times the
    distance (Press et al. 2021, arXiv:2108.12409). ``"t5"`` adds a learned number per head and bucket of distances,
    from a table that all blocks share (Raffel et al. 2019, arXiv:1910.10683, sec. 2.1): ``buckets`` of them, up to
    ``max_distance``, half of them for each direction unless later tokens are hidden.

    A token sees itself and the ``window − 1`` tokens before it, and ``ahead`` tokens behind it; ``None`` is no limit on
    the former, and for the latter as many as before it, or none where later tokens are hidden (Beltagy et al. 2020,
    arXiv:2004.05150). ``bias`` is that of the four maps, of which the keys' is left out without ``key_bias`` (it
    cancels in the softmax; Whisper has none); ``out_bias`` is that of the last map where it differs. ``scaled`` divides
    scores by ``√head_width``, which T5 does not.
    """

    kv_heads: int | None = None
    head_width: int | None = None
    positions: Positions = "none"
    window: int | None = None
    ahead: int | None = None
    bias: bool = True
    key_bias: bool = True
    out_bias: bool | None = None
    scaled: bool = True
    rope_base: int = 10_000
    rope_pairs: Literal["adjacent", "halves"] = "adjacent"
    buckets: int = 32
    max_distance: int = 128

    may_be_zero = ("ahead",)

    def __post_init__(self) -> None:
        normalise(self)

    def __repr__(self) -> str:
        given = ((f.name, getattr(self, f.name), f.default) for f in fields(self))
        return f"Attention({', '.join(f'{name}={shown(value)}' for name, value, usual in given if value != usual)})"

    def check(self, width: int, heads: int, causal: bool) -> None:
        """Raise :class:`LayerError` for fields that cannot be right, together or for ``heads`` heads in ``width``."""
        if wrong := refusal(self):
            value, refused = wrong
            raise LayerError(f"attention: {refused.problem}", arrived=shown(value), expected=refused.expected)
        if self.head_width is None and width % heads:
            raise LayerError(
                "heads do not divide the width", arrived=f"{heads} heads", expected=f"a divisor of {width}"
            )
        if heads % self.pairs_of(heads):
            arrived = f"kv_heads={self.kv_heads} for {heads} heads"
            raise LayerError("heads share keys in equal groups", arrived=arrived, expected=f"a divisor of {heads}")
        if self.positions == "rope" and self.width_of(width, heads) % 2:
            arrived = f"heads of width {self.width_of(width, heads)}"
            raise LayerError("rotary positions turn pairs of features", arrived=arrived, expected="an even width")
        if causal and self.ahead:
            raise LayerError(
                "a token must not see those it is to predict", arrived=f"ahead={self.ahead}", expected="causal=False"
            )
        if self.ahead is not None and self.window is None:
            raise LayerError("tokens ahead are part of a window", arrived=f"ahead={self.ahead}", expected="a window")
        if self.positions == "t5" and (self.buckets % 4 or self.max_distance <= self.buckets):
            arrived = f"buckets={self.buckets}, max_distance={self.max_distance}"
            expected = "a multiple of 4, and a distance beyond it"
            raise LayerError("buckets grow from one distance to many", arrived=arrived, expected=expected)

    def pairs_of(self, heads: int) -> int:
        """Pairs of keys and values for ``heads`` heads."""
        return heads if self.kv_heads is None else self.kv_heads

    def width_of(self, width: int, heads: int) -> int:
        """Width of a head."""
        return width // heads if self.head_width is None else self.head_width

    def maps(self, width: int, heads: int) -> tuple[int, int, int]:
        """Widths of all queries, of all keys, and of all values, side by side."""
        one = self.width_of(width, heads)
        return heads * one, self.pairs_of(heads) * one, self.pairs_of(heads) * one

    def params(self, width: int, heads: int, memory_width: int | None = None) -> int:
        """The four maps; keys and values read ``memory_width`` features, by default ``width``. Tables are apart."""
        queries, keys, values = self.maps(width, heads)
        read = width if memory_width is None else memory_width
        kernels = width * queries + read * (keys + values) + queries * width
        biases = queries + (keys if self.key_bias else 0) + values
        return kernels + (biases if self.bias else 0) + (width if self.biased_out else 0)

    @property
    def biased_out(self) -> bool:
        """Whether the last map has a bias."""
        return self.bias if self.out_bias is None else self.out_bias

    def table(self, heads: int) -> int:
        """Entries of the table of relative positions, which all blocks of a stack share."""
        return self.buckets * heads if self.positions == "t5" else 0

    def reach(self, causal: bool) -> tuple[int | None, int | None]:
        """How many tokens before and behind itself a token sees; ``None`` is all."""
        if self.window is None:
            return None, 0 if causal else None
        back = self.window - 1
        return back, 0 if causal else back if self.ahead is None else self.ahead

    def blocks(self, tokens: int, causal: bool) -> Blocks | None:
        """How a window over as many tokens is computed; ``None``: as one square, which takes no more."""
        back, ahead = self.reach(causal)
        if back is None or ahead is None:
            return None
        size = back + 1
        blocks = Blocks(size, -(-back // size), -(-ahead // size))
        return blocks if blocks.count(tokens) * size * blocks.span < tokens * tokens else None

    def pairs(self, tokens: int, causal: bool) -> Pairs:
        """Those of a sequence with itself."""
        back, ahead = (tokens if limit is None else min(limit, tokens) for limit in self.reach(causal))
        needed = sum(_seen(tokens, limit) for limit in (back, ahead)) + tokens
        blocks = self.blocks(tokens, causal)
        return Pairs(needed, tokens**2 if blocks is None else blocks.count(tokens) * blocks.size * blocks.span)

    def macs(self, width: int, heads: int, tokens: int, pairs: int) -> int:
        """The four maps over a sequence, and both products of ``pairs`` pairs for each head."""
        queries, keys, values = self.maps(width, heads)
        return tokens * width * (2 * queries + keys + values) + 2 * pairs * queries


#: Multi-head attention as in the book.
PLAIN = Attention()


def _seen(tokens: int, limit: int) -> int:
    """Pairs of tokens that are one to ``limit`` apart, in one direction."""
    limit = min(limit, tokens - 1)
    return limit * tokens - limit * (limit + 1) // 2
