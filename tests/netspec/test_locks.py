"""Locks of files, and errors that name the file which was meant."""

import errno
import os

import pytest

from netspec.locks import naming, open_locked


def test_a_file_is_made_and_held_by_one_at_a_time(tmp_path):
    path = tmp_path / "file"
    first = open_locked(path)
    assert path.exists() and open_locked(path) is None
    os.close(first)
    os.close(open_locked(path))


def test_a_file_that_was_moved_away_is_not_held(tmp_path):
    """What another process opens under its name is a new file."""
    path = tmp_path / "file"
    first = open_locked(path)
    path.rename(tmp_path / "moved")
    second = open_locked(path)
    assert second is not None
    os.close(first), os.close(second)


def test_an_error_names_the_file_that_was_meant(tmp_path):
    with pytest.raises(OSError, match="meant") as caught, naming(tmp_path / "meant"):
        (tmp_path / "other").open()
    assert caught.value.errno == errno.ENOENT and "other" not in str(caught.value)
