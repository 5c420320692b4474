"""The harness: every property of every term, in float64 on all cases, and every mistake that must be caught."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import jax

from netspec.columns import column
from netspec.vocabulary.cases import CASES, Case
from netspec.vocabulary.entry import FAMILIES, entries
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@dataclass(frozen=True)
class Held:
    """One property of one term: a row of ``properties.csv``."""

    family: str = column("chapter of the edition")
    term: str = column("id of the term")
    sentence: str = column("what must hold")
    residual: float = column("by how much it fails to, at most, over all cases; relative, or 0 or 1")
    tolerance: float = column("how much is allowed, in float64")
    case: str = column("the case with that residual")
    mistakes: int = column("wrong implementations tried")
    missed: str = column("those that it did not catch")
    verdict: str = column("pass, fail, or blind where a mistake was missed")
    seconds: float = column("time of all cases and mistakes together")


@dataclass(frozen=True)
class Caught:
    """One wrong implementation: a row of ``mistakes.csv``."""

    family: str = column("chapter of the edition")
    term: str = column("id of the term")
    mistake: str = column("what is wrong with it")
    line: int | None = column("line of the document that prints it so")
    sentence: str = column("the property that it must break")
    residual: float = column("by how much it breaks it, on the first case that does")
    tolerance: float = column("what is allowed")
    case: str = column("that case; empty where none did")
    verdict: str = column("caught or missed")


@cache
def terms(family: str) -> tuple[Term, ...]:
    """The executable terms of a family, from ``netspec.vocabulary.properties``; none where nothing can be executed."""
    if not any(entry.executable for entry in entries().values() if entry.family == family):
        return ()
    found: tuple[Term, ...] = import_module(f"netspec.vocabulary.properties.{family}").TERMS
    return found


def term(id: str) -> Term | None:
    """The executable term of that id."""
    return next((one for one in terms(entries()[id].family) if one.id == id), None)


def check(term: Term) -> Iterator[tuple[Held, list[Caught]]]:
    """Each property of a term: how it holds, and what became of its mistakes."""
    for prop in term.properties:
        began = time.perf_counter()
        # What is the trainer's is imported by its path: netspec does not depend on it.
        right = entries()[term.id].load() if term.implementation is None else term.implementation
        worst, case = max(((residual(prop, right, case), case.name) for case in CASES), key=_by_size)
        caught = [_caught(term, prop, mistake) for mistake in prop.mistakes]
        missed = [one.mistake for one in caught if one.verdict == "missed"]
        verdict = "fail" if not worst <= prop.tolerance else "blind" if missed or not caught else "pass"
        yield (
            Held(
                entries()[term.id].family,
                term.id,
                prop.sentence,
                worst,
                prop.tolerance,
                case,
                len(caught),
                "; ".join(missed),
                verdict,
                time.perf_counter() - began,
            ),
            caught,
        )


def check_all(families: Iterable[str] = FAMILIES) -> Iterator[tuple[Held, list[Caught]]]:
    """:func:`check` of all terms of some families."""
    for family in families:
        for one in terms(family):
            yield from check(one)


def residual(prop: Property, implementation: Implementation, case: Case) -> float:
    """The residual on one case, in float64."""
    with jax.enable_x64(True):
        return float(prop.residual(implementation, case))


def _caught(term: Term, prop: Property, mistake: Mistake) -> Caught:
    for case in CASES:
        found = residual(prop, mistake.implementation, case)
        if not found <= prop.tolerance:
            return Caught(*_mistake(term, prop, mistake), found, prop.tolerance, case.name, "caught")
    return Caught(*_mistake(term, prop, mistake), 0.0, prop.tolerance, "", "missed")


def _mistake(term: Term, prop: Property, mistake: Mistake) -> tuple[str, str, str, int | None, str]:
    return entries()[term.id].family, term.id, mistake.name, mistake.line, prop.sentence


def _by_size(pair: tuple[float, str]) -> float:
    return float("inf") if pair[0] != pair[0] else pair[0]
