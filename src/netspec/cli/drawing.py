"""``netspec draw``: a diagram of one spec as an SVG file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from netspec.cli import output, sizing
from netspec.draw import draw


def run(options: argparse.Namespace) -> None:
    """Write the diagram and print where it went; ``-`` writes it to standard output instead."""
    spec = sizing.one(options.spec, options)
    svg = draw(spec)
    if options.output == "-":
        # Character references survive whatever encoding the terminal or pipe has.
        sys.stdout.write(svg.encode("ascii", "xmlcharrefreplace").decode())
        return
    path = Path(options.output) if options.output is not None else Path(f"{spec.slug}.svg")
    output.write(path, svg)
    print(path)
