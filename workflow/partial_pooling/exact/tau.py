"""The posterior of tau: of log tau by quadrature, mu and the thetas integrated out.

Rounding. Log densities are relative to their value at the posterior mode of log tau.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.polynomial import legendre
from scipy.optimize import minimize_scalar

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates
from partial_pooling.errors import InputError
from partial_pooling.exact.mixture import invert
from partial_pooling.exact.nodes import (
    DEPTH,
    HIDDEN,
    LARGEST,
    Legendre,
    Rule,
    first_edges,
    place_nodes,
)
from partial_pooling.families.family import Family
from partial_pooling.families.normal import GivenTau
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior

ULPS = 1e-15  # exp(log(x)) can land this far outside the support, relative to x


class Target(Protocol):
    """Prior times likelihood of log tau."""

    @property
    def prior(self) -> Scale:
        """Of tau."""

    @property
    def at_reference(self) -> float:
        """What is to be added to `log_density` for its absolute value."""

    def log_density(self, t: Array) -> Array:
        """Log density of t, prior times likelihood, shape (n,)."""


@dataclass(frozen=True, eq=False)
class LogTau:
    """Prior times likelihood of t = log tau, relative to their value at a reference.

    Attributes
    ----------
    prior
        Of tau.
    given
        The likelihood of tau, with its reference.
    """

    prior: Scale
    given: GivenTau

    @classmethod
    def about(cls, groups: Estimates, prior: HyperPrior, family: Family, tau: float) -> LogTau:
        """With a value of tau for its reference."""
        lower, upper = prior.tau.support  # exp(log(upper)) can be greater than upper
        given = family.given_tau(groups, prior.mu, min(max(tau, lower), upper))
        assert given is not None
        return cls(prior.tau, given)

    @cached_property
    def at_reference(self) -> float:
        """Log of p(log tau_0) p(y | tau_0); a flat prior of mu counts as density one."""
        reference = self.given.reference
        of_tau = float(self.prior.log_density(reference)) + math.log(reference)
        return self.given.log_density_at_reference(of_tau)

    def log_density(self, t: Array) -> Array:
        """Log density of t, prior times likelihood, relative to the reference's."""
        tau = np.clip(np.exp(t), *self.prior.support)
        change = self.prior.log_density_change(t, tau, self.given.reference)
        return change + self.given.log_likelihood(tau)


def refer_to_mode(groups: Estimates, prior: HyperPrior, family: Family) -> LogTau:
    """Prior times likelihood with the (highest) mode of log tau for their reference."""
    edges = first_edges(groups, prior, math.inf)
    grid = np.concatenate([np.linspace(a, b, 9)[:-1] for a, b in pairwise(edges)])
    grid = np.append(grid, edges[-1])
    t = float(np.median(grid))
    for _ in range(3):  # far from the reference the first pass has few digits
        target = LogTau.about(groups, prior, family, math.exp(t))
        best = int(np.argmax(target.log_density(grid)))
        if grid[best] == t:
            break
        t = float(grid[best])
    target = LogTau.about(groups, prior, family, math.exp(t))
    near = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    mode = minimize_scalar(
        lambda t: -target.log_density(np.array([t]))[0],
        bounds=near,
        method="bounded",
        options={"xatol": 1e-12},
    )
    candidates = np.array([t, *near, mode.x])  # the mode can be an end of the support
    t = float(candidates[np.argmax(target.log_density(candidates))])
    return LogTau.about(groups, prior, family, math.exp(t))


