"""The exact posterior of any family: nested quadrature behind the face of every posterior.

Everything is solved twice, by a fine and by a coarse rule: other panels, nodes, steps and cut-offs.
What is told is the fine one's; their difference bounds its error, since the coarse one errs by
orders of magnitude more. What both leave out, beyond the ends of mu, is added to that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partial_pooling.arrays import Array, one_thread
from partial_pooling.data.groups import Groups
from partial_pooling.exact.face import (
    PROBABILITIES,
    Conditional,
    Difference,
    Posterior,
    Predictive,
)
from partial_pooling.exact.joint import refuse_many
from partial_pooling.exact.nested import joint
from partial_pooling.exact.nested.marginals import Marginals
from partial_pooling.exact.nested.nodes import Nodes
from partial_pooling.exact.nested.outer import Outer
from partial_pooling.exact.nested.panels import Panels
from partial_pooling.exact.nested.prediction import leave_one_out
from partial_pooling.exact.nested.replicates import predictive
from partial_pooling.exact.nested.rules import COARSE, FINE, Rules
from partial_pooling.exact.nested.tau import NestedTau
from partial_pooling.exact.ranks import Ranks
from partial_pooling.families.family import Family
from partial_pooling.priors.priors import HyperPrior

FACTOR = 3.0  # of the difference of two rules
EDGE = 100.0  # of the mass beyond the ends
ROUNDING = 1e-9
TOGETHER = 250  # thetas whose distributions are placed at once


@one_thread
def nested(
    groups: Groups, prior: HyperPrior, family: Family, rules: Rules = FINE
) -> NestedPosterior:
    """Solve, for a proper posterior, by rules of a certain fineness.

    Raises
    ------
    InputError
        Data and priors conflict beyond rounding.
    """
    power = prior.tail_power(int(family.bounded(groups).sum()))
    of_tau = NestedTau.solved(Outer(groups, family, prior, power, rules), power)
    return NestedPosterior(groups, prior, family, of_tau, rules)


@dataclass(frozen=True, eq=False)
class NestedPosterior(Posterior):
    """A posterior solved by nested quadrature.

    Attributes
    ----------
    groups, prior, family
        What was solved.
    of_tau
        The posterior of tau.
    rules
        How finely.
    """

    groups: Groups
    prior: HyperPrior
    family: Family
    of_tau: NestedTau
    rules: Rules
    _panels: dict[str, tuple[Panels, int]] = field(default_factory=dict)

    most_compared = 100
    most_solved_again = 6_000

    @property
    def log_evidence(self) -> float:
        """Log of p(y), a flat prior counting as density one."""
        return self.of_tau.log_norm + self.of_tau.target.at_reference

    def solved_from(self, groups: Groups) -> NestedPosterior:
        """The posterior of other groups of the same model."""
        return nested(groups, self.prior, self.family, self.rules)

    @cached_property
    @one_thread
    def nodes(self) -> Nodes:
        """All that is known at the nodes."""
        return Nodes.of(self.of_tau)

    @cached_property
    def marginals(self) -> Marginals:
        """The marginal distributions."""
        return Marginals(self.nodes, self.rules)

    # -- error -----------------------------------------------------------------------------

    @cached_property
    def coarse(self) -> NestedPosterior:
        """The same, solved coarsely."""
        return nested(self.groups, self.prior, self.family, COARSE)

    @cached_property
    def edge(self) -> float:
        """Probability beyond the ends of mu, about."""
        return float(self.nodes.weights[0] @ self.nodes.rows.densities.edge)

    def errors(self, variables: Sequence[str]) -> Array:
        """See `Posterior.errors`."""
        mean, sd = self.moments(variables)
        other_mean, other_sd = self.coarse.moments(variables)
        p = np.array(PROBABILITIES)
        quantile = self.quantiles(variables, p)
        worst = np.zeros(len(variables))
        with np.errstate(invalid="ignore"):
            for each in (np.abs(other_mean - mean) / sd, np.abs(other_sd / sd - 1)):
                worst = np.fmax(worst, each)
        for k, variable in enumerate(variables):
            of_p = np.abs(self.coarse.cdf(variable, quantile[k]) - p)
            worst[k] = FACTOR * max(worst[k], float(of_p.max()))
            # two rules may be off alike where a density is hard to resolve
            if variable not in ("tau", "log_tau"):
                panels, row = self._distribution(variable)
                worst[k] += float(panels.unresolved[row])
        return worst + EDGE * self.edge + ROUNDING

    # -- moments ---------------------------------------------------------------------------

    def moment_order(self, variable: str) -> float:
        """The number below which the orders k of the moments lie that exist; inf if all do.

        The density of tau falls as ``tau ** -(power + 1)`` (see `HyperPrior.tail_power`). Theta_new
        and, if its prior is flat, mu spread as tau does, and so does the theta of a group that
        bounds it on one side only. Where the likelihood itself falls as a power, as Student's t
        does, all groups may be far from mu at once, and theta_j from all others: the orders that
        their likelihoods' powers give count as well.

        Raises
        ------
        InputError
            There is no such variable.
        """
        self._refuse_unknown(variable)
        if variable == "log_tau":
            return math.inf
        if variable == "tau":
            return self.of_tau.power
        if variable not in self._index:
            if variable == "mu" and self.prior.mu.is_proper:
                return math.inf
            return self._order_of_new(np.ones(len(self.groups), dtype=bool))
        j = self._index[variable]
        tail = float(self.family.tail(self.groups)[j])
        rest = np.arange(len(self.groups)) != j
        return self._order_of_new(rest) + tail

    def _order_of_new(self, among: NDArray[np.bool_]) -> float:
        """That of theta_new, if only some of the groups were there."""
        bounded = self.family.bounded(self.groups) & among
        power = self.prior.tail_power(int(bounded.sum()))
        if self.prior.mu.is_proper:
            return power
        tail = self.family.tail(self.groups)[among]
        if np.isinf(tail).any():
            return power
        if (tail == 0).any():  # each falls on one side only, but faster than a power
            return power
        return min(power, float(tail.sum()) - 1)

    @one_thread
    def moments(self, variables: Sequence[str]) -> tuple[Array, Array]:
        """Means and standard deviations of K variables, each of shape (K,) (see `mean`)."""
        mean, sd = np.empty(len(variables)), np.empty(len(variables))
        new_mean, new_variance = self.nodes.mu
        theta = self.nodes.theta if any(v in self._index for v in variables) else None
        for k, variable in enumerate(variables):
            order = self.moment_order(variable)
            if variable == "tau":
                mean[k], sd[k] = self.of_tau.moments()
                continue
            if variable == "log_tau":
                mean[k], sd[k] = self.of_tau.moments_of_log()
                continue
            spreads = order <= self.of_tau.power and math.isfinite(self.of_tau.power)
            if variable in self._index:
                assert theta is not None
                at_tau, variance = (each[:, self._index[variable]] for each in theta)
                spreads = spreads and not self.family.bounded(self.groups)[self._index[variable]]
            elif variable == "theta_new":
                at_tau, variance = new_mean, new_variance + self.nodes.tau**2
            else:
                at_tau, variance = new_mean, new_variance
            _, first, second = self.nodes.weights
            if not spreads:
                first = second = self.nodes.weights[0]
            mean[k] = first @ at_tau if order > 1 else np.nan
            about = at_tau - mean[k]
            sd[k] = np.sqrt(second @ (variance + about**2)) if order > 2 else np.nan
        return mean, sd

    def information(self) -> Array:
        """See `Posterior.information`."""
        result = np.empty(len(self.groups))
        for name, j in self._index.items():
            panels, row = self._distribution(name)
            of = slice(*panels.starts[row : row + 2])
            theta = np.zeros((panels.node[of].size, len(self.groups)))
            theta[:, j] = panels.node[of].ravel()
            result[j] = panels.mass[of].ravel() @ self.family.information(self.groups, theta)[:, j]
        return result

    def pooling_factor(self) -> Array:
        """See `Posterior.pooling_factor`."""
        known = self.information()[:, None]
        with np.errstate(over="ignore"):
            factor = 1 / (1 + known * self.nodes.tau**2)
        result: Array = factor @ self.nodes.weights[0]
        return result

    # -- distributions ---------------------------------------------------------------------

    @one_thread
    def _distribution(self, variable: str) -> tuple[Panels, int]:
        """Panels of a variable other than tau, and which of their rows is its."""
        self._refuse_unknown(variable)
        if variable not in self._panels:
            if variable == "mu":
                self._panels[variable] = self.marginals.of_mu(), 0
            elif variable == "theta_new":
                self._panels[variable] = self.marginals.of_new(), 0
            else:
                start = self._index[variable] // TOGETHER * TOGETHER
                index = np.arange(start, min(start + TOGETHER, len(self.groups)))
                panels = self.marginals.of_thetas(index)
                for row, j in enumerate(index):
                    self._panels[f"theta[{self.groups.names[j]}]"] = panels, row
        return self._panels[variable]

    @one_thread
    def curves(self, variable: str, x: ArrayLike) -> tuple[Array, Array]:
        """See `Posterior.curves`."""
        x = np.asarray(x, dtype=float)
        if variable in ("tau", "log_tau"):
            return self.cdf(variable, x), self.density(variable, x)
        panels, row = self._distribution(variable)
        return panels.cdf(row, x), panels.density(row, x)

    @one_thread
    def _quantiles(self, variables: Sequence[str], p: Array) -> Array:
        result = np.empty((len(variables), len(p)))
        found: dict[int, Array] = {}
        for k, variable in enumerate(variables):
            panels, row = self._distribution(variable)
            if id(panels) not in found:
                found[id(panels)] = panels.quantile(p)
            result[k] = found[id(panels)][row]
        return result

    # -- given tau -------------------------------------------------------------------------

    def conditional(self, tau: ArrayLike) -> Conditional:
        """See `Posterior.conditional`."""
        tau = np.atleast_1d(np.asarray(tau, dtype=float))
        outer: Outer = self.of_tau.target
        # at zero, the limit
        positive = np.maximum(tau, 1e-9 * self.family.typical_error(self.groups))
        each, inverse = np.unique(positive, return_inverse=True)
        nodes = Nodes.at(outer, each)
        (mu, variance), (theta, theta_variance) = nodes.mu, nodes.theta
        return Conditional(
            tau,
            mu[inverse],
            np.sqrt(variance)[inverse],
            theta[inverse],
            np.sqrt(theta_variance)[inverse],
        )

    # -- joint statements ------------------------------------------------------------------

    def difference(self, a: str, b: str, p: ArrayLike = PROBABILITIES) -> Difference:
        """See `Posterior.difference`."""
        first, second = self._pair(a, b)
        p = np.asarray(p, dtype=float)
        if first == second:
            return Difference(0.0, 0.0, np.zeros(p.shape))
        mean, sd, panels = joint.difference(self.nodes, self.rules, first, second)
        return Difference(mean, sd, panels.quantile(p.ravel())[0].reshape(p.shape))

    @cached_property
    def _comparison(self) -> joint.Comparison:
        return joint.comparison(self.nodes, self.rules)

    def probability_greater(self) -> Array:
        """See `Posterior.probability_greater`."""
        refuse_many(len(self.groups), "P(theta_a > theta_b)", self.most_compared)
        return self._comparison.greater

    def probability_largest(self) -> Array:
        """See `Posterior.probability_largest`."""
        refuse_many(len(self.groups), "P(theta is the largest)", self.most_compared)
        return self._comparison.largest

    def ranks(self) -> Ranks:
        """See `Posterior.ranks`."""
        refuse_many(len(self.groups), "ranks", self.most_compared)
        return self._comparison.ranks

    # -- prediction ------------------------------------------------------------------------

    def predictive(self, p: Sequence[float] = PROBABILITIES) -> Predictive:
        """See `Posterior.predictive`."""
        return predictive(self, p)

    def leave_one_out(self) -> Array:
        """See `Posterior.leave_one_out`."""
        return leave_one_out(self)

    def predictive_below(self, group: Groups) -> float:
        """See `Posterior.predictive_below`: over the distribution of a new group's theta."""
        panels, _ = self._distribution("theta_new")
        below, as_much = self.family.below(group, panels.node.reshape(-1, 1))
        chance = panels.mass.ravel() @ (below + as_much / 2)[:, 0]
        return float(np.clip(chance / panels.mass.sum(), 0, 1))
