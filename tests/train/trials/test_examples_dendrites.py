"""Moving blobs: the taps are those of a 4-D convolution, linear branches are one, sets exchange their means."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.vocabulary.convolutions import dilated_conv_4d
from train.trials.examples import dendrites

SIDE = 5


@pytest.fixture
def x():
    return jax.random.normal(jax.random.key(0), (2, SIDE, SIDE, SIDE, SIDE))


@pytest.mark.parametrize("dilation", [1, 2])
def test_the_taps_are_those_of_a_convolution_over_four_axes(x, dilation):
    kernel = jax.random.normal(jax.random.key(1), (3, 3, 3, 3, 1, 2))
    inside = dilated_conv_4d(x[..., None], kernel, dilation=dilation)
    read = dendrites.taps(SIDE, dilation)
    found = dendrites.convolved(x, kernel.reshape(81, 2), read).reshape(2, SIDE, SIDE, SIDE, SIDE, 2)
    inner = found[(slice(None), *(slice(dilation, SIDE - dilation),) * 4)]
    assert inner == pytest.approx(np.asarray(inside), abs=1e-4)
    assert read.shape == (SIDE**4, 81) and (read == SIDE**4).any()


def test_27_taps_see_nothing_along_the_axis_they_lack(x):
    read = dendrites.taps(SIDE, 1, (0, 2, 3))
    assert read.shape == (SIDE**4, 27)
    moved = dendrites.convolved(jnp.roll(x, 1, axis=2), jnp.ones((27, 1)), read).reshape(2, *(SIDE,) * 4)
    still = dendrites.convolved(x, jnp.ones((27, 1)), read).reshape(2, *(SIDE,) * 4)
    assert moved == pytest.approx(np.roll(np.asarray(still), 1, axis=2), abs=1e-5)


def test_branches_without_a_nonlinearity_are_one_convolution(x):
    """Of as many taps as they have together: the sum of kernels that read from places of their own."""
    kernels = jax.random.normal(jax.random.key(1), (3, 81, 2))
    weights = jnp.array([0.5, -1.0, 2.0])
    branches = [dendrites.convolved(x, k, dendrites.taps(SIDE, d)) for k, d in zip(kernels, (1, 2, 3), strict=True)]
    apart = sum(w * one for w, one in zip(weights, branches, strict=True))
    read = np.concatenate([dendrites.taps(SIDE, d) for d in (1, 2, 3)], axis=1)
    at_once = dendrites.convolved(x, (weights[:, None, None] * kernels).reshape(243, 2), read)
    assert at_once == pytest.approx(np.asarray(apart), abs=1e-4)
    bent = sum(w * jax.nn.relu(one) for w, one in zip(weights, branches, strict=True))
    assert not jnp.allclose(bent, at_once, atol=0.1)


def test_sets_do_not_care_in_which_order_their_members_stand():
    incidence = dendrites.groups(4)
    assert (incidence.sum(0) == 2).all() and incidence.sum(1).min() > 1  # a frame, and a column of time
    nodes = jax.random.normal(jax.random.key(2), (1, 4**4, 3))
    order = np.random.default_rng(0).permutation(4**4)
    found = dendrites.exchanged(nodes, incidence, 0.3)
    assert dendrites.exchanged(nodes[:, order], incidence[:, order], 0.3) == pytest.approx(
        np.asarray(found)[:, order], abs=1e-5
    )
    assert dendrites.exchanged(nodes, incidence, 0.0) == pytest.approx(np.asarray(nodes))
    assert dendrites.exchanged(nodes, incidence[:4, :] * 0 + np.eye(4, 4**4), 1.0)[:, 4:] == pytest.approx(
        np.asarray(nodes)[:, 4:]
    )


def test_a_blob_moves_as_its_class_says():
    x, labels = dendrites.clips(jax.random.key(3), 400, 6, 0.0)
    assert set(np.asarray(labels).tolist()) == set(range(dendrites.CLASSES))
    for clip, label in zip(np.asarray(x), np.asarray(labels), strict=True):
        speed, direction = 1 + label // 6, label % 6
        moved = np.roll(clip[0], speed * (1 if direction % 2 else -1), axis=direction // 2)
        assert clip[1] == pytest.approx(moved, abs=0.02)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("variant", dendrites.TRIAL.variants)
def test_every_weight_is_trained(variant):
    params = dendrites.drawn(jax.random.key(0), variant, 2, 4)
    x, labels = dendrites.clips(jax.random.key(1), 8, 4, 0.1)
    slope = jax.grad(lambda p: dendrites.surprise(dendrites.scores(p, variant, x), labels))(params)
    assert all(jnp.abs(leaf).max() > 0 for leaf in jax.tree.leaves(slope))
