"""Runs of the trainer as processes, for the tests of the loop and of resuming."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_data import make_pictures

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".cache/jax"), "PJRT_NPROC": "1"}


@pytest.fixture
def command(write_json, digits_folder, tmp_path):
    """A function giving the command line of a run into ``tmp_path / name``."""

    def make(cell, name, seed=0):
        path = write_json(cell, f"{name}.json")
        options = {
            "--cell": path,
            "--data": digits_folder,
            "--out": tmp_path / name,
            "--checkpoints": tmp_path / f"{name}-checkpoints",
            "--seed": seed,
        }
        return [sys.executable, "-m", "train", "fit", *(str(part) for item in options.items() for part in item)]

    return make


@pytest.fixture
def environment():
    """Environment of such a process: the shared compilation cache, one thread."""
    return ENVIRONMENT


@pytest.fixture
def finish():
    """A function that runs a command to its end and checks its exit code."""

    def run(command, code=0):
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def pictures(tmp_path):
    """A folder of three classes; see :func:`made_data.make_pictures`."""
    return make_pictures(tmp_path / "pictures")
