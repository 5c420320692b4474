"""Reading and training alone, measured at the end of a run; and that the loop itself never waits for the device."""

import dataclasses
import itertools
import time
from types import SimpleNamespace

import jax
import pytest

from netspec.modules import Network
from train.data.store import Split
from train.loop import fit
from train.measure import feeding
from train.tasks.classification.learner import Classifier

pytestmark = pytest.mark.slow

RATES = ("input_images_per_second", "step_images_per_second")


@pytest.fixture
def run(short_cell, digits_store, tmp_path):
    """A function that trains for two epochs into a folder of the given name and gives the summary's ``timing``."""

    def train(name):
        cell = dataclasses.replace(short_cell("bare"), epochs=2)
        return fit(cell, 0, digits_store, tmp_path / name, tmp_path / f"{name}-checkpoints")["timing"]

    return train


@pytest.mark.exhaustive
@pytest.mark.usefixtures("compiled_once")
def test_both_rates_are_recorded(run):
    timing = run("plain")
    assert all(timing[name] > 0 for name in RATES)


def test_each_rate_is_of_its_own_work(monkeypatch):
    """By a clock that only reading and training move: three seconds a batch here, half a second a step there."""
    now = [0.0]
    monkeypatch.setattr(feeding.time, "perf_counter", lambda: now[0])

    def passing(seconds, value):
        now[0] += seconds
        return value

    programs = SimpleNamespace(
        place=lambda batch: batch, train=lambda state, batch: passing(0.5, state), must_wait=False
    )
    clock = SimpleNamespace(seconds={"train": 60.0, "input": 40.0}, steps=1000, wall=lambda: 150.0)
    batches = (passing(3.0, index) for index in itertools.count())
    assert feeding.rates(programs, 0, batches, 12, clock) == {
        "input_images_per_second": 4.0,
        "step_images_per_second": 24.0,
    }


@pytest.mark.exhaustive
@pytest.mark.usefixtures("compiled_once")
def test_slow_reading_changes_nothing(run, tmp_path, monkeypatch):
    run("plain")
    gather = Split.gather

    def slow(self, *args, **options):
        time.sleep(0.1)
        return gather(self, *args, **options)

    monkeypatch.setattr(Split, "gather", slow)
    run("starved")
    for file in ("metrics.csv", "weights.npz"):
        assert (tmp_path / "starved" / file).read_bytes() == (tmp_path / "plain" / file).read_bytes()


@pytest.mark.exhaustive
def test_steps_are_queued(run, monkeypatch):
    """The loop waits for the device after the first step of a process and when an epoch ends, and nowhere else."""
    waits, fetches = [], []
    block, get = jax.block_until_ready, jax.device_get
    monkeypatch.setattr("train.loop.feeding.rates", lambda *args: {})
    monkeypatch.setattr(jax, "block_until_ready", lambda tree: waits.append(1) or block(tree))
    monkeypatch.setattr(jax, "device_get", lambda tree: fetches.append(1) or get(tree))
    run("counted")
    assert len(waits) == 1
    # Training sums of two epochs and one evaluation; at the end what may not be finite, the weights and what else the
    # network needs, and the state in case that they cannot be written.
    assert len(fetches) == 2 + 1 + 4


@pytest.mark.exhaustive
def test_a_run_compiles_its_step_once(run, monkeypatch):
    """A second program, compiled when an epoch ends, would be timed as training."""
    traced = []
    loss = Classifier.train_loss
    monkeypatch.setattr(Classifier, "train_loss", lambda *args: traced.append(type(args[1])) or loss(*args))
    run("traced")
    # Once more without a network, for the names of the sums.
    assert traced.count(Network) == 1
