"""Which GPUs a process computes on: each run claims its own, so that two never share one by accident.

A claim is an exclusive lock (flock) on a file per GPU, which the kernel releases when the process ends, however it
does. Processes see each other's claims where they share ``/tmp``. Importing this module does not import jax.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import sys
import time
from functools import cache
from itertools import chain
from pathlib import Path

from train.config.schema import ConfigError

#: A file per GPU, shared by all users; not in $TMPDIR, which differs between them.
LOCKS = Path("/tmp/gpu-claims")
#: Seconds between two looks for a free one.
PATIENCE = 1.0
#: Locked files of this process by the name of the GPU.
_held: dict[str, int] = {}


def visible() -> tuple[str, ...]:
    """Names of the GPUs that this process may use: those in ``CUDA_VISIBLE_DEVICES`` if it is set, else all.

    Names are UUIDs where ``nvidia-smi`` tells them, else numbers. Numbers in ``CUDA_VISIBLE_DEVICES`` count as
    ``nvidia-smi`` does; as in CUDA, what follows one that is not there is ignored.
    """
    chosen, found = os.environ.get("CUDA_VISIBLE_DEVICES"), _found()
    if chosen is None:
        return tuple(chain.from_iterable(found))
    names: list[str] = []
    for token in chosen.split(","):
        name = _named(token.strip(), found)
        if name is None:
            break
        names.append(name)
    return tuple(dict.fromkeys(names))


def allowed() -> bool:
    """Whether ``JAX_PLATFORMS`` lets jax compute on a GPU."""
    platforms = os.environ.get("JAX_PLATFORMS", "")
    return not platforms or not {"cuda", "gpu", "rocm"}.isdisjoint(platforms.split(","))


def claim(count: int | None) -> tuple[str, ...]:
    """Take ``count`` of the visible GPUs until this process ends, or all for ``None``, and hide the others from it.

    To be called before jax is imported. Waits, with a line on stderr, while too few are free. Without a GPU, or where
    ``JAX_PLATFORMS`` leaves CUDA out, nothing happens; for a ``count`` of 0 all are hidden. Returns the names. Raises
    :class:`ConfigError` when there are fewer than ``count``.
    """
    names = visible() if allowed() else ()
    if names and count == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        os.environ.setdefault("JAX_PLATFORMS", "cpu")  # or the plugin for CUDA complains of finding none
    if not names or count == 0:
        return ()
    count = count or len(names)
    if count > len(names):
        raise ConfigError(f"key 'gpus_per_run' (or --gpus) is {count}, expected at most the {len(names)} found here")
    told = False
    while not (locked := _lock(names, count)):
        if not told:
            wanted = "a free GPU" if count == 1 else f"{count} free GPUs"
            print(f"waiting for {wanted}: other processes hold too many of {len(names)}", file=sys.stderr, flush=True)
        told = True
        time.sleep(PATIENCE)
    _held.update(locked)
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(locked)
    return tuple(locked)


def claimed() -> list[str]:
    """The GPUs that this process has claimed."""
    return list(_held)


def check_seen(count: int | None, seen: int) -> None:
    """Raise :class:`ConfigError` when jax sees fewer GPUs than were asked for or claimed, and would compute on the CPU.

    ``count`` is that of :func:`claim`, and ``seen`` the number of GPUs among the devices of this process. GPUs of other
    makers than NVIDIA are not claimed, but seen.
    """
    wanted = max(len(_held), count or 0) if allowed() else 0
    if seen >= wanted:
        return
    missing = f"jax sees {seen or 'none'} of the {wanted} that this run claims" if _held else "none is found here"
    raise ConfigError(
        f"key 'gpus_per_run' (or --gpus) is {count or 'all'}, but {missing}; expected jax with CUDA, which "
        "`pip install -e '.[cuda]'` adds, and a driver that it works with, or device=cpu (--gpus 0) for the CPU"
    )


@cache
def _found() -> list[list[str]]:
    """The GPUs of this machine in the order of nvidia-smi: a name for each, or for each part that MIG made of it."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        command = ["nvidia-smi", "-L"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        gpus: list[list[str]] = []
        for kind, uuid in re.findall(r"^\s*(GPU|MIG) .*UUID: ([^)\s]+)\)", listed, re.M):
            if kind == "GPU":
                gpus.append([uuid])
            else:
                gpus[-1] = [name for name in gpus[-1] if name.startswith("MIG")] + [uuid]
        return gpus
    return [[str(number)] for number, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]


def _named(token: str, found: list[list[str]]) -> str | None:
    """The name of what a word in ``CUDA_VISIBLE_DEVICES`` stands for: a number, or the beginning of a UUID."""
    if token.isdigit():
        return found[int(token)][0] if int(token) < len(found) else None
    meant = [name for name in chain.from_iterable(found) if token and name.startswith(token)]
    return meant[0] if len(meant) == 1 else None


def _lock(names: tuple[str, ...], count: int) -> dict[str, int]:
    """Open, locked files of ``count`` of the GPUs by name, or none: whoever waits for more holds nothing meanwhile."""
    locked: dict[str, int] = {}
    for name in names:
        file = _open(LOCKS / name)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        locked[name] = file
        if len(locked) == count:
            return locked
    for file in locked.values():
        os.close(file)
    return {}


def _open(path: Path) -> int:
    """A file that anyone may lock, in a folder where anyone may add one."""
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir()
            path.parent.chmod(0o1777)
        with contextlib.suppress(FileExistsError):
            # Opening with O_CREAT what another user has made is refused in such a folder; reading it is enough.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY, 0o644))
        return os.open(path, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(f"{path}: expected a file that can be locked ({error.strerror}); delete it") from None
