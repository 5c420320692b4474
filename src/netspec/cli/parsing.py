"""What the parsers of the commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable

NAMES = "Names forgive case, spaces and punctuation: vit-tiny, ViT-Tiny and 'vit tiny' are the same."
FILES = (
    "An argument with .py or a path separator is a file. It is RUN AS CODE, so name only files that you trust, and\n"
    "defines SPEC, SPECS, or any NetSpec values; FILE.py:NAME picks one by its name or its variable."
)


def command(
    commands: argparse._SubParsersAction,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    summary: str,
    *notes: str,
) -> argparse.ArgumentParser:
    """A parser for the command ``name``, which calls ``run`` with what it parsed."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="\n".join(notes),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_json(parser: argparse.ArgumentParser | argparse._MutuallyExclusiveGroup) -> None:
    """The option ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON for a program to read, with exact numbers")


def positive(text: str) -> int:
    """A whole number of at least one, for ``type=``."""
    if not (text.isascii() and text.isdigit() and len(text) < 11 and 1 <= int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {2**31 - 1}")
    return int(text)
