"""Architectures as the trainer takes them: grey ones, those of the zoo, and what their compilation is said to cost."""

import time
from pathlib import Path

import numpy as np
import pytest

import netspec
from train import config
from train.machine.clock import Clock
from train.tasks import learner_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def zoo(shipped):
    return config.load_experiment(shipped, Path(__file__).parents[3] / "config", "zoo")


def test_the_zoo_has_the_families_it_promises(zoo):
    models = {cell["model"] for cell in zoo.cells.values()}
    assert len(models) == len(zoo.cells) >= 7
    entries = {netspec.find(model).provenance.entry for model in models}
    assert entries >= {"LeNet", "ResNet", "MobileNet V2", "ConvNeXt", "Swin Transformer", "DenseNet", "ViT"}


def test_the_miniatures_are_small_and_take_the_zoos_pictures(zoo):
    for cell in zoo.cells.values():
        spec = netspec.find(cell["model"])
        assert spec.input_shape[:2] == (32, 32)
        assert spec.output_shape == (10,)
        assert 40_000 < spec.params < 300_000, spec.name
        assert spec.macs < 5_000_000, spec.name


def batch(side, count=4):
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return {"image": images, "label": np.arange(count, dtype=np.int32), "real": np.ones(count, bool)}


@pytest.mark.exhaustive
def test_a_grey_network_sees_the_mean_of_the_channels(zoo):
    """In training the mean of what the same cell in colour is given, in validation of the normalised picture."""
    import jax

    grey, colour = (
        learner_of(config.parse_cell({**zoo.cells["lenet-5"], "model": model}))
        for model in ("LeNet-5", "ResNet-Digits")
    )
    stored = batch(36)
    seen, targets = grey.inputs(jax.random.key(0), stored)
    full, same = colour.inputs(jax.random.key(0), stored)
    assert seen.shape == (4, 32, 32, 1)
    np.testing.assert_allclose(seen[..., 0], np.asarray(full).mean(-1), atol=1e-6)
    np.testing.assert_array_equal(targets, same)

    given = []

    def network(images):
        given.append(np.asarray(images))
        return np.zeros((len(images), 10), np.float32)

    shown = batch(32)
    grey.measure(network, shown, None)
    colour.measure(network, shown, None)
    unit = shown["image"] / 255
    mean, std = (np.array(getattr(config.parse_cell(zoo.cells["lenet-5"]).dataset, key)) for key in ("mean", "std"))
    np.testing.assert_allclose(given[0][..., 0], ((unit - mean) / std).mean(-1), atol=1e-5)
    np.testing.assert_allclose(given[1], (unit - mean) / std, atol=1e-5)


@pytest.mark.exhaustive
def test_a_first_step_says_whether_it_compiled():
    """The same program twice with an emptied memory: compiled, then found in the persistent cache."""
    import jax
    import jax.numpy as jnp

    new = time.time()  # a constant that no program in the cache has
    counts = []
    for _ in range(2):
        clock = Clock()
        with clock.step():
            jax.jit(lambda x: jnp.sin(x) @ jnp.cos(x) + new)(jnp.ones((7, 7))).block_until_ready()
        with clock.step():  # a later step is not counted, whatever it compiles
            jax.jit(lambda x: jnp.sin(x) * 3.25)(jnp.ones(5)).block_until_ready()
        counts.append(clock.programs)
        jax.clear_caches()  # what this process remembers, not the persistent cache
    assert counts[0]["compiled"] >= 1
    assert counts[1]["compiled"] == 0
    assert counts[1]["cached"] >= counts[0]["compiled"]


def test_a_resumed_clock_adds_its_programs():
    first = Clock()
    first.programs = {"compiled": 2, "cached": 1}
    second = Clock()
    second.resume(first.saved())
    with second.step():
        pass
    assert second.programs == {"compiled": 2, "cached": 1}
    assert second.resumes == 1
