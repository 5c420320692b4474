"""Where specs come from: a name of the catalogue, or a Python file that defines some and is run as code."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from types import ModuleType

from netspec import catalogue
from netspec.errors import SpecError
from netspec.fields import shown
from netspec.spec import NetSpec

#: Whatever of these stands in an argument makes it a path.
_SEPARATORS = {"/", os.sep, os.altsep or os.sep}

#: The file of ``FILE.py`` and ``FILE.py:NAME``; the colon of a drive, as in ``C:\\mine.py``, comes before.
_FILE = re.compile(r"(.+?\.py)(?::(.*))?", re.DOTALL | re.IGNORECASE)


class CommandError(Exception):
    """What the command line reports in one line, without a traceback, before it exits with status 2."""


def specs(argument: str) -> list[NetSpec]:
    """The specs that ``argument`` means: one of that name, or all that the file defines, or the one it picks there."""
    found = _file_and_name(argument)
    if found is None:
        return [_named(argument)]
    file, name = found
    candidates = from_file(Path(file))
    return list(candidates.values()) if name is None else [_picked(file, name, candidates)]


def one(argument: str) -> NetSpec:
    """The spec of that name, or the only one in the file; ``FILE.py:NAME`` picks one of several."""
    found = specs(argument)
    if len(found) > 1:
        raise CommandError(f"{argument} defines several specs: {_names(found)}; say which as {argument}:NAME")
    return found[0]


def is_file(argument: str) -> bool:
    """Whether ``argument`` means a file: it has ``.py`` or a path separator, and is no name of the catalogue.

    What lies in the current folder has no say, so that no file hides a name of the catalogue, and none is run by it.
    """
    return _file_and_name(argument) is not None


def from_file(path: Path) -> dict[str, NetSpec]:
    """Run the Python file at ``path``; the specs it defines, in order, each under the first variable that leads to it.

    Those called ``SPECS``, ``SPEC`` or ``spec`` when there are any, otherwise every spec the file gives a name to.
    What the file prints goes to standard error. Raises :class:`CommandError` naming file and line for whatever goes
    wrong while it runs.
    """
    try:
        source = importlib.util.decode_source(path.read_bytes())
    except (OSError, ValueError, SyntaxError) as error:
        reason = getattr(error, "strerror", None) or ("not UTF-8 text" if _is_encoding(error) else str(error))
        raise CommandError(f"{path}: cannot be read: {reason}") from None
    names = _run(path, source)
    declared = {name: names[name] for name in ("SPECS", "SPEC", "spec") if name in names}
    public = {name: value for name, value in names.items() if not name.startswith("_")}
    found: dict[NetSpec, str] = {}
    for name, value in (declared or public).items():
        for place, spec in _within(value, name, set()):
            found.setdefault(spec, place)
    if not found:
        raise CommandError(f"{path}: defines no NetSpec; assign one to SPEC, or several to SPECS")
    return {place: spec for spec, place in found.items()}


def value(argument: str) -> object:
    """What a Python file, which is run as code, leaves under a name: ``FILE.py:NAME``.

    Raises :class:`CommandError` naming the file, and line or name, for whatever goes wrong.
    """
    file, name = _file_and_name(argument) or (argument, None)
    if not name or not name.isidentifier():
        raise CommandError(f"{argument}: expected FILE.py:NAME")
    path = Path(file)
    try:
        source = importlib.util.decode_source(path.read_bytes())
    except (OSError, ValueError, SyntaxError) as error:
        reason = getattr(error, "strerror", None) or ("not UTF-8 text" if _is_encoding(error) else str(error))
        raise CommandError(f"{path}: cannot be read: {reason}") from None
    names = _run(path, source)
    if name not in names:
        public = [known for known in names if not known.startswith("_")]
        near = difflib.get_close_matches(name, public, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(public) or 'none'}"
        raise CommandError(f"{path} has no {name!r}; {hint}")
    return names[name]


def _run(path: Path, source: str) -> dict[str, object]:
    """What the file leaves under each name."""
    module = ModuleType(f"{path.stem} ({path}, run by netspec)")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    folder = path.resolve().parent
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        with redirect_stdout(sys.stderr):
            exec(compile(source, str(path), "exec"), vars(module))
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise CommandError(f"{error.filename or path}{where}: {error.msg}") from None
    except (Exception, SystemExit) as error:
        raise CommandError(f"{path}{_line(error, str(path))}: {_sentence(error)}") from None
    finally:
        with suppress(ValueError):
            sys.path.remove(str(folder))
        # A file elsewhere may have neighbours of the same names.
        for name in set(sys.modules) - before:
            if _is_below(getattr(sys.modules[name], "__file__", None), folder):
                del sys.modules[name]
    return vars(module)


def _file_and_name(argument: str) -> tuple[str, str | None] | None:
    """The file that ``argument`` means and the spec it picks there; ``None`` for a name of the catalogue."""
    if match := _FILE.fullmatch(argument):
        return match[1], match[2]
    if not _SEPARATORS & set(argument) or _slashed(argument):
        return None
    file, colon, name = argument.rpartition(":")
    if colon and _SEPARATORS & set(file) and not _SEPARATORS & set(name):
        return file, name
    return argument, None


def _slashed(argument: str) -> bool:
    """Whether ``argument`` is a name of the catalogue that has slashes, and has them where that has: CLIP-ViT-B/32."""
    try:
        spec = catalogue.find(argument)
    except SpecError:
        return False
    starts = [_key(text.partition("/")[0]) for text in (spec.name, argument)]
    return "/" in spec.name and starts[0] == starts[1]


def _named(name: str) -> NetSpec:
    try:
        return catalogue.find(name)
    except SpecError as error:
        with suppress(OSError, ValueError):
            if Path(name).is_file():
                raise CommandError(f"{error}; the file of that name is ./{name}") from None
        raise CommandError(str(error)) from None


def _picked(file: str, name: str, candidates: dict[str, NetSpec]) -> NetSpec:
    """The spec called ``name``, as forgiving as the catalogue is, or the one that the variable ``name`` holds."""
    tests = (
        lambda place, spec: spec.name == name,
        lambda place, spec: place == name,
        lambda place, spec: spec.name.lower() == name.lower(),
        lambda place, spec: bool(_key(name)) and _key(spec.name) == _key(name),
    )
    for test in tests:
        found = [spec for place, spec in candidates.items() if test(place, spec)]
        if len(found) == 1:
            return found[0]
        if found:
            places = [place for place, spec in candidates.items() if spec in found]
            raise CommandError(f"{file} defines several specs called {name!r}; say which as {' or '.join(places)}")
    known = {spec.name.lower(): spec.name for spec in candidates.values()}
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(known[key] for key in near)}? " if near else ""
    raise CommandError(f"{file} defines no spec called {name!r}; {hint}it has {_names(list(candidates.values()))}")


def _within(value: object, place: str, seen: set[int]) -> Iterator[tuple[str, NetSpec]]:
    """The specs that a variable leads to, each with the expression for it."""
    if isinstance(value, NetSpec):
        yield place, value
    elif isinstance(value, (list, tuple, dict)) and id(value) not in seen:
        seen.add(id(value))
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _within(inner, f"{place}[{shown(key, 40)}]", seen)


def _is_below(file: object, folder: Path) -> bool:
    return isinstance(file, str) and Path(file).is_relative_to(folder) and "site-packages" not in Path(file).parts


def _is_encoding(error: BaseException) -> bool:
    return isinstance(error, (UnicodeDecodeError, SyntaxError))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _line(error: BaseException, file: str) -> str:
    """The last line of ``file`` on the way to the error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f", line {lines[-1]}" if lines else ""


def _sentence(error: BaseException) -> str:
    """A malformed spec's own sentence; other errors with their type."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # a class of the file's own
        text = ""
    if isinstance(error, SpecError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _names(found: list[NetSpec]) -> str:
    return ", ".join(repr(spec.name) for spec in found)
