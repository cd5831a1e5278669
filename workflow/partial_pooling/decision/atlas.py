"""The decision's probability over a thousand priors at once.

The scale of the prior of tau and the sd of the prior of mu are varied, all else staying as it is.
The likelihood of tau is one for all sds of a scale: with ``V_j = sigma_j^2 + tau^2``,
``A = sum 1 / V_j``, ``m = sum y_j / V_j / A`` and a prior Normal(m0, s) of mu

    log p(y | tau) = -1/2 [ sum log V_j + log(1 + s^2 A) + sum (y_j - m)^2 / V_j
                            + (m - m0)^2 / (s^2 + 1 / A) ] + constant

so a prior costs a few sums over nodes. The nodes lie evenly on the line of `exact.alike`, on
which the trapezoid rule converges geometrically; every other node tells how good all are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates
from partial_pooling.exact.alike import Line
from partial_pooling.priors.distributions import HalfFlat, HalfNormal
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    import pandas as pd

FACTORS = np.geomspace(1 / 32, 32, 33)  # of the study's own scales
CLOSE = 1e-7  # in probability
STEP = 0.3  # of the line, to begin with
HALVINGS = 5


@dataclass(frozen=True, eq=False)
class Atlas:
    """Posteriors of K scales of tau's prior and S sds of mu's.

    Attributes
    ----------
    tau_factor
        Shape (K,), the scale of tau's prior, in that of `tau`.
    mu_sd
        Shape (S,), the sd of mu's prior.
    tau, mu_mean
        The prior of tau at factor 1, and the mean of mu's prior.
    mu_above, new_above
        Shape (K, S), the probabilities that mu and a new group's theta are above c.
    mean, sd
        Shape (K, S), of mu.
    error
        About how far the probabilities may be off.
    """

    tau_factor: Array
    mu_sd: Array
    tau: Scale
    mu_mean: float
    mu_above: Array
    new_above: Array
    mean: Array
    sd: Array
    error: float


def atlas(groups: Estimates, prior: HyperPrior, above: float, factors: Array = FACTORS) -> Atlas:
    """Solve for the decision under many priors around the study's own.

    Parameters
    ----------
    groups
        J >= 1 groups.
    prior
        The study's own. A flat prior of mu is one of an infinite sd: about it, sds of normal priors
        with mean c, around the range of the estimates. One of tau has no scale: half-normal ones
        around the sd of the estimates.
    above
        The c of the decision.
    factors
        Of the scale, and of the sd.
    """
    spread = max(float(np.ptp(groups.estimate)), float(np.median(groups.std_error)))
    tau = HalfNormal(spread) if isinstance(prior.tau, HalfFlat) else prior.tau
    proper = prior.mu.is_proper
    center = prior.mu.mean if proper else above
    sds = (prior.mu.sd if proper else 2 * (spread + abs(center))) * factors
    step = STEP
    found = _solve(groups, tau, center, sds, above, factors, step)
    for _ in range(HALVINGS):
        if found.error < CLOSE:
            break
        step /= 2
        found = _solve(groups, tau, center, sds, above, factors, step)
    return found


def _solve(
    groups: Estimates,
    tau: Scale,
    center: float,
    sds: Array,
    above: float,
    factors: Array,
    step: float,
) -> Atlas:
    line = Line(tau)
    s = _nodes(groups, tau, factors, step)
    unit = line.tau(s)
    log_prior = tau.log_density(unit) + line.log_slope(s)
    y, variance = groups.estimate, groups.std_error**2
    shape = (4, len(factors), len(sds))
    result, error = np.empty(shape), 0.0
    for k, factor in enumerate(factors):
        square = (factor * unit) ** 2
        spread = variance + square[:, None]
        precise = 1 / spread
        precision = precise.sum(axis=1)
        middle = precise @ y / precision
        fit = ((y - middle[:, None]) ** 2 * precise + np.log(spread)).sum(axis=1)
        between = sds[:, None] ** 2 + 1 / precision
        logs = log_prior - 0.5 * (fit + (middle - center) ** 2 / between)
        logs = logs - 0.5 * np.log1p(sds[:, None] ** 2 * precision)
        weight = np.exp(logs - logs.max(axis=1, keepdims=True))
        within = 1 / (precision + sds[:, None] ** -2.0)
        mean = within * (precision * middle + center * sds[:, None] ** -2.0)
        values = (
            ndtr((mean - above) / np.sqrt(within)),
            ndtr((mean - above) / np.sqrt(within + square)),
            mean,
            within + (mean - center) ** 2,
        )
        every, half = (
            np.array([(weight[:, ::n] * v[:, ::n]).sum(axis=1) for v in values])
            / weight[:, ::n].sum(axis=1)
            for n in (1, 2)
        )
        result[:, k] = every
        error = max(error, float(np.abs(every - half)[:2].max()))
    mu_above, new_above, mean, square = result
    sd = np.sqrt(square - (mean - center) ** 2)
    return Atlas(factors, sds, tau, center, mu_above, new_above, mean, sd, error)


def _nodes(groups: Estimates, tau: Scale, factors: Array, step: float) -> Array:
    """Nodes on the line of the prior of factor 1 that do for all factors."""
    away = np.abs(groups.estimate - np.median(groups.estimate))
    precision = float((groups.std_error**-2.0).sum())
    large = max(float(groups.std_error.max()), float(away.max()))
    scales = tau.scales
    lowest = math.log(min(precision**-0.5 / factors.max(), *scales, math.inf))
    highest = math.log(max(large / factors.min(), *scales, 0.0))
    steep = len(groups) * (1 + (large / float(groups.std_error.min())) ** 2)
    # a flat prior of mu, the limit of wide ones, falls most slowly
    slowest = max(tau.tail + len(groups) - 1, 0.5)
    low, high = Line(tau).ends(np.array([lowest]), np.array([highest]), np.array([steep]), slowest)
    count = 2 * math.ceil(float(high[0] - low[0]) / step / 2) + 1
    return np.linspace(float(low[0]), float(high[0]), count)


def atlas_table(found: Atlas | None) -> pd.DataFrame:
    """One row a prior: tau_factor, mu_sd, mu_above, new_above, mu_mean, mu_sd_posterior."""
    import pandas as pd

    columns = ["tau_factor", "mu_prior_sd", "mu_above", "new_above", "mu_mean", "mu_sd"]
    if found is None:
        return pd.DataFrame(columns=columns, dtype=float)
    grid = np.meshgrid(found.tau_factor, found.mu_sd, indexing="ij")
    values = (*grid, found.mu_above, found.new_above, found.mean, found.sd)
    return pd.DataFrame(dict(zip(columns, (v.ravel() for v in values), strict=True)))
