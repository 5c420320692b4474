"""Jobs end with the process that started them, where they are told its number, and with no other."""

import os
import signal
import subprocess
import sys
import time

import pytest

from train.machine import parent

CHILD = """
import os, signal, sys, time
from train.machine import parent
if sys.argv[1] != "none":
    parent.end_with(int(sys.argv[1]))
signal.signal(signal.SIGTERM, lambda *_: (print("told", flush=True), os._exit(0)))
print("started", flush=True)
time.sleep(float(sys.argv[2]))
print("outlived", flush=True)
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize(("number", "seconds", "says"), [("$PPID", 60, "told"), ("none", 1.5, "outlived")])
def test_an_orphan_is_told_to_stop_if_it_asked_for_it(number, seconds, says):
    """As the workflow starts it: a shell that becomes the job, below a process that is killed."""
    script = f"exec {sys.executable} -c '{CHILD}' {number} {seconds}"
    starter = f"import subprocess, sys; subprocess.Popen(['bash', '-c', {script!r}]).wait()"
    process = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "started\n"
    process.kill()
    started = time.monotonic()
    assert process.stdout.readline() == f"{says}\n"
    assert time.monotonic() - started < 30
    process.stdout.close()
    process.wait()


def test_a_parent_that_was_gone_before_is_noticed(monkeypatch, capsys):
    told = []
    monkeypatch.setattr(os, "kill", lambda *signal: told.append(signal))
    parent.end_with(os.getppid() + 1).join(timeout=10)
    assert told == [(os.getpid(), signal.SIGTERM)]
    assert "has ended: stopping" in capsys.readouterr().err
