"""A term of the vocabulary, what must hold of it, and the wrong forms of it that this must tell from the right one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.vocabulary.cases import Case

#: What a residual is taken of: a function, a class, or a spec.
Implementation = Any

#: By how much a property fails to hold of an implementation on one case: zero where it holds exactly.
Residual = Callable[[Implementation, "Case"], Any]


@dataclass(frozen=True)
class Mistake:
    """A wrong implementation that runs: ``name`` says what is wrong with it.

    ``line`` is that of the document which prints it so: a property that catches it shows an error of the document.
    """

    name: str
    implementation: Implementation
    line: int | None = None


@dataclass(frozen=True)
class Property:
    """Something that holds of a term whatever its inputs.

    ``sentence`` says it, ``residual`` measures how far it is from holding (relative to the size of what is compared;
    0 or 1 for what is true or not), at most ``tolerance`` in float64. Each of ``mistakes`` must exceed the tolerance on
    some case, so that a property which cannot fail is noticed.
    """

    sentence: str
    residual: Residual
    tolerance: float
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class Term:
    """A word of the vocabulary that can be executed: its row's ``id``, what it means in code, and what holds of it."""

    id: str
    implementation: Implementation
    properties: tuple[Property, ...]
