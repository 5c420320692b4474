"""What must hold of tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import tokens
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.term import Implementation, Mistake, Property, Term
from netspec.vocabulary.tokens import BytePairs, merged

#: The words of the paper, each with the mark of its end, and the pieces that its program prints for them.
WORDS = {"low ": 5, "lower ": 2, "newest ": 6, "widest ": 3}
PUBLISHED = ["es", "est", "est ", "lo", "low", "ne", "new", "newest ", "low ", "wi"]


def _letters(case: Case) -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Words of three to six letters, with padding behind, and filters two and three letters wide."""
    lengths = case.rng(1).integers(3, 7, (2, 3, 1))
    characters = np.where(np.arange(6) < lengths, case.rng(2).integers(1, 8, (2, 3, 6)), 0)
    kernels = [(case.normal(k, 4, n, seed=k), 2 + case.normal(n, seed=9 + k)) for k, n in ((2, 3), (3, 2))]
    return characters, case.normal(8, 4), kernels


def _by_hand(embed: Implementation, case: Case) -> float:
    """Over the letters of each word, window by window."""
    characters, table, filters = _letters(case)
    expected = np.zeros((2, 3, 5))
    for place in np.ndindex(2, 3):
        word = table[characters[place][characters[place] > 0]]
        found = []
        for kernel, bias in filters:
            windows = [word[t : t + len(kernel)] for t in range(len(word) - len(kernel) + 1)]
            found.append(np.max([np.maximum(np.einsum("id,ido->o", w, kernel) + bias, 0) for w in windows], 0))
        expected[place] = np.concatenate(found)
    return apart(program(embed)(characters, table, filters), expected)


def _longer_words_beside(embed: Implementation, case: Case) -> float:
    """More padding behind changes nothing, whatever vector padding has."""
    characters, table, filters = _letters(case)
    table = np.concatenate([np.full((1, 4), 5.0), table[1:]])
    longer = np.pad(characters, ((0, 0), (0, 0), (0, 2)))
    found = [program(embed)(each, table, filters) for each in (characters, longer)]
    return apart(found[1], found[0])


def _reads_padding(characters: jax.Array, table: jax.Array, filters: Any) -> jax.Array:
    return tokens.char_embedding(characters, table, filters, padding=-1)


def _mean(characters: jax.Array, table: jax.Array, filters: Any) -> jax.Array:
    """The mean over all windows instead of the largest."""
    embedded, found = table[characters], []
    for kernel, bias in filters:
        places = characters.shape[-1] - len(kernel) + 1
        sums = sum(embedded[..., i : i + places, :] @ kernel[i] for i in range(len(kernel)))
        found.append(jax.nn.relu(sums + bias).mean(-2))
    return jnp.concatenate(found, -1)


def _published(pairs: Implementation, case: Case) -> float:
    learned = pairs.learn(WORDS, len(PUBLISHED)).pieces[256:]
    return wrong([piece.decode() for piece in learned] == PUBLISHED)


def _text(case: Case) -> str:
    """Letters, blanks and signs from all over Unicode."""
    signs = [chr(code) for code in case.rng(3).integers(1, 0x3000, 30)]
    return "low newest\n\n  slowest " + "".join(signs) + " naïve 𝛼  "


def _there_and_back(pairs: Implementation, case: Case) -> float:
    """Any text comes back, in no more tokens than bytes, and with more merges in no more."""
    text, counts = _text(case), []
    for merges in (0, 4, 10):
        cut = pairs.learn(WORDS, merges)
        if cut.decode(cut.encode(text)) != text:
            return 1.0
        counts.append(len(cut.encode(text)))
    return wrong(counts[0] == len(text.encode()) and counts[0] > counts[1] > counts[2])


