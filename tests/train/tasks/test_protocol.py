"""The loop knows no task: one that is defined here, unlike any that is shipped, trains through the same programs."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from train import tasks
from train.step import Programs
from train.tasks import TASKS, Metric, Task, learner_of

BRIGHTNESS = Task(
    name="brightness",
    metrics=(Metric("error", "squared error", "", "down"),),
    spec=lambda cell: netspec.find(cell.model).with_classes(1),
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

    def finish(self, network, store, out):
        return {}


@pytest.fixture
def brightness(short_cell, monkeypatch):
    monkeypatch.setitem(tasks.TASKS, "brightness", BRIGHTNESS)
    return dataclasses.replace(short_cell("bare"), task="brightness")


def test_training_sums_are_those_of_the_task(brightness, digits_store):
    programs = Programs(brightness, learner_of(brightness), 6)
    state = programs.init(0)
    assert set(state.sums) == {"error", "rows"}
    state = programs.train(state, programs.place(digits_store.train.gather(np.arange(brightness.batch_size))))
    assert float(state.sums["rows"]) == brightness.batch_size
    assert state.params["layers"][max(state.params["layers"])]["kernel"].shape[-1] == 1


def test_draws_of_an_evaluation_belong_to_the_batch(brightness, digits_store):
    programs = Programs(brightness, learner_of(brightness), 6)
    state = programs.init(0)
    batch = {**digits_store.val.gather(np.arange(16)), "real": np.ones(16, bool)}
    once, again, other = (float(programs.measure(state, batch, index)["error"]) for index in (3, 3, 4))
    assert once == again != other


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_a_task_declares_is_what_it_measures(task, short_cell):
    """Every metric comes out of an evaluation, and a made-up batch has the shapes of the store's."""
    cell = short_cell("bare")
    learner = task.learn(cell)
    batch = learner.example_batch(4, training=False)
    sums = jax.eval_shape(
        lambda batch: learner.measure(
            lambda x: jnp.zeros((len(x), *learner.spec.output_shape)), batch, jax.random.key(0)
        ),
        batch,
    )
    found = learner.figures({name: np.ones(leaf.shape) for name, leaf in sums.items()})
    assert {metric.name for metric in task.metrics} <= set(found)
    assert task.headline.better in ("up", "down")
