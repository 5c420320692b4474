"""In which pieces the pairs of an attention are computed, so that those that are hidden cost little."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Pairs(NamedTuple):
    """Pairs of a query and a key, for one head: those that are needed, and those whose scores are computed.

    A mask saves nothing: what it hides is computed and thrown away. A pattern narrow enough is computed in pieces.
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


class Piece(NamedTuple):
    """Pairs that are computed together: ``groups`` of ``queries`` by ``keys``; no pair is in two pieces.

    ``near``: a window in ``blocks``. ``apart``: tokens whose distance is a multiple of ``step``. ``first``: all tokens
    with the first ones. ``of_first``: those with the others. ``drawn``: each token with keys of its own.
    """

    kind: Literal["near", "apart", "first", "of_first", "drawn"]
    groups: int
    queries: int
    keys: int
    blocks: Blocks | None = None
    step: int = 1

    @property
    def pairs(self) -> int:
        """Scores of one head."""
        return self.groups * self.queries * self.keys
