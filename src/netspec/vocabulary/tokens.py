"""Tokens: pieces of words that are learned from texts, and vectors of words from their letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import jax
import jax.numpy as jnp

from netspec.errors import VocabularyError
from netspec.vocabulary import expect

#: A word is what stands before a blank, with it.
WORD = re.compile(rb"[^\s]*\s|[^\s]+")


def char_embedding(
    characters: jax.Array, table: jax.Array, filters: Sequence[tuple[jax.Array, jax.Array]], padding: int = 0
) -> jax.Array:
    """Make vectors of words from their letters, so that a word never seen before has one too.

    Formula: y_k = max_t relu(b_k + Σ_i W_k[i]ᵀ E[c_{t+i}]) over the windows t without padding, all y_k side by side
    Shapes: characters c (…, letters), whole numbers; table E (characters, depth); filters, for each width of window a
        kernel W (window, depth, outputs) and a bias b (outputs,); vectors (…, sum of all outputs).
    Parameters: characters · depth, and (window · depth + 1) · outputs for each width.
    Cost: one convolution over the letters for each width.
    Training: as in use.
    Caveats: windows over padding are left out, or a word's vector would depend on the longest word beside it. A word
        shorter than every window has zeros only.
    Raises: VocabularyError where shapes disagree, a character has no row, or a window is longer than the words.
    Source: Kim et al. 2016 (arXiv:1508.06615), sec. 2.2; vocabulary line 5232.

    >>> table, pairs = jnp.eye(3), (jnp.zeros((2, 3, 1)).at[0, 1, 0].set(1.0).at[1, 2, 0].set(1.0), jnp.array([-1.0]))
    >>> words = jnp.array([[1, 2, 0, 0], [2, 1, 1, 2], [2, 2, 1, 0]])  # the filter looks for a 1 before a 2
    >>> char_embedding(words, table, [pairs])[:, 0].tolist()
    [1.0, 1.0, 0.0]
    """
    sizes = expect.axes(characters=(characters, "... letters"), table=(table, "characters depth"))
    expect.within("characters", characters, 0, sizes["characters"] - 1)
    if not filters:
        raise VocabularyError("filters: arrived empty, expected at least one kernel with its bias")
    letters, embedded = jnp.asarray(characters) != padding, jnp.asarray(table)[characters]
    found = []
    for number, (kernel, bias) in enumerate(filters):
        given = {
            f"filters[{number}].kernel": (kernel, "window depth outputs"),
            f"filters[{number}].bias": (bias, "outputs"),
        }
        window = expect.axes({"depth": sizes["depth"]}, **given)["window"]
        places = sizes["letters"] - window + 1
        if places < 1:
            raise VocabularyError(
                f"filters[{number}].kernel: arrived {window} letters long, expected at most {sizes['letters']}"
            )
        sums = sum(embedded[..., i : i + places, :] @ kernel[i] for i in range(window)) + bias
        whole = jnp.stack([letters[..., i : i + places] for i in range(window)]).all(0)
        found.append(jnp.where(whole[..., None], jax.nn.relu(sums), 0).max(-2))
    return jnp.concatenate(found, -1)


@dataclass(frozen=True)
class BytePairs:
    """Cut texts into pieces that are common: not so many as words, and not so short as letters.

    Formula: of all pairs of neighbours (a, b) in the words the most frequent becomes one piece ab, and again
    Shapes: a text is a string; its tokens are whole numbers from 0 to 255 + merges.
    Parameters: none that are trained by gradients; 256 bytes, and one piece for each of `merges`.
    Cost: learning counts all pairs once a merge; cutting a word goes through its pieces once a merge.
    Training: on words with how often each occurs; in use merges are applied in the order in which they were learned.
    Caveats: it makes tokens, and no vectors: those are an embedding's. Pieces do not cross words; the blank behind a
        word belongs to it. Of equally frequent pairs the one seen first is merged. Where a network is trained,
        sentencepiece does this (`train.data.tokens.BytePairs`).
    Raises: VocabularyError where words or counts are empty, or a token is unknown.
    Source: Sennrich et al. 2016 (arXiv:1508.07909), alg. 1; Radford et al. 2019, sec. 2.2; vocabulary line 5253.

    >>> pieces = BytePairs.learn({"low ": 5, "lower ": 2, "newest ": 6, "widest ": 3}, merges=5)
    >>> [piece.decode() for piece in pieces.pieces[256:]]
    ['es', 'est', 'est ', 'lo', 'low']
    >>> tokens = pieces.encode("lowest ")
    >>> [pieces.pieces[token].decode() for token in tokens], pieces.decode(tokens)
    (['low', 'est '], 'lowest ')
    """

    merges: tuple[tuple[int, int], ...]

    @classmethod
    def learn(cls, words: Mapping[str, int], merges: int) -> BytePairs:
        """The pieces of words that occur so and so often, after at most as many merges."""
        if not words:
            raise VocabularyError("words: arrived empty, expected at least one word with how often it occurs")
        expect.whole("merges", merges, 0)
        for word, count in words.items():
            expect.whole(f"words[{word!r}]", count)
        cut: dict[tuple[int, ...], int] = {tuple(word.encode()): count for word, count in words.items()}
        learned: list[tuple[int, int]] = []
        for token in range(256, 256 + merges):
            pairs: Counter[tuple[int, int]] = Counter()
            for letters, count in cut.items():
                for pair in pairwise(letters):
                    pairs[pair] += count
            if not pairs:
                break
            learned.append(max(pairs, key=pairs.__getitem__))
            cut = {tuple(merged(letters, learned[-1], token)): count for letters, count in cut.items()}
        return cls(tuple(learned))

    @property
    def pieces(self) -> list[bytes]:
        """The bytes that each token stands for."""
        found = [bytes([byte]) for byte in range(256)]
        for one, other in self.merges:
            found.append(found[one] + found[other])
        return found

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, of which there are as many as it has bytes or fewer."""
        tokens: list[int] = []
        for word in WORD.findall(text.encode()):
            cut = list(word)
            for token, pair in enumerate(self.merges, 256):
                cut = merged(cut, pair, token)
            tokens += cut
        return tokens

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; bytes that are no text are shown as �."""
        pieces = self.pieces
        expect.within("tokens", list(tokens), 0, len(pieces) - 1)
        return b"".join(pieces[token] for token in tokens).decode(errors="replace")


def merged(word: Sequence[int], pair: tuple[int, int], token: int) -> list[int]:
    """A word with every occurrence of a pair, from the left, replaced by a token."""
    found: list[int] = []
    place = 0
    while place < len(word):
        together = tuple(word[place : place + 2]) == pair
        found.append(token if together else word[place])
        place += 1 + together
    return found
