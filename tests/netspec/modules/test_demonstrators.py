"""A block that is a flow, a memory that is attention, and capsules: each against its formula and its theory."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attention_sequence import NUMERICS, check_built, check_gradients
from flax import nnx
from scipy.linalg import expm

from netspec import layers as L
from netspec.modules import module_of
from netspec.modules.attention import attend
from netspec.modules.capsules import route, squash
from netspec.modules.hopfield import energy, retrieve
from netspec.modules.neural_ode import runge_kutta
from netspec.run.traced import multiply_adds

LAYERS = [
    (L.GroupNorm(6, 3), (4, 5, 6)),
    (L.NeuralODE(4, 2, groups=2), (5, 4, 4)),
    (L.Hopfield(6, 4, 5, n_steps=2), (7, 6)),
    (L.DynamicRouting(6, 3, 4, 5), (6, 3)),
]


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def drawn(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize(("layer", "arrived"), LAYERS, ids=str)
def test_every_tensor_is_counted_and_receives_a_gradient(layer, arrived):
    check_built(layer, arrived, ())
    check_gradients(layer, arrived, ())


@pytest.mark.parametrize(("layer", "arrived"), LAYERS, ids=str)
def test_products_are_as_many_as_counted(layer, arrived):
    graph, state = nnx.split(nnx.eval_shape(lambda: module_of(layer, NUMERICS, nnx.Rngs(0))))
    given = jax.ShapeDtypeStruct((1, *arrived), jnp.float32)
    traced = jax.jit(lambda state, x: nnx.merge(graph, state)(x)).trace(state, given)
    assert multiply_adds(traced.jaxpr.jaxpr) == layer.macs(arrived)


class TestFlow:
    def test_a_linear_field_gives_the_matrix_exponential_with_an_error_of_fourth_order(self):
        matrix, h = np.asarray(drawn(4, 4)), drawn(3, 4, seed=1)
        right = h @ expm(2 * matrix)

        def error(n_steps):
            return float(abs(runge_kutta(lambda h, t: h @ matrix, h, n_steps, end=2.0) - right).max())

        assert error(200) < 1e-6
        assert error(50) / error(100) == pytest.approx(16, rel=0.1)

    def test_a_field_of_time_alone_is_integrated(self):
        """Simpson's rule, which is exact for cubics."""
        found = runge_kutta(lambda h, t: jnp.full_like(h, 4 * t**3 - 2 * t), jnp.ones(2), 1, start=1.0, end=3.0)
        np.testing.assert_allclose(found, 1 + (81 - 9) - (1 - 1), rtol=1e-12)

    def test_backwards_it_returns_to_where_it_came_from(self):
        matrix, h = drawn(4, 4), drawn(4, seed=1)

        def field(h, t):
            return jnp.tanh(h @ matrix + t)

        there = runge_kutta(field, h, 400)
        np.testing.assert_allclose(runge_kutta(field, there, 400, 1.0, 0.0), h, rtol=1e-7)

    @pytest.mark.exhaustive
    def test_the_gradient_is_that_of_the_adjoint_equation(self):
        """``da/dt = −aᵀ ∂f/∂h`` backwards from the gradient at the end (Chen et al. 2018, eq. 4)."""
        matrix, h, weights = drawn(3, 3), drawn(3, seed=1), drawn(3, seed=2)

        def field(h, t):
            return jnp.tanh(matrix @ h)

        found = jax.grad(lambda h: runge_kutta(field, h, 300) @ weights)(h)

        def both(state, t):
            h, adjoint = state[:3], state[3:]
            return jnp.concatenate([field(h, t), -jax.vjp(lambda h: field(h, t), h)[1](adjoint)[0]])

        end = jnp.concatenate([runge_kutta(field, h, 300), weights])
        np.testing.assert_allclose(runge_kutta(both, end, 300, 1.0, 0.0)[3:], found, rtol=1e-8)


