"""Modules of the sequence and coordinate layers: tensors as counted, shapes as announced, recurrences as published."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attention_sequence import NUMERICS, build, call, check_built, check_gradients, inputs_of, instances, normal
from flax import nnx

from netspec import layers as L
from netspec.modules.base import Numerics, module_of
from netspec.modules.mamba_block import selective_scan
from netspec.modules.time_condition import encode_time

pytestmark = pytest.mark.slow

KINDS = (
    *(L.OneHotDense, L.TokenPositionEmbed, L.LMHead, L.Highway, L.MambaBlock, L.WaveNetBlock),
    *(L.PositionalEncoding, L.NeRFMLP, L.TimeCondition),
)

SMALL = [
    (L.OneHotDense(7, 6), (9,), ()),
    (L.TokenPositionEmbed(7, 9, 6), (9,), ()),
    (L.TokenPositionEmbed(7, 12, 6, learned_positions=False), (9,), ()),
    (L.LMHead(6, 11), (9, 6), ()),
    (L.Highway(9), (4, 9), ()),
    (L.MambaBlock(8, 3, 2, 2), (5, 8), ()),
    (L.MambaBlock(20, 4, 1, 1), (2, 3, 20), ()),
    (L.WaveNetBlock(5, 7, 3), (11, 5), ()),
    (L.WaveNetBlock(5, 7, 2), (11, 1, 5), ()),
    (L.PositionalEncoding(3, 4), (2, 5, 3), ()),
    # Points enough that the rectified density is above zero at some.
    (L.NeRFMLP(12, 6, 12), (30, 12), ((30, 6),)),
    (L.TimeCondition(6, 4), (3, 4, 6), ((1,),)),
]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "arrived", "read"), instances(*KINDS) + SMALL, ids=str)
def test_built_tensors_are_those_counted(layer, arrived, read):
    check_built(layer, arrived, read)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "arrived", "read"), [case for case in SMALL if case[0].params()], ids=str)
def test_every_parameter_receives_a_gradient(layer, arrived, read):
    # The sum of the skips leaves a WaveNet stack, so what its last layer would pass on is not read.
    unread = (f"['layers'][{layer.n_layers - 1}]['residual']",) if isinstance(layer, L.WaveNetBlock) else ()
    check_gradients(layer, arrived, read, without=unread)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "arrived", "read"), [SMALL[index] for index in (4, 5, 7, 10, 11)], ids=str)
def test_half_precision_stays_near_single(layer, arrived, read):
    half = build(layer, Numerics(NUMERICS.scheme, jnp.bfloat16))
    inputs = inputs_of(layer, arrived, read)
    pairs = zip(jax.tree.leaves(call(build(layer), *inputs)), jax.tree.leaves(call(half, *inputs)), strict=True)
    for single, approximate in pairs:
        # bfloat16 keeps eight bits: a few of its steps in the root mean square.
        error = np.sqrt(np.mean((single - approximate.astype(jnp.float32)) ** 2) / np.mean(single**2))
        assert 1e-5 < error < 0.04


def test_a_look_up_is_the_product_with_a_one_hot_row():
    module = build(L.OneHotDense(7, 6))
    tokens = jnp.array([[3, 0, 6]])
    product = jax.nn.one_hot(tokens, 7) @ module.rows.embedding[...] + module.bias[...]
    np.testing.assert_allclose(call(module, tokens), product, atol=1e-6)


def test_the_place_of_a_token_is_added_where_it_is_learned():
    tokens = jnp.array([[3, 3, 3]])
    module = build(L.TokenPositionEmbed(7, 9, 6))
    np.testing.assert_allclose(call(module, tokens)[0], module.tokens.embedding[3] + module.positions[:3])
    rows = call(build(L.TokenPositionEmbed(7, 9, 6, learned_positions=False)), tokens)[0]
    assert np.array_equal(rows[0], rows[2])


def test_a_language_model_does_not_look_ahead():
    vocabulary, width = 11, 12
    layers = (
        L.TokenPositionEmbed(vocabulary, 6, width),
        L.TransformerEncoder(width, 3, 20, 2, causal=True),
        L.LMHead(width, vocabulary),
    )
    embed, encoder, head = map(build, layers)

    @jax.jit
    def model(tokens):
        return head(encoder(embed(tokens)))

    tokens = jnp.array([[1, 2, 3, 4, 5, 6]])
    changed = np.any(model(tokens.at[0, 4].set(9)) != model(tokens), axis=(0, 2))
    assert changed.tolist() == [False] * 4 + [True] * 2


def test_a_closed_gate_carries_and_an_open_one_transforms():
    module = build(L.Highway(9))
    x = normal(4, 9)
    transformed = np.maximum(x @ module.transform.kernel[...] + module.transform.bias[...], 0)
    gate = 1 / (1 + np.exp(-(x @ module.gate.kernel[...] + module.gate.bias[...])))
    np.testing.assert_allclose(call(module, x), gate * transformed + (1 - gate) * x, atol=1e-6)
    module.gate.bias[...] = jnp.full(9, -200.0)
    assert np.array_equal(call(module, x), x)
    module.gate.bias[...] = jnp.full(9, 200.0)
    np.testing.assert_allclose(call(module, x), transformed, atol=1e-6)


def test_gates_start_mostly_closed():
    assert np.array_equal(module_of(L.Highway(9), NUMERICS, nnx.Rngs(0)).gate.bias[...], np.full(9, -1.0))


def recurrence(x, step, decay, write, read):
    """The selective scan one token after the other, in float64."""
    x, step, decay, write, read = (np.asarray(array, np.float64) for array in (x, step, decay, write, read))
    state, leaves = np.zeros((x.shape[0], *decay.shape)), []
    for t in range(x.shape[1]):
        kept = np.exp(step[:, t, :, None] * decay)
        state = kept * state + (step[:, t] * x[:, t])[..., None] * write[:, t, None]
        leaves.append((state * read[:, t, None]).sum(axis=-1))
    return np.stack(leaves, axis=1)


@pytest.mark.parametrize("tokens", [1, 2, 37, 64])
def test_the_associative_scan_is_the_recurrence(tokens):
    x, raw = normal(2, tokens, 6), normal(2, tokens, 6, seed=1)
    step, decay = jnp.log1p(jnp.exp(raw)), -jnp.exp(normal(6, 4, seed=2))
    write, read = normal(2, tokens, 4, seed=3), normal(2, tokens, 4, seed=4)
    expected = recurrence(x, step, decay, write, read)
    np.testing.assert_allclose(selective_scan(x, step, decay, write, read), expected, atol=1e-5)


def test_mamba_does_not_look_ahead():
    module = build(L.MambaBlock(8, 3, 2, 2))
    x = normal(1, 9, 8)
    changed = np.any(call(module, x.at[0, 4].add(1.0)) != call(module, x), axis=(0, 2))
    assert changed.tolist() == [False] * 4 + [True] * 5


def test_the_state_of_mamba_reaches_further_than_its_convolution():
    module = build(L.MambaBlock(8, 3, 2, 1))
    x = normal(1, 12, 8)
    assert np.any(call(module, x.at[0, 0].add(1.0)) != call(module, x), axis=(0, 2)).all()
    # Without reading the state, what is left is the convolution over four tokens and the skip.
    rank = module.mixers[0].splits[0]
    module.mixers[0].selection.kernel[...] = module.mixers[0].selection.kernel[...].at[:, rank:].set(0)
    changed = np.any(call(module, x.at[0, 0].add(1.0)) != call(module, x), axis=(0, 2))
    assert changed.tolist() == [True] * 4 + [False] * 8


@pytest.mark.exhaustive
def test_mamba_starts_with_the_published_time_scales():
    mixer = module_of(L.MambaBlock(32, 4, 2, 1), NUMERICS, nnx.Rngs(0)).mixers[0]
    np.testing.assert_allclose(-np.exp(mixer.log_decay[...]), np.tile([-1.0, -2.0, -3.0, -4.0], (64, 1)), rtol=1e-6)
    steps = np.log1p(np.exp(np.asarray(mixer.step.bias[...], np.float64)))
    assert steps.min() >= 0.99e-3
    assert steps.max() <= 1.01e-1
    assert steps.max() / steps.min() > 10
    assert np.array_equal(mixer.skip[...], np.ones(64))


def test_wavenet_is_its_formula():
    module = build(L.WaveNetBlock(5, 7, 3))
    x = np.asarray(normal(1, 11, 5), np.float64)[0]
    h, total = x, 0
    for index, layer in enumerate(module.layers):
        past = np.concatenate([np.zeros((2**index, 5)), h])[: len(h)]
        kernel, bias = np.asarray(layer.filter_gate.kernel)[:, 0], np.asarray(layer.filter_gate.bias)
        filtered, gate = np.split(past @ kernel[0] + h @ kernel[1] + bias, 2, axis=-1)
        z = np.tanh(filtered) / (1 + np.exp(-gate))
        h = h + z @ np.asarray(layer.residual.kernel) + np.asarray(layer.residual.bias)
        total = total + z @ np.asarray(layer.skip.kernel) + np.asarray(layer.skip.bias)
    np.testing.assert_allclose(call(module, jnp.asarray(x[None], jnp.float32))[0], total, atol=1e-5)


@pytest.mark.parametrize("n_layers", [1, 3, 4])
def test_a_wavenet_stack_sees_two_to_the_layers_samples(n_layers):
    module = build(L.WaveNetBlock(5, 7, n_layers))
    x = normal(1, 24, 1, 5)
    reached = np.any(call(module, x.at[0, 3].add(1.0)) != call(module, x), axis=(0, 2, 3))
    assert np.flatnonzero(reached).tolist() == list(range(3, 3 + 2**n_layers))


def test_octaves_are_the_formula():
    p = np.asarray(normal(4, 3), np.float64)
    waves = np.stack([wave(2.0**k * np.pi * p) for k in range(10) for wave in (np.sin, np.cos)], axis=1)
    encoded = call(build(L.PositionalEncoding(3, 10)), jnp.asarray(p, jnp.float32))
    # One float32 step of the phase before the sine, which is below 2π here whatever the octave.
    np.testing.assert_allclose(encoded, waves.reshape(4, 60), atol=1e-6)


def test_high_octaves_keep_their_slope():
    module = build(L.PositionalEncoding(1, 8))
    slopes = jax.jit(jax.jacobian(module))(jnp.array([0.3]))[:, 0]
    k = np.arange(8)
    p = float(jnp.float32(0.3))
    expected = [2.0**k * np.pi * np.cos(2.0**k * np.pi * p), -(2.0**k) * np.pi * np.sin(2.0**k * np.pi * p)]
    np.testing.assert_allclose(slopes.reshape(8, 2), np.stack(expected, axis=1), rtol=1e-4, atol=1e-4)


def test_density_is_seen_alike_from_everywhere_and_colour_is_not():
    module = build(L.NeRFMLP(12, 6, 12))
    position = normal(30, 12)
    one, other = (call(module, position, normal(30, 6, seed=seed)) for seed in (1, 2))
    assert np.array_equal(one["density"], other["density"])
    assert np.abs(one["rgb"] - other["rgb"]).max() > 1e-3
    assert one["density"].min() >= 0
    assert one["density"].max() > 0
    assert one["rgb"].min() > 0
    assert one["rgb"].max() < 1


def test_time_is_encoded_from_single_steps_to_ten_thousand():
    time = jnp.array([[0.0], [1.0], [700.0]])
    rates = np.array([10000 ** (-k / 7) for k in range(8)])
    expected = np.concatenate([np.sin(time * rates), np.cos(time * rates)], axis=1)
    # A float32 step of the largest phase, 700, is 6e-5.
    np.testing.assert_allclose(encode_time(time, 8), expected, atol=1e-4)
    np.testing.assert_allclose(encode_time(time, 1), np.stack([np.sin(time), np.cos(time)], axis=1)[..., 0], atol=1e-4)


def test_time_is_added_alike_at_every_position():
    module = build(L.TimeCondition(6, 4))
    x = normal(2, 3, 4, 6)
    added = call(module, x, jnp.array([[3.0], [500.0]])) - x
    np.testing.assert_allclose(added, jnp.broadcast_to(added[:, :1, :1], added.shape), atol=1e-6)
    assert np.abs(added[0] - added[1]).max() > 0.1
