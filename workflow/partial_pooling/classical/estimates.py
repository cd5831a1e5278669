"""Classical estimates of the hierarchical model: tau as a number, found from the data alone.

No and complete pooling, heterogeneity (Cochran's Q, I^2, H^2), and four estimators of tau with
what follows from each: mu, shrunken theta, a prediction interval. Sources: DerSimonian and Laird
1986; Paule and Mandel 1982; Higgins and Thompson 2002 (I^2, H^2); Higgins, Thompson and
Spiegelhalter 2009 (prediction interval); Viechtbauer 2005 (ML, REML).

Data of other families come here as their normal approximation (`data.measures.estimates_of`).

These plug one tau in, so what they say of mu and theta leaves out the uncertainty of tau. mu is
flat throughout: no prior enters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2, t

from partial_pooling.arrays import Array, sums_without
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.data.measures import estimates_of
from partial_pooling.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95  # of prediction intervals
APPROXIMATED = "normal approximation"
GRID = 400  # values of tau^2 to look for changes of the score between


@dataclass(frozen=True)
class Heterogeneity:
    """Whether the estimates differ by more than their standard errors allow.

    Attributes
    ----------
    q
        Cochran's Q, the weighted sum of squares about the complete-pooling mean.
    degrees_of_freedom
        J - 1.
    p_value
        P(chi-squared > Q) if all theta were equal.
    i_squared
        Share of the variation beyond sampling error, ``max(0, (Q - df) / Q)``.
    h_squared
        ``Q / df``.
    """

    q: float
    degrees_of_freedom: int
    p_value: float
    i_squared: float
    h_squared: float


@dataclass(frozen=True, eq=False)
class Estimate:
    """What one method says of tau, mu, each theta and a new group, in the units of the data.

    Attributes
    ----------
    method
        no_pooling, complete_pooling, dersimonian_laird, paule_mandel, ml or reml.
    tau
        Standard deviation between groups: infinite for no pooling, 0 for complete pooling.
    mu, mu_std_error
        Precision-weighted mean at that tau and its standard error; nan for no pooling.
    theta, theta_sd
        Shape (J,), mean and standard deviation of theta given y and tau, mu being flat.
    prediction
        Lower and upper end of the 95 % interval for the theta of a new group; nan for no pooling
        and where J = 2 leaves no degree of freedom.
    """

    method: str
    tau: float
    mu: float
    mu_std_error: float
    theta: Array
    theta_sd: Array
    prediction: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Classical:
    """Heterogeneity, and the estimates by method."""

    groups: Estimates
    heterogeneity: Heterogeneity
    estimates: dict[str, Estimate]


def estimate(groups: Estimates) -> Classical:
    """Compute all classical estimates.

    Raises
    ------
    InputError
        There are fewer than 2 groups.
    """
    if len(groups) < 2:
        raise InputError(f"groups: found {len(groups)}; allowed: 2 or more")
    tau = {
        "complete_pooling": 0.0,
        "dersimonian_laird": math.sqrt(dersimonian_laird(groups)),
        "paule_mandel": math.sqrt(paule_mandel(groups)),
        "ml": math.sqrt(maximum_likelihood(groups)),
        "reml": math.sqrt(maximum_likelihood(groups, restricted=True)),
    }
    estimates = {"no_pooling": _no_pooling(groups)}
    estimates |= {method: _given_tau(groups, method, value) for method, value in tau.items()}
    return Classical(groups, heterogeneity(groups), estimates)


def heterogeneity(groups: Estimates) -> Heterogeneity:
    """Cochran's Q with its p-value, I^2 and H^2 (Higgins and Thompson 2002)."""
    q = misfit(groups, 0.0)
    freedom = len(groups) - 1
    return Heterogeneity(
        q,
        freedom,
        float(chi2.sf(q, freedom)),
        max(0.0, (q - freedom) / q) if q > 0 else 0.0,
        q / freedom,
    )


def dersimonian_laird(groups: Estimates) -> float:
    """tau^2 that makes Q, with weights 1 / sigma^2, equal its expectation; 0 if negative."""
    weight = groups.std_error**-2.0
    # sum w - sum w^2 / sum w, without its cancellation when one weight dominates
    total = weight.sum()
    scale = float(weight @ (sums_without(weight) / total))
    return max(0.0, (misfit(groups, 0.0) - (len(groups) - 1)) / scale)


def paule_mandel(groups: Estimates) -> float:
    """tau^2 that makes Q, with weights 1 / (sigma^2 + tau^2), equal J - 1; 0 if Q is below.

    Q falls as tau^2 grows, so there is at most one such root.
    """
    excess = _excess(groups)
    if excess(0.0) <= 0:
        return 0.0
    upper = _largest(groups)
    return root(excess, 0.0, upper)


def maximum_likelihood(groups: Estimates, restricted: bool = False) -> float:
    """tau^2 of the highest (restricted) maximum of the likelihood, mu profiled (integrated) out.

    The score is scanned for every change from rising to falling on a grid over all scales of the
    problem, each root is polished, and the likelihoods at the roots and at 0 are compared, since
    unequal standard errors can give several local maxima.

    Parameters
    ----------
    restricted
        Whether to maximize the restricted likelihood (REML) in place of the profile (ML).
    """

    def score(tau2: float) -> float:
        return float(_score(groups, np.array([tau2]), restricted)[0])

    upper = _largest(groups)
    lower = 1e-8 * min(float(groups.std_error.min()) ** 2, upper)
    grid = np.concatenate([[0.0], np.geomspace(lower, upper, GRID)])
    slopes = _score(groups, grid, restricted)
    candidates = [0.0] + [
        root(score, grid[k], grid[k + 1])
        for k in range(len(grid) - 1)
        if slopes[k] > 0 >= slopes[k + 1]
    ]
    heights = [_log_likelihood(groups, tau2, restricted) for tau2 in candidates]
    return candidates[int(np.argmax(heights))]


