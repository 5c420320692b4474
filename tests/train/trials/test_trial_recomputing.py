"""However activations are kept, loss and gradient are the same, and what a checkpoint forgets is not allocated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.trials.recomputing import MIB, TRIAL, make, step

DEPTH, WIDTH, BATCH = 16, 16, 256


def _inputs(dtype=jnp.float32):
    first, last, batch = jax.random.split(jax.random.key(0), 3)
    layers = {
        name: jax.random.normal(key, (DEPTH, WIDTH, WIDTH), dtype) / 8
        for name, key in (("first", first), ("last", last))
    }
    return layers, jax.random.normal(batch, (BATCH, WIDTH), dtype)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("variant", TRIAL.variants)
def test_every_variant_has_the_gradient_of_keeping_all(variant):
    with jax.enable_x64(True):
        layers, x = _inputs(jnp.float64)
        loss, slope = step("kept", DEPTH)(layers, x)
        again, other = step(variant, DEPTH)(layers, x)
    assert float(again) == pytest.approx(float(loss), rel=1e-12)
    for name, one in slope.items():
        np.testing.assert_allclose(other[name], one, rtol=1e-10, atol=1e-14)


def test_memory_falls_with_what_is_forgotten():
    """Inputs of blocks are one of at least four arrays that a block's backward pass reads."""
    used = {
        variant: jax.jit(step(variant, DEPTH)).lower(*_inputs()).compile().memory_analysis().temp_size_in_bytes
        for variant in ("kept", "blocks", "nested")
    }
    array = 4 * BATCH * WIDTH
    assert used["kept"] > 4 * DEPTH * array
    assert DEPTH * array < used["blocks"] < used["kept"] / 2
    assert used["nested"] < used["blocks"]


def test_a_run_has_every_figure_and_keeping_all_is_its_own_measure():
    found = make("kept", {**TRIAL.settings, **TRIAL.smoke})(jax.random.key(0), 1.0)
    assert found.keys() == {"memory", "time", "difference", "params"}
    assert (found["time"], float(found["difference"]), found["params"]) == (1, 0, 2 * 4 * 8 * 8)
    assert 0 < found["memory"] < MIB
