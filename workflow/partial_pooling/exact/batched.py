"""The exact posteriors of many tables under one prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact.posterior import solve
from partial_pooling.priors.priors import HyperPrior

VARIABLES = ("mu", "tau", "log_tau", "theta_new")


@dataclass(frozen=True, eq=False)
class Posteriors:
    """What `solve_many` found of T tables with G groups in all.

    Definitions are those of `ExactPosterior`: a moment that does not exist is nan, as is the
    evidence under an improper prior. All numbers of a table without a posterior are nan.

    Attributes
    ----------
    p
        Shape (P,), the probabilities of the quantiles.
    above
        The c of P(mu > c), in the units of the data.
    reason
        T strings: why a table has no posterior (improper, or in conflict with the prior beyond
        rounding), empty where it has one.
    adaptive
        Shape (T,), whether the shared rule did not do, so that `solve` solved the table.
    mean, sd
        Shape (T, 4), of the variables named in `VARIABLES`.
    quantile
        Shape (T, 4, P).
    mu_above
        Shape (T,), P(mu > c).
    log_marginal_likelihood
        Shape (T,), log p(y).
    offsets
        Shape (T + 1,): the groups of table i are ``offsets[i]:offsets[i + 1]`` of the arrays below.
    theta_mean, theta_sd
        Shape (G,).
    theta_quantile
        Shape (G, P).
    pooling_factor
        Shape (G,), posterior mean of sigma^2 / (sigma^2 + tau^2).
    """

    p: Array
    above: float
    reason: list[str]
    adaptive: NDArray[np.bool_]
    mean: Array
    sd: Array
    quantile: Array
    mu_above: Array
    log_marginal_likelihood: Array
    offsets: NDArray[np.intp]
    theta_mean: Array
    theta_sd: Array
    theta_quantile: Array
    pooling_factor: Array

    @classmethod
    def empty(cls, sizes: Sequence[int], p: Array, above: float) -> Posteriors:
        """Without numbers yet, for tables of so many groups."""
        tables, groups = len(sizes), int(sum(sizes))

        def unknown(*shape: int) -> Array:
            return np.full(shape, np.nan)

        return cls(
            p=p,
            above=above,
            reason=[""] * tables,
            adaptive=np.zeros(tables, dtype=bool),
            mean=unknown(tables, len(VARIABLES)),
            sd=unknown(tables, len(VARIABLES)),
            quantile=unknown(tables, len(VARIABLES), len(p)),
            mu_above=unknown(tables),
            log_marginal_likelihood=unknown(tables),
            offsets=np.concatenate([[0], np.cumsum(sizes, dtype=np.intp)]).astype(np.intp),
            theta_mean=unknown(groups),
            theta_sd=unknown(groups),
            theta_quantile=unknown(groups, len(p)),
            pooling_factor=unknown(groups),
        )


def solve_many(
    tables: Sequence[Estimates],
    prior: HyperPrior,
    p: Sequence[float] = (0.025, 0.5, 0.975),
    above: float = 0.0,
) -> Posteriors:
    """Solve for the posteriors of many tables of the normal family, without sampling.

    A table's numbers are the same to the last bit whichever tables it is solved with.

    Parameters
    ----------
    tables
        T tables of one group or more.
    prior
        Of every table.
    p
        Probabilities of the quantiles, each strictly between 0 and 1.
    above
        The c of P(mu > c), in the units of the data.

    Returns
    -------
    Posteriors
        Within 1e-8 posterior standard deviations (moments) and 1e-7 in probability (quantiles)
        of `solve`.

    Raises
    ------
    InputError
        A probability is not strictly between 0 and 1.
    """
    probabilities = np.asarray(p, dtype=float)
    if not np.all((probabilities > 0) & (probabilities < 1)):
        raise InputError(
            "p: found a probability not between 0 and 1; allowed: strictly between 0 and 1"
        )
    result = Posteriors.empty([len(table) for table in tables], probabilities, above)
    for i, table in enumerate(tables):
        _solve_adaptively(result, i, table, prior)
    return result


def _solve_adaptively(result: Posteriors, i: int, table: Estimates, prior: HyperPrior) -> None:
    """Fill in the numbers of one table with `solve`."""
    result.adaptive[i] = True
    try:
        posterior = solve(table, prior)
    except InputError as error:
        result.reason[i] = str(error)
        return
    thetas = [f"theta[{name}]" for name in table.names]
    groups = slice(result.offsets[i], result.offsets[i + 1])
    result.mean[i], result.sd[i] = posterior.moments(VARIABLES)
    result.quantile[i] = posterior.quantiles(VARIABLES, result.p)
    result.mu_above[i] = 1 - float(posterior.cdf("mu", result.above))
    result.log_marginal_likelihood[i] = posterior.log_marginal_likelihood
    result.theta_mean[groups], result.theta_sd[groups] = posterior.moments(thetas)
    result.theta_quantile[groups] = posterior.quantiles(thetas, result.p)
    result.pooling_factor[groups] = posterior.pooling_factor()
