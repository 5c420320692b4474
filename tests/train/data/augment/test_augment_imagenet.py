"""The augmentation of the book's ImageNet run: Mixup and CutMix in turn, plain labels, erasing with zeros, jitter."""

import colorsys
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.config.cell import Augmentation, ColourJitter, CutMix, Erasing, Mixup
from train.data.augment import augment_batch
from train.data.augment.erase import draw_boxes_book, erase_imagenet
from train.data.augment.jitter import colour_jitter, shift_colours
from train.data.augment.mix import draw_mixup

pytestmark = pytest.mark.slow

BATCH, SIZE, SMOOTHING = 8, 16, 0.1
LABELS = jnp.arange(BATCH)
BOTH = Augmentation("imagenet", False, False, Mixup(0.8), CutMix(1.0), None, None)
FAST = {"xla_backend_optimization_level": 0}


@cache
def program(config):
    def run(seed, step):
        images = jnp.broadcast_to(20 * jnp.arange(BATCH, dtype=jnp.uint8)[:, None, None, None], (BATCH, SIZE, SIZE, 3))
        return augment_batch(
            jax.random.key(seed), images, LABELS, config, image_size=SIZE, mean=(0.0,) * 3, std=(20 / 255,) * 3,
            classes=BATCH, label_smoothing=SMOOTHING, step=step,
        )  # fmt: skip

    return jax.jit(run, compiler_options=FAST)


def run(config=BOTH, seed=0, step=0):
    """Image i is i everywhere, so pixels and targets say what was mixed with what."""
    return map(np.asarray, program(config)(seed, step))


@pytest.mark.parametrize("seed", range(3))
def test_even_steps_blend_and_odd_steps_paste(seed):
    for step in range(4):
        x, targets = run(seed=seed, step=step)
        own = x[1]  # images 1 and 6 are partners
        if step % 2 == 0:
            assert np.ptp(own) < 1e-5
            assert own.mean() == pytest.approx(targets[1] @ np.arange(BATCH), abs=1e-5)
        else:
            assert set(np.round(own.ravel(), 4)) <= {1.0, 6.0}
            assert (np.abs(own - 6) < 1e-4).mean() == pytest.approx(targets[1, 6], abs=1e-6)


@pytest.mark.parametrize("step", [0, 1])
def test_the_partner_is_the_batch_reversed_and_labels_are_plain(step):
    _, targets = run(seed=1, step=step)
    own, partner = np.diag(targets), targets[np.arange(BATCH), BATCH - 1 - np.arange(BATCH)]
    assert np.ptp(own) == 0, "one weight for the batch"
    assert 0 < own[0] < 1
    np.testing.assert_allclose(own + partner, 1, atol=1e-6)  # nothing is left for smoothing


def test_labels_are_smoothed_where_nothing_is_mixed():
    _, targets = run(Augmentation("imagenet", False, False, None, None, None, None))
    np.testing.assert_allclose(targets, (1 - SMOOTHING) * np.eye(BATCH) + SMOOTHING / BATCH, atol=1e-7)


@pytest.mark.exhaustive
def test_the_mixing_weight_is_not_reflected():
    draw = jax.vmap(lambda key: draw_mixup(key, 2, 0.8, "imagenet").label[0, 0])
    weights = np.asarray(draw(jax.random.split(jax.random.key(0), 4000)))
    assert weights.mean() == pytest.approx(0.5, abs=4 * 0.310 / np.sqrt(4000))
    assert (weights < 0.5).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(4000))


@pytest.mark.exhaustive
def test_erasing_fills_with_zeros_by_a_uniform_aspect():
    config = Erasing(1.0, (0.02, 0.33), (0.3, 3.3))
    x = np.asarray(erase_imagenet(jax.random.key(0), jnp.ones((64, 32, 32, 3)), config))
    assert set(np.unique(x)) == {0.0, 1.0}
    erased = (x == 0).any(axis=(1, 2, 3))
    assert erased.sum() >= 60
    np.testing.assert_array_equal(x[..., 0], x[..., 1])
    aspects = {}
    for log in (True, False):
        _, _, height, width = map(np.asarray, draw_boxes_book(jax.random.key(1), 4000, 224, config, log))
        aspects[log] = np.median(height / width)
    # Medians of the proposals: sqrt(0.3 * 3.3) = 0.995 against (0.3 + 3.3) / 2 = 1.8; long boxes are rejected more.
    assert aspects[True] == pytest.approx(0.995, abs=0.06)
    assert aspects[False] == pytest.approx(1.8, abs=0.12)


def test_colours_shift_as_in_the_standard_library():
    rng = np.random.default_rng(0)
    images = rng.random((1, 6, 6, 3)).astype(np.float32)
    images[0, 0, :3] = [[0.4, 0.4, 0.4], [0, 0, 0], [1, 0, 0]]
    factor, turn = 1.3, -0.09
    ours = np.asarray(shift_colours(jnp.asarray(images), jnp.full((1, 1, 1), factor), jnp.full((1, 1, 1), turn)))
    for pixel, found in zip(images.reshape(-1, 3), ours.reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*map(float, pixel))
        expected = colorsys.hsv_to_rgb((hue + turn) % 1, min(1, saturation * factor), value)
        np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.exhaustive
def test_jitter_draws_for_each_image_within_its_ranges():
    images = jnp.full((2000, 1, 2, 3), 0.5).at[:, :, 1].set(0.7)
    only = dict.fromkeys(("brightness", "contrast", "saturation", "hue"), 0.0)
    x = np.asarray(colour_jitter(jax.random.key(0), images, ColourJitter(**only | {"brightness": 0.25})))
    added = x[:, 0, 0, 0] - 0.5
    assert -0.25 <= added.min() < -0.24 and 0.24 < added.max() <= 0.25
    np.testing.assert_allclose(x[:, 0, 1, 0] - x[:, 0, 0, 0], 0.2, atol=1e-6)
    x = np.asarray(colour_jitter(jax.random.key(0), images, ColourJitter(**only | {"contrast": 0.36})))
    factor = (x[:, 0, 1, 0] - x[:, 0, 0, 0]) / 0.2
    assert 0.64 - 1e-5 <= factor.min() < 0.65 and 1.35 < factor.max() <= 1.36 + 1e-5
    np.testing.assert_allclose(x.mean(axis=(1, 2, 3)), 0.6, atol=1e-6)
    same = colour_jitter(jax.random.key(0), images, ColourJitter(**only))
    np.testing.assert_allclose(same, images, atol=1e-6)
