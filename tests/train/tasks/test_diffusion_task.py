"""Diffusion: the schedule at its ends, an oracle that samplers must follow, distances against a library's."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from train import config
from train.config.places import Places
from train.config.schema import ConfigError
from train.step import Programs
from train.tasks import learner_of
from train.tasks.diffusion import check
from train.tasks.diffusion.judge import frechet, judged
from train.tasks.diffusion.noise import LEAST, MOST, TIMES, kept, noisy, with_time
from train.tasks.diffusion.pictures import nearest
from train.tasks.diffusion.sample import _drawn, ancestral, ddim


@pytest.fixture(scope="module")
def cells():
    return config.load_experiment({"main": "diffusion"}).cells


@pytest.fixture(scope="module")
def learner(cells):
    return learner_of(config.parse_cell(cells["plane"]))


def direct(function, *arrays):
    """``run`` without weights: what is called ignores its network."""
    return function(None, *arrays)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("DDPM (MNIST demo)", 118_449),
        ("DDPM-Digits", 118_449),
        ("DDPM (CIFAR-10 base80)", 2_943_923),
        ("DDPM (CIFAR-10 base80 sin/cos)", 2_948_963),
        ("DDPM (CIFAR-10 base64 sin/cos attention)", 2_679_427),
        ("DDPM (CIFAR-10 base64 attention)", 2_675_395),
        ("DDPM (CIFAR-10 base80 per block)", 2_962_963),
        ("DDPM (CIFAR-10 base96)", 4_237_731),
    ],
)
def test_the_networks_of_the_chapter_have_its_counts(name, params):
    assert netspec.find(name).params == params


def test_the_schedule_is_the_cosine_and_is_cut_at_its_ends():
    time = np.arange(0, TIMES + 1)
    by_hand = np.cos((time / TIMES + 0.008) / 1.008 * math.pi / 2) ** 2 / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    found = np.asarray(kept(jnp.asarray(time, jnp.float32)))
    assert found == pytest.approx(np.clip(by_hand, LEAST, MOST), abs=2e-6)
    assert (np.diff(found) <= 0).all() and (found[0], found[-1]) == pytest.approx((0.9999, 1e-4))


def test_a_picture_keeps_its_variance_on_the_way():
    key = jax.random.key(0)
    pictures, noise = jax.random.normal(key, (2, 4000, 4, 4, 1))
    for time in (1.0, 250.0, 700.0, 1000.0):
        assert float(noisy(pictures, noise, jnp.full(4000, time)).var()) == pytest.approx(1, abs=0.02)


def test_planes_tell_the_time():
    x = jnp.zeros((2, 3, 3, 1))
    time = jnp.array([0.0, 500.0])
    assert with_time(x, time, 1)[:, 1, 2].tolist() == [[0, 0], [0, 0.5]]
    eight = np.asarray(with_time(x, time, 8))[:, 0, 0, 1:]
    phase = math.pi * 0.5 * np.array([1, 2, 4, 8])
    assert eight[1] == pytest.approx([*np.sin(phase), *np.cos(phase)], abs=1e-6)
    assert eight[0].tolist() == [0] * 4 + [1] * 4


@pytest.mark.parametrize("name", ["plane", "sines", "per-block", "with-attention"])
def test_every_cell_takes_its_pictures(cells, name):
    learner = learner_of(config.parse_cell(cells[name]))
    batch = learner.example_batch(4, training=True)
    programs = Programs(config.parse_cell(cells[name]), learner, 10)
    inputs = learner.inputs
    leaves = jax.eval_shape(lambda: programs.network(programs._init(0, 0.1)) and inputs(jax.random.key(0), batch))
    assert leaves[0].shape == (4, 8, 8, 1)
    assert set(programs._sums()) == {"loss", "count"}


def test_a_network_that_knows_the_noise_has_no_error(learner):
    """And one that finds none has that of the noise's variance."""
    batch = learner.example_batch(64, training=True)
    pictures, noise, time = learner.inputs(jax.random.key(1), batch)
    assert float(pictures.min()) >= -1 and float(pictures.max()) <= 1
    assert float(time.min()) >= 1 and float(time.max()) <= TIMES
    assert float(learner.train_loss(lambda x: noise, (pictures, noise, time))[0]) == 0
    assert float(learner.train_loss(lambda x: 0 * noise, (pictures, noise, time))[0]) == pytest.approx(1, abs=0.1)


