"""The rule of outputs: what a command may write, replace and remove. Every writer and remover of this project uses it.

A path that a person passes may be anything: a folder of photographs, a link, a mount, ``/dev/null``. So

1. An output is, contains and lies inside no input and no other output (:func:`check_apart`, :func:`reading`).
2. A command that manages a folder has one of its own: not ``/``, the home folder, a repository, the current folder or
   one above it (:func:`check_folder`). What others put there stays there.
3. It replaces a file only if it can tell that it wrote it: it is signed as the new one is, begins as such a file
   begins, or is empty (:func:`write_all`). A file that nobody may write is not replaced, whatever it is.
4. It removes only what it finds in a list of its own, in a folder that it has marked, and while no other process works
   there (:mod:`netspec.claims`).

Links stay links: what they lead to is written, if it or its folder is there. A file appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path

from netspec.locks import named, naming, open_locked

#: What files carry by which they are known again.
SIGNATURE = "netspec-book"
#: The file by which a folder is known again; it is locked by the process that works there.
MARK = ".netspec-book"
_COMMENT = f"<!-- {SIGNATURE} -->\n".encode()
#: Bytes at both ends of a file in which a signature is looked for.
_LOOKED_AT = 1 << 16
_inputs: ContextVar[tuple[Path, ...]] = ContextVar("inputs", default=())


class OutputError(ValueError):
    """A path that may not be written, replaced or removed: the message names it and says what was expected."""


@contextlib.contextmanager
def reading(inputs: Iterable[Path]) -> Iterator[None]:
    """A context in which :func:`write_all` writes neither over ``inputs`` nor into them."""
    token = _inputs.set((*_inputs.get(), *inputs))
    try:
        yield
    finally:
        _inputs.reset(token)


def check_apart(outputs: Mapping[str, Path], inputs: Mapping[str, Path]) -> None:
    """Raise :class:`OutputError` if an output is, contains or lies inside an input or another output.

    Both are paths by what they are called in the message, such as ``--out``. Links and mounts are seen through.
    """
    done: dict[str, Path] = {}
    for name, path in outputs.items():
        for other, place in {**inputs, **done}.items():
            if relation := _relation(path, place):
                raise OutputError(f"{name} {path}: {relation} {other} {place}, expected a place of its own")
        done[name] = path


def _relation(path: Path, other: Path) -> str | None:
    ours, theirs = _places(path), _places(other)
    if ours[0] == theirs[0]:
        return "is also"
    if theirs[0] in ours:
        return "lies inside"
    return "contains" if ours[0] in theirs else None


def _places(path: Path) -> list[tuple]:
    """Identities of what a path leads to and of all folders above it, the same by whatever path they are reached."""
    real = Path(os.path.realpath(path))
    found, missing = [], []
    for place in (real, *real.parents):
        try:
            status = place.stat()
        except OSError:
            missing.append(place.name)
            continue
        if not found and missing:
            # Not there yet: known by the folder that is, and by the names below it.
            tails = [tuple(missing[index:]) for index in range(len(missing))]
            found += [(status.st_dev, status.st_ino, *tail) for tail in tails]
        found.append((status.st_dev, status.st_ino))
    return found


def check_folder(path: Path, name: str) -> Path:
    """Where a folder that a command manages lies, links followed; ``name`` is what the message calls it.

    It need not be there. Raises :class:`OutputError` for what is no folder, and for one that is nobody's own.
    """
    real = Path(os.path.realpath(path))
    problem = None
    if os.path.lexists(path) and not path.exists():
        problem = "is a link to nothing"
    elif real.exists() and not real.is_dir():
        problem = "is a file"
    elif real == Path(real.anchor):
        problem = "is the root of the file system"
    elif real == Path(os.path.realpath(Path.home())):
        problem = "is the home folder"
    elif real in (here := Path.cwd(), *here.parents):
        problem = "is the current folder" if real == here else "contains the current folder"
    elif (real / ".git").exists():
        problem = "is a repository"
    if problem:
        raise OutputError(f"{name} {path}: {problem}, expected a folder of its own")
    return real


def write_all(contents: Mapping[Path, bytes], *, proven: bool = False) -> None:
    """Write every file beside its destination first, and rename them, in order, when all of them are complete.

    SVG and Markdown are signed by a comment at their end; tables and programs, which cannot be, are known by their
    first line, which says what is in them. ``proven`` says that the caller has made sure of what it
    replaces, otherwise point 3 of the rule does. What is no regular file, such as ``/dev/null``, is written as it is.

    Raises :class:`OutputError` for a destination that the rule forbids and ``OSError`` naming the file; what was
    written beside is gone then, and no destination has changed unless it was the renaming itself that failed.
    """
    signed = {path: _sign(path, content) for path, content in contents.items()}
    targets: dict[Path, Path] = {}
    for path, content in signed.items():
        target = _target(path, content, proven)
        if target in targets and not _is_special(target):
            raise OutputError(f"{path}: is also {targets[target]}, expected a file of its own for each output")
        targets[target] = path
    with contextlib.ExitStack() as stack:
        staged = [(target, _staged(stack, target, signed[path])) for target, path in targets.items()]
        for target, temporary in staged:
            try:
                if temporary is not None:
                    temporary.replace(target)
                    continue
            except OSError as error:
                if error.errno != errno.EBUSY:  # a file that is mounted on its own can only be written
                    raise named(error, target) from None
            with naming(target), target.open("wb") as stream:
                stream.write(signed[targets[target]])


def _sign(path: Path, content: bytes) -> bytes:
    if path.suffix.lower() == ".md" or content.startswith((b"<svg", b"<?xml")):
        return content.rstrip(b"\n") + b"\n\n" + _COMMENT
    return content


def check_file(path: Path) -> Path:
    """Where the file of a destination lies, links followed. Raises :class:`OutputError` where it cannot be written.

    What is no regular file, such as a device or a pipe, stays as it is given.
    """
    if _is_special(path):
        return path
    target = Path(os.path.realpath(path))
    if path.is_symlink() and not target.exists() and (target.is_symlink() or not target.parent.is_dir()):
        raise OutputError(f"{path}: is a link to nothing, expected a file")
    above = next(place for place in target.parents if place.exists())
    if not above.is_dir():
        raise OutputError(f"{path}: lies below {above}, which is a file")
    if target.is_dir():
        raise OutputError(f"{path}: is a folder, expected a file")
    if target.exists() and not target.stat().st_mode & 0o222:
        raise OutputError(f"{path}: is read-only, expected a file that may be replaced")
    return target


def _target(path: Path, content: bytes, proven: bool) -> Path:
    """What a destination leads to, once it is known that it may be written."""
    target = check_file(path)
    if _is_special(target):
        return target
    for given in _inputs.get():
        if relation := _relation(path, given):
            raise OutputError(f"{path}: {relation} the input {given}, expected a place of its own")
    if target.exists() and not proven and not _is_ours(target, content):
        raise OutputError(f"{path}: is there and was not written by this command; move it, or name another file")
    return target


def _is_special(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return not stat.S_ISREG(path.stat().st_mode) and not path.is_dir()
    return False


def _is_ours(path: Path, content: bytes) -> bool:
    """Whether a file is one of the kind of ``content`` that this project wrote, or empty."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
        stream.seek(max(0, size - _LOOKED_AT))
        tail = stream.read()
        stream.seek(0)
        if size == len(content) and stream.read() == content:
            return True
    if content.endswith(_COMMENT):
        return not head or tail.endswith(_COMMENT)
    signature = SIGNATURE.encode()
    if signature in content[:_LOOKED_AT] + content[-_LOOKED_AT:]:
        return not head or (head[:4] == content[:4] and signature in head + tail)
    first, rest = (part.partition(b"\n") for part in (head, content))
    telling = path.suffix.lower() == ".csv" or content.startswith(b"module @")
    return not head or (telling and first[0].strip() == rest[0].strip() != b"")


