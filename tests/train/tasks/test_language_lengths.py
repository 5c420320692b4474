"""Language at more tokens than it was trained on: the losses of the longer network, where it has positions."""

import math
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from flax import nnx

import netspec
from train import config
from train.data.windows import every_token
from train.tasks import learner_of
from train.tasks.language import learner as language

TEXT = np.random.default_rng(0).integers(0, 97, 2000).astype(np.uint16)


@pytest.fixture(scope="module")
def cells():
    return config.load_experiment({"main": "positions"}).cells


def longer(cells, variant):
    """The figures of a network with the weights it begins with, the learner, and the network."""
    learner = learner_of(config.parse_cell(cells[f"{variant}-learning-rate-1e-2"]))
    network = netspec.build(learner.spec, nnx.Rngs(0))
    store = SimpleNamespace(val=SimpleNamespace(tokens=TEXT))
    return learner._longer(lambda function, *arrays: function(network, *arrays), store), learner, network


@pytest.mark.exhaustive
def test_it_is_the_loss_of_the_network_for_as_many_tokens(cells):
    found, learner, network = longer(cells, "alibi")
    assert list(found) == ["loss_x2", "loss_x4", "loss_x8"]
    whole = netspec.build(learner.spec.with_tokens(512), nnx.Rngs(1))
    netspec.load_canonical_state(whole, netspec.canonical_state(network))
    windows = every_token(TEXT, 512)
    batch = windows.gather(np.arange(len(windows)))
    losses = np.asarray(language.surprise(whole(batch["token"][:, :-1]), batch["token"][:, 1:]))
    scored = np.arange(512) >= batch["first"][:, None]
    assert found["loss_x8"] == pytest.approx(losses[scored].mean(), rel=1e-5)


@pytest.mark.exhaustive
def test_lengths_without_positions_or_text_are_left_out(cells, monkeypatch):
    assert longer(cells, "learned")[0] == {}
    monkeypatch.setattr("test_language_lengths.TEXT", TEXT[:200])
    assert list(longer(cells, "rope")[0]) == ["loss_x2"]


def test_it_is_asked_for_by_a_setting_of_the_task_alone(cells):
    text = config.load_experiment({"main": "language"}).cells["nano"]
    assert "task_settings" not in text and learner_of(config.parse_cell(text)).longer == 1
    assert cells["rope-learning-rate-1e-2"]["task_settings"]["longer"] == 8


@pytest.mark.exhaustive
def test_an_even_network_is_surprised_by_the_size_of_the_alphabet(cells, monkeypatch):
    monkeypatch.setattr(language, "apply", lambda described, layers, x, memory: jax.numpy.zeros((*x.shape, 97)))
    assert longer(cells, "none")[0]["loss_x4"] == pytest.approx(math.log(97), rel=1e-6)
