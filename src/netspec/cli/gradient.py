"""``netspec gradcheck``: the backward of a theorem, a layer or an architecture, checked now."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from typing import TYPE_CHECKING

from netspec import catalogue
from netspec.cli import parsing, sources, text
from netspec.cli.sources import CommandError
from netspec.errors import SpecError

if TYPE_CHECKING:
    from netspec.gradcheck.checks import Check
    from netspec.gradcheck.fixtures import Fixture
    from netspec.gradcheck.statement import Statement
    from netspec.spec import NetSpec

#: Multiply-adds per example, with inputs as small as it takes, above which a network takes too long.
LARGEST = 1_000_000_000


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command's parser."""
    parser = parsing.command(
        commands,
        "gradcheck",
        run,
        "check a backward pass against automatic differentiation and central differences",
        "examples:",
        "  netspec gradcheck --theorem 68",
        "  netspec gradcheck batch-norm",
        "  netspec gradcheck MambaBlock",
        "  netspec gradcheck 'tiny-vae encoder'",
        "",
        parsing.FILES,
    )
    parser.add_argument("name", metavar="NAME|FILE.py", nargs="?", help="a layer, or an architecture")
    parser.add_argument("--theorem", metavar="NUMBER", help="a theorem of ch. 10, 46 to 81")


def run(options: argparse.Namespace) -> None:
    """Print every comparison's error and tolerance; raise :class:`CommandError` where one failed."""
    # Numbers in float64 and small shapes: a GPU would be slower, and its absence no reason to stop.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    name = options.name if options.theorem is None else options.theorem
    if (options.name is None) == (options.theorem is None):
        raise CommandError("gradcheck: say what to check, either NAME or --theorem NUMBER")
    if options.theorem is None and sources.is_file(name):
        statement, fixtures = None, [_network(sources.one(name))]
    else:
        statement = _statement(name, numbered=options.theorem is not None)
        fixtures = [] if options.theorem is not None else _fixtures(name, required=statement is None)
    found = _of_statement(statement) if statement else []
    found += _of_modules(fixtures)
    failed = [check for check in found if not check.passed]
    if failed:
        more = f", and {len(failed) - 1} more of {len(found)}" if len(failed) > 1 else f" of {len(found)}"
        raise CommandError(f"gradcheck {name}: failed at {failed[0].where}{more}")
    print(f"\n{len(found)} comparisons, all within tolerance")


def _statement(name: str, *, numbered: bool) -> Statement | None:
    from netspec.gradcheck.statements import STATEMENTS

    key = _key(name)
    if numbered and not (name.isdigit() and str(int(name)) in STATEMENTS):
        first, *_, last = (number for number in STATEMENTS if number.isdigit())
        raise CommandError(f"gradcheck --theorem {name}: expected a number from {first} to {last}")
    return STATEMENTS.get(str(int(name))) if name.isdigit() else {_key(k): s for k, s in STATEMENTS.items()}.get(key)


def _of_statement(statement: Statement) -> list[Check]:
    from netspec.gradcheck import results

    title = f"Theorem {statement.key}, {statement.title}" if statement.key.isdigit() else statement.title
    print("\n".join([title, *text.paragraph(statement.text, "  "), *text.paragraph(statement.closed_form, "  "), ""]))
    result, found = results.of_statement(statement)
    print("\n".join(text.paragraph(f"{result.cases} cases: {result.kinds}", "  ")))
    _print(found)
    return found


def _of_modules(fixtures: list[Fixture]) -> list[Check]:
    from netspec.gradcheck import networks, primitives
    from netspec.gradcheck.fixtures import FIXTURES

    everything = []
    for fixture in fixtures:
        check = primitives.check if fixture in FIXTURES else networks.check
        for mode in primitives.modes(fixture):
            print(text.cut(fixture.text, text.WIDTH - 12), f"({mode})" if mode != primitives.ONLY else "", flush=True)
            found = list(check(fixture, mode))
            _print(found)
            everything += found
    return everything


def _print(found: list[Check]) -> None:
    """Per check, the comparison that comes nearest to its tolerance, and those that fail."""
    from netspec.gradcheck import checks, results

    nearest = [check for name in checks.CHECKS if (check := results.worst(found, name))]
    rows = [
        (
            "pass" if check.passed else "FAIL",
            check.check,
            f"error {check.error:.1e}",
            f"tolerance {check.tolerance:.1e}",
            check.where,
        )
        for check in [*nearest, *(check for check in found if not check.passed and check not in nearest)]
    ]
    print("\n".join(text.table(rows, "<<<<<", indent="  ")), flush=True)


def _fixtures(name: str, *, required: bool) -> list[Fixture]:
    """The small instances of the layer of that name, or the architecture as a whole, which may not be there."""
    from netspec.gradcheck.fixtures import FIXTURES
    from netspec.gradcheck.statements import STATEMENTS

    found = [fixture for fixture in FIXTURES if _key(fixture.name) == _key(name)]
    if found or not required:
        return found
    try:
        spec = catalogue.find(name)
    except SpecError:
        known = [*(fixture.name for fixture in FIXTURES), *(key for key in STATEMENTS if not key.isdigit())]
        near = difflib.get_close_matches(_key(name), map(_key, known), n=3, cutoff=0.5)
        hint = [each for each in dict.fromkeys(known) if _key(each) in near] or ["dense", "MambaBlock", "tiny-VAE"]
        raise CommandError(
            f"gradcheck: unknown layer or architecture {name!r}; expected one such as {', '.join(hint)}, "
            "or --theorem NUMBER"
        ) from None
    return [_network(spec)]


def _network(spec: NetSpec) -> Fixture:
    """The architecture with small inputs; raises :class:`CommandError` where even those take too long."""
    from netspec.gradcheck import networks

    fixture = networks.fixture(spec)
    if fixture.network.macs > LARGEST:
        raise CommandError(
            f"gradcheck: {spec.name} takes {text.short(fixture.network.macs)} multiply-adds, expected at most "
            f"{text.short(LARGEST)}; check its layers one by one, or a tiny fixture"
        )
    return fixture


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
