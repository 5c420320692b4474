"""The whole of a step's augmentation: the nine cells, order, keys, and which draws depend on what."""

from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.config.cell import Augmentation, CutMix, Erasing, Mixup, RandAugment
from train.data.augment import Knob, augment_batch, prepare_eval, randaugment_book, randaugment_paper, smoothed_one_hot
from train.data.augment.base import to_unit

pytestmark = pytest.mark.slow

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH, STORED, SIZE, SMOOTHING = 16, 14, 12, 0.1
#: Labels are 0 .. BATCH - 1, one class per image, so that the targets say which image was mixed with which.
LABELS = jnp.arange(BATCH)
SEMANTICS = ["book", "paper"]
ERASING = Erasing(0.25, (0.02, 0.33), (0.3, 3.3))

CELLS = {
    "bare": {},
    "erase": {"erasing": ERASING},
    "mixup": {"mixup": Mixup(0.8)},
    "cutmix": {"cutmix": CutMix(1.0)},
    "cutmix-wd05": {"cutmix": CutMix(1.0)},
    "randaug": {"randaugment": RandAugment(2, 9.0)},
    "randaug-m4": {"randaugment": RandAugment(2, 4.0)},
    "full": {"mixup": Mixup(0.8), "erasing": ERASING},
    "recipe2": {"cutmix": CutMix(1.0), "erasing": ERASING, "randaugment": RandAugment(2, 9.0)},
}


def configuration(semantics, **knobs):
    return replace(Augmentation(semantics, True, True, None, None, None, None), **knobs)


def pictures():
    """No level of one image occurs in another: level modulo 16 is the position in the batch."""
    levels = np.random.default_rng(0).integers(0, 16, (BATCH, STORED, STORED, 3))
    return jnp.asarray((16 * levels + np.arange(BATCH)[:, None, None, None]).astype(np.uint8))


def augment(key, images, labels, config):
    return augment_batch(
        key, images, labels, config, image_size=SIZE, mean=MEAN, std=STD, classes=BATCH, label_smoothing=SMOOTHING
    )


@cache
def compiled(config):
    # Unoptimised code compiles in half the time; test_optimised_code_agrees holds it to the other kind.
    options = {"xla_backend_optimization_level": 0}
    return jax.jit(lambda key, images, labels: augment(key, images, labels, config), compiler_options=options)


def run(config, seed=0):
    x, targets = compiled(config)(jax.random.key(seed), pictures(), LABELS)
    return np.asarray(x), np.asarray(targets)


def shares(targets):
    """Row i: how much of each image of the batch is in image i, according to the targets."""
    return (targets - SMOOTHING / BATCH) / (1 - SMOOTHING)


def levels(x):
    return np.round((x * STD + MEAN) * 255).astype(np.uint8)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("semantics", SEMANTICS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_cell(cell, semantics):
    config = configuration(semantics, **CELLS[cell])
    x, targets = run(config)
    assert x.shape == (BATCH, SIZE, SIZE, 3) and x.dtype == np.float32 and np.isfinite(x).all()
    assert targets.shape == (BATCH, BATCH) and targets.dtype == np.float32
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=0, atol=1e-6)
    assert targets.min() >= SMOOTHING / BATCH - 1e-7

    again, same = run(config)
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(targets, same)
    assert (run(config, seed=1)[0] != x).any(), "another key gives another batch"


@pytest.mark.parametrize(
    ("semantics", "cell"), [("book", "cutmix"), ("book", "randaug"), ("book", "erase"), ("paper", "recipe2")]
)
def test_jit_and_eager_agree(semantics, cell):
    config = configuration(semantics, **CELLS[cell])
    eager_x, eager_targets = augment(jax.random.key(0), pictures(), LABELS, config)
    x, targets = run(config)
    np.testing.assert_allclose(x, eager_x, rtol=0, atol=2e-6)
    np.testing.assert_allclose(targets, eager_targets, rtol=0, atol=1e-7)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_optimised_code_agrees(semantics):
    """The other tests run unoptimised code; training runs this."""
    config = configuration(semantics, **CELLS["recipe2"])
    optimised = jax.jit(lambda key, images, labels: augment(key, images, labels, config))
    optimised_x, optimised_targets = optimised(jax.random.key(0), pictures(), LABELS)
    x, targets = run(config)
    np.testing.assert_allclose(x, optimised_x, rtol=0, atol=2e-6)
    np.testing.assert_allclose(targets, optimised_targets, rtol=0, atol=1e-7)


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_erasing_leaves_crops_and_flips_as_they_are(semantics):
    bare, _ = run(configuration(semantics))
    erased, _ = run(configuration(semantics, erasing=ERASING))
    same = np.isclose(bare, erased, rtol=0, atol=1e-6).all(axis=-1)
    untouched = same.all(axis=(1, 2))
    assert 0 < (~untouched).sum() < BATCH
    # Of an erased image all but the rectangle is bare; 0.33 and half a pixel on each side is the most it can take.
    assert same.mean(axis=(1, 2)).min() > 1 - (np.sqrt(0.33) + 1 / SIZE) ** 2


