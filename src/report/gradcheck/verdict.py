"""Whether every check passed: the last step of the workflow, which fails when the report is already written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netspec.gradcheck.results import Catch, Result
from report.engine.errors import ReportError
from report.engine.formats import count


def sentence(results: Sequence[Result], source: Path) -> str:
    """How many rows and comparisons passed.

    Raises:
        ReportError: if any did not; the message names the first, its tensor and index, and the file.
    """
    failed = [row for row in results if row.verdict != "pass"]
    if failed:
        more = f"; and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise ReportError(f"{source}: {len(failed)} of {len(results)} rows FAIL: {failure(failed[0])}{more}")
    return f"All {count(len(results))} rows pass, {count(sum(row.checks for row in results))} comparisons."


def missed(mutants: Sequence[Catch], source: Path) -> str:
    """How many wrong formulas were caught.

    Raises:
        ReportError: if any was not.
    """
    escaped = [mutant for mutant in mutants if mutant.verdict != "caught"]
    if escaped:
        names = "; ".join(f"{mutant.key}, {mutant.mistake}" for mutant in escaped)
        raise ReportError(f"{source}: {len(escaped)} of {len(mutants)} wrong formulas were not noticed: {names}")
    return f"All {count(len(mutants))} wrong formulas are caught."


def failure(row: Result) -> str:
    """A row that failed with the first of its failures, which names tensor and index."""
    first, *rest = row.failures.split("; ")
    more = f", and {len(rest)} more of its {row.checks} comparisons" if rest else ""
    mode = f" ({row.kinds})" if row.group in ("module", "network") and row.kinds != "–" else ""
    return f"{row.key}{mode} at {first or 'no comparison'}{more}"
