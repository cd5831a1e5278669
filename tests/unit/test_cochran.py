"""Tails of Cochran's Q against chi-squared, an integral over an angle, and draws."""

import numpy as np
import pytest
from scipy import optimize, stats

from partial_pooling.classical.cochran import MANY, CochranTails

UNEVEN = {
    "alike": np.array([15.0, 10, 16, 11, 9, 11, 10, 18]),
    "one precise": np.array([1e-3, 1, 1.3, 5]),
    "two precise": np.array([1e-6, 2e-6, 1, 1, 30]),
    "one vague": np.array([1.0, 2, 1e4]),
}


def eigenvalues(std_error, tau):
    """Weights of the J - 1 chi-squares, by brute force."""
    h = 1 / std_error / np.sqrt(np.sum(std_error**-2.0))
    root = np.diag(np.sqrt(1 + (tau / std_error) ** 2))
    form = root @ (np.eye(len(h)) - np.outer(h, h)) @ root
    return np.linalg.eigvalsh(form)[1:]


@pytest.mark.parametrize("count", [2, 3, 8, 100])
def test_equal_errors_make_q_a_chi_squared(count):
    tau = np.array([0.0, 0.1, 1, 30, 1e6])
    for q in (1e-8, 0.1, 1.0, count - 1.0, 3.0 * count, 300.0):
        below, above = CochranTails(q, np.full(count, 2.0)).logs(2 * tau)
        chi2 = stats.chi2(count - 1)
        for found, expected in (
            (below, chi2.logcdf(q / (1 + tau**2))),
            (above, chi2.logsf(q / (1 + tau**2))),
        ):
            held = expected > -200  # below, the bound is given
            np.testing.assert_allclose(found[held], expected[held], rtol=1e-8, atol=1e-8)
            assert np.all(found[~held] < -190)


def test_three_groups_agree_with_an_integral_over_an_angle():
    # Q = R^2 (a cos^2 + b sin^2) with R^2 exponential of mean 2 and the angle uniform
    angle = np.linspace(0, np.pi, 20_001)[:-1]
    for std_error in (np.array([1.0, 2, 3]), np.array([0.05, 1, 1])):
        for tau in (0.0, 0.3, 4.0):
            a, b = eigenvalues(std_error, tau)
            mix = a * np.cos(angle) ** 2 + b * np.sin(angle) ** 2
            for q in (0.01, 1.0, 10.0, 400.0):
                below, above = CochranTails(q, std_error).logs(np.array([tau]))
                expected = np.log(np.mean(np.exp(-q / (2 * mix))))
                assert above[0] == pytest.approx(expected, rel=1e-8, abs=1e-8)
                expected = np.log(np.mean(-np.expm1(-q / (2 * mix))))
                assert below[0] == pytest.approx(expected, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("name", UNEVEN)
def test_uneven_errors_agree_with_a_million_draws(name):
    # seeds fixed; 16 comparisons a case at |z| < 4.5: false alarm in 1e-4 a case
    std_error, random = UNEVEN[name], np.random.default_rng(4)
    squares = random.chisquare(1, size=(1_000_000, len(std_error) - 1))
    for tau in (0.0, 0.7, 9.0, 200.0):
        drawn = squares @ eigenvalues(std_error, tau)
        for p in (0.01, 0.3, 0.9, 0.999):
            below, above = CochranTails(float(np.quantile(drawn, p)), std_error).logs(
                np.array([tau])
            )
            assert np.exp(below[0]) + np.exp(above[0]) == pytest.approx(1, abs=1e-14)
            assert abs(np.exp(below[0]) - p) < 4.5 * np.sqrt(p * (1 - p) / 1_000_000)


def test_interpolation_over_tau_changes_nothing_for_many_groups():
    random = np.random.default_rng(2)
    std_error = np.exp(random.normal(0, 0.7, MANY + 50))
    for q in (30.0, 200.0, 260.0, 2000.0):
        tails = CochranTails(q, std_error)
        tau = np.exp(np.linspace(-9, 4, 40))
        for found, integrated in zip(tails.logs(tau), tails._integrate(tau), strict=True):
            np.testing.assert_allclose(np.exp(found), np.exp(integrated), atol=1e-8)


def test_a_tail_whose_saddle_lies_beside_a_singularity_is_resolved():
    """Against the saddlepoint formula (Lugannani and Rice 1980), good to a few per cent."""
    random = np.random.default_rng(8)
    std_error = np.exp(random.normal(0, 1, 250))
    q = 538.1876943236106
    tau = 0.05848744719290125
    weights = eigenvalues(std_error, tau)

    def slope(s):
        return np.sum(weights / (1 - 2 * s * weights)) - q

    s = optimize.brentq(slope, 1e-9, 0.5 / weights.max() - 1e-12)
    cumulant = -0.5 * np.log1p(-2 * s * weights).sum()
    w = np.sqrt(2 * (s * q - cumulant))
    u = s * np.sqrt(np.sum(2 * (weights / (1 - 2 * s * weights)) ** 2))
    expected = stats.norm.sf(w) + stats.norm.pdf(w) * (1 / u - 1 / w)
    _, above = CochranTails(q, std_error)._integrate(np.array([tau]))
    assert above[0] == pytest.approx(np.log(expected), abs=0.05)


def test_no_spread_is_impossible_and_far_tau_a_power():
    below, above = CochranTails(0.0, np.array([1.0, 2, 3])).logs(np.array([0.0, 1]))
    assert np.all(np.exp(below) == 0)
    assert np.all(above == 0)
    below, _ = CochranTails(4.0, np.array([1.0, 2, 3])).logs(np.array([1e9, 1e60, 1e120]))
    # P(Q <= q) falls as tau^-(J - 1)
    np.testing.assert_allclose(np.diff(below), -2 * np.log([1e51, 1e60]), rtol=1e-12)
