import numpy as np
import pytest
import vocabulary_family as family

from netspec.errors import VocabularyError
from netspec.vocabulary import continuous

FAMILY = "continuous"


def test_rows_and_terms_agree():
    family.check_family(FAMILY)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_property(id):
    family.check_term(id)


@pytest.mark.parametrize("id", family.executable(FAMILY))
def test_docstring(id):
    family.check_docstring(id)


def test_a_liquid_hears_nothing_of_the_future():
    rng = np.random.default_rng(0)
    liquid = continuous.Liquid(rng.normal(size=(2, 4)), rng.normal(size=(4, 4)))
    x = rng.normal(size=(20, 2))
    before = continuous.liquid_state(x, liquid)
    after = continuous.liquid_state(np.concatenate([x[:10], x[10:] + 1]), liquid)
    np.testing.assert_array_equal(before[:10], after[:10])
    assert not np.array_equal(before[10:], after[10:])


X, H = np.ones((2, 1)), np.ones((2, 3))
LIQUID = continuous.Liquid(np.ones((1, 2)), np.ones((2, 2)), tau=0.0)

REFUSED = {
    "no steps": (lambda: continuous.neural_ode(lambda p, h, t: h, 0.0, H, steps=0), "steps: arrived 0"),
    "a field that widens": (
        lambda: continuous.neural_ode(lambda p, h, t: h[0], 0.0, H),
        r"field: arrived with shape \(3,\), expected that of h, \(2, 3\)",
    ),
    "a step back": (
        lambda: continuous.ct_rnn(X[None], H, np.ones((1, 3)), np.ones((3, 3)), np.ones(3), dt=-1.0),
        "dt: arrived -1.0",
    ),
    "a time for another unit": (
        lambda: continuous.ct_rnn(X[None], H, np.ones((1, 3)), np.ones((3, 3)), np.ones(3), tau=np.ones(2)),
        "tau: arrived with shape",
    ),
    "a negative time": (
        lambda: continuous.cfc(X, H, -1.0, np.ones((3, 4, 3)), np.ones((3, 3))),
        "t: arrived -1.0",
    ),
    "two heads": (lambda: continuous.cfc(X, H, 1.0, np.ones((2, 4, 3)), np.ones((2, 3))), "kernels: arrived with"),
    "no time constant": (
        lambda: continuous.ltc(X, H, np.ones((4, 3)), np.ones(3), np.ones(3), tau=0.0),
        "tau: arrived 0.0",
    ),
    "an empty input": (lambda: continuous.liquid_state(np.ones((0, 1)), LIQUID), "x: arrived empty"),
    "a neuron without time": (lambda: continuous.liquid_state(np.ones((4, 1)), LIQUID), "tau: arrived 0.0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(VocabularyError, match=message):
        call()
