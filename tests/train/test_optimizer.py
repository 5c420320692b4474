"""Schedule and optimizer against the formulas and logged values of the published runs."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from train import config
from train.config.cell import Optimizer
from train.optimizer import kernels_only, learning_rate, make_optimizer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def book_cell(shipped):
    cells = config.load_experiment({**shipped, "dataset": "imagenette"}, ROOT / "config").cells
    return config.parse_cell(cells["bare"])


def with_schedule(cell, **changes):
    return dataclasses.replace(cell, schedule=dataclasses.replace(cell.schedule, **changes))


def test_rates_the_published_log_prints(book_cell):
    """Book ch. 10.3: epochs 10, 20, 40, 60 and 80, counted from one, of 295 steps."""
    rate = learning_rate(book_cell, 295)
    printed = {10: "0.000298", 20: "0.000275", 40: "0.000172", 60: "0.000054", 80: "0.000000"}
    for epoch, text in printed.items():
        for step in ((epoch - 1) * 295, epoch * 295 - 1):
            assert f"{float(rate(step)):.6f}" == text


def test_rates_of_the_step_schedule(book_cell):
    """The reruns since June 2026 print 0.000297 at epoch 10 and 0.000271 at epoch 20, at the epoch's last step."""
    rate = learning_rate(with_schedule(book_cell, granularity="step"), 295)
    assert f"{float(rate(10 * 295 - 1)):.6f}" == "0.000297"
    assert f"{float(rate(20 * 295 - 1)):.6f}" == "0.000271"
    assert float(rate(0)) == pytest.approx(3e-4 / (5 * 295), rel=1e-6)
    assert float(rate(5 * 295 - 1)) == pytest.approx(3e-4, rel=1e-6)
    assert float(rate(80 * 295 - 1)) == pytest.approx(0, abs=1e-11)


def test_curve_of_the_published_bare_cell(book_cell):
    """Every epoch's rate in the book's log, to the digits it keeps."""
    import pandas as pd

    curves = pd.read_csv(ROOT / "src/netspec/reference/book_ablation_curves.csv")
    log = curves[curves["cell"] == "vit-tiny-cutmix"]
    rate = learning_rate(book_cell, 295)
    ours = [float(rate((epoch - 1) * 295)) for epoch in log["epoch"]]
    assert len(ours) == 80
    np.testing.assert_allclose(ours, log["lr"], atol=5.1e-7)


@pytest.mark.parametrize(
    ("name", "floor", "half", "end"),
    [("cosine", 0.1, 0.55, 0.1), ("linear", 0.0, 0.5, 0.0), ("linear", 0.2, 0.6, 0.2), ("constant", 0.0, 1.0, 1.0)],
)
def test_shapes_of_the_fall(book_cell, name, floor, half, end):
    """Of 80 epochs, five of warm-up: the peak after them, and half-way and at the end of the other 75, as shares."""
    rate = learning_rate(with_schedule(book_cell, name=name, floor=floor, granularity="step"), 100)
    peak = book_cell.optimizer.learning_rate
    shares = [float(rate(step - 1)) / peak for step in (250, 500, 500 + 3750, 8000)]
    assert shares == pytest.approx([0.5, 1, half, end], abs=1e-6)


def test_a_run_in_steps_has_the_rates_of_the_same_run_in_epochs(book_cell):
    in_epochs = with_schedule(book_cell, granularity="step")
    in_steps = with_schedule(in_epochs, warmup_epochs=None, warmup_steps=5 * 295)
    every = {"evaluate_every_steps": 295, "checkpoint_every_steps": 295}
    in_steps = dataclasses.replace(in_steps, epochs=None, steps=80 * 295, **every)
    for step in (0, 1000, 1475, 9999, 80 * 295 - 1):
        assert float(learning_rate(in_steps, 7)(step)) == float(learning_rate(in_epochs, 295)(step))


@pytest.mark.parametrize("granularity", ["epoch", "step"])
def test_without_warmup_the_first_rate_is_the_peak(book_cell, granularity):
    rate = learning_rate(with_schedule(book_cell, granularity=granularity, warmup_epochs=0), 10)
    assert float(rate(0)) == pytest.approx(3e-4, rel=1e-4)
    values = np.array([float(rate(step)) for step in range(800)])
    assert (np.diff(values) <= 1e-12).all()


PARAMS = {
    "position_table": jnp.array([[0.3, -0.2]]),
    "class_token": jnp.array([[0.1, 0.7]]),
    "norm": {"scale": jnp.array([1.0, 2.0]), "bias": jnp.array([0.5, -0.5])},
    "dense": {"kernel": jnp.array([[0.5, -1.0], [2.0, 0.25]]), "bias": jnp.array([0.1, 0.2])},
}


def test_decay_mask():
    mask = kernels_only(PARAMS)
    assert mask["dense"] == {"kernel": True, "bias": False}
    assert mask["norm"] == {"scale": False, "bias": False}
    assert mask["class_token"] is mask["position_table"] is False


