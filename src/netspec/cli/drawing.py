"""``netspec draw``: a diagram of one spec as an SVG file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from netspec.cli import sources
from netspec.cli.sources import CommandError
from netspec.draw import draw
from netspec.ownership import OutputError, write_all


def run(options: argparse.Namespace) -> None:
    """Write the diagram and print where it went; ``-`` writes it to standard output instead."""
    spec = sources.one(options.spec)
    svg = draw(spec)
    if options.output == "-":
        # Character references survive whatever encoding the terminal or pipe has.
        sys.stdout.write(svg.encode("ascii", "xmlcharrefreplace").decode())
        return
    path = Path(options.output or f"{spec.slug}.svg")
    try:
        write_all({path: svg.encode()})
    except OutputError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from None
    print(path)
