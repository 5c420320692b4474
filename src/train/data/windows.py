"""A text as examples: windows of its tokens, any of them to train on, and a set that scores every token once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from train.data.store import ALL


@dataclass(frozen=True)
class Windows:
    """Windows of ``length + 1`` tokens, of which the last ``length`` are to be predicted: a split of a store.

    ``starts`` is ``(N,)``; ``beside`` are further arrays with a row for each of them.
    """

    tokens: np.ndarray
    starts: np.ndarray | range
    length: int
    beside: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def example_bytes(self) -> int:
        """Size of one example as it is gathered."""
        return 4 * (self.length + 1)

    def gather(
        self, indices: np.ndarray, draw: tuple[int, ...] | None = None, rows: slice = ALL
    ) -> dict[str, np.ndarray]:
        """``token`` int32 ``(B, length + 1)`` of the windows at ``indices[rows]``, and what is kept beside them."""
        indices = np.asarray(indices)[rows]
        starts = indices + self.starts.start if isinstance(self.starts, range) else self.starts[indices]
        token = self.tokens[starts[:, None] + np.arange(self.length + 1)].astype(np.int32)
        return {"token": token, **{name: values[indices] for name, values in self.beside.items()}}


def any_window(tokens: np.ndarray, length: int) -> Windows:
    """All windows of a training text: drawing of them without repetition is drawing random chunks."""
    return Windows(tokens, range(len(tokens) - length), length, {})


def every_token(tokens: np.ndarray, length: int) -> Windows:
    """Windows of a held-out text that begin half a ``length`` apart, the last where it fits.

    Scored are the tokens from ``first`` (int32, by position in a window) on: each token is scored once, and with at
    least ``length // 2`` tokens before it; so those at the very beginning are not. ``whole`` (bool) marks windows that
    follow each other without overlap.
    """
    half = max(1, length // 2)
    last = len(tokens) - length - 1
    starts = np.arange(0, last + 1, length - half)
    first = np.full(len(starts), half, np.int32)
    if starts[-1] < last:
        first = np.append(first, np.int32(length - (last - starts[-1])))
        starts = np.append(starts, last)
    whole = starts % length == 0
    if last % length:
        whole[-1] = False
    return Windows(tokens, starts, length, {"first": first, "whole": whole})
