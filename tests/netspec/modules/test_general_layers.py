"""Norms, pools, gates and what moves pixels, against sums written out."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from lone_modules import build, draw

from netspec import LayerError, Several
from netspec import layers as L


def test_space_to_depth_undoes_depth_to_space():
    (x,) = draw((4, 6, 8))
    np.testing.assert_array_equal(build(L.SpaceToDepth(2))(build(L.DepthToSpace(2))(x)), x)


def test_an_average_window_over_the_end_takes_what_is_there():
    """PyTorch's ceil_mode: the padding counts, what lies beyond it does not."""
    x = jnp.arange(1.0, 6.0).reshape(1, 5, 1, 1)
    pool = build(L.AvgPool((3, 1), (2, 1), (1, 0), ceil=True))
    np.testing.assert_allclose(pool(x).reshape(-1), [1, 3, 3])
    pool = build(L.AvgPool((2, 1), (2, 1), ceil=True))
    np.testing.assert_allclose(pool(x).reshape(-1), [1.5, 3.5, 5])
    pool = build(L.AvgPool((3, 1), (2, 1), (1, 0), count_padding=False, ceil=True))
    np.testing.assert_allclose(pool(x).reshape(-1), [1.5, 3, 4.5])


def test_a_response_norm_starts_as_the_identity_and_follows_its_equation():
    module = build(L.GlobalResponseNorm(4))
    (x,) = draw((3, 5, 4))
    x = np.asarray(x)
    length = np.sqrt((x**2).sum((1, 2), keepdims=True))
    gain, shift = np.asarray(module.scale[...]), np.asarray(module.bias[...])
    expected = x + gain * x * length / (length.mean(-1, keepdims=True) + 1e-6) + shift
    np.testing.assert_allclose(module(x), expected, rtol=1e-5, atol=1e-6)


def test_frozen_statistics_stay_while_training():
    module = build(L.BatchNorm(3, frozen=True))
    (x,) = draw((4, 4, 3))
    before = np.asarray(module(x))
    module.train()
    np.testing.assert_array_equal(module(x), before)
    np.testing.assert_array_equal(module(x), before)
    assert L.BatchNorm(3, frozen=True).params() == 0


def test_expected_bins_lie_between_the_first_and_the_last():
    (x,) = draw((3, 8))
    found = np.asarray(build(L.ExpectedBin(4))(x))
    share = scipy.special.softmax(np.asarray(x).reshape(2, 3, 2, 4), axis=-1)
    np.testing.assert_allclose(found, (share * np.arange(4)).sum(-1), rtol=1e-6)


def test_the_middle_of_what_was_saved_is_joined():
    x, saved = draw((2, 3, 1), (5, 6, 2))
    joined = build(L.JoinCropped("a"))(x, saved)
    np.testing.assert_array_equal(joined, np.concatenate([saved[:, 1:3, 1:4], x], -1))
    joined = build(L.JoinCropped("a", "arrived"))(x, saved)
    np.testing.assert_array_equal(joined[..., :1], x)


def test_channel_gates_follow_their_equations():
    eca, (x,) = build(L.EfficientChannelAttention(5)), draw((3, 4, 5))
    pooled = np.pad(np.asarray(x).mean((1, 2)), ((0, 0), (1, 1)))
    taps = np.asarray(eca.conv.kernel[...])[:, 0, 0, 0]
    gate = scipy.special.expit(sum(pooled[:, i : i + 5] * tap for i, tap in enumerate(taps)))
    np.testing.assert_allclose(eca(x), x * gate[:, None, None], rtol=1e-5, atol=1e-6)
    cbam, (x,) = build(L.ConvBlockAttention(4, 2, 1)), draw((3, 4, 4))
    x = np.asarray(x)

    def mapped(v):
        return np.maximum(v @ cbam.squeeze.kernel[...], 0) @ cbam.excite.kernel[...]

    y = x * scipy.special.expit(mapped(x.mean((1, 2))) + mapped(x.max((1, 2))))[:, None, None]
    seen = np.stack([y.mean(-1), y.max(-1)], -1) @ np.asarray(cbam.conv.kernel[0, 0])
    np.testing.assert_allclose(cbam(x), y * scipy.special.expit(seen), rtol=1e-5, atol=1e-6)


def test_times_are_encoded_as_both_codes_do():
    steps = jnp.asarray([[7.0]])
    ddpm, stable = build(L.TimeEncoding(8)), build(L.TimeEncoding(8, "cosine", False))
    waves = 7 * 10000.0 ** (-np.arange(4) / 3)
    np.testing.assert_allclose(ddpm(steps)[0], [*np.sin(waves), *np.cos(waves)], atol=1e-5)
    waves = 7 * 10000.0 ** (-np.arange(4) / 4)
    np.testing.assert_allclose(stable(steps)[0], [*np.cos(waves), *np.sin(waves)], atol=1e-5)


def test_attention_over_positions_is_softmax_of_products():
    layer = L.ImageAttention(4, 2, 3)
    module, (x,) = build(layer), draw((2, 3, 4))
    q, k, v = (np.asarray(part(x)).reshape(2, 6, 2, -1) for part in (module.query, module.key, module.value))
    share = scipy.special.softmax(np.einsum("bthc,bshc->bhts", q, k) / np.sqrt(3), axis=-1)
    mixed = np.einsum("bhts,bshc->bthc", share, v).reshape(2, 2, 3, 4)
    np.testing.assert_allclose(module(x), module.out(jnp.asarray(mixed)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (L.Channels(2, 5), (3, 3, 4), "too few channels: arrived (3, 3, 4), expected at least 5"),
        (L.PadImage(3, 0, 0, 0, "reflect"), (3, 3, 4), "too little to mirror"),
        (L.Crop(2, 1, 0, 0), (3, 3, 4), "nothing left"),
        (L.SpaceToDepth(2), (3, 4, 4), "pixels do not fit"),
        (L.DepthToSpace(2), (3, 4, 6), "the channels do not fill the pixels"),
        (L.BatchNorm(3), (3, 4), "input channels do not match"),
        (L.GlobalMaxPool(), Several({"a": (3,)}), "one tensor is needed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_refused(layer, shape, message):
    with pytest.raises(LayerError) as error:
        layer.output_shape(shape)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (L.Channels(3, 3), "no channels"),
        (L.ConvBlockAttention(4, 2, 4), "the kernel has a middle"),
        (L.LocalResponseNorm(k=0.0), "the divisor must be positive"),
        (L.LayerNorm(4, 2.0), "norm_epsilon must be small"),
        (L.TimeEncoding(5), "sines and cosines are as many"),
        (L.ImageAttention(4, 3), "heads do not divide the channels"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused(layer, message):
    with pytest.raises(LayerError) as error:
        layer.check()
    assert message in str(error.value)
