"""Gauss-Legendre panels, placed for many densities at once.

Panels are halved until a Legendre series has converged on each, and added outside until what lies
beyond is negligible beside the whole. Where values are dear it is the series of the log that must
converge: few nodes do, since a log density is often nearly a parabola. From there the density
itself has panels of its own, as many as it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Self

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.errors import InputError
from partial_pooling.exact.mixture import invert
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.exact.nodes import HIDDEN, Legendre

LOST = -1e30  # log of zero
MOST = 20_000  # panels to look at at once
DENSE = 80  # nodes for a density whose log varies by STEEP on a panel
STEEP = 200.0
BEYOND = 1.2  # times as far as a density falls by the slope at its end, to add
Index = NDArray[np.intp]


@cache
def _even(nodes: int) -> Array:
    """From Legendre series to their values at 100 points, evenly."""
    return np.asarray(legendre.legvander((np.arange(100) + 0.5) / 50 - 1, nodes - 1).T)


@cache
def powers(nodes: int, terms: int, parts: int = 1) -> Array:
    """From Legendre series of some terms to their values at Gauss-Legendre nodes of equal parts."""
    middle = (2 * np.arange(parts) + 1.0) / parts - 1
    node = middle[:, None] + Legendre.of(nodes).node / parts
    return np.asarray(legendre.legvander(node.ravel(), terms - 1).T)


@dataclass(frozen=True, eq=False)
class Panels:
    """P panels of R densities, in order; N nodes on each.

    Attributes
    ----------
    row
        Shape (P,), which density.
    left, right
        Shape (P,), ends.
    node, log_value
        Shape (P, N), nodes and the log of the density there, on any scale.
    rule
        Nodes and weights of a panel.
    edge
        Shape (R,), about what lies beyond the outer ends, as a share of the whole.
    """

    row: Index
    left: Array
    right: Array
    node: Array
    log_value: Array
    rule: Legendre
    edge: Array

    @classmethod
    def gathered(cls, rows: list[tuple[Panels, int]]) -> Self:
        """Some densities of some others, one after the other."""
        parts = [slice(*panels.starts[row : row + 2]) for panels, row in rows]
        count = [part.stop - part.start for part in parts]

        def every(name: str) -> Array:
            each = [getattr(p, name)[part] for (p, _), part in zip(rows, parts, strict=True)]
            return np.concatenate(each)

        return cls(
            np.repeat(np.arange(len(rows)), count),
            every("left"),
            every("right"),
            every("node"),
            every("log_value"),
            rows[0][0].rule,
            np.array([panels.edge[row] for panels, row in rows]),
        )

    @property
    def rows(self) -> int:
        """R, the number of densities."""
        return len(self.edge)

    @cached_property
    def starts(self) -> Index:
        """Shape (R + 1,), where the panels of each density begin."""
        return np.searchsorted(self.row, np.arange(self.rows + 1))

    @cached_property
    def peak(self) -> Array:
        """Shape (R,), the greatest log value."""
        return np.maximum.reduceat(self.log_value.max(axis=1), self.starts[:-1])

    @cached_property
    def mass(self) -> Array:
        """Shape (P, N), the share of its density that each node stands for."""
        half = (self.right - self.left) / 2
        value = np.exp(self.log_value - self.peak[self.row][:, None])
        value *= half[:, None] * self.rule.weight
        total = np.add.reduceat(value.sum(axis=1), self.starts[:-1])
        return value / total[self.row][:, None]

    @cached_property
    def log_total(self) -> Array:
        """Shape (R,), log of the integral of each density."""
        half = (self.right - self.left) / 2
        value = np.exp(self.log_value - self.peak[self.row][:, None]) @ self.rule.weight * half
        return self.peak + np.log(np.add.reduceat(value, self.starts[:-1]))

    @cached_property
    def _series(self) -> tuple[Array, Array, Array]:
        """Legendre series (P, N) of the densities, and of their integrals; and what lies before."""
        half = (self.right - self.left) / 2
        value = self.mass / (half[:, None] * self.rule.weight)
        series = value @ self.rule.to_series.T
        integral = legendre.legint(series.T, lbnd=-1).T * half[:, None]
        mass = self.mass.sum(axis=1)
        before = np.cumsum(mass) - mass
        before -= before[self.starts[:-1]][self.row]
        return series, integral, before

    @cached_property
    def unresolved(self) -> Array:
        """Shape (R,), probability that the last terms of the densities' series stand for."""
        half = (self.right - self.left) / 2
        last = np.abs(self._series[0][:, -2:]).max(axis=1) * half
        return np.add.reduceat(last, self.starts[:-1])

    def series_of(self, value: Array) -> Array:
        """Legendre series (P, N) of values (P, N) at the nodes."""
        result: Array = value @ self.rule.to_series.T
        return result

    @cached_property
    def _ranked(self) -> Array:
        """Shape (R, 1, most panels), where those of each density begin; then inf."""
        count = np.diff(self.starts)
        result = np.full((self.rows, int(count.max())), np.inf)
        result[self.row, np.arange(len(self.row)) - self.starts[:-1][self.row]] = self.left
        return result[:, None, :]

    def locate(self, row: int | Index, x: Array) -> tuple[Index, Array, NDArray[np.bool_]]:
        """Panel of each x, of any shape, x in its coordinate from -1 to 1, and if it is in any."""
        first, last = self.starts[row], self.starts[row + 1]
        if np.ndim(row) == 0:
            panel = first + np.searchsorted(self.left[first:last], x, side="right") - 1
        else:
            begun = self._ranked[np.asarray(row)[:, 0]] <= x[:, :, None]
            panel = first + begun.sum(axis=2) - 1
        panel = np.clip(panel, first, last - 1)
        left, right = self.left[panel], self.right[panel]
        inside = (x >= left) & (x <= right)
        u = np.clip((2 * x - left - right) / (right - left), -1, 1)
        return panel, u, inside

    def density(self, row: int | Index, x: Array) -> Array:
        """One of the densities, normalized, at x of any shape."""
        panel, u, inside = self.locate(row, x)
        value = evaluate(self._series[0], panel, u)
        return np.where(inside, np.maximum(value, 0.0), 0.0)

    def cdf(self, row: int | Index, x: Array) -> Array:
        """Probability, under one of the densities, to be at most x of any shape."""
        panel, u, _ = self.locate(row, x)
        _, integral, before = self._series
        return np.clip(before[panel] + evaluate(integral, panel, u), 0.0, 1.0)

    def quantile(self, p: Array) -> Array:
        """Quantiles of every density, shape (R, P)."""
        rows = np.arange(self.rows)[:, None]
        before = np.full((self.rows, self._ranked.shape[2]), np.inf)
        before[self.row, np.arange(len(self.row)) - self.starts[:-1][self.row]] = self._series[2]
        panel = self.starts[:-1, None] + (before[:, None, :] <= p[:, None]).sum(axis=2) - 1
        panel = np.clip(panel, self.starts[:-1, None], self.starts[1:, None] - 1)
        left, right = self.left[panel], self.right[panel]

        def value_and_slope(x: Array) -> tuple[Array, Array]:
            return self.cdf(rows, x), self.density(rows, x)

        target = np.broadcast_to(p, panel.shape)
        return invert(value_and_slope, target, left, right, (left + right) / 2, (right - left) / 4)

    def moments_of_nodes(self, finer: Panels) -> Array:
        """Shape (P, N), what share of their density its nodes stand for, with `finer`'s masses.

        For functions that vary no faster than what has converged here.
        """
        series = finer.mass @ powers(finer.node.shape[1], self.node.shape[1]).T
        result: Array = series @ self.rule.to_series
        return result


