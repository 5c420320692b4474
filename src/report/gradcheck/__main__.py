"""``python -m report.gradcheck``: the checks by commands that meet in files, each a rule of the workflow.

``statements`` checks theorems and earlier layers and plants the mutants, ``modules`` checks the catalogue's layers,
``networks`` its tiny networks as a whole, ``train-step`` the gradient of a training step, ``document`` writes table,
page and report, ``verdict`` says whether all passed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netspec.gradcheck import results
from netspec.ownership import write_all
from report.engine.command import part, run, stem
from report.engine.files import ending, files
from report.engine.markdown import joined, meanings
from report.engine.rows import encode, read
from train.machine.runtime import start_jax

WRITER = "report.gradcheck"


def _statements(arguments: argparse.Namespace) -> None:
    from netspec.gradcheck.statements import STATEMENTS

    start_jax()
    found = [results.of_statement(statement)[0] for statement in STATEMENTS.values()]
    found.sort(key=lambda result: result.group != "theorem")
    mutants = list(results.of_mutants())
    write_all({arguments.out: encode(found), arguments.mutants: encode(mutants)})


def _modules(arguments: argparse.Namespace) -> None:
    from netspec.gradcheck import primitives
    from netspec.gradcheck.fixtures import FIXTURES

    start_jax()
    found = [
        results.of_module(fixture.name, fixture.text, mode, list(primitives.check(fixture, mode)))
        for fixture in FIXTURES
        for mode in primitives.modes(fixture)
    ]
    write_all({arguments.out: encode(found)})


def _networks(arguments: argparse.Namespace) -> None:
    from netspec.gradcheck import networks, primitives

    start_jax()
    number, parts = arguments.part
    found = [
        results.of_network(fixture.name, networks.inputs(fixture), mode, list(networks.check(fixture, mode)))
        for fixture in networks.fixtures()[number - 1 :: parts]
        for mode in primitives.modes(fixture)
    ]
    write_all({arguments.out: encode(found)})


def _train_step(arguments: argparse.Namespace) -> None:
    from report.gradcheck import train_step

    start_jax()
    write_all({arguments.out: encode(list(train_step.check()))})


def _document(arguments: argparse.Namespace) -> None:
    from report.gradcheck.page import page

    found = _in_order([result for path in arguments.results for result in read(path, results.Result, WRITER)])
    mutants = read(arguments.mutants, results.Catch, WRITER)
    tables = (("gradcheck.csv", results.Result), ("gradcheck/mutants.csv", results.Catch))
    columns = joined(part for name, row in tables for part in meanings(f"`{name}`", row))
    made = files(page(found, mutants), arguments.out, appendix=columns)
    write_all({ending(arguments.out, ".csv"): encode(found)} | made)


def _in_order(found: list) -> list:
    """Networks in the order of the catalogue, whichever job checked them; everything else as it came."""
    from netspec import names

    groups = list(dict.fromkeys(result.group for result in found))
    places = {name: place for place, name in enumerate(names())}

    def place(result: Any) -> tuple[int, int]:
        return groups.index(result.group), places.get(result.key, -1) if result.group == "network" else 0

    return sorted(found, key=place)


def _verdict(arguments: argparse.Namespace) -> None:
    from report.gradcheck import verdict

    text = verdict.sentence(read(arguments.results, results.Result, WRITER), arguments.results)
    missed = verdict.missed(read(arguments.mutants, results.Catch, WRITER), arguments.mutants)
    write_all({arguments.out: f"{text}\n{missed}\n".encode()})


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m report.gradcheck", description=__doc__.splitlines()[0].replace("`", "")
    )
    commands = top.add_subparsers(required=True, metavar="command")

    mutants = argparse.ArgumentParser(add_help=False)
    mutants.add_argument("--mutants", type=Path, required=True, metavar="CSV", help="mutants.csv")

    command = commands.add_parser("statements", parents=[mutants], help="check theorems, earlier layers and mutants")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="one row per statement")
    command.set_defaults(run=_statements, writes=("out", "mutants"))

    command = commands.add_parser("modules", help="check the modules of the catalogue's layers")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="one row per module and mode")
    command.set_defaults(run=_modules)

    command = commands.add_parser("networks", help="check the tiny networks of the catalogue as a whole")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="one row per network and mode")
    command.add_argument(
        "--part", type=part, default=(1, 1), metavar="K/N", help="every N-th network from the K-th on (default: all)"
    )
    command.set_defaults(run=_networks)

    command = commands.add_parser("train-step", help="check the gradient of a training step")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="one row per claim")
    command.set_defaults(run=_train_step)

    command = commands.add_parser("document", parents=[mutants], help="write table, page and report")
    command.add_argument("--results", type=Path, required=True, nargs="+", metavar="CSV", help="what the others wrote")
    command.add_argument("--out", type=stem, required=True, metavar="STEM", help="the report without its ending")
    command.set_defaults(run=_document)

    command = commands.add_parser("verdict", parents=[mutants], help="fail unless every check passed")
    command.add_argument("--results", type=Path, required=True, metavar="CSV", help="gradcheck.csv")
    command.add_argument("--out", type=Path, required=True, metavar="TXT", help="what passed, in a sentence")
    command.set_defaults(run=_verdict)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
