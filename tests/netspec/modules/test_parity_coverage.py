"""Which layers are held to published implementations by which cases, and why the others are not."""

import dataclasses

import pytest
import test_image_parity
import test_sequence_parity
from published import FOLDER, Case

from netspec import exact
from netspec import layers as L
from netspec.layers.base import Layer

TWINS = test_image_parity.TWINS | test_sequence_parity.TWINS

#: Layers in no case. Combinators and plumbing have no arithmetic of their own but for the joins.
LEFT_OUT = {
    L.DarknetBlock: "YOLOv3 has 62 million parameters, and another slope of leaky ReLU; CSPBlock has the same blocks",
    L.TimeCondition: "DDPM's U-Net, which has group norms and maps the encoded time twice, records nothing inside",
    L.OnRegions: "the case of Mask R-CNN ends with the feature pyramid, that of its head begins behind RoIAlign",
    L.Branches: "plumbing",
    L.GroupNorm: "flax's own; DDPM's and ResNetV2's norms of groups stand inside of other blocks",
    L.NeuralODE: "no published weights follow fixed steps; held to the matrix exponential instead",
    L.Hopfield: "held to its energy and to attention instead",
    **dict.fromkeys(
        (L.Squash, L.DynamicRouting, L.CapsuleLengths, L.LongestCapsule),
        "no case is recorded; held to their formulas instead",
    ),
    **dict.fromkeys(
        (L.ConvBlockAttention, L.EfficientChannelAttention, L.GlobalMaxPool, L.PReLU, L.ScaleChannels),
        "no network with recorded outputs has it; held to its formula instead",
    ),
    L.StructureModule: "its attention is a layer of its own, with a case; what surrounds it is recorded nowhere",
    **dict.fromkeys((L.Crop, L.ExpectedBin, L.Resize, L.SpaceToDepth), "it moves or weighs what is there by a formula"),
    L.ForEach: "plumbing",
    L.Under: "plumbing",
    L.Load: "plumbing",
    L.Pick: "plumbing",
    L.Repeat: "plumbing",
    L.Residual: "plumbing",
}

#: What the language can do and no case of the published networks does.
PARTS_LEFT_OUT = {
    L.FusedMBConv: "expand = 1, which the small network rounds up, and squeeze-excite, which EfficientNetV2 has not",
    L.MBConv: "squeeze_from='expanded', the count of the book's ch. 10",
    L.PatchEmbed: "layout='grid', and positions on it",
    L.EvoformerBlock: "the map to the single representation behind the stack: the case is one block",
    L.TransformerDecoder: "learned queries and ReLU: DETR norms behind the sums; its attention and heads are compared",
    L.TokenPositionEmbed: "segments, and a norm of the sum",
    L.UNetUp: "upsample='bilinear', whose parts occur in the primitives and in DeepLab",
}

#: Idioms whose gradients are compared, and where.
WITH_GRADIENTS = {
    L.ResidualBlock: "tiny_resnet_basic",
    L.BottleneckBlock: "tiny_resnet_bottleneck",
    L.InvertedResidual: "tv_mobilenet_v2",
    L.MBConv: "tiny_efficientnet",
    L.FusedMBConv: "tiny_efficientnet_v2",
    L.FireModule: "tv_squeezenet1_0",
    L.DenseBlock: "tiny_densenet",
    L.ShuffleV2Block: "tiny_shufflenet_v2",
    L.ConvNeXtStage: "tiny_convnext",
    L.SwinStage: "tiny_swin_tv",
    L.TransformerEncoder: "tiny_vit_timm",
    L.SharedEmbed: "tiny_t5",
    L.LMHead: "tiny_llama",
    L.TransformerDecoder: "tiny_whisper_a",
    L.DETRHeads: "tiny_detr_a",
    L.MambaBlock: "tiny_mamba_a",
    L.WaveNetBlock: "tiny_wavenet",
    L.Highway: "highway_50",
    L.UNetUp: "tiny_unet_bn",
    L.InvariantPointAttention: "ipa",
}


def layers_in(part):
    """The layers of a part, those inside combinators and those that single modules are made from."""
    if isinstance(part, Layer):
        yield part
        part = [getattr(part, field.name) for field in dataclasses.fields(part)]
    elif hasattr(part, "args"):
        part = part.args
    if isinstance(part, (tuple, list)):
        for inner in part:
            yield from layers_in(inner)


COVERED = {name: {type(layer) for layer in layers_in(twin.parts)} for name, twin in TWINS.items()}


def kind_of(layer):
    """The layer of the language that ``layer`` is, or of which it is a variation."""
    return next(kind for kind in layer.__mro__ if kind in vars(L).values())


def test_every_layer_has_a_case_or_a_reason():
    everything = {kind for kind in map(vars(L).get, L.__all__) if isinstance(kind, type) and issubclass(kind, Layer)}
    everything -= {L.Layer, L.Primitive, L.Combinator}
    covered = {kind_of(layer) for layers in COVERED.values() for layer in layers}
    # Networks of libraries have rules for their weights, and cases of their own.
    published = {type(row.layer) for network in exact.networks().values() for row in network.spec().flat()}
    assert everything - covered - published <= LEFT_OUT.keys()
    assert not covered & LEFT_OUT.keys()
    assert PARTS_LEFT_OUT.keys() <= covered


@pytest.mark.parametrize(("layer", "case"), WITH_GRADIENTS.items(), ids=WITH_GRADIENTS.values())
def test_gradients_of_the_idioms_are_compared(layer, case):
    assert layer in COVERED[case]
    assert TWINS[case].gradients


def test_every_case_is_compared_and_every_recorded_gradient_used():
    cases = {folder.name for folder in FOLDER.iterdir() if folder.is_dir()}
    assert cases == TWINS.keys()
    assert {name for name in cases if "gradients" in Case(name).manifest} == {
        name for name, twin in TWINS.items() if twin.gradients
    }


def test_the_copies_are_small():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 600e3