@pytest.mark.exhaustive
def test_filling_counts_in_no_figure(learner):
    batch = learner.example_batch(8, training=False)
    batch["real"][5:] = False
    sums = learner.measure(lambda x: jnp.zeros(x[..., :1].shape), batch, jax.random.key(0))
    assert float(sums["count"]) == float(sums["part_count"].sum()) == 5
    assert float(sums["part_error"].sum()) == pytest.approx(float(sums["loss"]), rel=1e-5)


class Oracle:
    """Finds the noise of which one picture is left, as the best network would if there were no other."""

    lowest, shape = -1.0, (4, 4, 1)

    def __init__(self):
        self.picture = jnp.asarray(np.random.default_rng(0).uniform(-0.9, 0.9, self.shape), jnp.float32)

    def found(self, network, x, time):
        left = kept(time)[:, None, None, None]
        return (x - jnp.sqrt(left) * self.picture) / jnp.sqrt(1 - left)


@pytest.mark.parametrize("sampler", [lambda *a: ddim(*a)[0], lambda *a: ancestral(*a, 1000)], ids=["ddim", "ancestral"])
def test_samplers_arrive_at_what_an_oracle_knows(sampler):
    oracle = Oracle()
    drawn = sampler(direct, oracle, jax.random.key(0), 6)
    assert np.abs(drawn - (np.asarray(oracle.picture) + 1) / 2).max() < 1e-3


class Normal:
    """Knows that pictures are normal with this mean and deviation, and finds the noise that is to be expected."""

    lowest, shape, mean, deviation = -1.0, (2, 2, 1), 0.1, 0.2

    def found(self, network, x, time):
        left = kept(time)[:, None, None, None]
        total = left * self.deviation**2 + 1 - left
        return (x - jnp.sqrt(left) * self.mean) * jnp.sqrt(1 - left) / total


@pytest.mark.parametrize(("steps", "noise"), [(400, 0.0), (250, 1.0)], ids=["ddim", "ancestral"])
def test_samples_have_the_moments_of_what_is_known(steps, noise):
    """Of both samplers, with many steps; ancestral sampling that is too quiet or too loud has another deviation."""
    drawn, _ = _drawn(direct, Normal(), jax.random.key(0), 500, steps, noise)
    values = 2 * drawn - 1
    assert values.mean() == pytest.approx(0.1, abs=0.02) and values.std() == pytest.approx(0.2, abs=0.015)


def test_the_same_key_draws_the_same(learner):
    one, two, other = (ddim(direct, Oracle(), jax.random.key(seed), 3)[1] for seed in (0, 0, 1))
    assert (one == two).all() and (one[0] != other[0]).any()
    assert len(one) == 50


def test_the_distance_is_that_of_its_definition():
    """Against scipy's square root of a matrix, and zero from oneself."""
    from scipy.linalg import sqrtm

    generator = np.random.default_rng(0)
    one, other = generator.normal(size=(80, 5)), generator.normal(size=(90, 5)) @ generator.normal(size=(5, 5)) + 1
    means, roots = [x.mean(0) for x in (one, other)], [np.cov(x, rowvar=False) for x in (one, other)]
    expected = ((means[0] - means[1]) ** 2).sum() + np.trace(sum(roots) - 2 * sqrtm(roots[0] @ roots[1]).real)
    assert frechet(one, other) == pytest.approx(expected, rel=1e-8)
    assert frechet(one, one) == pytest.approx(0, abs=1e-8)


