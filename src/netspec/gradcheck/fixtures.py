"""A small instance of every layer of the language, with the shapes that arrive and those it reads.

Where options change which code runs there is an instance of each. Combinators, which need something to combine, come as
small networks.
"""

from __future__ import annotations

from dataclasses import dataclass

from netspec import layers as L
from netspec.conventions import Conventions
from netspec.layers.base import Layer, Several, Shape, Value
from netspec.spec import NetSpec


@dataclass(frozen=True)
class Fixture:
    """A layer with the shapes of its inputs, or a network.

    ``dropout`` is the rate of a network's dropout and of its last stochastic depth while training, ``batch`` the number
    of examples.
    """

    described: Layer | NetSpec
    shapes: tuple[Value, ...] = ()
    dropout: float = 0.0
    batch: int = 2

    @property
    def network(self) -> NetSpec:
        """The network that it is; an assertion fails for a layer."""
        assert isinstance(self.described, NetSpec)
        return self.described

    @property
    def name(self) -> str:
        """The layer's class, or the network's name."""
        return self.described.name if isinstance(self.described, NetSpec) else type(self.described).__name__

    @property
    def text(self) -> str:
        """How a listing writes it."""
        if isinstance(self.described, NetSpec):
            return ", ".join(str(layer) for layer in self.described.layers)
        return str(self.described)


def _layers(*cases: tuple) -> list[Fixture]:
    return [Fixture(layer, tuple(shapes)) for layer, *shapes in cases]


def _network(name: str, shape: Shape, *layers: Layer) -> Fixture:
    return Fixture(NetSpec(name, shape, layers))


#: Kernels, patterns and scales of branches, each in one of them at least, on more tokens than a pattern takes whole.
_ATTENTIONS = tuple(
    (L.TransformerEncoder(8, 2, 4, 1, causal=causal, attention=attention, **parts), (tokens, 8))
    for tokens, causal, attention, parts in (
        (5, True, L.Attention(kernel="linear", positions="rope"), {"residual": "rezero"}),
        (5, False, L.Attention(kv_heads=1, kernel="linear", positions="sinusoidal"), {}),
        (5, True, L.Attention(kernel="retention", positions="rope"), {"residual": "deepnorm", "placement": "post"}),
        (5, True, L.Attention(kernel="wkv"), {"layer_scale": 0.1}),
        (6, False, L.Attention(kernel="nystrom", landmarks=2, value_conv=3), {}),
        (9, True, L.Attention(pattern=L.Dilated(3), positions="learned", max_tokens=10), {}),
        (9, False, L.Attention(kv_heads=1, pattern=L.Strided(2), positions="alibi"), {}),
        (9, False, L.Attention(pattern=L.Global(1), positions="rope"), {}),
        (12, True, L.Attention(pattern=L.BigBird(1, 1, 2), positions="t5", buckets=8, max_distance=12), {}),
        (5, True, L.Attention(latent=3, positions="rope"), {}),
        (7, False, L.Attention(latent=3, window=2, bias=False), {}),
    )
)

