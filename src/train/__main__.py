"""Command line of the trainer: ``python -m train --help`` lists its commands."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys

from netspec.console import guarded
from netspec.ownership import OutputError
from train import destination
from train.commands import data, fit, measure, settings, use
from train.config.printable import lines
from train.config.schema import ConfigError
from train.machine import parent


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand and return the exit status: 2 for a user's mistake, 128 + signal when told to stop."""
    return guarded(lambda: _main(arguments), "train")


def _main(arguments: list[str] | None) -> int:
    gc.set_threshold(20_000, 20, 50)  # what the libraries leave standing takes a tenth of a short run to look through
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("absl").setLevel(logging.ERROR)
    if getattr(options, "parent", None):
        parent.end_with(options.parent)
    try:
        prints = "remark" if options.run in (fit.fit, data.prepare, use.preview) else "result"
        return guarded(lambda: options.run(options) or 0, "train", prints)
    except destination.Finished as finished:
        print(finished)
        return 0
    except (ConfigError, OutputError) as error:
        print(f"error: {lines(str(error))}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for about in (fit, use, data, measure, settings):
        about.add(commands)
    return parser


if __name__ == "__main__":
    status = main()
    gc.freeze()  # what is left need not be looked through once more at exit, which takes most of a second
    sys.exit(status)
