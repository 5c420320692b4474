"""Downloads over a network that fails: continued, started over, given up with one message, never used unverified."""

import fcntl
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from train.config.cell import Download
from train.config.schema import ConfigError
from train.data.raw import download

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Site:
    """A server whose answers can be spoiled: ``script`` holds what to do wrong in the next requests."""

    def __init__(self):
        self.content, self.etag, self.ranges = CONTENT, '"one"', True
        self.script: list[str] = []
        self.asked: list[tuple[str | None, str | None]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/archives/data.tgz"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.asked.append((wanted, request.headers.get("If-Range")))
        wrong = self.script.pop(0) if self.script else ""
        if wrong.isdigit():
            request.send_error(int(wrong))
            return
        same = request.headers.get("If-Range") in (None, self.etag)
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.ranges and same else 0
        if start >= len(self.content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(self.content) - start))
        if self.etag:
            request.send_header("ETag", self.etag)
        request.end_headers()
        body = self.content[start:]
        request.wfile.write(body[: int(wrong.split()[1])] if wrong.startswith("drop") else body)


@pytest.fixture
def site():
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def fetch(site, tmp_path, monkeypatch):
    """A function that fetches from the site without waiting, and the pauses that it would have made."""
    monkeypatch.setattr(download, "CHUNK", 1 << 14)

    def run(url=None, md5=MD5):
        return download.fetch(Download(url or site.url, md5), tmp_path / "downloads", "x.yaml", run.pauses.append)

    run.pauses = []
    return run


def left(tmp_path):
    return sorted(path.name for path in (tmp_path / "downloads").iterdir())


def test_a_download_is_complete_and_leaves_nothing_else(fetch, site, tmp_path):
    assert fetch().read_bytes() == CONTENT
    assert left(tmp_path) == ["data.tgz"]
    fetch()
    assert len(site.asked) == 1  # what is there is not fetched again


def test_a_lost_connection_continues_where_it_broke(fetch, site, tmp_path):
    site.script = ["drop 300000", "drop 200000"]
    assert fetch().read_bytes() == CONTENT
    assert site.asked == [(None, None), ("bytes=300000-", '"one"'), ("bytes=500000-", '"one"')]
    assert fetch.pauses == [1.0, 1.0]  # each brought something
    assert left(tmp_path) == ["data.tgz"]


def test_another_process_continues_too(fetch, site, tmp_path):
    site.script = ["drop 300000"] + ["503"] * download.ATTEMPTS
    with pytest.raises(ConfigError, match=r"x\.yaml: http.*503 Service .*, 8 times.*300,000 bytes .* are kept"):
        fetch()
    assert left(tmp_path) == ["data.tgz.part", "data.tgz.part.json"]
    assert fetch.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0][: len(fetch.pauses)]
    assert fetch().read_bytes() == CONTENT
    assert site.asked[-1][0] == "bytes=300000-"


@pytest.mark.parametrize("change", ["no ranges", "changed", "changed, no etag", "no etag"])
def test_a_part_is_only_continued_with_the_same_file(fetch, site, change):
    if "no etag" in change:
        site.etag = None
    site.script = ["drop 300000"] + ["500"] * download.ATTEMPTS
    site.ranges = change != "no ranges"
    other = bytes(reversed(CONTENT))
    if change.startswith("changed"):
        site.content = other
    with pytest.raises(ConfigError):
        fetch()
    if change == "changed":
        site.etag, site.content = '"two"', CONTENT
    elif change == "changed, no etag":  # nobody can see it but the checksum
        site.content = CONTENT
        with pytest.raises(ConfigError, match="checksum md5"):
            fetch()
    assert fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 10])
def test_a_part_as_long_as_the_file_or_longer(fetch, site, tmp_path, size):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/data.tgz.part").write_bytes((CONTENT + bytes(10))[:size])
    (tmp_path / "downloads/data.tgz.part.json").write_text(f'{{"url": "{site.url}", "validator": null}}')
    assert fetch().read_bytes() == CONTENT


def test_a_part_of_another_address_is_not_continued(fetch, site, tmp_path):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/data.tgz.part").write_bytes(b"other")
    with pytest.raises(ConfigError, match=r"data\.tgz\.part: is there, and no download left it; move it"):
        fetch()
    assert (tmp_path / "downloads/data.tgz.part").read_bytes() == b"other"
    (tmp_path / "downloads/data.tgz.part.json").write_text('{"url": "http://elsewhere/data.tgz", "validator": null}')
    assert fetch().read_bytes() == CONTENT
    assert site.asked == [(None, None)]


def test_refusals_are_not_repeated(fetch, site):
    site.script = ["404"]
    with pytest.raises(ConfigError, match=r"x\.yaml: http.* answers 404 Not Found, expected the archive"):
        fetch()
    assert len(site.asked) == 1


def test_a_wrong_checksum_removes_the_download(fetch, site, tmp_path):
    site.content = CONTENT[:-1]
    with pytest.raises(ConfigError, match=f"checksum md5 is [0-9a-f]{{32}}, expected {MD5}; it has been removed"):
        fetch()
    assert left(tmp_path) == []
    site.content = CONTENT
    assert fetch().read_bytes() == CONTENT


def test_a_file_that_was_damaged_later_is_noticed(fetch, tmp_path):
    fetch().write_bytes(CONTENT[:-1])
    with pytest.raises(ConfigError, match=r"data\.tgz: checksum md5 .*; move it away to fetch it again$"):
        fetch()
    assert left(tmp_path) == ["data.tgz"], "it may be another one that somebody put there"


def test_file_address(fetch, tmp_path):
    source = tmp_path / "elsewhere.tgz"
    source.write_bytes(CONTENT)
    assert fetch(source.as_uri()).read_bytes() == CONTENT
    with pytest.raises(ConfigError, match=r"file:///.*/nowhere.tgz cannot be read .*No such file"):
        fetch((tmp_path / "nowhere.tgz").as_uri())


def test_no_room_is_said_before_fetching(fetch, monkeypatch, tmp_path):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    with pytest.raises(ConfigError, match=r"downloads: 1\.02MB needed, 1\.00kB free"):
        fetch()


def test_one_process_at_a_time(fetch, tmp_path):
    (tmp_path / "downloads").mkdir()
    with (tmp_path / "downloads/data.tgz.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process is downloading it"):
            fetch()
    assert fetch().read_bytes() == CONTENT


def test_an_archive_on_disk_is_verified_and_kept(tmp_path):
    archive = tmp_path / "mine.tgz"
    archive.write_bytes(b"something else")
    with pytest.raises(ConfigError, match=r"key 'path': .*mine\.tgz: checksum sha256 is .*, expected 0{64}$"):
        download.verify(archive, Download(sha256="0" * 64), "key 'path'")
    assert archive.exists()
