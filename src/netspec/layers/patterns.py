"""Which tokens a token sees, as values: all, neighbours, every k-th, some that all see, some drawn.

With ``causal`` attention each pattern is cut to the tokens so far. What a pattern leaves out is not computed where
blocks make that less than the whole square: a pattern says in which :class:`netspec.layers.pieces.Piece` its pairs
come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from netspec.errors import LayerError
from netspec.fields import normalise, refusal, shown
from netspec.layers.pieces import Blocks, Piece

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Pattern(ABC):
    """The base of all patterns."""

    may_be_zero: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        normalise(self)

    def check(self, causal: bool) -> None:
        """Raise :class:`LayerError` for a size that is none."""
        if wrong := refusal(self):
            value, refused = wrong
            name = type(self).__name__
            raise LayerError(f"{name}: {refused.problem}", arrived=shown(value), expected=refused.expected)

    @abstractmethod
    def sees(self, query: Any, key: Any) -> Any:
        """Booleans for positions ``query`` and ``key``, of NumPy or jax, that broadcast; later tokens not hidden yet.

        What is drawn is apart; see :meth:`BigBird.drawn`.
        """

    def owns(self, kind: str, query: Any, key: Any) -> Any:
        """Which of the pairs seen are computed in a piece of that kind, where there are several."""
        return True

    @abstractmethod
    def needed(self, tokens: int, causal: bool) -> int:
        """Pairs that it has in as many tokens."""

    def pieces(self, tokens: int, causal: bool) -> tuple[Piece, ...]:
        """How its pairs are computed; none: as one square."""
        return ()

    @property
    def first(self) -> int:
        """Tokens at the beginning that all others see."""
        return 0


@dataclass(frozen=True)
class Full(Pattern):
    """Every token sees all."""

    def sees(self, query: Any, key: Any) -> Any:
        """Always."""
        return (key - query) == (key - query)

    def needed(self, tokens: int, causal: bool) -> int:
        """The square, or what is not above its diagonal."""
        return tokens * (tokens + 1) // 2 if causal else tokens**2


FULL = Full()


@dataclass(frozen=True)
class Window(Pattern):
    """A token sees itself and the ``width − 1`` tokens before it, and ``ahead`` behind it, by default as many.

    Source: Beltagy et al. 2020 (arXiv:2004.05150), sec. 3.1.
    """

    width: int
    ahead: int | None = None

    may_be_zero = ("ahead",)

    def check(self, causal: bool) -> None:
        """Raise :class:`LayerError` for a window that looks ahead where later tokens are hidden."""
        super().check(causal)
        if causal and self.ahead:
            raise LayerError(
                "a token must not see those it is to predict", arrived=f"ahead={self.ahead}", expected="causal=False"
            )

    def reach(self, causal: bool) -> tuple[int, int]:
        """How many tokens before and behind itself a token sees."""
        back = self.width - 1
        return back, 0 if causal else back if self.ahead is None else self.ahead

    def sees(self, query: Any, key: Any) -> Any:
        """Within reach."""
        back, ahead = self.reach(causal=False)
        return (key - query >= -back) & (key - query <= ahead)

    def needed(self, tokens: int, causal: bool) -> int:
        """Those of each distance in reach."""
        return tokens + sum(_within(tokens, limit) for limit in self.reach(causal))

    def blocks(self, causal: bool) -> Blocks:
        """Blocks as wide as the window."""
        back, ahead = self.reach(causal)
        return Blocks(self.width, -(-back // self.width), -(-ahead // self.width))

    def pieces(self, tokens: int, causal: bool) -> tuple[Piece, ...]:
        """The blocks."""
        blocks = self.blocks(causal)
        return (Piece("near", blocks.count(tokens), blocks.size, blocks.span, blocks),)


@dataclass(frozen=True)
class Dilated(Pattern):
    """A token sees each ``step``-th one on either side, so that the sequence falls into ``step`` that never meet.

    Source: Beltagy et al. 2020 (arXiv:2004.05150), sec. 3.1; Ding et al. 2023 (arXiv:2307.02486).
    """

    step: int

    def sees(self, query: Any, key: Any) -> Any:
        """At multiples of the step."""
        return (key - query) % self.step == 0

    def needed(self, tokens: int, causal: bool) -> int:
        """Those of each such distance."""
        return tokens + (1 if causal else 2) * _multiples(tokens, self.step)

    def pieces(self, tokens: int, causal: bool) -> tuple[Piece, ...]:
        """A square for each of the sequences."""
        each = -(-tokens // self.step)
        return (Piece("apart", self.step, each, each, step=self.step),)


@dataclass(frozen=True)
class Strided(Pattern):
    """A token sees the ``stride − 1`` before it, and every ``stride``-th one, so that two layers reach all.

    Source: Child et al. 2019 (arXiv:1904.10509), sec. 4.2, both heads merged.
    """

    stride: int

    def sees(self, query: Any, key: Any) -> Any:
        """Nearer than the stride, or at its multiples."""
        return (abs(key - query) < self.stride) | ((key - query) % self.stride == 0)

    def owns(self, kind: str, query: Any, key: Any) -> Any:
        """The window has what is nearer than the stride."""
        near = abs(key - query) < self.stride
        return near if kind == "near" else ~near

    def needed(self, tokens: int, causal: bool) -> int:
        """Those of each such distance."""
        apart = _within(tokens, self.stride - 1) + _multiples(tokens, self.stride)
        return tokens + (1 if causal else 2) * apart

    def pieces(self, tokens: int, causal: bool) -> tuple[Piece, ...]:
        """A window, and the rest of what is dilated."""
        return Window(self.stride).pieces(tokens, causal) + Dilated(self.stride).pieces(tokens, causal)


@dataclass(frozen=True)
class Global(Pattern):
    """The first ``tokens`` see all and are seen by all; the others see those and a window, by default themselves.

    Source: Beltagy et al. 2020 (arXiv:2004.05150), sec. 3.1, with the same maps for all tokens.
    """

    tokens: int
    window: int = 1

    @property
    def first(self) -> int:
        """Those."""
        return self.tokens

    def sees(self, query: Any, key: Any) -> Any:
        """One of them, or near."""
        return (query < self.tokens) | (key < self.tokens) | Window(self.window).sees(query, key)

    def owns(self, kind: str, query: Any, key: Any) -> Any:
        """The columns have what the first tokens are seen by, the rows what else these see."""
        if kind == "first":
            return key < self.tokens
        return (query < self.tokens if kind == "of_first" else query >= self.tokens) & (key >= self.tokens)

    def needed(self, tokens: int, causal: bool) -> int:
        """Row by row."""
        return int(_rows(self, tokens, causal).sum())

    def pieces(self, tokens: int, causal: bool) -> tuple[Piece, ...]:
        """The window, the columns, and unless they see the past only, the rows."""
        near = Window(self.window).pieces(tokens, causal)
        first = min(self.tokens, tokens)
        rows = () if causal else (Piece("of_first", 1, first, tokens),)
        return (*near, Piece("first", 1, tokens, first), *rows)


@dataclass(frozen=True)
class BigBird(Global):
    """Some that all see, a window, and for each token ``chosen`` of the others, drawn once with ``seed``.

    The draw of a token depends on the tokens that it may see alone. Source: Zaheer et al. 2020 (arXiv:2007.14062),
    sec. 2, which draws blocks instead of tokens.
    """

    tokens: int = 1
    window: int = 3
    chosen: int = 3
    seed: int = 0

    may_be_zero = ("seed",)

    def drawn(self, tokens: int, causal: bool) -> np.ndarray:
        """The keys drawn for each query, ``(tokens, chosen)``; −1 where there are no others left."""
        return _drawn(self, tokens, causal)

    def needed(self, tokens: int, causal: bool) -> int:
        """Row by row, and those drawn."""
        return super().needed(tokens, causal) + int((self.drawn(tokens, causal) >= 0).sum())

    def pieces(self, tokens: int, causal: bool) -> tuple[Piece, ...]:
        """As :class:`Global`, and what was drawn."""
        return (*super().pieces(tokens, causal), Piece("drawn", tokens, 1, self.chosen))


def _within(tokens: int, limit: int) -> int:
    """Pairs of tokens that are one to ``limit`` apart, in one direction."""
    limit = min(limit, tokens - 1)
    return limit * tokens - limit * (limit + 1) // 2


def _multiples(tokens: int, step: int) -> int:
    """Pairs whose distance is a positive multiple of ``step``, in one direction."""
    count = (tokens - 1) // step
    return count * tokens - step * count * (count + 1) // 2


def _rows(pattern: Global, tokens: int, causal: bool) -> np.ndarray:
    """How many each token sees of its window and the first tokens."""
    import numpy as np  # which a spec is read without

    at = np.arange(tokens)
    back, ahead = Window(pattern.window).reach(causal)
    first = min(pattern.tokens, tokens)
    low, high = np.maximum(at - back, first), np.minimum(at + ahead, tokens - 1)
    beyond = np.maximum(high - low + 1, 0)
    if causal:
        return beyond + np.minimum(at + 1, first)
    return np.where(at < first, tokens, beyond + first)


@lru_cache(maxsize=32)
def _drawn(pattern: BigBird, tokens: int, causal: bool) -> np.ndarray:
    import numpy as np  # which a spec is read without

    back, ahead = Window(pattern.window).reach(causal)
    found = np.full((tokens, pattern.chosen), -1)
    for query in range(pattern.tokens, tokens):
        behind = np.arange(pattern.tokens, max(query - back, pattern.tokens))
        later = np.arange(0) if causal else np.arange(max(query + ahead + 1, pattern.tokens), tokens)
        others = np.concatenate([behind, later])
        count = min(pattern.chosen, len(others))
        draws = np.random.default_rng((pattern.seed, query))
        found[query, :count] = draws.choice(others, count, replace=False)
    return found
