"""The exact posterior of the normal-normal hierarchical model, by quadrature over log tau.

Given tau, everything of interest is normal in closed form (`families.normal`; Rover 2020,
"Bayesian random-effects meta-analysis using the bayesmeta R package"), so one idea serves for all
of it: place nodes in ``t = log tau`` that resolve the posterior of t (`exact.nodes`), and read
every marginal as a mixture of normals over those nodes (`exact.mixture`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact import joint, prediction
from partial_pooling.exact.mixture import Mixture
from partial_pooling.exact.nodes import LARGEST
from partial_pooling.exact.tau import PosteriorOfTau
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL, GivenTau
from partial_pooling.priors.priors import HyperPrior

PROBABILITIES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


def solve(groups: Estimates, prior: HyperPrior, family: Family = NORMAL) -> ExactPosterior:
    """Solve for the posterior of a hierarchical model, without sampling.

    Parameters
    ----------
    groups
        J >= 1 groups of estimates with their standard errors.
    prior
        Priors of mu (Normal or Flat) and tau (any supported).
    family
        The groups' likelihood.

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
    return ExactPosterior(groups, prior, PosteriorOfTau.of(groups, prior, family))


@dataclass(frozen=True, eq=False)
class ExactPosterior:
    """The posterior of mu, tau, log_tau, each theta and the theta of a new group.

    Made by `solve`. Variables are named ``mu``, ``tau``, ``log_tau``, ``theta[<group>]`` and
    ``theta_new``; all but ``log_tau`` are in the units of the data.

    Attributes
    ----------
    groups, prior
        What was solved.
    of_tau
        The posterior of tau, on which all else rests.
    """

    groups: Estimates
    prior: HyperPrior
    of_tau: PosteriorOfTau

    @property
    def variables(self) -> list[str]:
        """Names of all variables: mu, tau, log_tau, theta of each group, theta_new."""
        return ["mu", "tau", "log_tau", *(f"theta[{n}]" for n in self.groups.names), "theta_new"]

    @property
    def log_tau(self) -> Array:
        """Shape (N,), the nodes in log tau."""
        return self.of_tau.log_nodes

    @property
    def tau(self) -> Array:
        """Shape (N,), the nodes in tau, in the units of the data."""
        return self.of_tau.nodes

    @property
    def weight(self) -> Array:
        """Shape (N,), posterior probability that each node stands for; sums to one."""
        return self.of_tau.weight

    @property
    def given(self) -> GivenTau:
        """What is known in closed form given tau."""
        return self.of_tau.target.given

    @cached_property
    def mu_given_tau(self) -> tuple[Array, Array]:
        """Mean of mu about the center, and its precision, at the nodes; each of shape (N,)."""
        return self.given.mu(self.tau)

    @cached_property
    def block_size(self) -> int:
        """Number of variables to work on at once."""
        return max(1, BLOCK // len(self.log_tau))

    def blocks(self) -> Iterator[NDArray[np.intp]]:
        """Indices of all groups, a block at a time."""
        for start in range(0, len(self.groups), self.block_size):
            yield np.arange(start, min(start + self.block_size, len(self.groups)))

    @property
    def log_marginal_likelihood(self) -> float:
        """Log of p(y), or nan where a prior is improper, so that p(y) has no scale."""
        if not self.prior.is_proper:
            return math.nan
        return self.of_tau.log_norm + self.of_tau.target.at_reference

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
        return self.of_tau.power if variable in self._spreads_as_tau else math.inf

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
                mean[k], sd[k] = self.of_tau.moments()
            elif variable == "log_tau":
                mean[k], sd[k] = self.of_tau.moments_of_log()
            elif variable in self._spreads_as_tau:
                mixture = self._mixture([variable])
                middle = mixture.mean @ self.weight
                within = mixture.sd[0] ** 2 @ self.of_tau.weights(2)
                between = (mixture.mean[0] - middle) ** 2 @ self.weight
                exists = self.moment_order(variable) > 1
                mean[k] = middle[0] + self.given.center if exists else np.nan
                sd[k] = math.sqrt(within + between)
            else:
                mixed.append(k)
        for start in range(0, len(mixed), self.block_size):
            rows = mixed[start : start + self.block_size]
            mean[rows], sd[rows] = self._mixture([variables[k] for k in rows]).moments()
            mean[rows] += self.given.center
        return mean, sd

    def pooling_factor(self) -> Array:
        """Shape (J,), posterior mean of B_j = sigma_j^2 / (sigma_j^2 + tau^2)."""
        return np.concatenate(
            [self.given.pooling(index, self.tau) @ self.weight for index in self.blocks()]
        )

    # -- distributions ---------------------------------------------------------------------

    def curves(self, variable: str, x: ArrayLike) -> tuple[Array, Array]:
        """`cdf` and `density` at x, any shape, at the price of one where both are wanted."""
        if variable in ("tau", "log_tau"):
            return self.cdf(variable, x), self.density(variable, x)
        return self._mixture([variable]).curves(np.asarray(x, dtype=float))

    def cdf(self, variable: str, x: ArrayLike) -> Array:
        """Posterior probability that the variable is at most x, any shape."""
        x = np.asarray(x, dtype=float)
        if variable in ("tau", "log_tau"):
            with np.errstate(divide="ignore", invalid="ignore"):
                t = np.log(np.maximum(x, 0)) if variable == "tau" else x
            return np.reshape(self.of_tau.cdf_of_log(t.ravel()), x.shape)
        return self.curves(variable, x)[0]

    def density(self, variable: str, x: ArrayLike) -> Array:
        """Posterior density at x, any shape, in 1 / units of the variable."""
        x = np.asarray(x, dtype=float)
        if variable not in ("tau", "log_tau"):
            return self.curves(variable, x)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (np.log(np.maximum(x, 0)) if variable == "tau" else x).ravel()
        # at tau = 0 take the limit of p(log tau) / tau
        log_density = self.of_tau.log_density(np.maximum(t, -LARGEST))
        if variable == "tau":
            log_density = np.where(x.ravel() < 0, -np.inf, log_density - np.maximum(t, -LARGEST))
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
                t = self.of_tau.quantiles_of_log(p)
                result[k] = np.exp(t) if variable == "tau" else t
            else:
                mixed.append(k)
        size = max(1, self.block_size // len(p))
        for start in range(0, len(mixed), size):
            rows = mixed[start : start + size]
            mixture = self._mixture([variables[k] for k in rows])
            result[rows] = mixture.quantile(p) + self.given.center
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
        mixture = joint.differences(self, first, np.array([second]))
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
        return joint.probability_greater(self)

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
        return joint.probability_largest(self)

    # -- prediction ------------------------------------------------------------------------

    def predictive(self, p: Sequence[float] = PROBABILITIES) -> prediction.Predictive:
        """Posterior predictive of a replicated estimate of each group, with its own sigma_j."""
        return prediction.predictive(self, p)

    def leave_one_out(self) -> Array:
        """Shape (J,), log p(y_j | y without group j), exactly: the model is solved without j.

        nan where the posterior without one group is improper.
        """
        return prediction.leave_one_out(self)

    # -- given tau -------------------------------------------------------------------------

    def conditional(self, tau: ArrayLike) -> Conditional:
        """Posterior of mu and theta given tau, the two figures of BDA section 5.5.

        Parameters
        ----------
        tau
            Shape (n,) or a number, zero or more, in the units of the data.
        """
        tau = np.atleast_1d(np.asarray(tau, dtype=float))
        shift, precision = self.given.mu(tau)
        mean, variance = self.given.theta(np.arange(len(self.groups)), tau, shift, precision)
        center = self.given.center
        return Conditional(
            tau, shift + center, 1 / np.sqrt(precision), mean.T + center, np.sqrt(variance.T)
        )

    # -- inside ----------------------------------------------------------------------------

    @property
    def _spreads_as_tau(self) -> tuple[str, ...]:
        """Variables whose tails are those of tau."""
        proper = self.prior.mu.is_proper
        return ("tau", "theta_new") if proper else ("tau", "theta_new", "mu")

    def _mixture(self, variables: Sequence[str]) -> Mixture:
        """The mixtures of mu, theta and theta_new over the nodes of tau, about the center."""
        shift, precision = self.mu_given_tau
        mean = np.empty((len(variables), len(self.tau)))
        variance = np.empty_like(mean)
        rows, index = [], []
        for k, variable in enumerate(variables):
            if variable == "mu":
                mean[k], variance[k] = shift, 1 / precision
            elif variable == "theta_new":
                mean[k], variance[k] = shift, 1 / precision + self.tau**2
            elif variable in self._index:
                rows.append(k)
                index.append(self._index[variable])
            else:
                self._refuse_unknown(variable)
        if rows:
            mean[rows], variance[rows] = self.given.theta(
                np.array(index), self.tau, shift, precision
            )
        return Mixture(mean, np.sqrt(variance), self.weight, self.given.center)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {f"theta[{name}]": j for j, name in enumerate(self.groups.names)}

    def _refuse_unknown(self, variable: str) -> None:
        if variable not in ("mu", "tau", "log_tau", "theta_new", *self._index):
            raise InputError(
                f"variable: found {variable!r}; allowed: {', '.join(self.variables[:20])}"
            )


class Difference(NamedTuple):
    """Posterior of a difference of two groups' theta; quantiles of the shape of p."""

    mean: float
    sd: float
    quantile: Array


class Conditional(NamedTuple):
    """Posterior given tau: `tau`, `mu_mean`, `mu_sd` of shape (n,); theta's of shape (n, J)."""

    tau: Array
    mu_mean: Array
    mu_sd: Array
    theta_mean: Array
    theta_sd: Array
