"""The peak of a process follows what it holds, and can be counted anew."""

import subprocess
import sys

import numpy as np
import pytest

from train.machine import memory

MANY = 2**27


def test_a_peak_is_seen_and_forgotten():
    before = memory.peak_bytes()
    assert 2**24 < before < 2**40
    memory.restart_peak()
    low = memory.peak_bytes()
    held = np.ones(MANY, np.uint8)
    assert memory.peak_bytes() >= low + held.nbytes * 0.9
    del held
    if not memory.RESET.exists():
        pytest.skip("the system does not forget a peak")
    memory.restart_peak()
    assert memory.peak_bytes() < low + MANY / 2


def test_what_is_kept_between_steps_is_not_held():
    script = """
import numpy as np
from train.machine import memory, runtime
runtime.keep_memory()
low = memory.peak_bytes()
held = np.ones(2**27, np.uint8)
del held
memory.restart_peak()
print(memory.peak_bytes() - low)
"""
    if not memory.RESET.exists():
        pytest.skip("the system does not forget a peak")
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert int(found.stdout) < MANY / 2


def test_without_proc_the_peak_is_that_of_the_whole_process(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "status")
    monkeypatch.setattr(memory, "RESET", tmp_path / "none/clear_refs")
    memory.restart_peak()
    assert 2**24 < memory.peak_bytes() < 2**40
