"""The distribution of tau over the tables of a collection, by maximum marginal likelihood.

Each table tells of its own tau by ``p(y | tau)``, mu integrated out. If the tau of all tables come
from one distribution, a table's marginal likelihood is the average of p(y | tau) over it, and its
parameters are those under which all tables together are most likely (Robbins 1956; Carlin and
Louis, Bayes and Empirical Bayes Methods for Data Analysis, chapter 3). Estimates of tau are not
used: many of them are 0 though their tau is not.

The averages are sums over nodes in log tau, the same for all tables; beyond the nodes p(y | tau)
is that of the last one. Intervals are those of the profile likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.optimize import brentq, minimize, minimize_scalar

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.data.groups import Groups
from partial_pooling.errors import InputError
from partial_pooling.exact.alike import Tables
from partial_pooling.exact.nested.outer import Outer
from partial_pooling.exact.nested.rules import COARSE
from partial_pooling.families.family import Family as Likelihood
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.distributions import HalfStudentT, LogNormal
from partial_pooling.priors.prior import Location, Scale
from partial_pooling.priors.priors import HyperPrior

STEP = 0.05  # between nodes in log tau
LEAST, GREATEST = 1e-3, 30.0  # nodes, beside the least standard error and the greatest scale
BEYOND = 40.0  # log units beyond the nodes where a distribution may still have mass
DROP = 1.920729410347062  # of the log likelihood at the ends of a 95 % interval
NARROWEST, WIDEST = 0.1, 5.0  # sd of log tau: below, as good as one tau for all tables
HEAVIEST, LIGHTEST = 0.5, 100.0  # degrees of freedom: above, as good as normal
FEWEST = 3  # tables
WIDE, SPLINE = 0.2, 5  # of log tau, and the order of the spline over it


def log_likelihoods(
    tables: Sequence[Groups], mu: Location, tau: Array, family: Likelihood = NORMAL
) -> Array:
    """Log p(y | tau) of T tables, mu integrated out.

    Parameters
    ----------
    tables
        T tables of one group or more.
    mu
        Its prior. A flat one counts as density one.
    tau
        Shape (n,), increasing, in the units of theta.
    family
        Of the tables. Other than of the normal one, what differs from the normal approximation is
        integrated at every WIDE of log tau or nearer, and a spline between.

    Returns
    -------
    numpy.ndarray
        Shape (T, n).
    """
    normals = [family.approximation(table) for table in tables]
    result = np.empty((len(tables), len(tau)))
    by_size: dict[int, list[int]] = {}
    for i, table in enumerate(normals):
        by_size.setdefault(len(table), []).append(i)
    prior = HyperPrior(mu, HalfStudentT(1.0, 1.0))  # of tau: not asked for
    for size, members in by_size.items():
        many = max(1, BLOCK // (size * len(tau)))
        for start in range(0, len(members), many):
            part = members[start : start + many]
            alike = Tables.of([normals[i] for i in part], prior)
            result[part] = alike.log_likelihood(np.tile(tau, (len(part), 1)))
    if family is not NORMAL:
        t = np.log(tau)
        few = np.linspace(t[0], t[-1], 1 + max(SPLINE, math.ceil((t[-1] - t[0]) / WIDE)))
        for i, (one, normal) in enumerate(zip(tables, normals, strict=True)):
            about = Tables.of([normal], prior).log_likelihood(np.exp(few)[None, :])[0]
            outer = Outer(one, family, prior, prior.tail_power(len(one)), COARSE)
            more = outer.log_likelihood_of(np.exp(few)) - about
            result[i] += make_interp_spline(few, more, SPLINE)(t)
    return result


@dataclass(frozen=True)
class Family:
    """Distributions that the tau of tables may have, by two numbers that any value suits.

    Attributes
    ----------
    make
        From the two numbers to the distribution.
    names
        The parameters that they are, in the order of the numbers.
    box
        Ends of each number.
    limits
        What a parameter is, if an interval reaches an end of the box.
    """

    make: Callable[[float, float], Scale]
    names: tuple[str, str]
    box: tuple[tuple[float, float], tuple[float, float]]
    limits: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Population:
    """A distribution of tau over tables, estimated.

    Attributes
    ----------
    prior
        The distribution of greatest likelihood.
    interval
        95 % interval of each parameter, 0 or infinite where the likelihood tells no bound.
    log_likelihood
        Log of the probability density of all tables' estimates under it.
    at_boundary
        Parameters whose estimate is an end of what is looked at: sigma of LogNormal at 0.1 says
        that one tau for all tables is as good, mu or a scale at its least that tau = 0 is, nu at
        100 that a half-normal is.
    """

    prior: Scale
    interval: dict[str, tuple[float, float]]
    log_likelihood: float
    at_boundary: tuple[str, ...]

    @property
    def aic(self) -> float:
        """Akaike's criterion, two parameters; less is better."""
        return 4 - 2 * self.log_likelihood

    @property
    def line(self) -> str:
        """The prior of tau for the configuration of another study, in three digits."""
        parameters = ", ".join(f"{name}: {x:.3g}" for name, x in self.prior.parameters.items())
        return f"tau: {{dist: {self.prior.dist}, {parameters}}}"


