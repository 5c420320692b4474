"""Whole networks: gradients are slopes in both modes, kinks are kept apart from slopes, a wrong gradient is named."""

import jax
import numpy as np
import pytest

from netspec import catalogue
from netspec.gradcheck import networks, primitives
from netspec.gradcheck.differences import between_kinks, slope

TINY = networks.fixtures()


@pytest.mark.parametrize("name", ["tiny-NeRF", "tiny-VAE encoder (4×4×2 spatial latent)", "tiny-VGG"])
def test_the_gradient_of_a_network_is_its_slope(name):
    fixture = networks.fixture(catalogue.find(name))
    for mode in primitives.modes(fixture):
        found = list(networks.check(fixture, mode))
        assert len(found) > 2
        for check in found:
            assert check.passed, check
            assert 10 * check.error <= check.tolerance, check


def test_every_tiny_network_is_there_and_small():
    names = {spec.name for spec in catalogue.specs() if "tiny" in spec.name.lower().split("-")[0].split()[0]}
    assert {fixture.name for fixture in TINY} == names
    assert len(names) == len(TINY)


@pytest.mark.exhaustive
def test_dropout_is_on_while_training_and_its_mask_stays():
    fixture = networks.fixture(catalogue.find("tiny-VGG"))
    assert primitives.modes(fixture) == (primitives.TRAINING,)
    with jax.enable_x64(True):
        training, again, evaluation = (
            primitives.prepare(fixture, mode)
            for mode in (primitives.TRAINING, primitives.TRAINING, primitives.EVALUATION)
        )
        values = [float(program.loss(program.tensors)[0]) for program in (training, again, evaluation)]
    assert values[0] == values[1] != values[2]


@pytest.mark.parametrize("kink", [1e-9, 1e-6, 3e-5, -2e-5, 9e-5])
def test_a_step_across_a_kink_does_not_count(kink):
    def line(h):
        return np.sin(h) + max(0.0, h - kink)

    right = 1.0 + (kink < 0)
    found = between_kinks(line, 1e-16, 1e-4, 1e-9)
    assert not np.isfinite(found.uncertainty) or abs(found.value - right) <= found.uncertainty / 2
    if abs(kink) > 1e-6:
        assert found.uncertainty < 1e-6
    # Differences alone believe in the mean of both sides.
    assert abs(slope(line, 1e-16, 1e-2).value - right) > 0.4 or abs(kink) > 1e-7


def test_a_smooth_function_needs_two_steps_only():
    asked = []

    def line(h):
        asked.append(h)
        return np.exp(h)

    found = between_kinks(line, 1e-16, 1e-4, 1e-8)
    assert abs(found.value - 1) < found.uncertainty < 1e-8
    assert len({abs(h) for h in asked if h}) == 2


def test_sides_stay_longer_than_one_and_a_structure_module_runs_one_round():
    (fixture,) = (fixture for fixture in TINY if fixture.name.startswith("tiny-Evoformer"))
    assert networks.inputs(fixture) == "2×4×64, 4×4×32"
    assert fixture.described.layers[-1].n_blocks == 1
