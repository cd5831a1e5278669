"""The posterior of log tau by the trapezoid rule, in a coordinate that shortens its tails.

Rows of tau lie evenly in u: where the density of u is analytic in a strip the rule converges
geometrically, and one of half the step has about the square of its error (Trefethen and Weideman
2014, The exponentially convergent trapezoidal rule, SIAM Review 56). Between the rows the log of
the likelihood less that of its normal approximation, which varies little, is a polynomial through
those around.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.errors import InputError
from partial_pooling.exact.nested.outer import Outer
from partial_pooling.exact.nested.pilot import between, roughness
from partial_pooling.exact.nodes import HIDDEN, Legendre, Rule
from partial_pooling.exact.tau import PosteriorOfTau

MOST = 30  # times to add rows, or to halve their step
ROWS = 5_000  # that no posterior needs: a few hundred do
CELL = 8  # Gauss-Legendre nodes between two rows
SPARED = 0.3  # between rows fewer digits are needed than of their sum
TAIL = 40.0  # log of what is negligible of the tail


@dataclass(frozen=True, eq=False)
class NestedTau(PosteriorOfTau[Outer]):
    """The posterior of log tau, with mu integrated out in rows.

    Nodes and panels of its rule are in u; a panel reaches from row to row.

    Attributes
    ----------
    rows
        Shape (R,), u of the rows, evenly.
    log_likelihood
        Shape (R,), there.
    """

    rows: Array
    log_likelihood: Array

    @classmethod
    def solved(cls, outer: Outer, power: float) -> NestedTau:
        """Place the rows, beginning where the normal approximation has its bulk.

        Raises
        ------
        InputError
            Data and priors conflict beyond rounding.
        """
        ends, u = outer.pilot.ends, outer.pilot.rows(outer.rules)
        log_likelihood = outer.log_likelihood(u)
        for _ in range(MOST):
            if len(u) > ROWS:
                break
            posterior = cls(outer, power, _rule(u), u, log_likelihood)
            below, above = posterior._beyond(ends)
            if len(below) + len(above):
                u = np.concatenate([below, u, above])
                more = outer.log_likelihood(below), outer.log_likelihood(above)
                log_likelihood = np.concatenate([more[0], log_likelihood, more[1]])
            elif posterior._roughness() > outer.rules.rough:
                halfway = (u[:-1] + u[1:]) / 2
                after = np.arange(1, len(u))
                there = outer.log_likelihood(halfway)
                u = np.insert(u, after, halfway)
                log_likelihood = np.insert(log_likelihood, after, there)
            else:
                posterior.check()
                return posterior
        raise InputError(HIDDEN)

    @property
    def row_t(self) -> Array:
        """Shape (R,), log tau of the rows."""
        stretch = self.target.pilot.stretch
        return stretch.t(stretch.s(self.rows))

    @cached_property
    def _log_rows(self) -> Array:
        """Shape (R,), log density of u at the rows, relative to the reference's."""
        return self.log_likelihood + self._log_prior(self.rows)

    def row_weights(self, growth: int) -> Array:
        """Shape (R,), the rows' `weights`; the last stands for the whole tail as well."""
        weight = self._weights_of_rows.copy()
        if math.isinf(self.power):
            weight[-1] += 0.0 if self._unscaled_weights(growth)[-1] == 0 else np.inf
        elif self.power > growth:
            weight[-1] += self._tail(growth)
        else:
            weight[-1] = np.nan
        # of the rows' own sum: what is known far better than it varies must not vary with that
        total = self._weights_of_rows.sum() + (0.0 if math.isinf(self.power) else self._tail(0))
        result: Array = weight / total
        return result

    @cached_property
    def _weights_of_rows(self) -> Array:
        weight: Array = np.exp(self._log_rows) * (self.rows[1] - self.rows[0])
        return weight

    def _tail(self, growth: int) -> float:
        """What further rows would stand for, where the density is a power of tau."""
        stretch, last, step = self.target.pilot.stretch, self.rows[-1], self.rows[1] - self.rows[0]
        fall = self.power - growth
        u = last + step * np.arange(1, math.ceil(TAIL / fall / step / stretch.slope(last)) + 1)
        further = stretch.s(u) - stretch.s(last)  # tau has no upper bound here
        slope = np.log(stretch.slope(u) / stretch.slope(last))
        result: float = step * np.exp(self._log_rows[-1] + slope - fall * further).sum()
        return result

    def _logs(self) -> Array:
        """Shape (K, R), logs of the density and of the moments that exist, each from its peak."""
        growth = np.arange(3)[:, None]
        logs = self._log_rows + growth[growth < self.power][:, None] * self.row_t
        result: Array = logs - logs.max(axis=1, keepdims=True)
        return result

    @cached_property
    def _less_normal(self) -> Array:
        """Shape (R,), log likelihood less that of the normal approximation."""
        return self.log_likelihood - self._normal(self.rows)

    @cached_property
    def _normal_helps(self) -> bool:
        """Whether the approximation varies as the likelihood does, and not far more steeply."""
        less = self.log_likelihood - self.target.log_normal(self.rows)
        return bool(np.ptp(less) < np.ptp(self.log_likelihood))

    def _normal(self, u: Array) -> Array:
        return self.target.log_normal(u) if self._normal_helps else np.zeros(u.shape)

    def _beyond(self, ends: tuple[float, float]) -> tuple[Array, Array]:
        """Rows to add below and above, where the ends are not negligible."""
        u, logs = self.rows, self._logs().max(axis=0)
        step = u[1] - u[0]
        more = np.arange(1, max(4, len(u) // 4) + 1) * step
        below, above = u[0] - more[::-1], u[-1] + more
        below = below[(below >= ends[0]) & (logs[0] > -self.target.rules.depth)]
        above = above[(above <= ends[1]) & (logs[-1] > -self.target.rules.depth)]
        return below, above

    def _roughness(self) -> float:
        """How far two rules of twice the step are apart, and the polynomials from the rows."""
        weight = np.exp(self._logs())
        weight /= weight.sum(axis=1, keepdims=True)
        place = np.arange(1, len(self.rows) - 1, 2)
        miss = between(self._less_normal[::2], place / 2) - self._less_normal[place]
        missed = (weight[:, place] * np.minimum(np.abs(miss), 1.0)).sum(axis=1)
        return max(roughness(weight), SPARED * float(missed.max()))

    # -- between the rows ------------------------------------------------------------------

    @cached_property
    def log_nodes(self) -> Array:
        """Shape (N,), the nodes in log tau."""
        stretch = self.target.pilot.stretch
        return stretch.t(stretch.s(self.rule.node))

    @cached_property
    def _log_density_at_nodes(self) -> Array:
        """Of u, and at the last node of log tau: there it is the tail that is added."""
        result = self._log_density(self.rule.node)
        result[-1] -= self.target.pilot.stretch.log_slope_of_u(self.rule.node[-1:])[0]
        return result

    def _log_density(self, u: Array) -> Array:
        place = (u - self.rows[0]) / (self.rows[1] - self.rows[0])
        log_likelihood = between(self._less_normal, place) + self._normal(u)
        return log_likelihood + self._log_prior(u)

    def _log_prior(self, u: Array) -> Array:
        return self.target.log_prior(u) - self.target.at_reference

    def _in_panels(self, t: Array) -> Array:
        return self.target.pilot.stretch.u_of(t)

    def _of_panels(self, u: Array) -> Array:
        stretch = self.target.pilot.stretch
        return stretch.t(stretch.s(u))

    def log_density(self, t: Array) -> Array:
        """Log of the posterior density of log tau at t, shape (n,)."""
        stretch = self.target.pilot.stretch
        u = stretch.u_of(t)
        inside = np.clip(u, self.rows[0], self.rows[-1])
        result = self._log_density(inside) - stretch.log_slope_of_u(inside) - self.log_norm
        beyond = t - self.log_nodes[-1]
        if math.isfinite(self.power):
            return np.where(beyond > 0, result - self.power * beyond, result)
        return np.where((u >= self.rows[0]) & (beyond <= 0), result, -np.inf)


def _rule(u: Array) -> Rule:
    """Panels from row to row, and the tail's node at the end."""
    cell = Legendre.of(CELL)
    half = np.diff(u)[:, None] / 2
    node = (u[:-1, None] + half) + half * cell.node
    width = half * cell.weight
    panels = np.column_stack([u[:-1], u[1:]])
    return Rule(panels, np.append(node.ravel(), u[-1]), np.append(width.ravel(), 0.0))
