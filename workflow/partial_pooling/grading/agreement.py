"""Do prior and data agree? Exact checks from the prior predictive distribution.

Location. Does the prior of mu fit where the estimates lie? Given tau the mean of the estimates,
weighted by ``1 / V_j`` with ``V_j = sigma_j^2 + tau^2``, is independent of the contrasts (all
differences of the estimates), and normal around mu's prior mean with variance ``s0^2 + 1 / P``,
``P = sum 1 / V_j``. So with tau from its posterior given the contrasts, which is that under a flat
mu, the average over tau of ``Phi((mean - m0) / sqrt(s0^2 + 1 / P))`` is the prior predictive
probability that a mean of fixed weights is no larger than the one observed. Conditioning on the
contrasts matters: in the plain prior predictive the tail of a half-Cauchy explains any distance.

Spread. Does the prior of tau fit how far the estimates lie apart? Cochran's Q, which mu drops out
of, in its prior predictive distribution (`cochran`).

Both p-values are two-sided, and uniform if data come from the priors (Evans and Moshonov 2006,
Checking for prior-data conflict, Bayesian Analysis 1(4), for the idea of such checks).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from partial_pooling.classical.cochran import CochranTails
from partial_pooling.classical.estimates import heterogeneity
from partial_pooling.data.groups import Estimates
from partial_pooling.exact.nodes import log_averages
from partial_pooling.exact.posterior import solve
from partial_pooling.files import number_or_null
from partial_pooling.grading.inference import holm
from partial_pooling.priors.distributions import Flat
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior

LOCATION, SPREAD = "location", "spread"
WHOLE = 1e-8  # how far the two tails of a check may be from one together


@dataclass(frozen=True)
class Check:
    """One check of prior against data.

    Attributes
    ----------
    p_value
        Two-sided, from the prior predictive distribution; None where it is not defined.
    p_corrected
        The same, corrected for the number of checks (Holm).
    too_large
        Whether what was observed lies in the upper tail.
    undefined
        Why there is no p-value; empty where there is one.
    """

    p_value: float | None
    p_corrected: float | None
    too_large: bool
    undefined: str


@dataclass(frozen=True)
class Agreement:
    """Checks of a prior against data, and what each of the two says.

    Attributes
    ----------
    location, spread
        The checks.
    prior_mean, prior_reach
        What the prior expects of mu: within `prior_reach` of `prior_mean` with probability 95 %.
        None where it is improper.
    data_mean
        Mean of the estimates, weighted by ``1 / V_j``, averaged over tau given the contrasts.
    prior_tau
        Ends of the prior's central 95 % interval of tau; None where it is improper.
    data_tau
        The same of tau given the contrasts alone, under the prior of tau; None if improper.
    """

    location: Check
    spread: Check
    prior_mean: float | None
    prior_reach: float | None
    data_mean: float | None
    prior_tau: tuple[float, float] | None
    data_tau: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def prior_data_agreement(groups: Estimates, prior: HyperPrior) -> Agreement:
    """Check whether prior and data agree.

    Parameters
    ----------
    groups
        J >= 1 groups of estimates with their standard errors.
    prior
        Priors of mu and tau.

    Returns
    -------
    Agreement
        p-values to 1e-8.
    """
    flat = HyperPrior(Flat(), prior.tau)
    contrasts = solve(groups, flat) if flat.tail_power(len(groups)) > 0 else None
    location = _undefined("")
    data_mean = data_tau = None
    if contrasts is None:
        location = _undefined(
            f"with {prior.tau} too few groups tell of τ before their mean is looked at"
        )
    else:
        given = contrasts.conditional(contrasts.tau)
        data_mean = float(contrasts.weight @ given.mu_mean)
        low, high = contrasts.quantile("tau", [0.025, 0.975])
        data_tau = (float(low), float(high))
        if prior.mu.is_proper:
            # given tau and a flat mu, mu has the weighted mean and variance 1 / P
            distance = (given.mu_mean - prior.mu.mean) / np.hypot(prior.mu.sd, given.mu_sd)
            location = _two_sided(
                float(contrasts.weight @ ndtr(distance)), float(contrasts.weight @ ndtr(-distance))
            )
    if not prior.mu.is_proper:
        location = _undefined(f"a {prior.mu.dist} prior of μ expects no value more than another")
    spread = _spread(groups, prior.tau)
    corrected = holm([math.nan if c.p_value is None else c.p_value for c in (location, spread)])
    return Agreement(
        location=_corrected(location, corrected[0]),
        spread=_corrected(spread, corrected[1]),
        prior_mean=prior.mu.mean if prior.mu.is_proper else None,
        prior_reach=1.959963984540054 * prior.mu.sd if prior.mu.is_proper else None,
        data_mean=data_mean,
        prior_tau=(prior.tau.quantile(0.025), prior.tau.quantile(0.975))
        if prior.tau.is_proper
        else None,
        data_tau=data_tau,
    )


def _spread(groups: Estimates, prior: Scale) -> Check:
    if len(groups) < 2:
        return _undefined("one group has no spread")
    if not prior.is_proper:
        return _undefined(f"a {prior.dist} prior of τ expects no value more than another")
    q = heterogeneity(groups).q
    if q == 0:  # rounded: no continuous distribution makes them so
        return _undefined("the estimates are all equal")
    tails = CochranTails(q, groups.std_error)
    try:
        below, above = np.exp(
            log_averages(groups, prior, lambda tau: np.stack(tails.logs(tau)), tails.window)
        )
    except ArithmeticError:
        return _undefined("for these standard errors Cochran's Q could not be resolved")
    if abs(below + above - 1) > WHOLE:
        return _undefined("the prior of τ reaches beyond the numbers that a computer can hold")
    return _two_sided(float(below), float(above))


def _two_sided(below: float, above: float) -> Check:
    return Check(min(1.0, 2 * min(below, above)), None, above < below, "")


def _undefined(why: str) -> Check:
    return Check(None, None, False, why)


def _corrected(check: Check, p_value: float) -> Check:
    return Check(
        check.p_value,
        number_or_null(p_value),
        check.too_large,
        check.undefined,
    )


def conflicts(agreement: Mapping[str, Any], threshold: float) -> list[str]:
    """Name the checks that failed: `location`, `spread`, both or neither.

    Parameters
    ----------
    agreement
        Of `Agreement.as_dict`.
    threshold
        Corrected p-value below which prior and data conflict.
    """
    return [
        name
        for name in (LOCATION, SPREAD)
        if agreement[name]["p_value"] is not None and agreement[name]["p_corrected"] < threshold
    ]
