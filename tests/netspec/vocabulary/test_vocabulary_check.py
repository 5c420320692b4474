"""The harness: it computes in float64, and says when a property fails and when it cannot fail."""

import jax.numpy as jnp
import numpy as np
import pytest

from netspec.errors import VocabularyError
from netspec.vocabulary import Mistake, Property, Term, check, docs, expect
from netspec.vocabulary.cases import CASES, apart, wrong


def term(residual, tolerance=1e-12, mistakes=()):
    mistakes = tuple(Mistake(name, implementation) for name, implementation in mistakes)
    return Term("relu", jnp.square, (Property("It holds.", residual, tolerance, mistakes),))


def squares(square, case):
    x = case.normal(case.batch, case.channels)
    return apart(square(x), x**2)


def test_what_holds_and_catches_its_mistakes_passes():
    ((held, caught),) = check.check(term(squares, mistakes=[("cube", lambda x: x**3), ("float32", _single)]))
    assert (held.verdict, held.mistakes, held.missed) == ("pass", 2, "")
    assert [one.verdict for one in caught] == ["caught", "caught"]


def _single(x):
    return jnp.square(jnp.asarray(x, jnp.float32))


def test_what_fails_names_the_worst_case():
    ((held, _),) = check.check(term(lambda f, case: float(case.tokens == 1), mistakes=[("none", jnp.square)]))
    assert (held.verdict, held.case) == ("fail", "one token")


@pytest.mark.parametrize("mistakes", [[("the same", lambda x: x * x)], []])
def test_a_property_that_cannot_fail_is_blind(mistakes):
    ((held, _),) = check.check(term(squares, mistakes=mistakes))
    assert held.verdict == "blind"


def test_what_is_not_a_number_does_not_hold():
    ((held, _),) = check.check(term(lambda f, case: float("nan"), mistakes=[("cube", lambda x: x**3)]))
    assert held.verdict == "fail"


def test_differences_are_relative_and_shapes_count():
    assert apart([2.0, 4.0], [2.0, 5.0]) == pytest.approx(0.2)
    assert apart([1.0], [1.0, 1.0]) == apart([np.nan], [1.0]) == float("inf")
    assert apart([np.inf, np.nan], [np.inf, np.nan]) == 0
    assert (wrong([True, True]), wrong([True, False])) == (0, 1)


def test_cases_hold_the_smallest_sizes_and_draw_the_same_again():
    assert {1} <= {case.tokens for case in CASES} & {case.channels for case in CASES} & {case.batch for case in CASES}
    assert all(case.channels % case.heads == 0 for case in CASES)
    assert (CASES[0].normal(2, 3) == CASES[0].normal(2, 3)).all()
    assert CASES[0].normal(2).dtype == np.float64


def test_a_docstring_is_taken_apart():
    def thing():
        """What it solves, over
        two lines.

        Formula: y = x
        Shapes: any,
            and more.
        Source: nobody.

        >>> 1 + 1
        2
        """

    found = docs.described(thing)
    assert found.said == "What it solves, over two lines."
    assert found.labelled == {"Formula": "y = x", "Shapes": "any, and more.", "Source": "nobody."}
    assert found.listing == (">>> 1 + 1", "2")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expect.axes(x=(np.ones((2, 3)), "batch tokens width")), r"x: arrived with shape \(2, 3\), expected"),
        (
            lambda: expect.axes(q=(np.ones((2, 3)), "batch width"), k=(np.ones((2, 4)), "batch width")),
            r"k: arrived with shape \(2, 4\), expected \(batch 2, width 3\)",
        ),
        (lambda: expect.axes(x=(np.ones((0, 3)), "batch width")), "x: arrived empty"),
        (lambda: expect.probability("p", 1.5), "p: arrived 1.5, expected a number from 0 to 1"),
        (lambda: expect.rate("rate", 1.0), "rate: arrived 1.0, expected less than 1"),
        (lambda: expect.positive("rate", -0.1), "rate: arrived -0.1, expected more than 0"),
        (lambda: expect.not_negative("w", np.array([1.0, -2.0])), "w: arrived -2.0, expected at least 0"),
        (lambda: expect.whole("heads", True), "heads: arrived True, expected a whole number of at least 1"),
        (lambda: expect.divides("heads", 3, "width", 8), "heads: arrived 3, expected a divisor of width 8"),
        (lambda: expect.one_of("mode", "x", ("a", "b")), "mode: arrived 'x', expected one of 'a', 'b'"),
        (lambda: expect.probability("p", float("nan")), "p: arrived nan"),
    ],
)
def test_bad_input_is_one_sentence_with_what_was_expected(call, message):
    with pytest.raises(VocabularyError, match=message):
        call()


def test_leading_axes_may_be_any():
    assert expect.axes(x=(np.ones((5, 4, 3)), "... tokens width"), m=(np.ones((4, 4)), "tokens tokens")) == {
        "tokens": 4,
        "width": 3,
    }
