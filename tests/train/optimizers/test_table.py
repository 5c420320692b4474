"""Optimizers by name: each against its formula in float64, what it decays, and that it lowers a loss."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from train.config import schema
from train.config.cell import Optimizer
from train.optimizer import kernels_only
from train.optimizers import BUILDERS, core
from train.optimizers.table import matrices

#: Rates at which a quadratic bowl of curvature 1 to 10 is descended in a hundred steps; 0.05 where not named.
RATES = {"adadelta": 50.0, "muon": 0.3, "adagrad": 0.5, "lion": 0.02, "sgd": 0.02, "momentum": 0.02, "nesterov": 0.02}
RATES |= {"schedule-free-sgd": 0.1, "schedule-free-adamw": 0.1, "adafactor": 0.2}
GIVEN = {"lars": {"trust": 0.1}}


def options(name, **given):
    """The options of a name with the defaults of the schema; adamw and sgd have none there."""
    if name == "adamw":
        given = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.0, "decay_mask": "kernels"} | given
    if name == "sgd":
        given = {"momentum": 0.9, "weight_decay": 0.0, "decay_mask": "kernels"} | given
    block = schema.completed({"optimizer": {"name": name, "learning_rate": 1.0, **given}}, "recipe")["optimizer"]
    return Optimizer(**block)


def constant(rate):
    return lambda count: rate


def offered(gradient_at, step):
    """What the loop gives a rule beside gradient, state and parameters."""
    return {"gradient_at": gradient_at, "key": jax.random.fold_in(jax.random.key(0), step)}


def descended(rule, params, gradient_at, steps):
    """Parameters and state after ``steps``."""
    state = rule.init(params)
    for step in range(steps):
        updates, state = rule.update(gradient_at(params), state, params, **offered(gradient_at, step))
        params = optax.apply_updates(params, updates)
    return params, state


def bowl():
    """Parameters of a kernel and a bias, and the loss Σ c (w − t)² / 2 with its gradient."""
    params = {"kernel": jnp.ones((4, 3)), "bias": jnp.full((3,), -1.0)}
    targets = {"kernel": jnp.sin(jnp.arange(12.0)).reshape(4, 3), "bias": jnp.array([0.5, 0.1, 0.9])}
    curved = {"kernel": jnp.linspace(1, 10, 12).reshape(4, 3), "bias": jnp.array([1.0, 3.0, 9.0])}

    def loss(params):
        return sum(jnp.sum(curved[k] * (params[k] - targets[k]) ** 2) / 2 for k in params)

    return params, loss, jax.jit(jax.grad(loss))


def test_every_name_of_the_schema_is_built():
    names = schema._schema("recipe.schema.yaml")["properties"]["optimizer"]["properties"]["name"]["enum"]
    assert {*names} == BUILDERS.keys()


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", BUILDERS)
def test_every_optimizer_lowers_a_loss(name):
    params, loss, gradient_at = bowl()
    rule = core(options(name, **GIVEN.get(name, {})), constant(RATES.get(name, 0.05)), kernels_only)
    found, state = descended(rule, params, gradient_at, 100)
    evaluated = found if rule.evaluated is None else rule.evaluated(state, found)
    assert float(loss(evaluated)) < 0.2 * float(loss(params))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((found, state)))


#: Beside them stands what a zero gradient leaves of a weight: nothing else than decay.
@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    "name", ["adamw", "adafactor", "lion", "lamb", "adan", "sophia", "muon", "schedule-free-adamw"]
)
def test_decay_apart_from_the_gradient_takes_rate_times_decay_of_kernels_alone(name):
    params = {"kernel": jnp.full((3, 2), 2.0), "bias": jnp.full((2,), 2.0)}
    rule = core(options(name, weight_decay=0.5, decay_mask="kernels"), constant(0.1), kernels_only)

    def none(params):
        return jax.tree.map(jnp.zeros_like, params)

    found, _ = descended(rule, params, none, 1)
    # LAMB's step is in proportion to the weight: with nothing but the decay in it, the rate times the weight.
    expected = {"lamb": 2.0 * (1 - 0.1), "adan": 2.0 / (1 + 0.05)}.get(name, 2.0 * (1 - 0.05))
    if name == "schedule-free-adamw":  # gradients are taken between the decayed weights and their average
        expected = 0.1 * 1.9 + 0.9 * 1.9
    np.testing.assert_allclose(found["kernel"], expected, rtol=1e-6)
    np.testing.assert_allclose(found["bias"], 2.0, rtol=1e-7)


@pytest.mark.parametrize("name", ["momentum", "nesterov", "adam", "rmsprop", "adagrad", "yogi", "nadam", "novograd"])
def test_decay_in_the_gradient_is_that_of_kernels_alone(name):
    params = {"kernel": jnp.full((3, 2), 2.0), "bias": jnp.full((2,), 2.0)}
    rule = core(options(name, weight_decay=0.5, decay_mask="kernels"), constant(0.1), kernels_only)
    found, _ = descended(rule, params, lambda params: jax.tree.map(jnp.zeros_like, params), 1)
    assert (np.asarray(found["kernel"]) < 2.0 - 1e-3).all()
    np.testing.assert_allclose(found["bias"], 2.0, rtol=2e-5)  # Yogi starts from averages of 1e-6


def by_hand(name, w, gradients, rate):
    """The weights of a vector after the steps, from the papers' formulas."""
    m = v = u = top = np.zeros_like(w)
    before = gradients[0]
    for t, g in enumerate(gradients, start=1):
        if name == "momentum":
            m = 0.9 * m + g
            w = w - rate * m
        elif name == "nesterov":
            m = 0.9 * m + g
            w = w - rate * (g + 0.9 * m)
        elif name == "adagrad":
            v = v + g**2
            w = w - rate * g / np.sqrt(v + 1e-10)
        elif name == "adadelta":
            v = 0.9 * v + 0.1 * g**2
            step = np.sqrt(u + 1e-6) / np.sqrt(v + 1e-6) * g
            u = 0.9 * u + 0.1 * step**2
            w = w - rate * step
        elif name == "rmsprop":
            v = 0.99 * v + 0.01 * g**2
            w = w - rate * g / (np.sqrt(v) + 1e-8)
        elif name in ("adam", "lamb"):
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + (1e-8 if name == "adam" else 1e-6))
            if name == "lamb":
                step = step * np.linalg.norm(w) / np.linalg.norm(step)
            w = w - rate * step
        elif name == "adamax":
            m, v = 0.9 * m + 0.1 * g, np.maximum(0.999 * v, np.abs(g))
            w = w - rate / (1 - 0.9**t) * m / (v + 1e-8)
        elif name == "lion":
            w = w - rate * np.sign(0.9 * m + 0.1 * g)
            m = 0.99 * m + 0.01 * g
        elif name == "lars":
            m = 0.9 * m + rate * 0.001 * np.linalg.norm(w) / np.linalg.norm(g) * g
            w = w - m
        elif name == "adan":
            change = g - before
            m, u = 0.98 * m + 0.02 * g, 0.92 * u + 0.08 * change
            v = 0.99 * v + 0.01 * (g + 0.92 * change) ** 2
            ahead = m / (1 - 0.98**t) + 0.92 * u / (1 - 0.92**t)
            w = w - rate * ahead / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
        elif name == "amsgrad":
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            top = np.maximum(top, v / (1 - 0.999**t))
            w = w - rate * m / (1 - 0.9**t) / (np.sqrt(top) + 1e-8)
        before = g
    return w


