"""Claims of GPUs, with a listing of GPUs that are not there and processes that do."""

import json
import os
import signal
import subprocess
import sys

import pytest

from train.__main__ import main
from train.config.schema import ConfigError
from train.machine import gpus

LISTING = """GPU 0: NVIDIA H200 (UUID: GPU-aaaa-0)
GPU 1: NVIDIA H200 (UUID: GPU-bbbb-1)
"""
DIVIDED = """GPU 0: NVIDIA H200 (UUID: GPU-aaaa-0)
  MIG 3g.71gb     Device  0: (UUID: MIG-cccc-0)
  MIG 3g.71gb     Device  1: (UUID: MIG-dddd-1)
GPU 1: NVIDIA H200 (UUID: GPU-bbbb-1)
"""
CLAIM = """
import os, sys
from pathlib import Path
from train.machine import gpus
gpus.LOCKS, gpus.PATIENCE = Path(sys.argv[1]), 0.02
gpus.claim(int(sys.argv[2]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that makes ``nvidia-smi -L`` print a listing, here and in child processes."""
    script, listing = tmp_path / "bin/nvidia-smi", tmp_path / "listing"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\nexec cat {listing}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that what claim() sets is undone
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("JAX_PLATFORMS", "")
    monkeypatch.delenv("JAX_PLATFORMS")
    monkeypatch.setattr(gpus, "LOCKS", tmp_path / "claims")
    monkeypatch.setattr(gpus, "_held", {})

    def show(text):
        listing.write_text(text)
        gpus._found.cache_clear()

    yield show
    for file in gpus._held.values():
        os.close(file)
    gpus._found.cache_clear()


@pytest.fixture
def start(tmp_path):
    """A function that starts a process which claims ``count`` GPUs and keeps them."""
    started = []

    def run(count=1):
        command = [sys.executable, "-c", CLAIM, str(tmp_path / "claims"), str(count)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, **pipes))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("listing", "chosen", "names"),
    [
        (LISTING, None, ("GPU-aaaa-0", "GPU-bbbb-1")),
        (LISTING, "1", ("GPU-bbbb-1",)),
        (LISTING, "1,0,1", ("GPU-bbbb-1", "GPU-aaaa-0")),
        (LISTING, "GPU-bb", ("GPU-bbbb-1",)),
        (LISTING, "0,7,1", ("GPU-aaaa-0",)),
        (LISTING, "", ()),
        (LISTING, "-1", ()),
        (DIVIDED, None, ("MIG-cccc-0", "MIG-dddd-1", "GPU-bbbb-1")),
        (DIVIDED, "MIG-dddd-1,1", ("MIG-dddd-1", "GPU-bbbb-1")),
        ("", None, ()),
    ],
)
def test_visible_gpus_have_one_name_each(listing, chosen, names, machine, monkeypatch):
    machine(listing)
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert gpus.visible() == names


def test_a_claim_hides_the_others(machine):
    machine(LISTING)
    assert gpus.claim(1) == ("GPU-aaaa-0",)
    assert (os.environ["CUDA_VISIBLE_DEVICES"], gpus.claimed()) == ("GPU-aaaa-0", ["GPU-aaaa-0"])


def test_all_are_claimed_unless_a_number_says_less(machine):
    machine(LISTING)
    assert gpus.claim(None) == ("GPU-aaaa-0", "GPU-bbbb-1")


@pytest.mark.exhaustive
@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
def test_processes_have_gpus_of_their_own_and_free_them_however_they_end(signum, machine, start):
    machine(LISTING)
    first, second = start(), start()
    names = [process.stdout.readline().strip() for process in (first, second)]
    assert sorted(names) == ["GPU-aaaa-0", "GPU-bbbb-1"]
    third = start()
    assert "waiting for a free GPU" in third.stderr.readline()
    second.send_signal(signum)
    assert third.stdout.readline().strip() == names[1]
    assert first.poll() is None


@pytest.mark.exhaustive
def test_waiting_for_two_keeps_none_from_others(machine, start):
    machine(LISTING)
    first = start()
    taken = first.stdout.readline().strip()
    both = start(2)
    assert "waiting for 2 free GPUs" in both.stderr.readline()
    assert start().stdout.readline().strip() != taken


def test_another_name_of_a_gpu_is_the_same_gpu(machine, start, monkeypatch):
    machine(LISTING)
    start().stdout.readline()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert "waiting" in start().stderr.readline()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert start().stdout.readline().strip() == "GPU-bbbb-1"


def test_more_than_there_are(machine):
    machine(LISTING)
    with pytest.raises(ConfigError, match=r"key 'gpus_per_run' \(or --gpus\) is 3, expected at most the 2 found here"):
        gpus.claim(3)


@pytest.mark.parametrize(
    ("listing", "platforms", "count"), [("", "", 2), (LISTING, "cpu", 1), ("", "", 0)], ids=["none", "cpu", "zero"]
)
def test_nothing_to_claim(listing, platforms, count, machine, monkeypatch):
    machine(listing)
    monkeypatch.setenv("JAX_PLATFORMS", platforms)
    assert gpus.claim(count) == ()
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_a_folder_that_cannot_be_made(machine, monkeypatch, tmp_path):
    machine(LISTING)
    (tmp_path / "claims").write_text("in the way")
    with pytest.raises(ConfigError, match="expected a file that can be locked"):
        gpus.claim(1)


def test_none_is_none(machine):
    """Without a claim jax would compute on all of them, whoever holds them."""
    machine(LISTING)
    assert gpus.claim(0) == ()
    assert (os.environ["CUDA_VISIBLE_DEVICES"], os.environ["JAX_PLATFORMS"]) == ("", "cpu")
    assert gpus.visible() == ()


@pytest.mark.parametrize(
    ("listing", "platforms", "count", "seen", "says"),
    [
        (LISTING, "", 1, 0, "is 1, but jax sees none of the 1 that this run claims; expected jax with CUDA"),
        (LISTING, "", None, 0, "is all, but jax sees none of the 2 that this run claims"),
        (LISTING, "cuda", 2, 1, "is 2, but jax sees 1 of the 2 that this run claims"),
        ("", "", 2, 0, "is 2, but none is found here"),
        (LISTING, "", 1, 1, None),
        (LISTING, "", None, 2, None),
        (LISTING, "cpu", 1, 0, None),
        (LISTING, "", 0, 0, None),
        ("", "", None, 0, None),
        ("", "", 1, 1, None),  # of another maker
    ],
)
def test_what_is_claimed_is_seen(listing, platforms, count, seen, says, machine, monkeypatch):
    machine(listing)
    if platforms:
        monkeypatch.setenv("JAX_PLATFORMS", platforms)
    gpus.claim(count)
    if says is None:
        gpus.check_seen(count, seen)
        return
    with pytest.raises(ConfigError, match=rf"key 'gpus_per_run' \(or --gpus\) {says}") as caught:
        gpus.check_seen(count, seen)
    assert "pip install -e '.[cuda]'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_whose_gpu_jax_does_not_see_ends_at_once(machine, digits_cells, tmp_path, capsys):
    """As on a machine with a GPU and jax without CUDA; jax is started already here, on the CPU."""
    machine(LISTING)
    (tmp_path / "bare.json").write_text(json.dumps(digits_cells["bare"]))
    options = ("--cell", "bare.json", "--out", "out", "--checkpoints", "checkpoints", "--data", "none")
    paths = [text if text.startswith("--") else str(tmp_path / text) for text in options]
    assert main(["fit", *paths, "--seed", "0", "--gpus", "1"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: key 'gpus_per_run' (or --gpus) is 1, but jax sees none of the 1")
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()
