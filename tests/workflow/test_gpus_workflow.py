"""How the workflow shares the GPUs of a machine, with a listing of GPUs that are not there."""

import json
import os
import re
import shutil

import pytest
from commands import ROOT, snakemake

SMOKE = ("--config", "recipe=smoke", "seeds=[0,1]")


#: An executor that sends jobs to machines of which nothing is known here.
EXECUTOR = """
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False,
    pass_default_storage_provider_args=True, pass_default_resources_args=True, pass_envvar_declarations_to_cmd=False,
)

class Executor(RemoteExecutor):
    def run_job(self, job): ...
    async def check_active_jobs(self, active_jobs): ...
    def cancel_jobs(self, active_jobs): ...
"""
ELSEWHERE = ("--executor", "elsewhere", "--jobs", "8")
#: What makes jax see the GPUs of these tests.
SEEING = "from train.machine import gpus\ngpus.check_seen = lambda count, seen: None\n"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The plugin of an executor, installed."""
    plugin = tmp_path / "plugins/snakemake_executor_plugin_elsewhere/__init__.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(EXECUTOR)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugins"), prepend=os.pathsep)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder on a machine with two GPUs, which jax does not see."""
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
    text = snakemake(folder, "bare", *SMOKE, *arguments, "--dry-run", code=code, anew="--executor" in arguments)
    jobs = re.findall(r"^rule train:.*?^    resources: (.*?)$", text, re.M | re.S)
    return [int(re.search(r"gpu=(\d+)", job)[1]) for job in jobs], text


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("arguments", "gpus"),
    [
        ((), [1, 1]),
        (("gpus_per_run=all", "--resources", "gpu=1"), [1, 1]),
        (("gpus_per_run=2", "--jobs", "4"), [2, 2]),
    ],
)
def test_planned_gpus(arguments, gpus, folder):
    assert planned(folder, *arguments)[0] == gpus


@pytest.mark.exhaustive
def test_a_machine_without_gpus(folder, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert planned(folder)[0] == [0, 0]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gpus_per_run=3",), "key 'gpus_per_run' is 3, expected at most 2, the GPUs that there are"),
        (("gpus_per_run=half",), "key 'gpus_per_run' is \"half\", expected"),
    ],
)
def test_more_gpus_than_there_are(arguments, says, folder):
    text = planned(folder, *arguments, code=1)[1]
    assert says in text
    assert "Traceback" not in text


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("arguments", "gpus"),
    [
        (("gpus_per_run=4",), [4, 4]),
        (("gpus_per_run=all", "--resources", "gpu=8"), [8, 8]),
    ],
)
def test_jobs_that_are_sent_elsewhere_ask_for_what_is_configured(arguments, gpus, folder, elsewhere):
    """However many this machine has."""
    assert planned(folder, *arguments, *ELSEWHERE)[0] == gpus


@pytest.mark.exhaustive
def test_the_number_elsewhere_is_not_known(folder, elsewhere):
    says = "key 'gpus_per_run' is all, expected a number: how many a node has is not known here"
    assert says in planned(folder, "gpus_per_run=all", *ELSEWHERE, code=1)[1]


def test_a_gpu_that_jax_does_not_see(folder):
    """No run ends on the CPU instead."""
    snakemake(folder, "bare", *SMOKE, "seeds=[0]", code=1)
    (log,) = folder.glob("logs/*/bare/seed0.log")
    assert "is 1, but jax sees none of the 1 that this run claims" in log.read_text()
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.exhaustive
def test_runs_beside_each_other_have_gpus_of_their_own(folder, tmp_path, monkeypatch):
    """And changing how many each has afterwards retrains nothing."""
    (tmp_path / "sitecustomize.py").write_text(SEEING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    snakemake(folder, "bare", *SMOKE)
    summaries = [json.loads(path.read_text()) for path in folder.glob("results/*/bare/seed*/summary.json")]
    assert [len(summary["timing"]["gpus"]) for summary in summaries] == [1, 1]
    assert summaries[0]["timing"]["gpus"] != summaries[1]["timing"]["gpus"]
    assert planned(folder, "gpus_per_run=2")[0] == []