def _by_rank(pairs: Implementation, case: Case) -> float:
    """Merging the earliest learned of the pairs that are there, until there is none, gives the same tokens."""
    cut = pairs.learn(WORDS, 10)
    ranks = {pair: token for token, pair in enumerate(cut.merges, 256)}
    for word in (*WORDS, "lowest ", "newer ", "wiwide ", "estest", "nest "):
        pieces = list(word.encode())
        while known := [pair for pair in pairwise(pieces) if pair in ranks]:
            best = min(known, key=ranks.__getitem__)
            pieces = merged(pieces, best, ranks[best])
        if cut.encode(word) != pieces:
            return 1.0
    return 0.0


class _EveryWordOnce(BytePairs):
    """How often a word occurs is not counted."""

    @classmethod
    def learn(cls, words: Mapping[str, int], merges: int) -> BytePairs:
        return super().learn(dict.fromkeys(words, 1), merges)


class _AcrossWords(BytePairs):
    """All words are one."""

    @classmethod
    def learn(cls, words: Mapping[str, int], merges: int) -> BytePairs:
        return super().learn({"".join(word * count for word, count in words.items()): 1}, merges)


class _LettersOnly(BytePairs):
    """What is no letter of the alphabet is dropped."""

    def encode(self, text: str) -> list[int]:
        return super().encode("".join(sign for sign in text if sign.isascii()))


class _LongestFirst(BytePairs):
    """The longest known piece from the left, as WordPiece does."""

    def encode(self, text: str) -> list[int]:
        pieces, left, found = self.pieces, text.encode(), []
        while left:
            best = max((piece for piece in pieces if left.startswith(piece)), key=len)
            found.append(pieces.index(best))
            left = left[len(best) :]
        return found


class _LastLearnedFirst(BytePairs):
    """Merges in the other order: pieces of pieces find nothing yet to be made of."""

    def encode(self, text: str) -> list[int]:
        found = list(text.encode())
        for token, pair in reversed(list(enumerate(self.merges, 256))):
            found = merged(found, pair, token)
        return found


class _RarestFirst(BytePairs):
    """The least frequent pair."""

    @classmethod
    def learn(cls, words: Mapping[str, int], merges: int) -> BytePairs:
        cut: dict[Sequence[int], int] = {tuple(word.encode()): count for word, count in words.items()}
        learned = []
        for token in range(256, 256 + merges):
            pairs: Counter[tuple[int, int]] = Counter()
            for word, count in cut.items():
                pairs.update(dict.fromkeys(pairwise(word), count))
            learned.append(min(pairs, key=pairs.__getitem__))
            cut = {tuple(merged(word, learned[-1], token)): count for word, count in cut.items()}
        return cls(tuple(learned))


TERMS = (
    Term(
        "char-embedding",
        tokens.char_embedding,
        (
            Property(
                "It is the largest answer of each filter over the windows of a word, one by one.",
                _by_hand,
                1e-12,
                (
                    Mistake("padding read as a letter", _reads_padding),
                    Mistake("the mean over all windows", _mean),
                ),
            ),
            Property(
                "A longer word beside it changes nothing, whatever vector padding has.",
                _longer_words_beside,
                1e-12,
                (
                    Mistake("padding read as a letter", _reads_padding),
                    Mistake("the mean over all windows", _mean),
                ),
            ),
        ),
    ),
    Term(
        "bpe",
        BytePairs,
        (
            Property(
                "From the paper's words it learns es, est, est_, lo, low, ne, new, newest_, low_, wi.",
                _published,
                0.0,
                (
                    Mistake("every word counted once", _EveryWordOnce),
                    Mistake("pieces across words", _AcrossWords),
                    Mistake("the rarest pair first", _RarestFirst),
                ),
            ),
            Property(
                "Any text comes back, and more merges make fewer tokens.",
                _there_and_back,
                0.0,
                (Mistake("signs that are not ASCII dropped", _LettersOnly),),
            ),
            Property(
                "Merges in their order, or the earliest of those that can be done: the tokens are the same.",
                _by_rank,
                0.0,
                (
                    Mistake("the longest piece from the left", _LongestFirst),
                    Mistake("merges in the other order", _LastLearnedFirst),
                ),
            ),
        ),
    ),
)
