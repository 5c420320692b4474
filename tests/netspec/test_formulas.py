"""Each primitive's parameter formula and multiply-adds against the tensors and products written out one by one."""

import pytest
from tally import TALLIES, tally

from netspec import catalogue
from netspec import layers as L
from netspec.layers.base import Primitive, Several

PYRAMID = ((32, 32, 8), (16, 16, 16), (8, 8, 24), (4, 4, 32))

#: Layer, shape that arrives, shapes read: sizes that the catalogue does not use.
CASES = [
    (L.Dense(7, 5), (7,)),
    (L.Dense(12, 3), (4, 5, 12)),
    (L.Conv2d(3, 8, 5, "valid"), (20, 17, 3)),
    (L.Conv2d(4, 6, 3, stride=2), (15, 16, 4)),
    (L.Conv2d(4, 6, 2, stride=2, transposed=True), (7, 7, 4)),
    (L.ConvBN(3, 8, 7, 3), (20, 17, 3)),
    (L.ConvBN(5, 2, 4, 2, transposed=True), (6, 3, 5)),
    (L.Flatten(), (3, 4, 5)),
    (L.MaxPool(3, 2), (9, 8, 5)),
    (L.GlobalAvgPool(), (9, 8, 5)),
    (L.BilinearUpsample(3), (9, 8, 5)),
    (L.ResidualBlock(8, 8, 3, 1), (10, 11, 8)),
    (L.ResidualBlock(8, 8, 2, 2), (10, 11, 8)),
    (L.ResidualBlock(8, 12, 1, 1), (10, 11, 8)),
    (L.BottleneckBlock(16, 16, 3, 1), (10, 11, 16)),
    (L.BottleneckBlock(10, 20, 2, 2), (10, 11, 10)),
    (L.SeparableConv(5, 9, 2), (10, 11, 5)),
    (L.InvertedResidual(8, 12, 1, 1, 2), (10, 11, 8)),
    (L.InvertedResidual(8, 12, 6, 2, 3), (10, 11, 8)),
    (L.MBConv(8, 12, 1, 3, 1, 1), (10, 11, 8)),
    (L.MBConv(8, 12, 4, 5, 2, 3), (10, 11, 8)),
    (L.MBConv(3, 12, 4, 5, 2, 2, squeeze_from="expanded"), (10, 11, 3)),
    (L.MBConv(8, 12, 4, 5, 2, 2, squeeze_excite=False), (10, 11, 8)),
    (L.MBConvV3(8, 12, 8, 3, 1, True), (10, 11, 8)),
    (L.MBConvV3(8, 12, 30, 5, 2, True), (10, 11, 8)),
    (L.MBConvV3(8, 12, 30, 5, 2, False), (10, 11, 8)),
    (L.FusedMBConv(8, 12, 1, 3, 2, 2), (10, 11, 8)),
    (L.FusedMBConv(8, 12, 4, 3, 1, 3, True), (10, 11, 8)),
    *[(L.UniversalInvertedBottleneck(8, 12, 4, 2, a, b), (10, 11, 8)) for a in (0, 3) for b in (0, 5)],
    (L.FireModule(8, 2, 5, 7), (10, 11, 8)),
    (L.ConvNeXtStem(3, 10, 4), (16, 12, 3)),
    (L.ConvNeXtStage(10, 3), (6, 7, 10)),
    (L.ConvNeXtDownsample(10, 14), (6, 8, 10)),
    (L.PatchEmbed(3, 10, 4, 12), (16, 12, 3)),
    (L.PatchEmbed(3, 10, 4, 12, layout="grid"), (16, 12, 3)),
    (L.TransformerEncoder(12, 3, 20, 2), (9, 12)),
    (L.TransformerEncoder(12, 4, 20, 1, readout="class_token"), (5, 12)),
    (L.TransformerEncoder(12, 4, 20, 1, causal=True), (5, 7, 12)),
    (L.TransformerDecoder(12, 3, 20, 2, 5), (9, 12)),
    (L.TransformerDecoder(12, 3, 20, 2, 0, memory="m"), (9, 12), (4, 12)),
    (L.TransformerDecoder(12, 3, 20, 3, 0, memory="m", memory_width=7), (3, 3, 12), (4, 7)),
    (L.OneHotDense(50, 6), (9,)),
    (L.TokenPositionEmbed(50, 10, 6), (9,)),
    (L.TokenPositionEmbed(50, 10, 6, learned_positions=False), (9,)),
    (L.LMHead(6, 50), (9, 6)),
    (L.Highway(9), (4, 9)),
    (L.DenseBlock(10, 4, 5), (6, 7, 10)),
    (L.TransitionLayer(10, 5), (6, 8, 10)),
    (L.InceptionModule(10, 3, 4, 5, 6, 7, 8), (6, 7, 10)),
    (L.ShuffleBlock(8, 40, 2, 3), (7, 8, 8)),
    (L.ShuffleBlock(6, 36, 3, 1), (7, 8, 6)),
    (L.ShuffleV2Block(8, 20, 3), (7, 8, 8)),
    (L.ShuffleV2Block(8, 22, 1), (7, 8, 8)),
    (L.MobileViTBlock(10, 12, 3, 20, 2), (6, 8, 10)),
    (L.SwinStage(12, 3, 20, 4, 3), (8, 12, 12)),
    (L.SwinStage(12, 3, 20, 4, 1), (7, 9, 12)),
    (L.PatchMerging(12, 20), (8, 12, 12)),
    (L.DarknetBlock(10, 3), (6, 7, 10)),
    (L.CSPBlock(12, 18, 3), (6, 7, 12)),
    (L.FeaturePyramid(8, 16, 24, 32, 10), (4, 4, 32), *PYRAMID),
    (L.DETRHeads(12, 7), (5, 12)),
    (L.UNetDown(5, 8), (6, 8, 5)),
    (L.UNetUp(10, 8), (3, 4, 10), (6, 8, 8)),
    (L.UNetUp(10, 8, "transposed"), (3, 4, 10), (6, 8, 8)),
    (L.UNetUp(10, 8, skip_channels=5), (3, 4, 10), (6, 8, 5)),
    (L.UNetUp(10, 8, skip_channels=0), (3, 4, 10)),
    (L.UNetUp(10, 8, "transposed", skip_channels=0), (3, 4, 10)),
    (L.ASPP(10, 6), (6, 7, 10)),
    (L.MambaBlock(20, 4, 2, 3), (9, 20)),
    (L.MambaBlock(32, 16, 3, 1), (5, 32)),
    (L.WaveNetBlock(6, 10, 4), (30, 1, 6)),
    (L.WaveNetBlock(6, 10, 2), (30, 6)),
    (L.PositionalEncoding(3, 5), (8, 3)),
    (L.NeRFMLP(18, 8, 20), (18,), (8,)),
    (L.NeRFMLP(18, 8, 33), (4, 18), (4, 8)),
    (L.TimeCondition(10, 4), (6, 7, 10), (1,)),
    (L.EvoformerBlock(24, 16, 2, 20), (5, 7, 24), (7, 7, 16)),
    (L.EvoformerBlock(40, 12, 1), (3, 4, 40), (4, 4, 12)),
    (L.StructureModule(24, 16, 3), Several({"single": (7, 24), "pair": (7, 7, 16)})),
    (L.StructureModule(40, 10, 1), Several({"single": (5, 40), "pair": (5, 5, 10)})),
    (L.Save("a"), (3, 4)),
    (L.Load("a"), (3, 4), (5,)),
    (L.Pick("a"), Several({"a": (3,)})),
    (L.Reshape((2, 6)), (3, 4)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_params_and_macs_are_those_of_the_tensors(case):
    layer, arrived, *read = case
    layer.check()
    layer.output_shape(arrived, *read)
    written_out = tally(layer, arrived, *read)
    assert layer.params() == written_out.params
    assert layer.macs(arrived, *read) == written_out.macs


def test_every_primitive_is_written_out_and_tried():
    primitives = {layer for layer in vars(L).values() if isinstance(layer, type) and issubclass(layer, Primitive)}
    primitives.discard(Primitive)
    assert set(TALLIES) == primitives
    assert {type(case[0]) for case in CASES} == primitives


@pytest.mark.parametrize("spec", catalogue.specs(), ids=lambda spec: spec.name)
def test_whole_networks_are_the_tensors_written_out(spec):
    for row in spec.flat():
        if isinstance(row.layer, Primitive) and ".copy " not in row.path:
            written_out = tally(row.layer, row.arrived, *row.read)
            assert row.layer.params() == written_out.params, row.path
            assert row.layer.macs(row.arrived, *row.read) == written_out.macs, row.path
