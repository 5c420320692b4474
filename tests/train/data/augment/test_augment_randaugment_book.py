"""The book's RandAugment: five colour operations against their formulas in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.config.cell import RandAugment
from train.data.augment.base import draw_operations
from train.data.augment.randaugment_book import OPERATIONS, apply_operation, randaugment, strength

IMAGES = np.random.default_rng(0).uniform(0.1, 0.8, (6, 8, 8, 3))


def formula(name, x, f):
    grey = 0.299 * x[..., 0] + 0.587 * x[..., 1] + 0.114 * x[..., 2]
    result = {
        "identity": x,
        "brightness": f * x,
        "contrast": x.mean() + f * (x - x.mean()),
        "colour": f * x + (1 - f) * grey[..., None],
        "autocontrast": (x - x.min()) / (x.max() - x.min()),
    }[name]
    return np.clip(result, 0, 1)


compiled = jax.jit(apply_operation, static_argnums=3)


def apply(name, images, sign, magnitude):
    batch = len(images)
    operation = jnp.full(batch, OPERATIONS.index(name))
    return compiled(jnp.asarray(images, jnp.float32), operation, jnp.full(batch, sign), magnitude)


@pytest.mark.parametrize(
    ("magnitude", "factors"), [(9, (0.55, 1.45)), (4, (0.8, 1.2)), (10, (0.5, 1.5)), (30, (0.5, 1.5))]
)
def test_factors(magnitude, factors):
    assert (1 - strength(magnitude), 1 + strength(magnitude)) == factors
    grey = np.full((1, 4, 4, 3), 0.5)
    for sign, factor in zip((-1, 1), factors, strict=True):
        np.testing.assert_allclose(apply("brightness", grey, sign, magnitude), 0.5 * factor, rtol=1e-6)


@pytest.mark.parametrize("magnitude", [9, 4])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_its_formula(name, sign, magnitude):
    result = np.asarray(apply(name, IMAGES, sign, magnitude))
    expected = np.stack([formula(name, image, 1 + sign * 0.05 * magnitude) for image in IMAGES])
    np.testing.assert_allclose(result, expected, rtol=0, atol=2e-6)
    assert result.min() >= 0 and result.max() <= 1
    if name in ("brightness", "contrast") and sign == 1 and magnitude == 9:
        assert ((result == 0) | (result == 1)).any()  # these images reach the clip


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("name", ["identity", "contrast", "colour", "autocontrast"])
def test_constant_image_stays(name, level):
    constant = np.full((2, 5, 5, 3), level)
    for sign in (-1, 1):
        np.testing.assert_allclose(apply(name, constant, sign, 9), constant, rtol=0, atol=1e-6)


def test_each_image_of_a_batch_has_its_own_operation():
    operation = jnp.arange(len(OPERATIONS))
    images = jnp.asarray(IMAGES[:5], jnp.float32)
    together = compiled(images, operation, jnp.ones(5, jnp.int32), 9)
    for index, name in enumerate(OPERATIONS):
        np.testing.assert_allclose(together[index], formula(name, IMAGES[index], 1.45), rtol=0, atol=2e-6)


@pytest.mark.parametrize("count", [1, 3])
def test_draws_are_applied_in_turn(count):
    key, images = jax.random.key(1), jnp.asarray(IMAGES, jnp.float32)
    expected = IMAGES
    operations, signs = map(np.asarray, draw_operations(key, count, len(IMAGES), len(OPERATIONS)))
    for operation, sign in zip(operations, signs, strict=True):
        chosen = zip(operation, expected, sign, strict=True)
        expected = np.stack([formula(OPERATIONS[o], x, 1 + 0.45 * s) for o, x, s in chosen])
    np.testing.assert_allclose(randaugment(key, images, RandAugment(count, 9.0)), expected, rtol=0, atol=5e-6)