def _staged(stack: contextlib.ExitStack, target: Path, content: bytes) -> Path | None:
    """A complete file beside ``target``, removed on errors, or ``None`` where it can only be written in place."""
    if _is_special(target):
        return None
    # One name per destination, which is ours: what a killed process left is overwritten, not kept.
    temporary = target.with_name(f".{target.name}{MARK}.tmp")
    with naming(target):
        stack.push(_remove_made(target.parent))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = open_locked(temporary)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and target.exists():
                return None  # a file that may be written in a folder that may not
            raise
        if file is None:
            raise OutputError(f"{target}: another process is writing it, expected one at a time")
        stream = stack.enter_context(os.fdopen(file, "wb"))
        stack.callback(_remove_if, temporary, os.fstat(file).st_ino)
        try:
            stream.truncate()
            stream.write(content)
            stream.flush()
        except OSError:
            os.ftruncate(file, 0)  # what is left in the buffer is written on closing, and must find room then
            raise
        if target.exists():
            os.fchmod(file, stat.S_IMODE(target.stat().st_mode))
    return temporary


def _remove_if(path: Path, inode: int) -> None:
    """Remove a file unless it is another one by now."""
    with contextlib.suppress(OSError):
        if path.stat().st_ino == inode:
            path.unlink()


def _remove_made(folder: Path) -> Callable:
    """An exit callback that removes the folders that are not there yet, if they are empty then."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]

    def remove(*_) -> None:
        for place in missing:
            with contextlib.suppress(OSError):
                place.rmdir()

    return remove