def tree(leaf):
    return {
        name: {k: leaf(v) for k, v in part.items()} if isinstance(part, dict) else leaf(part)
        for name, part in PARAMS.items()
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize("mask", ["kernels", "all"])
def test_two_steps_by_hand(book_cell, mask):
    """w <- w - lr m̂/(sqrt(v̂)+eps) - lr wd w, bias correction from t = 1, decay on the old value."""
    options = dataclasses.replace(book_cell.optimizer, weight_decay=0.3, decay_mask=mask, epsilon=1e-3)
    cell = dataclasses.replace(with_schedule(book_cell, warmup_epochs=0), optimizer=options)
    optimizer = make_optimizer(cell, 295)
    state, params = optimizer.init(PARAMS), PARAMS
    gradients = [tree(lambda v: jnp.sin(3 * v)), tree(lambda v: jnp.cos(v))]
    for gradient in gradients:
        updates, state = optimizer.update(gradient, state, params)
        params = {
            k: {n: v[n] + updates[k][n] for n in v} if isinstance(v, dict) else v + updates[k]
            for k, v in params.items()
        }

    def by_hand(w, grads, decayed):
        m = v = 0.0
        for t, g in enumerate(grads, start=1):
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            step = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-3)
            w = w - 3e-4 * step - 3e-4 * 0.3 * w * decayed
        return w

    for path in (("dense", "kernel"), ("dense", "bias"), ("norm", "scale"), ("class_token",)):
        w, grads, new = PARAMS, gradients, params
        for key in path:
            w, grads, new = w[key], [g[key] for g in grads], new[key]
        decayed = mask == "all" or path[-1] == "kernel"
        expected = by_hand(np.float64(w), [np.float64(g) for g in grads], decayed)
        np.testing.assert_allclose(new, expected, rtol=2e-7, atol=1e-9)


def test_clipping_bounds_the_global_norm(book_cell):
    options = dataclasses.replace(
        book_cell.optimizer, clip_norm=1.0, beta1=0.0, beta2=0.0, epsilon=1e3, weight_decay=0.0
    )
    cell = dataclasses.replace(with_schedule(book_cell, warmup_epochs=0), optimizer=options)
    optimizer = make_optimizer(cell, 295)
    huge = tree(lambda v: 1000 * v)
    updates, _ = optimizer.update(huge, optimizer.init(PARAMS), PARAMS)
    # With beta = 0 and a huge epsilon, Adam's step is the clipped gradient over epsilon.
    norm = np.sqrt(
        sum(
            float((u**2).sum())
            for part in updates.values()
            for u in (part.values() if isinstance(part, dict) else [part])
        )
    )
    assert norm == pytest.approx(3e-4 / 1e3, rel=2e-3)


def leaves(tree):
    return [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(tree)]


def test_clipping_differs_from_the_books_by_a_millionth(book_cell):
    """``min(1, c / (norm + 1e-6))`` against optax's ``min(1, c / norm)``, for norms on both sides of c = 1."""
    clip = optax.clip_by_global_norm(1.0)
    for norm in (0.5, 0.9999999, 1.0000001, 1.5, 40.0):
        gradient = {"w": jnp.full((4,), norm / 2)}
        ours = float(clip.update(gradient, clip.init(gradient))[0]["w"][0])
        book = min(1, 1 / (norm + 1e-6)) * norm / 2
        assert ours == pytest.approx(book, rel=1.2e-6)


@pytest.mark.parametrize("mask", ["kernels", "all"])
def test_three_steps_of_sgd_by_hand(book_cell, mask):
    """m <- 0.9 m + g + wd w; w <- w - lr m. PyTorch's SGD, without dampening."""
    options = Optimizer("sgd", 0.05, 0.3, mask, None, momentum=0.9)
    cell = dataclasses.replace(with_schedule(book_cell, warmup_epochs=0), optimizer=options)
    optimizer = make_optimizer(cell, 295)
    state, params = optimizer.init(PARAMS), PARAMS
    decay = kernels_only(PARAMS) if mask == "kernels" else jax.tree.map(lambda _: True, PARAMS)
    by_hand, sums = leaves(PARAMS), [0.0] * len(leaves(PARAMS))
    for step in range(3):
        gradient = tree(lambda v, step=step: jnp.sin((3 + step) * v))
        updates, state = optimizer.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        terms = zip(sums, leaves(gradient), by_hand, jax.tree.leaves(decay), strict=True)
        sums = [0.9 * m + g + 0.3 * w * decayed for m, g, w, decayed in terms]
        by_hand = [w - 0.05 * m for w, m in zip(by_hand, sums, strict=True)]
    for ours, expected in zip(leaves(params), by_hand, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-7)


def test_sgd_clips_the_gradient_before_the_decay_joins_it(book_cell):
    options = Optimizer("sgd", 1.0, 0.5, "all", 1.0, momentum=0.0)
    cell = dataclasses.replace(with_schedule(book_cell, warmup_epochs=0), optimizer=options)
    optimizer = make_optimizer(cell, 295)
    params = {"w": jnp.array([30.0, 40.0])}
    updates, _ = optimizer.update({"w": jnp.array([300.0, 400.0])}, optimizer.init(params), params)
    np.testing.assert_allclose(updates["w"], [-(0.6 + 15), -(0.8 + 20)], rtol=1e-6)


def test_warmup_of_the_imagenet_run(book_cell):
    """Companion repository: base (g + 1) / warm for g = 0, 1, …; 2502 steps an epoch at batch 512."""
    options = dataclasses.replace(book_cell.optimizer, learning_rate=5e-4)
    cell = dataclasses.replace(with_schedule(book_cell, granularity="step"), optimizer=options)
    rate = learning_rate(cell, 2502)
    for g in (0, 1, 2501, 4003, 5 * 2502 - 1):
        assert float(rate(g)) == pytest.approx(5e-4 * (g + 1) / (5 * 2502), rel=1e-6)
    assert float(rate(4003)) == pytest.approx(1.6e-4, rel=1e-3), "where it collapses without clipping: second epoch"
