"""Crop, flip, normalisation and the shared draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.data.augment.base import box_mask, centre_crop, draw_operations, flip, normalise, random_crop, to_unit


def coordinates(batch, size):
    """Images that say where each pixel came from: row, column, position in the batch."""
    row, column = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    image = np.stack([row, column, np.zeros_like(row)], axis=-1)
    images = np.repeat(image[None], batch, axis=0)
    images[..., 2] = np.arange(batch)[:, None, None] % 256
    return jnp.asarray(images.astype(np.uint8))


def test_random_crop_is_a_window_of_the_same_image_at_uniform_offsets():
    batch, stored, size = 4000, 20, 16
    cropped = np.asarray(random_crop(jax.random.key(0), coordinates(batch, stored), size)).astype(int)
    assert cropped.shape == (batch, size, size, 3)
    offsets = cropped[:, 0, 0, :2]
    expected = np.asarray(coordinates(batch, size)).astype(int)
    expected[..., :2] += offsets[:, None, None]
    np.testing.assert_array_equal(cropped, expected)

    counts = np.zeros((5, 5))
    np.add.at(counts, (offsets[:, 0], offsets[:, 1]), 1)
    # Chi-square with 24 degrees of freedom over all pairs of offsets: mean 24, standard deviation sqrt(48).
    mean = batch / 25
    assert ((counts - mean) ** 2 / mean).sum() < 24 + 4 * np.sqrt(48)


@pytest.mark.parametrize(("stored", "first"), [(16, 0), (17, 0), (20, 2), (21, 2)])
def test_centre_crop(stored, first):
    cropped = np.asarray(centre_crop(coordinates(2, stored), 16))
    assert cropped.shape == (2, 16, 16, 3)
    np.testing.assert_array_equal(cropped[0, :, 5, 0], first + np.arange(16))
    np.testing.assert_array_equal(cropped[1, 5, :, 1], first + np.arange(16))


def test_random_crop_without_spare_pixels_changes_nothing():
    images = coordinates(3, 8)
    np.testing.assert_array_equal(random_crop(jax.random.key(0), images, 8), images)


def test_flip_mirrors_columns_of_half_of_the_images():
    batch, size = 4000, 6
    images = np.asarray(coordinates(batch, size))
    flipped = np.asarray(flip(jax.random.key(1), jnp.asarray(images)))
    mirrored = flipped[:, 0, 0, 1] == size - 1
    np.testing.assert_array_equal(flipped[~mirrored], images[~mirrored])
    np.testing.assert_array_equal(flipped[mirrored], images[mirrored][:, :, ::-1])
    assert abs(mirrored.mean() - 0.5) < 4 * 0.5 / np.sqrt(batch)


def test_normalise_is_subtract_mean_and_divide_by_deviation():
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)
    normalised = normalise(to_unit(jnp.asarray(images)), mean, std)
    assert normalised.dtype == jnp.float32
    np.testing.assert_allclose(normalised, (images / 255 - mean) / std, rtol=0, atol=1e-6)


def test_box_mask_is_half_open():
    mask = box_mask(jnp.array([1, 0]), jnp.array([3, 0]), jnp.array([2, 0]), jnp.array([5, 4]), 5)
    assert mask.shape == (2, 5, 5, 1)
    expected = np.zeros((5, 5), bool)
    expected[1:3, 2:5] = True
    np.testing.assert_array_equal(mask[0, ..., 0], expected)
    assert not mask[1].any()


def test_operations_are_uniform_with_replacement_and_signs_are_even():
    batch, choices = 20000, 5
    operation, sign = map(np.asarray, draw_operations(jax.random.key(2), 2, batch, choices))
    assert operation.shape == sign.shape == (2, batch)
    assert set(np.unique(sign)) == {-1, 1}
    assert abs(sign.mean()) < 4 / np.sqrt(sign.size)
    counts = np.zeros((choices, choices))
    np.add.at(counts, (operation[0], operation[1]), 1)
    mean = batch / choices**2
    assert ((counts - mean) ** 2 / mean).sum() < 24 + 4 * np.sqrt(48)  # all 25 pairs equally likely, repeats included
