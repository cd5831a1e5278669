"""Does the model fit? Evidence for tau = 0, and posterior predictive checks.

Evidence. The Bayes factor of tau = 0 against tau > 0 is ``p(y | tau = 0)`` over its average under
the prior of tau, mu having its own prior in both. It depends on the prior of tau however many data
there are: the same is told with that prior half and twice as wide.

Checks. A replicate has new thetas from the same population (mixed predictive: Marshall and
Spiegelhalter 2003, Statistics in Medicine 22), the same standard errors, and mu and tau from their
posterior. Given tau, Cochran's Q of a replicate has a known law (`classical.cochran`), and given mu
too its estimates are independent, so that the chances of its extremes are products.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtr

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.classical.cochran import CochranTails
from partial_pooling.classical.estimates import heterogeneity
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.joint import nodes_of_mu
from partial_pooling.exact.nodes import log_averages
from partial_pooling.exact.posterior import ExactPosterior
from partial_pooling.files import number_or_null

WIDTHS = {"half": 0.5, "own": 1.0, "double": 2.0}  # of the prior of tau
CLOSED = "told of the family normal alone"
IMPROPER = "an improper prior of tau predicts no data"
FEW = "one group has no spread"


def fit_of(posterior: Posterior) -> dict[str, Any]:
    """Evidence and checks, ready for JSON.

    Returns
    -------
    dict
        `log_evidence_ratio`: log of the Bayes factor of tau = 0 against tau > 0, by width of the
        prior of tau; `p_values` of spread, largest and smallest: the probability that a replicate
        has as large a Q, as large a largest and as small a smallest estimate; `undefined`: why
        either is missing.
    """
    undefined = {}
    if not isinstance(posterior, ExactPosterior):
        undefined = {"evidence": CLOSED, "checks": CLOSED}
    else:
        if not posterior.prior.tau.is_proper:
            undefined["evidence"] = IMPROPER
        if len(posterior.groups) < 2:
            undefined["checks"] = FEW
    told: dict[str, Any] = {"undefined": undefined, "log_evidence_ratio": {}, "p_values": {}}
    if isinstance(posterior, ExactPosterior):
        if "evidence" not in undefined:
            told["log_evidence_ratio"] = log_evidence_ratio(posterior)
        if "checks" not in undefined:
            told["p_values"] = {k: number_or_null(p) for k, p in p_values(posterior).items()}
    return told


def log_evidence_ratio(posterior: ExactPosterior) -> dict[str, float]:
    """Log Bayes factors of tau = 0 against tau > 0, by width of the prior."""
    given = posterior.given

    def log_likelihoods(tau: Array) -> Array:
        return np.stack([given.log_likelihood(width * tau) for width in WIDTHS.values()])

    averages = log_averages(posterior.groups, posterior.prior.tau, log_likelihoods)
    at_zero = float(given.log_likelihood(np.zeros(1))[0])
    return dict(zip(WIDTHS, (at_zero - averages).tolist(), strict=True))


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
