"""The workflow's side of Snakemake that Snakemake leaves open: targets asked for, stale locks, a line per finished run.

Nothing of it is patched: the command line is read again with Snakemake's own parser, its log records are listened to,
and its locks are removed only where the kernel says that whoever made them is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from train.outcome import headline

#: Options that take as many names as follow, targets included.
GREEDY = {
    **dict.fromkeys(("--forcerun", "-R"), "--forcerun"),
    **dict.fromkeys(("--until", "-U"), "--until"),
    **dict.fromkeys(("--omit-from", "-O"), "--omit-from"),
    **dict.fromkeys(("--prioritize", "-P"), "--prioritize"),
}
#: Locked file of this process, open until it ends.
_alive: list[int] = []


def asked(arguments: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The targets on a Snakemake command line, and the names that each greedy option got, by option."""
    if not arguments:
        return [], {}
    from snakemake.cli import get_argument_parser

    before, after = arguments, []
    if "--" in arguments:
        cut = arguments.index("--")
        before, after = arguments[:cut], arguments[cut + 1 :]
    targets = [*get_argument_parser().parse_known_args(before)[0].targets, *after]
    taken: dict[str, list[str]] = {}
    option = None
    for word in before:
        if word.startswith("-"):
            name, given, value = word.partition("=")
            option = GREEDY.get(name)
            if option and given:
                taken.setdefault(option, []).append(value)
                option = None
        elif option:
            taken.setdefault(option, []).append(word)
    return targets, taken


def command_line() -> list[str]:
    """The arguments of Snakemake where this process is its command, else none: a program may call it, too."""
    program = Path(sys.argv[0])
    is_command = program.name == "snakemake" or program.parts[-2:] == ("snakemake", "__main__.py")
    return sys.argv[1:] if is_command else []


def mistakes(
    targets: list[str],
    taken: dict[str, list[str]],
    is_known: Callable[[str], bool],
    is_target: Callable[[str], bool],
    explain: Callable[[str], str],
) -> list[str]:
    """What is wrong with the targets of a command line as :func:`asked` reads it, a line each.

    ``is_known`` says whether a name can be asked for at all, ``is_target`` whether it is one that people ask for rather
    than a step on the way, and ``explain`` what an unknown one may have been.
    """
    names = list(dict.fromkeys([*targets, *(name for names in taken.values() for name in names)]))
    found = [explain(name) for name in names if not is_known(name)]
    for option, values in taken.items():
        swallowed = [name for name in values[1:] if is_target(name)]
        if swallowed and not targets:
            found.append(
                f"{option} took {' and '.join(map(repr, swallowed))} as its own and no target is left, "
                f"expected targets first: snakemake {' '.join(swallowed)} {option} {values[0]}"
            )
    return found


def clear_stale_locks(folder: Path = Path(".snakemake")) -> int:
    """Remove the locks that Snakemake left in a working folder when it was killed; return how many.

    Every Snakemake that runs this workflow here holds a shared lock (flock) on one file until it ends, however it does.
    Only when nobody holds it, and the last one that did ran on this machine, are Snakemake's own locks left over.
    """
    if _alive:
        return 0
    locks, host = folder / "locks", os.uname().nodename
    try:
        folder.mkdir(exist_ok=True)
        file = os.open(folder / "alive.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return 0  # whoever cannot write here makes no locks either
    removed = 0
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.pread(file, 1000, 0).decode(errors="replace") == host:
                for path in locks.glob("*.lock"):
                    path.unlink(missing_ok=True)
                    removed += 1
            os.ftruncate(file, 0)
            os.pwrite(file, host.encode(), 0)
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError:  # a file system without such locks: nothing can be known
        os.close(file)
        return removed
    _alive.append(file)
    return removed


class RunWatcher(logging.Handler):
    """Listens to Snakemake's log: says once where runs can be followed, and a line for every one that finished.

    It sees what ``--quiet`` hides, except that jobs finish, of which Snakemake then logs nothing: so it looks for what
    the jobs that have started are to leave, at every record and every ``pause`` seconds. ``say`` shows a line.
    """

    def __init__(
        self, say: Callable[[str], None], silent: Callable[[], bool] = lambda: False, pause: float = 1.0
    ) -> None:
        super().__init__()
        self.say, self.silent, self.pause = say, silent, pause
        self.awaited: dict[Path, int | None] = {}
        self.told: set[str] = set()
        self.thread: threading.Thread | None = None
        self.closed = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record: of a job that starts, or of anything else, at which others may have finished."""
        if self.silent():
            return
        if getattr(getattr(record, "event", None), "value", None) == "job_info":
            together = record.rule_name.endswith(" together")  # several runs, which finish one after the other
            training = together or record.rule_name == "train"
            if training:
                self._started(Path(record.output[0]).parts[-4] if together else record.wildcards["label"], record.log)
            for path in map(Path, record.output):
                if (training and path.name == "summary.json") or (path.suffix == ".pdf" and path.parts[0] == "reports"):
                    self.awaited[path] = _written(path)
            if self.awaited and not self.thread:
                self.thread = threading.Thread(target=self._keep_looking, name="runs", daemon=True)
                self.thread.start()
        self.look()

    def look(self) -> None:
        """Say what has been finished since the last look."""
        with self.lock:
            for path, before in list(self.awaited.items()):
                # What is said may be logged, and so looks again before this look goes on.
                if path in self.awaited and _written(path) not in (None, before):
                    del self.awaited[path]
                    self._finished(path)

    def _keep_looking(self) -> None:
        while not self.closed.wait(self.pause):
            self.look()

    def close(self) -> None:
        """Look no more."""
        self.closed.set()
        super().close()

    def _started(self, label: str, logs: Iterable[object]) -> None:
        if label not in self.told:
            self.told.add(label)
            now = "".join(f"; now: tail -F {log}" for log in logs)
            self.say(f"Each run writes its progress to logs/{label}/<cell>/seed<k>.log{now}")

    def _finished(self, path: Path) -> None:
        if path.suffix == ".pdf":
            self.say(f"Report: {path}")
            return
        with contextlib.suppress(OSError, ValueError, KeyError):
            self.say(f"{path.parents[2].name}: {headline(json.loads(path.read_text()))}")


def _written(path: Path) -> int | None:
    """When a file was written, in nanoseconds; ``None`` where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