@dataclass(frozen=True, eq=False)
class PosteriorOfTau[T: Target]:
    """The posterior of log tau, as nodes and weights and as a distribution.

    Attributes
    ----------
    target
        Prior times likelihood.
    power
        Exponent of the power law of P(tau > x | y); infinite for a light tail.
    rule
        Nodes that resolve it.
    """

    target: T
    power: float
    rule: Rule

    @staticmethod
    def of(groups: Estimates, prior: HyperPrior, family: Family) -> PosteriorOfTau[LogTau]:
        """Place the nodes, where all is known in closed form given tau.

        Raises
        ------
        InputError
            Estimates and priors conflict beyond rounding.
        """
        power = prior.tail_power(len(groups))
        target = refer_to_mode(groups, prior, family)
        edges = first_edges(groups, prior, power)
        rule = place_nodes(lambda t: target.log_density(t) + np.arange(3)[:, None] * t, edges)
        posterior = PosteriorOfTau(target, power, rule)
        posterior.check()
        return posterior

    def check(self) -> None:
        """Raise InputError if nothing is left of the posterior but rounding."""
        with np.errstate(over="ignore", invalid="ignore"):
            total = self._unscaled_weights(0).sum()
        if not 0 < total < math.inf:
            raise InputError(HIDDEN)

    @property
    def log_nodes(self) -> Array:
        """Shape (N,), the nodes in log tau."""
        return self.rule.node

    @cached_property
    def nodes(self) -> Array:
        """Shape (N,), the nodes in tau, in the units of the data."""
        return np.exp(self.log_nodes)

    @cached_property
    def log_norm(self) -> float:
        """Log of the integral of prior times likelihood, relative to the reference."""
        return math.log(self._unscaled_weights(0).sum())

    @cached_property
    def weight(self) -> Array:
        """Shape (N,), posterior probability that each node stands for; sums to one."""
        return self.weights(0)

    def log_density(self, t: Array) -> Array:
        """Log of the posterior density of log tau at t, shape (n,)."""
        tau = np.exp(t)
        lower, upper = self.target.prior.support
        inside = (tau >= lower * (1 - ULPS)) & (tau <= upper * (1 + ULPS))
        result = np.full(t.shape, -np.inf)
        result[inside] = self.target.log_density(t[inside]) - self.log_norm
        return result

    @cached_property
    def _log_density_at_nodes(self) -> Array:
        """Shape (N,), relative to the reference's."""
        return self.target.log_density(self.log_nodes)

    def _unscaled_weights(self, growth: int) -> Array:
        log_density = self._log_density_at_nodes
        weight = np.exp(log_density) * self.rule.width
        if math.isinf(self.power):
            # A light tail cut off by the largest float matters only for LogNormal
            log_moment = log_density + growth * self.log_nodes
            cut = self.log_nodes[-1] == LARGEST and log_moment[-1] > log_moment.max() - DEPTH
            weight[-1] = np.inf if cut else 0.0
        elif self.power > growth:
            weight[-1] = np.exp(log_density[-1]) / (self.power - growth)
        else:
            weight[-1] = np.nan
        return weight

    def weights(self, growth: int) -> Array:
        """Weights to integrate what grows as tau ** growth in the right tail."""
        return self._unscaled_weights(growth) / math.exp(self.log_norm)

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of tau; nan where they do not exist."""
        mean = float(self.weights(1) @ self.nodes)
        tail = np.array([self.weights(growth)[-1] for growth in range(3)])
        if np.isinf(tail).any():  # beyond the largest float
            return mean, math.inf
        end = 0.0
        if tail.any():  # each power of tau in (tau - mean)^2 has its own weight in the tail
            end = float(tail @ np.array([mean**2, -2 * mean * self.nodes[-1], self.nodes[-1] ** 2]))
        return mean, math.sqrt(self.weight[:-1] @ (self.nodes[:-1] - mean) ** 2 + end)

    def moments_of_log(self) -> tuple[float, float]:
        """Mean and standard deviation of log tau."""
        body, tail = self.weight[:-1], self.weight[-1]
        t = self.log_nodes
        late = 0.0 if math.isinf(self.power) else 1 / self.power  # mean excess beyond last node
        mean = float(body @ t[:-1] + tail * (t[-1] + late))
        excess = t[-1] - mean + late
        variance = body @ (t[:-1] - mean) ** 2 + tail * (excess**2 + late**2)
        return mean, math.sqrt(variance)

    @cached_property
    def _series(self) -> tuple[Array, Array]:
        """Legendre series of each panel's density of log tau, integrated; and masses before it."""
        panels = self.rule.panels
        density = (self.weight[:-1] / self.rule.width[:-1]).reshape(len(panels), -1)
        half = (panels[:, 1] - panels[:, 0]) / 2
        series = (density @ Legendre.of(density.shape[1]).to_series.T).T
        series = legendre.legint(series, lbnd=-1) * half
        mass = legendre.legval(1.0, series)
        return series, np.concatenate([[0.0], np.cumsum(mass)])

    def _in_panels(self, t: Array) -> Array:
        """Log tau as the panels have it."""
        return t

    def _of_panels(self, u: Array) -> Array:
        """Log tau from what the panels have."""
        return u

    def cdf_of_log(self, t: Array) -> Array:
        """Posterior probability that log tau is at most t, shape (n,)."""
        panels = self.rule.panels
        series, before = self._series
        at = self._in_panels(t)
        panel = np.clip(np.searchsorted(panels[:, 0], at, side="right") - 1, 0, len(panels) - 1)
        left, right = panels[panel].T
        u = np.clip((2 * at - left - right) / (right - left), -1, 1)
        below = before[panel] + legendre.legval(u, series[:, panel], tensor=False)
        if math.isfinite(self.power):
            beyond = np.maximum(t - self.log_nodes[-1], 0)
            below = below - self.weight[-1] * np.expm1(-self.power * beyond)
        return np.where(np.isnan(t), np.nan, np.clip(below, 0, 1))

    def quantiles_of_log(self, p: Array) -> Array:
        """Quantiles of log tau at probabilities p, shape (n,)."""
        panels, before = self.rule.panels, self._series[1]
        panel = np.clip(np.searchsorted(before, p) - 1, 0, len(panels) - 1)
        lower, upper = self._of_panels(panels[panel].T)
        if math.isfinite(self.power):
            upper = np.where(p > before[-1], LARGEST * 2, upper)

        def value_and_slope(t: Array) -> tuple[Array, Array]:
            return self.cdf_of_log(t), np.exp(self.log_density(t))

        scale = np.full_like(p, self.moments_of_log()[1])
        return invert(value_and_slope, p, lower, upper, (lower + upper) / 2, scale)
