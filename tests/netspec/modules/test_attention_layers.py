"""Modules of the attention layers: tensors as counted, shapes as announced, and who attends to whom."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attention_sequence import NUMERICS, build, call, check_built, check_gradients, filled, inputs_of, instances, normal
from flax import nnx

from netspec import layers as L
from netspec.modules.base import Numerics
from netspec.modules.mobile_vit_block import fold, unfold
from netspec.modules.swin import WindowAttention, join, partition, relative_position_index

pytestmark = pytest.mark.slow

KINDS = (L.SwinStage, L.PatchMerging, L.MobileViTBlock, L.TransformerDecoder, L.DETRHeads)
SWIN = L.SwinStage(12, 3, 20, 4, 2)

SMALL = [
    (SWIN, (8, 12, 12), ()),
    (SWIN, (6, 3, 12), ()),
    (L.PatchMerging(5, 7), (4, 6, 5), ()),
    (L.MobileViTBlock(6, 12, 3, 20, 1), (4, 6, 6), ()),
    (L.TransformerDecoder(12, 3, 20, 2, 5), (3, 3, 12), ()),
    (L.TransformerDecoder(12, 3, 20, 2, 0, memory="m", memory_width=7, causal=True), (5, 12), ((4, 7),)),
    (L.DETRHeads(12, 5), (6, 12), ()),
]


@pytest.mark.thinned(4)
@pytest.mark.parametrize(("layer", "arrived", "read"), instances(*KINDS) + SMALL, ids=str)
def test_built_tensors_are_those_counted(layer, arrived, read):
    check_built(layer, arrived, read)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("layer", "arrived", "read"), SMALL, ids=str)
def test_every_parameter_receives_a_gradient(layer, arrived, read):
    check_gradients(layer, arrived, read)


@pytest.mark.parametrize("window", [1, 2, 3, 7])
def test_relative_positions_are_numbered_by_their_difference(window):
    places = [(row, column) for row in range(window) for column in range(window)]
    index = relative_position_index(window)
    differences = {}
    for i, (row, column) in enumerate(places):
        for j, (other_row, other_column) in enumerate(places):
            differences.setdefault((row - other_row, column - other_column), set()).add(int(index[i, j]))
    # One number per difference, all of them used, in row-major order of the differences.
    assert [differences[key] for key in sorted(differences)] == [{n} for n in range((2 * window - 1) ** 2)]


def test_joined_windows_are_the_image():
    x = normal(2, 6, 9, 5)
    windows = partition(x, 3)
    assert np.array_equal(join(windows, 6, 9), x)
    assert np.array_equal(windows[1, 4].reshape(3, 3, 5), x[1, 3:6, 3:6])


def window_attention(shift):
    module = filled(lambda: WindowAttention(SWIN, shift, NUMERICS, nnx.Rngs(0)))
    # Much larger than at the start, so that leaving the bias out or indexing it wrongly shows.
    module.bias_table[...] *= 10
    return module


def dense_attention(module, x, shift):
    """The same attention for one image ``(H, W, d)`` over all pairs of places, written out in float64.

    Two places attend to each other if they lie in the same window of the grid moved by ``shift``.
    """
    height, width, d = x.shape
    w, heads = module.window, module.heads
    tokens = np.asarray(x, np.float64).reshape(-1, d)
    rows, columns = np.divmod(np.arange(height * width), width)
    cell = np.stack([(rows - shift[0]) // w, (columns - shift[1]) // w])
    allowed = (cell[:, :, None] == cell[:, None]).all(axis=0)
    qkv = tokens @ np.asarray(module.qkv.kernel) + np.asarray(module.qkv.bias)
    q, k, v = qkv.reshape(-1, 3, heads, d // heads).transpose(1, 2, 0, 3)
    down, right = (np.clip(place[:, None] - place, 1 - w, w - 1) for place in (rows, columns))
    bias = np.asarray(module.bias_table).reshape(2 * w - 1, 2 * w - 1, heads)[down + w - 1, right + w - 1]
    scores = q @ k.swapaxes(1, 2) / np.sqrt(d // heads) + bias.transpose(2, 0, 1)
    weights = np.where(allowed, np.exp(scores), 0)
    mixed = (weights / weights.sum(axis=-1, keepdims=True) @ v).swapaxes(0, 1).reshape(-1, d)
    return (mixed @ np.asarray(module.out.kernel) + np.asarray(module.out.bias)).reshape(x.shape)


@pytest.mark.parametrize(
    ("sides", "shift", "moved"),
    [((8, 12), 0, (0, 0)), ((8, 12), 2, (2, 2)), ((8, 8), 1, (1, 1)), ((4, 12), 2, (0, 2)), ((4, 4), 2, (0, 0))],
)
def test_window_attention_is_dense_attention_masked_to_the_moved_windows(sides, shift, moved):
    module = window_attention(shift)
    x = normal(2, *sides, 12)
    expected = np.stack([dense_attention(module, image, moved) for image in x])
    np.testing.assert_allclose(call(module, x), expected, atol=2e-5)


@pytest.mark.parametrize("shift", [0, 2])
def test_a_token_reaches_its_own_window_only(shift):
    module = window_attention(shift)
    x = normal(1, 8, 8, 12)
    reached = np.any(call(module, x.at[0, 1, 5].add(jnp.linspace(-1, 1, 12))) != call(module, x), axis=(0, 3))
    expected = np.zeros((8, 8), bool)
    if shift:
        expected[0:2, 2:6] = True
    else:
        expected[0:4, 4:8] = True
    assert np.array_equal(reached, expected)


def test_moving_the_image_by_a_window_moves_what_leaves_unshifted_windows():
    module = window_attention(0)
    x = normal(1, 12, 8, 12)
    moved = jnp.roll(x, (4, -4), (1, 2))
    np.testing.assert_allclose(call(module, moved), jnp.roll(call(module, x), (4, -4), (1, 2)), atol=1e-6)
    assert np.abs(call(module, jnp.roll(x, 1, 1)) - jnp.roll(call(module, x), 1, 1)).max() > 0.1


def test_shifted_windows_of_a_wide_image_do_not_see_what_is_around_them():
    # Inside, away from the seam, the shifted attention is the plain one of the image cut at the moved windows.
    x = normal(1, 12, 12, 12)
    inside = call(window_attention(2), x)[:, 2:10, 2:10]
    np.testing.assert_allclose(inside, call(window_attention(0), x[:, 2:10, 2:10]), atol=1e-6)


def test_padding_enters_as_zeros_and_is_cut_off():
    module = window_attention(0)
    x = normal(1, 6, 3, 12)
    padded = jnp.pad(x, ((0, 0), (0, 2), (0, 1), (0, 0)))
    assert np.array_equal(call(module, x), call(module, padded)[:, :6, :3])


def test_only_every_second_block_is_shifted():
    module = build(replace(SWIN, n_blocks=4))
    assert [block.attention.shift for block in module.layers] == [0, 2, 0, 2]


def test_patch_merging_puts_the_corners_side_by_side():
    module = build(L.PatchMerging(3, 5))
    x = normal(1, 4, 6, 3)
    block = np.asarray(x[0, 2:4, 4:6], np.float64)
    row = np.concatenate([block[0, 0], block[1, 0], block[0, 1], block[1, 1]])
    row = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
    row = row * np.asarray(module.norm.scale) + np.asarray(module.norm.bias)
    expected = row @ np.asarray(module.reduction.kernel) + np.asarray(module.reduction.bias)
    np.testing.assert_allclose(call(module, x)[0, 1, 2], expected, atol=1e-5)


def test_folding_undoes_unfolding():
    x = normal(2, 4, 6, 5)
    tokens = unfold(x)
    assert tokens.shape == (8, 6, 5)
    assert np.array_equal(tokens[4 + 1], x[1, 0::2, 1::2].reshape(6, 5))
    assert np.array_equal(fold(tokens, 4, 6), x)


def test_pixels_at_different_places_of_a_patch_do_not_attend_to_each_other():
    module = build(L.MobileViTBlock(6, 12, 3, 20, 2))
    x = normal(1, 4, 6, 12)

    @jax.jit
    def attend(x):
        tokens = unfold(x)
        for block in module.blocks:
            tokens = block(tokens)
        return fold(tokens, 4, 6)

    reached = np.any(attend(x.at[0, 2, 1].add(jnp.linspace(-1, 1, 12))) != attend(x), axis=(0, 3))
    expected = np.zeros((4, 6), bool)
    expected[0::2, 1::2] = True
    assert np.array_equal(reached, expected)


def test_a_mobile_vit_block_sees_the_whole_image():
    module = build(L.MobileViTBlock(6, 12, 3, 20, 1))
    module.eval()
    x = normal(1, 8, 8, 6)
    assert np.any(call(module, x.at[0, 0, 0].add(1.0)) != call(module, x), axis=-1).all()


@pytest.mark.parametrize("causal", [False, True])
def test_a_causal_decoder_does_not_look_ahead(causal):
    layer = L.TransformerDecoder(12, 3, 20, 2, 0, memory="m", memory_width=7, causal=causal)
    module = build(layer)
    x, memory = normal(1, 5, 12), normal(1, 4, 7, seed=1)
    before = call(module, x, memory)
    changed = np.any(call(module, x.at[:, 3].add(jnp.linspace(-1, 1, 12)), memory) != before, axis=(0, 2))
    assert changed.tolist() == [not causal] * 3 + [True, True]
    assert np.any(call(module, x, memory.at[:, 3].add(jnp.linspace(-1, 1, 7))) != before, axis=(0, 2)).all()


def test_a_decoder_block_is_its_formula():
    module = build(L.TransformerDecoder(6, 2, 10, 1, 0, memory="m"))
    block = module.blocks[0]
    x, memory = (np.asarray(normal(1, n, 6, seed=seed)) for seed, n in ((0, 3), (1, 4)))

    def norm(layer_norm, x):
        x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        return x * np.asarray(layer_norm.scale, np.float64) + np.asarray(layer_norm.bias)

    def linear(dense, x):
        return x @ np.asarray(dense.kernel, np.float64) + np.asarray(dense.bias)

    def attention(attention, x, memory):
        q, (k, v) = linear(attention.query, x), np.split(linear(attention.key_value, memory), 2, axis=-1)
        mixed = []
        for head in (slice(0, 3), slice(3, 6)):
            scores = np.exp(q[..., head] @ k[..., head].swapaxes(1, 2) / np.sqrt(3))
            mixed.append(scores / scores.sum(axis=-1, keepdims=True) @ v[..., head])
        return linear(attention.out, np.concatenate(mixed, axis=-1))

    y = x + attention(block.own, norm(block.norm1, x), norm(block.norm1, x))
    y = y + attention(block.cross, norm(block.norm2, y), memory)
    y = y + linear(block.fc2, np.maximum(linear(block.fc1, norm(block.norm3, y)), 0))
    np.testing.assert_allclose(call(module, x, memory), y, atol=1e-5)


def test_learned_queries_read_a_set():
    module = build(L.TransformerDecoder(12, 3, 20, 2, 5))
    x = normal(2, 3, 4, 12)
    leaves = call(module, x)
    assert leaves.shape == (2, 5, 12)
    # Without positions the memory is a set: its order does not matter, its contents do.
    np.testing.assert_allclose(call(module, x[:, ::-1]), leaves, atol=1e-5)
    assert np.abs(leaves[0] - leaves[1]).max() > 0.1
    assert np.abs(leaves[0, 0] - leaves[0, 1]).max() > 0.1


def test_boxes_lie_in_the_image():
    leaves = call(build(L.DETRHeads(12, 5)), 10 * normal(2, 6, 12))
    assert leaves["box"].min() >= 0
    assert leaves["box"].max() <= 1
    assert leaves["class"].min() < 0


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "arrived", "read"), SMALL, ids=str)
def test_half_precision_stays_near_single(layer, arrived, read):
    half = build(layer, Numerics(NUMERICS.scheme, jnp.bfloat16))
    inputs = inputs_of(layer, arrived, read)
    pairs = zip(jax.tree.leaves(call(build(layer), *inputs)), jax.tree.leaves(call(half, *inputs)), strict=True)
    for single, approximate in pairs:
        # bfloat16 keeps eight bits: a few of its steps in the root mean square.
        error = np.sqrt(np.mean((single - approximate.astype(jnp.float32)) ** 2) / np.mean(single**2))
        assert 1e-5 < error < 0.04
