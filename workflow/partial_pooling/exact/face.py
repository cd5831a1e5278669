"""What every exact posterior tells, whichever way it was solved."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Groups
from partial_pooling.errors import InputError
from partial_pooling.exact.nodes import LARGEST
from partial_pooling.exact.ranks import Ranks
from partial_pooling.exact.tau import PosteriorOfTau
from partial_pooling.families.family import Family
from partial_pooling.priors.priors import HyperPrior

PROBABILITIES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)


class Posterior(ABC):
    """The posterior of mu, tau, log_tau, each theta and the theta of a new group.

    Made by `posterior.solve`. Variables are named ``mu``, ``tau``, ``log_tau``,
    ``theta[<group>]`` and ``theta_new``; all but ``log_tau`` are in the units of theta.

    Attributes
    ----------
    groups, prior, family
        What was solved.
    of_tau
        The posterior of tau.
    """

    groups: Groups
    prior: HyperPrior
    family: Family
    of_tau: PosteriorOfTau[Any]

    most_compared: ClassVar[int]  # groups of which tables of pairs, and P(largest), are made
    most_solved_again: ClassVar[int]  # groups, of all the posteriors that a question asks for

    @property
    def variables(self) -> list[str]:
        """Names of all variables: mu, tau, log_tau, theta of each group, theta_new."""
        return ["mu", "tau", "log_tau", *(f"theta[{n}]" for n in self.groups.names), "theta_new"]

    def may_be_solved_again(self, times: int) -> bool:
        """Whether so many posteriors of these groups can be waited for."""
        return times * len(self.groups) <= self.most_solved_again

    @property
    def log_marginal_likelihood(self) -> float:
        """Log of p(y), or nan where a prior is improper, so that p(y) has no scale."""
        if not self.prior.is_proper:
            return math.nan
        return float(self.of_tau.log_norm + self.of_tau.target.at_reference)

    @abstractmethod
    def errors(self, variables: Sequence[str]) -> Array | None:
        """Bounds, shape (K,), on the errors of K variables' numbers; None in closed form.

        Of the mean and sd in posterior sds, of a quantile in probability.
        """

    # -- moments ---------------------------------------------------------------------------

    @abstractmethod
    def moment_order(self, variable: str) -> float:
        """The number below which the orders k of the moments lie that exist; inf if all do."""

    def mean(self, variable: str) -> float:
        """Posterior mean, or nan where it does not exist (see `moment_order`).

        A moment too large for a float is inf.
        """
        return float(self.moments([variable])[0][0])

    def sd(self, variable: str) -> float:
        """Posterior standard deviation, or nan where it does not exist (see `mean`)."""
        return float(self.moments([variable])[1][0])

    @abstractmethod
    def moments(self, variables: Sequence[str]) -> tuple[Array, Array]:
        """Means and standard deviations of K variables, each of shape (K,) (see `mean`)."""

    @abstractmethod
    def information(self) -> Array:
        """Shape (J,), posterior mean of each group's expected information about its theta."""

    @abstractmethod
    def pooling_factor(self) -> Array:
        """Shape (J,), posterior mean of B_j = sigma_j^2 / (sigma_j^2 + tau^2).

        sigma_j^2 is one over the information.
        """

    # -- distributions ---------------------------------------------------------------------

    @abstractmethod
    def curves(self, variable: str, x: ArrayLike) -> tuple[Array, Array]:
        """`cdf` and `density` at x, any shape, at the price of one where both are wanted."""

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
        others = []
        for k, variable in enumerate(variables):
            if variable in ("tau", "log_tau"):
                t = self.of_tau.quantiles_of_log(p)
                result[k] = np.exp(t) if variable == "tau" else t
            else:
                others.append(k)
        if others:
            result[others] = self._quantiles([variables[k] for k in others], p)
        return result

    @abstractmethod
    def _quantiles(self, variables: Sequence[str], p: Array) -> Array:
        """`quantiles` of variables other than tau."""

    # -- joint statements ------------------------------------------------------------------

    @abstractmethod
    def difference(self, a: str, b: str, p: ArrayLike = PROBABILITIES) -> Difference:
        """Posterior of theta_a - theta_b for the groups named a and b.

        Raises
        ------
        InputError
            There is no such group.
        """

    @abstractmethod
    def probability_greater(self) -> Array:
        """Shape (J, J), P(theta_a > theta_b) in row a, column b; one half on the diagonal."""

    @abstractmethod
    def probability_largest(self) -> Array:
        """Shape (J,), the probability that each group's theta is the largest."""

    @abstractmethod
    def ranks(self) -> Ranks:
        """Ranks of the groups by theta, 1 the largest.

        Raises
        ------
        InputError
            There are more than `most_compared` groups.
        """

    # -- prediction ------------------------------------------------------------------------

    @abstractmethod
    def predictive(self, p: Sequence[float] = PROBABILITIES) -> Predictive:
        """Posterior predictive of a replicate of each group's datum, the others of its row held.

        Of estimates that is the estimate, of means the mean, of counts the events, of two arms the
        events in the treated one given the margins.
        """

    @abstractmethod
    def leave_one_out(self) -> Array:
        """Shape (J,), log p(y_j | y without group j), exactly.

        nan where the posterior without one group is improper.
        """

    @abstractmethod
    def predictive_below(self, group: Groups) -> float:
        """Predictive probability of less than a new group's data, and half that of as much.

        Parameters
        ----------
        group
            One group, which was not solved with the others.
        """

    # -- given tau -------------------------------------------------------------------------

    @abstractmethod
    def conditional(self, tau: ArrayLike) -> Conditional:
        """Posterior of mu and theta given tau, the two figures of BDA section 5.5.

        Parameters
        ----------
        tau
            Shape (n,) or a number, zero or more, in the units of the data.
        """

    # -- inside ----------------------------------------------------------------------------

    @property
    def _spreads_as_tau(self) -> tuple[str, ...]:
        """Variables whose tails are those of tau."""
        proper = self.prior.mu.is_proper
        return ("tau", "theta_new") if proper else ("tau", "theta_new", "mu")

    @cached_property
    def _index(self) -> dict[str, int]:
        return {f"theta[{name}]": j for j, name in enumerate(self.groups.names)}

    def _refuse_unknown(self, variable: str) -> None:
        if variable not in ("mu", "tau", "log_tau", "theta_new", *self._index):
            raise InputError(
                f"variable: found {variable!r}; allowed: {', '.join(self.variables[:20])}"
            )

    def _pair(self, a: str, b: str) -> tuple[int, int]:
        """Indices of two groups."""
        for name in (a, b):
            if name not in self.groups.names:
                raise InputError(
                    f"group: found {name!r}; allowed: {', '.join(self.groups.names[:20])}"
                )
        return self.groups.names.index(a), self.groups.names.index(b)


class Predictive(NamedTuple):
    """Posterior predictive of a replicate of each group's datum.

    `mean`, `sd` and `cdf_at_observed`, the probability that a replicate is at most the datum
    observed, have shape (J,); `quantile` has shape (J, P): of whole numbers, the least of which
    at most p is missing.
    """

    mean: Array
    sd: Array
    quantile: Array
    cdf_at_observed: Array


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
