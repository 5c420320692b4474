"""Random erasing: how often, how large, where, and filled with what."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.config.cell import Erasing
from train.data.augment.erase import BOOK_TRIES, draw_boxes_book, draw_boxes_paper, erase_book, erase_paper

pytestmark = pytest.mark.slow

CONFIG = Erasing(probability=0.25, area=(0.02, 0.33), aspect=(0.3, 3.3))
ALWAYS = Erasing(probability=1.0, area=(0.02, 0.33), aspect=(0.3, 3.3))
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
SIZE = 224


COUNT = 20000


#: Unoptimised code, which compiles in half the time.
FAST = {"xla_backend_optimization_level": 0}


@partial(jax.jit, static_argnums=2, compiler_options=FAST)
def book(key, x, config):
    return erase_book(key, x, config)


@partial(jax.jit, static_argnums=2, compiler_options=FAST)
def paper(key, x, config):
    return erase_paper(key, x, config, MEAN, STD)


@cache
def boxes(draw, config):
    """Top, left, height and width of ``COUNT`` boxes."""
    jitted = jax.jit(draw, static_argnums=(1, 2, 3), compiler_options=FAST)
    return tuple(map(np.asarray, jitted(jax.random.key(0), COUNT, SIZE, config)))


def within(sample, mean, deviation, slack=0.0):
    """Whether a sample mean is within four standard errors (and a rounding slack) of what it should be."""
    return abs(np.mean(sample) - mean) < 4 * deviation / np.sqrt(np.size(sample)) + slack


def proposals(config, semantics, size, steps=600):
    """Area fraction, aspect and chance of acceptance of one proposal, on a grid of the two uniform draws."""
    u = (np.arange(steps) + 0.5) / steps
    area = (config.area[0] + (config.area[1] - config.area[0]) * u)[:, None]
    low, high = np.log(config.aspect) if semantics == "book" else config.aspect
    aspect = (low + (high - low) * u)[None, :]
    aspect = np.exp(aspect) if semantics == "book" else aspect
    height, width = np.sqrt(area * aspect), np.sqrt(area / aspect)
    if semantics == "book":
        accept = (np.round(size * height) < size) & (np.round(size * width) < size)
    else:
        # Whole-pixel corners: a side of h pixels fits at size - h + 1 of the size places.
        accept = np.clip(1 - height + 1 / size, 0, 1) * np.clip(1 - width + 1 / size, 0, 1)
        accept = accept * (height <= 1) * (width <= 1)
    area, aspect = np.broadcast_arrays(area, aspect)
    return area, aspect, accept.astype(float)


@pytest.mark.parametrize(("draw", "semantics"), [(draw_boxes_book, "book"), (draw_boxes_paper, "paper")])
def test_boxes_have_the_size_and_frequency_of_the_algorithm(draw, semantics):
    top, left, height, width = boxes(draw, CONFIG)
    erased = height > 0
    np.testing.assert_array_equal(erased, width > 0)
    assert within(erased, 0.25, np.sqrt(0.25 * 0.75))

    top, left, height, width = (v[erased] for v in (top, left, height, width))
    assert (top >= 0).all() and (left >= 0).all()
    assert (top + height <= SIZE).all() and (left + width <= SIZE).all()
    fraction, ratio = height * width / SIZE**2, height / width
    # A side is rounded by half a pixel at most, and the smallest side is 224 sqrt(0.02 * 0.3) = 17 pixels.
    assert fraction.min() > 0.02 * (1 - 0.5 / 17) ** 2 and fraction.max() < 0.33 * (1 + 0.5 / 17) ** 2
    assert ratio.min() > 0.3 * (1 - 1 / 17) and ratio.max() < 3.3 * (1 + 1 / 17)

    area, aspect, accept = proposals(CONFIG, semantics, SIZE)
    for sample, value in ((fraction, area), (np.log(ratio), np.log(aspect))):
        mean = np.average(value, weights=accept)
        deviation = np.sqrt(np.average((value - mean) ** 2, weights=accept))
        assert within(sample, mean, deviation, slack=1e-3)


def test_semantics_differ_in_area_and_aspect():
    """The paper's rule favours small boxes and, with its uniform aspect, tall ones; the book's does neither."""
    shape = {}
    for name, draw in (("book", draw_boxes_book), ("paper", draw_boxes_paper)):
        _, _, height, width = boxes(draw, ALWAYS)
        shape[name] = (float((height * width / SIZE**2).mean()), float(np.log(height / width).mean()))
    assert shape["book"] == pytest.approx((0.170, 0.0), abs=0.02)
    assert shape["paper"] == pytest.approx((0.130, 0.385), abs=0.02)


@pytest.mark.parametrize("draw", [draw_boxes_book, draw_boxes_paper])
def test_corner_is_uniform_over_the_places_that_fit(draw):
    top, left, height, width = boxes(draw, ALWAYS)
    for corner, side in ((top, height), (left, width)):
        place = (corner + 0.5) / (SIZE - side + 1)
        assert within(place, 0.5, np.sqrt(1 / 12))
        assert np.histogram(place, bins=10, range=(0, 1))[0].min() > 2000 - 4 * np.sqrt(2000)
    assert (top == 0).any() and (top + height == SIZE).any()


def test_book_gives_up_after_ten_proposals():
    config = Erasing(probability=1.0, area=(0.9, 1.2), aspect=(0.9, 1.2))
    _, _, accept = proposals(config, "book", SIZE)
    chance = 1 - (1 - accept.mean()) ** BOOK_TRIES
    assert BOOK_TRIES == 10 and 0.1 < chance < 0.95  # else the number of tries would not show
    _, _, height, _ = boxes(draw_boxes_book, config)
    assert within(height > 0, chance, np.sqrt(chance * (1 - chance)), slack=0.005)


def test_paper_misses_practically_none():
    _, _, height, _ = boxes(draw_boxes_paper, ALWAYS)
    assert (height > 0).all()
    _, _, accept = proposals(ALWAYS, "paper", SIZE)
    assert accept.mean() == pytest.approx(0.32, abs=0.01)  # the figure given at PAPER_TRIES


@pytest.mark.parametrize("erase", [book, paper])
def test_boxes_that_never_fit_and_probability_zero_change_nothing(erase):
    x = jnp.full((64, 32, 32, 3), 7.0)
    for config in (Erasing(1.0, (1.3, 1.4), (1.0, 1.1)), Erasing(0.0, (0.02, 0.33), (0.3, 3.3))):
        np.testing.assert_array_equal(erase(jax.random.key(0), x, config), x)


@pytest.mark.parametrize("erase", [book, paper])
def test_erased_pixels_are_one_rectangle_per_image(erase):
    x = jnp.full((64, 32, 32, 3), 100.0)
    changed = np.asarray(erase(jax.random.key(5), x, CONFIG) != x)
    assert 5 < changed.any(axis=(1, 2, 3)).sum() < 30  # binomial(64, 1/4): mean 16, deviation 3.5
    np.testing.assert_array_equal(changed.all(axis=-1), changed.any(axis=-1))  # all channels together
    where = changed[..., 0]
    np.testing.assert_array_equal(where, where.any(axis=2)[:, :, None] & where.any(axis=1)[:, None, :])


def test_book_fill_is_standard_normal_per_pixel_and_channel():
    x = jnp.full((64, 32, 32, 3), 100.0)
    filled = np.asarray(book(jax.random.key(6), x, ALWAYS))
    noise = filled[filled[..., 0] != 100.0]
    assert noise.shape[1] == 3 and len(noise) > 5000
    assert within(noise, 0, 1)
    assert within(noise**2, 1, np.sqrt(2))
    assert within(np.abs(noise) < 1, 0.6827, np.sqrt(0.6827 * 0.3173))
    assert np.abs(np.corrcoef(noise.T) - np.eye(3)).max() < 4 / np.sqrt(len(noise))


def test_paper_fill_is_uniform_over_grey_levels_before_normalisation():
    x = jnp.full((64, 32, 32, 3), 100.0)
    filled = np.asarray(paper(jax.random.key(7), x, ALWAYS))
    levels = (filled[filled[..., 0] != 100.0] * STD + MEAN) * 255
    np.testing.assert_allclose(levels, np.round(levels), rtol=0, atol=1e-3)
    levels = np.round(levels)
    assert levels.min() == 0 and levels.max() == 255
    assert within(levels, 127.5, np.sqrt((256**2 - 1) / 12))
    assert within(levels % 2, 0.5, 0.5) and within(levels < 64, 0.25, np.sqrt(3 / 16))
    assert np.abs(np.corrcoef(levels.T) - np.eye(3)).max() < 4 / np.sqrt(len(levels))
    assert np.unique(levels.ravel().round()).size == 256


@pytest.mark.exhaustive
@pytest.mark.parametrize("draw", [draw_boxes_book, draw_boxes_paper])
def test_boxes_of_pictures_that_are_not_square(draw):
    """Areas are those of the picture, and boxes reach both far edges and go over none."""
    top, left, height, width = map(np.asarray, draw(jax.random.key(0), 4000, (40, 90), ALWAYS))
    assert (top + height).max() == 40 and (left + width).max() == 90
    assert (height * width)[height > 0].max() < 0.35 * 40 * 90
    assert height.max() <= 40 < width.max()
