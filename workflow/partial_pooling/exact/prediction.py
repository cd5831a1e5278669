"""What the posterior predicts of each group's data: with the group, and without it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.exact.face import Predictive
from partial_pooling.exact.mixture import Mixture
from partial_pooling.exact.nodes import NODES, first_edges, place_nodes

if TYPE_CHECKING:
    from partial_pooling.exact.posterior import ExactPosterior


def predictive(posterior: ExactPosterior, p: Sequence[float]) -> Predictive:
    """See `ExactPosterior.predictive`."""
    given = posterior.given
    parts = [_replicates(posterior, index) for index in posterior.blocks()]
    moments = [part.moments() for part in parts]
    return Predictive(
        mean=np.concatenate([m for m, _ in moments]) + given.center,
        sd=np.concatenate([s for _, s in moments]),
        quantile=np.concatenate([part.quantile(np.asarray(p)) for part in parts]) + given.center,
        cdf_at_observed=np.concatenate(
            [
                part.cdf(given.residual[index, None])[:, 0]
                for part, index in zip(parts, posterior.blocks(), strict=True)
            ]
        ),
    )


def _replicates(posterior: ExactPosterior, index: NDArray[np.intp]) -> Mixture:
    mean, variance = posterior.given.theta(index, posterior.tau, *posterior.mu_given_tau)
    sd = np.sqrt(variance + posterior.groups.std_error[index, None] ** 2)
    return Mixture(mean, sd, posterior.weight)


def leave_one_out(posterior: ExactPosterior) -> Array:
    """See `ExactPosterior.leave_one_out`.

    ``p(y_j | tau, y_-j)`` is normal in closed form; nodes are placed anew for the posterior of
    tau without each group, which an outlier can hold far from the posterior with it.
    """
    groups, prior = posterior.groups, posterior.prior
    count = len(groups)
    power = prior.tail_power(count - 1)
    if not power > 0 or (count == 1 and not prior.mu.is_proper):
        return np.full(count, np.nan)
    edges = first_edges(groups, prior, power)
    result = np.empty(count)
    block = max(1, BLOCK // (25 * NODES))
    for start in range(0, count, block):
        index = np.arange(start, min(start + block, count))

        def log_density(t: Array, index: NDArray[np.intp] = index) -> Array:
            full = posterior.of_tau.target.log_density(t)
            return full - posterior.given.log_predictive_without(index, np.exp(t))

        rule = place_nodes(log_density, edges)
        values = log_density(rule.node)
        values[:, :-1] += np.log(rule.width[:-1])
        values[:, -1] += math.log(1 / power) if math.isfinite(power) else -np.inf
        top = values.max(axis=1)
        result[index] = (
            posterior.of_tau.log_norm - top - np.log(np.exp(values - top[:, None]).sum(axis=1))
        )
    return result
