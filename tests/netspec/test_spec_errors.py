"""Every malformed spec is refused with one message: spec, layer's index and text, what arrived, what was expected."""

import dataclasses
import re

import pytest
from primitive_cases import CASES

from netspec import NetSpec, SpecError
from netspec import layers as L
from netspec.layers.base import SKIP, Several

#: Primitives that take whatever single tensor arrives.
ANY_SHAPE = (
    *(L.Flatten, L.GlobalAvgPool, L.MaxPool, L.BilinearUpsample, L.Save, L.Load, L.FeaturePyramid),
    *(L.Squash, L.CapsuleLengths, L.LongestCapsule, L.Activate, L.LocalResponseNorm, L.AvgPool, L.AdaptiveAvgPool),
    *(L.GlobalMaxPool, L.Channels, L.PadChannels, L.PadImage, L.Crop, L.JoinCropped, L.SpaceToDepth),
    *(L.NearestUpsample, L.Resize, L.ResizeLike, L.ReadToken, L.ReadMarked, L.SwapAxes, L.Unread),
    *(L.NewTokens, L.DropTokens, L.GridPositions, L.PixelCentres, L.LpPool, L.UnitLength, L.CumulativeSum),
)

#: Primitives that act on the last axis, whatever stands before it, and those that only move tensors.
ANY_RANK = (
    *(L.Dense, L.LMHead, L.Highway, L.PositionalEncoding, L.Flatten, L.Save, L.Load, L.FeaturePyramid),
    *(L.Activate, L.PReLU, L.BatchNorm, L.LayerNorm, L.RMSNorm, L.LocalResponseNorm, L.ScaleChannels, L.TimeEncoding),
    *(L.Channels, L.ShuffleChannels, L.PadChannels, L.ExpectedBin, L.Unread),
    *(L.NewTokens, L.DotProducts, L.PointShares, L.FourierFeatures, L.ShiftChannels, L.UnitLength),
)


def network(layer, arrived, read, before=()):
    """A spec in which ``layer`` stands behind ``before``, with the tensors it reads as extra inputs or skips."""
    extra = dict(zip(layer.reads, read, strict=True)) if layer.reads else {}
    return NetSpec("broken", arrived, (*before, layer), extra_inputs=extra)


def message(layer, arrived, *read):
    with pytest.raises(SpecError) as caught:
        network(layer, arrived, read)
    text = str(caught.value)
    assert text.count("\n") == 0
    assert text.startswith("broken, layer 0 "), text
    assert str(layer) in text
    assert re.search(r"arrived .+, expected .+", text), text
    return text


def cases(*, without=()):
    seen, chosen = set(), []
    for layer, arrived, *read in CASES:
        if type(layer) not in (*without, *seen) and not isinstance(arrived, Several):
            seen.add(type(layer))
            # A skip is an open one, not an extra input: those errors have tests of their own.
            if SKIP not in layer.reads:
                chosen.append(pytest.param(layer, arrived, read, id=type(layer).__name__))
    return chosen


@pytest.mark.parametrize(
    ("layer", "arrived", "read"), cases(without=(*ANY_SHAPE, L.OneHotDense, L.TokenPositionEmbed, L.SharedEmbed))
)
def test_one_channel_too_many(layer, arrived, read):
    text = message(layer, (*arrived[:-1], arrived[-1] + 1), *read)
    assert str(arrived[-1] + 1) in text


@pytest.mark.parametrize(("layer", "arrived", "read"), cases(without=ANY_RANK))
def test_wrong_rank(layer, arrived, read):
    message(layer, (2, 2, 2, 2, arrived[-1]), *read)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(
    ("layer", "name"),
    [
        pytest.param(case[0], field.name, id=f"{type(case[0]).__name__}-{field.name}")
        for case in {type(case[0]): case for case in CASES}.values()
        for field in dataclasses.fields(case[0])
        if field.type in ("int", "int | None")
    ],
)
@pytest.mark.parametrize("value", [0, -3, 2.0, True])
def test_zero_and_negative_sizes(layer, name, value):
    if value == 0 and type(value) is int and name in layer.may_be_zero:
        return
    broken = dataclasses.replace(layer, **{name: value})
    with pytest.raises(
        SpecError, match=rf"^broken, layer 0 .*: {name} must be a \S+ integer: arrived {value!r}, expected"
    ):
        NetSpec("broken", (8, 8, 8), (broken,))


