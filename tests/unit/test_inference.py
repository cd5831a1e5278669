"""Tails, intervals and corrections, against SciPy's own tests and against hand numbers."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from partial_pooling.grading.inference import (
    Interval,
    error_p_value,
    holm,
    mean_interval,
    share_interval,
    share_p_value,
)


@pytest.mark.parametrize(
    ("events", "trials"), [(0, 50), (1, 50), (3, 50), (25, 50), (49, 50), (50, 50)]
)
def test_shares_have_the_interval_of_clopper_and_pearson(events, trials):
    expected = stats.binomtest(events, trials).proportion_ci(0.9, method="exact")
    found = share_interval(events, trials, 0.9)
    np.testing.assert_allclose(found, [events / trials, expected.low, expected.high])


@pytest.mark.parametrize("events", [0, 1, 4, 5, 6, 20, 100])
@pytest.mark.parametrize("tolerance", [0.0, 0.01])
def test_shares_are_judged_by_the_binomials_tail(events, tolerance):
    trials, null = 100, 0.05
    above = stats.binom.sf(events - 1, trials, null + tolerance)
    below = stats.binom.cdf(events, trials, null - tolerance)
    expected = min(1, 2 * (above if events / trials > null else below))
    found = share_p_value(events / trials, trials, null, tolerance)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0)


def test_an_event_that_never_occurs_is_evidence():
    chance = share_p_value([0.0, 0.0], [10.0, 400.5], 0.05)
    np.testing.assert_allclose(chance, [min(1, 2 * 0.95**10), 2 * 0.95**400.5])
    assert math.isnan(share_p_value(0.1, math.nan, 0.05))


def test_errors_below_the_tolerance_are_no_evidence_however_precise():
    np.testing.assert_array_equal(error_p_value([0.02, -0.02], [1e-9, 0.0], 0.02), [1, 1])
    np.testing.assert_allclose(
        error_p_value([0.05, -0.05], [0.01, 0.02], 0.02), 2 * stats.norm.sf([3, 1.5])
    )
    assert error_p_value(0.03, 0.0, 0.02) == 0
    assert math.isnan(error_p_value(math.nan, 0.1, 0.02))


def test_means_have_students_interval():
    values = [1.0, 2.0, 4.0, 4.5]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = mean_interval(values)
    np.testing.assert_allclose(found, [np.mean(values), expected.low, expected.high])
    expected = stats.ttest_1samp([1.0, 4.0], 0).confidence_interval(0.9)
    np.testing.assert_allclose(mean_interval([1.0, 4.0], 0.9), [2.5, expected.low, expected.high])


@pytest.mark.parametrize(
    ("low", "high", "excludes"),
    [
        (0.2, 0.8, True),
        (-0.8, -0.2, True),
        (-0.2, 0.8, False),
        (-0.8, 0.2, False),
        (0.0, 0.8, False),
        (-0.8, 0.0, False),
        (math.nan, math.nan, False),
    ],
)
def test_zero_is_excluded_where_both_ends_lie_on_one_side(low, high, excludes):
    assert Interval(0.1, low, high).excludes_zero == excludes


def test_ends_are_cut_to_what_is_possible():
    assert Interval(0.4, -0.3, 1.2).within(0) == (0.4, 0, 1.2)
    assert Interval(0.4, -0.3, 1.2).within(0, 1) == (0.4, 0, 1)
    assert Interval(0.4, 0.1, 0.7).within(0, 1) == (0.4, 0.1, 0.7)
    alone = Interval(0.4, math.nan, math.nan)
    assert alone.within(0, 1) is alone


@pytest.mark.parametrize("values", [[3.0], [2.0, 2.0, 2.0]])
def test_values_that_do_not_vary_tell_nothing_of_chance(values):
    with warnings.catch_warnings(action="error"):
        found = mean_interval(values)
    assert found.value == values[0]
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert not found.excludes_zero


def test_tests_that_were_not_made_do_not_count():
    np.testing.assert_allclose(
        holm([0.01, math.nan, 0.04, 0.03, 0.005]), [0.03, math.nan, 0.06, 0.06, 0.02]
    )
    assert np.isnan(holm([math.nan])).all()
