"""Families of networks by their text: every part can be swapped, names lead back, and nothing is run as code."""

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

import netspec
from netspec import layers as L
from netspec.catalogue.blocks import ConvBlocks, TextBlocks
from netspec.errors import SpecError, UnknownSpecError
from netspec.run.traced import Traced


def choices(family):
    """Every value other than the default of every part that has a list of them."""
    hints = get_type_hints(family)
    usual = family()
    for field in fields(family):
        options = [one for arg in (hints[field.name], *get_args(hints[field.name])) for one in get_args(arg)]
        flat = [one for option in options for one in (get_args(option) or (option,))]
        for value in dict.fromkeys(one for one in flat if isinstance(one, str)):
            if value != getattr(usual, field.name):
                yield family(**{field.name: value})


#: DeepNorm scales what a norm behind the sum reads, so it goes with another placement.
SWAPPED = [
    *(one for family in (ConvBlocks, TextBlocks) for one in choices(family) if one != TextBlocks(residual="deepnorm"))
]


def test_there_are_values_of_every_part():
    names = {str(one) for one in SWAPPED}
    assert len(SWAPPED) > 30
    assert {"ConvBlocks(norm='rms')", "ConvBlocks(attention='self')", "TextBlocks(mlp='swiglu')"} <= names


@pytest.mark.parametrize("member", SWAPPED, ids=str)
def test_a_member_is_found_by_its_text_and_can_be_counted(member):
    spec = netspec.find(member.name)
    assert spec == member.spec()
    assert spec.name == member.name
    assert spec.output_shape == ((10,) if isinstance(member, ConvBlocks) else (64, 65))
    assert spec.params > 10_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        'ConvBlocks(norm="group", activation="prelu", attention="self", skip="scaled", placement="pre")',
        'ConvBlocks(depth=4, width=8, norm="none", attention="cbam", pool="max", readout="flatten")',
        'TextBlocks(norm="none", residual="rezero", mlp="geglu")',
        'TextBlocks(norm="rms", residual="none")',
    ],
)
def test_the_built_network_has_the_tensors_that_its_spec_says(name):
    spec = netspec.find(name)
    traced = Traced(spec)
    assert (traced.params, traced.leaves) == (spec.params, spec.output_shape)


@pytest.mark.parametrize("depth", [4, 8, 64])
def test_depth_counts_the_convolutions_of_blocks(depth):
    rows = netspec.find(f"ConvBlocks(depth={depth})").flat()
    assert sum(getattr(row.layer, "kernel", 0) == 3 for row in rows) == depth + 1  # and the stem


def test_a_gated_mlp_has_nearly_as_many_parameters():
    plain, gated = netspec.find("TextBlocks"), netspec.find('TextBlocks(mlp="swiglu")')
    assert gated.params == pytest.approx(plain.params, rel=0.01)


def test_the_default_text_network_is_as_large_as_tiny_gpt_of_its_width():
    (encoder,) = (layer for layer in netspec.find("TextBlocks").layers if isinstance(layer, L.TransformerEncoder))
    assert (encoder.width, encoder.heads, encoder.mlp_width, encoder.n_blocks, encoder.causal) == (64, 2, 256, 2, True)


def test_order_spaces_and_defaults_do_not_matter():
    found = netspec.find(" ConvBlocks( activation='silu',norm = 'batch', depth=4 ) ")
    assert found.name == "ConvBlocks(depth=4, activation='silu')"
    assert netspec.find("ConvBlocks()") == netspec.find("ConvBlocks") == netspec.find("conv blocks")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ConvBlocks(norms='batch')", "ConvBlocks has no part norms, expected parts such as depth=… of depth, width"),
        ("ConvBlocks(8)", "a part has no name"),
        ("ConvBlocks(norm=", "unknown architecture"),
        ("ConvBlocks(norm=)", "cannot be read"),
        ("ConvBlocks(depth=4, depth=8)", "part depth stands there twice, expected once"),
        ("ConvBlocks(**{})", r"ConvBlocks has no part \*\*"),
        ("ConvBlocks(norm=__import__('os').getcwd())", "cannot be read"),
        ("ConvBlocks(norm='batch')()", "cannot be read"),
        (f"ConvBlocks(depth={'(' * 900}{')' * 900})", "cannot be read"),
        ("Family()", "unknown architecture"),
    ],
)
def test_what_is_no_member_is_refused_in_one_line(text, says):
    with pytest.raises(UnknownSpecError, match=says) as raised:
        netspec.find(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ConvBlocks(norm='best')", "norm"),
        ("ConvBlocks(depth='8')", "depth"),
        ("ConvBlocks(depth=6)", "two stages of blocks of two convolutions: arrived 6, expected 4, 8, 12, …"),
        ("ConvBlocks(depth=0)", "depth"),
        ("ConvBlocks(width=True)", "width"),
        ("ConvBlocks(norm='group', width=6)", "groups of four channels: arrived width=6, expected 4, 8, 12, …"),
        ("ConvBlocks(norm=['batch'])", "norm"),
        ("TextBlocks(norm='none', placement='post')", "there is no norm to place"),
        ("TextBlocks(residual='none', layer_scale=0.1)", "there is no sum to normalise or scale"),
        ("TextBlocks(heads=3)", "heads"),
        ("TextBlocks(residual='deepnorm')", "DeepNorm"),
    ],
)
def test_parts_that_cannot_be_name_the_network_and_the_part(text, says):
    with pytest.raises(SpecError, match=says) as raised:
        netspec.find(text)
    assert text.partition("(")[0] in str(raised.value)
