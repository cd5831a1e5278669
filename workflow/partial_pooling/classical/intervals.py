"""Intervals that meta-analysts expect, each named with what it rests on.

Of mu Wald's (normal) and that of Knapp and Hartung (2003, Statistics in Medicine 22; t with J - 1
degrees of freedom, not truncated), of the theta of a new group that of Higgins, Thompson and
Spiegelhalter (2009; t with J - 2), each at an estimate of tau; of tau and I^2 by the Q-profile
(Viechtbauer 2007, Statistics in Medicine 26), which takes none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy.stats import chi2, norm, t

from partial_pooling.classical.estimates import LEVEL, estimate, misfit, root
from partial_pooling.data.groups import Estimates

if TYPE_CHECKING:
    import pandas as pd

ESTIMATORS = ("dersimonian_laird", "paule_mandel", "ml", "reml")
WALD, KNAPP_HARTUNG = "Wald", "Knapp-Hartung"
Q_PROFILE, PREDICTION = "Q-profile", "Higgins-Thompson-Spiegelhalter"


def knapp_hartung(
    groups: Estimates, mu: float, std_error: float, tau: float
) -> tuple[float, float]:
    """Interval of mu, from its estimate and standard error at tau."""
    freedom = len(groups) - 1
    scale = math.sqrt(misfit(groups, tau**2) / freedom)
    reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * scale * std_error
    return mu - reach, mu + reach


def q_profile(groups: Estimates) -> tuple[float, float]:
    """Interval of tau: where Q, which falls with tau, is no surprise to a chi-square of J - 1.

    Its lower end is 0 where Q at 0 is none; both are nan where Q is so small at 0 that no tau is in
    the interval.
    """
    freedom = len(groups) - 1
    least, most = (float(chi2.ppf(p, freedom)) for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    at_zero = misfit(groups, 0.0)
    if at_zero < least:
        return math.nan, math.nan

    def end(target: float) -> float:
        if at_zero <= target:
            return 0.0
        upper = float(groups.std_error.max()) ** 2
        while misfit(groups, upper) > target:
            upper *= 4
        return math.sqrt(root(lambda tau2: misfit(groups, tau2) - target, 0.0, upper))

    return end(most), end(least)


def i_squared(groups: Estimates, tau: float) -> float:
    """Share of the variation between estimates that tau is, beside a typical sampling variance.

    Higgins and Thompson 2002: the typical variance is ``(J - 1) sum w / ((sum w)^2 - sum w^2)``.
    """
    weight = (groups.std_error / groups.std_error.min()) ** -2.0
    total = float(weight.sum())
    others = float((weight * (total - weight)).sum())
    typical = float(groups.std_error.min()) ** 2 * (len(groups) - 1) * total / others
    return tau**2 / (tau**2 + typical)


def interval_table(groups: Estimates) -> pd.DataFrame:
    """All intervals, at the level 95 %, one row each.

    Parameters
    ----------
    groups
        J >= 2 groups.

    Returns
    -------
    pandas.DataFrame
        Columns of (mu, theta_new, tau or i_squared), method, tau_by (the estimator of tau that it
        rests on, empty if none), distribution, degrees_of_freedom (nan of the normal), estimate,
        lower, upper. Tau and I^2 are estimated by REML.
    """
    import pandas as pd

    found = estimate(groups).estimates
    count = len(groups)
    z = float(norm.ppf((1 + LEVEL) / 2))
    rows: list[tuple[object, ...]] = []
    for name in ESTIMATORS:
        of = found[name]
        half = z * of.mu_std_error
        wald = of.mu - half, of.mu + half
        hartung = knapp_hartung(groups, of.mu, of.mu_std_error, of.tau)
        rows += [
            ("mu", WALD, name, "normal", math.nan, of.mu, *wald),
            ("mu", KNAPP_HARTUNG, name, "t", count - 1, of.mu, *hartung),
            ("theta_new", PREDICTION, name, "t", count - 2, of.mu, *of.prediction),
        ]
    tau, ends = found["reml"].tau, q_profile(groups)
    shares = [i_squared(groups, value) for value in (tau, *ends)]
    rows += [
        ("tau", Q_PROFILE, "", "chi-square", count - 1, tau, *ends),
        ("i_squared", Q_PROFILE, "", "chi-square", count - 1, *shares),
    ]
    columns = ["of", "method", "tau_by", "distribution", "degrees_of_freedom"]
    return pd.DataFrame(rows, columns=[*columns, "estimate", "lower", "upper"])
