"""The exact posteriors of many tables under one prior."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from partial_pooling.arrays import Array, slices
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact.cumulative import CumulativeOfLogTau
from partial_pooling.exact.mixtures import Mixtures
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.trapezoid import SCAN, Rule, Tables
from partial_pooling.priors.priors import HyperPrior

STEPS = (1.0, 0.75, 0.55, 0.4)  # of the rule, tried in turn before `solve`
WIDEST = 0.3  # step of every other node, in log tau
OF_SD = 0.45  # the same, in units of the sd of log tau
MOST_NODES = 1537
CLOSE = 5e-8  # in posterior sds, of what every other node finds and all do
COARSELY = 1e-3  # in probability, of every fourth node: every other has less than the square of it
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
    with np.errstate(all="ignore"):  # what is no number is noticed
        for size, members in by_size.items():
            for part in slices(len(members), size * SCAN):
                _solve_alike(result, np.array(members[part]), tables, prior)
    return result


def _solve_alike(
    result: Posteriors, where: NDArray[np.intp], tables: Sequence[Estimates], prior: HyperPrior
) -> None:
    """Solve tables of equally many groups."""
    alike = Tables.of([tables[i] for i in where], prior)
    low, high, sd, center = alike.bulk()
    for factor in STEPS:
        count = _lengths((high - low) / (factor * np.minimum(WIDEST, OF_SD * sd)))
        pending = np.ones(len(where), dtype=bool)
        for each in np.unique(count[count <= MOST_NODES]):
            index = np.flatnonzero(count == each)
            for some in slices(len(index), alike.groups * int(each)):
                part = index[some]
                rule = Rule.between(
                    alike.rows(part, center[part]), low[part], high[part], int(each)
                )
                good = _fill_in_moments(result, where[part], rule)
                if good.any():
                    part, rule = part[good], rule.rows(good)
                    pending[part] = ~_fill_in_quantiles(result, where[part], rule)
        where = where[pending]
        low, high, sd, center = (values[pending] for values in (low, high, sd, center))
        alike = alike.rows(pending)
    for i in where:
        _solve_adaptively(result, int(i), tables[i], prior)


def _lengths(intervals: Array) -> NDArray[np.intp]:
    """Numbers of nodes for so many intervals between every other of them, and not many more.

    Every other node, and every other of these, have both ends. Few different numbers let more
    tables be solved together.
    """
    wanted = np.clip(np.ceil(np.nan_to_num(intervals, nan=np.inf) / 2), 8, 1e9)
    unit = 2.0 ** (np.floor(np.log2(wanted)) - 2)
    return (4 * unit * np.ceil(wanted / unit)).astype(np.intp) + 1


def _fill_in_moments(result: Posteriors, where: NDArray[np.intp], rule: Rule) -> NDArray[np.bool_]:
    """Fill in moments, from all nodes, and tell where every other node would be good enough."""
    tables, coarse = rule.tables, rule.every(2)
    good = rule.ends_are_reached & coarse.is_free_of_rounding
    good &= rule.step > NARROW * np.maximum(1, np.abs(rule.s).max(axis=1))

    def agree(mean: Array, sd: Array, again: tuple[Array, Array]) -> NDArray[np.bool_]:
        far = np.abs(again[0] - mean) > CLOSE * sd  # False where a moment does not exist
        return ~(far | (np.abs(again[1] - sd) > CLOSE * sd))

    norm = rule.log_norm
    good &= np.abs(coarse.log_norm - norm) < CLOSE
    result.log_marginal_likelihood[where] = norm if tables.prior.is_proper else np.nan
    for variable, spreads in (("mu", not tables.prior.mu.is_proper), ("theta_new", True)):
        mean, sd = rule.moments_of(*rule.given_tau(variable), spreads)
        good &= agree(mean, sd, coarse.moments_of(*coarse.given_tau(variable), spreads))
        _set(result, where, variable, mean + tables.center, sd)
    for variable in ("tau", "log_tau"):
        mean, sd = rule.moments_of_tau() if variable == "tau" else rule.moments_of_log_tau()
        again = coarse.moments_of_tau() if variable == "tau" else coarse.moments_of_log_tau()
        good &= agree(mean, sd, again)
        _set(result, where, variable, mean, sd)
    z = (rule.at.shift + tables.center[:, None] - result.above) * np.sqrt(rule.at.precision)
    result.mu_above[where] = np.minimum((rule.weight * ndtr(z)).sum(axis=1), 1)

    for part in _parts(rule):
        mean, variance, pooling = tables.theta(rule.at, part)
        pooled = (pooling * rule.weight[:, None, :]).sum(axis=2)
        pooled_again = (pooling[:, :, ::2] * coarse.weight[:, None, :]).sum(axis=2)
        good &= (np.abs(pooled_again - pooled) < CLOSE).all(axis=1)
        middle, sd = _moments(mean, variance, rule.weight)
        again = _moments(mean[:, :, ::2], variance[:, :, ::2], coarse.weight)
        good &= agree(middle, sd, again).all(axis=1)
        index = result.offsets[where][:, None] + np.arange(part.start, part.stop)
        result.theta_mean[index], result.theta_sd[index] = middle + tables.center[:, None], sd
        result.pooling_factor[index] = pooled
    return good


def _fill_in_quantiles(
    result: Posteriors, where: NDArray[np.intp], rule: Rule
) -> NDArray[np.bool_]:
    """Fill in quantiles, and tell where they are good enough.

    Those of tau take all nodes, the others every other.
    """
    tables, p = rule.tables, result.p
    center = tables.center[:, None]
    cumulative = CumulativeOfLogTau(rule)
    s = cumulative.quantiles(p)
    result.quantile[where, VARIABLES.index("tau")] = tables.line.tau(s)
    result.quantile[where, VARIABLES.index("log_tau")] = tables.line.log_tau(s)
    good: NDArray[np.bool_] = (cumulative.error < MISS) & np.isfinite(s).all(axis=1)

    rule = rule.every(2)
    coarse = rule.every(2).weight
    median = (np.cumsum(rule.weight, axis=1) < 0.5).sum(axis=1)[:, None]
    for variable in ("mu", "theta_new"):
        mean, variance = rule.given_tau(variable)
        middle = np.take_along_axis(mean, median, axis=1)[:, 0]
        sd = np.sqrt(np.take_along_axis(variance, median, axis=1)[:, 0])
        mixtures = Mixtures(mean, 1 / np.sqrt(variance), rule.weight, middle, sd)
        quantile, difference = mixtures.quantiles(p, coarse)
        result.quantile[where, VARIABLES.index(variable)] = quantile + center
        good &= (difference < COARSELY).all(axis=1)

    for part in _parts(rule):
        mean, variance, _ = tables.theta(rule.at, part)
        count = part.stop - part.start
        index = result.offsets[where][:, None] + np.arange(part.start, part.stop)
        mixtures = Mixtures(
            mean.reshape(-1, mean.shape[2]),
            (1 / np.sqrt(variance)).reshape(-1, mean.shape[2]),
            np.repeat(rule.weight, count, axis=0),
            (result.theta_mean[index] - center).ravel(),
            result.theta_sd[index].ravel(),
        )
        quantile, difference = mixtures.quantiles(p, np.repeat(coarse, count, axis=0))
        good &= (difference < COARSELY).reshape(*index.shape, -1).all(axis=(1, 2))
        result.theta_quantile[index] = quantile.reshape(*index.shape, -1) + center[:, :, None]
    return good


def _parts(rule: Rule) -> Iterator[slice]:
    """Slices of groups for which there is memory."""
    groups = rule.tables.groups
    for part in slices(groups, rule.s.size):
        yield slice(part.start, min(part.stop, groups))


def _moments(mean: Array, variance: Array, weight: Array) -> tuple[Array, Array]:
    """Means and sds of mixtures over the last axis, both of shape (T, K)."""
    weight = weight[:, None, :]
    middle = (mean * weight).sum(axis=2)
    squares = mean - middle[:, :, None]
    squares *= squares
    squares += variance
    squares *= weight
    return middle, np.sqrt(squares.sum(axis=2))


def _set(
    result: Posteriors, where: NDArray[np.intp], variable: str, mean: Array, sd: Array
) -> None:
    k = VARIABLES.index(variable)
    result.mean[where, k], result.sd[where, k] = mean, sd


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
