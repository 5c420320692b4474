"""Runs of the trainer as processes, for the tests of the loop and of resuming."""

import json
import os
import subprocess
import sys
from functools import cache, partial
from pathlib import Path

import pytest
from made_data import make_pictures

from train import loop
from train.step import Programs

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax"), "PJRT_NPROC": "1"}


@pytest.fixture(scope="module")
def command_within(digits_folder):
    """A function giving the command line of a run into ``folder / name``."""

    def make(folder, cell, name, seed=0):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(cell))
        options = {
            "--cell": path,
            "--data": digits_folder,
            "--out": folder / name,
            "--checkpoints": folder / f"{name}-checkpoints",
            "--seed": seed,
        }
        return [sys.executable, "-m", "train", "fit", *(str(part) for item in options.items() for part in item)]

    return make


@pytest.fixture
def command(command_within, tmp_path):
    """The same into ``tmp_path / name``."""
    return partial(command_within, tmp_path)


@pytest.fixture
def environment():
    """Environment of such a process: the shared compilation cache, one thread."""
    return ENVIRONMENT


@pytest.fixture(scope="session")
def finish():
    """A function that runs a command to its end and checks its exit code."""

    def run(command, code=0):
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@cache
def _programs(cell_and_steps):
    """A place for the programs of one cell, which hold no state of a run."""
    return []


@pytest.fixture
def compiled_once(monkeypatch):
    """Have all runs of one cell in this process use the same compiled programs, where they are not what is tested."""

    def programs(cell, learner, steps_per_epoch):
        kept = _programs((repr(cell), steps_per_epoch))
        if not kept:
            kept.append(Programs(cell, learner, steps_per_epoch))
        return kept[0]

    monkeypatch.setattr(loop, "Programs", programs)


@pytest.fixture
def pictures(tmp_path):
    """A folder of three classes; see :func:`made_data.make_pictures`."""
    return make_pictures(tmp_path / "pictures")