def test_the_nearest_are_found_in_parts():
    generator = np.random.default_rng(0)
    among = generator.uniform(size=(5000, 2, 2, 1))
    pictures = among[[17, 4999, 4096]] + 1e-3
    index, distance = nearest(pictures, among)
    assert index.tolist() == [17, 4999, 4096] and distance == pytest.approx([2e-3] * 3, rel=1e-6)


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    found = load_digits()
    pictures = (found.images / 16)[..., None]
    return (pictures[:1300], found.target[:1300]), (pictures[1300:], found.target[1300:])


def test_the_judge_tells_real_from_copied_from_poor(digits):
    train, val = digits
    generator = np.random.default_rng(1)
    one_class = train[0][train[1] == 3]
    found = judged(
        {
            "held-out": val[0],
            "copied": train[0][:490],
            "noise": generator.uniform(size=(500, 8, 8, 1)),
            "collapsed": one_class[generator.integers(0, len(one_class), 500)],
        }
        | {"noisy": np.clip(val[0] + generator.normal(size=val[0].shape) * 0.3, 0, 1)},
        train,
        val,
    )
    assert found["held-out"]["frechet_ratio"] < 3 < found["noisy"]["frechet_ratio"] < found["noise"]["frechet_ratio"]
    assert found["copied"]["copies"] == 100 and found["held-out"]["copies"] < 2 and found["noise"]["copies"] == 0
    assert found["collapsed"]["coverage"] <= 5 < 25 < found["held-out"]["coverage"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "DDPM (MNIST demo)"}, r"expected noise of \(8, 8\) pixels"),
        ({"model": "ViT-Digits"}, r"expected noise of \(8, 8\) pixels"),
        ({"model": "tiny-DDPM"}, r"expected noise of \(8, 8\) pixels"),
        ({"label_smoothing": 0.1}, "'label_smoothing' is 0.1, expected 0"),
        ({"augmentation": {"cutmix": {"alpha": 1.0}}}, "'cutmix' changes what is to be drawn"),
        ({"dataset": {"stored_size": 10}}, r"'stored_size' is 10, expected image_size \(8\), or random_crop"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(cells, changes, says):
    cell = cells["plane"]
    merged = {key: {**cell[key], **value} if isinstance(value, dict) else value for key, value in changes.items()}
    with pytest.raises(ConfigError, match=says):
        check({**cell, **merged}, Places(*["here"] * 4))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_averaged_weights_are_judged_by_statistics_of_their_own(cells, tmp_path, monkeypatch):
    """The statistics that are published are those that the averaged weights have on training batches."""
    from train.data.prepare import prepare
    from train.loop import evaluate_weights, fit
    from train.tasks import opened

    monkeypatch.setattr("train.tasks.diffusion.learner.SAMPLED", 30)  # without optimisation, samples take minutes
    monkeypatch.setattr("train.tasks.diffusion.sample.DDIM", 5)
    length = {"steps": 6, "evaluate_every_steps": 3, "checkpoint_every_steps": 3}
    value = {**cells["plane"], **length, "schedule": {**cells["plane"]["schedule"], "warmup_steps": 1}}
    settings = {**value["task_settings"], "ancestral_steps": 4}
    cell = config.parse_cell({**value, "ema_decay": 0.9, "task_settings": settings})
    prepare(cell.dataset, tmp_path / "store")
    store = opened(cell, tmp_path / "store")
    summary = fit(cell, 0, store, tmp_path / "out", tmp_path / "saved")
    again = evaluate_weights(cell, tmp_path / "out/weights.npz", store)
    assert again["loss"] == pytest.approx(summary["metrics"]["loss"], rel=1e-6)
    names = {"samples.png", "trajectory.png", "neighbours.png", "error_by_time.csv", "judged.csv"}
    assert names <= {path.name for path in (tmp_path / "out").iterdir()}
    assert "\nancestral-4,frechet," in (tmp_path / "out/judged.csv").read_text()
    assert set(summary["metrics"]) == {"frechet_ratio", "frechet", "coverage", "copies", "loss"}
