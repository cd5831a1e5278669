"""The exact posteriors of many tables under one prior.

Tables of the normal family with equally many groups are solved together by one rule
(`exact.alike`, `exact.trapezoid`), whose own nodes tell where it is not good enough: such a table
gets a finer one, and at last `solve`, which adapts. Those of other families are solved by `solve`,
one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from partial_pooling.arrays import Array, slices
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.errors import InputError
from partial_pooling.exact.alike import SCAN, Tables
from partial_pooling.exact.cumulative import CumulativeOfLogTau
from partial_pooling.exact.face import Posterior
from partial_pooling.exact.mixtures import Mixtures
from partial_pooling.exact.posterior import solve
from partial_pooling.exact.trapezoid import Rule, mixture_moments
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.priors import HyperPrior

VARIABLES = ("mu", "tau", "log_tau", "theta_new")
STEPS = (1.0, 0.75, 0.55, 0.4)  # of the rule, tried in turn before `solve`
WIDEST = 0.3  # step of every other node, in log tau
STEP = 0.18  # the same, in u
MOST_NODES = 1537
CLOSE = 5e-8  # in posterior sds, of what every other node finds and all do
COARSELY = 5e-5  # in probability, of half of the nodes: all have about the square of it
MISS = 3e-8  # in probability, of quantiles of tau

type Solver = Callable[[Groups], Posterior]


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
        Shape (T,), whether there is no shared rule, or it did not do: `solve` solved the table.
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
        Shape (G,), see `Posterior.pooling_factor`.
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
    tables: Sequence[Groups],
    prior: HyperPrior,
    family: Family = NORMAL,
    p: Sequence[float] = (0.025, 0.5, 0.975),
    above: float = 0.0,
    solver: Solver | None = None,
) -> Posteriors:
    """Solve for the posteriors of many tables of one family, without sampling.

    A table's numbers are the same to the last bit whichever tables it is solved with.

    Parameters
    ----------
    tables
        T tables of one group or more, of the kind of data that the family reads.
    prior
        Of every table.
    family
        Of every table.
    p
        Probabilities of the quantiles, each strictly between 0 and 1.
    above
        The c of P(mu > c), in the units of the data.
    solver
        What solves a table by itself, where none of the shared rules does: `solve`, or what keeps
        its posterior for another use.

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
    if solver is None:

        def solver(table: Groups) -> Posterior:
            return solve(table, prior, family)

    result = Posteriors.empty([len(table) for table in tables], probabilities, above)
    by_size: dict[int, list[int]] = {}
    estimates: dict[int, Estimates] = {}
    for i, table in enumerate(tables):
        proper = len(table) > 0 and prior.tail_power(len(table)) > 0
        if proper and isinstance(table, Estimates) and family is NORMAL:
            by_size.setdefault(len(table), []).append(i)
            estimates[i] = table
        else:
            _solve_adaptively(result, i, table, solver)  # finds the reason
    with np.errstate(all="ignore"):  # what is no number is noticed
        for size, members in by_size.items():
            for part in slices(len(members), size * SCAN):
                _solve_alike(result, np.array(members[part]), estimates, prior, solver)
    return result


