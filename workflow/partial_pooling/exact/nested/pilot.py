"""Where the bulk of the posterior of tau lies, by the normal approximation of the groups."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.exact.mixture import invert
from partial_pooling.exact.nested.rules import Rules
from partial_pooling.exact.nodes import first_edges, place_nodes
from partial_pooling.exact.tau import LogTau
from partial_pooling.priors.priors import HyperPrior

SERIES = 1e-3  # last Legendre coefficients: of the bulk no more than its place is wanted
FIRST, FINER, LEAST = 0.36, 0.9, 0.02  # steps to try
SAFE = 0.3  # how much finer than the rules ask
AROUND = 24  # rows that a polynomial goes through
TAIL = 1.6  # slope
FARTHEST = 400.0  # u
WALL = 10.0  # of s beyond what is negligible, where tau has reached the end of its support


@dataclass(frozen=True)
class Stretch:
    """Log tau as a function of u, which has its left tail, or its ends, a few units from its bulk.

    Tau is ``exp(s)``, or where its prior has an upper bound ``lower + (upper - lower) / (1 +
    exp(-s))``. The slope of s in u is `width` in the bulk, about u = 0. It grows exponentially on
    the left, where no conditional distribution depends on tau any more, and on the right as far as
    TAIL: there they spread as tau does, and rows further apart would be teeth of a comb. Where tau
    reaches an upper bound it grows again, from `wall`.
    """

    lower: float
    upper: float
    middle: float = 0.0
    width: float = 1.0
    wall: float = math.inf

    @cached_property
    def _right(self) -> tuple[float, float]:
        """Slope of the right tail, and the u about which it is reached."""
        slope = max(self.width, TAIL)
        return slope, math.log(2 * slope / self.width - 1)

    def s(self, u: Array) -> Array:
        """The s at u."""
        slope, turn = self._right
        result = self.middle - self.width / 2 * np.expm1(-u)
        result += slope * (np.logaddexp(0, u - turn) - np.logaddexp(0, -turn))
        if math.isfinite(self.wall):
            result += slope * np.exp(-self.wall) * np.expm1(u)
        return result

    def slope(self, u: Array) -> Array:
        """The slope of s in u."""
        slope, turn = self._right
        result = self.width / 2 * np.exp(-u) + slope / (1 + np.exp(turn - u))
        if math.isfinite(self.wall):
            result += slope * np.exp(u - self.wall)
        return result

    def t(self, s: Array) -> Array:
        """Log tau at s."""
        if math.isinf(self.upper):
            return s
        log_share = -np.logaddexp(0, -s)
        if self.lower == 0:
            return math.log(self.upper) + log_share
        result: Array = np.log(self.lower + (self.upper - self.lower) * np.exp(log_share))
        return result

    def log_slope(self, s: Array) -> Array:
        """Log of the slope of log tau in s."""
        if math.isinf(self.upper):
            return np.zeros(s.shape)
        of_tau = math.log(self.upper - self.lower) - np.logaddexp(0, -s) - np.logaddexp(0, s)
        return of_tau - self.t(s)

    def log_slope_of_u(self, u: Array) -> Array:
        """Log of the slope of log tau in u."""
        result: Array = self.log_slope(self.s(u)) + np.log(self.slope(u))
        return result

    def s_of(self, t: Array) -> Array:
        """The inverse of `t`; infinite at the ends of the support, and beyond."""
        if math.isinf(self.upper):
            return t
        with np.errstate(divide="ignore"):
            if self.lower == 0:
                # log of (upper - tau) / tau
                return -np.log(np.expm1(np.maximum(math.log(self.upper) - t, 0.0)))
            tau = np.clip(np.exp(t), self.lower, self.upper)
            result: Array = np.log(tau - self.lower) - np.log(self.upper - tau)
        return result

    def u_of(self, t: Array) -> Array:
        """The u of log tau, within what matters."""
        s = np.ravel(self.s_of(np.asarray(t, dtype=float)))
        below = np.arcsinh((s - self.middle) / self.width)  # of a slope that grows on both sides
        low = np.full(s.shape, -FARTHEST)
        high = np.full(s.shape, min(FARTHEST, self.wall + FARTHEST / 10))
        start = np.clip(below, low, high)
        found = invert(lambda u: (self.s(u), self.slope(u)), s, low, high, start, np.ones(s.shape))
        return np.reshape(found, np.shape(t))


class Pilot(NamedTuple):
    """A coordinate in which the bulk of the posterior of tau is about 1 wide, about 0.

    Attributes
    ----------
    start
        The posterior of log tau that is approximated.
    stretch
        The coordinate u.
    low, high
        Ends of the bulk and all that matters beside it, in u.
    ends
        Those of all that could matter.
    """

    start: LogTau
    stretch: Stretch
    low: float
    high: float
    ends: tuple[float, float]

    def rows(self, rules: Rules) -> Array:
        """Rows in u, evenly, that would do for the normal approximation."""
        step = FIRST
        while True:
            first, last = math.floor(self.low / step), math.ceil(self.high / step)
            u: Array = step * (np.arange(first, last + 1.0) + rules.offset)
            s = self.stretch.s(u)
            t = self.stretch.t(s)
            logs = self.start.log_density(t) + self.stretch.log_slope_of_u(u)
            weight = np.exp(logs - logs.max())
            if roughness(weight[None] / weight.sum()) < SAFE * rules.rough or step < LEAST:
                return u
            step *= FINER


def pilot(start: LogTau, prior: HyperPrior, power: float, depth: float) -> Pilot:
    """Of the posterior of the normal approximation.

    Parameters
    ----------
    start
        Prior times likelihood.
    prior
        Of mu and tau.
    power
        Exponent of the power law of tau.
    depth
        Log of what is negligible.
    """
    plain = Stretch(*prior.tau.support)
    edges = plain.s_of(first_edges(start.given.groups, prior, power))
    wall = depth + WALL
    if math.isfinite(plain.upper):
        edges = np.unique(np.clip(edges, -wall if plain.lower > 0 else edges[0], wall))

    def log_densities(s: Array) -> Array:
        t = plain.t(s)
        log_density = start.log_density(t) + plain.log_slope(s)
        result: Array = log_density + np.arange(3)[:, None] * t
        return result

    rule = place_nodes(log_densities, edges, 8, SERIES, depth)
    s = rule.node[:-1]
    logs = log_densities(s)
    weight = np.exp(logs[0] - logs[0].max()) * rule.width[:-1]
    weight /= weight.sum()
    middle = float(weight @ s)
    width = math.sqrt(float(weight @ (s - middle) ** 2))
    stretch = replace(plain, middle=middle, width=max(width, 1e-12))
    if math.isfinite(plain.upper):
        at_wall = float(stretch.u_of(plain.t(np.array([2.0])))[0])
        stretch = replace(stretch, wall=max(at_wall, 1.0))
    matters = s[(logs > logs.max(axis=1, keepdims=True) - depth).any(axis=0)]
    low, high, *ends = stretch.u_of(
        plain.t(np.array([matters[0], matters[-1], edges[0], edges[-1]]))
    )
    return Pilot(start, stretch, float(low), float(high), (float(ends[0]), float(ends[1])))


def roughness(weight: Array) -> float:
    """How far two rules of twice the step are apart, for weights (K, R) that sum to one."""
    return float(np.abs(weight[:, ::2].sum(axis=1) - weight[:, 1::2].sum(axis=1)).max())


def between(value: Array, place: Array) -> Array:
    """Polynomials through the values (R,) around each place (n,), in rows, by Lagrange.

    Towards an end they would magnify what a value of next to no weight is off by a hundred thousand
    times: they stay as near the two rows beside a place as a curve that bends as the rows do.
    """
    count = min(AROUND, len(value))
    start = np.clip(np.floor(place).astype(np.intp) - count // 2 + 1, 0, len(value) - count)
    around = np.arange(count)
    away = (place - start)[:, None] - around
    on_row = away == 0
    factor = (-1.0) ** around * np.array([math.comb(count - 1, k) for k in around])
    term = np.where(on_row.any(axis=1, keepdims=True), on_row, factor / np.where(on_row, 1, away))
    values = value[start[:, None] + around]
    result: Array = (term * values).sum(axis=1) / term.sum(axis=1)
    if len(value) < 3:
        return result
    bend = np.abs(np.diff(value, 2))
    bend = np.maximum(np.append(bend[0], bend), np.append(bend, bend[-1]))
    left = np.clip(np.floor(place).astype(np.intp), 0, len(value) - 2)
    lower, upper = np.sort([value[left], value[left + 1]], axis=0)
    room = upper - lower + bend[left]
    return np.clip(result, lower - room, upper + room)
