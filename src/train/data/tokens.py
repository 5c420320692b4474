"""From a text to tokens and back: characters, or byte pairs by the library SentencePiece."""

from __future__ import annotations

import io
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from train.config.cell import Dataset
from train.config.schema import ConfigError
from train.data.raw.text import RawText

#: File of a store that has the merges of byte pairs.
TOKENIZER = "tokenizer.model"
#: Stands for every character that an alphabet lacks.
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
#: The printable characters of ASCII, line break, and what stands for all others.
ASCII = ("\n", *sorted(set(string.printable) - set("\t\n\r\v\f")), UNKNOWN)
#: Lines of a training text that byte pairs are learned of.
LINES = 1_000_000
#: Most tokens that fit the type they are stored in.
MOST = 2**16


class Tokens(Protocol):
    """An alphabet: ``names`` of its tokens by number, and what is kept in the store besides as ``file``."""

    names: list[str]
    file: bytes | None

    def encode(self, text: str) -> np.ndarray:
        """The numbers of the tokens of ``text``, uint16 ``(N,)``."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""


@dataclass(frozen=True)
class Characters:
    """One token for each character of ``names``; others are :data:`UNKNOWN` where that is one of them."""

    names: list[str]
    file: bytes | None = None

    def encode(self, text: str) -> np.ndarray:
        """Raises :class:`ConfigError` for a character that the alphabet lacks."""
        points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        known = np.array([ord(name) for name in self.names], np.uint32)
        order = np.argsort(known)
        at = order[np.searchsorted(known, points, sorter=order).clip(max=len(known) - 1)]
        strange = known[at] != points
        if strange.any():
            if UNKNOWN not in self.names:
                raise ConfigError(
                    f"character {chr(points[strange][0])!r} is none of the {len(self.names)} of the alphabet"
                )
            at = np.where(strange, self.names.index(UNKNOWN), at)
        return at.astype(np.uint16)

    def decode(self, tokens: Sequence[int]) -> str:
        """The characters, one after the other."""
        return "".join(self.names[int(token)] for token in tokens)


class BytePairs:
    """Pairs merged by how often they stand beside each other (Sennrich et al. 2016, arXiv:1508.07909).

    What the merges do not know is spelled in bytes, so that every text can be encoded and comes back as it was.
    """

    def __init__(self, file: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self.file = file
        self.model = SentencePieceProcessor(model_proto=file)
        self.names = [self.model.id_to_piece(number) for number in range(self.model.get_piece_size())]

    @classmethod
    def learned(cls, text: str, size: int) -> BytePairs:
        """``size`` tokens, of the first lines of a training text. Raises ``ValueError`` where it has not as many."""
        from sentencepiece import SentencePieceTrainer

        file = io.BytesIO()
        try:
            SentencePieceTrainer.train(
                sentence_iterator=iter(_lines(text)[:LINES]),
                model_writer=file,
                model_type="bpe",
                vocab_size=size,
                byte_fallback=True,
                user_defined_symbols=["\n"],
                normalization_rule_name="identity",
                add_dummy_prefix=False,
                remove_extra_whitespaces=False,
                max_sentence_length=2**20,
                bos_id=-1,
                eos_id=-1,
                num_threads=1,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise ValueError(str(error).rpartition(": ")[2] or str(error)) from None
        return cls(file.getvalue())

    @classmethod
    def kept(cls, file: bytes, where: str) -> BytePairs:
        """Those of a store or a file of weights. Raises :class:`ConfigError` where they are damaged."""
        try:
            return cls(file)
        except (OSError, RuntimeError) as error:
            raise ConfigError(f"{where}: no tokenizer ({error}), expected that of a prepared store") from None

    def encode(self, text: str) -> np.ndarray:
        """Line by line, on all cores."""
        parts = self.model.encode(_lines(text), num_threads=-1)
        return np.concatenate([np.array(part, np.uint16) for part in parts])

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; bytes that are no UTF-8 are :data:`UNKNOWN`."""
        return self.model.decode([int(token) for token in tokens])


def _lines(text: str) -> list[str]:
    """The text in parts that end with a line break, as they are encoded."""
    return text.splitlines(keepends=True)


def tokens_of(dataset: Dataset, raw: RawText) -> Tokens:
    """The alphabet of a text, before it is stored. Raises :class:`ConfigError` where it has more tokens than fit."""
    if dataset.text.tokens == "byte-pair":
        if not 256 < dataset.classes <= MOST:
            raise ConfigError(
                f"config/datasets/{dataset.name}.yaml: key 'classes' is {dataset.classes}, expected more than the 256 "
                f"bytes and at most {MOST:,} byte pairs"
            )
        try:
            return BytePairs.learned(raw.splits["train"], dataset.classes)
        except ValueError as error:
            raise ConfigError(
                f"config/datasets/{dataset.name}.yaml: key 'classes' is {dataset.classes}, expected a number of byte "
                f"pairs that the text allows ({error})"
            ) from None
    if dataset.text.tokens == "ascii":
        return Characters(list(ASCII))
    return Characters(sorted(set("".join(raw.splits.values()))))


def tokens_from(names: Sequence[str], merges: bytes | None, where: str) -> Tokens:
    """The alphabet that was kept: characters, unless there are the ``merges`` of byte pairs.

    Raises :class:`ConfigError` naming ``where`` these are from, if they are damaged.
    """
    return Characters(list(names)) if merges is None else BytePairs.kept(merges, where)
