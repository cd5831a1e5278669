"""The exact posterior of the normal-normal hierarchical model, by quadrature over log tau.

Given tau, everything of interest is normal in closed form (Gelman et al., Bayesian Data
Analysis, 3rd ed., section 5.4; Rover 2020, "Bayesian random-effects meta-analysis using the
bayesmeta R package"), so one idea serves for all of it: place nodes in ``t = log tau`` that
resolve the posterior of t, and read every marginal as a mixture of normals over those nodes.

How the nodes are placed. Everything is smooth in t (analytic for ``|Im t| < pi / 2``), so the
line is cut into panels with Gauss-Legendre nodes, and panels are halved until the Legendre
series of the density has converged on each. Conditional means and variances vary no faster than
the density does: where a conditional mean moved by many conditional standard deviations, so would
the fit, and the likelihood with it. The left tail falls at least as ``exp(t)``; it and
every light right tail are followed down to ``exp(-40)`` of the peak. A heavy right tail
(HalfCauchy, HalfStudentT, HalfFlat) is a pure power of tau beyond all scales of the problem:
what lies beyond the last panel is added in closed form, on one last node whose weight depends
on the moment asked for, and is undefined (nan) where that moment does not exist. The nodes are
also placed for the first two moments of tau, whose mass can lie far out.

Rounding. Positions are kept relative to ``E[mu | tau_0, y]``, and the log likelihood relative
to its value at tau_0, the posterior mode of log tau.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, ndtr, ndtri

from partial_pooling.data.groups import Groups
from partial_pooling.errors import InputError
from partial_pooling.priors.priors import HyperPrior, Prior

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]

PROBABILITIES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
GRID_POINTS = 201  # of each density in exact_dataset
QUARTERS = (0.25, 0.5, 0.75)
MOST_GROUPS_FOR_PAIRS = 1000  # above, J x J tables and P(largest) take minutes

NODES = 20  # Gauss-Legendre nodes of a panel
WIDEST = 2.5  # panel to begin with, between the scales of the problem
MOST_PANELS = 10_000  # to halve at once; a hundred is many
SERIES = 1e-12  # last Legendre coefficients of a resolved density, relative to its peak
DEPTH = 40.0  # log of what is negligible beside the peak
FAR = 20.0  # log units beyond all scales where tails are powers: exp(-2 * FAR) is negligible
ULPS = 1e-15  # exp(log(x)) can land this far outside the support, relative to x
TINY = 1e-150  # a standard deviation of 0, as where exp(log tau) is 0 in floats
LARGEST = 340.0  # log tau whose square is still a float
REACH = 7.5  # standard deviations beyond which a normal has 3e-14
NEGLIGIBLE = 1e-15  # probability of a node or panel that is left out of P(largest)
FINEST_STEP = 0.17  # in mu, in units of its sd: enough for 1,000 groups (test_exact.py)
LARGEST_MISS = 1e-8  # of the sum of P(largest)
BLOCK = 200_000  # numbers to work on at once: fits the cache, bounds the memory
HIDDEN = (
    "prior: estimates and priors are so far apart that rounding hides the posterior of "
    "tau; allowed: priors that do not rule out the estimates by 1e15 or more"
)

_NODE, _WEIGHT = legendre.leggauss(NODES)
_POINT = np.concatenate([[-1.0], _NODE, [1.0]])
# values at the nodes -> coefficients of their Legendre series
_TO_SERIES = (np.arange(NODES) + 0.5)[:, None] * legendre.legvander(_NODE, NODES - 1).T * _WEIGHT
_ALTERNATE = (-1.0) ** np.arange(NODES)  # Legendre polynomials at -1


class QuadratureError(ArithmeticError):
    """A result that the quadrature itself shows to be wrong."""


def solve(groups: Groups, prior: HyperPrior) -> ExactPosterior:
    """Solve for the posterior of the normal-normal model, without sampling.

    Parameters
    ----------
    groups
        J >= 1 groups of estimates with their standard errors.
    prior
        Priors of mu (Normal or Flat) and tau (any supported).

    Returns
    -------
    ExactPosterior
        Moments of scale-free relative error below 1e-9, quantiles below 1e-7.

    Raises
    ------
    InputError
        The posterior is improper. The likelihood falls as ``tau ** -(J - 1)`` if mu is flat and
        as ``tau ** -J`` if it is normal, so a HalfFlat tau needs J >= 3 or J >= 2. Proper priors
        of tau need no more than one group. Or estimates and priors conflict beyond rounding.
    """
    if len(groups) < 1:
        raise InputError("groups: found none; allowed: 1 or more")
    prior.check_proper_posterior(len(groups))
    model = _refer_to_mode(groups, prior)
    edges = _first_edges(groups, prior, prior.tail_power(len(groups)))
    rule = _place_nodes(lambda t: model.log_density(t) + np.arange(3)[:, None] * t, edges)
    posterior = ExactPosterior(groups, prior, model, rule)
    with np.errstate(over="ignore", invalid="ignore"):
        total = posterior._unscaled_weights(0).sum()
    if not 0 < total < math.inf:
        raise InputError(HIDDEN)
    return posterior


@dataclass(frozen=True, eq=False)
class ExactPosterior:
    """The posterior of mu, tau, log_tau, each theta and the theta of a new group.

    Made by `solve`. Variables are named ``mu``, ``tau``, ``log_tau``, ``theta[<group>]`` and
    ``theta_new``; all but ``log_tau`` are in the units of the data.

    Attributes
    ----------
    groups, prior
        What was solved.
    """

    groups: Groups
    prior: HyperPrior
    _model: _Model
    _rule: _Rule

    @property
    def variables(self) -> list[str]:
        """Names of all variables: mu, tau, log_tau, theta of each group, theta_new."""
        return ["mu", "tau", "log_tau", *(f"theta[{n}]" for n in self.groups.names), "theta_new"]

    @cached_property
    def log_tau(self) -> Array:
        """Shape (N,), the nodes in log tau."""
        return self._rule.node

    @cached_property
    def tau(self) -> Array:
        """Shape (N,), the nodes in tau, in the units of the data."""
        return np.exp(self.log_tau)

    @cached_property
    def weight(self) -> Array:
        """Shape (N,), posterior probability that each node stands for; sums to one."""
        return self._weights(0)

    @property
    def log_marginal_likelihood(self) -> float:
        """Log of p(y), or nan where a prior is improper, so that p(y) has no scale."""
        if not self.prior.is_proper:
            return math.nan
        return self._log_norm + self._model.log_density_at_reference

    # -- moments ---------------------------------------------------------------------------

    def moment_order(self, variable: str) -> float:
        """The number below which the orders k of the moments lie that exist; inf if all do.

        The density of tau falls as ``tau ** -(power + 1)``, where power is J - 1 (flat mu) or J
        (normal mu), plus 1 for HalfCauchy, nu for HalfStudentT, -1 for HalfFlat, and infinite
        for the light-tailed priors. The k-th moment of tau and of what spreads as tau does
        (theta_new and, if its prior is flat, mu) exists if and only if k < power. All moments of
        log_tau and of each theta exist: given a large tau, theta is its estimate with its
        standard error.

        Raises
        ------
        InputError
            There is no such variable.
        """
        self._refuse_unknown(variable)
        return self._power if variable in self._spreads_as_tau else math.inf

    def mean(self, variable: str) -> float:
        """Posterior mean, or nan where it does not exist (see `moment_order`).

        A moment too large for a float is inf.
        """
        return float(self.moments([variable])[0][0])

    def sd(self, variable: str) -> float:
        """Posterior standard deviation, or nan where it does not exist (see `mean`)."""
        return float(self.moments([variable])[1][0])

    def moments(self, variables: Sequence[str]) -> tuple[Array, Array]:
        """Means and standard deviations of K variables, each of shape (K,) (see `mean`)."""
        mean = np.empty(len(variables))
        sd = np.empty(len(variables))
        mixed = []
        for k, variable in enumerate(variables):
            if variable == "tau":
                mean[k], sd[k] = self._moments_of_tau()
            elif variable == "log_tau":
                mean[k], sd[k] = self._moments_of_log_tau()
            elif variable in self._spreads_as_tau:
                mixture = self._mixture([variable])
                middle = mixture.mean @ self.weight
                within = mixture.sd[0] ** 2 @ self._weights(2)
                between = (mixture.mean[0] - middle) ** 2 @ self.weight
                exists = self.moment_order(variable) > 1
                mean[k] = middle[0] + self._model.center if exists else np.nan
                sd[k] = math.sqrt(within + between)
            else:
                mixed.append(k)
        for start in range(0, len(mixed), self._block_size):
            rows = mixed[start : start + self._block_size]
            mean[rows], sd[rows] = self._mixture([variables[k] for k in rows]).moments()
            mean[rows] += self._model.center
        return mean, sd

    def pooling_factor(self) -> Array:
        """Shape (J,), posterior mean of B_j = sigma_j^2 / (sigma_j^2 + tau^2)."""
        return np.concatenate([self._pooling(index) @ self.weight for index in self._blocks()])

    # -- distributions ---------------------------------------------------------------------

    def cdf(self, variable: str, x: ArrayLike) -> Array:
        """Posterior probability that the variable is at most x, any shape."""
        x = np.asarray(x, dtype=float)
        if variable in ("tau", "log_tau"):
            with np.errstate(divide="ignore", invalid="ignore"):
                t = np.log(np.maximum(x, 0)) if variable == "tau" else x
            return np.reshape(self._cdf_of_log_tau(t.ravel()), x.shape)
        return self._mixture([variable]).curves(x)[0]

    def density(self, variable: str, x: ArrayLike) -> Array:
        """Posterior density at x, any shape, in 1 / units of the variable."""
        x = np.asarray(x, dtype=float)
        if variable not in ("tau", "log_tau"):
            return self._mixture([variable]).curves(x)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (np.log(np.maximum(x, 0)) if variable == "tau" else x).ravel()
        lower, upper = self.prior.tau.support
        inside = (x.ravel() >= 0) | (variable == "log_tau")
        inside &= (np.exp(t) >= lower * (1 - ULPS)) & (np.exp(t) <= upper * (1 + ULPS))
        log_density = np.full(t.shape, -np.inf)
        # at tau = 0 take the limit of p(log tau) / tau
        t = np.maximum(t, -LARGEST)
        log_density[inside] = self._model.log_density(t[inside]) - self._log_norm
        if variable == "tau":
            log_density -= t
        return np.reshape(np.exp(log_density), x.shape)

    def quantile(self, variable: str, p: ArrayLike) -> Array:
        """Posterior quantiles at probabilities p, any shape, each strictly between 0 and 1."""
        p = np.asarray(p, dtype=float)
        return np.reshape(self.quantiles([variable], p.ravel())[0], p.shape)

    def quantiles(self, variables: Sequence[str], p: ArrayLike) -> Array:
        """Quantiles of K variables at P probabilities, shape (K, P).

        Raises
        ------
        InputError
            A probability is not strictly between 0 and 1, or there is no such variable.
        """
        p = np.asarray(p, dtype=float)
        if not np.all((p > 0) & (p < 1)):
            raise InputError(
                "p: found a probability not between 0 and 1; allowed: strictly between 0 and 1"
            )
        result = np.empty((len(variables), len(p)))
        mixed = []
        for k, variable in enumerate(variables):
            if variable in ("tau", "log_tau"):
                t = self._quantiles_of_log_tau(p)
                result[k] = np.exp(t) if variable == "tau" else t
            else:
                mixed.append(k)
        size = max(1, self._block_size // len(p))
        for start in range(0, len(mixed), size):
            rows = mixed[start : start + size]
            mixture = self._mixture([variables[k] for k in rows])
            result[rows] = mixture.quantile(p) + self._model.center
        return result

    # -- joint statements ------------------------------------------------------------------

    def difference(self, a: str, b: str, p: ArrayLike = PROBABILITIES) -> Difference:
        """Posterior of theta_a - theta_b for the groups named a and b.

        Given tau it is normal; the covariance of theta_a and theta_b is B_a B_b / P.

        Raises
        ------
        InputError
            There is no such group.
        """
        for name in (a, b):
            if name not in self.groups.names:
                raise InputError(
                    f"group: found {name!r}; allowed: {', '.join(self.groups.names[:20])}"
                )
        first, second = (self.groups.names.index(name) for name in (a, b))
        if first == second:
            zeros = np.zeros(np.shape(p))
            return Difference(0.0, 0.0, zeros)
        mixture = self._differences(first, np.array([second]))
        mean, sd = mixture.moments()
        p = np.asarray(p, dtype=float)
        return Difference(
            float(mean[0]), float(sd[0]), mixture.quantile(p.ravel())[0].reshape(p.shape)
        )

    def probability_greater(self) -> Array:
        """Shape (J, J), P(theta_a > theta_b) in row a, column b; one half on the diagonal.

        Raises
        ------
        InputError
            There are more than `MOST_GROUPS_FOR_PAIRS` groups.
        """
        self._refuse_many("P(theta_a > theta_b)")
        count = len(self.groups)
        probability = np.full((count, count), 0.5)
        for a in range(count):
            for start in range(a + 1, count, self._block_size):
                b = np.arange(start, min(start + self._block_size, count))
                above = 1 - self._differences(a, b).cdf(np.zeros((len(b), 1)))[:, 0]
                probability[a, b] = above
                probability[b, a] = 1 - above
        return probability

    def probability_largest(self) -> Array:
        """Shape (J,), the probability that each group's theta is the largest.

        Given (mu, tau) the thetas are independent, so this takes a quadrature over mu
        (trapezoidal) and one over the largest theta (Gauss-Legendre panels). Absolute error below
        1e-8, however unequal the standard errors.

        Raises
        ------
        InputError
            There are more than `MOST_GROUPS_FOR_PAIRS` groups.
        QuadratureError
            The probabilities miss a sum of one by more than 1e-8: they cannot be right.
        """
        self._refuse_many("P(theta is the largest)")
        tau, mu, weight = self._nodes_of_mu()
        chance = np.zeros(len(self.groups))
        size = max(1, 4 * BLOCK // (len(self.groups) * NODES))
        for start in range(0, len(tau), size):
            part = slice(start, start + size)
            chance += weight[part] @ _chance_of_largest(*self._thetas_about(mu[part], tau[part]))
        if not abs(chance.sum() - 1) <= LARGEST_MISS:
            raise QuadratureError(
                f"P(theta is the largest) sums to {chance.sum():.12g} over the groups, not to 1: "
                "the quadrature failed for these standard errors"
            )
        return chance

    # -- prediction ------------------------------------------------------------------------

    def predictive(self, p: Sequence[float] = PROBABILITIES) -> Predictive:
        """Posterior predictive of a replicated estimate of each group, with its own sigma_j."""
        parts = [self._replicates(index) for index in self._blocks()]
        moments = [part.moments() for part in parts]
        center = self._model.center
        observed = self._model.residual
        return Predictive(
            mean=np.concatenate([m for m, _ in moments]) + center,
            sd=np.concatenate([s for _, s in moments]),
            quantile=np.concatenate([part.quantile(np.asarray(p)) for part in parts]) + center,
            cdf_at_observed=np.concatenate(
                [
                    part.cdf(observed[index, None])[:, 0]
                    for part, index in zip(parts, self._blocks(), strict=True)
                ]
            ),
        )

    def leave_one_out(self) -> Array:
        """Shape (J,), log p(y_j | y without group j), exactly: the model is solved without j.

        nan where the posterior without one group is improper. ``p(y_j | tau, y_-j)`` is normal
        in closed form; nodes are placed anew for the posterior of tau without each group, which
        an outlier can hold far from the posterior with it.
        """
        count = len(self.groups)
        power = self.prior.tail_power(count - 1)
        if not power > 0 or (count == 1 and self.prior.mu.dist == "Flat"):
            return np.full(count, np.nan)
        edges = _first_edges(self.groups, self.prior, power)
        result = np.empty(count)
        block = max(1, BLOCK // (25 * NODES))
        for start in range(0, count, block):
            index = np.arange(start, min(start + block, count))

            def log_density(t: Array, index: NDArray[np.intp] = index) -> Array:
                full = self._model.log_density(t)
                return full - self._model.log_predictive_without(index, np.exp(t))

            rule = _place_nodes(log_density, edges)
            values = log_density(rule.node)
            values[:, :-1] += np.log(rule.width[:-1])
            values[:, -1] += math.log(1 / power) if math.isfinite(power) else -np.inf
            top = values.max(axis=1)
            result[index] = self._log_norm - top - np.log(np.exp(values - top[:, None]).sum(axis=1))
        return result

    # -- given tau -------------------------------------------------------------------------

    def conditional(self, tau: ArrayLike) -> Conditional:
        """Posterior of mu and theta given tau, the two figures of BDA section 5.5.

        Parameters
        ----------
        tau
            Shape (n,) or a number, zero or more, in the units of the data.
        """
        tau = np.atleast_1d(np.asarray(tau, dtype=float))
        shift, precision = self._model.mu_given(tau)
        mean, variance = _theta_given(
            self._model.residual, self.groups.std_error, tau, shift, precision
        )
        center = self._model.center
        return Conditional(
            tau, shift + center, 1 / np.sqrt(precision), mean.T + center, np.sqrt(variance.T)
        )

    # -- inside ----------------------------------------------------------------------------

    @cached_property
    def _power(self) -> float:
        return self.prior.tail_power(len(self.groups))

    @property
    def _spreads_as_tau(self) -> tuple[str, ...]:
        """Variables whose tails are those of tau."""
        flat = self.prior.mu.dist == "Flat"
        return ("tau", "theta_new", "mu") if flat else ("tau", "theta_new")

    @cached_property
    def _log_norm(self) -> float:
        """Log of the integral of prior times likelihood, relative to the reference."""
        return math.log(self._unscaled_weights(0).sum())

    @cached_property
    def _given_tau(self) -> tuple[Array, Array]:
        return self._model.mu_given(self.tau)

    @property
    def _shift(self) -> Array:
        return self._given_tau[0]

    @property
    def _precision(self) -> Array:
        return self._given_tau[1]

    def _unscaled_weights(self, growth: int) -> Array:
        log_density = self._model.log_density(self.log_tau)
        weight = np.exp(log_density) * self._rule.width
        if math.isinf(self._power):
            # A light tail cut off by the largest float matters only for LogNormal
            log_moment = log_density + growth * self.log_tau
            cut = self.log_tau[-1] == LARGEST and log_moment[-1] > log_moment.max() - DEPTH
            weight[-1] = np.inf if cut else 0.0
        elif self._power > growth:
            weight[-1] = np.exp(log_density[-1]) / (self._power - growth)
        else:
            weight[-1] = np.nan
        return weight

    def _weights(self, growth: int) -> Array:
        """Weights to integrate what grows as tau ** growth in the right tail."""
        return self._unscaled_weights(growth) / math.exp(self._log_norm)

    def _moments_of_tau(self) -> tuple[float, float]:
        mean = float(self._weights(1) @ self.tau)
        tail = np.array([self._weights(growth)[-1] for growth in range(3)])
        if np.isinf(tail).any():  # beyond the largest float
            return mean, math.inf
        end = 0.0
        if tail.any():  # each power of tau in (tau - mean)^2 has its own weight in the tail
            end = float(tail @ np.array([mean**2, -2 * mean * self.tau[-1], self.tau[-1] ** 2]))
        return mean, math.sqrt(self.weight[:-1] @ (self.tau[:-1] - mean) ** 2 + end)

    def _moments_of_log_tau(self) -> tuple[float, float]:
        body, tail = self.weight[:-1], self.weight[-1]
        t = self.log_tau
        late = 0.0 if math.isinf(self._power) else 1 / self._power  # mean excess beyond last node
        mean = float(body @ t[:-1] + tail * (t[-1] + late))
        excess = t[-1] - mean + late
        variance = body @ (t[:-1] - mean) ** 2 + tail * (excess**2 + late**2)
        return mean, math.sqrt(variance)

    @cached_property
    def _series(self) -> tuple[Array, Array]:
        """Legendre series of each panel's density of log tau, integrated; and masses before it."""
        density = (self.weight[:-1] / self._rule.width[:-1]).reshape(-1, NODES)
        panels = self._rule.panels
        half = (panels[:, 1] - panels[:, 0]) / 2
        series = legendre.legint((density @ _TO_SERIES.T).T, lbnd=-1) * half
        mass = legendre.legval(1.0, series)
        return series, np.concatenate([[0.0], np.cumsum(mass)])

    def _cdf_of_log_tau(self, t: Array) -> Array:
        panels = self._rule.panels
        series, before = self._series
        panel = np.clip(np.searchsorted(panels[:, 0], t, side="right") - 1, 0, len(panels) - 1)
        left, right = panels[panel].T
        u = np.clip((2 * t - left - right) / (right - left), -1, 1)
        below = before[panel] + legendre.legval(u, series[:, panel], tensor=False)
        if math.isfinite(self._power):
            beyond = np.maximum(t - self.log_tau[-1], 0)
            below = below - self.weight[-1] * np.expm1(-self._power * beyond)
        return np.where(np.isnan(t), np.nan, np.clip(below, 0, 1))

    def _quantiles_of_log_tau(self, p: Array) -> Array:
        panels, before = self._rule.panels, self._series[1]
        panel = np.clip(np.searchsorted(before, p) - 1, 0, len(panels) - 1)
        lower, upper = panels[panel].T.copy()
        if math.isfinite(self._power):
            upper = np.where(p > before[-1], LARGEST * 2, upper)

        def value_and_slope(t: Array) -> tuple[Array, Array]:
            return self._cdf_of_log_tau(t), self.density("log_tau", t)

        scale = np.full_like(p, self._moments_of_log_tau()[1])
        return _invert(value_and_slope, p, lower, upper, (lower + upper) / 2, scale)

    @cached_property
    def _block_size(self) -> int:
        return max(1, BLOCK // len(self.log_tau))

    def _blocks(self) -> Iterator[NDArray[np.intp]]:
        for start in range(0, len(self.groups), self._block_size):
            yield np.arange(start, min(start + self._block_size, len(self.groups)))

    def _pooling(self, index: NDArray[np.intp]) -> Array:
        variance = self.groups.std_error[index, None] ** 2
        return variance / (variance + self.tau**2)

    def _mixture(self, variables: Sequence[str]) -> _Mixture:
        """The mixtures of mu, theta and theta_new over the nodes of tau, about the center."""
        mean = np.empty((len(variables), len(self.tau)))
        variance = np.empty_like(mean)
        rows, index = [], []
        for k, variable in enumerate(variables):
            if variable == "mu":
                mean[k], variance[k] = self._shift, 1 / self._precision
            elif variable == "theta_new":
                mean[k], variance[k] = self._shift, 1 / self._precision + self.tau**2
            elif variable in self._index:
                rows.append(k)
                index.append(self._index[variable])
            else:
                self._refuse_unknown(variable)
        if rows:
            mean[rows], variance[rows] = self._theta(np.array(index))
        return _Mixture(mean, np.sqrt(variance), self.weight, self._model.center)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {f"theta[{name}]": j for j, name in enumerate(self.groups.names)}

    def _theta(self, index: NDArray[np.intp]) -> tuple[Array, Array]:
        return _theta_given(
            self._model.residual[index],
            self.groups.std_error[index],
            self.tau,
            self._shift,
            self._precision,
        )

    def _replicates(self, index: NDArray[np.intp]) -> _Mixture:
        mean, variance = self._theta(index)
        sd = np.sqrt(variance + self.groups.std_error[index, None] ** 2)
        return _Mixture(mean, sd, self.weight)

    def _differences(self, a: int, b: NDArray[np.intp]) -> _Mixture:
        y, std_error = self.groups.estimate, self.groups.std_error
        first, second = std_error[a] ** 2, std_error[b, None] ** 2
        total, totals = first + self.tau**2, second + self.tau**2
        keep, keeps = self.tau**2 / total, self.tau**2 / totals
        # B_a - B_b, and y_a - y_b below, without the cancellation of nearly equal numbers; and the
        # distance from mu of the more precise of the two: the other may be nearly at mu
        further = std_error[a] - std_error[b, None]
        pooling = keep * (further * (std_error[a] + std_error[b, None])) / totals
        variance = keep * first + keeps * second + pooling**2 / self._precision
        residual = self._model.residual
        from_mu = np.where(further < 0, residual[a], residual[b, None]) - self._shift
        return _Mixture(
            np.minimum(keep, keeps) * (y[a] - y[b, None]) - pooling * from_mu,
            np.maximum(np.sqrt(variance), TINY),
            self.weight,
        )

    def _nodes_of_mu(self) -> tuple[Array, Array, Array]:
        """Nodes in (tau, mu) and their weights, each of shape (n,), for `probability_largest`.

        Given tau the rule in mu is trapezoidal. Where a probability turns complex, that is at
        ``mu + i y sd(mu)``, it grows at most as ``exp(bend y^2 / 2)``, where bend is the squared
        Mahalanobis distance that the thetas' differences move while mu moves by its sd. With the
        normal density of mu that makes the rule's error ``exp(-2 pi^2 / (step^2 (1 + bend)))``
        (Trefethen and Weideman 2014, SIAM Review 56, theorem 5.1), here ``exp(-30)``. The bound
        is far from sharp for a large bend, where one group is more precise than many others.
        """
        shift, precision = self._model.mu_given(self.tau)
        bend = self._bend(precision)
        step = np.maximum(math.sqrt(2 / 30) * math.pi / np.sqrt(1 + bend), FINEST_STEP)
        height = step * self.weight / math.sqrt(2 * math.pi)
        kept = height > NEGLIGIBLE
        shift, precision, step, height = shift[kept], precision[kept], step[kept], height[kept]
        tau = self.tau[kept]
        reach = np.floor(np.sqrt(2 * np.log(height / NEGLIGIBLE)) / step).astype(int)
        count = 2 * reach + 1
        first = np.cumsum(count) - count
        of = np.repeat(np.arange(len(tau)), count)
        z = (np.arange(len(of)) - (first + reach)[of]) * step[of]
        mu = shift[of] + z / np.sqrt(precision[of])
        return tau[of], mu, height[of] * np.exp(-0.5 * z**2)

    def _bend(self, precision: Array) -> Array:
        """Squared distance by which differences of theta move with mu, for each node of tau."""
        result = np.empty_like(precision)
        square = self.groups.std_error**2
        for part in _slices(len(precision), len(square)):
            tau = self.tau[part, None]
            total = square + tau**2
            weight = total / square  # 1 / variance of theta in units of tau
            keep = tau / total  # how theta lags behind mu, in units of tau, as mu moves by one
            keep -= np.average(keep, axis=1, weights=weight)[:, None]
            result[part] = (weight * keep**2).sum(axis=1) / precision[part]
        return result

    def _thetas_about(self, mu: Array, tau: Array) -> tuple[Array, Array]:
        """Means and sds of the thetas given (mu, tau), both (n, J), in units of tau.

        Each row's origin is the theta that matters most to which is largest: distances from it
        keep their digits where thetas are known far better than they differ from mu.
        """
        y, std_error = self.groups.estimate, self.groups.std_error
        tau, mu = tau[:, None], mu[:, None]
        residual = self._model.residual
        total = std_error**2 + tau**2
        sd = std_error / np.sqrt(total)
        mean = tau * (residual - mu) / total
        for _ in range(2):  # the first origin is chosen by distances from mu, with fewer digits
            origin = (mean - REACH * sd).argmax(axis=1)[:, None]
            error, of_origin = std_error[origin], np.take_along_axis(total, origin, axis=1)
            # how far the more precise of the two is from mu: the other may be nearly at mu
            from_mu = np.where(std_error < error, residual, residual[origin]) - mu
            wider = (error - std_error) * (error + std_error) / np.minimum(total, of_origin)
            mean = tau / np.maximum(total, of_origin) * (y - y[origin] + wider * from_mu)
        return mean, sd

    def _refuse_unknown(self, variable: str) -> None:
        if variable not in ("mu", "tau", "log_tau", "theta_new", *self._index):
            raise InputError(
                f"variable: found {variable!r}; allowed: {', '.join(self.variables[:20])}"
            )

    def _refuse_many(self, what: str) -> None:
        if len(self.groups) > MOST_GROUPS_FOR_PAIRS:
            raise InputError(
                f"{what}: found {len(self.groups)} groups; "
                f"allowed: {MOST_GROUPS_FOR_PAIRS} or fewer"
            )


class Difference(NamedTuple):
    """Posterior of a difference of two groups' theta; quantiles of the shape of p."""

    mean: float
    sd: float
    quantile: Array


class Predictive(NamedTuple):
    """Posterior predictive of each group's replicated estimate.

    `mean`, `sd` and `cdf_at_observed`, the probability that a replicate is at most the estimate
    observed, have shape (J,); `quantile` has shape (J, P).
    """

    mean: Array
    sd: Array
    quantile: Array
    cdf_at_observed: Array


class Conditional(NamedTuple):
    """Posterior given tau: `tau`, `mu_mean`, `mu_sd` of shape (n,); theta's of shape (n, J)."""

    tau: Array
    mu_mean: Array
    mu_sd: Array
    theta_mean: Array
    theta_sd: Array


def exact_table(posterior: ExactPosterior) -> pd.DataFrame:
    """Moments and quantiles of every variable, one row a variable.

    Returns
    -------
    pandas.DataFrame
        Columns variable, mean, sd, q2.5, q5, q25, q50, q75, q95, q97.5; rows in the order of
        `ExactPosterior.variables`. A moment that does not exist is nan.
    """
    import pandas as pd

    variables = posterior.variables
    mean, sd = posterior.moments(variables)
    quantiles = posterior.quantiles(variables, np.array(PROBABILITIES))
    table = pd.DataFrame({"variable": variables, "mean": mean, "sd": sd})
    for k, p in enumerate(PROBABILITIES):
        table[f"q{100 * p:g}"] = quantiles[:, k]
    return table


def exact_dataset(posterior: ExactPosterior) -> xr.Dataset:
    """Everything about a posterior that figures and reports need, labelled.

    Returns
    -------
    xarray.Dataset
        Coordinates variable, group, other (the group compared with), probability, grid (index
        into each variable's own points `value`) and at_tau. Beyond `MOST_GROUPS_FOR_PAIRS`
        groups, probability_greater and probability_largest are left out.
    """
    import xarray as xr

    groups, variables = posterior.groups, posterior.variables
    units = "data units"
    p = np.array([0.0005, 0.9995, *PROBABILITIES])
    quantiles = posterior.quantiles(variables, p)
    mean, sd = posterior.moments(variables)
    low, high = quantiles[:, 0], quantiles[:, 1]
    tau = variables.index("tau")
    low[tau] = posterior.prior.tau.support[0]
    # even in asinh of the distance from the median: dense in the body, however long the tails
    quarter, median, three_quarters = (quantiles[:, 2 + PROBABILITIES.index(q)] for q in QUARTERS)
    spread = three_quarters - quarter
    spread = np.where(spread > 0, spread, 1.0)  # 0 where floats do not tell the quantiles apart
    first, last = (np.arcsinh((end - median) / spread) for end in (low, high))
    steps = np.linspace(first, last, GRID_POINTS, axis=1)
    value = median[:, None] + spread[:, None] * np.sinh(steps)
    value[:, 0], value[:, -1] = low, high
    cdf, density = np.empty_like(value), np.empty_like(value)
    for k, variable in enumerate(variables):
        if variable in ("tau", "log_tau"):
            cdf[k] = posterior.cdf(variable, value[k])
            density[k] = posterior.density(variable, value[k])
        else:
            cdf[k], density[k] = posterior._mixture([variable]).curves(value[k])
    at_tau = value[tau]
    given = posterior.conditional(at_tau)
    predictive = posterior.predictive()

    contents: dict[str, tuple[tuple[str, ...], ArrayLike, str, str]] = {
        "mean": (("variable",), mean, "posterior mean", units),
        "sd": (("variable",), sd, "posterior standard deviation", units),
        "quantile": (("variable", "probability"), quantiles[:, 2:], "posterior quantile", units),
        "value": (("variable", "grid"), value, "points of density and cdf", units),
        "density": (("variable", "grid"), density, "posterior density", "1 / data units"),
        "cdf": (("variable", "grid"), cdf, "posterior cumulative probability", "1"),
        "tau_density": (
            ("at_tau",),
            posterior.density("tau", at_tau),
            "posterior density of tau",
            "1 / data units",
        ),
        "mu_mean_given_tau": (("at_tau",), given.mu_mean, "E[mu | tau, y]", units),
        "mu_sd_given_tau": (("at_tau",), given.mu_sd, "sd[mu | tau, y]", units),
        "theta_mean_given_tau": (
            ("at_tau", "group"),
            given.theta_mean,
            "E[theta | tau, y]",
            units,
        ),
        "theta_sd_given_tau": (("at_tau", "group"), given.theta_sd, "sd[theta | tau, y]", units),
        "estimate": (("group",), groups.estimate, "estimate y", units),
        "std_error": (("group",), groups.std_error, "standard error sigma", units),
        "pooling_factor": (
            ("group",),
            posterior.pooling_factor(),
            "posterior mean of sigma^2 / (sigma^2 + tau^2)",
            "1",
        ),
        "predictive_mean": (("group",), predictive.mean, "mean of a replicated estimate", units),
        "predictive_sd": (("group",), predictive.sd, "sd of a replicated estimate", units),
        "predictive_quantile": (
            ("group", "probability"),
            predictive.quantile,
            "quantile of a replicated estimate",
            units,
        ),
        "predictive_cdf": (
            ("group",),
            predictive.cdf_at_observed,
            "probability that a replicated estimate is at most the observed one",
            "1",
        ),
        "log_predictive_without": (
            ("group",),
            posterior.leave_one_out(),
            "log p(y of the group | y of all others)",
            "log(1 / data units)",
        ),
        "log_marginal_likelihood": (
            (),
            posterior.log_marginal_likelihood,
            "log p(y)",
            "log(1 / data units^J)",
        ),
    }
    if len(groups) <= MOST_GROUPS_FOR_PAIRS:
        contents["probability_greater"] = (
            ("group", "other"),
            posterior.probability_greater(),
            "P(theta of group > theta of other)",
            "1",
        )
        contents["probability_largest"] = (
            ("group",),
            posterior.probability_largest(),
            "P(theta of group is the largest)",
            "1",
        )
    names = np.array(groups.names, dtype=object)
    dataset = xr.Dataset(
        {
            name: (dims, values, {"long_name": long_name, "units": unit})
            for name, (dims, values, long_name, unit) in contents.items()
        },
        coords={
            "variable": ("variable", np.array(variables, dtype=object), {"long_name": "variable"}),
            "group": ("group", names, {"long_name": "group"}),
            "probability": (
                "probability",
                np.array(PROBABILITIES),
                {"long_name": "probability", "units": "1"},
            ),
            "grid": ("grid", np.arange(GRID_POINTS), {"long_name": "index of the point"}),
            "at_tau": ("at_tau", at_tau, {"long_name": "tau conditioned on", "units": units}),
        },
        attrs={
            "title": "Exact posterior",
            "prior_mu": str(posterior.prior.mu),
            "prior_tau": str(posterior.prior.tau),
        },
    )
    if "probability_greater" in dataset:
        dataset = dataset.assign_coords(
            other=("other", names, {"long_name": "group compared with"})
        )
    for name in ("mean", "sd", "quantile", "value"):
        dataset[name].attrs["comment"] = "log_tau is the log of tau in data units"
    return dataset


# -- the likelihood of tau, mu integrated out ----------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Model:
    """Prior and likelihood of tau, relative to a reference tau_0.

    Formulas from BDA 3rd ed., equations 5.20 and 5.21, with a normal prior of mu added.
    """

    prior: Prior
    std_error: Array
    residual: Array  # y - center
    center: float  # E[mu | tau_0, y]
    reference: float  # tau_0
    prior_precision: float  # 1 / s0^2, 0 if mu is flat
    prior_residual: float  # m0 - center

    @classmethod
    def at(cls, groups: Groups, prior: HyperPrior, tau: float) -> _Model:
        lower, upper = prior.tau.support  # exp(log(upper)) can be greater than upper
        tau = min(max(tau, lower), upper)
        precise = 1 / (groups.std_error**2 + tau**2)
        flat = prior.mu.dist == "Flat"
        extra = 0.0 if flat else prior.mu.parameters["sigma"] ** -2
        m0 = 0.0 if flat else prior.mu.parameters["mu"]
        # rounding here does no harm: the center need not be the mean to the last digit
        center = float((precise @ groups.estimate + extra * m0) / (precise.sum() + extra))
        return cls(
            prior.tau,
            groups.std_error,
            groups.estimate - center,
            center,
            tau,
            extra,
            0.0 if flat else m0 - center,
        )

    @cached_property
    def _variance(self) -> Array:
        return self.std_error**2 + self.reference**2

    @cached_property
    def _misfit(self) -> float:
        """The quadratic form at the reference."""
        return float(
            self.residual**2 @ (1 / self._variance) + self.prior_precision * self.prior_residual**2
        )

    @cached_property
    def _reference_precision(self) -> float:
        return float((1 / self._variance).sum() + self.prior_precision)

    @cached_property
    def log_density_at_reference(self) -> float:
        """Log of p(log tau_0) p(y | tau_0); a flat prior of mu counts as density one."""
        of_tau = float(self.prior.log_density(self.reference)) + math.log(self.reference)
        if self.prior_precision:
            of_mu = -0.5 * math.log(self._reference_precision / self.prior_precision)
        else:
            of_mu = -0.5 * math.log(self._reference_precision / (2 * math.pi))
        squares = float(np.log(2 * math.pi * self._variance).sum()) + self._misfit
        return of_tau + of_mu - 0.5 * squares

    def mu_given(self, tau: Array) -> tuple[Array, Array]:
        """Mean of mu given tau, relative to the center, and its precision; tau and both (n,)."""
        shift, precision = np.empty_like(tau), np.empty_like(tau)
        for part in _slices(len(tau), len(self.residual)):
            precise = 1 / (self.std_error**2 + tau[part, None] ** 2)
            precision[part] = precise.sum(axis=1) + self.prior_precision
            pull = precise @ self.residual + self.prior_precision * self.prior_residual
            shift[part] = pull / precision[part]
        return shift, precision

    def log_likelihood(self, tau: Array) -> Array:
        """Log p(y | tau) - log p(y | tau_0), tau of shape (n,).

        The change of the quadratic form is had in two ways. As a difference of two sums of
        squares its rounding grows with the squares; from the changes of 1 / V, with the changes.
        Take the smaller: the second where estimates and priors conflict so much that the squares
        are large whatever tau, the first where the mean of mu moves far.
        """
        result = np.empty_like(tau)
        shift, precision = self.mu_given(tau)
        for part in _slices(len(tau), len(self.residual)):
            variance = self.std_error**2 + tau[part, None] ** 2
            log_ratio = np.log(variance / self._variance).sum(axis=1)
            log_ratio += np.log(precision[part] / self._reference_precision)
            squares = ((self.residual - shift[part, None]) ** 2 / variance).sum(axis=1)
            squares += self.prior_precision * (self.prior_residual - shift[part]) ** 2
            step = (tau[part] - self.reference) * (tau[part] + self.reference)
            drop = step * ((1 / variance) @ (self.residual**2 / self._variance))
            moved = precision[part] * shift[part] ** 2
            change = np.where(
                np.abs(drop) + moved < squares + self._misfit,
                -drop - moved,
                squares - self._misfit,
            )
            result[part] = -0.5 * (log_ratio + change)
        return result

    def log_density(self, t: Array) -> Array:
        """Log density of t = log tau, prior times likelihood, relative to the reference's."""
        lower, upper = self.prior.support
        tau = np.clip(np.exp(t), lower, upper)
        return self._log_prior(t, tau) + self.log_likelihood(tau)

    def _log_prior(self, t: Array, tau: Array) -> Array:
        """Log prior density of t, relative to the reference's.

        Differences are taken before the logs where the density is a steep function of tau. They
        are taken at exp(t) as rounded, as in the likelihood, so that where the prior and the
        likelihood are steep and opposed the rounding of tau cancels.
        """
        p, log_reference = self.prior.parameters, math.log(self.reference)
        step = tau - self.reference
        with np.errstate(divide="ignore", invalid="ignore"):
            log_step = np.where(
                np.abs(step) < 0.5 * self.reference,
                np.log1p(step / self.reference),
                t - log_reference,
            )
        match self.prior.dist:
            case "HalfNormal":
                return log_step - 0.5 * step / p["sigma"] * ((tau + self.reference) / p["sigma"])
            case "Exponential":
                return log_step - step / p["scale"]
            case "LogNormal":
                return -0.5 * log_step * (t + log_reference - 2 * p["mu"]) / p["sigma"] ** 2
        reference = self.prior.log_density(self.reference)
        return log_step + self.prior.log_density(tau) - reference

    def log_predictive_without(self, index: NDArray[np.intp], tau: Array) -> Array:
        """Log p(y_j | tau, y without j), of shape (len(index), n)."""
        result = np.empty((len(index), len(tau)))
        for part in _slices(len(tau), len(self.residual)):
            variance = self.std_error**2 + tau[part, None] ** 2
            # sums without j from both sides: subtracting j from the sum would lose digits
            precision = _sums_without(1 / variance)[:, index] + self.prior_precision
            pull = _sums_without(self.residual / variance)[:, index]
            mean = (pull + self.prior_precision * self.prior_residual) / precision
            spread = variance[:, index] + 1 / precision
            z2 = (self.residual[index] - mean) ** 2 / spread
            result[:, part] = (-0.5 * (z2 + np.log(2 * math.pi * spread))).T
        return result


def _theta_given(
    residual: Array, std_error: Array, tau: Array, shift: Array, precision: Array
) -> tuple[Array, Array]:
    """Mean and variance of theta given tau, shape (J, n): BDA 3rd ed., section 5.4."""
    variance = std_error[:, None] ** 2
    total = variance + tau**2
    pooling = variance / total
    keep = tau**2 / total
    return (
        pooling * shift + keep * residual[:, None],
        keep * variance + pooling**2 / precision,
    )


def _sums_without(values: Array) -> Array:
    """Sum over the last axis without each of its elements in turn."""
    result = np.zeros_like(values)
    result[:, 1:] = np.cumsum(values[:, :-1], axis=1)
    result[:, :-1] += np.cumsum(values[:, :0:-1], axis=1)[:, ::-1]
    return result


# -- nodes ---------------------------------------------------------------------------------------


class _Rule(NamedTuple):
    """A quadrature rule in t: panels (P, 2); node and width (N,), the last node for the tail."""

    panels: Array
    node: Array
    width: Array


def _scale_of_prior(prior: Prior) -> list[float]:
    p = prior.parameters
    match prior.dist:
        case "HalfStudentT":
            return [p["sigma"], p["sigma"] * math.sqrt(p["nu"])]
        case "HalfCauchy" | "HalfNormal" | "Exponential":
            return list(p.values())
        case "Uniform":
            return [p["upper"]]
    return []


def _first_edges(groups: Groups, prior: HyperPrior, power: float) -> Array:
    """Edges of the panels to begin with: fine between the problem's scales, coarse beyond."""
    y, variance = groups.estimate, groups.std_error**2
    middle = float(np.median(y))
    spread = np.abs(y - middle)
    scales = _scale_of_prior(prior.tau)
    precision = float((1 / variance).sum())
    large = [float(groups.std_error.max()), float(spread.max())]
    if prior.mu.dist == "Normal":
        m0, s0 = prior.mu.parameters["mu"], prior.mu.parameters["sigma"]
        spread = np.maximum(spread, abs(m0 - middle))
        precision += s0**-2
        large += [s0 * math.sqrt(len(groups)), float(spread.max())]
    small = [precision**-0.5]
    steep = float(np.sum((spread / variance) ** 2))
    if steep > 0:
        small.append(steep**-0.5)
    lowest, highest = math.log(min(small + scales)), math.log(max(large + scales))
    if prior.tau.dist == "LogNormal":
        mean, sd = prior.tau.parameters["mu"], prior.tau.parameters["sigma"]
        reach = math.sqrt(2 * (DEPTH + 5)) * sd
        # the first two moments of tau lie sd^2 and 2 sd^2 to the right
        left, right = min(mean, lowest) - reach, max(mean + 2 * sd**2, highest) + reach
    else:
        left = lowest - DEPTH - 5
        right = highest + max(FAR, 0 if math.isinf(power) else DEPTH / power)
    lower, upper = prior.tau.support
    left = max(left, math.log(lower)) if lower > 0 else left
    right = min(right, LARGEST, math.log(upper))
    inner = np.linspace(lowest, highest, 2 + int((highest - lowest) / WIDEST))
    beyond = np.array([3.0, 8.0, FAR, 2 * FAR])
    edges = np.concatenate([lowest - beyond, inner, highest + beyond])
    edges = np.unique(edges[(edges > left) & (edges < right)])
    return np.concatenate([[left], edges, [right]])


def log_averages(
    groups: Groups,
    prior: Prior,
    log_values: Callable[[Array], Array],
    edges: Sequence[float] = (),
) -> Array:
    """Logs of the averages of functions of tau over a proper prior of tau.

    Parameters
    ----------
    groups
        Tells on which scales of tau the functions vary.
    prior
        Of tau.
    log_values
        From tau, shape (n,), to logs of K functions, shape (K, n).
    edges
        Values of tau at which to begin a panel.

    Returns
    -------
    numpy.ndarray
        Shape (K,).
    """

    def log_density(t: Array) -> Array:
        tau = np.exp(t)
        density: Array = prior.log_density(tau) + t + log_values(tau)
        return density

    both = HyperPrior(Prior("Flat", {}), prior)
    power = both.tail_power(0)
    first = _first_edges(groups, both, power)
    further = np.log([edge for edge in edges if 0 < edge < math.inf])
    inside = further[(further > first[0]) & (further < first[-1])]
    rule = _place_nodes(log_density, np.unique(np.concatenate([first, inside])))
    width = rule.width.copy()
    if math.isfinite(power):
        width[-1] = 1 / power
    with np.errstate(divide="ignore"):
        averages: Array = logsumexp(log_density(rule.node) + np.log(width), axis=1)
    return averages


def _refer_to_mode(groups: Groups, prior: HyperPrior) -> _Model:
    """The model with the (highest) mode of log tau for its reference."""
    edges = _first_edges(groups, prior, math.inf)
    grid = np.concatenate([np.linspace(a, b, 9)[:-1] for a, b in pairwise(edges)])
    grid = np.append(grid, edges[-1])
    t = float(np.median(grid))
    for _ in range(3):  # far from the reference the first pass has few digits
        model = _Model.at(groups, prior, math.exp(t))
        best = int(np.argmax(model.log_density(grid)))
        if grid[best] == t:
            break
        t = float(grid[best])
    model = _Model.at(groups, prior, math.exp(t))
    near = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    mode = minimize_scalar(
        lambda t: -model.log_density(np.array([t]))[0],
        bounds=near,
        method="bounded",
        options={"xatol": 1e-12},
    )
    candidates = np.array([t, *near, mode.x])  # the mode can be an end of the support
    t = float(candidates[np.argmax(model.log_density(candidates))])
    return _Model.at(groups, prior, math.exp(t))


def _place_nodes(log_densities: Callable[[Array], Array], edges: Array) -> _Rule:
    """Halve panels until each density is resolved on every panel where it matters.

    Parameters
    ----------
    log_densities
        From points (n,) to logs of densities (K, n), which need no normalization.
    edges
        Increasing; the panels to begin with.
    """
    pending = np.column_stack([edges[:-1], edges[1:]])
    before = np.full(len(pending), np.inf)  # error of the panel that was halved
    accepted: list[Array] = []
    tops: list[Array] = []
    peak: Array | None = None
    while len(pending):
        middle, half = pending.mean(axis=1), (pending[:, 1] - pending[:, 0]) / 2
        points = middle[:, None] + half[:, None] * _POINT
        logs = log_densities(points.ravel()).reshape(-1, *points.shape)
        logs = np.maximum(logs, -1e30)
        top, bottom = logs.max(axis=2), logs.min(axis=2)
        peak = np.maximum(-np.inf if peak is None else peak, top.max(axis=1))
        values = np.exp(logs - peak[:, None, None])
        series = values[..., 1:-1] @ _TO_SERIES.T
        error = np.abs(series[..., -3:]).max(axis=2)
        # the series must reach the ends too, or a peak there could go unseen
        ends = np.abs(series @ _ALTERNATE - values[..., 0])
        ends += np.abs(series.sum(axis=2) - values[..., -1])
        # A parabola's peak between the points rises above them by less than this
        rise = 0.02 * (top - bottom)
        matters = top + rise - peak[:, None] > -DEPTH
        worst = np.where(matters, np.maximum(error, 1e-3 * ends), 0).max(axis=0)
        # Halving takes most digits off the error of a smooth panel; where it does not, although
        # the logs hardly vary, the rest is rounding
        flat = ((top - bottom < 1) | ~matters).all(axis=0) & (half < 0.25)
        rounding = ((worst < 1e-6) | flat) & (worst > before / 4)
        unseen = (matters & (rise > 2)).any(axis=0)
        resolved = ((worst < SERIES) | rounding) & ~unseen
        resolved |= half < 1e-14 * np.maximum(1, np.abs(middle))
        accepted.append(pending[resolved])
        tops.append(top[:, resolved])
        left, right, middle = *pending[~resolved].T, middle[~resolved]
        pending = np.concatenate(
            [np.column_stack([left, middle]), np.column_stack([middle, right])]
        )
        before = np.tile(worst[~resolved], 2)
        if len(pending) > MOST_PANELS:
            raise InputError(HIDDEN)
    assert peak is not None
    panels = np.concatenate(accepted)
    panels = panels[(np.concatenate(tops, axis=1) - peak[:, None] > -DEPTH).any(axis=0)]
    panels = panels[np.argsort(panels[:, 0])]
    middle, half = panels.mean(axis=1), (panels[:, 1] - panels[:, 0]) / 2
    return _Rule(
        panels,
        np.append((middle[:, None] + half[:, None] * _NODE).ravel(), edges[-1]),
        np.append((half[:, None] * _WEIGHT).ravel(), 0.0),
    )


# -- mixtures of normals -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Mixture:
    """K mixtures of N normals with common weights: mean and sd (K, N), weight (N,)."""

    mean: Array
    sd: Array
    weight: Array
    center: float = 0.0

    def curves(self, x: Array) -> tuple[Array, Array]:
        """CDF and density of the one mixture there is, at x of any shape about zero."""
        flat = np.ravel(x) - self.center
        cdf, density = np.empty_like(flat), np.empty_like(flat)
        for part in _slices(len(flat), self.mean.shape[1]):
            cdf[None, part], density[None, part] = self._cdf_and_density(flat[None, part])
        return cdf.reshape(np.shape(x)), density.reshape(np.shape(x))

    def moments(self) -> tuple[Array, Array]:
        mean = self.mean @ self.weight
        variance = (self.sd**2 + (self.mean - mean[:, None]) ** 2) @ self.weight
        return mean, np.sqrt(variance)

    def cdf(self, x: Array) -> Array:
        """Probabilities to be at most x; both of shape (K, P)."""
        return self._cdf_and_density(x)[0]

    def quantile(self, p: Array) -> Array:
        """Quantiles of shape (K, P)."""
        kept = self.weight > 1e-14  # a node so light moves no quantile
        light = _Mixture(self.mean[:, kept], self.sd[:, kept], self.weight[kept])
        middle = int(np.searchsorted(np.cumsum(light.weight), 0.5))
        # A mixture's quantile lies between the least and the greatest of its components'
        each = light.mean[:, None, :] + light.sd[:, None, :] * ndtri(p)[:, None]
        return _invert(
            light._cdf_and_density,
            np.broadcast_to(p, each.shape[:2]),
            each.min(axis=2),
            each.max(axis=2),
            each[:, :, middle],
            np.broadcast_to(light.sd[:, None, middle], each.shape[:2]),
        )

    def _cdf_and_density(self, x: Array) -> tuple[Array, Array]:
        inverse = 1 / self.sd
        z = (x[:, :, None] - self.mean[:, None, :]) * inverse[:, None, :]
        below = np.clip(ndtr(z) @ self.weight, 0, 1)  # weights sum to one within rounding
        np.multiply(z, z, out=z)
        z *= -0.5
        np.exp(z, out=z)
        density = (z @ (inverse * self.weight)[:, :, None])[:, :, 0] / math.sqrt(2 * math.pi)
        return below, density


def _invert(
    value_and_slope: Callable[[Array], tuple[Array, Array]],
    target: Array,
    lower: Array,
    upper: Array,
    start: Array,
    scale: Array,
) -> Array:
    """Solve increasing functions for x, elementwise: Newton's method kept inside a bracket.

    Where Newton's step leaves the bracket, halve it instead in asinh(x / scale), since brackets
    of heavy tails span many orders of magnitude.
    """
    x = np.clip(start, lower, upper)
    for _ in range(200):
        value, slope = value_and_slope(x)
        lower = np.where(value <= target, x, lower)
        upper = np.where(value >= target, x, upper)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x - (value - target) / slope
        low, high = np.arcsinh((lower - start) / scale), np.arcsinh((upper - start) / scale)
        halved = start + scale * np.sinh((low + high) / 2)
        step = np.where((newton >= lower) & (newton <= upper), newton, halved)
        done = np.abs(step - x) <= 1e-9 * scale  # the step after is its square
        x = np.where(lower == upper, x, step)
        if np.all(done | (lower == upper)):
            break
    return x


def _chance_of_largest(mean: Array, sd: Array) -> Array:
    """P(each of J independent normals is the largest), for rows of mean and sd of shape (n, J).

    Integrates, for each row and member, its density times the others' CDFs over the value of the
    largest. Panels go from left to right, each as wide as the narrowest normal bears that is not
    yet certain to be exceeded, so that no member is a step or a spike within a panel.
    """
    result = np.zeros(mean.shape)
    left, high = (mean - REACH * sd).max(axis=1), mean + REACH * sd
    members = np.flatnonzero((high > left[:, None]).any(axis=0))
    mean, sd, high = mean[:, members], sd[:, members], high[:, members]
    # the largest of many varies less than each
    width = 6 / (1 + 0.75 * math.log10(len(members))) * sd
    right = high.max(axis=1)
    row, below = np.arange(len(mean)), np.zeros(len(mean))
    while len(row):
        step = np.where(high[row] > left[:, None], width[row], np.inf).min(axis=1)
        end = np.maximum(np.minimum(left + step, right[row]), np.nextafter(left, np.inf))
        below_end = ndtr((end[:, None] - mean[row]) / sd[row]).prod(axis=1)
        matters = below_end - below > NEGLIGIBLE
        r, half = row[matters], (end - left)[matters] / 2
        x = (left[matters] + half)[:, None] + half[:, None] * _NODE
        z = np.minimum((x[:, :, None] - mean[r, None, :]) / sd[r, None, :], 38.0)
        cdf = ndtr(z)  # not 0, since z > -REACH
        each = np.exp(-0.5 * z * z) / cdf * cdf.prod(axis=2, keepdims=True)
        mass = np.matmul(_WEIGHT, each) * half[:, None] / (math.sqrt(2 * math.pi) * sd[r])
        result[r[:, None], members] += mass
        more = end < right[row]
        row, left, below = row[more], end[more], below_end[more]
    return result


def _slices(count: int, width: int) -> Iterator[slice]:
    """Slices of `count` rows, `width` numbers each, of at most BLOCK numbers."""
    size = max(1, BLOCK // width)
    for start in range(0, count, size):
        yield slice(start, start + size)
