"""What a check run says about one statement, layer or mutant: a row of the report, and lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netspec.columns import column
from netspec.gradcheck import checks
from netspec.gradcheck.checks import Check
from netspec.gradcheck.statement import Statement

#: Draws of a statement's ordinary data, and of each other kind.
SEEDS, OTHER_SEEDS = (0, 1, 2), (0,)


@dataclass(frozen=True)
class Result:
    """One theorem, layer of the earlier chapters, or module of the catalogue: a row of ``gradcheck.csv``."""

    group: str = column("theorem, earlier chapter, module, network or training step")
    key: str = column("number of the theorem, else a name")
    title: str = column("title of the theorem, the layer as a listing writes it, or the network's input")
    statement: str = column("what is claimed")
    closed_form: str = column("the formula that is checked; empty for modules")
    kinds: str = column("kinds of data, or mode")
    cases: int = column("cases drawn")
    checks: int = column("comparisons made")
    vjp_error: float | None = column("worst relative error against jax.vjp")
    vjp_tolerance: float | None = column("its tolerance")
    differences_error: float | None = column("worst relative error against central differences")
    differences_tolerance: float | None = column("its tolerance")
    jacobian_error: float | None = column("worst relative error of the whole Jacobian against forward mode")
    jacobian_tolerance: float | None = column("its tolerance")
    structure_error: float | None = column("worst relative error of the structure claimed")
    structure_tolerance: float | None = column("its tolerance")
    largest_share: float = column("largest error over its tolerance, over all comparisons")
    where: str = column("the comparison with that share: its tensor and index, or the claim")
    why: str = column("numbers behind the first tolerance: roundings n, magnification A, step h")
    verdict: str = column("pass or fail")
    failures: str = column("tensor, index and values where a comparison failed")


@dataclass(frozen=True)
class Catch:
    """One mutant: a row of ``mutants.csv``."""

    key: str = column("number or name of the statement it is planted in")
    title: str = column("its title")
    mistake: str = column("what is wrong")
    function: str = column("the function that was replaced")
    by_differences: int = column("comparisons with central differences that failed")
    by_structure: int = column("claims about structure that failed")
    error: float = column("largest relative error")
    verdict: str = column("caught or missed")


def of_statement(statement: Statement) -> tuple[Result, list[Check]]:
    """Check a statement on all its kinds of data."""
    found: list[Check] = []
    drawn = 0
    for position, kind in enumerate(statement.kinds):
        for seed in OTHER_SEEDS if position else SEEDS:
            found += checks.check(statement.case(kind, seed), np.random.default_rng(seed))
            drawn += 1
    group = "theorem" if statement.key.isdigit() else "earlier chapter"
    described = (statement.key, statement.title, statement.text, statement.closed_form, "; ".join(statement.kinds))
    return _result(group, *described, drawn, found), found


def of_module(name: str, text: str, mode: str, found: list[Check]) -> Result:
    """The row of a module in one mode, from its checks."""
    claim = "The gradient of what leaves, by every input and parameter tensor, is its slope."
    return _result("module", name, text, claim, "", mode, 1, found)


def of_network(name: str, inputs: str, mode: str, found: list[Check]) -> Result:
    """The row of a whole network in one mode, from its checks."""
    return replace(of_module(name, inputs, mode, found), group="network")


def of_mutants() -> Iterator[Catch]:
    """Plant every mutant and count what notices."""
    from netspec.gradcheck.mutants import MUTANTS, findings
    from netspec.gradcheck.statements import STATEMENTS

    for mutant in MUTANTS:
        failed = findings(mutant)
        by = [check.check for check in failed]
        yield Catch(
            mutant.key,
            STATEMENTS[mutant.key].title,
            mutant.mistake,
            f"{mutant.module}.{mutant.function}",
            by.count(checks.DIFFERENCES),
            by.count(checks.STRUCTURE),
            max((check.error for check in failed), default=0.0),
            "caught" if failed else "missed",
        )


def worst(found: Iterable[Check], name: str) -> Check | None:
    """The check of that name whose error is the largest part of its tolerance."""
    return max((check for check in found if check.check == name), key=lambda check: check.share, default=None)


def _result(
    group: str,
    key: str,
    title: str,
    statement: str,
    closed_form: str,
    kinds: str,
    cases: int,
    found: Sequence[Check],
) -> Result:
    figures: list[float | None] = []
    nearest = [worst(found, name) for name in checks.CHECKS]
    for check in nearest:
        figures += [None, None] if check is None else [float(check.error), float(check.tolerance)]
    failed = [check for check in found if not check.passed]
    values: tuple[Any, ...] = (
        group,
        key,
        title,
        statement,
        closed_form,
        kinds,
        cases,
        len(found),
        *figures,
        max((float(check.share) for check in found), default=0.0),
        max(found, key=lambda check: check.share).where.split(":")[0] if found else "",
        next((check.reason for check in nearest if check and check.reason), ""),
        "fail" if failed or not found else "pass",
        "; ".join(f"{check.check}: {check.where}" for check in failed),
    )
    return Result(*values)
