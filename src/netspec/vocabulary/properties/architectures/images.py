"""What must hold of classifiers of images."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from netspec.catalogue import densenet, inception, resnet, swin, vit
from netspec.layers import (
    BottleneckBlock,
    ConvBN,
    Dense,
    DenseBlock,
    InceptionModule,
    PatchEmbed,
    ResidualBlock,
    SwinStage,
    TransformerEncoder,
    TransitionLayer,
)
from netspec.layers.base import Layer
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.architectures.common import (
    Specs,
    changed,
    counted,
    exchanged,
    fewer_blocks,
    layers,
    named,
    wider_stem,
    with_fields,
)
from netspec.vocabulary.term import Mistake, Property, Term


def _vit_formula(specs: Specs, case: Case) -> float:
    """Patches, a class token, positions for all, blocks of 12 d² + 13 d, a norm and a head."""
    expected = []
    for spec in specs:
        patch, d, blocks, classes = (
            spec.layers[0].patch,
            spec.layers[0].width,
            spec.layers[1].n_blocks,
            spec.output_shape[0],
        )
        tokens = prod(spec.input_shape[:2]) // patch**2
        embedding = 3 * patch**2 * d + d + d + (tokens + 1) * d
        expected.append(embedding + blocks * (12 * d**2 + 13 * d) + 2 * d + d * classes + classes)
    return apart([spec.params for spec in specs], expected)


def _one_token_more(specs: Specs, case: Case) -> float:
    """As many tokens as patches, and one: 197 for 224 pixels in patches of 16."""
    found = [spec.rows[0].leaves for spec in specs]
    return wrong(
        [
            shape == (prod(spec.input_shape[:2]) // spec.layers[0].patch ** 2 + 1, spec.layers[0].width)
            for spec, shape in zip(specs, found, strict=True)
        ]
    )


def _on_a_grid(layer: Layer) -> Layer:
    """No class token; the encoder then reads all."""
    if isinstance(layer, PatchEmbed):
        return replace(layer, layout="grid")
    return layer


def _windows(specs: Specs, case: Case) -> float:
    """Twice the height costs twice the multiply-adds: a window's attention does not grow with the image."""
    stage = next(layer for layer in named(specs, "Swin-T").layers if hasattr(layer, "heads"))
    one, two = stage.macs((56, 56, 96)), stage.macs((112, 56, 96))
    return apart(two, 2 * one)


def _whole_image(layer: Layer) -> Layer:
    if isinstance(layer, SwinStage):
        return TransformerEncoder(layer.width, layer.heads, layer.mlp_width, layer.n_blocks)
    return layer


