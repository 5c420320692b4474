"""Attention as a value: which pairs are needed and computed, what is kept of a token, and what cannot be."""

import pytest

from netspec import NetSpec, SpecError
from netspec import layers as L
from netspec.cli.listing import program


def encoder(causal=False, **parts):
    return L.TransformerEncoder(12, 4, 20, 2, causal=causal, attention=L.Attention(**parts))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [None, 1, 3, 9, 30])
@pytest.mark.parametrize("ahead", [None, 0, 2, 40])
@pytest.mark.parametrize("tokens", [1, 4, 10])
def test_needed_pairs_are_those_that_a_token_sees(causal, window, ahead, tokens):
    if (causal and ahead) or (window is None and ahead is not None):
        return
    back = tokens if window is None else window - 1
    front = 0 if causal else back if ahead is None else ahead
    seen = sum(-back <= j - i <= front for i in range(tokens) for j in range(tokens))
    pairs = encoder(causal, window=window, ahead=ahead).pairs((tokens, 12))
    assert pairs.needed == seen <= pairs.computed <= tokens**2


def test_a_mask_saves_nothing_and_a_narrow_window_does():
    tokens, full = (1024, 12), 1024 * 1024
    assert encoder(causal=True).pairs(tokens) == (1024 * 1025 // 2, full)
    assert encoder(causal=True, window=1024).pairs(tokens) == (1024 * 1025 // 2, full)
    assert encoder(causal=True, window=64).pairs(tokens) == (64 * 1024 - 64 * 63 // 2, 1024 * 128)
    assert encoder(window=64).pairs(tokens).computed == 1024 * 192
    assert encoder(window=512).pairs(tokens).computed == full
    layer = encoder(causal=True, window=64)
    assert layer.macs(tokens) - layer.needed_macs(tokens) == 2 * 2 * 12 * (1024 * 128 - layer.pairs(tokens).needed)


def test_what_decoding_keeps_of_a_token_shrinks_with_shared_keys():
    assert encoder().kept_per_token == 2 * 2 * 12
    assert encoder(kv_heads=2).kept_per_token == 2 * 2 * 6
    assert encoder(kv_heads=1).kept_per_token == 2 * 2 * 3


def test_projections_of_the_vocabularys_examples():
    """Lines 2278 and 2303: 512 features, 32 heads with 8 pairs, and 8 heads with one, without biases."""
    shared, single = L.Attention(kv_heads=8, bias=False), L.Attention(kv_heads=1, bias=False)
    assert shared.params(512, 32) == 512 * 512 * 2 + 2 * 512 * 128 == 655_360
    assert single.params(512, 8) == 512 * 512 * 2 + 2 * 512 * 64 == 589_824


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (
            encoder(True, window=4, ahead=1),
            "a token must not see those it is to predict: arrived ahead=1, expected causal=False",
        ),
        (encoder(ahead=1), "tokens ahead are part of a window: arrived ahead=1, expected a window"),
        (
            encoder(kv_heads=3),
            "heads share keys in equal groups: arrived kv_heads=3 for 4 heads, expected a d",
        ),
        (
            encoder(positions="rope"),
            "rotary positions turn pairs of features: arrived heads of width 3, expected",
        ),
        (encoder(positions="t5", buckets=6), "buckets grow from one distance to many: arrived buckets=6"),
        (encoder(window=0), "attention: window must be a positive integer: arrived 0"),
        (encoder(positions="xpos"), "attention: unknown positions: arrived 'xpos', expected one of 'none', 'rope'"),
        (L.TransformerEncoder(12, 5, 8, 1), "heads do not divide the width: arrived 5 heads, expected a divisor of 12"),
        (L.TransformerEncoder(12, 4, 8, 1, attention="rope"), "attention must be of type Attention: arrived 'rope'"),
        (L.TransformerEncoder(12, 4, 8, 1, norm_epsilon=0.0), "norm_epsilon must be small: arrived 0.0"),
        (
            L.TransformerEncoder(12, 4, 8, 1, norm="batch"),
            "unknown norm: arrived 'batch', expected one of 'layer'",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(layer, says):
    with pytest.raises(SpecError) as caught:
        NetSpec("net", (5, 12), (layer,))
    assert str(caught.value).startswith("net, layer 0 TransformerEncoder(")
    assert says in str(caught.value)


def test_a_listing_has_the_parts_that_differ():
    layer = L.TransformerEncoder(
        12, 4, 8, 1, causal=True, attention=L.Attention(kv_heads=2, window=8, bias=False), norm="rms", mlp="swiglu"
    )
    text = "TransformerEncoder(12, 4, 8, 1, causal=True, attention=Attention(kv_heads=2, window=8, bias=False), "
    assert str(layer) == text + "norm='rms', mlp='swiglu')"
    spec = NetSpec("net", (5, 12), (layer,))
    namespace = {}
    exec(program(spec), namespace)
    assert namespace["SPEC"] == spec
    assert str(L.TransformerEncoder(12, 4, 8, 1)) == "TransformerEncoder(12, 4, 8, 1)"
