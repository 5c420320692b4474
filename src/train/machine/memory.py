"""Memory of this process as the operating system counts it, which is what a job has to ask for."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def restart_peak() -> None:
    """Count the peak from here on, where the system lets a process do that (Linux); elsewhere from its start.

    What is kept for later is given back first, or it would count as held.
    """
    give_back()
    try:
        RESET.write_text("5")
    except OSError:
        return


def give_back() -> None:
    """Return to the system what :func:`train.machine.runtime.keep_memory` has kept; without glibc nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def peak_bytes() -> int:
    """Largest resident memory of this process since :func:`restart_peak`."""
    try:
        lines = STATUS.read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
