"""Simulated devices: as many parameters as what they stand beside, and noise that is of the stated size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.quantum.circuits import qnn
from train.trials import hardware


def numbers(variant):
    return hardware.size(hardware.drawn(jax.random.key(0), variant))


def test_devices_have_as_many_parameters_as_what_they_stand_beside():
    assert numbers("mesh") == pytest.approx(numbers("dense"), rel=0.05)
    assert numbers("masks") == pytest.approx(numbers("dense"), rel=0.05)
    assert numbers("qubits") == pytest.approx(numbers("dense-few"), rel=0.05)
    assert numbers("crossbar-4") == numbers("dense")


def test_pictures_become_the_means_of_two_by_two_pixels():
    x = jnp.arange(64.0)
    assert hardware.small(x)[:2].tolist() == [4.5, 6.5] and hardware.small(x)[4].item() == 20.5


def test_light_and_detectors_lose_none_of_it():
    params = hardware.drawn(jax.random.key(0), "masks")
    x = jax.random.uniform(jax.random.key(1), (16,))
    shares = (hardware._detected(params, x) - params["bias"]) / params["gain"]
    assert shares.sum() == pytest.approx(1, abs=1e-5) and shares.min() > 0


@pytest.mark.exhaustive
def test_measured_means_are_those_of_the_circuit_within_their_error():
    x, angles = jnp.linspace(-1, 1, 3), jax.random.normal(jax.random.key(0), (2, 3, 2))
    exact, shots = qnn(x, angles), 40_000
    found = hardware._measured(x, angles, jax.random.key(1), shots)
    assert np.all(np.abs(found - exact) < 4 * np.sqrt((1 - exact**2) / shots) + 1e-6)


def test_errors_have_the_stated_deviation_by_kind():
    params = {"theta": jnp.zeros(20_000), "layers": [{"kernel": jnp.full((200, 100), -3.0)}]}
    off = hardware.faulty(params, jax.random.key(0), 0.1)
    assert off["theta"].std() == pytest.approx(0.1, rel=0.03)
    assert (off["layers"][0]["kernel"] + 3).std() == pytest.approx(0.3, rel=0.03)
    same = hardware.faulty(params, jax.random.key(0), 0.0)
    assert jax.tree.all(jax.tree.map(jnp.array_equal, same, params))


def test_a_crossbar_of_many_levels_is_the_dense_network(monkeypatch):
    monkeypatch.setitem(hardware.LEVELS, "crossbar-16", 100_001)
    params, x = hardware.drawn(jax.random.key(0), "dense"), jax.random.uniform(jax.random.key(1), (5, 16))
    written = hardware.scores("crossbar-16", params, x, jax.random.key(2))
    assert written == pytest.approx(np.asarray(hardware.scores("dense", params, x)), abs=1e-3)
    coarse = hardware.scores("crossbar-4", params, x, jax.random.key(2))
    assert not jnp.allclose(coarse, written, atol=0.05)


@pytest.mark.exhaustive
def test_fixed_angles_are_not_trained():
    params, x = hardware.drawn(jax.random.key(0), "qubits"), jax.random.uniform(jax.random.key(1), (4, 16))
    for variant, moved in (("qubits", True), ("qubits-fixed", False)):
        slope = jax.grad(lambda p, v=variant: jnp.square(hardware.scores(v, p, x)).sum())(params)
        assert bool(jnp.any(slope["angles"] != 0)) == moved and bool(jnp.any(slope["read"] != 0))
