"""Every function against its counterpart in scipy.stats or a value worked out by hand."""

from __future__ import annotations

import math

import pytest
import scipy.stats

from report.runs import statistics

OURS = [81.2, 83.9, 82.5, 84.4, 80.1]
BARE = [80.0, 82.1, 82.9, 81.0, 79.7]


@pytest.mark.parametrize("n", [2, 3, 5])
def test_paired_interval_and_p_value_are_those_of_the_paired_t_test(n):
    found = statistics.paired(OURS[:n], BARE[:n])
    wanted = scipy.stats.ttest_rel(OURS[:n], BARE[:n])
    interval = wanted.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-10)
    assert found.n == n


def test_paired_interval_by_hand():
    # Differences 1, 2, 3: mean 2, sd 1; t(p, 2) = (2p - 1) / sqrt(2p(1 - p)) is 4.302653 at p = 0.975.
    found = statistics.paired([1.0, 2.0, 3.0], [0.0, 0.0, 0.0])
    assert (found.mean, found.sd) == (2.0, 1.0)
    assert found.high - found.mean == pytest.approx(4.302652729911 / math.sqrt(3), rel=1e-9)


def test_pairing_removes_what_seeds_share():
    shift = [0.0, 10.0, -10.0]
    found = statistics.paired([1 + s for s in shift], [0.5 + s for s in shift])
    assert found.mean == pytest.approx(0.5)
    assert found.high - found.low == pytest.approx(0, abs=1e-12)


def test_one_pair_has_a_difference_and_nothing_else():
    found = statistics.paired([3.0], [1.0])
    assert found.mean == 2.0
    assert all(math.isnan(value) for value in (found.sd, found.low, found.high, found.p))


def test_equal_differences_have_no_p_value():
    found = statistics.paired([2.0, 3.0], [1.0, 2.0])
    assert (found.low, found.high) == (1.0, 1.0)
    assert math.isnan(found.p)


def test_pairs_must_match():
    with pytest.raises(ValueError, match="shorter"):
        statistics.paired([1.0, 2.0], [1.0])


def test_holm_by_hand():
    # Sorted 0.01, 0.03, 0.04 times 3, 2, 1, made monotone: 0.03, 0.06, 0.06.
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([0.5, 0.9]) == [1.0, 1.0]
    adjusted = statistics.holm([math.nan, 0.02])
    assert math.isnan(adjusted[0])
    assert adjusted[1] == 0.02


@pytest.mark.parametrize("y", [[3, 1, 4, 1, 5], [5, 4, 3, 2, 1], [1, 1, 2, 2, 3]])
def test_spearman_is_that_of_scipy_ties_included(y):
    x = [1, 2, 2, 4, 8]
    assert statistics.ranks(y) == list(scipy.stats.rankdata(y))
    assert statistics.spearman(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize(("x", "y"), [([1, 2], [2, 1]), ([1, 2, 3], [5, 5, 5])])
def test_spearman_needs_three_pairs_and_variation(x, y):
    assert math.isnan(statistics.spearman(x, y))


def test_binomial_half_width_of_the_books_validation_set():
    # 1.96 * sqrt(0.75 * 0.25 / 3904) = 1.36 points.
    assert statistics.binomial_half_width(75, 3904) == pytest.approx(1.358, abs=5e-4)
