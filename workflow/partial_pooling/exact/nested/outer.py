"""Mu and log tau: the posterior of log tau with mu integrated out, row by row.

A row is one tau: panels in mu that resolve the posterior of mu given it. Panels begin where the
normal approximation of the groups has its mass and, for likelihoods that let a distant group go
(Student's t), about every group: there the posterior of mu may have several bumps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Groups
from partial_pooling.exact.nested.inner import Inner, Thetas
from partial_pooling.exact.nested.panels import Index, LogPanels, Panels, place
from partial_pooling.exact.nested.pilot import Pilot, pilot
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.exact.tau import LogTau, refer_to_mode
from partial_pooling.families.family import Family
from partial_pooling.families.normal import NORMAL
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior

BLOCK = 1_000_000  # numbers, of nodes times groups, to work on at once
SIDE = 8.5  # sds of the approximate posterior of mu to begin with, to either side
NARROW = 0.06  # of a panel, what its nodes could miss
BUMPS = 60.0  # log of how far below the highest point a group may be and have a bump


class Rows(NamedTuple):
    """Panels of mu given tau: those of the logs, where the groups were integrated, and dense.

    What is known of the groups at each node of the logs is of shape (P, N, J).
    """

    logs: LogPanels
    densities: Panels
    inner: Inner


@dataclass(frozen=True, eq=False)
class Outer:
    """Prior times likelihood of (mu, log tau), as `tau.PosteriorOfTau` takes it.

    Attributes
    ----------
    groups, family
        Data and their likelihood.
    hyperprior
        Of mu and tau.
    power
        Exponent of the power law of tau.
    rules
        How finely to look.
    """

    groups: Groups
    family: Family
    hyperprior: HyperPrior
    power: float
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
    def pilot(self) -> Pilot:
        """Where to look for tau."""
        return pilot(self.start, self.hyperprior, self.power, self.rules.depth)

    @cached_property
    def at_reference(self) -> float:
        """What is to be added to `log_density` for its absolute value."""
        # the greatest of the rows at hand, wherever the approximation thinks that the bulk is
        stretch = self.pilot.stretch
        t = np.array(list(self._rows) or [float(stretch.t(np.array(stretch.middle)))])
        return float((self._log_totals(t) + self.prior.log_density(self.tau(t)) + t).max())

    @cached_property
    def thetas(self) -> Thetas:
        """The inner integral."""
        return Thetas(self.groups, self.family, self.rules)

    def log_density(self, t: Array) -> Array:
        """Log of prior times likelihood of log tau, shape (n,), relative to the reference's."""
        of_tau = self.prior.log_density(self.tau(t)) + t
        result: Array = self._log_totals(t) + of_tau - self.at_reference
        return result

    def log_likelihood(self, u: Array) -> Array:
        """Log of p(y | tau) at u (see `pilot`), shape (n,)."""
        t = self.pilot.stretch.t(self.pilot.stretch.s(u))
        return self._log_totals(t)

    def log_likelihood_of(self, tau: Array) -> Array:
        """Log of p(y | tau), shape (n,)."""
        return self.rows(tau).densities.log_total

    def log_normal(self, u: Array) -> Array:
        """Log likelihood of tau if the groups were normal, on some scale."""
        t = self.pilot.stretch.t(self.pilot.stretch.s(u))
        return self.start.given.log_likelihood(self.tau(t))

    def log_prior(self, u: Array) -> Array:
        """Log of the prior density of u, shape (n,)."""
        t = self.pilot.stretch.t(self.pilot.stretch.s(u))
        of_tau = self.prior.log_density(self.tau(t)) + t
        return of_tau + self.pilot.stretch.log_slope_of_u(u)

    def panels(self, t: Array) -> Rows:
        """The rows of n values of log tau."""
        found = self._found(t)
        parts = [(rows.inner, slice(*rows.logs.starts[row : row + 2])) for rows, row in found]
        return Rows(
            LogPanels.gathered([(rows.logs, row) for rows, row in found]),
            Panels.gathered([(rows.densities, row) for rows, row in found]),
            Inner(*(np.concatenate([inner[k][part] for inner, part in parts]) for k in range(3))),
        )

    def _log_totals(self, t: Array) -> Array:
        return np.array([rows.densities.log_total[row] for rows, row in self._found(t)])

    def _found(self, t: Array) -> list[tuple[Rows, int]]:
        """Each row of n values of log tau, computed once, among some others."""
        missing = np.unique([each for each in t.tolist() if each not in self._rows])
        size = max(1, min(128, BLOCK // (50 * len(self.groups))))
        for start in range(0, len(missing), size):
            part = missing[start : start + size]
            rows = self.rows(self.tau(part))
            self._rows.update((each, (rows, row)) for row, each in enumerate(part.tolist()))
        return [self._rows[each] for each in t.tolist()]

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
            edges = [self._with_bumps(each, scale) for each, scale in zip(edges, tau, strict=True)]
        row = np.repeat(np.arange(len(tau)), [len(each) - 1 for each in edges])

        seen: dict[tuple[int, float], Inner] = {}

        def log_density(mu: Array, row: Index) -> Array:
            order = np.argsort(tau[row], kind="stable")
            each = self.integrate(mu[order].ravel(), np.repeat(tau[row[order]], mu.shape[1]))
            back = np.argsort(order, kind="stable")
            inner = Inner(*(v.reshape(*mu.shape, -1)[back] for v in each))
            for k, panel in enumerate(zip(row.tolist(), mu[:, 1].tolist(), strict=True)):
                seen[panel] = Inner(*(v[k, 1:-1] for v in inner))
            result = inner.log_evidence.sum(axis=2)
            return result + self.hyperprior.mu.log_density(mu)

        left = np.concatenate([each[:-1] for each in edges])
        right = np.concatenate([each[1:] for each in edges])
        logs = place(log_density, row, left, right, self.rules, self._growth, of_log=True)
        assert isinstance(logs, LogPanels)
        kept = [seen[p] for p in zip(logs.row.tolist(), logs.node[:, 0].tolist(), strict=True)]
        return Rows(logs, logs.dense, Inner(*(np.stack(v) for v in zip(*kept, strict=True))))

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

    def _with_bumps(self, edges: Array, tau: float) -> Array:
        """Edges (2,) of panels that begin and end as well where mu given tau may have a bump."""
        estimates = self.family.approximation(self.groups)
        center, first = np.unique(estimates.estimate, return_index=True)
        spread = np.hypot(estimates.std_error, tau)
        width = spread[first]
        # wide ones about the middle are no bumps of their own
        inside = (center > edges[0]) & (center < edges[1])
        away = np.maximum(edges[0] - center, center - edges[1])
        apart = np.where(inside, width < NARROW * np.ptp(edges), away > width)
        if not apart.any():
            return edges
        # each group's tail as that of its likelihood, as wide as its population makes it
        tail = self.family.tail(self.groups)
        z = (center[:, None] - estimates.estimate) / spread
        height = -0.5 * tail * np.log1p(z**2 / tail)
        log_density = height.sum(axis=1) + self.hyperprior.mu.log_density(center)
        kept = apart & (log_density > log_density.max() - BUMPS)
        around = center[kept, None] + width[kept, None] * np.array([-6.0, -2.0, 2.0, 6.0])
        every = np.unique(np.concatenate([edges, around.ravel()]))
        # of edges much closer to each other than the narrowest bump, one is enough
        close = np.diff(every) < 0.5 * min([*width[kept], float(np.ptp(edges))])
        result: Array = every[np.concatenate([[True], ~close])]
        return result


def _parts(count: int, groups: int) -> Iterator[slice]:
    size = max(1, BLOCK // groups)
    for start in range(0, count, size):
        yield slice(start, start + size)
