"""``netspec lower``: the StableHLO text of a network, and how large it is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from netspec.cli import output, parsing, sizing
from netspec.cli.sources import CommandError
from netspec.errors import SpecError


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command's parser."""
    parser = parsing.command(
        commands,
        "lower",
        run,
        "write the StableHLO program of one architecture and print its size",
        "A training step is softmax cross-entropy, its gradient, running statistics and AdamW. Nothing is computed,",
        "so the size of a network does not matter.",
        "",
        "examples:",
        "  netspec lower lenet-5",
        "  netspec lower vit-digits --step train --batch 32 -o vit-step.mlir",
        "  netspec lower vit-digits --input-size 12x20 -o - > vit-wide.mlir",
        "",
        parsing.NAMES,
        parsing.FILES,
    )
    parser.add_argument("spec", metavar="NAME|FILE.py", help="what to lower")
    parser.add_argument("--step", choices=("forward", "train"), default="forward", help="which program (%(default)s)")
    parser.add_argument("--batch", type=parsing.positive, metavar="N", default=32, help="examples (%(default)s)")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="where to (default: NAME.mlir here; - is standard output)"
    )
    sizing.add(parser)


def run(options: argparse.Namespace) -> None:
    """Write the text and print where it went and its size in bytes."""
    spec = sizing.one(options.spec, options)
    from netspec.run.lowering import lower_forward, lower_train_step

    try:
        text = (lower_train_step if options.step == "train" else lower_forward)(spec, options.batch)
    except SpecError as error:
        raise CommandError(str(error)) from None
    if options.output == "-":
        sys.stdout.write(text)
        return
    path = Path(options.output) if options.output is not None else Path(f"{spec.slug}.mlir")
    output.write(path, text)
    print(f"{path}  {len(text.encode()):,} bytes, {options.step} of a batch of {options.batch}")
