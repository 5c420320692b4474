"""Every theorem and every layer before it: closed form against three other ways, with room below each tolerance."""

import re
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netspec.gradcheck
from netspec.gradcheck import checks, layer_norm, linear, rules
from netspec.gradcheck.statement import Case
from netspec.gradcheck.statements import STATEMENTS
from netspec.gradcheck.statements.common import theorems

CASES = [(key, kind) for key, statement in STATEMENTS.items() for kind in statement.kinds]


def run(key, kind, seed=0, **options):
    return list(checks.check(STATEMENTS[key].case(kind, seed), np.random.default_rng(seed), **options))


def assert_within(found):
    for check in found:
        assert check.passed, check
        assert 10 * check.error <= check.tolerance, check


@pytest.mark.thinned(3)
@pytest.mark.parametrize("key", STATEMENTS)
def test_the_closed_form_agrees_with_automatic_differentiation_differences_and_structure(key):
    found = run(key, STATEMENTS[key].kinds[0])
    assert {check.check for check in found} >= {checks.AUTOMATIC, checks.DIFFERENCES, checks.STRUCTURE}
    assert_within(found)


@pytest.mark.thinned(3)
@pytest.mark.parametrize(("key", "kind"), [case for case in CASES if case[1] != "ordinary"])
def test_ill_conditioned_and_special_data_too(key, kind):
    assert_within(run(key, kind, with_jax=key not in ("77", "78", "79", "80", "81")))


def test_a_loop_over_parameters_is_the_chain_of_their_maps():
    rng = np.random.default_rng(0)
    parameters = [(rng.standard_normal((3, 3)), float(shift)) for shift in range(4)]
    whole = rules.repeat(lambda p: rules.chain(linear.matmul_right(p[0]), layer_norm.affine(1.5, p[1])), parameters)
    x, dy = rng.standard_normal((2, 2, 3))
    expected = x
    for w, shift in parameters:
        expected = 1.5 * (expected @ w) + shift
    with jax.enable_x64(True):
        assert str(jax.make_jaxpr(whole.forward)(x)).count("dot_general") == 1
        y, vjp = jax.vjp(whole.forward, x)
        np.testing.assert_allclose(y, expected, rtol=1e-12)
        np.testing.assert_allclose(vjp(dy)[0], whole.backward(x, dy), rtol=1e-12)
    np.testing.assert_allclose(whole.forward(x), expected, rtol=1e-12)


@pytest.mark.exhaustive
@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.sampled_from([key for key in STATEMENTS if key not in ("80", "81")]), st.integers(3, 2**32))
def test_any_shapes_and_values(key, seed):
    for check in run(key, "ordinary", seed, with_jax=False):
        assert check.passed, (key, seed, check)


def test_all_theorems_of_the_chapter_are_there_with_a_text_and_a_function_that_cites_each():
    assert [int(key) for key in STATEMENTS if key.isdigit()] == list(range(46, 82)) == list(theorems())
    assert all(s.title and s.section and s.text and s.closed_form for s in STATEMENTS.values())
    folder = Path(netspec.gradcheck.__file__).parent
    text = " ".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    cited = {int(number) for number in re.findall(r"[Tt]heorem (\d+)", text)}
    assert cited >= set(theorems())
    for number, row in theorems().items():
        assert row["source"].startswith("book ch. 10"), number


def test_a_statement_is_checked_on_the_same_data_every_time():
    first, again = (STATEMENTS["68"].case("ordinary", 1).arguments[0].value for _ in range(2))
    other = STATEMENTS["68"].case("ordinary", 2).arguments[0].value
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).all()


def test_a_failure_names_the_tensor_and_the_index():
    (argument,) = STATEMENTS["65"].case("ordinary", 0).arguments
    right = argument.map

    def wrong(q, dy):
        dq = right.backward(q, dy)
        dq[1, 0] += 1
        return dq

    case = Case("ordinary", (replace(argument, map=replace(right, backward=wrong)),))
    failed = [check for check in checks.check(case, np.random.default_rng(0)) if not check.passed]
    assert any(check.where.startswith("dQ[1, 0]: closed form ") for check in failed if check.check == checks.AUTOMATIC)
    assert any("J_Q[" in check.where for check in failed if check.check == checks.JACOBIAN)


def test_a_gradient_that_is_no_number_fails():
    (argument,) = STATEMENTS["63"].case("ordinary", 0).arguments
    broken = replace(argument.map, backward=lambda z, dy: np.full_like(z, np.nan))
    failed = checks.check(Case("ordinary", (replace(argument, map=broken),)), np.random.default_rng(0))
    assert all(not check.passed for check in failed)