class LogPanels(Panels):
    """Panels on which the logs of the densities have converged."""

    @cached_property
    def log_series(self) -> Array:
        """Legendre series (P, N) of the logs."""
        return self.series_of(self.log_value)

    def log_density(self, x: Array, row: Index) -> Array:
        """Logs at x (P, K) of the densities that they are of (P,)."""
        panel, u, inside = self.locate(row[:, None], x)
        return np.where(inside, evaluate(self.log_series, panel, u), -np.inf)

    @cached_property
    def dense(self) -> Panels:
        """The densities at so many nodes of every panel that they are resolved as well."""
        rule = Legendre.of(DENSE)
        middle, half = (self.left + self.right) / 2, (self.right - self.left) / 2
        node = middle[:, None] + half[:, None] * rule.node
        value = self.log_series @ powers(DENSE, self.log_series.shape[1])
        return Panels(self.row, self.left, self.right, node, value, rule, self.edge)


def evaluate(series: Array, panel: Index, u: Array) -> Array:
    """Legendre series of panels at u, by Clenshaw's recurrence; all but `series` of one shape."""
    count = series.shape[1]
    columns = series.T
    later, last = np.zeros(u.shape), np.zeros(u.shape)
    for k in range(count - 1, 0, -1):
        later, last = (
            columns[k][panel] + (2 * k + 1) / (k + 1) * u * later - last * ((k + 1) / (k + 2)),
            later,
        )
    result: Array = columns[0][panel] + u * later - last / 2
    return result


