"""Attention to a saved tensor, positions on a grid, points, and tokens begun, joined and replaced, written out."""

import numpy as np
import pytest
import scipy.special
from lone_modules import build

from netspec import LayerError
from netspec import layers as L


def dense(x, part):
    return x @ np.asarray(part.kernel[...]) + np.asarray(part.bias[...])


def test_attention_is_a_weighted_mean_with_positions_in_queries_and_keys_only():
    layer = L.MultiHeadAttention(6, 2, "m", 4, "p", "q", inner=8, out_width=3)
    module = build(layer)
    rng = np.random.default_rng(0)
    x, m, p, q = (rng.standard_normal((1, *shape)).astype(np.float32) for shape in ((3, 6), (5, 4), (3, 6), (5, 4)))
    query, key, value = dense(x + p, module.query), dense(m + q, module.key), dense(m, module.value)
    heads = []
    for head in (slice(0, 4), slice(4, 8)):
        weights = scipy.special.softmax(query[..., head] @ key[..., head].swapaxes(1, 2) / 2, axis=-1)
        heads.append(weights @ value[..., head])
    expected = dense(np.concatenate(heads, axis=-1), module.out)
    np.testing.assert_allclose(np.asarray(module(x, m, p, q)), expected, atol=2e-6)


def test_attention_wants_a_position_for_each_token():
    with pytest.raises(LayerError, match="a position for each token"):
        L.MultiHeadAttention(6, 2, query_positions="p").output_shape((3, 6), (4, 6))


def test_separable_attention_multiplies_all_values_of_a_place_by_one_vector():
    module = build(L.SeparableAttention(4))
    x = np.random.default_rng(1).standard_normal((1, 4, 6, 4)).astype(np.float32)
    mapped = dense(x, module.mapped)
    mixed = np.zeros_like(x)
    for i in range(2):
        for j in range(2):
            part = mapped[:, i::2, j::2].reshape(6, 9)
            context = (scipy.special.softmax(part[:, 0])[:, None] * part[:, 1:5]).sum(0)
            mixed[:, i::2, j::2] = (np.maximum(part[:, 5:], 0) * context).reshape(1, 2, 3, 4)
    np.testing.assert_allclose(np.asarray(module(x)), dense(mixed, module.out), atol=2e-6)


def test_positions_of_a_grid():
    x = np.zeros((2, 3, 5, 1), np.float32)
    counted = np.asarray(build(L.GridPositions(8, "counted"))(x))
    scaled = np.asarray(build(L.GridPositions(8))(x))
    assert counted.shape == scaled.shape == (2, 3, 5, 8)
    # Columns first, from 0, with rates 1 and 1/100.
    np.testing.assert_allclose(counted[0, 2, 4, :4], [np.sin(4), np.sin(0.04), np.cos(4), np.cos(0.04)], atol=1e-6)
    np.testing.assert_allclose(counted[0, 2, 4, 4:], [np.sin(2), np.sin(0.02), np.cos(2), np.cos(0.02)], atol=1e-6)
    # Rows first; of the last, the angle is a whole turn.
    turn = 2 * np.pi
    np.testing.assert_allclose(scaled[0, 2, 0, :4], [0, 1, np.sin(turn / 100), np.cos(turn / 100)], atol=1e-5)
    np.testing.assert_allclose(scaled[0, 0, 1, 4:6], [np.sin(turn * 2 / 5), np.cos(turn * 2 / 5)], atol=1e-5)


def test_a_point_in_pixels_is_where_the_pixels_centre_is():
    centres = np.asarray(build(L.PixelCentres())(np.zeros((1, 4, 8, 3), np.float32)))
    points = np.asarray([[[0.0, 0.0], [7.0, 3.0]]], np.float32)
    shares = np.asarray(build(L.PointShares(4, 8))(points))
    np.testing.assert_allclose(shares[0], [centres[0, 0, 0], centres[0, 3, 7]], atol=1e-7)
    np.testing.assert_allclose(shares[0, 1], [7.5 / 8, 3.5 / 4], atol=1e-7)


def test_fourier_features_repeat_where_the_matrix_turns_them_round():
    module = build(L.FourierFeatures(2, 3))
    module.matrix[...] = np.asarray([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]], np.float32)
    x = np.asarray([[[0.25, 0.5], [0.75, 1.0]]], np.float32)
    found = np.asarray(module(x))
    np.testing.assert_allclose(found[0, 0], [0, 0, 0, -1, 1, 1], atol=1e-5)
    np.testing.assert_allclose(found[0, 0], found[0, 1], atol=1e-5)


def test_tokens_are_begun_joined_and_replaced():
    x = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    tokens = -np.ones((1, 2, 3), np.float32) * np.asarray([1, 2])[None, :, None]
    joined = np.asarray(build(L.JoinTokens("t"))(x, tokens))
    np.testing.assert_array_equal(joined, np.concatenate([tokens, x], axis=1))
    np.testing.assert_array_equal(build(L.DropTokens(2))(joined), x)
    marked = np.asarray(build(L.ReplaceMarked("ids", 9, "t"))(x, np.asarray([[9, 1, 9, 2]]), tokens))
    np.testing.assert_array_equal(marked[0], [tokens[0, 0], x[0, 1], tokens[0, 1], x[0, 3]])
    assert not np.asarray(build(L.NewTokens(2, 3, learned=False))(x)).any()
    begun = build(L.NewTokens(2, 3))
    np.testing.assert_array_equal(begun(np.zeros((5, 1))), np.broadcast_to(begun.tokens[0][...], (5, 2, 3)))


def test_products_shifts_and_scales():
    rng = np.random.default_rng(2)
    x, vectors = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 6, 5))
    x, vectors = x.astype(np.float32), vectors.astype(np.float32)
    found = np.asarray(build(L.DotProducts("v"))(x, vectors))
    np.testing.assert_allclose(found[1, 2, 3], vectors[1] @ x[1, 2, 3], rtol=1e-5)
    shift = build(L.ShiftChannels(5))
    np.testing.assert_allclose(shift(x), x + np.asarray(shift.shift[...]), rtol=1e-6)
    assert np.asarray(shift.shift[...]).any()
    scale = build(L.Condition(5, 6, "v", "identity", "scale"))
    vector = rng.standard_normal((2, 6)).astype(np.float32)
    factors = dense(vector, scale.projection)[:, None, None]
    np.testing.assert_allclose(np.asarray(scale(x, vector)), x * factors, rtol=2e-5, atol=1e-6)


def test_a_norm_without_gain_and_shift_has_mean_zero_and_variance_one():
    layer = L.LayerNorm(6, bias=False, scale=False)
    assert layer.params() == 0
    x = np.random.default_rng(3).standard_normal((2, 6)).astype(np.float32)
    found = np.asarray(build(layer)(x))
    np.testing.assert_allclose(found.mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(found.var(-1), 1, atol=1e-4)


def test_patches_put_together_again_are_the_image():
    image = np.arange(48, dtype=np.float32).reshape(1, 4, 6, 2)
    patches = image.reshape(1, 2, 2, 3, 2, 2).transpose(0, 1, 3, 2, 4, 5).reshape(1, 2, 3, 8)
    np.testing.assert_array_equal(build(L.DepthToSpace(2, "pixels"))(patches), image)
