"""Networks written with the idioms have the released ones' parameters, shapes and multiply-adds, and can be built."""

import csv
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx
from written_networks import NETWORKS, written

import netspec
from netspec import Several
from netspec import layers as L
from netspec.idioms import mobile, yolo
from netspec.idioms.parts import conv, gate, normed, rounded
from netspec.idioms.regnet import stages
from netspec.idioms.residual import Block, preactivated, residual, stage
from netspec.run.traced import Traced

#: Parameters of the released networks. ``constants`` of them stand for numbers that never change: the bins over which
#: YOLO's boxes are distributions.
ROWS = (Path(__file__).parent / "released_totals.csv").read_text().splitlines()
TOTALS = {row["name"]: row for row in csv.DictReader(ROWS)}
#: Of every kind of code one.
BUILT = (
    "tiny_cyclegan_resnet2", "tiny_pix2pix_unet", "tiny_unet_bn", "tiny_ddpm", "tiny_sd_vae", "resnet20_cifar_a",
    "wrn_16_2", "tv_regnet_y_400mf", "yolov8n", "yolo11n", "maskrcnn_rpn_head", "smp_fpn_resnet34",
    "smp_deeplabv3plus_resnet18", "timm_convnextv2_atto", "ghostnet_100",
)  # fmt: skip


@pytest.mark.parametrize("name", TOTALS)
def test_the_total_is_the_released_one(name):
    assert written(name).params == int(TOTALS[name]["params"]) - int(TOTALS[name]["constants"])


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in TOTALS])
def test_the_others_can_be_followed_through_their_shapes(name):
    assert written(name).output_shape == (1000,)


@pytest.mark.thinned(3)
@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT)
def test_the_network_has_the_tensors_and_shapes_that_its_spec_says(name):
    spec = written(name)
    traced = Traced(spec)
    assert (traced.params, traced.leaves) == (spec.params, spec.output_shape)


@pytest.mark.parametrize(
    ("name", "macs"), [("tv_inception_v3", 5.7e9), ("inception_v4", 12.3e9), ("tv_resnet50", 4.09e9)]
)
def test_multiply_adds_are_those_published(name, macs):
    assert written(name).macs == pytest.approx(macs, rel=0.01)


@pytest.mark.parametrize("norm", ["batch", "group", "instance", "layer", "frozen", "none"])
@pytest.mark.parametrize("attention", [None, "se", "eca", "cbam"])
@pytest.mark.parametrize("bottleneck", [False, True])
def test_blocks_take_any_norm_activation_and_attention(norm, attention, bottleneck):
    block = Block(bottleneck, norm, "silu", attention=attention, reduction=2)
    layers = (*stage(4, 8, 4, 2, 2, block), *preactivated(8, 8, 4, 1, block))
    spec = netspec.NetSpec("block", (6, 8, 4), layers)
    assert spec.output_shape == (3, 4, 8)
    if (norm, attention) in (("batch", "cbam"), ("group", "se"), ("none", "eca")):
        traced = Traced(spec)
        assert (traced.params, traced.leaves) == (spec.params, (3, 4, 8))


def test_a_norm_without_parameters_leaves_those_of_the_kernels():
    def count(norm):
        return sum(layer.params() for layer in residual(4, 4, 4, block=Block(False, norm)))

    assert count("instance") == count("frozen") == 2 * 9 * 16
    assert count("batch") == count("group") == count("layer") == 2 * 9 * 16 + 4 * 4
    assert count("none") == 2 * 9 * 16 + 2 * 4


def test_a_dilated_stage_keeps_its_sides_and_weights():
    plain = netspec.NetSpec("plain", (8, 8, 4), stage(4, 8, 2, 3, 2))
    dilated = netspec.NetSpec("dilated", (8, 8, 4), stage(4, 8, 2, 3, 2, dilated=True))
    assert plain.output_shape == (4, 4, 8)
    assert dilated.output_shape == (8, 8, 8)
    assert plain.params == dilated.params
    holes = [row.layer.dilation for row in dilated.flat() if isinstance(row.layer, L.ConvBN) and row.layer.kernel == 3]
    assert holes == [1, 2, 2]


def test_the_shortcut_that_pads_is_every_second_pixel_among_zeros():
    block = residual(2, 4, 4, 2, Block(bottleneck=False, shortcut="pad"))
    model = netspec.build(netspec.NetSpec("one", (4, 4, 2), block), nnx.Rngs(0))
    model.eval()
    graph, params, rest = nnx.split(model, nnx.Param, ...)
    idle = nnx.merge(graph, jax.tree.map(lambda leaf: 0 * leaf, params), rest)
    x = np.abs(np.random.default_rng(0).standard_normal((1, 4, 4, 2))).astype(np.float32)
    np.testing.assert_array_equal(idle(x), np.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (1, 1))))


def test_channels_are_rounded_as_released():
    assert [rounded(c) for c in (32 * 0.5, 24 * 0.5, 40 * 1.1, 10, 3)] == [16, 16, 48, 16, 8]
    assert rounded(18, 4) == 20


def test_regnet_widths_are_the_published_ones():
    assert stages(16, 48, 27.89, 2.09, 8) == ((48, 1, 8), (104, 3, 8), (208, 6, 8), (440, 6, 8))
    assert [width for width, *_ in stages(22, 24, 24.48, 2.54, 16)] == [32, 64, 160, 400]


def test_blocks_that_collect_join_what_each_step_leaves():
    spec = netspec.NetSpec("collected", (4, 4, 3), yolo.collected([conv(3, 5, 1), conv(5, 2, 1)]))
    assert spec.output_shape == (4, 4, 3 + 5 + 2)


def test_repvgg_is_trained_on_three_paths_where_the_shape_stays():
    assert len(mobile.rep_vgg(4, 4)[0].branches) == 3
    assert len(mobile.rep_vgg(4, 8)[0].branches) == len(mobile.rep_vgg(4, 4, 2)[0].branches) == 2


def test_a_part_that_is_none_is_no_layer():
    assert gate(8, None) == normed(8, "none") == ()
    assert conv(3, 4, 3, norm="none") == (L.Conv2d(3, 4, 3),)


def test_levels_of_a_pyramid_are_named_after_their_stages():
    leaves = written("maskrcnn_r50_fpn").output_shape
    assert isinstance(leaves, Several)
    assert list(leaves) == ["p2", "p3", "p4", "p5", "pool"]
    assert leaves["p2"] == (64, 80, 256)
