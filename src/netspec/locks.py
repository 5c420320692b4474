"""Files that one process at a time has open, and errors that name the file which was meant."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path


def named(error: OSError, path: Path) -> OSError:
    """``error`` as one of the file that was meant."""
    return OSError(error.errno or errno.EIO, error.strerror or str(error), str(path))


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """A context whose ``OSError`` is one of the file that was meant, not of the one beside it."""
    try:
        yield
    except OSError as error:
        raise named(error, path) from None


def _locked(file: int) -> bool:
    """Take the lock of an open file, which the kernel releases when the process ends, however it does."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def open_locked(path: Path) -> int | None:
    """Open the file, made where it is missing, and lock it; ``None`` while another process holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    with contextlib.suppress(OSError):
        # It may have been moved away, and made anew by a third process, between opening and locking.
        if _locked(file) and os.fstat(file).st_ino == path.stat().st_ino:
            return file
    os.close(file)
    return None
