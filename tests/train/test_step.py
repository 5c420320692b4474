"""The compiled programs: gradients, averages, precision, devices, and where randomness comes from."""

import dataclasses
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from train.step import Programs, accumulated
from train.tasks import learner_of

pytestmark = pytest.mark.slow

STEPS = 6


@pytest.fixture
def batch(digits_store):
    return digits_store.train.gather(np.arange(0, 96, 6))


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def run(cell, batch, seed=0, steps=3):
    programs = Programs(cell, learner_of(cell), STEPS)
    state = programs.init(seed)
    for _ in range(steps):
        state = programs.train(state, programs.place(batch))
    return programs, state


def test_parameters_are_those_of_the_spec(short_cell):
    cell = short_cell("bare")
    state = Programs(cell, learner_of(cell), STEPS).init(0)
    assert sum(leaf.size for leaf in leaves(state.params)) == netspec.find(cell.model).params
    assert all(leaf.dtype == np.float32 for leaf in leaves(state.params))


@pytest.mark.exhaustive
def test_initial_weights_follow_the_book(short_cell):
    """Kernels He-scaled and bounded at three deviations, positions sqrt(2/tokens), everything else constant."""
    cell = short_cell("bare")
    params = Programs(cell, learner_of(cell), STEPS).init(0).params["layers"]
    fc1 = np.asarray(params[1]["blocks"][0]["fc1"]["kernel"])
    std = np.sqrt(2 / 48)
    assert fc1.std() == pytest.approx(std, rel=0.03)
    assert np.abs(fc1).max() <= 3 * std
    table = np.asarray(params[0]["position_table"])
    assert table.std() == pytest.approx(np.sqrt(2 / 17), rel=0.1)
    assert (np.asarray(params[0]["class_token"]) == 0).all()
    assert (np.asarray(params[1]["norm"]["scale"]) == 1).all()
    assert (np.asarray(params[2]["bias"]) == 0).all()


def test_seed_decides_everything(short_cell, batch):
    cell = short_cell("recipe2")
    once, again, other = (run(cell, batch, seed)[1] for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(leaves(once), leaves(again), strict=True))
    assert not all((a == b).all() for a, b in zip(leaves(once.params), leaves(other.params), strict=True))


@pytest.mark.exhaustive
def test_steps_draw_differently(short_cell, batch):
    """With a learning rate of nearly zero the loss of the same batch still changes from step to step."""
    cell = short_cell("cutmix")
    cell = dataclasses.replace(cell, optimizer=dataclasses.replace(cell.optimizer, learning_rate=1e-12))
    programs = Programs(cell, learner_of(cell), STEPS)
    state, losses = programs.init(0), []
    for _ in range(3):
        before = float(state.sums["loss"])
        state = programs.train(state, programs.place(batch))
        losses.append(float(state.sums["loss"]) - before)
    assert len({round(loss, 2) for loss in losses}) == 3


@pytest.mark.exhaustive
def test_average_of_weights(short_cell, batch):
    cell = dataclasses.replace(short_cell("bare"), ema_decay=0.75)
    programs = Programs(cell, learner_of(cell), STEPS)
    state = programs.init(0)
    expected = leaves(state.params)
    for _ in range(3):
        state = programs.train(state, programs.place(batch))
        expected = [0.75 * old + 0.25 * new for old, new in zip(expected, leaves(state.params), strict=True)]
    for ours, by_hand in zip(leaves(programs.evaluated(state)), expected, strict=True):
        np.testing.assert_allclose(ours, by_hand, rtol=1e-5, atol=1e-7)


@pytest.mark.exhaustive
def test_average_is_what_is_measured(short_cell, batch):
    cell = dataclasses.replace(short_cell("bare"), ema_decay=0.999999)
    programs, state = run(cell, batch)
    masked = {**batch, "real": np.ones(len(batch["label"]), bool)}
    measured = float(programs.measure(state, programs.place(masked))["loss"])
    initial = float(programs.measure(programs.init(0), programs.place(masked))["loss"])
    assert measured == pytest.approx(initial, rel=1e-4)
    plain = float(programs.measure(state._replace(average=state.params), programs.place(masked))["loss"])
    assert abs(plain - initial) > 1e-3


@pytest.mark.exhaustive
def test_bfloat16_computes_near_float32_with_float32_weights(short_cell, batch):
    states = {p: run(dataclasses.replace(short_cell("bare"), precision=p), batch)[1] for p in ("float32", "bfloat16")}
    assert all(leaf.dtype == np.float32 for leaf in leaves(states["bfloat16"].params))
    exact, rough = (float(states[p].sums["loss"]) for p in ("float32", "bfloat16"))
    assert exact != rough
    assert rough == pytest.approx(exact, rel=2**-6)


@pytest.mark.exhaustive
def test_masked_images_count_nothing(short_cell, batch):
    programs, state = run(short_cell("bare"), batch, steps=1)
    whole = {**batch, "real": np.ones(16, bool)}
    spoiled = {k: v.copy() for k, v in whole.items()}
    spoiled["image"][10:] = 255
    spoiled["real"][10:] = False
    first = {**whole, "real": spoiled["real"]}
    a, b = (programs.measure(state, programs.place(x)) for x in (spoiled, first))
    assert {k: float(v) for k, v in a.items()} == {k: float(v) for k, v in b.items()}
    assert float(a["count"]) == 10