def place(
    log_density: Callable[[Array, Index], Array],
    row: Index,
    left: Array,
    right: Array,
    rules: Rules,
    growth: int = 0,
    *,
    of_log: bool = False,
) -> Panels:
    """Place panels for R densities.

    Parameters
    ----------
    log_density
        From points (P, K) and the densities that they are of (P,) to logs (P, K).
    row, left, right
        Shape (P,), panels to begin with, at least one for each density, adjoining.
    growth
        Power of the distance from the middle that the densities are to be integrated with.
    of_log
        Whether it is the logs whose series must converge.

    Raises
    ------
    InputError
        There is no end to it.
    """
    rule = Legendre.of(rules.nodes)
    tolerance = rules.log_series if of_log else rules.series
    steepest = 0.02 * (STEEP if of_log else 100.0)  # a narrower peak could still go unseen
    rows = int(row.max()) + 1
    peak = np.full(rows, -np.inf)
    log_total = np.full(rows, -np.inf)
    accepted: list[tuple[Array, ...]] = []
    before = np.full(len(row), np.inf)
    for _ in range(500):
        middle, half = (left + right) / 2, (right - left) / 2
        points = middle[:, None] + half[:, None] * rule.point
        logs = np.maximum(log_density(points, row), LOST)
        top = logs.max(axis=1)
        # of what is no more than lost to the smallest float nothing is known
        bottom = np.where(logs > LOST, logs, top[:, None]).min(axis=1)
        # a parabola's peak between the points rises above them by less than this
        rise = 0.02 * (top - bottom)
        if of_log:
            value = logs - top[:, None]
            of_logs = logs[:, 1:-1] @ rule.to_series.T
            # before a series converges it oscillates, and tells nothing of peaks between the nodes
            most = np.where(np.abs(of_logs[:, -2:]).max(axis=1) < 0.1, top + rise, top)
            finer = np.minimum(of_logs @ _even(rules.nodes), most[:, None])
            top = np.maximum(top, finer.max(axis=1))
            mass = np.exp(finer - top[:, None]).mean(axis=1) * 2 * half
        else:
            value = np.exp(logs - top[:, None])
            mass = value[:, 1:-1] @ rule.weight * half
        log_mass = top + np.log(np.maximum(mass, 1e-300))
        known = log_total.copy()
        np.maximum.at(peak, row, top)
        np.logaddexp.at(known, row, log_mass)
        share = top + np.log(2 * half) - known[row]
        far = growth * np.maximum(np.log(2 * half) + peak[row] - known[row], 0.0)
        series = value[:, 1:-1] @ rule.to_series.T
        error = np.abs(series[:, -2:]).max(axis=1)
        # the series must reach the ends too, or a peak there could go unseen
        ends = np.abs(series @ rule.alternate - value[:, 0])
        ends += np.abs(series.sum(axis=1) - value[:, -1])
        worst = np.maximum(error, 1e-2 * ends) * np.exp(np.minimum(share + far, 0.0))
        # halving takes most digits off the error of a smooth panel; where it does not, the rest
        # is rounding
        rounding = (worst < 1e-7) & (worst > before / 8)
        resolved = ((worst < tolerance) | rounding) & (rise < steepest)
        resolved |= share + far + rise < -rules.depth
        resolved |= half < 1e-14 * np.abs(middle)
        np.logaddexp.at(log_total, row[resolved], log_mass[resolved])
        rises = (logs[:, [1, -2]] - logs[:, [0, -1]]) / (half * (1 + rule.point[1]))[:, None]
        each = (row, left, right, points[:, 1:-1], logs[:, 1:-1], logs[:, [0, -1]], rises)
        accepted.append(tuple(part[resolved] for part in each))
        split = ~resolved
        if split.any():
            row = np.concatenate([row[split], row[split]])
            left, middle, right = left[split], middle[split], right[split]
            left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
            before = np.tile(worst[split], 2)
        else:
            row, left, right, edge = _beyond(accepted, log_total, peak, growth, rules.depth)
            before = np.full(len(row), np.inf)
            if not len(row):
                break
        if len(row) > MOST:
            raise InputError(HIDDEN)
    else:
        raise InputError(HIDDEN)
    row, left, right, node, value, _, _ = (
        np.concatenate(each) for each in zip(*accepted, strict=True)
    )
    share = value.max(axis=1) + np.log(right - left) - log_total[row]
    share += growth * np.maximum(np.log(right - left) + peak[row] - log_total[row], 0.0)
    kept = np.flatnonzero(share > -rules.depth - 2)
    kept = kept[np.lexsort((left[kept], row[kept]))]
    kind = LogPanels if of_log else Panels
    return kind(row[kept], left[kept], right[kept], node[kept], value[kept], rule, edge)


