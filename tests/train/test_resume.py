"""Runs killed in every way, resumed, and compared byte by byte with runs that were not."""

import json
import re
import signal
import subprocess
import time

import numpy as np
import pytest


def interrupt(environment, command, signum, after):
    """Start the command and send the signal once its log holds the text ``after``; return the exit code."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = ""
    for line in process.stdout:
        seen += line
        if after in line:
            process.send_signal(signum)
            break
    rest, _ = process.communicate(timeout=120)
    assert after in seen, seen + rest
    return process.returncode, seen + rest


def same(tmp_path, a, b):
    for file in ("metrics.csv", "weights.npz"):
        assert (tmp_path / a / file).read_bytes() == (tmp_path / b / file).read_bytes(), file
    first, second = (json.loads((tmp_path / name / "summary.json").read_text()) for name in (a, b))
    for summary in (first, second):
        del summary["timing"], summary["provenance"]
    assert first == second


@pytest.mark.parametrize("name", ["bare", "recipe2"])
def test_killed_and_resumed_is_as_if_never_killed(name, short, command, tmp_path, finish, environment):
    more = {"ema_decay": 0.9, "stochastic_depth": 0.3, "dropout": 0.1}
    cell = short(name, **(more if name == "recipe2" else {}))
    finish(command(cell, "whole"))
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        out = f"stopped by {signum.name}"
        code, text = interrupt(environment, command(cell, out), signum, after="epoch 2/4")
        if signum == signal.SIGKILL:
            assert code == -signal.SIGKILL
        elif code:  # it may have been past its last step
            assert code == 128 + signum
            assert "Traceback" not in text
            assert "the same command continues from here" in text
        assert not (tmp_path / out / "summary.json").exists() or code == 0
        done = finish(command(cell, out))
        assert "resumed at step" in done.stdout or code == 0
        same(tmp_path, "whole", out)


def test_killed_again_and_again(short, command, tmp_path, finish, environment):
    """SIGKILL at arbitrary moments, some of them inside a checkpoint's write, since every epoch writes one."""
    cell = short("cutmix", epochs=30, evaluate_every_epochs=30)
    began = time.monotonic()
    finish(command(cell, "whole"))
    lasted, kills = time.monotonic() - began, 0
    for share in np.random.default_rng(0).uniform(0.5, 1, size=3):
        process = subprocess.Popen(command(cell, "killed"), env=environment, stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=share * lasted)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    assert kills
    finish(command(cell, "killed"))
    same(tmp_path, "whole", "killed")


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


def test_killed_inside_a_checkpoint(short, command, tmp_path, finish, environment):
    """SIGKILL at the start of the second epoch's write, through it, and right after; the run goes on from either."""
    cell = short("bare")
    finish(command(cell, "whole"))
    went_on_from = set()
    for delay in (0, 0.03, "after"):
        name = f"killed-{delay}"
        python, _, _, *arguments = command(cell, name)
        killed = subprocess.run([python, "-c", KILLED_WHILE_SAVING, str(delay), *arguments], env=environment)
        assert killed.returncode == -signal.SIGKILL
        done = finish(command(cell, name))
        went_on_from.add(int(re.search(r"resumed at step (\d+)", done.stdout)[1]))
        same(tmp_path, "whole", name)
    assert went_on_from == {6, 12}


def test_a_damaged_checkpoint_falls_back_to_the_one_before(short, command, tmp_path, finish, environment):
    cell = short("bare")
    finish(command(cell, "whole"))
    interrupt(environment, command(cell, "killed"), signal.SIGKILL, after="epoch 3/4")
    steps = sorted((tmp_path / "killed-checkpoints").glob("*/[0-9]*"), key=lambda p: int(p.name))
    assert steps
    for part in steps[-1].rglob("*"):
        if part.is_file() and part.parent.name == "d":
            part.write_bytes(part.read_bytes()[:10])
    finish(command(cell, "killed"))
    same(tmp_path, "whole", "killed")


def test_another_configuration_does_not_resume(short, command, tmp_path, finish, environment):
    cell = short("bare")
    interrupt(environment, command(cell, "run"), signal.SIGKILL, after="epoch 3/4")
    changed = short("bare", label_smoothing=0.2)
    done = finish(command(changed, "run"))
    assert "resumed" not in done.stdout
    finish(command(changed, "fresh"))
    same(tmp_path, "fresh", "run")


def test_another_seed_does_not_resume(short, command, tmp_path, finish, environment):
    cell = short("bare")
    interrupt(environment, command(cell, "run"), signal.SIGKILL, after="epoch 3/4")
    assert "resumed" not in finish(command(cell, "run", seed=1)).stdout


def test_wall_time_covers_all_resumes(short, command, tmp_path, finish, environment):
    cell = short("bare", epochs=8)
    start = time.perf_counter()
    interrupt(environment, command(cell, "run"), signal.SIGTERM, after="epoch 3/8")
    finish(command(cell, "run"))
    elapsed = time.perf_counter() - start
    timing = json.loads((tmp_path / "run/summary.json").read_text())["timing"]
    assert timing["resumes"] == 1
    assert 0 < timing["train_seconds"] + timing["compile_seconds"] <= timing["wall_seconds"] < elapsed
