"""Which layers are held to published implementations by which cases, and why the others are not."""

import dataclasses

import pytest
from test_recorded_parity import FOLDER, LISTED, PUBLISHED, published

from netspec import exact
from netspec import layers as L
from netspec.layers.base import Layer
from netspec.weights.parity import Case

GENERAL = "held to PyTorch's functions in test_layer_vectors.py, or to sums written out in test_general_layers.py"
#: Layers that neither a case here nor a network of a library has.
LEFT_OUT = {
    L.DarknetBlock: "YOLOv3 has 62 million parameters, and another slope of leaky ReLU; CSPBlock has the same blocks",
    L.TimeCondition: "released denoisers map the encoded time twice: Condition, which tiny_ddpm has",
    L.OnRegions: "the case of Mask R-CNN ends with the feature pyramid, that of its head begins behind RoIAlign",
    L.StructureModule: "its attention is a layer of its own, with a case; what surrounds it is recorded nowhere",
    L.NeuralODE: "no published weights follow fixed steps; held to the matrix exponential instead",
    L.Hopfield: "held to its energy and to attention instead",
    **dict.fromkeys(
        (L.Squash, L.DynamicRouting, L.CapsuleLengths, L.LongestCapsule),
        "no case is recorded; held to their formulas instead",
    ),
    **dict.fromkeys((L.BilinearUpsample, L.ConvBlockAttention, L.EfficientChannelAttention, L.ExpectedBin), GENERAL),
    **dict.fromkeys((L.GlobalMaxPool, L.Pick, L.ScaleChannels), "one line"),
}

#: What the language can do and no case of the published networks does.
PARTS_LEFT_OUT = {
    L.FusedMBConv: "expand = 1, which the small network rounds up, and squeeze-excite, which EfficientNetV2 has not",
    L.MBConv: "squeeze_from='expanded', the count of the book's ch. 10",
    L.PatchEmbed: "layout='grid', and positions on it",
    L.EvoformerBlock: "the map to the single representation behind the stack: the case is one block",
    L.TransformerDecoder: "learned queries and ReLU: DETR norms behind the sums, and has attention as a layer",
    L.UNetUp: "upsample='bilinear', whose parts occur in the vectors and in DeepLab",
}

#: Idioms whose gradients are compared, and where.
WITH_GRADIENTS = {
    L.ResidualBlock: "tiny_resnet_basic",
    L.BottleneckBlock: "tiny_resnet_bottleneck",
    L.InvertedResidual: "tv_mobilenet_v2",
    L.MBConv: "tiny_efficientnet",
    L.InceptionModule: "layer_inception",
    L.ASPP: "layer_aspp",
    L.CSPBlock: "layer_csp",
    L.FeaturePyramid: "layer_feature_pyramid",
    L.NeRFMLP: "layer_nerf",
    L.ShuffleBlock: "layer_shuffle",
    L.FusedMBConv: "tiny_efficientnet_v2",
    L.UniversalInvertedBottleneck: "layer_universal",
    L.Condition: "tiny_ddpm",
    L.ImageAttention: "tiny_ddpm",
    L.GridAttention: "tiny_segformer_a",
    L.FireModule: "layer_fire",
    L.DenseBlock: "tiny_densenet",
    L.ShuffleV2Block: "tiny_shufflenet_v2",
    L.ConvNeXtStage: "tiny_convnext",
    L.SwinStage: "tiny_swin_tv",
    L.TransformerEncoder: "tiny_vit_timm",
    L.SharedEmbed: "tiny_t5",
    L.LMHead: "tiny_llama",
    L.TransformerDecoder: "tiny_whisper_a",
    L.DETRHeads: "layer_detr_heads",
    L.MambaBlock: "tiny_mamba_a",
    L.WaveNetBlock: "layer_wavenet",
    L.Highway: "highway_50",
    L.UNetUp: "tiny_unet_bn",
    L.InvariantPointAttention: "ipa",
    L.Recurrent: "primitives_sequence",
    L.AvgPool: "primitives_image",
}


def layers_in(part):
    """The layers of a part, and those inside combinators."""
    if isinstance(part, Layer):
        yield part
        part = [getattr(part, field.name) for field in dataclasses.fields(part)]
    if isinstance(part, (tuple, list)):
        for inner in part:
            yield from layers_in(inner)


COVERED = {}
for name in (*PUBLISHED, *LISTED):
    twins = ([published(name)] if name in PUBLISHED else []) + ([LISTED[name]()] if name in LISTED else [])
    pieces = [piece for twin in twins for piece in (twin, *twin.pieces)]
    COVERED[name] = {type(layer) for piece in pieces for layer in layers_in(piece.spec.layers)}


@pytest.mark.exhaustive
def test_every_layer_has_a_case_or_a_reason():
    everything = {kind for kind in map(vars(L).get, L.__all__) if isinstance(kind, type) and issubclass(kind, Layer)}
    everything -= {L.Layer, L.Primitive, L.Combinator}
    covered = {kind for layers in COVERED.values() for kind in layers}
    # snakemake parity compares networks of libraries whose cases are too large for here.
    released = {type(row.layer) for network in exact.networks().values() for row in network.spec().flat()}
    assert everything - covered - released == LEFT_OUT.keys()
    assert PARTS_LEFT_OUT.keys() <= covered


@pytest.mark.parametrize(("layer", "case"), WITH_GRADIENTS.items(), ids=WITH_GRADIENTS.values())
def test_gradients_of_the_idioms_are_compared(layer, case):
    assert layer in COVERED[case]
    assert "gradients" in Case(FOLDER / case).manifest