@pytest.mark.parametrize("semantics", SEMANTICS)
@pytest.mark.parametrize("cell", ["mixup", "full"])
def test_mixup_mixes_the_batch_of_the_cell_without_it(cell, semantics):
    without, _ = run(configuration(semantics, **{**CELLS[cell], "mixup": None}))
    x, targets = run(configuration(semantics, **CELLS[cell]))
    np.testing.assert_allclose(x, np.einsum("ij,jhwc->ihwc", shares(targets), without), rtol=0, atol=1e-5)
    own = np.diag(shares(targets))[shares(targets).max(axis=1) < 0.999]
    assert (np.ptp(own) < 1e-6) == (semantics == "book"), "one weight per batch in the book, one per image in the paper"


@pytest.mark.parametrize("semantics", SEMANTICS)
@pytest.mark.parametrize("cell", ["cutmix", "recipe2"])
def test_cutmix_pastes_from_the_batch_of_the_cell_without_it(cell, semantics):
    for seed in range(3):
        without, _ = run(configuration(semantics, **{**CELLS[cell], "cutmix": None}), seed)
        x, targets = run(configuration(semantics, **CELLS[cell]), seed)
        share = shares(targets)
        for i in range(BATCH):
            partner = int(np.argmax(np.where(np.arange(BATCH) == i, -1, share[i])))
            own = np.isclose(x[i], without[i], rtol=0, atol=1e-5).all(axis=-1)
            foreign = np.isclose(x[i], without[partner], rtol=0, atol=1e-5).all(axis=-1)
            assert (own | foreign).all()
            if cell == "cutmix":  # no level of one image occurs in another, so every pixel says whose it is
                assert abs((~own).mean() - (1 - share[i, i])) < 1e-5


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_randaugment_acts_on_the_crops_and_flips_of_the_bare_cell(semantics):
    bare = levels(run(configuration(semantics))[0])
    x, _ = run(configuration(semantics, randaugment=RandAugment(2, 9.0)))
    key = jax.random.fold_in(jax.random.key(0), Knob.RANDAUGMENT)
    if semantics == "book":
        expected = randaugment_book.randaugment(key, to_unit(jnp.asarray(bare)), RandAugment(2, 9.0))
        np.testing.assert_allclose(x * STD + MEAN, expected, rtol=0, atol=2e-6)
    else:
        expected = randaugment_paper.randaugment(key, jnp.asarray(bare), RandAugment(2, 9.0))
        np.testing.assert_array_equal(levels(x), expected)
    assert (levels(x) != bare).any(axis=(1, 2, 3)).sum() > BATCH / 2


def test_book_and_paper_share_crops_and_flips():
    np.testing.assert_array_equal(run(configuration("book"))[0], run(configuration("paper"))[0])


def test_crop_and_flip_can_be_switched_off_one_by_one():
    images = np.asarray(pictures())
    still = levels(run(replace(configuration("book"), random_crop=False, horizontal_flip=False))[0])
    np.testing.assert_array_equal(still, images[:, 1:13, 1:13])
    flipped = levels(run(replace(configuration("book"), random_crop=False))[0])
    cropped = levels(run(replace(configuration("book"), horizontal_flip=False))[0])
    both = levels(run(configuration("book"))[0])
    mirrored = (flipped != still).any(axis=(1, 2, 3))
    assert 0 < mirrored.sum() < BATCH
    np.testing.assert_array_equal(both, np.where(mirrored[:, None, None, None], cropped[:, :, ::-1], cropped))


def test_both_mixes_in_book_semantics_are_refused():
    config = configuration("book", mixup=Mixup(0.8), cutmix=CutMix(1.0))
    with pytest.raises(ValueError, match="mixup and cutmix are both set, but book semantics applies only one"):
        augment(jax.random.key(0), pictures(), LABELS, config)


