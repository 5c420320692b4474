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
        (encoder(positions="xpos"), "attention: unknown positions: arrived 'xpos', expected one of 'none', 'learned'"),
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


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (
            encoder(True, kernel="linear", positions="alibi"),
            "positions of scores need scores, which only a softmax has",
        ),
        (encoder(True, kernel="linear", window=3), "a state is of all tokens so far, none of which can be left out"),
        (encoder(True, kernel="retention", latent=4), "a latent is kept in place of keys, which a state does not keep"),
        (encoder(kernel="wkv"), "what decays with time sees no later tokens: arrived kernel='wkv', expected causal"),
        (
            encoder(True, kernel="wkv", head_width=4, positions="rope"),
            "wkv has no products of queries and keys to turn",
        ),
        (encoder(True, kernel="wkv", kv_heads=2), "wkv has a key for each feature of its gate: arrived kv_heads=2"),
        (encoder(kernel="nystrom"), "landmarks are of one kernel: arrived kernel='nystrom', landmarks=None"),
        (encoder(landmarks=5), "landmarks are of one kernel: arrived kernel='softmax', landmarks=5"),
        (encoder(kernel="nystrom", landmarks=2), "landmarks are of equally many tokens: arrived 5 tokens for 2"),
        (encoder(True, kernel="nystrom", landmarks=5), "landmarks are of later tokens, too"),
        (encoder(kernel="nystrom", landmarks=5, value_conv=4), "values of neighbours are added: arrived kernel="),
        (encoder(kernel="nystrom", landmarks=5, kv_heads=2), "each head has landmarks of its own keys"),
        (encoder(latent=4, kv_heads=2), "all heads have keys of the latent: arrived kv_heads=2, latent=4"),
        (encoder(latent=4, key_bias=False), "keys of a latent have no bias"),
        (
            encoder(latent=4, head_width=6, positions="rope"),
            "half of a head is turned in pairs: arrived heads of width",
        ),
        (encoder(positions="learned"), "a learned table has a length: arrived positions='learned', max_tokens=None"),
        (encoder(max_tokens=9), "a learned table has a length: arrived positions='none', max_tokens=9"),
        (
            encoder(positions="learned", max_tokens=4),
            "more tokens than positions: arrived 5 tokens, expected at most 4",
        ),
        (encoder(pattern=L.Dilated(0)), "Dilated: step must be a positive integer: arrived 0"),
        (encoder(True, pattern=L.Window(3, 1)), "a token must not see those it is to predict: arrived ahead=1"),
        (encoder(pattern="full"), "attention: pattern must be of type Pattern: arrived 'full'"),
        (L.TransformerEncoder(12, 4, 8, 1, residual="deepnorm"), "DeepNorm scales what a norm behind the sum reads"),
        (L.TransformerEncoder(12, 4, 8, 1, residual="rezero", layer_scale=0.1), "both scale the branch"),
        (
            L.TransformerDecoder(12, 4, 8, 1, 3, attention=L.Attention(positions="sinusoidal")),
            "learned queries are pos",
        ),
        (encoder(window=3, pattern=L.Dilated(2)), "a window is a pattern itself"),
    ],
)
def test_parts_that_cannot_be_together_are_refused_with_the_reason(layer, says):
    with pytest.raises(SpecError) as caught:
        NetSpec("net", (5, 12), (layer,))
    assert says in str(caught.value)


def test_a_window_has_one_value_however_it_is_written():
    assert L.Attention(pattern=L.Window(8, 2)) == L.Attention(window=8, ahead=2)
    assert str(L.Attention(pattern=L.Window(8))) == "Attention(window=8)"


def test_what_decoding_keeps_of_a_text():
    """By hand for width 12 in 4 heads and two blocks: keys and values, a window's, a latent, and states."""
    assert [encoder(True).kept(n) for n in (1, 100)] == [48, 4800]
    assert [encoder(True, window=8).kept(n) for n in (1, 8, 100)] == [48, 384, 384]
    assert encoder(True, latent=5).kept(100) == 2 * 500
    assert encoder(True, latent=5, head_width=8, positions="rope").kept(100) == 2 * 100 * (5 + 4)
    assert encoder(True, kernel="linear").kept(100) == encoder(True, kernel="linear").kept(1) == 2 * 4 * 3 * 4
    assert encoder(True, kernel="retention", kv_heads=1).kept(100) == 2 * 3 * 3
    assert encoder(True, kernel="wkv").kept(100) == 2 * 3 * 12


def test_cost_grows_with_the_tokens_where_it_is_said_to():
    def growth(**parts):
        layer = encoder(True, **parts)
        return layer.macs((4096, 12)) / layer.macs((1024, 12))

    assert growth() > 12
    for parts in ({"kernel": "linear"}, {"kernel": "retention"}, {"kernel": "wkv"}, {"window": 16}):
        assert growth(**parts) == pytest.approx(4, rel=0.01)
    assert growth(pattern=L.BigBird(2, 8, 4)) == pytest.approx(4, rel=0.01)


def test_a_listing_names_patterns():
    spec = NetSpec("net", (5, 12), (encoder(True, kv_heads=2, pattern=L.BigBird(1, 2, 3)),))
    namespace = {}
    exec(program(spec), namespace)
    assert namespace["SPEC"] == spec