def _beyond(
    accepted: list[tuple[Array, ...]], log_total: Array, peak: Array, growth: int, depth: float
) -> tuple[Index, Array, Array, Array]:
    """Panels to add outside, as far as the slopes there tell, and the share that lies there."""
    row, left, right, _, _, at_ends, rises = (
        np.concatenate(each) for each in zip(*accepted, strict=True)
    )
    order = np.lexsort((left, row))
    starts = np.searchsorted(row[order], np.arange(len(log_total)))
    first = order[starts]
    last = order[np.append(starts[1:], len(order)) - 1]
    width = right[last] - left[first]
    with np.errstate(invalid="ignore"):
        far = growth * np.maximum(np.nan_to_num(np.log(width) + peak - log_total), 0.0)
    edge = np.zeros(len(log_total))
    parts = []
    for side, of, near in ((0, first, left[first]), (1, last, right[last])):
        share = at_ends[of, side] + np.log(width) - log_total + far
        edge += np.exp(np.minimum(share, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = BEYOND * (share + depth) / np.maximum(rises[of, side], 0.0)
        needed = np.clip(np.nan_to_num(needed, nan=np.inf), 0.1 * width, 2 * width)
        end = near + (needed if side else -needed)
        more = np.flatnonzero(share > -depth)
        parts.append((more, np.minimum(near, end)[more], np.maximum(near, end)[more]))
    row, left, right = (np.concatenate(each) for each in zip(*parts, strict=True))
    return row.astype(np.intp), left, right, edge
