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
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.errors import InputError
from partial_pooling.exact import joint, prediction
from partial_pooling.exact.face import (
    PROBABILITIES,
    Conditional,
    Difference,
    Posterior,
    Predictive,
)
from partial_pooling.exact.mixture import Mixture
from partial_pooling.exact.nested.posterior import nested
from partial_pooling.exact.ranks import Ranks, ranks
from partial_pooling.exact.tau import LogTau, PosteriorOfTau
from partial_pooling.families import normal
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL, GivenTau
from partial_pooling.priors.distributions import Normal
from partial_pooling.priors.priors import HyperPrior


@overload
def solve(groups: Estimates, prior: HyperPrior, family: normal.Normal = ...) -> ExactPosterior: ...
@overload
def solve(groups: Groups, prior: HyperPrior, family: Family) -> Posterior: ...
def solve(groups: Groups, prior: HyperPrior, family: Family = NORMAL) -> Posterior:
    """Solve for the posterior of a hierarchical model, without sampling.

    Parameters
    ----------
    groups
        J >= 1 groups, of the kind of data that the family reads.
    prior
        Priors of mu (Normal or Flat) and tau (any supported).
    family
        The groups' likelihood.

    Returns
    -------
    Posterior
        With a bound on its errors (`Posterior.errors`).

    Raises
    ------
    InputError
        The posterior is improper (see `Family.check_proper_posterior`), or data and priors
        conflict beyond rounding.
    """
    if len(groups) < 1:
        raise InputError("groups: found none; allowed: 1 or more")
    family.check_proper_posterior(groups, prior)
    if isinstance(groups, Estimates) and family.given_tau(groups, prior.mu, 1.0) is not None:
        return ExactPosterior(groups, prior, PosteriorOfTau.of(groups, prior, family), family)
    return nested(groups, prior, family)


@dataclass(frozen=True, eq=False)
class ExactPosterior(Posterior):
    """The posterior where all is known in closed form given tau.

    Attributes
    ----------
    groups, prior, family
        What was solved.
    of_tau
        The posterior of tau, on which all else rests.
    """

    groups: Estimates
    prior: HyperPrior
    of_tau: PosteriorOfTau[LogTau]
    family: Family = NORMAL

    most_compared = joint.MOST_GROUPS_FOR_PAIRS
    most_solved_again = 250_000

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

    def errors(self, variables: Sequence[str]) -> None:
        """See `Posterior.errors`: held against thirty digits, it errs by less than 1e-9."""
        return

    def information(self) -> Array:
        """See `Posterior.information`."""
        return np.asarray(self.groups.std_error**-2.0)

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

    def _quantiles(self, variables: Sequence[str], p: Array) -> Array:
        result = np.empty((len(variables), len(p)))
        size = max(1, self.block_size // len(p))
        for start in range(0, len(variables), size):
            mixture = self._mixture(variables[start : start + size])
            result[start : start + size] = mixture.quantile(p) + self.given.center
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
        first, second = self._pair(a, b)
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

    def ranks(self) -> Ranks:
        """See `Posterior.ranks`. Absolute error of the probabilities below 1e-6."""
        return ranks(self)

    def mirrored(self) -> ExactPosterior:
        """The posterior with all signs turned: of -theta and -mu."""
        mu = self.prior.mu
        turned = HyperPrior(Normal(-mu.mean, mu.sd) if mu.is_proper else mu, self.prior.tau)
        groups = Estimates(self.groups.names, -self.groups.estimate, self.groups.std_error)
        of_tau = PosteriorOfTau.of(groups, turned, self.family)
        return ExactPosterior(groups, turned, of_tau, self.family)

    # -- prediction ------------------------------------------------------------------------

    def predictive(self, p: Sequence[float] = PROBABILITIES) -> Predictive:
        """Posterior predictive of a replicated estimate of each group, with its own sigma_j."""
        return prediction.predictive(self, p)

    def leave_one_out(self) -> Array:
        """Shape (J,), log p(y_j | y without group j), exactly: the model is solved without j.

        nan where the posterior without one group is improper.
        """
        return prediction.leave_one_out(self)

    def predictive_below(self, group: Groups) -> float:
        """See `Posterior.predictive_below`."""
        assert isinstance(group, Estimates)
        shift, precision = self.mu_given_tau
        spread = np.sqrt(1 / precision + self.tau**2 + group.std_error**2)
        z = (group.estimate - self.given.center - shift) / spread
        return float(np.clip(ndtr(z) @ self.weight, 0, 1))

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
