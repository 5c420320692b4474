"""What a field of a layer or a spec may hold, read off its annotation: the one place where values are taken or refused.

A value of the right meaning becomes one of Python's own immutable types, so that specs hash and compare: a list becomes
a tuple, an integer of numpy an ``int``. Anything else stays as it is for :func:`refusal` to name.
"""

from __future__ import annotations

import math
import numbers
import operator
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import islice
from typing import Any, Literal, NamedTuple, Union

#: The largest size: an axis or a table beyond it has no index in any framework.
LARGEST = 2**31 - 1
#: The most copies of one part. Each is a module of its own.
DEEPEST = 10_000
#: The most entries of a tuple of sizes, and of any tuple.
MOST_SIDES, MOST = 16, 100_000

#: Fields that say how often a part is repeated.
_DEPTHS = ("n_blocks", "n_layers", "times")

_SHOWN = 80


class Refusal(NamedTuple):
    """What is wrong with a value: ``problem`` says what the field must be, ``expected`` which values would do."""

    problem: str
    expected: str


class Kind:
    """What one field may hold."""

    #: Follows "must be" in an error; and the values that would do.
    text, expected = "hashable", "a value that never changes"

    def take(self, value: Any) -> Any:
        """``value`` as one of Python's own immutable types, or unchanged."""
        return value

    def fits(self, value: Any) -> bool:
        """Whether a value that was taken is right."""
        try:
            hash(value)
        except Exception:
            return False
        return True

    def refuse(self, name: str, value: Any) -> Refusal | None:
        """What is wrong with the field ``name``, if anything is."""
        return None if self.fits(value) else Refusal(f"{name} must be {self.text}", self.expected)


class Whole(Kind):
    """A whole number from ``least`` to ``most``; neither a boolean nor a float that happens to be whole."""

    def __init__(self, least: int = 1, most: int = LARGEST) -> None:
        self.least = least
        self.most = most

    @property
    def text(self) -> str:
        """Its sign in words."""
        return f"a {'positive' if self.least else 'non-negative'} integer"

    def take(self, value: Any) -> Any:
        """Integers of other libraries as ``int``."""
        if type(value) is int or isinstance(value, (bool, str)):
            return value
        try:
            return operator.index(value)
        except Exception:
            return value

    def fits(self, value: Any) -> bool:
        """Whether it is an ``int`` in the range."""
        return type(value) is int and self.least <= value <= self.most

    def refuse(self, name: str, value: Any) -> Refusal | None:
        """Says which end of the range was passed."""
        if self.fits(value):
            return None
        beyond = type(value) is int and value > self.most
        return Refusal(f"{name} must be {self.text}", f"<= {self.most}" if beyond else f">= {self.least}")


class Real(Kind):
    """A finite number."""

    text, expected = "a finite number", "a number such as 0.5"

    def take(self, value: Any) -> Any:
        """Real numbers of other libraries as ``float``."""
        if type(value) is float or isinstance(value, bool) or not isinstance(value, numbers.Real):
            return value
        try:
            return float(value)
        except OverflowError:
            return value

    def fits(self, value: Any) -> bool:
        """Whether it is a finite ``float``."""
        return type(value) is float and math.isfinite(value)


class Truth(Kind):
    """True or false; numbers are neither."""

    text, expected = "a boolean", "True or False"

    def take(self, value: Any) -> Any:
        """The booleans of numpy as ``bool``."""
        return bool(value) if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_") else value

    def fits(self, value: Any) -> bool:
        """Whether it is a ``bool``."""
        return type(value) is bool


class Text(Kind):
    """A string of one line."""

    text, expected = "a string of printable characters", "text in quotes"

    def take(self, value: Any) -> Any:
        """Subclasses such as numpy's strings as ``str``."""
        return str.__str__(value) if isinstance(value, str) else value

    def fits(self, value: Any) -> bool:
        """Whether it is a ``str`` that prints as one line."""
        return type(value) is str and value.isprintable()


class Choice(Text):
    """One of several values."""

    def __init__(self, allowed: tuple[Any, ...]) -> None:
        self.allowed = allowed

    def fits(self, value: Any) -> bool:
        """Whether it is one of them, a boolean not standing for 0 or 1."""
        return any(type(value) is type(one) and value == one for one in self.allowed)

    def refuse(self, name: str, value: Any) -> Refusal | None:
        """Lists them."""
        if self.fits(value):
            return None
        return Refusal(f"unknown {name}", f"one of {', '.join(map(repr, self.allowed))}")


