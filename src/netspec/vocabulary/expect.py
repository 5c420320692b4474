"""What the functions of the vocabulary refuse, each with one sentence: what arrived, and what was expected.

Shapes are checked when a function is called or traced; of numbers only those that are known then.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from netspec.errors import VocabularyError

Sizes = dict[str, int]


def axes(sizes: Sizes | None = None, /, **arrays: tuple[Any, str]) -> Sizes:
    """The sizes of named axes, which must agree between arrays, must not be empty, and may be given beforehand.

    ``axes(x=(x, "batch tokens channels"), mask=(mask, "tokens tokens"))``; a number is a size, ``...`` any axes before.

    Raises:
        VocabularyError: naming the array, the shape that arrived and the one expected.
    """
    known = dict(sizes or {})
    for name, (array, spelled) in arrays.items():
        words = spelled.split()
        shape = np.shape(array)
        trailing = words[1:] if words[:1] == ["..."] else words
        expected = f"({', '.join(_shown(word, known) for word in words)}{',' if len(words) == 1 else ''})"
        if len(shape) < len(trailing) or (len(trailing) == len(words) and len(shape) != len(words)):
            raise VocabularyError(f"{name}: arrived with shape {shape}, expected {expected}")
        for word, size in zip(trailing, shape[len(shape) - len(trailing) :], strict=True):
            if size != (int(word) if word.isdigit() else known.setdefault(word, size)):
                raise VocabularyError(f"{name}: arrived with shape {shape}, expected {expected}")
        if 0 in shape:
            raise VocabularyError(f"{name}: arrived empty, with shape {shape}, expected at least one of each axis")
    return known


def within(name: str, value: Any, low: float = -math.inf, high: float = math.inf, *, open_below: bool = False) -> None:
    """Raise :class:`VocabularyError` unless every number of ``value`` that is known now lies from ``low`` to ``high``.

    With ``open_below`` it has to be greater than ``low``. A traced value is not known and passes.
    """
    if isinstance(value, jax.core.Tracer):
        return
    numbers = np.asarray(value)
    fits = (numbers > low if open_below else numbers >= low) & (numbers <= high)
    if not np.all(fits):
        first = numbers[~fits].flat[0] if numbers.ndim else numbers[()]
        raise VocabularyError(f"{name}: arrived {first}, expected {_range(low, high, open_below)}")


def probability(name: str, value: Any) -> None:
    """Raise :class:`VocabularyError` unless ``value`` lies from 0 to 1."""
    within(name, value, 0.0, 1.0)


def rate(name: str, value: Any) -> None:
    """Raise :class:`VocabularyError` unless ``value``, the probability of dropping, lies from 0 to below 1."""
    probability(name, value)
    if not isinstance(value, jax.core.Tracer) and np.any(np.asarray(value) == 1.0):
        raise VocabularyError(
            f"{name}: arrived 1.0, expected less than 1, since what is left is scaled up by 1 / (1 - it)"
        )


def positive(name: str, value: Any) -> None:
    """Raise :class:`VocabularyError` unless ``value`` is greater than 0."""
    within(name, value, 0.0, open_below=True)


def not_negative(name: str, value: Any) -> None:
    """Raise :class:`VocabularyError` where ``value`` is below 0."""
    within(name, value, 0.0)


def whole(name: str, value: Any, low: int = 1) -> int:
    """``value`` as a whole number of at least ``low``; raises :class:`VocabularyError` for anything else."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < low:
        raise VocabularyError(f"{name}: arrived {value!r}, expected a whole number of at least {low}")
    return int(value)


def divides(name: str, part: int, whole_name: str, size: int) -> None:
    """Raise :class:`VocabularyError` unless ``part`` divides ``size``."""
    if part < 1 or size % part:
        raise VocabularyError(f"{name}: arrived {part}, expected a divisor of {whole_name} {size}")


def one_of(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Raise :class:`VocabularyError` unless ``value`` is one of ``choices``."""
    if value not in choices:
        raise VocabularyError(f"{name}: arrived {value!r}, expected one of {', '.join(map(repr, choices))}")


def _shown(word: str, known: Sizes) -> str:
    return f"{word} {known[word]}" if word in known else word


def _range(low: float, high: float, open_below: bool) -> str:
    if math.isinf(high):
        return f"more than {low:g}" if open_below else f"at least {low:g}"
    return f"a number from {low:g} to {high:g}"
