"""What counting achieves: n-gram models with back-off, fitted on the text that a network is trained on.

Every model gives a probability to each held-out token from all tokens before it, of which it uses the last few.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


class Counts:
    """How often every run of at most ``order`` tokens stands in a training text, and where those of another text do.

    Args:
        train: tokens counted, ``(N,)`` integers.
        held_out: tokens to be predicted, ``(M,)``, which follow them.
        order: length of the longest run, the token to be predicted included.
    """

    def __init__(self, train: np.ndarray, held_out: np.ndarray, order: int) -> None:
        self.order, self.train_length = order, len(train)
        tokens = np.concatenate([train, held_out]).astype(np.int64)
        #: For each length from 0: which run of this length ends at each place; a number of its own for every run.
        self.runs = [np.zeros(len(tokens), np.int64)]
        for length in range(1, order + 1):
            before = np.concatenate([[0], self.runs[-1][:-1]])
            before[: length - 1] = -1 - np.arange(length - 1)  # runs that would begin before the text
            pairs = (before + order) * (tokens.max() + 1) + tokens
            self.runs.append(np.unique(pairs, return_inverse=True)[1])

    def counted(self, length: int, *, distinct: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of runs of ``length`` at the held-out places: their count, that of what they begin with, and how many
        different tokens follow that. Last, the counts of all runs of this length that were counted.

        With ``distinct`` a run counts once for each token that precedes it (Kneser & Ney 1995), not for every place.
        """
        places = np.arange(length - 1, self.train_length)
        if distinct:
            places = places[1:]
            places = places[np.unique(self.runs[length + 1][places], return_index=True)[1]]
        run, begin = self.runs[length], np.concatenate([[0], self.runs[length - 1][:-1]])
        number = np.bincount(run[places], minlength=run.max() + 1)
        total = np.bincount(begin[places], minlength=begin.max() + 1)
        first = places[np.unique(run[places], return_index=True)[1]]
        followers = np.bincount(begin[first], minlength=begin.max() + 1)
        held = np.arange(self.train_length, len(run))
        return number[run[held]], total[begin[held]], followers[begin[held]], number[number > 0]


def kneser_ney(counts: Counts, order: int, alphabet: int) -> np.ndarray:
    """Probability of each held-out token by interpolated Kneser–Ney, ``(M,)``.

    One discount for each length, ``n1 / (n1 + 2 n2)`` of the runs counted once and twice. The shortest model is mixed
    with equal chances for all of the ``alphabet``. Source: Kneser & Ney 1995; Chen & Goodman 1999, eqs. 24 to 27.
    """
    probability = np.full(len(counts.runs[0]) - counts.train_length, 1.0 / alphabet)
    for length in range(1, order + 1):
        number, total, followers, all_counts = counts.counted(length, distinct=length < order)
        once, twice = (all_counts == 1).sum(), (all_counts == 2).sum()
        discount = once / (once + 2 * twice) if once else 0.5
        kept = np.maximum(number - discount, 0) + discount * followers * probability
        probability = np.where(total > 0, kept / np.maximum(total, 1), probability)
    return probability


def witten_bell(counts: Counts, order: int, alphabet: int) -> np.ndarray:
    """The same by Witten–Bell: what follows a run in many forms gives more to the shorter model.

    Source: Witten & Bell 1991, method C; Chen & Goodman 1999, eq. 15.
    """
    probability = np.full(len(counts.runs[0]) - counts.train_length, 1.0 / alphabet)
    for length in range(1, order + 1):
        number, total, followers, _ = counts.counted(length, distinct=False)
        mixed = (number + followers * probability) / np.maximum(total + followers, 1)
        probability = np.where(total > 0, mixed, probability)
    return probability


def baselines(train: np.ndarray, held_out: np.ndarray, alphabet: int, scored: slice) -> dict[str, float]:
    """Mean nats per token over the ``scored`` places of the held-out text, by the name of the model.

    The names end in the order of a model: the token and those before it that it looks at.
    """
    orders: dict[str, tuple] = {"witten-bell-5": (witten_bell, 5), "kneser-ney-6": (kneser_ney, 6)}
    orders["kneser-ney-8"] = (kneser_ney, 8)
    counts = Counts(train, held_out, max(order for _, order in orders.values()) + 1)
    found = {name: nats(model(counts, order, alphabet)[scored]) for name, (model, order) in orders.items()}
    return {"uniform": math.log(alphabet), **found}


def nats(probability: Sequence[float] | np.ndarray) -> float:
    """Mean negative logarithm."""
    return float(-np.log(np.asarray(probability)).mean())
