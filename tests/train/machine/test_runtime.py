"""What the workflow hands to its jobs."""

import os
import sys
from pathlib import Path

from train.machine.runtime import share_interpreter

SRC = Path(__file__).parents[3] / "src"


def test_children_use_this_interpreter_and_these_packages(monkeypatch):
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    share_interpreter()
    assert os.environ["PATH"] == f"{Path(sys.executable).parent}:/bin"
    assert os.environ["PYTHONPATH"] == f"{SRC}:/elsewhere"


def test_bytecode_is_kept_where_none_may_lie_beside_the_sources(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    share_interpreter()
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    assert os.environ["PYTHONPYCACHEPREFIX"] == str(tmp_path / ".cache/bytecode")


def test_a_place_that_was_chosen_for_bytecode_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path))
    share_interpreter()
    assert os.environ["PYTHONPYCACHEPREFIX"] == str(tmp_path)
