"""Classical estimates of many tables against those of one."""

import math

import numpy as np
import pytest

from partial_pooling.classical import estimates
from partial_pooling.classical.many import estimate_many
from partial_pooling.data.groups import Estimates

NAMES = ("q", "p_value", "i_squared", "dersimonian_laird", "paule_mandel", "reml")


def tables():
    rng = np.random.default_rng(1)
    result = []
    for size in (2, 3, 7, 20):
        for tau in (0.0, 0.3, 5.0):
            for spread in (0.5, 3.0):
                std_error = np.exp(rng.normal(0, spread, size))
                estimate = rng.normal(100, np.hypot(std_error, tau))
                result.append(Estimates(tuple(map(str, range(size))), estimate, std_error))
    equal = Estimates(("a", "b", "c"), np.ones(3), np.ones(3))
    # of two maxima of the restricted likelihood the one away from 0 is the higher
    two = Estimates(tuple("abcd"), np.array([0.0, 3, -30, 30]), np.array([1.0, 1, 20, 20]))
    # three precise groups far from the median, whose differences are its last digits
    error = np.repeat([1e9, 1e-3], 3)
    far = Estimates(tuple("abcdef"), np.array([0, 1, 2, 1e8, 1e8 + 1e-3, 1e8 + 3e-3]), error)
    return [*result, equal, two, far]


def test_estimates_of_many_tables_are_those_of_each():
    some = tables()
    found = estimate_many(some)
    for i, table in enumerate(some):
        one = estimates.heterogeneity(table)
        expected = (
            one.q,
            one.p_value,
            one.i_squared,
            math.sqrt(estimates.dersimonian_laird(table)),
            math.sqrt(estimates.paule_mandel(table)),
            math.sqrt(estimates.maximum_likelihood(table, restricted=True)),
        )
        for name, value in zip(NAMES, expected, strict=True):
            assert getattr(found, name)[i] == pytest.approx(value, rel=1e-10, abs=1e-12), name


def test_numbers_do_not_depend_on_the_tables_beside():
    some = tables()
    found = estimate_many(some)
    for i in range(0, len(some), 5):
        alone = estimate_many([some[i]])
        for name in NAMES:
            assert getattr(alone, name)[0] == getattr(found, name)[i]


def test_one_group_has_no_estimates():
    found = estimate_many([Estimates(("a",), np.ones(1), np.ones(1))])
    assert all(np.isnan(getattr(found, name)[0]) for name in NAMES)
