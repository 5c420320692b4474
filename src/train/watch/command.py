"""The command: one look at the runs, or one every few seconds until it is interrupted."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from netspec.ownership import check_apart, check_folder
from train.watch.mirror import Mirror
from train.watch.runs import seen
from train.watch.view import view

#: Moves to the first column of the first line; removes what is right of a line's end, and what is below.
HOME, CLEAR_LINE, CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"


def watch(results: Path, once: bool, every: float, tensorboard: Path | None) -> None:
    """Show the runs below ``results`` on standard output, and mirror them into ``tensorboard``.

    With ``once`` a single time, and otherwise ``every`` so many seconds: a terminal is drawn over, and what does not
    fit left out; elsewhere there is one look, too, but for a mirror, beside which what changes is printed.

    Raises what :func:`train.watch.runs.seen` does, and :class:`netspec.ownership.OutputError` for a folder of events
    that is nobody's own.
    """
    if tensorboard is not None:
        check_folder(tensorboard, "--tensorboard")
        check_apart({"--tensorboard": tensorboard}, {"RESULTS": results})
    terminal, before = sys.stdout.isatty() and not once, ""
    with nullcontext() if tensorboard is None else Mirror(tensorboard) as mirror:
        while True:
            runs, size = seen(results), shutil.get_terminal_size((100, 24))
            if mirror:
                mirror.update(runs)
            text = view(runs, size.columns)
            if terminal:
                print(_drawn(text, size.columns, size.lines), end="", flush=True)
            elif text != before:
                print(f"\n{text}" if before else text, flush=True)
            if once or not (terminal or mirror):
                return
            before = text
            time.sleep(every)


def _drawn(text: str, width: int, height: int) -> str:
    """A text over what a terminal of this size shows."""
    lines = text.split("\n")
    if len(lines) > height - 1:
        lines = [*lines[: height - 2], f"… and {len(lines) - height + 2} more lines"]
    return HOME + "".join(f"{line[:width]}{CLEAR_LINE}\n" for line in lines) + CLEAR_REST