IMAGE, TOKENS = (8, 8, 8), (9, 12)


@pytest.mark.parametrize(
    ("layer", "arrived", "expected"),
    [
        (
            L.TransformerEncoder(12, 5, 20, 1),
            TOKENS,
            "heads do not divide the width: arrived 5 heads, expected",
        ),
        (L.TransformerDecoder(12, 5, 20, 1, 3), TOKENS, "heads do not divide the width: arrived 5 heads"),
        (L.SwinStage(8, 3, 20, 4, 1), IMAGE, "heads do not divide the width: arrived 3 heads"),
        (L.MobileViTBlock(8, 12, 5, 20, 1), IMAGE, "heads do not divide the width: arrived 5 heads"),
        (
            L.Conv2d(8, 4, 9, "valid"),
            IMAGE,
            "kernel larger than its input: arrived (8, 8, 8), expected sides of at least 9",
        ),
        (L.ConvBN(8, 4, 9, padding="valid"), IMAGE, "kernel larger than its input: arrived (8, 8, 8)"),
        (L.MaxPool(9, 2), IMAGE, "kernel larger than its input: arrived (8, 8, 8), expected sides of at least 9"),
        (L.Dense(10, 2), (12,), "dense fan-in does not match: arrived (12,), expected (10,)"),
        (L.Dense(10, 2), (4, 12), "dense fan-in does not match: arrived (4, 12), expected (…, 10)"),
        (L.PatchEmbed(8, 4, 4, 5), IMAGE, "wrong patch count: arrived 4 patches, expected 5 patches"),
        (
            L.PatchEmbed(8, 4, 3, 4),
            IMAGE,
            "patches do not tile the image: arrived (8, 8, 8), expected sides",
        ),
        (
            L.BottleneckBlock(8, 10, 1, 1),
            IMAGE,
            "a quarter of the output: arrived out_channels=10",
        ),
        (
            L.ShuffleBlock(8, 40, 3, 1),
            IMAGE,
            "groups do not divide the channels: arrived 3 groups for 8",
        ),
        (L.ShuffleBlock(8, 8, 2, 1), IMAGE, "arrived 8 to 8 channels, expected more channels out"),
        (L.ShuffleV2Block(8, 9, 1), IMAGE, "channels are split in half: arrived 9"),
        (L.DarknetBlock(7, 1), (8, 8, 7), "the block halves its channels: arrived 7"),
        (L.CSPBlock(6, 8, 1), (8, 8, 6), "the block halves its channels twice: arrived 6"),
        (L.UNetDown(8, 4), (7, 8, 8), "sides must be even to be halved and doubled back: arrived (7, 8, 8)"),
        (L.TransitionLayer(8, 4), (8, 1, 8), "nothing to halve: arrived (8, 1, 8)"),
        (L.ConvNeXtDownsample(8, 4), (1, 7, 8), "nothing to halve: arrived (1, 7, 8)"),
        (L.ConvNeXtStem(8, 4, 4), (3, 8, 8), "no whole patch: arrived (3, 8, 8)"),
        (L.UNetUp(8, 4), IMAGE, "unmatched skip: arrived no open skip, expected one UNetDown before each UNetUp"),
        (L.UNetUp(8, 4, skip_channels=-1), IMAGE, "skip_channels must be a non-negative integer: arrived -1"),
        (L.Save(""), IMAGE, "a saved tensor needs a name: arrived ''"),
        (L.Save("(open skip)"), IMAGE, "a saved tensor needs a name: arrived '(open skip)'"),
        (L.Load("there"), IMAGE, "unknown tap: arrived 'there', expected one of no saved tensor"),
        (L.TransformerDecoder(12, 3, 20, 1, 0, memory="text"), TOKENS, "unknown tap: arrived 'text'"),
        (L.TransformerDecoder(12, 3, 20, 1, 0), TOKENS, "queries or a memory: arrived n_queries=0, memory=''"),
        (
            L.TransformerDecoder(12, 3, 20, 1, 4, memory="m"),
            TOKENS,
            "arrived n_queries=4, memory='m'",
        ),
        (L.FeaturePyramid(8, 8, 8, 8, 4), IMAGE, "unknown tap: arrived 'c2'"),
        (L.NeRFMLP(12, 8, 4), (12,), "unknown tap: arrived 'direction'"),
        (L.TimeCondition(8, 4), IMAGE, "unknown tap: arrived 'time'"),
        (L.EvoformerBlock(8, 8, 1), IMAGE, "unknown tap: arrived 'pair'"),
        (L.StructureModule(8, 8, 1), IMAGE, "two representations are needed: arrived (8, 8, 8)"),
        (L.OneHotDense(50, 8), TOKENS, "token indices are needed: arrived (9, 12), expected (tokens,)"),
        (L.TokenPositionEmbed(50, 8, 8), (9,), "more tokens than positions: arrived 9 tokens, expected at most 8"),
        (L.Reshape((5, 5)), (12,), "sizes differ: arrived 12 in (12,), expected 25 scalars for (5, 5)"),
        (L.Reshape((0, 5)), (12,), "shape must be positive integers: arrived (0, 5)"),
        (L.Pick("a"), (12,), "no tensor named 'a': arrived (12,)"),
        (L.Conv2d(8, 4, 3, "half"), IMAGE, "unknown padding: arrived 'half', expected one of 'same', 'valid'"),
        (L.Conv2d(8, 4, 3, "valid", transposed=True), IMAGE, "a transposed convolution is padded: arrived valid"),
        (L.ConvBN(8, 4, 3, activation="swoosh"), IMAGE, "unknown activation: arrived 'swoosh'"),
        (
            L.Residual((L.Conv2d(8, 4, 3),)),
            IMAGE,
            "the residual paths differ: arrived body (8, 8, 4)",
        ),
        (
            L.Branches(((), L.Conv2d(8, 4, 3, stride=2))),
            IMAGE,
            "concatenated tensors differ: arrived (8, 8, 8)",
        ),
        (
            L.Branches(((), L.Conv2d(8, 4, 3)), join="add"),
            IMAGE,
            "added tensors differ: arrived (8, 8, 8) and",
        ),
        (L.Branches(((),)), IMAGE, "branches are joined: arrived 1 branches, expected two or more"),
        (L.Heads({}), IMAGE, "no heads: arrived 0 heads"),
        (L.Heads({"a.b": L.Flatten()}), IMAGE, "a head has a name without dots: arrived 'a.b'"),
        (L.ForEach(L.Flatten()), IMAGE, "several tensors are needed: arrived (8, 8, 8)"),
        (
            L.OnRegions(4, 7, 10, L.Flatten()),
            IMAGE,
            "input channels do not match: arrived (8, 8, 8)",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, L.Layer) else "",
)
def test_message(layer, arrived, expected):
    with pytest.raises(SpecError) as caught:
        NetSpec("broken", arrived, (layer,))
    assert str(caught.value).startswith(f"broken, layer 0 {layer}: ")
    assert expected in str(caught.value)
    assert ", expected " in str(caught.value)


def test_the_index_is_that_of_the_layer_that_fails():
    with pytest.raises(SpecError) as caught:
        NetSpec("LeNet-6", (32, 32, 1), (L.Conv2d(1, 6, 5, "valid"), L.MaxPool(2, 2), L.Conv2d(8, 16, 5)))
    assert str(caught.value) == (
        "LeNet-6, layer 2 Conv2d(8, 16, 5): input channels do not match: arrived (14, 14, 6), expected (…, …, 8)"
    )


def test_inside_a_combinator_the_path_leads_to_the_layer():
    heads = L.Heads({"policy": (L.Flatten(), L.Dense(10, 2)), "value": (L.Flatten(),)})
    with pytest.raises(SpecError, match=r"^net, layer 1\.policy\.1 Dense\(10, 2\): dense fan-in does not match"):
        NetSpec("net", (2, 2, 3), (L.MaxPool(2, 2), heads))


def test_a_skip_of_the_wrong_width_and_one_that_nobody_reads():
    with pytest.raises(SpecError, match=r"UNetUp\(4, 2\): unmatched skip: arrived \(8, 8, 4\), expected \(8, 8, 2\)"):
        NetSpec("net", (8, 8, 3), (L.UNetDown(3, 4), L.UNetUp(4, 2)))
    with pytest.raises(SpecError, match=r"UNetDown\(3, 4\): unmatched skip: arrived \(8, 8, 4\) that no"):
        NetSpec("net", (8, 8, 3), (L.UNetDown(3, 4), L.Conv2d(4, 2, 3)))


def test_extra_inputs_that_do_not_fit():
    decoder = L.TransformerDecoder(12, 3, 20, 1, 0, memory="text")
    with pytest.raises(SpecError, match="memory width does not match"):
        NetSpec("net", (9, 12), (decoder,), extra_inputs={"text": (4, 11)})
    pair = L.EvoformerBlock(8, 6, 1)
    with pytest.raises(SpecError, match="pairs do not match the residues"):
        NetSpec("net", (3, 5, 8), (pair,), extra_inputs={"pair": (4, 4, 6)})
    with pytest.raises(SpecError, match="points and directions differ"):
        NetSpec("net", (2, 12), (L.NeRFMLP(12, 8, 4),), extra_inputs={"direction": (3, 8)})
    stages = {f"c{n}": (2 ** (7 - n), 2 ** (7 - n), 8) for n in range(2, 6)}
    with pytest.raises(SpecError, match="pyramid stages do not fit"):
        NetSpec("net", (4, 4, 8), (L.FeaturePyramid(8, 8, 8, 8, 4),), extra_inputs=stages | {"c3": (5, 5, 8)})


@pytest.mark.parametrize(
    ("shape", "layers", "expected"),
    [
        ((0, 3), (L.Flatten(),), "net: input shape (0, 3), expected positive integers"),
        ((), (L.Flatten(),), "net: input shape (), expected positive integers"),
        ((3, 2.5), (L.Flatten(),), "net: input shape (3, 2.5), expected positive integers"),
        ((3,), (), "net: no layers, expected at least one"),
    ],
)
def test_a_spec_without_input_or_layers(shape, layers, expected):
    with pytest.raises(SpecError, match=re.escape(expected)):
        NetSpec("net", shape, layers)
    with pytest.raises(SpecError, match="net: text"):
        NetSpec("net", (3,), (L.Flatten(),), extra_inputs={"text": (0,)})


@pytest.mark.parametrize("layers", [(L.Save("x"), L.Flatten), (L.Save("x"), "Flatten()"), (L.Save("x"), None)])
def test_something_that_is_no_layer(layers):
    with pytest.raises(
        SpecError, match=r"^net, layer 1: not a layer: arrived .*, expected a layer such as Flatten\(\)"
    ):
        NetSpec("net", (3,), layers)
    with pytest.raises(SpecError, match=r"^net, layer 0\.body\.0: not a layer: arrived .*, expected a layer"):
        NetSpec("net", (3,), (L.Residual((layers[1],)),))


@pytest.mark.parametrize(
    ("shape", "layers", "says"),
    [
        ((3,), (L.Flatten(),), r"net: ends in Flatten\(\) and leaves \(3,\), expected a vector of classes from Dense"),
        ((4, 4, 8), (L.GlobalAvgPool(),), r"net: ends in GlobalAvgPool\(\) and leaves \(8,\)"),
        ((4, 8), (L.Dense(8, 5),), r"net: ends in Dense\(8, 5\) and leaves \(4, 5\)"),
        ((4, 4, 8), (L.Conv2d(8, 5, 1), L.Flatten()), r"net: ends in Flatten\(\) and leaves \(80,\)"),
        ((4, 4, 8), (L.ConvBN(8, 5, 1), L.GlobalAvgPool()), r"net: ends in ConvBN\(8, 5, 1\) and leaves \(5,\)"),
    ],
    ids=["no head", "only pooling", "dense on tokens", "flattened", "normalised"],
)
def test_classes_need_a_classification_head(shape, layers, says):
    with pytest.raises(SpecError, match=says):
        NetSpec("net", shape, layers).with_classes(4)