def populations(
    tables: Sequence[Groups], mu: Location, family: Likelihood = NORMAL
) -> list[Population]:
    """Estimate the distribution of tau over tables of one kind of data.

    ASSUME tau is log-normal, or half-Student with nu estimated between 0.5 and 100.

    Parameters
    ----------
    tables
        Three or more, of two groups or more, all in the same units.
    mu
        Its prior, for each table. A flat one is integrated with density one: what each table then
        tells of tau is its restricted likelihood.
    family
        Of the tables.

    Returns
    -------
    list
        The log-normal and the half-Student, the one of the less AIC first.

    Raises
    ------
    InputError
        There are fewer than three tables.
    """
    if len(tables) < FEWEST:
        raise InputError(
            f"tables: found {len(tables)} to estimate the distribution of tau from; "
            f"allowed: {FEWEST} or more"
        )
    normals = [family.approximation(table) for table in tables]
    least = min(float(table.std_error.min()) for table in normals)
    greatest = max(
        max(float(table.std_error.max()), float(np.ptp(table.estimate))) for table in normals
    )
    low, high = math.log(LEAST * least), math.log(GREATEST * greatest)
    t = np.linspace(low, high, 2 + int((high - low) / STEP))
    logs = log_likelihoods(tables, mu, np.exp(t), family)
    top = logs.max(axis=1)
    logs -= top[:, None]
    likelihood = _Likelihood(t, np.exp(logs, out=logs), math.fsum(top))
    families = (
        Family(
            lambda mean, log_sd: LogNormal(mean, math.exp(log_sd)),
            ("mu", "sigma"),
            ((low, high), (math.log(NARROWEST), math.log(WIDEST))),
            ((-math.inf, math.inf), (0.0, math.inf)),
        ),
        Family(
            lambda log_scale, log_nu: HalfStudentT(math.exp(log_nu), math.exp(log_scale)),
            ("sigma", "nu"),
            ((low, high), (math.log(HEAVIEST), math.log(LIGHTEST))),
            ((0.0, math.inf), (0.0, math.inf)),
        ),
    )
    found = [likelihood.estimate(family) for family in families]
    return sorted(found, key=lambda population: population.aic)


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """Likelihood of a distribution of tau: t (n,) nodes, relative p(y | tau) (T, n), log scale."""

    t: Array
    relative: Array
    log_scale: float

    def log(self, prior: Scale) -> float:
        """Log likelihood of a distribution, whatever the order of the tables."""
        step = self.t[1] - self.t[0]
        more = int(BEYOND / step)
        t = self.t[0] + step * np.arange(-more, len(self.t) + more)
        mass = np.exp(prior.log_density(np.exp(t)) + t) * step
        weight = mass[more:-more].copy()
        weight[0] += mass[:more].sum()
        weight[-1] += mass[-more:].sum()
        with np.errstate(divide="ignore"):
            return self.log_scale + math.fsum(np.log(np.vecdot(self.relative, weight)))

    def estimate(self, family: Family) -> Population:
        """Find the greatest likelihood, and the intervals of its profile."""

        def at(x: Any) -> float:
            inside = np.clip(x, *np.transpose(family.box))
            return -self.log(family.make(*map(float, inside)))

        grid = [
            (a, b)
            for a in np.linspace(*family.box[0], 12)[1:-1]
            for b in np.linspace(*family.box[1], 6)[1:-1]
        ]
        start = min(grid, key=lambda x: at(np.array(x)))
        best = minimize(
            at,
            np.array(start),
            bounds=family.box,
            method="Nelder-Mead",
            options={"xatol": 1e-5, "fatol": 1e-9, "maxiter": 2000},
        )
        found = np.clip(best.x, *np.transpose(family.box))
        interval, at_boundary = {}, []
        for k, (name, limits) in enumerate(zip(family.names, family.limits, strict=True)):
            if min(abs(found[k] - end) for end in family.box[k]) < 1e-3:
                at_boundary.append(name)
            ends = [self._end(family, at, found, float(best.fun), k, end) for end in family.box[k]]
            # the one whose box is a prior's parameter itself, and not its log
            read = float if limits[0] == -math.inf else math.exp
            low, high = (
                limit if end is None else read(end) for end, limit in zip(ends, limits, strict=True)
            )
            interval[name] = (low, high)
        prior = family.make(*map(float, found))
        return Population(prior, interval, -float(best.fun), tuple(at_boundary))

    def _end(
        self,
        family: Family,
        at: Callable[[Any], float],
        best: Array,
        least: float,
        k: int,
        limit: float,
    ) -> float | None:
        """Where the profile of number k has dropped, between the best and a limit, if it does."""
        other = 1 - k
        near = float(best[other])
        # looked for near where it was last, the other number depends on the way: each is found once
        known = {float(best[k]): -DROP}

        def excess(value: float) -> float:
            nonlocal near
            if value in known:
                return known[value]

            def fixed(x: float) -> float:
                pair = np.array([value, x] if k == 0 else [x, value])
                return at(pair)

            low, high = family.box[other]
            result = minimize_scalar(
                fixed,
                bounds=(max(low, near - 1), min(high, near + 1)),
                method="bounded",
                options={"xatol": 1e-4},
            )
            near = float(result.x)
            known[value] = float(min(result.fun, fixed(low), fixed(high))) - least - DROP
            return known[value]

        # steps that grow, so that the other number can follow
        step, value, before = math.copysign(0.05, limit - best[k]), float(best[k]), float(best[k])
        while (value - limit) * step < 0:
            before, value = value, value + step
            value = min(value, limit) if step > 0 else max(value, limit)
            if excess(value) > 0:
                return float(brentq(excess, before, value, xtol=1e-4))
            step *= 2
        return None