def test_both_mixes_in_paper_semantics_alternate_at_random():
    mixup, cutmix = ({"mixup": Mixup(0.8)}, {"cutmix": CutMix(1.0)})
    took = []
    for seed in range(12):
        x, targets = run(configuration("paper", **mixup, **cutmix), seed)
        alone = [run(configuration("paper", **knob), seed) for knob in (mixup, cutmix)]
        took.append([np.allclose(x, a, rtol=0, atol=1e-5) and np.allclose(targets, t, atol=1e-6) for a, t in alone])
    assert all(sum(pair) == 1 for pair in took)
    assert 0 < sum(first for first, _ in took) < 12


def test_smoothed_one_hot_is_the_books():
    targets = np.asarray(smoothed_one_hot(jnp.array([3, 0]), 10, 0.1))
    assert targets[0, 3] == targets[1, 0] == pytest.approx(0.91)
    assert targets[0, 0] == targets[1, 9] == pytest.approx(0.01)
    floor = -(targets[0] * np.log(targets[0])).sum()
    assert floor == pytest.approx(0.5003, abs=1e-4)  # smallest possible loss, section 1 of the training semantics
    np.testing.assert_array_equal(smoothed_one_hot(jnp.array([1]), 3, 0.0), [[0, 1, 0]])


@pytest.mark.parametrize("semantics", SEMANTICS)
def test_constant_images_are_safe(semantics):
    images = jnp.full((BATCH, STORED, STORED, 3), 200, jnp.uint8)
    x, _ = compiled(configuration(semantics, **CELLS["recipe2"]))(jax.random.key(0), images, LABELS)
    assert np.isfinite(x).all()


def test_prepare_eval_normalises_the_centre():
    images = pictures()
    x = prepare_eval(images, image_size=SIZE, mean=MEAN, std=STD)
    assert x.dtype == jnp.float32
    centre = np.asarray(images)[:, 1:13, 1:13]
    np.testing.assert_allclose(x, (centre / 255 - MEAN) / STD, rtol=0, atol=1e-6)
    whole = prepare_eval(images, image_size=STORED, mean=MEAN, std=STD)
    np.testing.assert_array_equal(levels(np.asarray(whole)), images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 14, 14, 3), np.float32), "must be uint8"),
        (np.zeros((2, 14, 14, 1), np.uint8), r"\(B, H, W, 3\), got uint8 \(2, 14, 14, 1\)"),
        (np.zeros((2, 14, 11, 3), np.uint8), r"stored at \(14, 11\) pixels, fewer than image_size \(12, 12\)"),
        (np.zeros((14, 14, 3), np.uint8), r"\(B, H, W, 3\)"),
        (np.zeros((2, 11, 11, 3), np.uint8), r"stored at \(11, 11\) pixels, fewer than image_size \(12, 12\)"),
    ],
)
def test_unfit_images_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        augment(jax.random.key(0), jnp.asarray(images), jnp.zeros(2, jnp.int32), configuration("book"))
    with pytest.raises(ValueError, match=message):
        prepare_eval(jnp.asarray(images), image_size=SIZE, mean=MEAN, std=STD)


@pytest.mark.parametrize("name", ["erase", "cutmix", "recipe2"])
@pytest.mark.parametrize("semantics", SEMANTICS)
def test_pictures_that_are_not_square(name, semantics):
    """Crops, flips, boxes and maps keep to the height and width of their own; of a flat picture nothing moves."""
    config = configuration(semantics, **CELLS[name])
    images = jnp.broadcast_to((16 * jnp.arange(BATCH, dtype=jnp.uint8))[:, None, None, None], (BATCH, 9, 15, 3))
    view = {"image_size": (6, 12), "mean": MEAN, "std": STD}
    x, targets = augment_batch(
        jax.random.key(0), images, LABELS, config, **view, classes=BATCH, label_smoothing=SMOOTHING
    )
    assert x.shape == (BATCH, 6, 12, 3) and np.isfinite(x).all()
    np.testing.assert_allclose(targets.sum(-1), 1, rtol=1e-6)
    if name == "cutmix":  # what share of a picture is its own is the weight of its label
        whole = prepare_eval(images, **view)
        own = np.isclose(x, whole, atol=1e-6).all(-1).mean((1, 2))
        weight = (np.asarray(targets)[np.arange(BATCH), LABELS] - SMOOTHING / BATCH) / (1 - SMOOTHING)
        np.testing.assert_allclose(own, weight, atol=1e-5)
        assert (own < 1).any()
