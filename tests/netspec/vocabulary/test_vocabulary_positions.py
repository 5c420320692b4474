import jax
import jax.numpy as jnp
import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import positions

FAMILY = "positions"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def zeros(*shape):
    return np.zeros(shape)


REFUSED = {
    "tokens: arrived 0": lambda: positions.sinusoidal(0, 4),
    "expected a divisor of channels 5": lambda: positions.sinusoidal(3, 5),
    "base: arrived -1": lambda: positions.sinusoidal(3, 4, base=-1.0),
    "expected a divisor of channels 3": lambda: positions.rotary(zeros(1, 4, 2, 3), zeros(4)),
    r"positions: arrived with shape \(5,\), expected \(tokens 4,\)": lambda: positions.rotary(
        zeros(1, 4, 2, 2), zeros(5)
    ),
    "heads: arrived 0": lambda: positions.alibi_bias(0, 2, 2),
    "keys: arrived True": lambda: positions.alibi_bias(2, 2, True),
    "expected a divisor of buckets 6": lambda: positions.t5_bias(zeros(2, 6), 3, 3),
    "reach: arrived 2, expected more than the 2 distances": lambda: positions.t5_bias(zeros(2, 8), 3, 3, reach=2),
    "table: arrived empty": lambda: positions.t5_bias(zeros(0, 8), 3, 3),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_input_is_refused(message):
    with pytest.raises(VocabularyError, match=message):
        REFUSED[message]()


def test_buckets_at_the_powers_of_two():
    """Raffel et al.'s 32 buckets up to 128: of their logarithm, the powers of two are the beginnings of every other."""
    assert positions.t5_bucket(-np.array([0, 7, 8, 15, 16, 32, 64, 127, 128, 500]), 32).tolist() == [
        *(0, 7, 8, 9, 10, 12, 14, 15, 15, 15)
    ]


@pytest.mark.parametrize("heads", [1, 2, 3, 6, 12, 20])
def test_slopes_of_any_number_of_heads_differ_and_stay_between_the_ends(heads):
    found = positions.slopes(heads)
    assert len(set(found)) == heads and found.max() <= 2 ** (-4 / 16) and found.min() >= 2.0**-8


def test_slopes_between_powers_of_two():
    """Of three heads: those of two, 2⁻⁴ and 2⁻⁸, then the first of four, 2⁻²."""
    assert positions.slopes(3).tolist() == [2.0**-4, 2.0**-8, 2.0**-2]


def test_rotary_works_under_jit_with_traced_positions():
    x = jax.random.normal(jax.random.key(0), (1, 3, 2, 4))
    np.testing.assert_allclose(
        jax.jit(positions.rotary)(x, jnp.arange(3)), positions.rotary(x, jnp.arange(3)), rtol=1e-5, atol=1e-6
    )