def _pyramid(specs: Specs, case: Case) -> float:
    """From stage to stage sides halve and channels double; heads stay 32 wide."""
    spec = named(specs, "Swin-T")
    shapes = [row.leaves for row in spec.rows if isinstance(row.layer, SwinStage)]
    widths = [stage.width // stage.heads for stage in layers(spec, SwinStage)]
    expected = [(56 // 2**level, 56 // 2**level, 96 * 2**level) for level in range(4)]
    return wrong([shapes == expected, widths == [32] * 4])


def _weighted_layers(specs: Specs, case: Case) -> float:
    """Stem, two or three convolutions a block and the head are as many layers as the name says."""
    found = {}
    for number in (18, 50, 101, 152):
        spec = named(specs, f"ResNet-{number}")
        deep = sum(2 * block.n_blocks for block in layers(spec, ResidualBlock))
        deep += sum(3 * block.n_blocks for block in layers(spec, BottleneckBlock))
        found[number] = deep + len(layers(spec, ConvBN)) + len(layers(spec, Dense))
    return apart(list(found.values()), list(found))


def _dense_layers(specs: Specs, case: Case) -> float:
    """Two convolutions a layer, one a transition, stem and head are as many as the name says; each layer adds 32."""
    holds = []
    for number in (121, 169, 201):
        spec = named(specs, f"DenseNet-{number}")
        blocks = layers(spec, DenseBlock)
        deep = 2 * sum(block.n_layers for block in blocks) + len(layers(spec, TransitionLayer)) + 2
        grown = [row.leaves[-1] - row.arrived[-1] for row in spec.rows if isinstance(row.layer, DenseBlock)]
        holds += [deep == number, grown == [32 * block.n_layers for block in blocks]]
    return wrong(holds)


def _with_1000(specs: Specs) -> Specs:
    return tuple(spec.with_classes(1000) for spec in specs)


def _densenet_convention(spec: NetSpec) -> int:
    """Elsewhere convolutions have no biases, and a norm stands before the head."""
    biases = sum(5 * block.growth_rate * block.n_layers for block in layers(spec, DenseBlock))
    biases += sum(one.out_channels for one in layers(spec, TransitionLayer))
    return 2 * layers(spec, Dense)[0].in_features - biases


_DENSENETS = counted(
    {"DenseNet-121": 7_978_856, "DenseNet-169": 14_149_480, "DenseNet-201": 20_013_928}, _densenet_convention
)


_SHORTER = exchanged(densenet.SPECS, "DenseNet-121", densenet.densenet("shorter", (6, 12, 24, 15), 992))


def _branches(specs: Specs, case: Case) -> float:
    """A module keeps the sides, and leaves the channels of its four branches side by side."""
    spec = specs[0]
    holds = []
    for row in spec.rows:
        if isinstance(row.layer, InceptionModule):
            one = row.layer
            channels = one.conv_1x1 + one.conv_3x3 + one.conv_5x5 + one.pool_1x1
            holds.append(row.leaves == (*row.arrived[:2], channels))
    return wrong([len(holds) == 9, *holds])


def _conv_channels(spec: NetSpec) -> int:
    """Channels that convolutions with batch normalisation leave: a scale more each than a bias alone."""
    inside = [
        (one.conv_1x1, one.reduce_3x3, one.conv_3x3, one.reduce_5x5, one.conv_5x5, one.pool_1x1)
        for one in layers(spec, InceptionModule)
    ]
    return sum(map(sum, inside)) + sum(one.out_channels for one in layers(spec, ConvBN))


def _narrower(layer: Layer) -> Layer:
    if isinstance(layer, InceptionModule) and layer.in_channels == 192:
        return replace(layer, reduce_3x3=layer.reduce_3x3 // 2)
    return layer


def _without_first_module(specs: Specs) -> Specs:
    """Module 3b alone, on more channels."""
    first, *rest = specs
    kept = [layer for layer in first.layers if not (isinstance(layer, InceptionModule) and layer.in_channels == 192)]
    kept = [replace(one, in_channels=192) if one == first.layers[6] else one for one in kept]
    return replace(first, layers=tuple(kept)), *rest


TERMS = (
    Term(
        "vit",
        vit.SPECS,
        (
            Property(
                "Every size has the parameters of the formula.",
                _vit_formula,
                0.0,
                (
                    Mistake(
                        "an MLP three times the width",
                        changed(vit.SPECS, "ViT-Tiny", with_fields(TransformerEncoder, mlp_width=3 * 192)),
                    ),
                    Mistake("no class token", changed(vit.SPECS, "ViT-Tiny", _on_a_grid)),
                ),
            ),
            Property(
                "There is a token for each patch, and one for the class.",
                _one_token_more,
                0.0,
                (Mistake("no class token", changed(vit.SPECS, "ViT-Tiny", _on_a_grid)),),
            ),
        ),
    ),
    Term(
        "swin",
        swin.SPECS,
        (
            Property(
                "Twice the image costs a stage twice the multiply-adds.",
                _windows,
                0.0,
                (
                    Mistake(
                        "attention over the whole image",
                        changed(
                            swin.SPECS,
                            "Swin-T",
                            lambda layer: (
                                TransformerEncoder(layer.width, layer.heads, layer.mlp_width, layer.n_blocks)
                                if isinstance(layer, SwinStage)
                                else layer
                            ),
                        ),
                    ),
                ),
            ),
            Property(
                "From stage to stage sides halve and channels double, and heads stay 32 wide.",
                _pyramid,
                0.0,
                (
                    Mistake("three heads in all", changed(swin.SPECS, "Swin-T", with_fields(SwinStage, heads=3))),
                    Mistake(
                        "patches of 2",
                        exchanged(swin.SPECS, "Swin-T", swin.swin("finer", 96, 3, (2, 2, 6, 2), patch=2)),
                    ),
                ),
            ),
        ),
    ),
    Term(
        "resnet",
        resnet.SPECS,
        (
            Property(
                "Sizes have their published counts.",
                counted(
                    {
                        "ResNet-18": 11_689_512,
                        "ResNet-50": 25_557_032,
                        "ResNet-101": 44_549_160,
                        "ResNet-152": 60_192_808,
                    }
                ),
                0.0,
                (
                    Mistake("a block less", changed(resnet.SPECS, "ResNet-50", fewer_blocks(BottleneckBlock, 512))),
                    Mistake("a first kernel of 5", changed(resnet.SPECS, "ResNet-18", wider_stem)),
                ),
            ),
            Property(
                "The number in the name is that of the layers with weights on the way.",
                _weighted_layers,
                0.0,
                (Mistake("a block less", changed(resnet.SPECS, "ResNet-50", fewer_blocks(BottleneckBlock, 512))),),
            ),
        ),
    ),
    Term(
        "densenet",
        densenet.SPECS,
        (
            Property(
                "With a thousand classes, a norm before the head and no biases, sizes have their published counts.",
                lambda specs, case: _DENSENETS(_with_1000(specs), case),
                0.0,
                (Mistake("a layer less", _SHORTER),),
            ),
            Property(
                "The number in the name is that of the layers with weights; each layer adds 32 channels.",
                _dense_layers,
                0.0,
                (Mistake("a layer less", _SHORTER),),
            ),
        ),
    ),
    Term(
        "inception",
        inception.SPECS,
        (
            Property(
                "With a bias for each scale and shift, GoogLeNet has the 6,998,552 parameters of its paper's table.",
                counted({"GoogLeNet (Inception v1)": 6_998_552}, lambda spec: -_conv_channels(spec)),
                0.0,
                (Mistake("a narrower branch", changed(inception.SPECS, "GoogLeNet (Inception v1)", _narrower)),),
            ),
            Property(
                "Nine modules keep the sides and put four branches side by side.",
                _branches,
                0.0,
                (Mistake("eight modules", _without_first_module(inception.SPECS)),),
            ),
        ),
    ),
)