def _solve_alike(
    result: Posteriors,
    where: NDArray[np.intp],
    tables: Mapping[int, Estimates],
    prior: HyperPrior,
    solver: Solver,
) -> None:
    """Solve tables of equally many groups."""
    alike = Tables.of([tables[i] for i in where], prior)
    bulk = alike.bulk()
    for factor in STEPS:
        left, right = bulk.ends
        count = _lengths((right - left) / (factor * np.minimum(WIDEST / bulk.width, STEP)))
        pending = np.ones(len(where), dtype=bool)
        for each in np.unique(count[count <= MOST_NODES]):
            index = np.flatnonzero(count == each)
            for some in slices(len(index), alike.groups * int(each)):
                part = index[some]
                here = bulk.rows(part)
                rule = Rule.over(alike.rows(part, here.center), here, int(each))
                good = _fill_in_moments(result, where[part], rule)
                if good.any():
                    part, rule = part[good], rule.rows(good)
                    pending[part] = ~_fill_in_quantiles(result, where[part], rule)
        where, bulk, alike = where[pending], bulk.rows(pending), alike.rows(pending)
    for i in where:
        _solve_adaptively(result, int(i), tables[i], solver)


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
    tables, coarse = rule.tables, rule.every_other()
    good = rule.is_sound

    def agree(mean: Array, sd: Array, again: tuple[Array, Array]) -> NDArray[np.bool_]:
        far = np.abs(again[0] - mean) > CLOSE * sd  # False where a moment does not exist
        return ~(far | (np.abs(again[1] - sd) > CLOSE * sd))

    norm = rule.log_norm
    good &= np.abs(coarse.log_norm - norm) < CLOSE
    result.log_marginal_likelihood[where] = norm if tables.prior.is_proper else np.nan
    for k, variable in enumerate(VARIABLES):
        mean, sd = rule.moments(variable)
        good &= agree(mean, sd, coarse.moments(variable))
        about_center = variable in ("mu", "theta_new")
        result.mean[where, k] = mean + tables.center if about_center else mean
        result.sd[where, k] = sd
    z = (rule.at.shift + tables.center[:, None] - result.above) * np.sqrt(rule.at.precision)
    result.mu_above[where] = np.minimum((rule.weight * ndtr(z)).sum(axis=1), 1)

    for part in _parts(rule):
        mean, variance, pooling = tables.theta(rule.at, part)
        pooled = (pooling * rule.weight[:, None, :]).sum(axis=2)
        pooled_again = (pooling[:, :, ::2] * coarse.weight[:, None, :]).sum(axis=2)
        good &= (np.abs(pooled_again - pooled) < CLOSE).all(axis=1)
        middle, sd = mixture_moments(mean, variance, rule.weight)
        again = mixture_moments(mean[:, :, ::2], variance[:, :, ::2], coarse.weight)
        good &= agree(middle, sd, again).all(axis=1)
        index = result.offsets[where][:, None] + np.arange(part.start, part.stop)
        result.theta_mean[index], result.theta_sd[index] = middle + tables.center[:, None], sd
        result.pooling_factor[index] = pooled
    return good


def _fill_in_quantiles(
    result: Posteriors, where: NDArray[np.intp], rule: Rule
) -> NDArray[np.bool_]:
    """Fill in quantiles, and tell where they are good enough.

    Those of theta take every other node, since they take the longest.
    """
    tables, p = rule.tables, result.p
    center = tables.center[:, None]
    cumulative = CumulativeOfLogTau(rule)
    s = cumulative.quantiles(p)
    result.quantile[where, VARIABLES.index("tau")] = tables.line.tau(s)
    result.quantile[where, VARIABLES.index("log_tau")] = tables.line.log_tau(s)
    good: NDArray[np.bool_] = (cumulative.error < MISS) & np.isfinite(s).all(axis=1)

    coarse = rule.every_other()
    median = (np.cumsum(rule.weight, axis=1) < 0.5).sum(axis=1)[:, None]
    both = [rule.given_tau(variable) for variable in ("mu", "theta_new")]
    mixtures = Mixtures(
        np.concatenate([mean for mean, _ in both]),
        np.concatenate([1 / np.sqrt(variance) for _, variance in both]),
        np.tile(rule.weight, (2, 1)),
        np.concatenate([np.take_along_axis(mean, median, axis=1)[:, 0] for mean, _ in both]),
        np.sqrt(np.concatenate([np.take_along_axis(x, median, axis=1)[:, 0] for _, x in both])),
    )
    quantile, difference = mixtures.quantiles(p, np.tile(coarse.weight, (2, 1)))
    shape = (2, len(where), -1)
    result.quantile[where, VARIABLES.index("mu")] = quantile.reshape(shape)[0] + center
    result.quantile[where, VARIABLES.index("theta_new")] = quantile.reshape(shape)[1] + center
    good &= (difference < COARSELY).reshape(shape).all(axis=(0, 2))

    rule, thin = coarse, coarse.every_other().weight
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
        quantile, difference = mixtures.quantiles(p, np.repeat(thin, count, axis=0))
        good &= (difference < COARSELY).reshape(*index.shape, -1).all(axis=(1, 2))
        result.theta_quantile[index] = quantile.reshape(*index.shape, -1) + center[:, :, None]
    return good


def _parts(rule: Rule) -> Iterator[slice]:
    """Slices of groups for which there is memory."""
    groups = rule.tables.groups
    for part in slices(groups, rule.s.size):
        yield slice(part.start, min(part.stop, groups))


def _solve_adaptively(result: Posteriors, i: int, table: Groups, solver: Solver) -> None:
    """Fill in the numbers of one table that is solved by itself."""
    result.adaptive[i] = True
    try:
        posterior = solver(table)
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
