"""U-Net stages, atrous pyramid, feature pyramid, bilinear interpolation: as counted, and doing what they say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from lone_modules import assert_abstract_build_agrees, build, draw, gradients, instances

from netspec import layers as L

pytestmark = pytest.mark.slow

CASES = instances(L.UNetDown, L.UNetUp, L.ASPP, L.FeaturePyramid, L.BilinearUpsample)

SMALL = [
    (L.UNetDown(3, 4), ((6, 8, 3),)),
    (L.UNetUp(6, 4), ((3, 4, 6), (6, 8, 4))),
    (L.UNetUp(6, 4, skip_channels=5), ((3, 4, 6), (6, 8, 5))),
    (L.UNetUp(6, 4, skip_channels=0), ((3, 4, 6),)),
    (L.UNetUp(6, 4, "transposed"), ((3, 4, 6), (6, 8, 4))),
    (L.ASPP(3, 8), ((7, 9, 3),)),
    (L.FeaturePyramid(2, 3, 4, 5, 6), ((2, 3, 5), (16, 24, 2), (8, 12, 3), (4, 6, 4), (2, 3, 5))),
    (L.BilinearUpsample(2), ((3, 4, 5),)),
]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "shapes"), CASES + SMALL, ids=lambda case: str(case))
def test_the_module_has_the_tensors_and_shapes_of_its_layer(layer, shapes):
    assert_abstract_build_agrees(layer, shapes)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "shapes"), SMALL, ids=lambda case: str(case))
def test_every_parameter_and_every_read_tensor_receives_a_gradient(layer, shapes):
    _, named, (arrived, *read) = gradients(layer, shapes)
    assert [path for path, gradient in named.items() if not np.any(gradient)] == []
    assert all(np.any(gradient) for gradient in read)
    assert np.any(arrived) != isinstance(layer, L.FeaturePyramid)  # which works on what it reads


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bilinear_upsampling_follows_its_formula(scale):
    (x,) = draw((4, 5, 2))

    def between(x, axis):
        n = x.shape[axis]
        place = np.clip((np.arange(scale * n) + 0.5) / scale - 0.5, 0, n - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, n - 1)
        far = (place - low).reshape([-1 if a == axis else 1 for a in range(4)])
        return np.take(x, low, axis) * (1 - far) + np.take(x, high, axis) * far

    expected = between(between(np.asarray(x, np.float64), 1), 2)
    np.testing.assert_allclose(build(L.BilinearUpsample(scale))(x), expected, atol=1e-6)


@pytest.mark.exhaustive
def test_bilinear_upsampling_keeps_constants_and_ramps():
    up = build(L.BilinearUpsample(4))
    np.testing.assert_array_equal(up(jnp.full((1, 3, 5, 1), 7.0)), np.full((1, 12, 20, 1), 7.0))
    ramp = up(jnp.broadcast_to(jnp.arange(5.0)[None, None, :, None], (1, 3, 5, 1)))
    inside = (np.arange(20) + 0.5) / 4 - 0.5
    np.testing.assert_array_equal(ramp[0, :, :, 0], np.tile(np.clip(inside, 0, 4), (12, 1)))


def test_the_pooled_tensor_is_the_maximum_of_the_skip():
    pooled, skip = build(L.UNetDown(3, 4))(*draw((6, 8, 3)))
    np.testing.assert_array_equal(pooled, np.asarray(skip).reshape(2, 3, 2, 4, 2, 4).max((2, 4)))
    assert skip.min() == 0  # after the ReLU
    assert skip.max() > 0


def test_in_training_the_norms_use_the_batch_and_remember_it():
    model, (x,) = build(L.UNetDown(3, 4)), draw((6, 8, 3))
    mean = np.asarray(model.convolutions.conv1(x)).mean((0, 1, 2))
    model.train()
    model(x)
    np.testing.assert_allclose(model.convolutions.norm1.mean[...], 0.1 * mean, rtol=1e-5, atol=1e-7)
    model.eval()
    model(5 * x)
    np.testing.assert_allclose(model.convolutions.norm1.mean[...], 0.1 * mean, rtol=1e-5, atol=1e-7)


@pytest.mark.exhaustive
@pytest.mark.parametrize("upsample", ["bilinear", "transposed"])
def test_channels_of_the_skip_come_first(upsample):
    model, (x, skip) = build(L.UNetUp(6, 4, upsample, skip_channels=5)), draw((3, 4, 6), (6, 8, 5))
    kernel = model.convolutions.conv1.kernel
    whole = kernel[...]
    kernel[...] = whole.at[:, :, :5].set(0)
    np.testing.assert_array_equal(model(x, skip), model(x, skip + 1))
    assert np.any(model(x, skip) != model(2 * x - 1, skip))
    kernel[...] = whole.at[:, :, 5:].set(0)
    np.testing.assert_array_equal(model(x, skip), model(2 * x - 1, skip))
    assert np.any(model(x, skip) != model(x, 2 * skip - 1))


def test_a_transposed_convolution_gives_each_pixel_its_own_four():
    model, (x,) = build(L.UNetUp(6, 4, "transposed")), draw((3, 5, 6))
    up = np.asarray(model.upsample(x) - model.upsample.bias[...]).reshape(2, 3, 2, 5, 2, 4)
    kernel = model.upsample.kernel[...]
    at = {}
    for i in range(2):
        for j in range(2):
            part = up[:, :, i, :, j]
            fits = [
                (a, b)
                for a in range(2)
                for b in range(2)
                if np.allclose(part, jnp.einsum("bhwc,co->bhwo", x, kernel[a, b]), atol=1e-5)
            ]
            assert len(fits) == 1
            at[i, j] = fits[0]
    assert len(set(at.values())) == 4


@pytest.mark.parametrize(("path", "rate"), [(0, 6), (1, 12), (2, 18)])
def test_an_atrous_path_sees_nine_pixels_its_rate_apart(path, rate):
    conv = build(L.ASPP(1, 1)).atrous[path].conv
    dark = jnp.zeros((1, 41, 41, 1))
    seen = (conv(dark.at[0, 20, 20].set(1)) - conv(dark))[0, :, :, 0]
    expected = {(20 + i, 20 + j) for i in (-rate, 0, rate) for j in (-rate, 0, rate)}
    assert set(zip(*map(np.ndarray.tolist, np.nonzero(np.asarray(seen))), strict=True)) == expected


def test_image_pooling_adds_the_same_everywhere_from_everywhere():
    model, (x,) = build(L.ASPP(3, 4)), draw((5, 7, 3))
    model.eval()
    seen = []

    def fuse(paths):
        seen.append(np.asarray(paths))
        return paths[..., :4]

    model.fuse = fuse
    model(x)
    (paths,) = seen
    assert paths.shape == (2, 5, 7, 5 * 4)
    np.testing.assert_array_equal(paths[..., :4], model.point(x))
    pooled = model.pooled(x.mean((1, 2), keepdims=True))
    np.testing.assert_array_equal(paths[..., 16:], np.broadcast_to(pooled, (2, 5, 7, 4)))


@pytest.mark.exhaustive
def test_the_pyramid_adds_from_the_top_down():
    model = build(L.FeaturePyramid(3, 3, 3, 3, 3))
    for conv in (*model.lateral, *model.smooth):
        middle = conv.kernel.shape[0] // 2
        conv.kernel[...] = jnp.zeros(conv.kernel.shape).at[middle, middle].set(jnp.eye(3))
        conv.bias[...] = jnp.zeros(3)
    stages = draw(*((2 * 2**k, 3 * 2**k, 3) for k in (3, 2, 1, 0)))
    levels = model(stages[-1], *stages)
    expected = 0
    for name, stage in zip(("p5", "p4", "p3", "p2"), map(np.asarray, reversed(stages)), strict=True):
        expected = stage + (np.kron(expected, np.ones((1, 2, 2, 1))) if name != "p5" else 0)
        np.testing.assert_allclose(levels[name], expected, atol=1e-6)


def test_half_precision_products_keep_float32_parameters():
    model = build(L.UNetUp(6, 4, "transposed"), jnp.bfloat16)
    assert {leaf.dtype for leaf in jax.tree.leaves(nnx.state(model))} == {jnp.dtype("float32")}
    assert np.isfinite(model(*draw((3, 4, 6), (6, 8, 4)))).all()
