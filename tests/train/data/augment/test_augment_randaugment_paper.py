"""The published RandAugment: every operation against Pillow, at magnitudes written out by hand.

Geometric operations are compared pixel for pixel with Image.rotate and Image.transform (nearest neighbour, grey fill);
they and the tables must agree exactly. Blends may differ by one grey level in one level out of 500, where the result in
floating point lies within rounding of a whole number and is cut to the level below.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from train.config.cell import RandAugment
from train.data.augment import pillow_ops
from train.data.augment.base import draw_operations
from train.data.augment.randaugment_paper import OPERATIONS, affine_matrix, apply_operation, randaugment

pytestmark = pytest.mark.slow

GREY = (128, 128, 128)
MAY_ROUND = {"color", "contrast", "brightness", "sharpness"}

#: degrees, solarize threshold, posterize bits, enhancement factor, shear, translation as a fraction of the side
MAGNITUDES = {
    0: (0, 256, 8, 0.1, 0.0, 0.0),
    4: (12, 154, 7, 0.82, 0.12, 0.4 * 150 / 331),
    9: (27, 26, 5, 1.72, 0.27, 0.9 * 150 / 331),
    10: (30, 0, 4, 1.9, 0.3, 150 / 331),
}


def pictures(size):
    """Noise, smooth gradients, a narrow range of levels, two levels, a nearly empty picture, and a constant one."""
    rng = np.random.default_rng(size)
    ramp = np.linspace(0, 1, size)
    gradient = np.stack(
        np.broadcast_arrays(ramp[:, None], ramp[None, :], (ramp[:, None] * ramp[None, :]) ** 2), axis=-1
    )
    sparse = np.zeros((size, size, 3))
    sparse[: size // 2, : size // 3] = rng.integers(0, 256, (size // 2, size // 3, 3))
    images = [
        rng.integers(0, 256, (size, size, 3)),
        255 * gradient,
        40 + 60 * gradient + rng.integers(0, 9, (size, size, 3)),
        np.where(rng.random((size, size, 3)) < 0.3, 17, 203),
        sparse,
        np.full((size, size, 3), 90),
    ]
    return np.stack(images).astype(np.uint8)


def reference(name, image, sign, magnitude):
    degrees, threshold, bits, factor, shear, translation = MAGNITUDES[magnitude]
    picture, size = Image.fromarray(image), image.shape[0]
    pixels = int(translation * size)
    matrices = {
        "shear-x": (1, sign * shear, 0, 0, 1, 0),
        "shear-y": (1, 0, 0, sign * shear, 1, 0),
        "translate-x": (1, 0, sign * pixels, 0, 1, 0),
        "translate-y": (1, 0, 0, 0, 1, sign * pixels),
    }
    enhancers = {
        "color": ImageEnhance.Color,
        "contrast": ImageEnhance.Contrast,
        "brightness": ImageEnhance.Brightness,
        "sharpness": ImageEnhance.Sharpness,
    }
    if name in matrices:
        result = picture.transform(picture.size, Image.Transform.AFFINE, matrices[name], fillcolor=GREY)
    elif name in enhancers:
        result = enhancers[name](picture).enhance(factor)
    elif name == "rotate":
        result = picture.rotate(sign * degrees, fillcolor=GREY)
    elif name == "solarize":
        result = ImageOps.solarize(picture, threshold)
    elif name == "posterize":
        result = ImageOps.posterize(picture, bits)
    elif name == "identity":
        result = picture
    else:
        result = {"autocontrast": ImageOps.autocontrast, "equalize": ImageOps.equalize}[name](picture)
    return np.asarray(result).astype(int)


def everything(images, magnitude):
    """All operations with both signs on all images: ``(operations, 2, images, S, S, 3)``."""
    grid = [(o, s, i) for o in range(len(OPERATIONS)) for s in (-1, 1) for i in range(len(images))]
    operation, sign, at = map(jnp.array, zip(*grid, strict=True))
    result = jax.jit(apply_operation, static_argnums=3)(jnp.asarray(images)[at], operation, sign, magnitude)
    assert result.dtype == jnp.uint8
    return np.asarray(result).astype(int).reshape(len(OPERATIONS), 2, *images.shape)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("size", "magnitude"), [(16, 9), (33, 0), (33, 4), (33, 10), (48, 9)])
def test_operations_are_pillows(size, magnitude):
    images = pictures(size)
    result = everything(images, magnitude)
    for name, own in zip(OPERATIONS, result, strict=True):
        for sign, outcome in zip((-1, 1), own, strict=True):
            expected = np.stack([reference(name, image, sign, magnitude) for image in images])
            difference = np.abs(outcome - expected)
            allowed = 1 if name in MAY_ROUND else 0
            assert difference.max() <= allowed, f"{name}, sign {sign}: off by {difference.max()} levels"
            assert (difference > 0).mean() < 0.002, (
                f"{name}, sign {sign}: {(difference > 0).mean():.1%} of levels differ"
            )


def test_every_operation_but_the_identity_does_something():
    images = pictures(48)
    for name, own in zip(OPERATIONS, everything(images, 9), strict=True):
        assert (own != images).any() == (name != "identity"), name


def test_signs_move_images_in_opposite_directions():
    ramp = np.broadcast_to(np.arange(48, dtype=np.uint8)[None, None, :, None], (1, 48, 48, 3))
    left, right = everything(ramp, 9)[OPERATIONS.index("translate-x")]
    shift = int(0.9 * 48 * 150 / 331)
    assert right[0, 0, 0, 0] == shift and (right[0, :, -shift:] == 128).all()
    assert left[0, 0, shift, 0] == 0 and (left[0, :, :shift] == 128).all()


def test_equalize_leaves_small_images_alone():
    """Pillow needs 255 pixels besides those of the brightest level before a histogram has a step to spread."""
    images = pictures(16)
    images[:, :1, :2] = 255
    np.testing.assert_array_equal(everything(images, 9)[OPERATIONS.index("equalize")][0], images)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_constant_image_stays_constant(level):
    images = np.full((1, 12, 12, 3), level, np.uint8)
    result = everything(images, 9)
    for name in ("identity", "autocontrast", "equalize", "color", "contrast", "sharpness"):
        assert (result[OPERATIONS.index(name)] == level).all(), name


@pytest.mark.parametrize("size", [5, 33])
def test_pieces_are_pillows(size):
    images = pictures(size)
    for image, grey, smooth, mean in zip(
        images,
        np.asarray(pillow_ops.luma(jnp.asarray(images))),
        np.asarray(pillow_ops.smooth(jnp.asarray(images))),
        np.asarray(pillow_ops.mean_luma(jnp.asarray(images))),
        strict=True,
    ):
        picture = Image.fromarray(image)
        np.testing.assert_array_equal(grey[..., 0], np.asarray(picture.convert("L")))
        np.testing.assert_array_equal(smooth, np.asarray(picture.filter(ImageFilter.SMOOTH)))
        np.testing.assert_array_equal(mean, np.asarray(ImageEnhance.Contrast(picture).degenerate)[0, 0, 0])


def test_posterize_and_solarize_tables_for_every_parameter():
    levels = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=-1)
    picture = Image.fromarray(levels)
    for bits in range(9):
        expected = np.asarray(ImageOps.posterize(picture, bits))[0, :, 0] if bits else np.zeros(256)
        np.testing.assert_array_equal(pillow_ops.posterize_table(bits), expected)
    for threshold in (0, 1, 128, 255, 256):
        expected = np.asarray(ImageOps.solarize(picture, threshold))[0, :, 0]
        np.testing.assert_array_equal(pillow_ops.solarize_table(threshold), expected)


@pytest.mark.exhaustive
def test_rotation_by_any_angle_is_pillows():
    image = pictures(33)[:1]
    for degrees in (-30, -13.7, -0.01, 0, 1, 7.5, 29.9, 45):
        matrix = pillow_ops.fixed_point(pillow_ops.rotation(degrees, 33))
        own = pillow_ops.affine(jnp.asarray(image), jnp.array([matrix]), 128)[0]
        np.testing.assert_array_equal(own, np.asarray(Image.fromarray(image[0]).rotate(degrees, fillcolor=GREY)))


@pytest.mark.parametrize("name", ["rotate", "shear-x", "translate-x", "translate-y"])
def test_maps_of_pictures_that_are_not_square_are_pillows(name):
    image = pictures(33)[:1, :20]
    matrix = affine_matrix(name, 9, 1, (20, 33))
    own = pillow_ops.affine(jnp.asarray(image), jnp.array([pillow_ops.fixed_point(matrix)]), 128)[0]
    picture = Image.fromarray(image[0])
    expected = picture.transform(picture.size, Image.Transform.AFFINE, matrix, fillcolor=GREY)
    if name == "rotate":
        expected = picture.rotate(27, fillcolor=GREY)
    np.testing.assert_array_equal(own, np.asarray(expected))


@pytest.mark.exhaustive
def test_draws_are_applied_in_turn_to_each_image_on_its_own():
    key, images = jax.random.key(2), np.concatenate([pictures(24)] * 4)
    result = np.asarray(jax.jit(randaugment, static_argnums=2)(key, jnp.asarray(images), RandAugment(2, 9)))
    operations, signs = map(np.asarray, draw_operations(key, 2, len(images), len(OPERATIONS)))
    assert len(np.unique(operations)) > 10
    expected = images
    for operation, sign in zip(operations, signs, strict=True):
        chosen = zip(operation, expected, sign, strict=True)
        expected = np.stack([reference(OPERATIONS[o], x, s, 9) for o, x, s in chosen]).astype(np.uint8)
    # One level of difference after the first operation can grow in the second, in very few pixels.
    assert (result != expected).mean() < 0.01
