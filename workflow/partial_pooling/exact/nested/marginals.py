"""Distributions of mu, of each theta and of a new group's theta, on panels of their own.

The density of theta_j is its likelihood times ``integral of p(mu, tau | y) / g_j Normal(theta_j;
mu, tau)``. Given a tau that is wide beside the nodes of mu, that is a sum over these. Where tau is
narrow, the sum would be a comb: mu is theta_j - tau z there, z normal, and what is to be integrated
is read off the series of its log.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.polynomial import hermite_e, legendre
from numpy.typing import NDArray

from partial_pooling.arrays import Array, slices
from partial_pooling.exact.nested.nodes import Nodes
from partial_pooling.exact.nested.panels import Index, Panels, evaluate, place, powers
from partial_pooling.exact.nested.rules import Rules

WIDE = 0.25  # tau in widths of a panel, from where the panel's own nodes resolve it
DENSE = 0.035  # the same of its dense nodes
PARTS = 50  # of a panel, each with so many of them, at most
AT_END = 0.05  # tau in widths of an outer panel, from where a population reaches out of it
OUTSIDE = 1.8  # half widths from the middle of a panel, to which its density may be carried on
Z, Z_WEIGHT = hermite_e.hermegauss(24)
Z_WEIGHT = Z_WEIGHT / math.sqrt(2 * math.pi)
NEGLIGIBLE = 1e-13  # probability of a node that is left out


class Population(NamedTuple):
    """Where K thetas may be, as all data but their own tell.

    Attributes
    ----------
    mu, tau
        Shape (M,), normal densities.
    weight
        Shape (K, M), their weights.
    narrow
        Shape (P, K, N), Legendre series of the logs of further densities, on panels of the logs.
    shift
        Shape (K,), log of what all of it is to be multiplied with.
    """

    mu: Array
    tau: Array
    weight: Array
    narrow: Array
    shift: Array


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
        logs, densities, _ = self.nodes.rows
        rows = np.arange(densities.rows)

        def log_density(x: Array, _: Index) -> Array:
            flat = np.broadcast_to(x.ravel(), (len(rows), x.size))
            value = np.exp(logs.log_density(flat, rows) - densities.log_total[:, None])
            with np.errstate(divide="ignore"):
                result: Array = np.log(self.nodes.weights[0] @ value)
            return result.reshape(x.shape)

        mean, variance = self.nodes.mu
        return self._placed(log_density, mean[:, None], variance[:, None])

    def of_new(self) -> Panels:
        """The distribution of the theta of a new group."""
        none = np.zeros((*self.nodes.rows.logs.node.shape, 1))
        population = self._population(none)

        def log_density(x: Array, row: Index) -> Array:
            return self._log_density(population, row, x)

        mean, variance = self.nodes.mu
        return self._placed(log_density, mean[:, None], (variance + self.nodes.tau**2)[:, None])

    def of_thetas(self, index: NDArray[np.intp]) -> Panels:
        """The distributions of some thetas, one after the other."""
        evidence = self.nodes.inner.log_evidence[:, index]
        population = self._population(evidence.reshape(*self.nodes.rows.logs.node.shape, -1))

        def log_density(x: Array, row: Index) -> Array:
            return self._log_likelihood(x, index[row]) + self._log_density(population, row, x)

        mean, variance = (each[:, index] for each in self.nodes.theta)
        return self._placed(log_density, mean, variance)

    def _placed(
        self, log_density: Callable[[Array, Index], Array], mean: Array, variance: Array
    ) -> Panels:
        """Panels of K distributions, from their means and variances given tau, (R, K)."""
        middle = int(np.searchsorted(np.cumsum(self.nodes.weights[0]), 0.5))
        center, sd = mean[middle], np.sqrt(variance[middle])
        # of widths that are powers of two, beginning at multiples: many are those of others too
        width = 2.0 ** np.round(np.log2(4 * sd))
        first, last = np.floor((center - 8 * sd) / width), np.ceil((center + 8 * sd) / width)
        count = (last - first).astype(np.intp)
        row = np.repeat(np.arange(len(center)), count)
        number = first[row] + np.arange(len(row)) - (np.cumsum(count) - count)[row]
        return place(log_density, row, number * width[row], (number + 1) * width[row], self.rules)

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

    @cached_property
    def series(self) -> Array:
        """Shape (P, N, J), Legendre series of the logs of the groups' evidences."""
        logs = self.nodes.rows.logs
        evidence = self.nodes.inner.log_evidence.reshape(*logs.node.shape, -1)
        result: Array = np.einsum("kn,pnj->pkj", logs.rule.to_series, evidence)
        return result

    @cached_property
    def every_node(self) -> tuple[Array, Index, Array]:
        """Dense nodes of mu in every row: weight (M,), panel of the logs, powers (M, N)."""
        logs, densities, _ = self.nodes.rows
        weight = densities.mass * self.nodes.weights[0][densities.row][:, None]
        panels, count = densities.node.shape
        of_one = powers(count, logs.node.shape[1]).T
        return weight.ravel(), np.repeat(np.arange(panels), count), np.tile(of_one, (panels, 1))

    # -- the population, as the other groups know it ---------------------------------------

    @cached_property
    def _resolved(self) -> Array:
        """Shape (R,), tau in widths of the widest panel of mu that has any mass."""
        densities = self.nodes.rows.densities
        width = np.where(densities.mass.sum(axis=1) > 1e-12, densities.right - densities.left, 0.0)
        result: Array = self.nodes.tau / np.maximum.reduceat(width, densities.starts[:-1])
        return result

    @cached_property
    def _narrow(self) -> NDArray[np.bool_]:
        """Shape (R,), whether tau is so small that mu's own panels hold the population."""
        densities = self.nodes.rows.densities
        outer = [densities.starts[:-1], densities.starts[1:] - 1]
        width = np.minimum(*(densities.right[of] - densities.left[of] for of in outer))
        inside = self.nodes.tau < AT_END * width
        result: NDArray[np.bool_] = self._resolved < np.where(inside, DENSE, DENSE / PARTS)
        return result

    @cached_property
    def _on_narrow(self) -> NDArray[np.bool_]:
        """Shape (P,), the panels of narrow rows."""
        return self._narrow[self.nodes.rows.logs.row]

    def _population(self, evidence: Array) -> Population:
        """Without some groups, whose log evidences at the nodes are of shape (P, N, K)."""
        logs, densities, _ = self.nodes.rows
        row_weight = self.nodes.weights[0]
        _, count, groups = evidence.shape
        tau = self.nodes.tau[logs.row]
        resolved = self._resolved[logs.row]
        wide, narrow = resolved >= WIDE, self._on_narrow
        own = self.nodes.given_tau * row_weight[logs.row][:, None]
        nodes = [(logs.node[wide], own[wide], tau[wide], evidence[wide])]
        width = logs.right - logs.left
        parts = np.ceil(np.clip(width * DENSE / tau, 1, PARTS)).astype(np.intp)
        parts[wide | narrow] = 0
        for many in np.unique(parts[parts > 0]).tolist():
            of = parts == many
            node, mass = self._dense(of, many)
            to_values = powers(densities.node.shape[1], count, many)
            at_nodes = np.einsum("nm,pnk->pmk", logs.rule.to_series.T @ to_values, evidence[of])
            nodes.append((node, mass * row_weight[logs.row[of]][:, None], tau[of], at_nodes))
        mu, weight = (np.concatenate([each[k].ravel() for each in nodes]) for k in range(2))
        scale = np.concatenate([np.repeat(each[2], each[0].shape[1]) for each in nodes])
        log_evidence = np.concatenate([each[3].reshape(-1, groups) for each in nodes])
        kept = np.abs(weight) > NEGLIGIBLE
        mu, scale, weight, log_evidence = (v[kept] for v in (mu, scale, weight, log_evidence))
        log_row = np.log(row_weight[logs.row]) - densities.log_total[logs.row]
        smoothed = self._smoothed(log_row, evidence)
        with np.errstate(divide="ignore"):
            log_weight = np.log(np.abs(weight) / (math.sqrt(2 * math.pi) * scale))
        log_weight = log_weight[:, None] - log_evidence
        shift = np.maximum(
            log_weight.max(axis=0, initial=-np.inf), smoothed.max(axis=(0, 1), initial=-np.inf)
        )
        weights = np.sign(weight) * np.exp(log_weight - shift).T
        series = np.zeros((len(logs.row), groups, count))
        series[narrow] = np.einsum("kn,pnj->pjk", logs.rule.to_series, smoothed - shift)
        return Population(mu, scale, weights, series, shift)

    def _dense(self, of: NDArray[np.bool_], parts: int) -> tuple[Array, Array]:
        """Nodes of some panels, each in equal parts, and what share of their row they stand for."""
        logs, densities, _ = self.nodes.rows
        if parts == 1:
            return densities.node[of], densities.mass[of]
        half = (logs.right - logs.left)[of, None] / 2
        to_values = powers(densities.node.shape[1], logs.node.shape[1], parts)
        node = logs.left[of, None] + half * (1 + to_values[1])  # of the series u alone
        log_share = logs.log_series[of] @ to_values - densities.log_total[logs.row[of], None]
        return node, np.exp(log_share) * half / parts * np.tile(densities.rule.weight, parts)

    @cached_property
    def _points(self) -> tuple[Index, list[Array]]:
        """Points where the thetas of narrow rows are, a Gauss rule about each node, (P', N * Z).

        Which of them lie on which panel (they are told in this order), and the polynomials of each
        panel there.
        """
        logs, narrow = self.nodes.rows.logs, np.flatnonzero(self._on_narrow)
        tau = self.nodes.tau[logs.row[narrow]]
        at = (logs.node[narrow][:, :, None] - tau[:, None, None] * Z).reshape(len(narrow), -1)
        panel, _, _ = logs.locate(logs.row[narrow][:, None], at)
        left, right = logs.left[panel], logs.right[panel]
        u = (2 * at - left - right) / (right - left)
        inside = np.flatnonzero(np.abs(u) < OUTSIDE)
        inside = inside[np.argsort(panel.ravel()[inside], kind="stable")]
        ends = np.searchsorted(panel.ravel()[inside], narrow[1:])
        terms = _carried_on(u.ravel()[inside], logs.node.shape[1])
        return inside, np.split(terms, ends)

    def _smoothed(self, log_row: Array, evidence: Array) -> Array:
        """Logs of densities of theta at the nodes of narrow rows, (P', N, K)."""
        narrow = self._on_narrow
        count, nodes, groups = int(narrow.sum()), *evidence.shape[1:]
        if not count:
            return np.zeros((0, nodes, groups))
        logs, (inside, terms) = self.nodes.rows.logs, self._points
        values = (logs.log_value + log_row[:, None])[narrow][:, :, None] - evidence[narrow]
        series = logs.rule.to_series @ values
        each = np.full((count * nodes * len(Z), groups), -np.inf)
        each[inside] = np.concatenate([t @ of for t, of in zip(terms, series, strict=True)])
        of_z = each.reshape(count, nodes, len(Z), groups)
        top = of_z.max(axis=2, initial=-1e300)
        of_z -= top[:, :, None]
        total = np.einsum("pnzk,z->pnk", np.exp(of_z, out=of_z), Z_WEIGHT)
        result: Array = top + np.log(total)
        return result

    def _log_density(self, population: Population, k: Index, x: Array) -> Array:
        """Log densities of some of the populations (P,) at x (P, N)."""
        mu, at_zero = population.mu, population.mu / population.tau
        total = np.zeros(x.shape)
        # many populations are wanted on the same panels
        ends = x[:, [0, -1]]
        _, first, panel = np.unique(ends, axis=0, return_index=True, return_inverse=True)
        starts = np.cumsum(np.bincount(panel))[:-1]
        for of, same in zip(first, np.split(np.argsort(panel), starts), strict=True):
            for part in slices(len(mu), x.shape[1]):
                z = np.multiply.outer(x[of], 1 / population.tau[part])
                z -= at_zero[part]
                z *= z
                z *= -0.5
                np.exp(z, out=z)
                total[same] += population.weight[k[same], part] @ z.T
        logs, rows = self.nodes.rows.logs, np.flatnonzero(self._narrow)
        series = population.narrow.reshape(-1, population.narrow.shape[2])
        for part in slices(len(x), len(rows) * x.shape[1]) if len(rows) else ():
            at = np.broadcast_to(x[part].ravel(), (len(rows), x[part].size))
            node, u, inside = logs.locate(rows[:, None], at)
            node = node * len(population.shift) + np.repeat(k[part], x.shape[1])
            value = np.zeros(at.shape)
            of_log = evaluate(series, node[inside], u[inside])
            value[inside] = np.exp(np.minimum(of_log, 700.0))
            total[part] += value.sum(axis=0).reshape(-1, x.shape[1])
        with np.errstate(divide="ignore"):
            result: Array = np.log(np.maximum(total, 0.0)) + population.shift[k][:, None]
        return result


def _carried_on(u: Array, count: int) -> Array:
    """Legendre polynomials at u (n,), as parabolas beyond the ends, where they would explode."""
    inside = np.clip(u, -1, 1)
    terms: Array = np.asarray(legendre.legvander(inside, count - 1), dtype=float)
    beyond = u != inside
    away, k = np.abs(u - inside)[beyond, None], np.arange(count)
    slope, bend = k * (k + 1) / 2, (k - 1) * k * (k + 1) * (k + 2) / 8
    at_end = 1 + slope * away + bend * away**2 / 2
    terms[beyond] *= at_end
    return terms