class Maybe(Kind):
    """A value or ``None``."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def take(self, value: Any) -> Any:
        """As the kind does."""
        return None if value is None else self.kind.take(value)

    def refuse(self, name: str, value: Any) -> Refusal | None:
        """As the kind does."""
        return None if value is None else self.kind.refuse(name, value)

    def fits(self, value: Any) -> bool:
        """Whether it is ``None`` or fits."""
        return value is None or self.kind.fits(value)


class Instance(Kind):
    """A value of a class of one's own."""

    def __init__(self, of: type) -> None:
        self.of = of

    @property
    def text(self) -> str:
        """Its name."""
        return f"of type {self.of.__name__}"

    @property
    def expected(self) -> str:
        """Its name as a call."""
        return f"{self.of.__name__}(…)"

    def fits(self, value: Any) -> bool:
        """Whether it is one."""
        return isinstance(value, self.of)


class Members(Kind):
    """Values of a class of one's own, one of which stands for a tuple of one; who reads them looks at each."""

    def __init__(self, of: type) -> None:
        self.of = of

    @property
    def text(self) -> str:
        """The class, in lower case and in the plural."""
        return f"a tuple of {self.of.__name__.lower()}s"

    expected = "one, or several in parentheses"

    def take(self, value: Any) -> Any:
        """As a tuple; a class is kept for the reader to refuse with its place."""
        return (value,) if isinstance(value, (self.of, type)) else _tuple(value)

    def fits(self, value: Any) -> bool:
        """Whether it is a tuple."""
        return type(value) is tuple


class Many(Kind):
    """A tuple of any length, all of one kind; a mapping stands for its pairs."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    @property
    def text(self) -> str:
        """What its entries are."""
        words = {Whole: "positive integers", Text: "strings", Members: "tuples", Fixed: "pairs"}
        return words.get(type(self.kind), "a tuple")

    @property
    def expected(self) -> str:
        """What each entry must be."""
        if isinstance(self.kind, Whole):
            return f"a tuple of at most {MOST_SIDES}, >= 1 and <= {LARGEST} each"
        return f"a tuple, each entry {self.kind.text}"

    def take(self, value: Any) -> Any:
        """As a tuple, its entries taken."""
        if isinstance(value, Mapping) and isinstance(self.kind, Fixed):
            value = tuple(value.items())
        taken = _tuple(value)
        return tuple(map(self.kind.take, taken)) if type(taken) is tuple else value

    def fits(self, value: Any) -> bool:
        """Whether it is a tuple and every entry fits."""
        short = not isinstance(self.kind, Whole) or (type(value) is tuple and len(value) <= MOST_SIDES)
        return type(value) is tuple and short and all(map(self.kind.fits, value))


class Fixed(Kind):
    """A tuple with a kind for every entry."""

    def __init__(self, kinds: tuple[Kind, ...]) -> None:
        self.kinds = kinds

    text = "a tuple"

    def take(self, value: Any) -> Any:
        """As a tuple, its entries taken."""
        taken = _tuple(value)
        if type(taken) is not tuple or len(taken) != len(self.kinds):
            return value
        return tuple(kind.take(entry) for kind, entry in zip(self.kinds, taken, strict=True))

    def fits(self, value: Any) -> bool:
        """Whether it is a tuple of as many entries that fit."""
        if type(value) is not tuple or len(value) != len(self.kinds):
            return False
        return all(kind.fits(entry) for kind, entry in zip(self.kinds, value, strict=True))


class Either(Kind):
    """A value of one of several kinds: a size, or a pair of sizes."""

    def __init__(self, kinds: tuple[Kind, ...]) -> None:
        self.kinds = kinds

    @property
    def text(self) -> str:
        """That of the first."""
        return self.kinds[0].text

    def take(self, value: Any) -> Any:
        """As the first kind does that it fits."""
        return next((taken for kind in self.kinds if kind.fits(taken := kind.take(value))), value)

    def fits(self, value: Any) -> bool:
        """Whether it fits one of them."""
        return any(kind.fits(value) for kind in self.kinds)

    def refuse(self, name: str, value: Any) -> Refusal | None:
        """As the kind that a text, a tuple or a number was meant for."""
        if self.fits(value):
            return None
        meant: tuple[type[Kind], ...] = (Whole, Real)
        if isinstance(value, str):
            meant = (Choice, Text)
        elif isinstance(value, Sequence):
            meant = (Fixed, Many)
        kind = next((kind for kind in self.kinds if isinstance(kind, meant)), self.kinds[0])
        if isinstance(kind, Fixed):
            sizes = sorted({len(one.kinds) for one in self.kinds if isinstance(one, Fixed)})
            return Refusal(f"{name} must be whole numbers", f"{' or '.join(map(str, sizes))} of them, or one for all")
        return kind.refuse(name, value)


def normalise(instance: Any) -> None:
    """Bring the fields of a frozen dataclass into the types of their annotations where that loses nothing."""
    for name, kind in kinds_of(type(instance)):  # type: ignore[arg-type]  # mypy takes no class for hashable
        value = getattr(instance, name)
        if type(value) is not int and (taken := kind.take(value)) is not value:
            object.__setattr__(instance, name, taken)


def refusal(instance: Any) -> tuple[Any, Refusal] | None:
    """The first value of a dataclass that its field cannot hold and what is wrong with it, or ``None``."""
    for name, kind in kinds_of(type(instance)):  # type: ignore[arg-type]  # mypy takes no class for hashable
        if (wrong := kind.refuse(name, value := getattr(instance, name))) is not None:
            return value, wrong
    return None


def shown(value: Any, limit: int = _SHOWN) -> str:
    """``value`` as an error shows it: its ``repr`` in one line that is not too long."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a number of thousands of digits, a list within itself, a class of somebody else
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


