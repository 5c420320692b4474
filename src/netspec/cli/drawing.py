"""``netspec draw``: a diagram of one spec as an SVG file."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from netspec.cli import sources
from netspec.cli.sources import CommandError
from netspec.draw import draw


def run(options: argparse.Namespace) -> None:
    """Write the diagram and print where it went; ``-`` writes it to standard output instead."""
    spec = sources.one(options.spec)
    svg = draw(spec)
    if options.output == "-":
        # Character references survive whatever encoding the terminal or pipe has.
        sys.stdout.write(svg.encode("ascii", "xmlcharrefreplace").decode())
        return
    path = Path(options.output or file_name(spec.name))
    try:
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from None
    print(path)


def file_name(name: str) -> str:
    """A file name that every system takes: ``Stable-Diffusion-1.5-one-step-all-parts.svg``."""
    return f"{re.sub(r'[^A-Za-z0-9._+]+', '-', name).strip('-.') or 'network'}.svg"
