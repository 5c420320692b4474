"""One run over several devices and processes, and resumed on other ones: the same numbers up to float32 sums."""

import dataclasses
import json
import re
import signal
import socket
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from train import config
from train.config.schema import ConfigError
from train.data import batches as data
from train.data.prepare import prepare
from train.data.store import open_store
from train.loop import fit
from train.step import check_divisible

pytestmark = pytest.mark.slow

TIMEOUT = 300


#: A network of ten tensors: virtual devices take long to meet for the first exchange of each.
SMALL = {"model": "LeNet-5", "dataset": {"image_size": 32, "stored_size": 36}}


@pytest.fixture(scope="module")
def digits_folder(tmp_path_factory, digits_cells):
    """The embedded data set at the size of that network."""
    folder = tmp_path_factory.mktemp("data") / "digits"
    dataset = config.parse_cell(digits_cells["bare"]).dataset
    prepare(dataclasses.replace(dataset, **SMALL["dataset"]), folder)
    return folder


@pytest.fixture(scope="module")
def digits_store(digits_folder, digits_cells):
    dataset = config.parse_cell(digits_cells["bare"]).dataset
    return open_store(digits_folder, dataclasses.replace(dataset, **SMALL["dataset"]))


@pytest.fixture
def cell(short):
    return short("cutmix", epochs=2, **SMALL)


@pytest.fixture
def whole(cell, digits_store, tmp_path):
    """Results of that cell on one device of one process, without interruption."""
    fit(config.parse_cell(cell), 0, digits_store, tmp_path / "whole", tmp_path / "whole-checkpoints")
    return tmp_path / "whole"


