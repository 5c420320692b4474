"""Every primitive by itself, with the shapes that arrive and those it reads: small ones, and what those leave out."""

from netspec import layers as L
from netspec.gradcheck.fixtures import FIXTURES
from netspec.layers.base import Layer, Several

PYRAMID = ((32, 32, 8), (16, 16, 16), (8, 8, 24), (4, 4, 32))

#: Sizes that tell apart what is equal in the small ones, and further options.
FURTHER = [
    (L.Dense(7, 5), (7,)),
    (L.Dense(12, 3), (4, 5, 12)),
    (L.Conv2d(3, 8, 5, "valid"), (20, 17, 3)),
    (L.Conv2d(4, 6, 3, stride=2), (15, 16, 4)),
    (L.Conv2d(4, 6, 2, stride=2, transposed=True), (7, 7, 4)),
    (L.ConvBN(3, 8, 7, 3), (20, 17, 3)),
    (L.ConvBN(5, 2, 4, 2, transposed=True), (6, 3, 5)),
    (L.ResidualBlock(8, 8, 3, 1), (10, 11, 8)),
    (L.ResidualBlock(8, 8, 2, 2), (10, 11, 8)),
    (L.ResidualBlock(8, 12, 1, 1), (10, 11, 8)),
    (L.ResidualBlock(8, 12, 3, 2, groups=4, inner_channels=20, squeeze_excite=5), (10, 11, 8)),
    (L.BottleneckBlock(16, 16, 3, 1), (10, 11, 16)),
    (L.BottleneckBlock(10, 21, 2, 2, groups=3, inner_channels=6, squeeze_excite=16), (10, 11, 10)),
    (L.BottleneckBlock(10, 20, 2, 2), (10, 11, 10)),
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
    (L.ConvNeXtStage(10, 3), (6, 7, 10)),
    (L.TransformerEncoder(12, 3, 20, 2), (9, 12)),
    (L.TransformerEncoder(12, 4, 20, 1, readout="class_token"), (5, 12)),
    (L.TransformerEncoder(12, 4, 20, 1, causal=True), (5, 7, 12)),
    *[
        (L.TransformerEncoder(12, 3, 20, 2, causal=causal, attention=L.Attention(window=window, ahead=ahead)), (n, 12))
        for causal, window, ahead in ((True, 1, None), (True, 4, None), (False, 4, None), (False, 3, 7), (False, 2, 0))
        for n in (5, 40)
    ],
    (L.TransformerEncoder(12, 6, 20, 2, attention=L.Attention(kv_heads=3, head_width=5), mlp="reglu"), (9, 12)),
    *(
        (
            L.TransformerEncoder(12, 3, 20, 2, attention=L.Attention(kernel="nystrom", landmarks=n, value_conv=size)),
            (9, 12),
        )
        for n, size in ((3, 5), (9, 3), (3, None))
    ),
    (L.TransformerEncoder(12, 6, 20, 2, placement="post", attention=L.Attention(positions="t5")), (9, 12)),
    (L.TransformerDecoder(12, 3, 20, 2, 5), (9, 12)),
    (L.TransformerDecoder(12, 3, 20, 2, 5, placement="sandwich", mlp="swiglu", norm="rms"), (9, 12)),
    (L.TransformerDecoder(12, 3, 20, 2, 0, memory="m"), (9, 12), (4, 12)),
    (L.TransformerDecoder(12, 3, 20, 3, 0, memory="m", memory_width=7), (3, 3, 12), (4, 7)),
    (L.TokenPositionEmbed(50, 10, 6, learned_positions=False), (9,)),
    (L.TokenPositionEmbed(50, 10, 6, first_position=2, segments=3, segment="s", norm=True), (8,), (8,)),
    (L.SharedEmbed(50, 6, "t"), (9,), (50, 6)),
    (L.LMHead(6, 50, bias=False), (9, 6)),
    (L.LMHead(6, 50, bias=False, table="t"), (9, 6), (50, 6)),
    (L.DenseBlock(10, 4, 5), (6, 7, 10)),
    (L.InceptionModule(10, 3, 4, 5, 6, 7, 8), (6, 7, 10)),
    (L.ShuffleBlock(8, 40, 2, 3), (7, 8, 8)),
    (L.ShuffleBlock(6, 36, 3, 1), (7, 8, 6)),
    (L.ShuffleV2Block(8, 20, 3), (7, 8, 8)),
    (L.ShuffleV2Block(8, 22, 1), (7, 8, 8)),
    (L.MobileViTBlock(10, 12, 3, 20, 2), (6, 8, 10)),
    (L.SwinStage(12, 3, 20, 4, 3), (8, 12, 12)),
    (L.SwinStage(12, 3, 20, 4, 1), (7, 9, 12)),
    (L.DarknetBlock(10, 3), (6, 7, 10)),
    (L.CSPBlock(12, 18, 3), (6, 7, 12)),
    (L.FeaturePyramid(8, 16, 24, 32, 10), (4, 4, 32), *PYRAMID),
    (L.UNetUp(10, 8, skip_channels=5), (3, 4, 10), (6, 8, 5)),
    (L.UNetUp(10, 8, skip_channels=0), (3, 4, 10)),
    (L.UNetUp(10, 8, "transposed", skip_channels=0), (3, 4, 10)),
    (L.MambaBlock(20, 4, 2, 3), (9, 20)),
    (L.MambaBlock(32, 16, 3, 1), (5, 32)),
    (L.WaveNetBlock(6, 10, 4), (30, 1, 6)),
    (L.WaveNetBlock(6, 10, 2), (30, 6)),
    (L.WaveNetBlock(6, 10, 2, gated_channels=4, stacks=3, bias=False), (30, 6)),
    (L.NeRFMLP(18, 8, 20), (18,), (8,)),
    (L.NeRFMLP(18, 8, 33), (4, 18), (4, 8)),
    (L.EvoformerBlock(24, 16, 2, 20), (5, 7, 24), (7, 7, 16)),
    (L.EvoformerBlock(40, 12, 1), (3, 4, 40), (4, 4, 12)),
    (L.EvoformerBlock(20, 12, 2, None, "z", 2, 3, 4, 5, 6, 7, 2, "behind"), (3, 4, 20), (4, 4, 12)),
    (L.InvariantPointAttention(24, 16, 3, 5, 2, 6), (7, 24), (7, 7, 16), (7, 4), (7, 3)),
    (L.LpPool((3, 2), 2, 4), (7, 9, 3)),
    (L.UnitLength(), (4, 6)),
    (L.CumulativeSum(), (9, 6)),
    (L.Recurrent(6, 10), (9, 6)),
    (L.Recurrent(6, 4, "gru"), (9, 6)),
    (L.StructureModule(24, 16, 3), Several({"single": (7, 24), "pair": (7, 7, 16)})),
    (L.StructureModule(40, 10, 1), Several({"single": (5, 40), "pair": (5, 5, 10)})),
    (L.NeuralODE(12, 3, groups=4), (6, 7, 12)),
    (L.Hopfield(10, 6, 7, n_steps=2), (3, 3, 10)),
    (L.DynamicRouting(20, 4, 10, 6, n_iterations=1), (20, 4)),
    (L.Load("a"), (3, 4), (5,)),
]

#: Layer, shape that arrives, shapes read.
CASES = [(fixture.described, *fixture.shapes) for fixture in FIXTURES if isinstance(fixture.described, Layer)] + FURTHER