class TestMemory:
    @pytest.mark.parametrize("beta", [0.1, 1.0, 8.0])
    def test_no_step_raises_the_energy(self, beta):
        patterns, state = drawn(9, 5), 2 * drawn(20, 5, seed=1)
        energies = [energy(patterns, retrieve(patterns, state, beta, steps), beta) for steps in range(6)]
        assert (np.diff(energies, axis=0) <= 1e-12).all()
        assert (energies[0] > energies[-1]).all() and (energies[-1] >= 0).all()

    def test_one_step_finds_patterns_far_apart(self):
        patterns = 6 * jnp.eye(8)[:5] + 0.1 * drawn(5, 8)
        noisy = patterns + 0.3 * drawn(5, 8, seed=1)
        np.testing.assert_allclose(retrieve(patterns, noisy, 1.0), patterns, atol=1e-4)

    def test_one_step_is_attention_to_the_patterns(self):
        patterns, state = drawn(9, 4), drawn(2, 7, 4, seed=1)
        keys = jnp.broadcast_to(patterns, (2, 9, 4))[:, :, None]
        expected = attend(state[:, :, None], keys, keys)[:, :, 0]
        np.testing.assert_allclose(retrieve(patterns, state, 0.5), expected, rtol=1e-12)

    @pytest.mark.exhaustive
    def test_further_steps_need_no_further_parameters_and_change_what_leaves(self):
        one, three = (L.Hopfield(6, 4, 5, n_steps=steps) for steps in (1, 3))
        assert one.params() == three.params()
        numerics = replace(NUMERICS, compute_dtype=jnp.float64)
        modules = [module_of(layer, numerics, nnx.Rngs(0)) for layer in (one, three)]
        for module in modules:
            module.key.kernel.set_value(3 * drawn(6, 4))
        found = [module(drawn(1, 7, 6)) for module in modules]
        assert abs(found[0] - found[1]).max() > 1e-4


class TestCapsules:
    @pytest.mark.exhaustive
    def test_squashed_vectors_keep_their_direction_and_have_length_below_one(self):
        s = drawn(6, 4) * jnp.asarray([0.01, 0.1, 1, 3, 10, 100])[:, None]
        v, length = squash(s), jnp.linalg.norm(s, axis=-1)
        np.testing.assert_allclose(jnp.linalg.norm(v, axis=-1), length**2 / (1 + length**2), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose((v * s).sum(-1) / jnp.linalg.norm(v, axis=-1) / length, np.ones(6), rtol=1e-12)
        assert np.isfinite(jax.jacobian(squash)(jnp.zeros(4))).all()

    def test_routing_is_the_procedure_written_out(self):
        predictions = np.asarray(drawn(1, 5, 3, 2))
        logits = np.zeros((5, 3))
        for iteration in range(3):
            coupling = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            np.testing.assert_allclose(coupling.sum(axis=1), 1)
            parents = [
                squash(jnp.asarray(sum(coupling[i, j] * predictions[0, i, j] for i in range(5)))) for j in range(3)
            ]
            if iteration < 2:
                logits += [[predictions[0, i, j] @ np.asarray(parents[j]) for j in range(3)] for i in range(5)]
        np.testing.assert_allclose(route(jnp.asarray(predictions), 3)[0], np.stack(parents), rtol=1e-10)

    def test_agreement_raises_the_length_of_a_parent(self):
        """All predict the same for parent 0 and opposite things for parent 1."""
        one = jnp.asarray([1.0, 0.5])
        predictions = jnp.stack([jnp.tile(one, (4, 1)), jnp.stack([one, -one, one, -one])], axis=1)[None]
        lengths = [jnp.linalg.norm(route(predictions, steps)[0], axis=-1) for steps in (1, 3)]
        assert lengths[1][0] > lengths[0][0] > lengths[0][1]

    def test_the_longest_capsule_stays(self):
        x = drawn(3, 5, 4)
        kept = module_of(L.LongestCapsule(), NUMERICS, nnx.Rngs(0))(x)
        lengths = module_of(L.CapsuleLengths(), NUMERICS, nnx.Rngs(0))(x)
        for example in range(3):
            longest = int(lengths[example].argmax())
            assert np.array_equal(kept[example, longest], x[example, longest])
            assert not np.delete(kept[example], longest, axis=0).any()
