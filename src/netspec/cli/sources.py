"""Where specs come from: a name of the catalogue, or a Python file that defines some."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from netspec.catalogue import find
from netspec.errors import SpecError
from netspec.spec import NetSpec


class CommandError(Exception):
    """What the command line reports in one line, without a traceback, before it exits with status 2."""


def specs(argument: str) -> list[NetSpec]:
    """The specs that ``argument`` means: one of that name, or all that the file defines."""
    path = Path(argument)
    if path.suffix == ".py" or path.is_file():
        return from_file(path)
    return [_named(argument)]


def one(argument: str) -> NetSpec:
    """The spec of that name, or the only one in the file; ``FILE.py:NAME`` picks one of several."""
    file, colon, name = argument.rpartition(":")
    if colon and (file.endswith(".py") or Path(file).is_file()):
        candidates = from_file(Path(file))
        chosen = [spec for spec in candidates if spec.name.lower() == name.lower()]
        if not chosen:
            raise CommandError(f"{file} defines no spec called {name!r}, but {_names(candidates)}")
        return chosen[0]
    found = specs(argument)
    if len(found) > 1:
        raise CommandError(f"{argument} defines several specs: {_names(found)}; say which as {argument}:NAME")
    return found[0]


def from_file(path: Path) -> list[NetSpec]:
    """The specs that the Python file at ``path`` defines, in order.

    Those called ``SPECS``, ``SPEC`` or ``spec`` when there are any, otherwise every spec the file gives a name to.
    Raises :class:`CommandError` naming file and line for whatever goes wrong while it runs.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise CommandError(f"{path}: cannot be read: {reason}") from None
    module = ModuleType(f"{path.stem} (run by netspec)")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    names = vars(module)
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        exec(compile(source, str(path), "exec"), names)
    except SyntaxError as error:
        raise CommandError(f"{error.filename}, line {error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:
        raise CommandError(f"{path}{_line(error, str(path))}: {_sentence(error)}") from None
    finally:
        sys.path.remove(folder)
    chosen = [names[name] for name in ("SPECS", "SPEC", "spec") if name in names]
    found = list(dict.fromkeys(_within(chosen or [names[name] for name in names if not name.startswith("_")])))
    if not found:
        raise CommandError(f"{path}: defines no NetSpec; assign one to SPEC, or several to SPECS")
    return found


def _named(name: str) -> NetSpec:
    try:
        return find(name)
    except SpecError as error:
        raise CommandError(str(error)) from None


def _within(values: object) -> Iterator[NetSpec]:
    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, NetSpec):
            yield value
        elif isinstance(value, (list, tuple, dict)):
            yield from _within(value)


def _line(error: BaseException, file: str) -> str:
    """The last line of ``file`` on the way to the error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f", line {lines[-1]}" if lines else ""


def _sentence(error: BaseException) -> str:
    """A malformed spec's own sentence; other errors with their type."""
    if isinstance(error, SpecError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _names(found: list[NetSpec]) -> str:
    return ", ".join(repr(spec.name) for spec in found)