@pytest.mark.exhaustive
def test_top5_contains_top1(short_cell, batch):
    programs, state = run(short_cell("bare"), batch, steps=1)
    sums = programs.measure(state, programs.place({**batch, "real": np.ones(16, bool)}))
    assert 0 <= float(sums["top1"]) <= float(sums["top5"]) <= 16


def test_gradient_is_that_of_the_smoothed_loss(short_cell, batch):
    """One plain-gradient step, in float64, moves the weights by the gradient of the loss written out here."""
    cell = short_cell("mixup")
    # beta1 = beta2 = 0 and a huge epsilon make AdamW's step the gradient over epsilon.
    flat = dataclasses.replace(cell.optimizer, learning_rate=1.0, beta1=0.0, beta2=0.0, epsilon=1e3, weight_decay=0.0)
    cell = dataclasses.replace(cell, optimizer=flat, schedule=dataclasses.replace(cell.schedule, warmup_epochs=0))
    cell = dataclasses.replace(cell, precision="float64")

    def wide(leaf):
        return leaf.astype(jnp.float64) if leaf.dtype == jnp.float32 else jnp.copy(leaf)

    with jax.enable_x64(True):
        programs = Programs(cell, learner_of(cell), STEPS)
        before = programs.init(5)
        before = before._replace(
            **jax.tree.map(wide, {name: getattr(before, name) for name in ("params", "optimizer")})
        )
        start = jax.tree.map(jnp.copy, before.params)
        after = programs.train(before, programs.place(batch))
        _compare_with_the_loss_written_out(cell, batch, start, after.params)


def _compare_with_the_loss_written_out(cell, batch, start, after):
    from flax import nnx

    from train.data.augment import augment_batch

    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(jnp.uint32(5)), 1), 0)
    data = cell.dataset
    x, targets = augment_batch(
        key, batch["image"], batch["label"], cell.augmentation, image_size=data.image_size, mean=data.mean,
        std=data.std, classes=data.classes, label_smoothing=cell.label_smoothing,
    )  # fmt: skip
    spec = netspec.find(cell.model)
    graph = nnx.split(nnx.eval_shape(lambda: netspec.build(spec, nnx.Rngs(0), compute_dtype=jnp.float64)))[0]

    def loss(params):
        logits = nnx.merge(graph, nnx.State(params))(x)
        return -(targets * jax.nn.log_softmax(logits)).sum(-1).mean()

    gradient = jax.jit(jax.grad(loss))(start)
    for old, new, g in zip(leaves(start), leaves(after), leaves(gradient), strict=True):
        assert new.dtype == g.dtype == np.float64
        # Pictures are float32, and their last bits depend on what they are compiled with.
        np.testing.assert_allclose((old - new) * 1e3, g / (np.abs(g) / 1e3 + 1), rtol=1e-6, atol=2e-7)
    assert max(np.abs(g).max() for g in leaves(gradient)) > 0.1


def test_accumulated_steps_are_those_of_the_whole_batch(short_cell, batch):
    """Moments of the gradient and training sums, with soft labels, to the rounding of float32 sums."""
    cell = short_cell("mixup")
    states = {parts: run(dataclasses.replace(cell, accumulate=parts), batch, steps=1)[1] for parts in (1, 4)}
    found = {parts: leaves((state.optimizer, state.sums)) for parts, state in states.items()}
    for whole, parts in zip(found[1], found[4], strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=2e-5 * max(np.abs(whole).max(), 1e-3))


def test_accumulating_normalises_each_part_by_its_own_statistics():
    """With BatchNorm the running mean moves once per part, by a tenth of the way to the part's mean."""

    def gradient_of(rest, part, index):
        mean = part["x"].mean()
        return {"g": mean}, {"count": jnp.float32(2), "index": jnp.float32(index)}, 0.9 * rest + 0.1 * mean

    x = jnp.array([1.0, 10.0, 3.0, 30.0])  # parts take every other example
    gradient, sums, rest = accumulated(gradient_of, jnp.float32(0), {"x": x}, 2)
    assert (float(gradient["g"]), float(sums["count"]), float(sums["index"])) == (11.0, 4.0, 1.0)
    assert float(rest) == pytest.approx(0.9 * (0.1 * 2) + 0.1 * 20)


@pytest.mark.exhaustive
def test_step_0_of_the_faulty_baseline(short_cell, batch):
    """The log of the printed bare cell: ln 10 to six digits, whatever the images; and it learns."""
    cell = dataclasses.replace(short_cell("bare"), initialization="book-faulty")
    programs = Programs(cell, learner_of(cell), STEPS)
    state = programs.train(programs.init(0), programs.place(batch))
    assert float(state.sums["loss"]) / 16 == pytest.approx(2.302585, rel=1e-6)
    before = [np.asarray(leaf) for leaf in jax.tree.leaves(programs.init(0).params)]
    assert any((old != new).any() for old, new in zip(before, leaves(state.params), strict=True))


@pytest.mark.exhaustive
def test_importing_the_language_and_the_configuration_does_not_import_jax():
    program = "import sys, netspec, train.config, train.provenance, train.data.prepare; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
