"""Posteriors of tau of many tables at once, by the trapezoid rule.

The posterior of ``t = log tau`` is analytic for ``|Im t| < pi / 2``, so the trapezoid rule
converges geometrically, and a rule of half the step has about the square of its error (Trefethen
and Weideman 2014, The exponentially convergent trapezoidal rule, SIAM Review 56): two steps tell
how good the finer one is. Nodes lie evenly in ``u``, with ``t = middle + width sinh(u)``: close to
each other in the bulk, far apart in the tails, which are exponentials and are followed until
nothing is left. Where tau has an upper bound the same is done in ``s``, with
``tau = lower + (upper - lower) / (1 + exp(-s))``, in place of t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.exact.alike import At, Bulk, Tables

NOTHING = 30.0  # log of what is negligible at an end, beside the peak
LARGE = 1e5  # terms of a log density, which rounding changes by 1e-11
NARROW = 1e-3  # width of the bulk beside log tau, below which rounding shows


@dataclass(frozen=True, eq=False)
class Rule:
    """Evenly spaced nodes in u, with weights that sum to one in each table.

    Attributes
    ----------
    tables
        What it is of.
    bulk
        The map from u to s.
    u, s
        Shape (T, n), the nodes.
    log_density
        Shape (T, n), of u, prior times likelihood.
    at
        What is known at the nodes.
    """

    tables: Tables
    bulk: Bulk
    u: Array
    s: Array
    log_density: Array
    at: At

    @classmethod
    def over(cls, tables: Tables, bulk: Bulk, count: int) -> Rule:
        """With so many nodes."""
        u, s, log_slope = bulk.nodes(count)
        at = tables.at(s)
        return cls(tables, bulk, u, s, at.log_density + log_slope, at)

    def every_other(self) -> Rule:
        """The rule of every other node, of which both ends must be among."""
        return self._with(lambda values: np.ascontiguousarray(values[:, ::2]))

    def rows(self, index: NDArray[np.bool_]) -> Rule:
        """The rules of some of the tables."""
        if index.all():
            return self
        rule = self._with(lambda values: values[index])
        return replace(rule, tables=self.tables.rows(index), bulk=self.bulk.rows(index))

    def _with(self, change: Callable[[Array], Array]) -> Rule:
        at = At(*(change(values) for values in self.at))
        nodes = change(self.u), change(self.s), change(self.log_density)
        return Rule(self.tables, self.bulk, *nodes, at)

    @property
    def step(self) -> Array:
        """Shape (T,), of u."""
        step: Array = (self.u[:, -1] - self.u[:, 0]) / (self.u.shape[1] - 1)
        return step

    @cached_property
    def _top(self) -> Array:
        return self.log_density.max(axis=1)

    @cached_property
    def _unscaled(self) -> Array:
        return np.exp(self.log_density - self._top[:, None])

    @cached_property
    def log_norm(self) -> Array:
        """Shape (T,), log of the integral of prior times likelihood."""
        return self._top + np.log(self._unscaled.sum(axis=1) * self.step)

    @cached_property
    def weight(self) -> Array:
        """Shape (T, n), posterior probability that each node stands for."""
        return self._unscaled / self._unscaled.sum(axis=1)[:, None]

    @property
    def is_sound(self) -> NDArray[np.bool_]:
        """Shape (T,), whether the ends are negligible and rounding is."""
        sound = np.ones(len(self.tables), dtype=bool)
        for logs in self.tables.weighted(self.s, self.log_density):
            for end in (0, -1):
                sound &= logs[:, end] < logs.max(axis=1) - NOTHING
        # no density that counts is a difference of large numbers
        large = self.at.squares + np.abs(self.at.log_density)
        sound &= (np.where(self.weight > 1e-10, large, 0) < LARGE).all(axis=1)
        sound &= self.bulk.width > NARROW * np.maximum(1, np.abs(self.bulk.middle))
        return sound

    # -- moments ---------------------------------------------------------------------------

    def given_tau(self, variable: str) -> tuple[Array, Array]:
        """Mean and variance of mu, tau, log_tau or theta_new at the nodes, each (T, n)."""
        if variable == "tau":
            return self.at.tau, np.zeros_like(self.at.tau)
        if variable == "log_tau":
            return self.tables.line.log_tau(self.s), np.zeros_like(self.s)
        variance = 1 / self.at.precision
        return self.at.shift, variance + self.at.tau**2 if variable == "theta_new" else variance

    def moments(self, variable: str) -> tuple[Array, Array]:
        """Mean and sd of mu, tau, log_tau or theta_new, each (T,); nan if they do not exist."""
        mean, variance = self.given_tau(variable)
        middle, sd = mixture_moments(mean[:, None], variance[:, None], self.weight)
        wide = (
            ["tau", "theta_new"] if self.tables.prior.mu.is_proper else ["tau", "theta_new", "mu"]
        )
        power = self.tables.power if variable in wide else math.inf
        nothing = np.full(len(mean), np.nan)
        return middle[:, 0] if power > 1 else nothing, sd[:, 0] if power > 2 else nothing


def mixture_moments(mean: Array, variance: Array, weight: Array) -> tuple[Array, Array]:
    """Means and sds of mixtures over the last axis, (T, K), from (T, K, n) and weights (T, n)."""
    weight = weight[:, None, :]
    middle = (mean * weight).sum(axis=2)
    squares = mean - middle[:, :, None]
    squares *= squares
    squares += variance
    squares *= weight
    return middle, np.sqrt(squares.sum(axis=2))
