"""What every command line here does about its streams: closed, full, left by their reader, or interrupted."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

#: The exit status where standard output cannot be written.
UNWRITABLE = 1

#: What a command prints: its ``result``, or a ``remark`` on files that it has written, which do not depend on it.
Printed = Literal["result", "remark"]


def guarded(work: Callable[[], int], prog: str, prints: Printed = "result") -> int:
    """Run ``work`` and return its exit status, without a traceback whatever happens to the standard streams.

    - A reader that leaves early (``| head -1``) ends the output and not the work, whose status stays.
    - A full or closed standard output is one line on standard error and status 1 where a result is lost; where it was
      a remark on files that are written, it is the line alone.
    - Ctrl-C is status 130 and no line.
    - Without standard error, messages are dropped; they never mix into other files.
    """
    _occupy()
    closed = sys.stdout is None
    if closed:
        sys.stdout = io.StringIO()
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- for good
    _outlive_reader()
    stopped, lost, status = None, "", 0
    try:
        try:
            status = work()
        except SystemExit as stop:  # argparse has said why
            stopped = stop
        sys.stdout.flush()
        if isinstance(sys.stdout, io.StringIO) and closed and sys.stdout.getvalue():
            lost = "it is closed"
        if (failure := _failure()) is not None:  # argparse keeps its own to itself
            lost = failure.strerror or str(failure)
    except KeyboardInterrupt:
        _drop_rest()
        return 128 + signal.SIGINT
    except OSError as error:
        if error is not _failure():
            raise
        lost = error.strerror or str(error)
    finally:
        if closed:
            sys.stdout = None
    if lost:
        _drop_rest()
        if (raw := _raw(sys.stdout)) and hasattr(raw, "failure"):
            raw.failure = None  # said once
        say(f"{prog}: cannot write to standard output: {lost}")
        return UNWRITABLE if prints == "result" else status
    if stopped:
        raise stopped
    return status


def say(message: str) -> None:
    """A line on standard error, if there is one that takes it."""
    try:
        print(message, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _drop(sys.stderr)


class _UntilClosed(io.FileIO):
    """A file that swallows what its reader no longer wants, and keeps the error of what it could not write."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        """As a file does, but a broken pipe is written as if it were not."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes
        except OSError as error:
            self.failure = error
            raise


def _raw(stream: Any) -> object:
    """The file below a text stream, with a buffer between them or without."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _failure() -> OSError | None:
    return getattr(_raw(sys.stdout), "failure", None)


def _outlive_reader() -> None:
    """Let standard output swallow what is written after its reader has left. Tests have streams of their own there."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper) or type(_raw(stream)) is not io.FileIO:
        return
    raw = _UntilClosed(stream.fileno(), "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        raw if _raw(stream) is stream.buffer else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _occupy() -> None:
    """Open the null device in place of closed standard streams, lest the next file opened take their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.close(opened)


def _drop_rest() -> None:
    """Keep the interpreter from complaining, on its way out, of what cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _drop(stream)


def _drop(stream: Any) -> None:
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
