"""Classical intervals, against published figures and by another computation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from test_classical import BCG_RISKS

from partial_pooling.classical.intervals import interval_table, q_profile
from partial_pooling.data.groups import Estimates, TwoByTwo
from partial_pooling.data.measures import estimates_of

DATASETS = Path(__file__).parents[2] / "config" / "datasets"


def counts(name, measure):
    table = pd.read_csv(DATASETS / "published_two_by_two.csv")
    rows = table[table["meta_analysis"] == name]
    columns = ("events_treated", "n_treated", "events_control", "n_control")
    groups = TwoByTwo(tuple(map(str, rows["trial"])), *(rows[c].to_numpy(float) for c in columns))
    return estimates_of(groups, measure)


def published(name):
    table = pd.read_csv(DATASETS / "published_estimates.csv")
    rows = table[table["meta_analysis"] == name]
    numbers = (rows[column].to_numpy(float) for column in ("estimate", "std_error"))
    return Estimates(tuple(map(str, rows["study"])), *numbers)


def found(groups, of, method, tau_by=""):
    table = interval_table(groups)
    (row,) = table[
        (table["of"] == of) & (table["method"] == method) & (table["tau_by"] == tau_by)
    ].to_dict("records")
    return row


TABLES = {
    "bcg": BCG_RISKS,
    "bcg odds": counts("bcg_colditz1994", "log_odds_ratio"),
    "diuretics": counts("diuretics_collins1985", "log_odds_ratio"),
    "lidocaine": counts("lidocaine_hine1989", "risk_difference"),
    "expectancy": published("expectancy_raudenbush1985"),
    "stroke": published("stroke_stay_normand1999"),
}
# As metafor's own tests and analysis examples print them (metafor-project.org: Viechtbauer 2007a,
# Raudenbush 2009, Normand 1999, van Houwelingen 2002), with so many decimals.
PUBLISHED = [
    ("bcg", "tau", "Q-profile", "", 0.1197**0.5, 1.1115**0.5, 4),
    ("bcg", "i_squared", "Q-profile", "", 0.819177, 0.976781, 4),  # its root is less exact
    ("bcg odds", "tau", "Q-profile", "", 0.1302**0.5, 1.1812**0.5, 4),
    ("diuretics", "tau", "Q-profile", "", 0.072**0.5, 2.203**0.5, 3),
    ("lidocaine", "mu", "Wald", "reml", 0.004, 0.055, 3),
    ("expectancy", "mu", "Wald", "reml", -0.018, 0.185, 3),
    ("expectancy", "mu", "Wald", "dersimonian_laird", -0.020, 0.199, 3),
    ("expectancy", "mu", "Wald", "ml", -0.015, 0.171, 3),
    ("expectancy", "mu", "Knapp-Hartung", "reml", -0.046, 0.213, 3),
    ("expectancy", "mu", "Knapp-Hartung", "dersimonian_laird", -0.044, 0.223, 3),
    ("expectancy", "mu", "Knapp-Hartung", "ml", -0.047, 0.202, 3),
    ("stroke", "mu", "Wald", "reml", -32.67, 2.43, 2),
    ("stroke", "mu", "Wald", "dersimonian_laird", -24.45, -3.75, 2),
]


@pytest.mark.parametrize("name, of, method, tau_by, lower, upper, decimals", PUBLISHED)
def test_intervals_are_those_of_metafor(name, of, method, tau_by, lower, upper, decimals):
    row = found(TABLES[name], of, method, tau_by)
    ends = np.array([row["lower"], row["upper"]])
    wanted = np.array([lower, upper])
    if of == "tau":  # printed as tau^2
        ends, wanted = ends**2, wanted**2
    np.testing.assert_allclose(ends, wanted, rtol=0, atol=0.51 * 10.0**-decimals)


@pytest.mark.parametrize("name", TABLES)
def test_intervals_are_those_of_another_computation(name):
    """By matrices (generalized least squares), and roots of the chi-square's tail, to 1e-6."""
    groups = TABLES[name]
    y, s, count = groups.estimate, groups.std_error, len(groups)
    ones = np.ones(count)

    def fit(tau2):
        inverse = np.linalg.inv(np.diag(s**2 + tau2))
        variance = 1 / (ones @ inverse @ ones)
        mu = variance * (ones @ inverse @ y)
        return mu, variance, (y - mu) @ inverse @ (y - mu)

    table = interval_table(groups)
    taus = {}
    for tau_by in ("dersimonian_laird", "paule_mandel", "ml", "reml"):
        wald = found(groups, "mu", "Wald", tau_by)
        new = found(groups, "theta_new", "Higgins-Thompson-Spiegelhalter", tau_by)
        if tau_by == "paule_mandel":
            surplus = fit(0.0)[2] - (count - 1)
            taus[tau_by] = 0.0 if surplus <= 0 else optimize.brentq(
                lambda tau2: fit(tau2)[2] - (count - 1), 0, 1e6, xtol=1e-14)  # fmt: skip
            mu, variance, _ = fit(taus[tau_by])
            half = 1.959963984540054 * variance**0.5
            assert (wald["lower"], wald["upper"]) == pytest.approx((mu - half, mu + half), rel=1e-6)
        # the standard error tells the tau that it was found at
        error = (wald["upper"] - wald["lower"]) / 2 / 1.959963984540054
        low = fit(0.0)[1]
        tau2 = 0.0 if error**2 <= low * (1 + 1e-9) else optimize.brentq(
            lambda tau2, e=error: fit(tau2)[1] - e**2, 0, 1e6, xtol=1e-16)  # fmt: skip
        mu, variance, q = fit(tau2)
        hartung = found(groups, "mu", "Knapp-Hartung", tau_by)
        half = stats.t(count - 1).ppf(0.975) * np.sqrt(variance * q / (count - 1))
        assert hartung["degrees_of_freedom"] == count - 1
        assert (hartung["lower"], hartung["upper"]) == pytest.approx(
            (mu - half, mu + half), rel=1e-6, abs=1e-7
        )
        half = stats.t(count - 2).ppf(0.975) * np.sqrt(variance + tau2)
        assert new["degrees_of_freedom"] == count - 2
        assert (new["lower"], new["upper"]) == pytest.approx((mu - half, mu + half), rel=1e-6)
    lower, upper = q_profile(groups)
    for end, tail in ((lower, 0.025), (upper, 0.975)):
        if end > 0:
            assert stats.chi2(count - 1).sf(fit(end**2)[2]) == pytest.approx(tail, abs=1e-6)
        else:
            assert stats.chi2(count - 1).sf(fit(0.0)[2]) >= tail
    weight = s**-2.0
    typical = (count - 1) * weight.sum() / (weight.sum() ** 2 - (weight**2).sum())
    share = table[table["of"] == "i_squared"].iloc[0]
    tau = table[table["of"] == "tau"].iloc[0]
    for column in ("estimate", "lower", "upper"):
        expected = tau[column] ** 2 / (tau[column] ** 2 + typical)
        assert share[column] == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_of_estimates_that_hardly_differ_the_q_profile_is_empty():
    groups = Estimates(tuple("abcd"), np.array([1.0, 1.001, 0.999, 1.0]), np.ones(4))
    assert np.isnan(q_profile(groups)).all()
    two = interval_table(Estimates(("a", "b"), np.array([1.0, 3.0]), np.ones(2)))
    assert two.loc[two["of"] == "theta_new", ["lower", "upper"]].isna().all(axis=None)
