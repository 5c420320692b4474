"""An attention that is written out in a configuration is read, and nothing of it is run."""

import pytest

from netspec import SpecError
from netspec.layers import patterns
from netspec.layers.attention import Attention
from train.config import written
from train.config.models import model_of


@pytest.mark.parametrize(
    "value",
    [
        Attention(),
        Attention(kv_heads=1, positions="rope", rope_base=500),
        Attention(pattern=patterns.BigBird(2, 4, 4, seed=3)),
        Attention(window=8, bias=False),
        Attention(kernel="wkv"),
    ],
    ids=repr,
)
def test_what_a_value_prints_is_read_as_it(value):
    assert written.attention(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Attention(", "cannot be read"),
        ("Attention(windw=8)", "Attention has no windw, expected some of kv_heads"),
        ("Attention(window=open('x'))", "has open, expected one of Attention"),
        ("Attention(window=2 * 4)", r"has 2 \* 4, expected a number"),
        ("Window(8)", "is no attention"),
        ("Attention(pattern=Window())", "missing 1 required"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_was_expected(text, says):
    with pytest.raises(SpecError, match=says) as error:
        written.attention(text)
    assert "\n" not in str(error.value)


def test_it_takes_the_place_of_that_of_a_network():
    spec = model_of("TinyGPT (four heads) with Attention(window=8)")
    assert [layer.attention for layer in spec.layers if hasattr(layer, "attention")] == [Attention(window=8)]
    with pytest.raises(SpecError, match="a token must not see those it is to predict"):
        str(model_of("TinyGPT (four heads) with Attention(window=8, ahead=2)").output_shape)
