"""The decision's probability over a thousand priors at once.

The scale of the prior of tau and the sd of the prior of mu are varied, all else staying as it is.
The likelihood given tau is one for all scales (`given_tau`), so that a prior costs a few sums over
nodes. These lie evenly on the line of `exact.alike`, on which the trapezoid rule converges
geometrically; every other node tells how good all are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.decision.given_tau import FLAT, LOWER, STEEP, Given, Rows, closed
from partial_pooling.exact.alike import Line
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.distributions import HalfFlat, HalfNormal
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior

if TYPE_CHECKING:
    import pandas as pd

FACTORS = np.geomspace(1 / 32, 32, 33)  # of the study's own scales
CLOSE = 1e-7  # in probability
NEAR = 1e-5  # the same, of likelihoods that are splines
FACTOR = 50.0  # of the difference of two splines: of 50 priors none erred 26 times as much
MOST_GROUPS = 100  # whose likelihood takes quadrature
UNSURE = 0.005  # in probability: what may be off by more is not told
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
        Shape (K, S), the probabilities that mu and a new group's theta are above c; nan where they
        could not be told.
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


def atlas(
    groups: Groups,
    prior: HyperPrior,
    above: float,
    factors: Array = FACTORS,
    family: Family = NORMAL,
) -> Atlas:
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
    family
        The likelihood of the groups' data.
    """
    normal = family.approximation(groups)
    spread = max(float(np.ptp(normal.estimate)), float(np.median(normal.std_error)))
    tau = HalfNormal(spread) if isinstance(prior.tau, HalfFlat) else prior.tau
    proper = prior.mu.is_proper
    center = prior.mu.mean if proper else above
    sds = (prior.mu.sd if proper else 2 * (spread + abs(center))) * factors
    lowest, highest = scales_of(normal, tau, factors)
    if isinstance(groups, Estimates) and family is NORMAL:
        given, close, rows = closed(groups, center, sds, above), CLOSE, None
    else:
        ends = lowest + math.log(factors.min()) - FLAT, highest + math.log(factors.max()) + STEEP
        rows = Rows(groups, family, center, sds, above, *ends)
        given, close = rows.given(), NEAR
    step = STEP
    found = _solve(given, normal, tau, center, sds, factors, step)
    for _ in range(HALVINGS):
        if found.error < close:
            break
        step /= 2
        found = _solve(given, normal, tau, center, sds, factors, step)
    if rows is None:
        return found
    other = _solve(rows.given(LOWER), normal, tau, center, sds, factors, step)
    miss = np.abs([found.mu_above - other.mu_above, found.new_above - other.new_above]).max(axis=0)
    error = found.error + FACTOR * miss
    sure = error < UNSURE
    return replace(
        found,
        mu_above=np.where(sure, np.clip(found.mu_above, 0, 1), np.nan),
        new_above=np.where(sure, np.clip(found.new_above, 0, 1), np.nan),
        error=float(error[sure].max(initial=0.0)),
    )


def _solve(
    given: Given,
    groups: Estimates,
    tau: Scale,
    center: float,
    sds: Array,
    factors: Array,
    step: float,
) -> Atlas:
    line = Line(tau)
    s = _nodes(groups, tau, factors, step)
    unit = line.tau(s)
    log_prior = (tau.log_density(unit) + line.log_slope(s))[:, None]
    shape = (4, len(factors), len(sds))
    result, error = np.empty(shape), 0.0
    for k, factor in enumerate(factors):
        log_likelihood, *values = given(factor * unit)
        logs = log_prior + log_likelihood
        weight = np.exp(logs - logs.max(axis=0))
        every, half = (
            np.array([(weight[::n] * v[::n]).sum(axis=0) for v in values]) / weight[::n].sum(axis=0)
            for n in (1, 2)
        )
        result[:, k] = every
        error = max(error, float(np.abs(every - half)[:2].max()))
    mu_above, new_above, mean, square = result
    sd = np.sqrt(np.maximum(square - (mean - center) ** 2, 0.0))
    return Atlas(factors, sds, tau, center, mu_above, new_above, mean, sd, error)


def scales_of(groups: Estimates, tau: Scale, factors: Array) -> tuple[float, float]:
    """Logs of the ends of the scales of tau's prior at factor 1 that some factor needs."""
    precision = float((groups.std_error**-2.0).sum())
    lowest = math.log(min(precision**-0.5 / factors.max(), *tau.scales, math.inf))
    highest = math.log(max(_large(groups) / factors.min(), *tau.scales, 0.0))
    return lowest, highest


def _large(groups: Estimates) -> float:
    """The largest scale of the data: an error, or a distance from their middle."""
    away = np.abs(groups.estimate - np.median(groups.estimate))
    return max(float(groups.std_error.max()), float(away.max()))


def _nodes(groups: Estimates, tau: Scale, factors: Array, step: float) -> Array:
    """Nodes on the line of the prior of factor 1 that do for all factors."""
    lowest, highest = scales_of(groups, tau, factors)
    steep = len(groups) * (1 + (_large(groups) / float(groups.std_error.min())) ** 2)
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