def classical_table(groups: Groups) -> pd.DataFrame:
    """One row a method: method, tau, mu, mu_std_error, prediction_lower, prediction_upper.

    Of data that are no estimates a column `data` more, which says that all is from their normal
    approximation.
    """
    import pandas as pd

    table = pd.DataFrame(
        [
            {
                "method": e.method,
                "tau": e.tau,
                "mu": e.mu,
                "mu_std_error": e.mu_std_error,
                "prediction_lower": e.prediction[0],
                "prediction_upper": e.prediction[1],
            }
            for e in estimate(estimates_of(groups)).estimates.values()
        ]
    )
    return table if isinstance(groups, Estimates) else table.assign(data=APPROXIMATED)


def theta_table(groups: Estimates) -> pd.DataFrame:
    """One row a method and group: method, group, theta, theta_sd."""
    import pandas as pd

    return pd.concat(
        [
            pd.DataFrame(
                {
                    "method": e.method,
                    "group": list(groups.names),
                    "theta": e.theta,
                    "theta_sd": e.theta_sd,
                }
            )
            for e in estimate(groups).estimates.values()
        ],
        ignore_index=True,
    )


def _no_pooling(groups: Estimates) -> Estimate:
    nan = math.nan
    return Estimate(
        "no_pooling",
        math.inf,
        nan,
        nan,
        groups.estimate.copy(),
        groups.std_error.copy(),
        (nan, nan),
    )


def _given_tau(groups: Estimates, method: str, tau: float) -> Estimate:
    """Mu and theta at a given tau: BDA 3rd ed., equations 5.17 and 5.20, mu uncertain."""
    mu, precision, residual = _mean(groups, tau**2)
    variance = groups.std_error**2
    pooling = variance / (variance + tau**2)
    keep = tau**2 / (variance + tau**2)
    freedom = len(groups) - 2
    # ASSUME the interval of Higgins, Thompson and Spiegelhalter 2009: t with J - 2 degrees of
    # freedom, for one lost to mu and one to tau
    reach = math.nan
    if freedom > 0:
        reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(tau**2 + 1 / precision)
    return Estimate(
        method,
        tau,
        mu,
        precision**-0.5,
        mu + keep * residual,
        np.sqrt(keep * variance + pooling**2 / precision),
        (mu - reach, mu + reach),
    )


def _mean(groups: Estimates, tau2: float) -> tuple[float, float, Array]:
    """Precision-weighted mean of y at tau^2, its precision, and y less the mean."""
    weight = 1 / (groups.std_error**2 + tau2)
    precision = float(weight.sum())
    residual = groups.estimate
    mean = 0.0
    for _ in range(3):  # each pass takes off the digits that the one before could not hold
        mean += float(weight @ residual) / precision
        residual = groups.estimate - mean
    return mean, precision, residual


def misfit(groups: Estimates, tau2: float) -> float:
    """Cochran's Q with weights 1 / (sigma^2 + tau^2)."""
    _, _, residual = _mean(groups, tau2)
    return float((residual**2 / (groups.std_error**2 + tau2)).sum())


def _excess(groups: Estimates) -> Callable[[float], float]:
    return lambda tau2: misfit(groups, tau2) - (len(groups) - 1)


def _score(groups: Estimates, tau2: Array, restricted: bool) -> Array:
    """Derivative of the (restricted) log likelihood by tau^2, of its shape (Viechtbauer 2005)."""
    weight = 1 / (groups.std_error**2 + tau2[:, None])
    precision = weight.sum(axis=1)
    residual = np.broadcast_to(groups.estimate, weight.shape)
    mean = np.zeros_like(precision)
    for _ in range(3):  # as in `_mean`
        mean += (weight * residual).sum(axis=1) / precision
        residual = groups.estimate - mean[:, None]
    squares = weight**2
    slope: Array = (squares * residual**2 - weight).sum(axis=1)
    if restricted:
        slope += squares.sum(axis=1) / precision
    return 0.5 * slope


def _log_likelihood(groups: Estimates, tau2: float, restricted: bool) -> float:
    _, precision, residual = _mean(groups, tau2)
    variance = groups.std_error**2 + tau2
    value = -0.5 * float(np.sum(np.log(variance) + residual**2 / variance))
    return value - 0.5 * math.log(precision) if restricted else value


def _largest(groups: Estimates) -> float:
    """A tau^2 above every root: where it exceeds every squared distance between estimates.

    There Q is below J / 4, and both scores are negative, for any J >= 2.
    """
    spread = float(np.ptp(groups.estimate))
    return 4 * spread**2 + 4 * float(groups.std_error.max()) ** 2


def root(function: Callable[[float], float], lower: float, upper: float) -> float:
    """Root between two arguments at which signs differ, to the last digits."""
    return float(brentq(function, lower, upper, xtol=1e-300, rtol=1e-14, maxiter=500))