#: Transformers of other parts, with each part in one of them at least; windows narrow enough go by blocks.
_PARTS = (
    (
        L.TransformerEncoder(
            8, 4, 5, 1, causal=True, attention=L.Attention(kv_heads=2, positions="rope", bias=False), norm="rms",
            mlp="swiglu", mlp_bias=False,
        ),
        (5, 8),
    ),
    (
        L.TransformerEncoder(
            6, 2, 5, 2, attention=L.Attention(None, 4, "t5", scaled=False, buckets=8, max_distance=12), norm="rms",
            placement="sandwich", mlp="geglu", gelu="exact",
        ),
        (6, 6),
    ),
    (
        L.TransformerEncoder(
            6, 2, 8, 1, attention=L.Attention(kv_heads=1, positions="alibi", window=2), placement="post", mlp="reglu"
        ),
        (7, 6),
    ),
    (
        L.TransformerEncoder(
            8, 2, 8, 1, causal=True, attention=L.Attention(positions="rope", window=2, rope_pairs="halves"),
            placement="post", mlp="silu",
        ),
        (5, 8),
    ),
    (L.TransformerEncoder(6, 2, 8, 1, attention=L.Attention(window=3, ahead=1), mlp="gelu", gelu="exact"), (4, 6)),
    (L.TransformerEncoder(6, 2, 5, 2, norm="none", residual="rezero"), (4, 6)),
    (L.TransformerEncoder(6, 2, 5, 2, causal=True, norm="rms", residual="none"), (4, 6)),
    (L.TransformerDecoder(6, 2, 5, 1, 0, memory="m", norm="none", residual="none"), (3, 6), (4, 6)),
    (
        L.TransformerDecoder(
            6, 2, 8, 2, 0, memory="m", causal=True, final_norm=True, norm="rms", mlp_bias=False,
            attention=L.Attention(None, 2, "t5", bias=False, scaled=False, buckets=8, max_distance=12),
        ),
        (5, 6),
        (3, 6),
    ),
    (
        L.TransformerDecoder(
            8, 2, 6, 1, 0, memory="m", causal=True, attention=L.Attention(latent=3, positions="rope"), layer_scale=0.1,
        ),
        (5, 8),
        (3, 8),
    ),
    (
        L.TransformerDecoder(
            8, 2, 6, 1, 0, memory="m", causal=True, attention=L.Attention(kernel="wkv", positions="sinusoidal"),
            residual="deepnorm", placement="post",
        ),
        (5, 8),
        (3, 8),
    ),
    (
        L.TransformerDecoder(
            6, 2, 8, 1, 0, memory="m", memory_width=4, attention=L.Attention(kv_heads=1), placement="post", mlp="gelu",
        ),
        (5, 6),
        (3, 4),
    ),
)  # fmt: skip

_NO_KEY_BIAS = L.Attention(key_bias=False)
_PYRAMID = ((16, 16, 3), (8, 8, 4), (4, 4, 5), (2, 2, 6))

#: The layers that blocks of convolutional networks are put together from.
_GENERAL = (
    *((L.Activate(name), (3, 4)) for name in ("relu6", "hard_sigmoid", "elu", "selu", "celu", "mish", "softplus")),
    *((L.Activate(name), (3, 4)) for name in ("softsign", "softmax", "log_softmax")),
    (L.PReLU(4), (3, 4)),
    (L.BatchNorm(4, "relu"), (3, 3, 4)),
    (L.BatchNorm(4, frozen=True), (3, 3, 4)),
    (L.LayerNorm(4), (3, 4)),
    (L.LayerNorm(4, bias=False), (3, 4)),
    (L.RMSNorm(4), (3, 4)),
    (L.InstanceNorm(3), (4, 3, 3)),
    (L.InstanceNorm(3, True, "silu"), (4, 3, 3)),
    (L.GlobalResponseNorm(4), (3, 2, 4)),
    (L.LocalResponseNorm(3, 0.5, k=2.0), (3, 2, 6)),
    (L.ScaleChannels(4), (3, 4)),
    (L.MaxPool((3, 2), 2, (1, 0), ceil=True), (6, 5, 2)),
    (L.AvgPool(3, 2, 1, ceil=True), (6, 5, 2)),
    (L.AvgPool((2, 3), 1, "same", count_padding=False), (4, 5, 2)),
    (L.AdaptiveAvgPool((2, 3)), (5, 4, 2)),
    (L.LpPool(2, 2), (5, 4, 2)),
    (L.UnitLength(), (3, 4)),
    (L.CumulativeSum(), (4, 3)),
    (L.Recurrent(4, 3), (5, 4)),
    (L.Recurrent(4, 3, "gru"), (5, 4)),
    (L.MultiHeadAttention(4, 2, causal=True), (5, 4)),
    (L.GlobalMaxPool(), (4, 3, 2)),
    (L.SqueezeExcite(4, 2, "silu", "hard_sigmoid"), (3, 3, 4)),
    (L.EfficientChannelAttention(5), (3, 3, 5)),
    (L.ConvBlockAttention(4, 2, 3), (4, 3, 4)),
    (L.Channels(1, 3), (3, 4)),
    (L.ShuffleChannels(2), (3, 6)),
    (L.PadChannels(1, 2), (3, 4)),
    (L.PadImage(1, 0, 2, 1, "reflect"), (3, 4, 2)),
    (L.Crop(1, 0, 1, 1), (3, 4, 2)),
    (L.JoinCropped("a"), (3, 3, 2), (5, 4, 3)),
    (L.DepthToSpace(2), (2, 3, 8)),
    (L.DepthToSpace(2, "pixels"), (2, 3, 8)),
    (L.SpaceToDepth(2), (4, 2, 3)),
    (L.ExpectedBin(3), (2, 6)),
    (L.NearestUpsample((2, 1)), (2, 3, 2)),
    (L.Resize((5, 2), "bicubic"), (4, 3, 2)),
    (L.ResizeLike("a", "bilinear"), (2, 3, 2), (4, 5, 1)),
    (L.TimeEncoding(4, "cosine", False), (1,)),
    (L.Condition(4, 6, "v"), (3, 3, 4), (6,)),
    (L.Condition(4, 6, "v", "relu", "scale_shift"), (3, 3, 4), (6,)),
    (L.Condition(4, 6, "v", form="scale"), (3, 3, 4), (6,)),
    (L.ImageAttention(4), (3, 2, 4)),
    (L.ImageAttention(4, 2, 1, normed=True), (3, 2, 4)),
)

