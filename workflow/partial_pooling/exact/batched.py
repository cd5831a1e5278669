"""The exact posteriors of many tables under one prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from partial_pooling.arrays import BLOCK, Array, slices
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact.cumulative import CumulativeOfLogTau
from partial_pooling.exact.mixtures import Mixtures
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.trapezoid import SCAN, Rule, Tables
from partial_pooling.priors.priors import HyperPrior

STEPS = (1.0, 0.6, 0.36)  # of the rule, tried in turn before `solve`
WIDEST = 0.38  # step of every other node, in log tau
OF_SD = 0.6  # the same, in units of the sd of log tau
NODES_AT_ONCE = 4  # fewer lengths of rules, more tables in each
MOST_NODES = 1501
CLOSE = 1e-9  # of what every other node finds and all do, in posterior sds
HALF_CLOSE = 1e-5  # the same of a rule twice as coarse, whose error is about the root
MISS = 3e-8  # in probability, of quantiles of tau
NARROW = 1e-4  # step so small beside log tau that rounding shows

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
    by_size: dict[int, list[int]] = {}
    for i, table in enumerate(tables):
        if len(table) < 1 or not prior.tail_power(len(table)) > 0:
            _solve_adaptively(result, i, table, prior)  # finds the reason
        else:
            by_size.setdefault(len(table), []).append(i)
    for size, members in by_size.items():
        for part in slices(len(members), size * SCAN):
            _solve_alike(result, np.array(members[part]), tables, prior)
    return result


def _solve_alike(
    result: Posteriors, where: NDArray[np.intp], tables: Sequence[Estimates], prior: HyperPrior
) -> None:
    """Solve tables of equally many groups."""
    alike = Tables.of([tables[i] for i in where], prior)
    with np.errstate(all="ignore"):
        low, high, sd, center = alike.bulk()
    for factor in STEPS:
        with np.errstate(invalid="ignore"):
            step = factor * np.minimum(WIDEST, OF_SD * sd)
            # odd thrice over: every other node, and every other of these, has both ends
            count = 4 * NODES_AT_ONCE * np.ceil((high - low) / (2 * NODES_AT_ONCE * step)) + 1
        pending = np.ones(len(where), dtype=bool)
        for each in np.unique(count[count <= MOST_NODES]):
            index = np.flatnonzero(count == each)
            size = max(1, BLOCK // (alike.groups * int(each)))
            for start in range(0, len(index), size):
                part = index[start : start + size]
                with np.errstate(all="ignore"):
                    rule = Rule.between(
                        alike.rows(part, center[part]), low[part], high[part], int(each)
                    )
                    pending[part] = ~_fill_in(result, where[part], rule)
        where = where[pending]
        low, high, sd, center = (values[pending] for values in (low, high, sd, center))
        alike = alike.rows(np.flatnonzero(pending))
    for i in where:
        _solve_adaptively(result, int(i), tables[i], prior)


def _fill_in(result: Posteriors, where: NDArray[np.intp], rule: Rule) -> NDArray[np.bool_]:
    """Fill in what a rule finds of some tables, and tell where it is good enough."""
    tables, p = rule.tables, result.p
    coarse = rule.every(2)
    center = tables.center
    good = rule.ends_are_reached & coarse.is_free_of_rounding
    good &= rule.step > NARROW * np.maximum(1, np.abs(rule.s).max(axis=1))

    # tau and log tau, from all nodes
    cumulative = CumulativeOfLogTau(rule)
    good &= cumulative.error < MISS
    s = cumulative.quantiles(p)
    result.mean[where, 1], result.sd[where, 1] = rule.moments_of_tau()
    result.mean[where, 2], result.sd[where, 2] = rule.moments_of_log_tau()
    result.quantile[where, 1] = tables.line.tau(s)
    result.quantile[where, 2] = tables.line.log_tau(s)
    norm = rule.log_norm
    result.log_marginal_likelihood[where] = norm if tables.prior.is_proper else np.nan
    good &= np.abs(coarse.log_norm - norm) < CLOSE
    mean, sd = coarse.moments_of_log_tau()
    good &= np.abs(mean - result.mean[where, 2]) < CLOSE * sd
    good &= np.abs(sd / result.sd[where, 2] - 1) < CLOSE

    # mu and theta_new: moments from all nodes, quantiles from every other
    for k, extra, spreads in (
        (0, np.zeros_like(rule.at.tau), not tables.prior.mu.is_proper),
        (3, rule.at.tau**2, True),
    ):
        variance = 1 / rule.at.precision + extra
        mean, sd = rule.moments_of(rule.at.shift, variance, spreads)
        result.mean[where, k], result.sd[where, k] = mean + center, sd
        every = np.ascontiguousarray(variance[:, ::2])
        again = coarse.moments_of(coarse.at.shift, every, spreads)
        good &= ~(np.abs(again[0] - mean) > CLOSE * sd) & ~(np.abs(again[1] / sd - 1) > CLOSE)
        middle = (np.cumsum(coarse.weight, axis=1) < 0.5).sum(axis=1)[:, None]
        mixtures = Mixtures(
            coarse.at.shift,
            every**-0.5,
            coarse.weight,
            np.take_along_axis(coarse.at.shift, middle, axis=1)[:, 0],
            np.take_along_axis(every, middle, axis=1)[:, 0] ** 0.5,
        )
        quantile, difference = mixtures.quantiles(p, coarse.every(2).weight)
        result.quantile[where, k] = quantile + center[:, None]
        good &= (difference < HALF_CLOSE).all(axis=1)
        if k == 0:
            z = (rule.at.shift + center[:, None] - result.above) * np.sqrt(rule.at.precision)
            result.mu_above[where] = np.minimum((rule.weight * ndtr(z)).sum(axis=1), 1)

    good &= _fill_in_thetas(result, where, coarse)
    good &= np.isfinite(result.quantile[where]).all(axis=(1, 2))
    return good


def _fill_in_thetas(result: Posteriors, where: NDArray[np.intp], rule: Rule) -> NDArray[np.bool_]:
    """Fill in what is known of each theta, and tell where the rule is good enough."""
    tables = rule.tables
    coarse = rule.every(2)
    good = np.ones(len(tables), dtype=bool)
    nodes = rule.s.shape[1]
    width = max(1, BLOCK // (len(tables) * nodes))
    for start in range(0, tables.groups, width):
        part = slice(start, min(start + width, tables.groups))
        mean, variance, pooling = tables.theta(rule.at, part)
        weight = rule.weight[:, None, :]
        middle = (mean * weight).sum(axis=2)
        squares = variance + (mean - middle[:, :, None]) ** 2
        sd = np.sqrt((squares * weight).sum(axis=2))
        pooled = (pooling * weight).sum(axis=2)
        thin = coarse.weight[:, None, :]
        again = (mean[:, :, ::2] * thin).sum(axis=2)
        good &= (np.abs(again - middle) < HALF_CLOSE * sd).all(axis=1)
        again = (squares[:, :, ::2] * thin).sum(axis=2)
        good &= (np.abs(again / sd**2 - 1) < HALF_CLOSE).all(axis=1)
        again = (pooling[:, :, ::2] * thin).sum(axis=2)
        good &= (np.abs(again - pooled) < HALF_CLOSE).all(axis=1)

        flat = (middle.size, nodes)
        mixtures = Mixtures(
            mean.reshape(flat),
            (1 / np.sqrt(variance)).reshape(flat),
            np.broadcast_to(weight, mean.shape).reshape(flat),
            middle.ravel(),
            sd.ravel(),
        )
        thins = np.broadcast_to(thin, (*middle.shape, thin.shape[2]))
        quantile, difference = mixtures.quantiles(
            result.p, thins.reshape(middle.size, thin.shape[2])
        )
        good &= (difference < HALF_CLOSE).reshape(*middle.shape, -1).all(axis=(1, 2))

        index = result.offsets[where][:, None] + np.arange(part.start, part.stop)
        center = tables.center[:, None]
        result.theta_mean[index], result.theta_sd[index] = middle + center, sd
        result.theta_quantile[index] = quantile.reshape(*middle.shape, -1) + center[:, :, None]
        result.pooling_factor[index] = pooled
    return good


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
