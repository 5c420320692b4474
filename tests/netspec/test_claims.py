"""Managed folders: marked, worked in by one process at a time, and only listed files of them are removed."""

import os

import pytest

from netspec import claims
from netspec.claims import Claim, probe, read_mark, remove_files
from netspec.ownership import MARK, OutputError


def listing(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_claim_marks_a_folder_and_keeps_others_out(tmp_path):
    folder = tmp_path / "a/b"
    claim = Claim(folder, {"for": "tests", "name": "x"})
    assert {key: read_mark(folder)[key] for key in ("for", "name")} == {"for": "tests", "name": "x"}
    with pytest.raises(OutputError, match="b: another process is at it, expected one at a time"):
        Claim(folder, {"for": "tests"}, said="is at it")
    claim.release()
    with pytest.raises(OutputError, match="b: is a folder of tests, expected one for something else"):
        Claim(folder, {"for": "something else"})
    again = Claim(folder, {"for": "tests"})
    assert again.before["name"] == "x"
    again.release(unmark=True)
    assert not folder.exists()
    assert (tmp_path / "a").exists()


def test_a_claim_of_a_folder_that_was_there_leaves_it(tmp_path):
    (tmp_path / "file").write_text("precious")
    Claim(tmp_path, {"for": "tests"}).release(unmark=True)
    assert listing(tmp_path) == {"file": b"precious"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"by": "somebody"}'])
def test_a_damaged_mark_says_nothing_and_is_mended(tmp_path, content):
    (tmp_path / MARK).write_bytes(content)
    assert read_mark(tmp_path) == {}
    Claim(tmp_path, {"for": "tests"}).release()
    assert read_mark(tmp_path)["for"] == "tests"


def test_a_claim_waits(tmp_path, monkeypatch, capsys):
    first = Claim(tmp_path / "new", {"for": "tests"})
    monkeypatch.setattr(claims.time, "sleep", lambda _: first.release(unmark=True))
    second = Claim(tmp_path / "new", {"for": "tests"}, wait=True, said="is at it")
    assert second.waited
    assert capsys.readouterr().err == f"{tmp_path / 'new'}: another process is at it; waiting for it\n"
    second.release(unmark=True)
    assert list(tmp_path.iterdir()) == []


def test_only_listed_files_are_removed(tmp_path):
    (tmp_path / "outside").write_text("precious")
    for name in ("own/a", "own/deep/b", "own/deep/theirs", "own/empty/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "own/link").symlink_to(tmp_path)
    remove_files(tmp_path / "own", ["a", "deep/b", "empty/c", "../outside", "link/outside", "never/was"])
    assert set(listing(tmp_path)) == {"outside", "own/deep/theirs"}
    assert not (tmp_path / "own/empty").exists()


def test_a_probe_leaves_nothing(tmp_path, monkeypatch):
    probe(tmp_path, 1 << 20)
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    probe(tmp_path, (1 << 16) + 1)
    with pytest.raises(OSError, match="none'"):
        probe(tmp_path / "none", 1)
    assert list(tmp_path.iterdir()) == []
