"""Does the model fit? Evidence for tau = 0, and posterior predictive checks.

Evidence. The Bayes factor of tau = 0 against tau > 0 is ``p(y | tau = 0)`` over its average under
the prior of tau, mu having its own prior in both. It depends on the prior of tau however many data
there are: the same is told with that prior half and twice as wide.

Checks. A replicate has new thetas from the same population (mixed predictive: Marshall and
Spiegelhalter 2003, Statistics in Medicine 22), the same standard errors, and mu and tau from their
posterior. Given tau, Cochran's Q of a replicate has a known law (`classical.cochran`), and given mu
too its estimates are independent, so that the chances of its extremes are products. Of families
that take other data, replicates are drawn, and looked at by their normal approximation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
from scipy.special import ndtr

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.classical.cochran import CochranTails
from partial_pooling.classical.estimates import heterogeneity
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.decision.atlas import MOST_GROUPS, scales_of
from partial_pooling.decision.given_tau import FLAT, STEEP, Rows
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.joint import nodes_of_mu
from partial_pooling.exact.nested.posterior import NestedPosterior
from partial_pooling.exact.nodes import log_averages
from partial_pooling.exact.posterior import ExactPosterior
from partial_pooling.files import number_or_null

WIDTHS = {"half": 0.5, "own": 1.0, "double": 2.0}  # of the prior of tau
MANY = "not computed of so many groups"
WIDE = 1e4  # what a flat prior of mu is, in ranges of the estimates: no ratio depends on it
MOST_REPLICATES, LEAST_REPLICATES = 2000, 500
MOST_DRAWN = 40_000  # data, of replicates times groups
SEED = 1
IMPROPER = "an improper prior of tau predicts no data"
FEW = "one group has no spread"


def fit_of(posterior: Posterior) -> dict[str, Any]:
    """Evidence and checks, ready for JSON.

    Returns
    -------
    dict
        `log_evidence_ratio`: log of the Bayes factor of tau = 0 against tau > 0, by width of the
        prior of tau; `p_values` of spread, largest and smallest: the probability that a replicate
        has as large a Q, as large a largest and as small a smallest estimate; `replicates`: how
        many were drawn, 0 if they are exact; `undefined`: why either is missing.
    """
    undefined = {}
    if not posterior.prior.tau.is_proper:
        undefined["evidence"] = IMPROPER
    elif not isinstance(posterior, ExactPosterior) and len(posterior.groups) > MOST_GROUPS:
        undefined["evidence"] = MANY
    if len(posterior.groups) < 2:
        undefined["checks"] = FEW
    told: dict[str, Any] = {"undefined": undefined, "log_evidence_ratio": {}, "p_values": {}}
    told["replicates"] = 0
    if "evidence" not in undefined:
        told["log_evidence_ratio"] = log_evidence_ratio(posterior)
    if "checks" not in undefined:
        found: dict[str, float] = {}
        if isinstance(posterior, ExactPosterior):
            found = p_values(posterior)
        elif isinstance(posterior, NestedPosterior):
            told["replicates"] = replicates_of(len(posterior.groups))
            found = p_values_by_drawing(posterior, told["replicates"])
        told["p_values"] = {name: number_or_null(p) for name, p in found.items()}
    return told


def log_evidence_ratio(posterior: Posterior) -> dict[str, float]:
    """Log Bayes factors of tau = 0 against tau > 0, by width of the prior."""
    normal = posterior.family.approximation(posterior.groups)
    log_likelihood: Callable[[Array], Array]
    if isinstance(posterior, ExactPosterior):
        log_likelihood, nothing = posterior.given.log_likelihood, 0.0
    else:
        log_likelihood, nothing = _log_likelihood_of_tau(posterior, normal)

    def log_likelihoods(tau: Array) -> Array:
        return np.stack([log_likelihood(width * tau) for width in WIDTHS.values()])

    averages = log_averages(normal, posterior.prior.tau, log_likelihoods)
    at_zero = float(log_likelihood(np.array([nothing]))[0])
    return dict(zip(WIDTHS, (at_zero - averages).tolist(), strict=True))


def _log_likelihood_of_tau(
    posterior: Posterior, normal: Estimates
) -> tuple[Callable[[Array], Array], float]:
    """Log p(y | tau) by splines, and a tau on which it does not depend any more."""
    mu = posterior.prior.mu
    spread = float(np.ptp(normal.estimate)) + float(normal.std_error.max())
    center, sd = (
        (mu.mean, mu.sd) if mu.is_proper else (float(np.median(normal.estimate)), WIDE * spread)
    )
    lowest, highest = scales_of(normal, posterior.prior.tau, np.array(list(WIDTHS.values())))
    low, high = lowest - FLAT, highest + STEEP
    rows = Rows(posterior.groups, posterior.family, center, np.array([sd]), center, low, high)
    given = rows.given()

    def log_likelihood(tau: Array) -> Array:
        # so far down it is what it is at 0, and so far up nothing
        return given(np.clip(tau, math.exp(low), 1e150)).log_likelihood[:, 0]

    return log_likelihood, math.exp(low)


def p_values(posterior: ExactPosterior) -> dict[str, float]:
    """Posterior predictive p-values of the spread and the extremes of J >= 2 groups."""
    groups, given = posterior.groups, posterior.given
    kept = posterior.weight > 1e-12
    tau, weight = posterior.tau[kept], posterior.weight[kept]
    try:
        _, above = CochranTails(heterogeneity(groups).q, groups.std_error).logs(tau)
        spread = float(np.exp(above) @ weight)
    except ArithmeticError:  # standard errors that differ too much
        spread = math.nan
    tau, mu, weight = nodes_of_mu(given, tau, weight, 1e-10, 20.0)
    below, over = 0.0, 0.0
    size = max(1, BLOCK // len(groups))
    for start in range(0, len(tau), size):
        part = slice(start, start + size)
        scale = np.hypot(groups.std_error, tau[part, None])
        for_largest = ndtr((given.residual.max() - mu[part, None]) / scale)
        for_smallest = ndtr((mu[part, None] - given.residual.min()) / scale)
        below += float(weight[part] @ for_largest.prod(axis=1))
        over += float(weight[part] @ for_smallest.prod(axis=1))
    # of the products, the chances that no replicate is as extreme
    return {"spread": spread, "largest": 1 - below, "smallest": 1 - over}


def replicates_of(groups: int) -> int:
    """How many replicates to draw of so many groups."""
    return max(LEAST_REPLICATES, min(MOST_REPLICATES, MOST_DRAWN // groups))


def p_values_by_drawing(posterior: NestedPosterior, replicates: int) -> dict[str, float]:
    """The same of other families: shares of replicates drawn, with a fixed seed.

    Of a share p the Monte Carlo standard error is at most sqrt(p (1 - p) / replicates): mu and tau
    are drawn evenly, a replicate from each equal part of their posterior.
    """
    groups, family, rng = posterior.groups, posterior.family, np.random.default_rng(SEED)
    nodes, panels = posterior.nodes, posterior.nodes.rows.densities
    below = np.cumsum(panels.mass * nodes.weights[0][panels.row][:, None])
    at = np.searchsorted(below, (np.arange(replicates) + rng.random()) / replicates * below[-1])
    mu, tau = panels.node.ravel()[at], nodes.tau[np.repeat(panels.row, panels.node.shape[1])[at]]
    shape = replicates, len(groups)
    theta = mu[:, None] + tau[:, None] * rng.standard_normal(shape)
    drawn = family.simulate(_repeated(groups, replicates), theta.ravel(), rng)
    normal = family.approximation(drawn)
    new = _statistics(normal.estimate.reshape(shape), normal.std_error.reshape(shape))
    normal = family.approximation(groups)
    own = _statistics(normal.estimate[None], normal.std_error[None])
    # what is equal but for rounding counts as equal
    return {name: float(np.mean(new[name] >= own[name] - 1e-9 * abs(own[name]))) for name in new}


def _statistics(estimate: Array, std_error: Array) -> dict[str, Array]:
    """Of R replicates, (R, J): greater is more extreme."""
    weight = std_error**-2.0
    middle = (weight * estimate).sum(axis=1) / weight.sum(axis=1)
    spread = (weight * (estimate - middle[:, None]) ** 2).sum(axis=1)
    return {"spread": spread, "largest": estimate.max(axis=1), "smallest": -estimate.min(axis=1)}


def _repeated(groups: Groups, count: int) -> Groups:
    """The same groups so many times, one after the other."""
    columns = {
        each.name: np.tile(getattr(groups, each.name), count)
        for each in fields(groups)
        if each.name != "names"
    }
    return type(groups)(groups.names * count, **columns)
