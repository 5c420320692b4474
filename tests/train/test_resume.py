"""Runs killed in every way, resumed, and compared byte by byte with runs that were not."""

import json
import re
import signal
import subprocess
import time

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def interrupt(environment, command, signum, after, delay=0.0):
    """Start the command; send the signal ``delay`` seconds after its log holds ``after``; return exit code and log."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = ""
    for line in process.stdout:
        seen += line
        if after in line:
            time.sleep(delay)
            process.send_signal(signum)
            break
    rest, _ = process.communicate(timeout=120)
    assert after in seen, seen + rest
    return process.returncode, seen + rest


def same(a, b):
    for file in ("metrics.csv", "weights.npz"):
        assert (a / file).read_bytes() == (b / file).read_bytes(), file
    first, second = (json.loads((folder / "summary.json").read_text()) for folder in (a, b))
    for summary in (first, second):
        del summary["timing"], summary["provenance"]
    assert first == second


@pytest.fixture(scope="module")
def whole_bare(short, command_within, finish, tmp_path_factory):
    """Results of the cell without augmentation, never killed."""
    folder = tmp_path_factory.mktemp("whole")
    finish(command_within(folder, short("bare"), "whole"))
    return folder / "whole"


@pytest.mark.exhaustive
def test_all_that_is_drawn_goes_on_where_it_was(short, command, tmp_path, finish, environment):
    """Stopped by SIGINT, with everything on that draws; SIGTERM is for the tests of processes and of the workflow."""
    cell = short("recipe2", ema_decay=0.9, stochastic_depth=0.3, dropout=0.1)
    finish(command(cell, "whole"))
    start = time.perf_counter()
    code, text = interrupt(environment, command(cell, "stopped"), signal.SIGINT, after="epoch 2/4")
    if code:  # it may have been past its last step
        assert code == 128 + signal.SIGINT
        assert "Traceback" not in text
        assert "the same command continues from here" in text
        assert not (tmp_path / "stopped/summary.json").exists()
    done = finish(command(cell, "stopped"))
    elapsed = time.perf_counter() - start
    assert "resumed at step" in done.stdout or code == 0
    same(tmp_path / "whole", tmp_path / "stopped")
    timing = json.loads((tmp_path / "stopped/summary.json").read_text())["timing"]
    assert timing["resumes"] == (code != 0)
    assert 0 < timing["train_seconds"] + timing["compile_seconds"] <= timing["wall_seconds"] < elapsed


@pytest.mark.exhaustive
def test_killed_again_and_again(whole_bare, short, command, tmp_path, finish, environment):
    """SIGKILL at arbitrary moments, some of them inside a checkpoint's write, since every epoch writes one."""
    first, second = np.random.default_rng(0).uniform(0, 0.3, size=2)  # seconds
    cell = short("bare")
    code, text = interrupt(environment, command(cell, "killed"), signal.SIGKILL, "epoch 1/4", first)
    assert code == -signal.SIGKILL, text
    code, text = interrupt(environment, command(cell, "killed"), signal.SIGKILL, "/4", second)  # its first epoch's line
    assert code in (-signal.SIGKILL, 0), text  # 0: so little was left to do that it was done before
    finish(command(cell, "killed"))
    same(whole_bare, tmp_path / "killed")


KILLED_WHILE_SAVING = """
import os, signal, sys, threading
from train import checkpoint
from train.__main__ import main
save, delay = checkpoint.Checkpoints.save, sys.argv.pop(1)

def killed(self, step, *rest):
    if step == 12 and delay != "after":
        threading.Timer(float(delay), os.kill, (os.getpid(), signal.SIGKILL)).start()
    save(self, step, *rest)
    if step == 12:
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.Checkpoints.save = killed
sys.exit(main())
"""


@pytest.mark.exhaustive
def test_killed_inside_a_checkpoint(whole_bare, short, command, tmp_path, finish, environment):
    """SIGKILL amid the second epoch's write and right after it; the run goes on from either."""
    cell = short("bare")
    went_on_from = set()
    for delay in (0.03, "after"):
        name = f"killed-{delay}"
        python, _, _, *arguments = command(cell, name)
        killed = subprocess.run([python, "-c", KILLED_WHILE_SAVING, str(delay), *arguments], env=environment)
        assert killed.returncode == -signal.SIGKILL
        done = finish(command(cell, name))
        went_on_from.add(int(re.search(r"resumed at step (\d+)", done.stdout)[1]))
        same(whole_bare, tmp_path / name)
    assert {12} <= went_on_from <= {6, 12}


def test_a_damaged_checkpoint_falls_back_to_the_one_before(whole_bare, short, command, tmp_path, finish, environment):
    cell = short("bare")
    interrupt(environment, command(cell, "killed"), signal.SIGKILL, after="epoch 3/4")
    steps = [path for path in (tmp_path / "killed-checkpoints").glob("*/*") if path.name.isdigit()]
    assert steps
    for part in max(steps, key=lambda path: int(path.name)).rglob("*"):
        if part.is_file() and part.parent.name == "d":
            part.write_bytes(part.read_bytes()[:10])
    finish(command(cell, "killed"))
    same(whole_bare, tmp_path / "killed")


@pytest.mark.exhaustive
def test_checkpoints_of_another_run_are_not_resumed(whole_bare, short, command, tmp_path, finish, environment):
    """Neither those of another configuration nor those of another seed."""
    for change, seed in (({"label_smoothing": 0.2}, 0), ({}, 1)):
        other = command(short("bare", **change), "run", seed)
        _, text = interrupt(environment, other, signal.SIGKILL, after="epoch 3/4")
        assert "resumed" not in text
    done = finish(command(short("bare"), "run"))
    assert "resumed" not in done.stdout
    same(whole_bare, tmp_path / "run")
