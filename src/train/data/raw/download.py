"""Fetch an archive over a network that fails, and use it only when its checksum is right.

What has arrived stays in ``<name>.part`` until its checksum is verified, beside ``<name>.part.json``, which names what
it is a part of. A later attempt, in this process or another, asks for the rest (RFC 9110, section 14: Range, If-Range).
pooch, the usual library for this, begins anew each time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import json
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from tqdm import tqdm

from train.config.cell import Download
from train.config.schema import ConfigError, load_mapping
from train.machine.progress import Tally, say

CHUNK = 1 << 20
TIMEOUT = 60.0
#: Attempts in a row that bring nothing; one that brings something starts the count again.
ATTEMPTS = 8
#: What a later attempt may mend: timeout, too many requests, and what servers say when they are ill.
PASSING = {408, 425, 429, 500, 502, 503, 504}
Wait = Callable[[float], None]


def fetch(download: Download, folder: Path, where: str, wait: Wait = time.sleep) -> Path:
    """The archive of ``download`` in ``folder``, complete and verified; nothing is fetched that is there already.

    ``wait`` sleeps between attempts: 1, 2, 4 … 60 seconds. Raises :class:`ConfigError` naming ``where`` in the
    configuration, or the file, when the server refuses, attempts run out, the disk is full or the checksum is wrong.
    """
    target = folder / (PurePosixPath(unquote(urlsplit(download.url).path)).name or "archive")
    if not target.exists():
        part = target.with_name(f"{target.name}.part")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with part.open("ab") as stream:
                _lock(stream, target)
                if stream.tell() and not _record(part).exists():
                    raise ConfigError(f"{part}: is there, and no download left it; move it, or name other --downloads")
                if target.exists():  # another process has finished it meanwhile
                    part.unlink(missing_ok=True)
                else:
                    _fetch_all(download.url, stream, part, where, wait)
                    _verify(part, download, download.url, remove=True)
                    part.replace(target)
                _record(part).unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{error.filename or part}: cannot be written ({error.strerror or error})") from None
        return target
    # It may be somebody's own, or another edition.
    _verify(target, download, str(target), remove=False, otherwise="; move it away to fetch it again")
    return target


def verify(path: Path, download: Download, key: str) -> None:
    """Raise :class:`ConfigError` unless the file has the checksum of ``download``; the file is left alone."""
    _verify(path, download, f"{key}: {path}", remove=False)


def verify_md5(path: Path, md5: str) -> None:
    """The same for a file and its MD5."""
    verify(path, Download(md5=md5), "checksums")


def _verify(path: Path, download: Download, named: str, *, remove: bool, otherwise: str = "") -> None:
    for algorithm in ("md5", "sha256"):
        expected = getattr(download, algorithm)
        if expected is None:
            continue
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, algorithm).hexdigest()
        if found != expected:
            if remove:
                path.unlink()
                _record(path).unlink(missing_ok=True)
                otherwise = "; it has been removed"
            raise ConfigError(f"{named}: checksum {algorithm} is {found}, expected {expected}{otherwise}")


def _lock(stream: BinaryIO, target: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"{target}: another process is downloading it, expected one at a time") from None


def _record(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _fetch_all(url: str, stream: BinaryIO, part: Path, where: str, wait: Wait) -> None:
    """Attempt until everything is there."""
    failures = 0
    while True:
        before = stream.tell()
        try:
            return _fetch_rest(url, stream, part)
        except urllib.error.HTTPError as error:
            if error.code not in PASSING:
                raise ConfigError(f"{where}: {url} answers {error.code} {error.reason}, expected the archive") from None
            reason = f"{error.code} {error.reason}"
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            if isinstance(error, urllib.error.URLError) and url.startswith("file:"):
                raise ConfigError(f"{where}: {url} cannot be read ({error.reason}), expected the archive") from None
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        failures = 1 if stream.tell() > before else failures + 1
        if failures == ATTEMPTS:
            kept = f"; the {stream.tell():,} bytes that arrived are kept" if stream.tell() else ""
            raise ConfigError(f"{where}: {url} cannot be fetched ({reason}, {failures} times){kept}") from None
        say(f"{url}: {reason}; trying again")
        wait(min(60.0, 2.0 ** (failures - 1)))


def _fetch_rest(url: str, stream: BinaryIO, part: Path) -> None:
    """One attempt: ask for what is missing, or for everything if the file on the server is no longer the same."""
    have = stream.tell()
    known = _recorded(part, url)
    if have and known is None:
        have = _start_over(stream)
    headers = {"User-Agent": "netspec-book", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if known["validator"]:
            headers["If-Range"] = known["validator"]
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return  # complete
        _start_over(stream)
        raise ConnectionError("the file on the server has changed") from None
    with answer:
        partial = answer.headers.get("Content-Range", "")
        if have and not partial.startswith(f"bytes {have}-"):
            have = _start_over(stream)  # the server sends everything: it knows no ranges, or has another file
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if validator and validator.startswith("W/"):
            validator = None  # a weak one may not be used for ranges
        _record(part).write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")
        check_space(part.parent, (total or have) - have)
        with Tally(part.stem, total, unit="B", done=have) as shown:
            while chunk := answer.read(CHUNK):
                stream.write(chunk)
                shown.advance(len(chunk))
        stream.flush()
    if total is not None and stream.tell() < total:
        raise ConnectionError(f"connection lost at byte {stream.tell():,} of {total:,}")


def _recorded(part: Path, url: str) -> dict | None:
    """What is known about a part; ``None`` if it is of another address."""
    with contextlib.suppress(ConfigError):  # one that is damaged tells nothing: the download starts again
        known = load_mapping(_record(part))
        if known.get("url") == url and isinstance(known.setdefault("validator", None), str | None):
            return known
    return None


def _start_over(stream: BinaryIO) -> int:
    stream.seek(0)
    stream.truncate()
    return 0


def check_space(folder: Path, needed: int) -> None:
    """Raise :class:`ConfigError` when fewer than ``needed`` bytes are free where ``folder`` is."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ConfigError(f"{folder}: {tqdm.format_sizeof(needed)}B needed, {tqdm.format_sizeof(free)}B free")