NAMES = ["momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamax", "amsgrad", "lion", "lamb", "lars"]


@pytest.mark.thinned(3)
@pytest.mark.parametrize("name", [*NAMES, "adan"])
def test_four_steps_by_the_formula(name):
    """In float64, on a kernel of one column, so that a layer is what the formulas call a vector."""
    start = np.array([0.5, -1.0, 2.0, 0.25])
    gradients = [np.sin((3 + step) * start) for step in range(4)]
    with jax.enable_x64(True):
        rule = core(options(name), constant(0.01), kernels_only)
        params = {"kernel": jnp.asarray(start)[:, None]}
        state = rule.init(params)
        for step, gradient in enumerate(gradients):
            given = {"kernel": jnp.asarray(gradient)[:, None]}
            updates, state = rule.update(given, state, params, **offered(None, step))
            params = optax.apply_updates(params, updates)
        np.testing.assert_allclose(params["kernel"][:, 0], by_hand(name, start, gradients, 0.01), rtol=1e-10)


def test_muon_moves_a_kernel_by_a_nearly_orthogonal_matrix_of_adams_size():
    """The step of rate 1 has singular values of about 0.2 √(larger side); what is no kernel is AdamW's."""
    gradient = {"kernel": jax.random.normal(jax.random.key(1), (24, 16)), "bias": jnp.array([3.0, -0.01])}
    params = jax.tree.map(jnp.zeros_like, gradient)
    rule = core(options("muon"), constant(1.0), kernels_only)
    updates, _ = rule.update(gradient, rule.init(params), params)
    values = np.linalg.svd(np.asarray(updates["kernel"]), compute_uv=False) / (0.2 * np.sqrt(24))
    assert 0.6 < values.min() < values.max() < 1.3
    np.testing.assert_allclose(updates["bias"], [-1, 1], rtol=1e-5)
    left, _, right = np.linalg.svd(np.asarray(gradient["kernel"]), full_matrices=False)
    turned = -np.asarray(updates["kernel"]) / (0.2 * np.sqrt(24))
    assert np.trace((left @ right).T @ turned) > 0.9 * 16 * 0.85


