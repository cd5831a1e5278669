"""Distributions of mu, of each theta and of a new group's theta, on panels of their own.

The density of theta_j is its likelihood times ``integral of p(mu, tau | y) / g_j Normal(theta_j;
mu, tau)``. Given tau, that is a sum over nodes of mu where tau is wide beside their panels. Where
it is narrow, the sum would be a comb: mu is theta_j - tau z there, z normal, and what is to be
integrated is read off the series of its log.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import hermite_e, legendre
from numpy.typing import NDArray

from partial_pooling.arrays import Array, slices
from partial_pooling.exact.nested.nodes import Nodes
from partial_pooling.exact.nested.panels import Index, Panels, evaluate, place
from partial_pooling.exact.nested.rules import Rules

RESOLVED = 0.25  # tau in widths of a panel, from where the panel's nodes resolve it
NARROW = 3.0  # tau in widths of a panel over its nodes: below, z's few nodes resolve the rest
Z, Z_WEIGHT = hermite_e.hermegauss(24)
Z_WEIGHT = Z_WEIGHT / math.sqrt(2 * math.pi)
NEGLIGIBLE = 1e-15  # probability of a node that is left out
MOST_PARTS = 200  # of a panel


@dataclass(frozen=True, eq=False)
class Marginals:
    """The marginal distributions.

    Attributes
    ----------
    nodes
        Of the posterior of (mu, tau).
    rules
        How finely to look.
    """

    nodes: Nodes
    rules: Rules

    def of_mu(self) -> Panels:
        """The distribution of mu."""
        panels, weight = self.nodes.rows.densities, self.nodes.weights[0]
        rows = np.arange(len(weight))[:, None]

        def log_density(x: Array, row: Index) -> Array:
            flat = np.broadcast_to(x.ravel(), (len(weight), x.size))
            with np.errstate(divide="ignore"):
                result: Array = np.log(weight @ panels.density(rows, flat))
            return result.reshape(x.shape)

        mean, variance = self.nodes.mu
        return self._placed(log_density, mean[:, None], variance[:, None])

    def of_new(self) -> Panels:
        """The distribution of the theta of a new group."""

        def log_density(x: Array, row: Index) -> Array:
            return self._log_population(x.ravel(), None).reshape(x.shape)

        mean, variance = self.nodes.mu
        return self._placed(log_density, mean[:, None], (variance + self.nodes.tau**2)[:, None])

    def of_thetas(self, index: NDArray[np.intp]) -> Panels:
        """The distributions of some thetas, one after the other."""

        def log_density(x: Array, row: Index) -> Array:
            result = self._log_likelihood(x, index[row])
            for k in np.unique(row):
                of = row == k
                value = self._log_population(x[of].ravel(), int(index[k]))
                result[of] += value.reshape(-1, x.shape[1])
            return result

        mean, variance = (each[:, index] for each in self.nodes.theta)
        return self._placed(log_density, mean, variance)

    def _placed(
        self, log_density: Callable[[Array, Index], Array], mean: Array, variance: Array
    ) -> Panels:
        """Panels of K distributions, from their means and variances given tau, (R, K)."""
        middle = int(np.searchsorted(np.cumsum(self.nodes.weights[0]), 0.5))
        center, sd = mean[middle], np.sqrt(variance[middle])
        edges = center[:, None] + sd[:, None] * np.array([-8.0, -4.0, 0.0, 4.0, 8.0])
        row = np.repeat(np.arange(len(center)), 4)
        return place(log_density, row, edges[:, :-1].ravel(), edges[:, 1:].ravel(), self.rules)

    def _log_likelihood(self, x: Array, group: Index) -> Array:
        """Log likelihood of the theta of one group for each row of x, (P, K)."""
        outer = self.nodes.outer
        order = np.argsort(group, kind="stable")
        rank = np.empty(len(group), dtype=np.intp)
        rank[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
        theta = np.zeros((int(rank.max()) + 1, x.shape[1], len(outer.groups)))
        theta[rank, :, group] = x
        result: Array = outer.family.log_likelihood(outer.groups, theta)[rank, :, group]
        return result

    # -- the population, as the other groups know it ---------------------------------------

    @cached_property
    def _log_row(self) -> Array:
        """Shape (P,), log of the weight of the row that each panel of the logs is of."""
        logs, densities = self.nodes.rows
        with np.errstate(divide="ignore"):
            row = np.log(self.nodes.weights[0]) - densities.log_total
        result: Array = row[logs.row]
        return result

    @cached_property
    def series(self) -> Array:
        """Shape (P, N, J), Legendre series of the logs of the groups' evidences."""
        logs = self.nodes.rows.logs
        evidence = self.nodes.inner.log_evidence.reshape(*logs.node.shape, -1)
        result: Array = np.einsum("kn,pnj->pkj", logs.rule.to_series, evidence)
        return result

    @cached_property
    def every_node(self) -> tuple[Array, Index, Array]:
        """Finer nodes of mu in every row: weight (M,), panel of the logs, powers (M, N)."""
        logs, densities = self.nodes.rows
        weight = densities.mass * self.nodes.weights[0][densities.row][:, None]
        rows = np.repeat(densities.row, densities.node.shape[1])
        panel, u, _ = logs.locate(rows[:, None], densities.node.reshape(-1, 1))
        powers = legendre.legvander(u[:, 0], logs.node.shape[1] - 1)
        return weight.ravel(), panel[:, 0].astype(np.intp), np.asarray(powers, dtype=float)

    @cached_property
    def _narrow(self) -> Index:
        """Rows whose tau is narrow beside their panels of mu."""
        panels = self.nodes.rows.densities
        mass = panels.mass.sum(axis=1)
        starts = panels.starts[:-1]
        # the panels that most of the mass is in, whatever the tails
        width = np.where(mass > 0.01, panels.right - panels.left, np.inf)
        least = np.minimum.reduceat(width, starts)
        return np.flatnonzero(self.nodes.tau < NARROW / panels.node.shape[1] * least)

    @cached_property
    def _sum(self) -> tuple[Array, Array, Array, Index, Array]:
        """Nodes of the other rows, (M,): mu, tau, weight, panel of the logs, powers (M, N)."""
        logs, densities = self.nodes.rows
        row_weight = self.nodes.weights[0]
        parts = []
        for row in np.setdiff1d(np.arange(len(row_weight)), self._narrow):
            tau = float(self.nodes.tau[row])
            of_logs = slice(*logs.starts[row : row + 2])
            if tau >= RESOLVED * float((logs.right[of_logs] - logs.left[of_logs]).max()):
                mu, mass = logs.node[of_logs].ravel(), self.nodes.given_tau[of_logs].ravel()
            else:
                mu, mass = _split(densities, int(row), tau)
            kept = np.abs(mass) * row_weight[row] > NEGLIGIBLE
            mu, mass = mu[kept], mass[kept]
            panel, u, _ = logs.locate(int(row), mu)
            powers = legendre.legvander(u, logs.node.shape[1] - 1)
            parts.append((mu, np.full(len(mu), tau), mass * row_weight[row], panel, powers))
        if not parts:
            none = np.zeros(0)
            return none, none, none, none.astype(np.intp), np.zeros((0, logs.node.shape[1]))
        mu, scale, weight, panel, powers = (
            np.concatenate(each) for each in zip(*parts, strict=True)
        )
        return mu, scale, weight, np.asarray(panel, dtype=np.intp), np.asarray(powers, dtype=float)

    def _log_population(self, x: Array, group: int | None) -> Array:
        """Log density of theta at x (n,), a group's own likelihood taken out."""
        logs = self.nodes.rows.logs
        mu, tau, weight, panel, powers = self._sum
        log_evidence = np.zeros(len(mu))
        series = logs.log_series + 0.0
        shift = 0.0
        if group is not None:
            of_group = self.series[:, :, group]
            log_evidence = (of_group[panel] * powers).sum(axis=1)
            series -= of_group
            at_node = self.nodes.inner.log_evidence[:, group].reshape(logs.node.shape)
            shift = float((logs.log_value + self._log_row[:, None] - at_node).max())
        else:
            shift = float((logs.log_value + self._log_row[:, None]).max())
        with np.errstate(under="ignore"):
            weight = weight * np.exp(-log_evidence - shift) / (math.sqrt(2 * math.pi) * tau)
        total = np.zeros(len(x))
        kept = np.abs(weight) > 1e-30 * np.abs(weight).max(initial=0.0)
        mu, tau, weight = mu[kept], tau[kept], weight[kept]
        for part in slices(len(x), max(1, len(mu))):
            total[part] = np.exp(-0.5 * ((x[part, None] - mu) / tau) ** 2) @ weight
        rows = self._narrow
        if len(rows):
            scale = self.nodes.tau[rows]
            for part in slices(len(x), len(rows) * len(Z) * 4):
                at = x[part, None] - scale[:, None, None] * Z
                where, u, inside = logs.locate(rows[:, None], at.reshape(len(rows), -1))
                log = evaluate(series, where, u) + self._log_row[where] - shift
                value = np.where(inside, np.exp(np.minimum(log, 700.0)), 0.0)
                total[part] += (value.reshape(at.shape) @ Z_WEIGHT).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            result: Array = np.log(np.maximum(total, 0.0)) + shift
        return result


def _split(panels: Panels, row: int, tau: float) -> tuple[Array, Array]:
    """Nodes of mu, and their masses, of one density in panels that tau is wide beside."""
    of = slice(*panels.starts[row : row + 2])
    left, right = panels.left[of], panels.right[of]
    parts = np.clip(np.ceil(RESOLVED * (right - left) / tau), 1, MOST_PARTS).astype(int)
    if parts.max() == 1:
        return panels.node[of].ravel(), panels.mass[of].ravel()
    width = np.repeat((right - left) / parts, parts)
    order = np.arange(len(width)) - np.repeat(np.cumsum(parts) - parts, parts)
    middle = np.repeat(left, parts) + (order + 0.5) * width
    mu = (middle[:, None] + width[:, None] / 2 * panels.rule.node).ravel()
    mass = panels.density(row, mu) * (width[:, None] / 2 * panels.rule.weight).ravel()
    return mu, mass