@pytest.fixture
def start(environment):
    """A function that starts a run over ``count`` processes of one device each, whose output is in a pipe."""
    started = []

    def run(command, count):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            address = f"localhost:{free.getsockname()[1]}"
        for index in range(count):
            meeting = ["--coordinator", address, "--processes", str(count), "--process-id", str(index)]
            started.append(
                subprocess.Popen(
                    [*command, *meeting],
                    env={**environment, "JAX_PLATFORMS": "cpu"},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
        return started[-count:]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def same(a, b):
    """Metrics of every epoch, losses to a thousandth and accuracies to three images; the rates of learning exactly."""
    first, second = (pd.read_csv(folder / "metrics.csv") for folder in (a, b))
    keys = ["epoch", "step", "split", "metric"]
    assert first[keys].equals(second[keys])
    of = {name: first["metric"] == name for name in first["metric"].unique()}
    left, right = first["value"], second["value"]
    assert (left[of["learning_rate"]] == right[of["learning_rate"]]).all()
    np.testing.assert_allclose(left[of["loss"]], right[of["loss"]], rtol=1e-3)
    for name, images in (("accuracy", 96), ("top1", 1697), ("top5", 1697)):
        np.testing.assert_allclose(left[of[name]], right[of[name]], atol=100 * 3 / images)
    assert not (first["value"] == 0).all()


def test_two_processes_give_what_one_gives(whole, cell, command, start, tmp_path):
    several = start(command(cell, "processes"), 2)
    texts = [process.communicate(timeout=TIMEOUT)[0] for process in several]
    assert [process.returncode for process in several] == [0, 0], texts
    assert "epoch 2/2" in texts[0]
    assert "epoch" not in texts[1], "one of them shows"
    same(whole, tmp_path / "processes")
    timing = json.loads((tmp_path / "processes/summary.json").read_text())["timing"]
    assert (timing["process_count"], timing["device_count"]) == (2, 2)
    assert not (tmp_path / "processes-checkpoints").exists()


@pytest.mark.exhaustive
def test_a_run_goes_on_with_other_devices(whole, cell, command, tmp_path, environment, digits_store, monkeypatch):
    """One epoch on one device, one on four."""

    def killed(self, epoch, metrics):
        if epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("train.machine.progress.Progress.epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(config.parse_cell(cell), 0, digits_store, tmp_path / "moved", tmp_path / "moved-checkpoints")
    flags = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    done = subprocess.run(
        command(cell, "moved"), env={**environment, **flags}, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "resumed at step 6 of 12" in done.stdout
    assert json.loads((tmp_path / "moved/summary.json").read_text())["timing"]["device_count"] == 4
    same(whole, tmp_path / "moved")


@pytest.mark.exhaustive
def test_a_signal_to_one_process_stops_all_at_the_same_step(short, command, start, tmp_path):
    value = short("bare", epochs=4000, evaluate_every_epochs=4000, checkpoint_every_epochs=4000, **SMALL)
    several = start(command(value, "run"), 2)
    for line in several[0].stdout:
        if line.startswith("epoch"):
            several[1].send_signal(signal.SIGTERM)
            break
    texts = [process.communicate(timeout=TIMEOUT)[0] for process in several]
    assert [process.returncode for process in several] == [128 + signal.SIGTERM] * 2, texts
    stopped = {re.search(r"SIGTERM at step (\d+): saved", text)[1] for text in texts}
    assert stopped == {path.parent.name for path in (tmp_path / "run-checkpoints").glob("*/*/digests.json")}


STEPS = """
import sys, json, numpy as np, jax
from pathlib import Path
from train import config
from train.data.store import open_store
from train.machine import runtime
from train.loop import evaluate
from train.step import Programs
from train.tasks import learner_of
runtime.start_jax()
cell = config.read_cell(Path({cell!r}))
store = open_store(Path({data!r}), cell.dataset)
learner = learner_of(cell)
programs = Programs(cell, learner, 6)
state = programs.init(0)
losses = []
for step in range(4):
    state = programs.train(state, programs.place(store.train.gather(np.arange(step, step + 16))))
    jax.block_until_ready(state)
    losses.append(float(state.sums["loss"]))
print(json.dumps([programs.devices, losses, evaluate(programs, state, store, 20)]))
"""


@pytest.mark.exhaustive
def test_steps_do_not_depend_on_the_number_of_devices(short, write_json, digits_folder, environment):
    """Four virtual CPU devices against one: the same losses and metrics up to the order of float32 sums.

    With a part that is frozen, and another at a rate of its own.
    """
    start = {"file": "weights.npz", "freeze": ["layers.0"], "rates": {"head": 2.0}}
    program = STEPS.format(cell=str(write_json(short("recipe2", start=start, **SMALL))), data=str(digits_folder))
    found = {}
    for devices in (1, 4):
        flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}", "JAX_PLATFORMS": "cpu"}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**environment, **flags},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert done.returncode == 0, done.stderr
        found[devices] = json.loads(done.stdout)
    assert (found[1][0], found[4][0]) == (1, 4)
    np.testing.assert_allclose(found[1][1], found[4][1], rtol=1e-4)
    assert found[1][2]["loss"] == pytest.approx(found[4][2]["loss"], rel=1e-3)
    assert found[1][2]["top1"] == pytest.approx(found[4][2]["top1"], abs=100 * 3 / 1697)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("meeting", "says"),
    [
        (["--distributed"], "expected a job of Slurm or Open MPI"),
        (["--coordinator", "localhost:1", "--processes", "2"], "process id of the current process must be defined"),
        (["--coordinator", "localhost:1", "--processes", "2", "--process-id", "2"], "process_id < num_processes"),
    ],
)
def test_mistakes_in_meeting(meeting, says, short, command, environment):
    done = subprocess.run(
        [*command(short("bare", **SMALL), "run"), *meeting],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: --distributed, --coordinator")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("changes", "devices", "says"),
    [
        ({"batch_size": 18}, 4, "key 'batch_size' is 18, expected a multiple of 4 for the 4 devices"),
        (
            {"batch_size": 12, "accumulate": 2},
            4,
            r"is 12 in 2 parts \(key 'accumulate'\), expected a multiple of 8 for the 4 devices",
        ),
    ],
)
def test_devices_that_cannot_share_a_batch(changes, devices, says, short):
    with pytest.raises(ConfigError, match=says):
        check_divisible(config.parse_cell(short("bare", **changes)), devices)


@pytest.mark.parametrize("pipeline", ["train", "val"])
def test_parts_of_batches_make_up_the_batches(pipeline, digits_store):
    def batches(rows=data.ALL):
        if pipeline == "train":
            return list(data.train_batches(digits_store.train, batch_size=24, epochs=2, seed=3, rows=rows))
        return list(data.eval_batches(digits_store.val, batch_size=24, rows=rows))

    parts = [batches(slice(start, start + 8)) for start in (0, 8, 16)]
    for whole, *pieces in zip(batches(), *parts, strict=True):
        for key in whole:
            np.testing.assert_array_equal(np.concatenate([piece[key] for piece in pieces]), whole[key])