FIXTURES: tuple[Fixture, ...] = (
    *_layers(
        (L.Dense(4, 3), (4,)),
        (L.Dense(4, 3, "gelu"), (5, 4)),
        (L.Conv2d(2, 3, 3, stride=2), (5, 6, 2)),
        (L.Conv2d(3, 2, 2, stride=2, transposed=True), (3, 3, 3)),
        (L.Conv2d(4, 6, (3, 2), (1, 0), stride=(1, 2), groups=2, dilation=(2, 1), bias=False), (5, 6, 4)),
        (L.Conv2d(4, 2, 3, 1, stride=2, transposed=True, groups=2, output_padding=1), (3, 2, 4)),
        (L.ConvBN(2, 3, 3), (5, 6, 2)),
        (L.ConvBN(4, 4, 3, 2, (0, 1, 0, 1), groups=4, bias=True), (5, 6, 4)),
        (L.ConvBN(3, 2, 4, 2, transposed=True), (3, 3, 3)),
        (L.Flatten(), (3, 2, 2)),
        (L.MaxPool(3, 2), (6, 5, 2)),
        (L.GlobalAvgPool(), (4, 5, 3)),
        (L.BilinearUpsample(2), (3, 4, 2)),
        (L.ResidualBlock(3, 4, 2, 2), (6, 6, 3)),
        (L.ResidualBlock(4, 4, 1, 1, groups=2, inner_channels=6, squeeze_excite=2), (5, 5, 4)),
        (L.BottleneckBlock(4, 8, 2, 1), (4, 4, 4)),
        (L.BottleneckBlock(4, 6, 2, 2, groups=2, inner_channels=4, squeeze_excite=3), (5, 5, 4)),
        (L.SeparableAttention(4), (4, 6, 4)),
        (L.SeparableConv(3, 4, 2), (6, 6, 3)),
        (L.InvertedResidual(4, 4, 2, 1, 2), (5, 5, 4)),
        (L.MBConv(4, 4, 2, 3, 1, 2), (5, 5, 4)),
        (L.MBConvV3(4, 4, 8, 3, 1, True), (5, 5, 4)),
        (L.FusedMBConv(4, 4, 2, 3, 1, 1, True), (5, 5, 4)),
        (L.UniversalInvertedBottleneck(4, 4, 2, 1, 3, 5), (5, 5, 4)),
        (L.FireModule(4, 2, 3, 3), (5, 5, 4)),
        (L.ConvNeXtStem(3, 4, 4), (8, 8, 3)),
        (L.ConvNeXtStage(4, 2), (5, 5, 4)),
        (L.ConvNeXtDownsample(4, 6), (4, 4, 4)),
        (L.PatchEmbed(3, 5, 2, 6), (6, 4, 3)),
        (L.PatchEmbed(3, 5, 2, 6, layout="grid"), (6, 4, 3)),
        (L.TransformerEncoder(6, 2, 8, 2), (5, 6)),
        (L.TransformerEncoder(6, 2, 8, 1, readout="class_token"), (5, 6)),
        (L.TransformerEncoder(6, 2, 8, 1, causal=True), (5, 6)),
        *_PARTS,
        *_ATTENTIONS,
        (L.TransformerDecoder(6, 2, 8, 1, 3), (4, 6)),
        (L.TransformerDecoder(6, 2, 8, 1, 0, memory="m", memory_width=4, causal=True), (5, 6), (3, 4)),
        (L.TransformerEncoder(6, 2, 8, 1, mask="k", layer_scale=0.5, final_norm=False), (3, 6), (3,)),
        (L.TransformerEncoder(6, 2, 8, 1, placement="post", final_norm=True, attention=_NO_KEY_BIAS), (3, 6)),
        (
            L.TransformerDecoder(6, 2, 8, 1, 0, memory="m", memory_mask="k", attention=_NO_KEY_BIAS),
            (3, 6),
            (3, 6),
            (3,),
        ),
        (L.GridAttention(4, 2, reduction=2), (4, 5, 4)),
        (L.GridAttention(4, 2, window=2, relative=2), (3, 3, 4)),
        (L.GridAttention(4, 1, relative=3), (3, 3, 4)),
        (L.ReadMarked("s", 2), (3, 4), (3,)),
        (L.ReplaceMarked("s", 1, "t"), (3, 4), (3,), (2, 4)),
        (L.DropTokens(1), (3, 4)),
        (L.JoinTokens("t"), (3, 4), (2, 4)),
        (L.NewTokens(2, 4), (3, 5)),
        (L.MultiHeadAttention(4, 2, "m", 6, "p", "q", inner=8, out_width=3), (3, 4), (2, 6), (3, 4), (2, 6)),
        (L.MultiHeadAttention(4, 2), (2, 3, 4)),
        (L.DotProducts("v"), (2, 3, 4), (5, 4)),
        (L.GridPositions(8), (2, 3, 4)),
        (L.GridPositions(8, "counted"), (2, 3, 4)),
        (L.PixelCentres(), (2, 3, 4)),
        (L.PointShares(6, 8), (3, 2)),
        (L.FourierFeatures(2, 3), (4, 2)),
        (L.ShiftChannels(4), (3, 4)),
        (L.LayerNorm(4, bias=False, scale=False), (3, 4)),
        (L.Dense(4, 3, bias=False), (4,)),
        (L.ReadToken(1), (3, 4)),
        (L.SwapAxes(), (3, 4)),
        (L.PrependTokens(2, 4), (3, 4)),
        (L.AddPositions(5, 4, first_position=1), (3, 4)),
        (L.AddPositions(5, 4, kind="sinusoidal"), (3, 4)),
        (L.Unread((2, 3)), (3, 4)),
        (L.OneHotDense(7, 4), (5,)),
        (L.TokenPositionEmbed(7, 5, 4), (5,)),
        (L.TokenPositionEmbed(7, 6, 4, first_position=1, segments=1, norm=True), (5,)),
        (L.TokenPositionEmbed(7, 5, 4, segments=2, segment="s", norm=True), (5,), (5,)),
        (L.LMHead(4, 7), (5, 4)),
        (L.LMHead(4, 7, table="t", scaled=True), (5, 4), (7, 4)),
        (L.Highway(4), (3, 4)),
        (L.DenseBlock(4, 2, 2), (5, 5, 4)),
        (L.TransitionLayer(4, 2), (4, 4, 4)),
        (L.InceptionModule(4, 2, 2, 3, 2, 3, 2), (5, 5, 4)),
        (L.ShuffleBlock(8, 16, 2, 2), (6, 6, 8)),
        (L.ShuffleV2Block(4, 8, 2), (6, 6, 4)),
        (L.MobileViTBlock(4, 6, 2, 8, 1), (4, 4, 4)),
        (L.SwinStage(6, 2, 8, 2, 2), (5, 4, 6)),
        (L.PatchMerging(4, 6), (4, 4, 4)),
        (L.DarknetBlock(4, 2), (5, 5, 4)),
        (L.CSPBlock(4, 6, 1), (5, 5, 4)),
        (L.FeaturePyramid(3, 4, 5, 6, 4), (2, 2, 6), *_PYRAMID),
        (L.DETRHeads(4, 3), (5, 4)),
        (L.UNetDown(3, 4), (4, 4, 3)),
        (L.UNetUp(4, 3), (3, 3, 4), (6, 6, 3)),
        (L.UNetUp(4, 3, "transposed"), (3, 3, 4), (6, 6, 3)),
        (L.ASPP(3, 4), (5, 5, 3)),
        (L.MambaBlock(6, 3, 2, 2), (5, 6)),
        (L.WaveNetBlock(3, 4, 3), (9, 1, 3)),
        (L.PositionalEncoding(3, 2), (4, 3)),
        (L.NeRFMLP(6, 4, 8), (3, 6), (3, 4)),
        (L.TimeCondition(4, 3), (3, 3, 4), (1,)),
        (L.EvoformerBlock(6, 4, 1, 5), (3, 4, 6), (4, 4, 4)),
        (L.InvariantPointAttention(6, 4, heads=2, head_width=3), (4, 6), (4, 4, 4), (4, 4), (4, 3)),
        # One round: between rounds the layer withholds the gradient of the rotations, which differences would show.
        (L.StructureModule(6, 4, 1), Several({"single": (4, 6), "pair": (4, 4, 4)})),
        (L.GroupNorm(6, 2, "silu"), (4, 3, 6)),
        (L.NeuralODE(4, 2, groups=2), (4, 3, 4)),
        (L.Hopfield(5, 4, 3), (4, 5)),
        (L.Hopfield(5, 4, 3, n_steps=3), (4, 5)),
        (L.Squash(), (3, 4)),
        (L.DynamicRouting(5, 3, 4, 2), (5, 3)),
        (L.CapsuleLengths(), (3, 4)),
        (L.LongestCapsule(), (3, 4)),
        (L.Save("a"), (3, 4)),
        (L.Load("a", "add"), (3, 4), (3, 4)),
        (L.Pick("a"), Several({"a": (3,), "b": (2,)})),
        (L.Reshape((2, 6)), (3, 4)),
        *_GENERAL,
    ),
    Fixture(
        NetSpec(
            "SharedEmbed and LMHead",
            (5,),
            (
                L.TokenPositionEmbed(7, 5, 4, table="t"),
                L.Save("m"),
                L.Load("target"),
                L.SharedEmbed(7, 4, "t"),
                L.TransformerDecoder(4, 2, 6, 1, 0, memory="m"),
                L.LMHead(4, 7, bias=False, table="t"),
            ),
            extra_inputs={"target": (3,)},
        )
    ),
    _network("Residual", (4,), L.Residual((L.Dense(4, 4, "gelu"), L.Dense(4, 4)))),
    _network("Branches", (4,), L.Branches((L.Dense(4, 3), L.Dense(4, 2, "tanh")))),
    _network("Branches that multiply", (4,), L.Branches((L.Dense(4, 3), L.Dense(4, 3, "sigmoid")), "multiply")),
    _network("Repeat", (4,), L.Repeat(2, L.Dense(4, 4, "silu"))),
    _network("Heads and ForEach", (4,), L.Heads({"a": L.Dense(4, 3), "b": L.Dense(4, 3)}), L.ForEach(L.Dense(3, 2))),
    _network("Under", (4, 4, 2), L.Under(Conventions(gelu="exact"), (L.ConvBN(2, 3, 3, activation="gelu"),))),
    _network("OnRegions", (8, 8, 3), L.OnRegions(3, 3, 2, (L.Flatten(), L.Dense(27, 4)))),
)