@cache
def kinds_of(cls: type) -> tuple[tuple[str, Kind], ...]:
    """Name and kind of every field that is given when an instance is made, in order."""
    may_be_zero = getattr(cls, "may_be_zero", ())
    found = []
    for field in fields(cls):
        if field.init:
            least, most = int(field.name not in may_be_zero), DEEPEST if field.name in _DEPTHS else LARGEST
            found.append((field.name, _kind(_annotation(cls, field.name, field.type), Whole(least, most))))
    return tuple(found)


def _annotation(cls: type, name: str, given: Any) -> Any:
    """The type that an annotation means, in the module of the class that has it; ``None`` if it means nothing there."""
    if not isinstance(given, str):
        return given
    if given in _PLAIN:
        return _PLAIN[given]
    owner = next(one for one in cls.__mro__ if name in vars(one).get("__annotations__", ()))
    try:
        return eval(given, vars(sys.modules[owner.__module__]))
    except Exception:
        return None


_PLAIN = {kind.__name__: kind for kind in (int, bool, str, float)}


def _kind(annotation: Any, whole: Whole) -> Kind:
    simple = {int: whole, float: Real(), bool: Truth(), str: Text()}
    if _hashable(annotation) and annotation in simple:
        return simple[annotation]
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return Choice(parts)
    if origin in (Union, types.UnionType) and len(parts) == 2 and type(None) in parts:
        return Maybe(_kind(next(part for part in parts if part is not type(None)), whole))
    if origin in (Union, types.UnionType):
        return Either(tuple(_kind(part, whole) for part in parts))
    if origin is tuple and all(part is int for part in parts):
        return Fixed((whole,) * len(parts))
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:
        inner = _kind(parts[0], Whole())
        return Members(inner.of) if isinstance(inner, Instance) else Many(inner)
    if origin is tuple and parts:
        return Fixed(tuple(_kind(part, Whole()) for part in parts))
    if isinstance(annotation, type) and origin is None and annotation not in (object, tuple, list, dict, set):
        return Instance(annotation)
    return Kind()


def _tuple(value: Any) -> Any:
    """A sequence, an iterator or a vector of numpy as a tuple; text, sets and mappings have no order to keep."""
    if type(value) is tuple:
        return value
    if getattr(value, "ndim", None) == 1 and hasattr(value, "tolist"):
        return tuple(value.tolist())
    if isinstance(value, (str, bytes, bytearray)) or not isinstance(value, (Sequence, Iterator)):
        return value
    taken = tuple(islice(value, MOST + 1))
    return taken if len(taken) <= MOST else value


def _hashable(value: Any) -> bool:
    return Kind().fits(value)
