"""The loop knows no task: one that is defined here, unlike any that is shipped, trains through the same programs."""

import contextlib
import dataclasses
import signal
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import netspec
from train import config, tasks
from train.config.schema import ConfigError
from train.loop import Interrupted, fit
from train.machine import processes
from train.step import Programs, zeros_of
from train.tasks import TASKS, Metric, Task, learner_of

BRIGHTNESS = Task(
    name="brightness",
    metrics=(Metric("error", "squared error", "", "down"), Metric("largest", "largest", "", "up")),
    files=("said.txt",),
    spec=lambda cell: netspec.find(cell.model).with_classes(1),
    check=lambda cell, places: None,
    learner=f"{__name__}:Brightness",
)


class Brightness:
    """The mean of a picture, by least squares; evaluation adds noise, to see that it is the same at every epoch."""

    def __init__(self, task, cell):
        self.task, self.spec, self.side = task, task.spec(cell), cell.dataset.stored_size

    def example_batch(self, size, *, training):
        batch = {"image": np.zeros((size, self.side, self.side, 3), np.uint8), "label": np.zeros(size, np.int32)}
        return batch if training else {**batch, "real": np.ones(size, bool)}

    def inputs(self, key, batch, step):
        picture = batch["image"].astype(jnp.float32)[:, :16, :16] / 255
        return {"picture": picture, "brightness": picture.mean((1, 2, 3))}

    def train_loss(self, network, inputs):
        errors = jnp.square(network(inputs["picture"])[:, 0] - inputs["brightness"])
        return errors.mean(), {"error": errors.sum(), "rows": jnp.float32(len(errors))}

    def measure(self, network, batch, key):
        inputs = self.inputs(key, batch, 0)
        noise = jax.random.normal(key, inputs["brightness"].shape)
        errors = jnp.square(network(inputs["picture"])[:, 0] + noise - inputs["brightness"])
        return {"error": jnp.where(batch["real"], errors, 0).sum(), "rows": batch["real"].sum(dtype=jnp.float32)}

    def figures(self, sums):
        return {"error": float(sums["error"]) / float(sums["rows"])}

    def glance(self, run, store):
        return {}

    def finish(self, run, store):
        """The brightest picture, which is no sum, and what the network says of all of them, as a file."""
        said = np.asarray(run(_said, store.val["image"][:8].astype(np.float32) / 255))
        return {"largest": float(said.max())}, {"said.txt": repr(said.tolist()).encode()}


def _said(network, pictures):
    return network(pictures)[:, 0]


@pytest.fixture
def brightness(short_cell, monkeypatch):
    monkeypatch.setitem(tasks.TASKS, "brightness", BRIGHTNESS)
    return dataclasses.replace(short_cell("bare"), task="brightness")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_training_sums_are_those_of_the_task(brightness, digits_store):
    programs = Programs(brightness, learner_of(brightness), 6)
    state = programs.init(0)
    assert set(state.sums) == {"error", "rows"}
    state = programs.train(state, programs.place(digits_store.train.gather(np.arange(brightness.batch_size))))
    assert float(state.sums["rows"]) == brightness.batch_size
    assert state.params["layers"][max(state.params["layers"])]["kernel"].shape[-1] == 1


@pytest.mark.exhaustive
def test_draws_of_an_evaluation_belong_to_the_batch(brightness, digits_store):
    programs = Programs(brightness, learner_of(brightness), 6)
    state = programs.init(0)
    batch = {**digits_store.val.gather(np.arange(16)), "real": np.ones(16, bool)}
    once, again, other = (float(programs.measure(state, batch, index)["error"]) for index in (3, 3, 4))
    assert once == again != other


