"""Mixup and CutMix: weights, boxes, partners, labels."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from train.data.augment.mix import Mix, apply_mix, choose, draw_cutmix, draw_mixup

pytestmark = pytest.mark.slow

BATCH, SIZE, COUNT = 4, 24, 4000
SEMANTICS = ["book", "paper"]
DRAWS = {"mixup": draw_mixup, "cutmix": partial(draw_cutmix, size=SIZE)}


#: Unoptimised code, which compiles in half the time.
FAST = {"xla_backend_optimization_level": 0}


@cache
def draws(kind, semantics, alpha=1.0):
    """``COUNT`` draws with keys of their own; every array has a leading axis for them."""
    draw = jax.vmap(partial(DRAWS[kind], batch=BATCH, alpha=alpha, semantics=semantics))
    return Mix(*map(np.asarray, jax.jit(draw, compiler_options=FAST)(jax.random.split(jax.random.key(0), COUNT))))


def one(mix, index):
    """One draw out of many."""
    return jax.tree.map(lambda leaf: leaf[index], mix)


def within(sample, mean, deviation):
    """Whether a sample mean is within four standard errors of what it should be."""
    return abs(np.mean(sample) - mean) < 4 * deviation / np.sqrt(np.size(sample))


@pytest.mark.exhaustive
def test_book_mixup_has_one_reflected_weight_per_batch():
    mix = draws("mixup", "book", 0.8)
    weight = mix.label.ravel()
    assert mix.pixels.shape == (COUNT, 1, 1, 1, 1)
    np.testing.assert_array_equal(mix.pixels.ravel(), weight)
    assert weight.min() >= 0.5
    density = stats.beta(0.8, 0.8).pdf
    mean = 2 * integrate.quad(lambda w: w * density(w), 0.5, 1)[0]
    deviation = np.sqrt(2 * integrate.quad(lambda w: (w - mean) ** 2 * density(w), 0.5, 1)[0])
    assert mean == pytest.approx(0.772, abs=0.002)  # the replayed stream of the book's runs
    assert within(weight, mean, deviation)
    assert within((weight - mean) ** 2, deviation**2, deviation**2)  # a flat density: kurtosis below 2


@pytest.mark.exhaustive
def test_paper_mixup_has_one_weight_per_image_not_reflected():
    mix = draws("mixup", "paper", 0.8)
    weight = mix.label[..., 0]
    assert mix.pixels.shape == (COUNT, BATCH, 1, 1, 1)
    np.testing.assert_array_equal(mix.pixels[..., 0, 0, 0], weight)
    expected = stats.beta(0.8, 0.8)
    assert expected.std() == pytest.approx(0.310, abs=0.001)  # section 5 of the book's training semantics
    assert within(weight, 0.5, expected.std())
    assert stats.kstest(weight.ravel(), expected.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(weight[:, 0], weight[:, 1])[0, 1]) < 4 / np.sqrt(COUNT)


@pytest.mark.parametrize("kind", DRAWS)
def test_partner_is_a_uniform_permutation(kind):
    partner = draws(kind, "book", {"mixup": 0.8, "cutmix": 1.0}[kind]).partner
    np.testing.assert_array_equal(np.sort(partner, axis=1), np.tile(np.arange(BATCH), (COUNT, 1)))
    permutations, counts = np.unique(partner, axis=0, return_counts=True)
    assert len(permutations) == 24
    mean = COUNT / 24
    assert ((counts - mean) ** 2 / mean).sum() < 23 + 4 * np.sqrt(46)


def pasted_area(size, weights=4001):
    """Mean and deviation of the pasted fraction for a uniform weight, by enumeration of weights and centres."""
    weight = (np.arange(weights) + 0.5) / weights
    half = np.floor(size * np.sqrt(1 - weight)).astype(int)[:, None] // 2
    centre = np.arange(size)
    length = np.minimum(centre + half, size) - np.maximum(centre - half, 0)
    mean = (length.mean(axis=1) ** 2).mean() / size**2
    square = ((length.astype(float) ** 2).mean(axis=1) ** 2).mean() / size**4
    return mean, np.sqrt(square - mean**2)


def test_uniform_weights_paste_the_area_of_the_book():
    size, count = 224, 6000
    draw = jax.vmap(lambda key: draw_cutmix(key, 2, size, 1.0, "book").label)
    pasted = 1 - np.asarray(jax.jit(draw)(jax.random.split(jax.random.key(0), count)))
    assert pasted.size == count  # one box per batch
    mean, deviation = pasted_area(size)
    assert within(pasted, mean, deviation)
    # The replayed stream had 0.325, with weights that averaged 0.485 for lack of randomness; a uniform draw has 0.317.
    assert mean == pytest.approx(0.325, abs=0.01)
    assert pasted.max() > 0.9 and pasted.min() < 0.01  # not reflected: a partner can cover nearly all


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_cutmix_boxes_are_even_rectangles_whose_area_is_the_label_weight(semantics):
    mix = draws("cutmix", semantics)
    per_batch = 1 if semantics == "book" else BATCH
    assert mix.pixels.shape == (COUNT, per_batch, SIZE, SIZE, 1)
    foreign = 1 - mix.pixels[..., 0].reshape(-1, SIZE, SIZE)
    weight = mix.label.ravel()
    np.testing.assert_allclose(1 - weight, foreign.mean(axis=(1, 2)), rtol=0, atol=1e-6)
    rows, columns = foreign.any(axis=2), foreign.any(axis=1)
    np.testing.assert_array_equal(foreign, rows[:, :, None] * columns[:, None, :])
    for side in (rows, columns):
        touches = side[:, 0] | side[:, -1]
        inside = side.sum(axis=1)[~touches]
        assert (inside % 2 == 0).all() and inside.max() > SIZE / 2
        assert (side[:, 1:] & ~side[:, :-1]).sum(axis=1).max() <= 1  # contiguous
    whole = rows.sum(axis=1)[~(rows[:, 0] | rows[:, -1] | columns[:, 0] | columns[:, -1])]
    across = columns.sum(axis=1)[~(rows[:, 0] | rows[:, -1] | columns[:, 0] | columns[:, -1])]
    np.testing.assert_array_equal(whole, across)  # square until it is cut


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_cutmix_area_is_the_same_in_both_semantics(semantics):
    assert within(1 - draws("cutmix", semantics).label, *pasted_area(SIZE))


def test_paper_cutmix_boxes_of_a_batch_are_independent():
    label = draws("cutmix", "paper").label[..., 0]
    assert abs(np.corrcoef(label[:, 0], label[:, 1])[0, 1]) < 4 / np.sqrt(COUNT)


@pytest.mark.exhaustive
def test_cutmix_alpha_shapes_the_box():
    """Beta(0.2, 0.2) has its weight at the ends: more very small and very large boxes than the uniform draw."""
    assert draws("cutmix", "book", 0.2).label.std() > draws("cutmix", "book").label.std() + 0.05


def batch():
    """Images whose levels tell them apart, image i between 10 i and 10 i + 1, and one-hot targets."""
    noise = np.random.default_rng(0).random((BATCH, SIZE, SIZE, 3), np.float32)
    return jnp.asarray(noise + 10 * np.arange(BATCH, dtype=np.float32)[:, None, None, None]), jnp.eye(BATCH)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_mixup_mixes_images_and_labels_with_the_same_weight(semantics):
    x, targets = batch()
    for index in range(5):
        mixed, soft = apply_mix(one(draws("mixup", semantics, 0.8), index), x, targets)
        np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=0, atol=1e-6)
        np.testing.assert_allclose(mixed, np.einsum("ij,jhwc->ihwc", soft, x), rtol=2e-6, atol=1e-5)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_cutmix_label_weight_is_the_fraction_of_foreign_pixels(semantics):
    x, targets = batch()
    for index in range(20):
        mixed, soft = map(np.asarray, apply_mix(one(draws("cutmix", semantics), index), x, targets))
        source = np.floor(mixed / 10).astype(int)
        np.testing.assert_array_equal(mixed, np.take_along_axis(np.asarray(x), source, axis=0))
        share = np.stack([(source == i).mean(axis=(1, 2, 3)) for i in range(BATCH)], axis=1)
        np.testing.assert_allclose(soft, share, rtol=0, atol=1e-6)


@pytest.mark.exhaustive
def test_choose_takes_either_for_the_whole_batch_half_of_the_time():
    mixup, cutmix = one(draws("mixup", "paper", 0.8), 0), one(draws("cutmix", "paper"), 1)
    keys = jax.random.split(jax.random.key(7), COUNT)
    chosen = jax.jit(jax.vmap(choose, (0, None, None)))(keys, mixup, cutmix)
    took = [np.asarray((chosen.label == kind.label).all(axis=(1, 2))) for kind in (mixup, cutmix)]
    assert (took[0] ^ took[1]).all()
    assert within(took[0], 0.5, 0.5)
    for kind, at in zip((mixup, cutmix), took, strict=True):
        assert (chosen.partner[at] == kind.partner).all()
        assert (chosen.pixels[at] == kind.pixels).all()