def test_muon_reads_a_convolution_as_inputs_by_outputs():
    params = {"conv": {"kernel": jnp.ones((3, 3, 2, 5)), "bias": jnp.ones(5)}, "scale": {"kernel": jnp.ones(4)}}
    found = matrices(params)
    assert (found["conv"]["kernel"].reduction_axis, found["conv"]["kernel"].output_axis) == ((0, 1, 2), 3)
    assert found["conv"]["bias"] is found["scale"]["kernel"] is None


def test_adafactor_keeps_rows_and_columns():
    params = {"kernel": jnp.ones((64, 32)), "bias": jnp.ones(32)}

    def numbers(name, **given):
        state = core(options(name, **given), constant(0.1), kernels_only).init(params)
        return sum(leaf.size for leaf in jax.tree.leaves(state))

    assert numbers("adafactor", factored_from=16) < 64 + 32 + 32 + 16
    assert numbers("adafactor") > 64 * 32
    assert numbers("adam") >= 2 * (64 * 32 + 32)
    assert numbers("lion") < 1.1 * (64 * 32 + 32) < numbers("adan") / 2.5


@pytest.mark.exhaustive
def test_adamw_and_sgd_are_what_they_were_to_the_last_bit():
    """The transformations that runs had before optimizers were looked up by name."""
    params, _, gradient_at = bowl()
    before = {
        "adamw": optax.chain(
            optax.clip_by_global_norm(1.0),
            optax.adamw(0.01, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.3, mask=kernels_only),
        ),
        "sgd": optax.chain(
            optax.clip_by_global_norm(1.0), optax.add_decayed_weights(0.3, kernels_only), optax.sgd(0.01, 0.9)
        ),
    }
    for name, transformation in before.items():
        from train.optimizers import after

        rule = after(
            [optax.clip_by_global_norm(1.0)], core(options(name, weight_decay=0.3), constant(0.01), kernels_only)
        )
        expected, state = params, transformation.init(params)
        for _ in range(5):
            updates, state = transformation.update(gradient_at(expected), state, expected)
            expected = optax.apply_updates(expected, updates)
        found, _ = descended(rule, params, gradient_at, 5)
        assert all((a == b).all() for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True))


def test_a_schedule_free_average_weighs_steps_by_the_largest_rate_so_far():
    """x is the mean of z over the steps, weighed by its square; gradients are at 0.1 z + 0.9 x."""
    rates = np.array([0.1, 0.2, 0.3, 0.05])
    with jax.enable_x64(True):
        rule = core(options("schedule-free-sgd"), lambda count: jnp.asarray(rates)[count], kernels_only)
        params = {"kernel": jnp.array([[1.0], [-2.0]])}
        state, y = rule.init(params), params
        z = x = np.array([1.0, -2.0])
        weight = 0.0
        for step, rate in enumerate(rates):
            at = np.asarray(y["kernel"])[:, 0]
            np.testing.assert_allclose(at, 0.1 * z + 0.9 * x, rtol=1e-12)
            updates, state = rule.update({"kernel": jnp.asarray(3 * at)[:, None]}, state, y, **offered(None, step))
            y = optax.apply_updates(y, updates)
            z = z - rate * 3 * at
            largest = rates[: step + 1].max()
            weight += largest**2
            x = x + largest**2 / weight * (z - x)
        np.testing.assert_allclose(rule.evaluated(state, y)["kernel"][:, 0], x, rtol=1e-10)
