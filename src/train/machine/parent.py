"""An end for jobs whose Snakemake was killed: they stop, with a checkpoint, instead of running on unseen."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

#: Seconds between two looks.
PAUSE = 0.5


def end_with(parent: int) -> threading.Thread:
    """Have this process told to stop (SIGTERM) once the process ``parent``, which started it, has ended.

    Only for who asks: a run that a person started must outlive its terminal (``nohup``, a closed shell). Whoever
    starts a job passes its own number, so that an end before this call is noticed, too.
    """
    thread = threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True)
    thread.start()
    return thread


def _watch(parent: int) -> None:
    while os.getppid() == parent:  # an orphan is given to another process
        time.sleep(PAUSE)
    print(f"process {parent}, which started this one, has ended: stopping", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
