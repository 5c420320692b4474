import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import convolutions

FAMILY = "convolutions"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.thinned(3)
@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def zeros(*shape):
    return np.zeros(shape)


REFUSED = {
    "x: arrived empty": lambda: convolutions.conv1d(zeros(0, 4, 2), zeros(3, 2, 2)),
    r"kernel: arrived with shape \(3, 3, 2\), expected \(k_tokens, in 2, out\)": lambda: convolutions.conv1d(
        zeros(1, 4, 2), zeros(3, 3, 2)
    ),
    "stride: arrived 0": lambda: convolutions.conv1d(zeros(1, 4, 2), zeros(3, 2, 2), stride=0),
    "dilation: arrived -1": lambda: convolutions.causal_conv1d(zeros(1, 4, 2), zeros(3, 2, 2), dilation=-1),
    r"bias: arrived with shape \(3,\)": lambda: convolutions.causal_conv1d(zeros(1, 4, 2), zeros(3, 2, 2), zeros(3)),
    "positions that are left: arrived 0": lambda: convolutions.dilated_conv_4d(
        zeros(1, 5, 5, 5, 4, 1), zeros(3, 3, 3, 3, 1, 1)
    ),
    r"x: arrived with shape \(1, 4, 4, 2\)": lambda: convolutions.conv3d(zeros(1, 4, 4, 2), zeros(3, 3, 3, 2, 2)),
    "kernel side: arrived 0, expected one of 1": lambda: convolutions.deformable_conv(
        zeros(1, 4, 4, 2), zeros(2, 3, 2, 2), zeros(1, 4, 4, 6, 2)
    ),
    r"offsets: arrived with shape \(1, 4, 4, 9, 3\)": lambda: convolutions.deformable_conv(
        zeros(1, 4, 4, 2), zeros(3, 3, 2, 2), zeros(1, 4, 4, 9, 3)
    ),
    "expected a divisor of height 5": lambda: convolutions.octave_conv(
        zeros(1, 5, 4, 2), None, zeros(3, 3, 2, 4), low_out=1
    ),
    "low_out: arrived 4, expected less than the 4": lambda: convolutions.octave_conv(
        zeros(1, 4, 4, 2), None, zeros(3, 3, 2, 4), low_out=4
    ),
    r"low: arrived with shape \(1, 4, 4, 1\)": lambda: convolutions.octave_conv(
        zeros(1, 4, 4, 2), zeros(1, 4, 4, 1), zeros(3, 3, 3, 4), low_out=1
    ),
    "number of filters: arrived 1": lambda: convolutions.hyena(zeros(1, 4, 2), [zeros(1, 4, 2)] * 2, [zeros(4, 2)]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_input_is_refused(message):
    with pytest.raises(VocabularyError, match=message):
        REFUSED[message]()


def test_octave_keeps_its_price():
    """With half of the channels low on both sides it multiplies 1 − ¾·α(2 − α) = 7/16 as often as the convolution."""

    def products(function, *shapes):
        lowered = jax.jit(function).lower(*(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes))
        return lowered.cost_analysis()["flops"]

    full = products(
        lambda x, kernel: convolutions.octave_conv(x, None, kernel, low_out=0)[0], (1, 16, 16, 64), (1, 1, 64, 64)
    )
    half = products(
        lambda x, y, kernel: convolutions.octave_conv(x, y, kernel, low_out=32),
        (1, 16, 16, 32),
        (1, 8, 8, 32),
        (1, 1, 64, 64),
    )
    assert half / full == pytest.approx(7 / 16, rel=0.05)


def test_zero_is_read_outside_of_the_image():
    far = np.broadcast_to([50.0, 0.0], (1, 3, 3, 1, 2))
    assert not np.any(convolutions.deformable_conv(np.ones((1, 3, 3, 1)), np.ones((1, 1, 1, 1)), far))
