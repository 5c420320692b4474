"""How the workflow shares the GPUs of a machine, with a listing of GPUs that are not there."""

import json
import os
import re
import shutil

import pytest
from commands import ROOT, snakemake

SMOKE = ("--config", "recipe=smoke", "seeds=[0,1]")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder on a machine with two GPUs, on which no jax can compute."""
    script = tmp_path / "bin/nvidia-smi"
    script.parent.mkdir()
    # Names of this test alone: it shares the folder of claims with everything else on the machine.
    name = tmp_path.as_posix().replace("/", "-")
    script.write_text("#!/bin/sh\n" + "".join(f"echo 'GPU {i}: H (UUID: GPU-{name}-{i})'\n" for i in range(2)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    for variable in ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
        monkeypatch.delenv(variable, raising=False)
    shutil.copytree(ROOT / "config", tmp_path / "work/config")
    return tmp_path / "work"


def planned(folder, *arguments, code=0):
    """The GPUs of each training job that a dry run plans, and everything it says."""
    text = snakemake(folder, "bare", *SMOKE, *arguments, "--dry-run", code=code)
    jobs = re.findall(r"^rule train:.*?^    resources: (.*?)$", text, re.M | re.S)
    return [int(re.search(r"gpu=(\d+)", job)[1]) for job in jobs], text


@pytest.mark.parametrize(
    ("arguments", "gpus"),
    [
        ((), [1, 1]),
        (("gpus_per_run=2",), [2, 2]),
        (("gpus_per_run=all",), [2, 2]),
        (("gpus_per_run=all", "--resources", "gpu=1"), [1, 1]),
        (("device=cpu",), [0, 0]),
    ],
)
def test_planned_gpus(arguments, gpus, folder):
    assert planned(folder, *arguments)[0] == gpus


def test_a_machine_without_gpus(folder, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert planned(folder)[0] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gpus_per_run=3",), "key 'gpus_per_run' is 3, expected at most 2, the GPUs that there are"),
        (("gpus_per_run=2", "--resources", "gpu=1"), "key 'gpus_per_run' is 2, expected at most 1"),
        (("gpus_per_run=half",), "key 'gpus_per_run' is \"half\", expected"),
    ],
)
def test_more_gpus_than_there_are(arguments, says, folder):
    text = planned(folder, *arguments, code=1)[1]
    assert says in text
    assert "Traceback" not in text


def test_runs_beside_each_other_have_gpus_of_their_own(folder):
    """And changing how many each has afterwards retrains nothing."""
    snakemake(folder, "bare", *SMOKE)
    summaries = [json.loads(path.read_text()) for path in folder.glob("results/*/bare/seed*/summary.json")]
    assert [len(summary["timing"]["gpus"]) for summary in summaries] == [1, 1]
    assert summaries[0]["timing"]["gpus"] != summaries[1]["timing"]["gpus"]
    assert planned(folder, "gpus_per_run=2")[0] == []
