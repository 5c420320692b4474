"""Layers on images that halves, patches and windows do not tile: as in the libraries, and as finite as ever."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from attention_sequence import build, call, check_built, check_gradients, normal
from flax import nnx

import netspec
from netspec import exact
from netspec import layers as L
from netspec.modules import build as build_network
from netspec.modules.inputs import FIRST, inputs_of
from netspec.modules.mobile_vit_block import fold, unfold

pytestmark = pytest.mark.slow

ODD = [
    (L.PatchMerging(5, 7), (5, 3, 5), ()),
    (L.MobileViTBlock(6, 12, 3, 20, 1), (5, 4, 6), ()),
    (L.ConvNeXtStem(3, 4, 4), (9, 6, 3), ()),
    (L.ConvNeXtDownsample(3, 4), (5, 3, 3), ()),
    (L.TransitionLayer(3, 4), (5, 3, 3), ()),
    (L.SwinStage(12, 3, 20, 4, 2), (5, 7, 12), ()),
    (L.FeaturePyramid(2, 3, 4, 5, 6), (2, 3, 5), ((13, 21, 2), (7, 11, 3), (4, 6, 4), (2, 3, 5))),
]


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("layer", "arrived", "read"), ODD, ids=str)
def test_layers_on_odd_sides_are_as_they_say(layer, arrived, read):
    check_built(layer, arrived, read)
    check_gradients(layer, arrived, read)


def test_merging_pads_the_end_with_zeros():
    module = build(L.PatchMerging(3, 5))
    x = normal(1, 5, 3, 3)
    whole = jnp.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
    assert np.array_equal(call(module, x), call(module, whole))


@pytest.mark.parametrize(
    "layer", [L.ConvNeXtDownsample(3, 4), L.TransitionLayer(3, 4), L.ConvNeXtStem(3, 4, 2)], ids=str
)
def test_a_rest_of_a_window_is_not_looked_at(layer):
    module = build(layer)
    module.eval()
    x = normal(1, 7, 5, 3)
    np.testing.assert_allclose(call(module, x), call(module, x[:, :6, :4]), atol=1e-6)


@pytest.mark.exhaustive
def test_coarse_levels_are_added_where_nearest_interpolation_reads_them():
    module = build(L.FeaturePyramid(1, 1, 1, 1, 1))
    sides = ((13, 21), (7, 11), (4, 6), (2, 3))
    stages = [normal(1, *side, 1, seed=seed) for seed, side in enumerate(sides)]
    levels = [np.asarray(lateral(stage)) for lateral, stage in zip(module.lateral, stages, strict=True)]
    for fine in (2, 1, 0):
        # torch.nn.functional.interpolate(mode="nearest"): output i of m reads input floor(i·n/m) of n.
        rows, columns = (np.arange(m) * n // m for m, n in zip(sides[fine], sides[fine + 1], strict=True))
        levels[fine] = levels[fine] + levels[fine + 1][:, rows][:, :, columns]
    found = call(module, stages[3], *stages)
    for name, smooth, level in zip(("p2", "p3", "p4", "p5"), module.smooth, levels, strict=True):
        np.testing.assert_allclose(found[name], smooth(jnp.asarray(level)), atol=1e-5)


def test_odd_sides_are_interpolated_for_the_transformer_and_back():
    module = build(L.MobileViTBlock(6, 12, 3, 20, 1))
    module.eval()
    x = normal(1, 5, 7, 6)

    def to(x, height, width):
        return jax.image.resize(x, (1, height, width, x.shape[-1]), "linear", antialias=False)

    def expected(x):
        tokens = unfold(to(module.widen(module.local(x)), 6, 8))
        for block in module.blocks:
            tokens = block(tokens)
        mixed = module.narrow(to(fold(module.norm(tokens), 6, 8), 5, 7))
        return module.fuse(jnp.concatenate([x, mixed], axis=-1))

    np.testing.assert_allclose(call(module, x), jax.jit(expected)(x), atol=2e-5)


def test_what_comes_up_is_padded_to_what_was_skipped():
    x, saved = normal(1, 2, 4, 1), normal(1, 5, 5, 2)
    joined = np.asarray(call(build(L.JoinCropped("a", fit="pad")), x, saved))
    assert joined.shape == (1, 5, 5, 3)
    assert np.array_equal(joined[..., :2], saved)
    # One row of three before and two behind; of one column more, none before.
    assert np.array_equal(joined[:, 1:3, :4, 2:], x)
    assert not joined[:, [0, 3, 4], :, 2].any()
    assert not joined[:, :, 4, 2].any()


SMALL = (
    *("LeNet-5", "tiny-Swin", "tiny-MobileViT", "ConvNeXt-Digits", "DenseNet-Digits", "ViT-Digits", "tiny-DETR"),
    *("tiny-SegFormer", "tiny-SAM", "tiny-CapsNet", "UNet-Digits", "DDPM-Digits (per block)", "tiny-AlexNet"),
    *("squeezenet1_1", "shufflenet_v2_x0_5", "vit_tiny_patch4_32", "nvidia/mit-b0"),
)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "spec", [*map(netspec.find, SMALL), exact.unet.unet(3, base=4, norm="batch")], ids=lambda spec: spec.name
)
def test_small_networks_run_at_other_sizes(spec):
    size = (37, 53) if _takes(spec, 37, 53) else (32, 48)
    spec = spec.resized(*size)
    model = build_network(spec, nnx.Rngs(0))
    model.eval()
    given = {one.name: jnp.zeros((1, *one.shape)) + 0.5 for one in inputs_of(spec)}
    first = given.pop(FIRST)
    leaves = jax.jit(lambda x, further: model(x, **further))(first, given)
    assert isinstance(leaves, dict) or leaves.shape[1:] == spec.output_shape
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(leaves))


def _takes(spec, height, width):
    try:
        return bool(spec.resized(height, width))
    except netspec.SpecError:
        return False