@pytest.mark.slow
def test_it_is_trained_stopped_and_resumed(brightness, digits_store, tmp_path, monkeypatch):
    """The loop, its checkpoints and its results know no task: what is resumed ends as what was never stopped."""
    whole = fit(brightness, 0, digits_store, tmp_path / "whole", tmp_path / "whole-checkpoints")
    with monkeypatch.context() as stopping:
        stop = contextlib.nullcontext(lambda step: signal.SIGTERM if step == 8 else None)
        stopping.setattr(processes, "stop_requests", lambda: stop)
        with pytest.raises(Interrupted, match="SIGTERM at step 8"):
            fit(brightness, 0, digits_store, tmp_path / "parts", tmp_path / "checkpoints")
    resumed = fit(brightness, 0, digits_store, tmp_path / "parts", tmp_path / "checkpoints")
    assert resumed["metrics"] == whole["metrics"] and set(whole["metrics"]) == {"error", "largest"}
    assert (resumed["task"], resumed["diverged"]) == ("brightness", None)
    for name in ("metrics.csv", "weights.npz", "said.txt"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    table = pd.read_csv(tmp_path / "whole/metrics.csv")
    errors = table[(table["split"] == "train") & (table["metric"] == "error")]["value"]
    assert errors.iloc[-1] < errors.iloc[0] / 2


@pytest.mark.exhaustive
@pytest.mark.slow
def test_what_snakemake_leaves_of_a_run_is_trained_anew(brightness, digits_store, tmp_path):
    """It removes the outputs that it knows, and not what a task leaves besides, which is then replaced."""
    out, saved = tmp_path / "out", tmp_path / "saved"
    fit(brightness, 0, digits_store, out, saved)
    for name in ("metrics.csv", "weights.npz", "summary.json"):
        (out / name).unlink()
    said = (out / "said.txt").read_bytes()
    fit(brightness, 1, digits_store, out, saved)
    assert (out / "said.txt").read_bytes() != said
    # What nobody marked is still not ours.
    other = tmp_path / "other"
    other.mkdir()
    (other / "said.txt").write_bytes(b"mine")
    with pytest.raises(ConfigError, match=r"holds said\.txt without the summary\.json"):
        fit(brightness, 0, digits_store, other, saved)


#: Metrics that come when training has ended, as no sums over examples.
AT_THE_END = {
    "diffusion": {"frechet_ratio", "frechet", "coverage", "copies"},
    "detection": {"map50", "map75", "map", "voc07", "voc", "map50_part", "objectness_object", "objectness_empty"},
}


#: Metrics that a task has where it is asked for them.
WHERE_ASKED = {"language": {"loss_x2", "loss_x4", "loss_x8"}}
#: An experiment for each task that is not called like it.
EXPERIMENTS = {"classification": "ablation", "recall": "attention"}


@pytest.mark.thinned(3)
@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_a_task_declares_is_what_it_measures(task):
    """Every metric comes out of an evaluation or after the end, and a made-up batch has the shapes of the store's."""
    experiment = config.load_experiment({"main": EXPERIMENTS.get(task.name, task.name)})
    parts = [cell for part in experiment.parts for cell in part.cells.values()]
    cell = config.parse_cell(next(one for one in parts if one.get("task", "classification") == task.name))
    learner = task.learn(cell)
    batch = learner.example_batch(4, training=False)
    network = partial(zeros_of, learner.spec)
    sums = jax.eval_shape(lambda batch: learner.measure(network, batch, jax.random.key(0)), batch)
    found = learner.figures({name: np.ones(leaf.shape) for name, leaf in sums.items()})
    declared = {metric.name for metric in task.metrics}
    later = AT_THE_END.get(task.name, set()) | WHERE_ASKED.get(task.name, set())
    assert declared == (set(found) & declared) | later
    assert task.headline.better in ("up", "down")
    views = learner.inputs(jax.random.key(0), learner.example_batch(4, training=True), jnp.int32(0))
    assert {len(leaf) for leaf in jax.tree.leaves(views)} == {4}
    assert "loss" in learner.figures(learner.train_loss(network, views)[1])
