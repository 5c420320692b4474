"""The command line: list, show, count, compare, draw, run and lower the specs of the catalogue or of a Python file."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from netspec.cli import (
    compare,
    counting,
    drawing,
    gradient,
    lowering,
    parsing,
    running,
    select,
    show,
    sizing,
    vocabulary,
    weights,
)
from netspec.cli.parsing import FILES, NAMES
from netspec.cli.sources import CommandError
from netspec.console import guarded, say

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0; 2 for anything the caller has to change; 1 where standard output cannot be written; 130 after Ctrl-C.
    """
    return guarded(lambda: _run(arguments), "netspec")


def _run(arguments: Sequence[str] | None) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names hold dashes and crosses that an older terminal may lack.
        sys.stdout.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except CommandError as error:
        say(f"netspec: {error}")
        return 2
    return 0


class _Version(argparse.Action):
    """Looks the version up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib import metadata

        try:
            version = metadata.version("netspec-book")
        except metadata.PackageNotFoundError:
            version = "(not installed)"
        print(f"netspec {version}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="netspec",
        description="Neural architectures as values: list them, show, count, compare, draw, run and lower them.",
        epilog="examples:\n"
        "  netspec list --domain diffusion\n"
        "  netspec show lenet-5\n"
        "  netspec count vit-tiny resnet-50\n"
        "  netspec diff resnet-18 resnet-34\n"
        "  netspec draw 'stable diffusion 1.5' -o sd.svg\n"
        "  netspec run resnet-18 --input picture.jpg\n"
        "  netspec term 'grouped query attention'\n\n"
        f"{NAMES}\n`netspec COMMAND --help` explains a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_list(commands)
    _add_show(commands)
    _add_count(commands)
    _add_diff(commands)
    _add_draw(commands)
    running.add(commands)
    lowering.add(commands)
    gradient.add(commands)
    vocabulary.add(commands)
    weights.add(commands)
    return parser


def _add_list(commands: argparse._SubParsersAction) -> None:
    command = parsing.command(
        commands,
        "list",
        select.run,
        "list the architectures of the catalogue",
        "examples:",
        "  netspec list --domain vision --max-params 5.5M --sort params",
        "  netspec list --primitive UNetUp --year 2020-2022",
        "  netspec list --min-params 13B --json",
    )
    command.add_argument(
        "--domain", metavar="TEXT", help="only the domain that begins with TEXT: vision, diffusion, 'Part 1'"
    )
    command.add_argument("--entry", metavar="TEXT", help="only entries of the book that begin with TEXT: YOLO, Swin")
    command.add_argument(
        "--primitive", metavar="NAME", help="only those that use it, such as conv2d or InceptionModule"
    )
    command.add_argument(
        "--role", choices=select.ROLES, help="variants of the book, other forms of them, whole systems …"
    )
    command.add_argument("--year", type=select.years, metavar="YEAR", help="published in 2015, or in 2015-2018")
    command.add_argument(
        "--min-params", type=select.size, metavar="SIZE", help="at least so many parameters: 5.5M, 13B"
    )
    command.add_argument("--max-params", type=select.size, metavar="SIZE", help="at most so many parameters")
    command.add_argument("--sort", choices=select.SORTS, default="catalogue", help="the order (default: the book's)")
    command.add_argument("--reverse", action="store_true", help="the other way round")
    parsing.add_json(command)


def _add_show(commands: argparse._SubParsersAction) -> None:
    command = parsing.command(
        commands,
        "show",
        show.run,
        "show one architecture: provenance, listing, layers and counts",
        "examples:",
        "  netspec show googlenet",
        "  netspec show vit-tiny --python > mine.py   (edit it, then: netspec count mine.py)",
        "",
        NAMES,
        FILES,
    )
    command.add_argument("spec", metavar="NAME|FILE.py", help="what to show")
    sizing.add(command)
    output = command.add_mutually_exclusive_group()
    output.add_argument(
        "--python", action="store_true", help="print only the listing, as a Python file that defines it"
    )
    parsing.add_json(output)


def _add_count(commands: argparse._SubParsersAction) -> None:
    command = parsing.command(
        commands,
        "count",
        counting.run,
        "count parameters: ours, the book's, a reference implementation's, the paper's",
        "examples:",
        "  netspec count resnet-50",
        "  netspec count mine.py --json",
        "  netspec count vit-tiny --input-size 160x256 --classes 5",
        "",
        NAMES,
        FILES,
    )
    command.add_argument("spec", metavar="NAME|FILE.py", nargs="+", help="what to count")
    sizing.add(command)
    parsing.add_json(command)


def _add_diff(commands: argparse._SubParsersAction) -> None:
    command = parsing.command(
        commands,
        "diff",
        compare.run,
        "compare two architectures layer by layer",
        "Lines begin with ~ for a changed layer, - for one only in A, + for one only in B.",
        "",
        "examples:",
        "  netspec diff resnet-18 resnet-34",
        "  netspec diff vit-tiny mine.py",
        "",
        NAMES,
        FILES,
    )
    command.add_argument("first", metavar="A", help="a name or FILE.py")
    command.add_argument("second", metavar="B", help="a name or FILE.py")
    sizing.add(command)
    parsing.add_json(command)


def _add_draw(commands: argparse._SubParsersAction) -> None:
    command = parsing.command(
        commands,
        "draw",
        drawing.run,
        "draw one architecture as an SVG diagram",
        "examples:",
        "  netspec draw lenet-5",
        "  netspec draw 'mask r-cnn (whole, resnet-101-fpn)' -o mask.svg",
        "  netspec draw vit-tiny -o - | rsvg-convert > unet.png",
        "",
        NAMES,
        FILES,
    )
    command.add_argument("spec", metavar="NAME|FILE.py", help="what to draw")
    sizing.add(command)
    command.add_argument(
        "-o", "--output", metavar="FILE", help="where to (default: NAME.svg here; - is standard output)"
    )
