"""Mu and log tau: the posterior of log tau with mu integrated out, row by row.

A row is one tau: panels in mu that resolve the posterior of mu given it. Panels begin where the
normal approximation of the groups has its mass and, for likelihoods that let a distant group go
(Student's t), about every group: there the posterior of mu may have several bumps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Groups
from partial_pooling.exact.nested.inner import Inner, Thetas
from partial_pooling.exact.nested.panels import Index, LogPanels, Panels, evaluate, place
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.exact.nodes import Legendre, first_edges, place_nodes
from partial_pooling.exact.tau import LogTau, PosteriorOfTau, refer_to_mode
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.distributions import Scale
from partial_pooling.priors.priors import HyperPrior

BLOCK = 1_000_000  # numbers, of nodes times groups, to work on at once
SIDE = 8.0  # sds of the approximate posterior of mu to begin with, to either side
LOWEST = 500.0  # log of what is as good as nothing
BUMPS = 60.0  # log of how far below the highest point a group may be and have a bump


class Rows(NamedTuple):
    """Panels of mu given tau: those of the logs, where the groups were integrated, and finer."""

    logs: LogPanels
    densities: Panels


@dataclass(frozen=True, eq=False)
class Outer:
    """Prior times likelihood of (mu, log tau), as `tau.PosteriorOfTau` takes it.

    Attributes
    ----------
    groups, family
        Data and their likelihood.
    hyperprior
        Of mu and tau.
    rules
        How finely to look.
    """

    groups: Groups
    family: Family
    hyperprior: HyperPrior
    rules: Rules
    _rows: dict[float, tuple[Rows, int]] = field(default_factory=dict)
    _alone: dict[int, Groups] = field(default_factory=dict)

    @property
    def prior(self) -> Scale:
        """Of tau."""
        return self.hyperprior.tau

    @cached_property
    def start(self) -> LogTau:
        """The same of the normal approximation of the groups, about its mode."""
        return refer_to_mode(self.family.approximation(self.groups), self.hyperprior, NORMAL)

    @cached_property
    def at_reference(self) -> float:
        """What is to be added to `log_density` for its absolute value."""
        t = np.array([math.log(max(self.start.given.reference, 1e-300))])
        return float(self._log_density(t)[0])

    @cached_property
    def thetas(self) -> Thetas:
        """The inner integral."""
        return Thetas(self.groups, self.family, self.rules)

    def log_density(self, t: Array) -> Array:
        """Log of prior times likelihood of log tau, shape (n,), relative to the reference's."""
        # a panel that the end of a prior cuts off is not to look like an unseen peak
        return np.maximum(self._log_density(t) - self.at_reference, -LOWEST)

    def _log_density(self, t: Array) -> Array:
        return self.panels(t).densities.log_total + self.prior.log_density(self.tau(t)) + t

    def panels(self, t: Array) -> Rows:
        """The rows of n values of log tau, each computed once."""
        missing = np.unique([each for each in t.tolist() if each not in self._rows])
        size = max(1, min(128, BLOCK // (50 * len(self.groups))))
        for start in range(0, len(missing), size):
            part = missing[start : start + size]
            rows = self.rows(self.tau(part))
            self._rows.update((each, (rows, row)) for row, each in enumerate(part.tolist()))
        found = [self._rows[each] for each in t.tolist()]
        return Rows(
            LogPanels.gathered([(rows.logs, row) for rows, row in found]),
            Panels.gathered([(rows.densities, row) for rows, row in found]),
        )

    def alone(self, group: int) -> Groups:
        """One of the groups."""
        if group not in self._alone:
            self._alone[group] = self.groups.select(np.arange(len(self.groups)) == group)
        return self._alone[group]

    def tau(self, t: Array) -> Array:
        """From its log, within the support of its prior."""
        return np.clip(np.exp(t), *self.prior.support)

    def rows(self, tau: Array) -> Rows:
        """Panels of mu given tau, for R increasing values of it."""
        mean, precision = self.start.given.mu(tau)
        mean, sd = mean + self.start.given.center, precision**-0.5
        edges = [m + s * np.array([-SIDE, SIDE]) for m, s in zip(mean, sd, strict=True)]
        if self.family.normals(self.groups, 0, 0.0) is not None:
            edges = [
                _with_bumps(each, *self._bumps(scale))
                for each, scale in zip(edges, tau, strict=True)
            ]
        row = np.repeat(np.arange(len(tau)), [len(each) - 1 for each in edges])

        def log_density(mu: Array, row: Index) -> Array:
            flat, scale = mu.ravel(), np.repeat(tau[row], mu.shape[1])
            order = np.argsort(scale, kind="stable")
            result = np.empty(len(flat))
            result[order] = self.log_joint(flat[order], scale[order])
            return result.reshape(mu.shape)

        left = np.concatenate([each[:-1] for each in edges])
        right = np.concatenate([each[1:] for each in edges])
        logs = place(log_density, row, left, right, self.rules, self._growth, of_log=True)
        assert isinstance(logs, LogPanels)
        return Rows(logs, logs.densities(self.rules, self._growth))

    def log_joint(self, mu: Array, tau: Array) -> Array:
        """Log of the prior of mu times p(y | mu, tau), shape (N,), equal taus side by side."""
        result = np.empty(len(mu))
        for part in _parts(len(mu), len(self.groups)):
            evidence = self.thetas.integrate(mu[part], tau[part]).log_evidence
            result[part] = evidence.sum(axis=1)
        return result + self.hyperprior.mu.log_density(mu)

    def integrate(self, mu: Array, tau: Array) -> Inner:
        """The groups at N nodes, equal taus side by side, with mean and variance of theta."""
        parts = [
            self.thetas.integrate(mu[part], tau[part], moments=True)
            for part in _parts(len(mu), len(self.groups))
        ]
        return Inner(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    @cached_property
    def _growth(self) -> int:
        """Moments of mu given tau that exist, up to two."""
        if self.hyperprior.mu.is_proper:
            return 2
        order = float(self.family.tail(self.groups).sum()) - 1
        return 2 if order > 2 or order < 0 else 1 if order > 1 else 0

    def _bumps(self, tau: float) -> tuple[Array, Array]:
        """Estimates about which the posterior of mu given tau may have a bump, and their widths."""
        estimates = self.family.approximation(self.groups)
        center, first = np.unique(estimates.estimate, return_index=True)
        spread = np.hypot(estimates.std_error, tau)
        # each group's tail as that of its likelihood, as wide as its population makes it
        tail = self.family.tail(self.groups)
        z = (center[:, None] - estimates.estimate) / spread
        height = -0.5 * tail * np.log1p(z**2 / tail)
        log_density = height.sum(axis=1) + self.hyperprior.mu.log_density(center)
        kept = log_density > log_density.max() - BUMPS
        return center[kept], spread[first][kept]


def _parts(count: int, groups: int) -> Iterator[slice]:
    size = max(1, BLOCK // groups)
    for start in range(0, count, size):
        yield slice(start, start + size)


def _with_bumps(edges: Array, center: Array, width: Array) -> Array:
    """Edges of panels that begin and end about each of some centers, too."""
    around = (center[:, None] + width[:, None] * np.array([-6.0, -2.0, 2.0, 6.0])).ravel()
    around = around[(around < edges[0]) | (around > edges[-1]) | (width.min() < np.ptp(edges) / 4)]
    every = np.unique(np.concatenate([edges, around]))
    # of edges much closer to each other than the narrowest bump, one is enough
    close = np.diff(every) < 0.5 * min(float(width.min()), float(np.ptp(edges)))
    result: Array = every[np.concatenate([[True], ~close])]
    return result


class NestedTau(PosteriorOfTau[Outer]):
    """The posterior of log tau, whose density between the nodes is that of its series."""

    @classmethod
    def solved(
        cls, groups: Groups, prior: HyperPrior, family: Family, rules: Rules, power: float
    ) -> NestedTau:
        """Place the nodes, beginning where the normal approximation has them.

        Raises
        ------
        InputError
            Data and priors conflict beyond rounding.
        """
        outer = Outer(groups, family, prior, rules)
        rule = place_nodes(
            lambda t: outer.log_density(t) + np.arange(3)[:, None] * t,
            _edges(outer, power),
            rules.nodes,
            rules.series,
            rules.depth,
        )
        posterior = cls(outer, power, rule)
        posterior.check()
        return posterior

    def log_density(self, t: Array) -> Array:
        """Log of the posterior density of log tau at t, shape (n,)."""
        panels, node = self.rule.panels, self.rule.width[:-1]
        value = (self.weight[:-1] / node).reshape(len(panels), -1)
        series = value @ Legendre.of(value.shape[1]).to_series.T
        panel = np.clip(np.searchsorted(panels[:, 0], t, side="right") - 1, 0, len(panels) - 1)
        left, right = panels[panel].T
        inside = (t >= left) & (t <= right)
        u = np.clip((2 * t - left - right) / (right - left), -1, 1)
        with np.errstate(divide="ignore"):
            result = np.log(np.where(inside, np.maximum(evaluate(series, panel, u), 0.0), 0.0))
        if math.isfinite(self.power):
            last = self.log_nodes[-1]
            at_last = math.log(self.weight[-1] * self.power) if self.weight[-1] > 0 else -math.inf
            result = np.where(t > last, at_last - self.power * (t - last), result)
        return result


def _edges(outer: Outer, power: float) -> Array:
    """Panels that would do for the normal approximation, and one beyond on either side."""
    first = first_edges(outer.start.given.groups, outer.hyperprior, power)
    rule = place_nodes(
        lambda t: outer.start.log_density(t) + np.arange(3)[:, None] * t,
        first,
        outer.rules.nodes,
        1e-4,
        outer.rules.depth,
    )
    return np.unique(np.concatenate([first[[0, -1]], rule.panels.ravel()]))
