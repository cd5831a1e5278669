"""Posteriors of tau of many tables at once, by the trapezoid rule.

The posterior of ``t = log tau`` is analytic for ``|Im t| < pi / 2``, so the trapezoid rule
converges geometrically, and a rule of half the step has about the square of its error (Trefethen
and Weideman 2014, The exponentially convergent trapezoidal rule, SIAM Review 56): two steps tell
how good the finer one is. To the left the density falls as tau, to the right as a power of it; the
nodes out there make a geometric series, whose sum goes to the last node. Where tau has an upper
bound, the rule is in ``s``, with ``tau = lower + (upper - lower) / (1 + exp(-s))``.

Arrays have the shapes (tables, groups, nodes) or a part of it. Sums run within a table, in an order
that other tables do not change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from partial_pooling.arrays import BLOCK, Array
from partial_pooling.data.groups import Estimates
from partial_pooling.priors.distributions import Scale
from partial_pooling.priors.priors import HyperPrior

DEPTH = 36.0  # log of what is negligible beside the peak
FAR = 12.0  # log units beyond all scales where the tails are powers: exp(-2 * FAR) is negligible
LARGE = 1e5  # terms of a log density, which rounding changes by 1e-11
SCAN = 40  # points to look for the bulk of the density with


@dataclass(frozen=True)
class Line:
    """The line s on which nodes of tau lie evenly."""

    prior: Scale

    @property
    def bounded(self) -> bool:
        """Whether tau has an upper bound."""
        return math.isfinite(self.prior.support[1])

    def tau(self, s: Array) -> Array:
        """Values of tau at s."""
        lower, upper = self.prior.support
        if self.bounded:
            return np.minimum(lower + (upper - lower) * expit(s), upper)
        return np.exp(s)

    def log_tau(self, s: Array) -> Array:
        """Log of tau at s."""
        lower, upper = self.prior.support
        if not self.bounded:
            return s
        return math.log(upper) + log_expit(s) if lower == 0 else np.log(self.tau(s))

    def log_slope(self, s: Array) -> Array:
        """Log of d tau / d s."""
        lower, upper = self.prior.support
        if not self.bounded:
            return s
        result: Array = math.log(upper - lower) + log_expit(s) + log_expit(-s)
        return result

    def ends(self, lowest: Array, highest: Array, steep: Array) -> tuple[Array, Array]:
        """Ends of s, beyond which a rate tells all, each of shape (T,).

        Parameters
        ----------
        lowest, highest
            Logs of the ends of the scales of the problem.
        steep
            How fast the log likelihood may change with log tau.
        """
        if self.bounded:
            lower, upper = self.prior.support
            left = np.minimum(lowest - math.log(upper - lower), 0) - FAR
            return left, FAR + np.log(steep)
        both = [
            self.prior.ends(low, high, DEPTH, FAR)
            for low, high in zip(lowest.tolist(), highest.tolist(), strict=True)
        ]
        left, right = np.array(both).reshape(-1, 2).T.copy()
        return (left if self.prior.positive else lowest - FAR), right

    def left_rate(self, power_of_tau: int) -> float:
        """c, if tau ** power_of_tau falls as exp(c s) to the left; else infinite."""
        if self.prior.positive:
            return math.inf
        return 1.0 + (power_of_tau if self.prior.support[0] == 0 else 0)

    def right_rate(self, growth: int, power: float) -> float:
        """c, if what grows as tau ** growth falls as exp(-c s) to the right, or infinite."""
        return 1.0 if self.bounded else power - growth


class At(NamedTuple):
    """What is known at nodes s, of shape (T, n), mu being relative to the center."""

    tau: Array
    log_density: Array  # prior times likelihood of s, with all constants
    squares: Array  # the quadratic form, whose rounding is that of the density
    shift: Array  # mean of mu
    precision: Array  # of mu


@dataclass(frozen=True, eq=False)
class Tables:
    """T tables of J groups each.

    Attributes
    ----------
    estimate, variance
        Shape (T, J).
    center
        Shape (T,), subtracted from all positions.
    prior
        Of all tables.
    """

    estimate: Array
    variance: Array
    center: Array
    prior: HyperPrior

    @classmethod
    def of(cls, tables: Sequence[Estimates], prior: HyperPrior) -> Tables:
        """About their median estimates."""
        estimate = np.array([table.estimate for table in tables])
        variance = np.array([table.std_error for table in tables]) ** 2
        return cls(estimate, variance, np.median(estimate, axis=1), prior)

    def __len__(self) -> int:
        return len(self.center)

    @property
    def groups(self) -> int:
        """J."""
        return int(self.estimate.shape[1])

    @property
    def power(self) -> float:
        """Exponent of the power law of P(tau > x | y)."""
        return self.prior.tail_power(self.groups)

    @property
    def line(self) -> Line:
        """Where nodes lie."""
        return Line(self.prior.tau)

    @property
    def prior_precision(self) -> float:
        """Of mu; 0 if its prior is flat."""
        return self.prior.mu.sd**-2

    @cached_property
    def residual(self) -> Array:
        """Shape (T, J), estimates less the center."""
        return self.estimate - self.center[:, None]

    @cached_property
    def prior_residual(self) -> Array:
        """Shape (T,), prior mean of mu less the center."""
        return self.prior.mu.mean - self.center if self.prior_precision else 0 * self.center

    def rows(self, index: NDArray[Any], center: Array | None = None) -> Tables:
        """Some of the tables, about other centers if given."""
        center = self.center[index] if center is None else center
        return Tables(self.estimate[index], self.variance[index], center, self.prior)

    # -- given tau -------------------------------------------------------------------------

    def at(self, s: Array) -> At:
        """Density and mu at nodes s, shape (T, n)."""
        tau = self.line.tau(s)
        parts = []
        size = max(1, BLOCK // self.estimate.size)
        for start in range(0, s.shape[1], size):
            part = slice(start, start + size)
            parts.append(self._given(tau[:, part]))
        log_likelihood, squares, shift, precision = (
            parts[0]
            if len(parts) == 1
            else (np.concatenate(x, axis=1) for x in zip(*parts, strict=True))
        )
        of_tau = self.prior.tau.log_density(tau) + self.line.log_slope(s)
        return At(tau, of_tau + log_likelihood, squares, shift, precision)

    def log_likelihood(self, tau: Array) -> Array:
        """Log p(y | tau), shape (T, n), like tau; a flat prior of mu counts as density one."""
        return self._given(tau)[0]

    def _given(self, tau: Array) -> tuple[Array, Array, Array, Array]:
        """Log p(y | tau), its quadratic form, mean and precision of mu (BDA 3rd ed., 5.20, 5.21).

        A flat prior of mu counts as density one.
        """
        extra, r0 = self.prior_precision, self.prior_residual[:, None]
        variance = self.variance[:, :, None] + (tau**2)[:, None, :]
        logs = np.log(variance).sum(axis=1)
        inverse = np.divide(1, variance, out=variance)
        precision = inverse.sum(axis=1) + extra
        residual = self.residual[:, :, None]
        shift = ((inverse * residual).sum(axis=1) + extra * r0) / precision
        distance = residual - shift[:, None, :]
        distance *= distance
        distance *= inverse
        squares = distance.sum(axis=1) + extra * (r0 - shift) ** 2
        unit = extra or 2 * math.pi
        logs += self.groups * math.log(2 * math.pi) + np.log(precision / unit)
        return -0.5 * (logs + squares), squares, shift, precision

    def theta(self, at: At, part: slice) -> tuple[Array, Array, Array]:
        """Mean, variance and pooling factor of some groups' theta, (T, K, n) (BDA, 5.17)."""
        variance = self.variance[:, part, None]
        square = (at.tau**2)[:, None, :]
        inverse = 1 / (variance + square)
        pooling = variance * inverse
        keep = square * inverse
        mean = pooling * at.shift[:, None, :]
        mean += keep * self.residual[:, part, None]
        keep *= variance
        keep += pooling**2 / at.precision[:, None, :]
        return mean, keep, pooling

    # -- where the nodes go ----------------------------------------------------------------

    def scales(self) -> tuple[Array, Array]:
        """Logs of the least and of the greatest scale of each problem, each of shape (T,)."""
        spread = np.abs(self.residual)
        precision = (1 / self.variance).sum(axis=1)
        largest = np.maximum(np.sqrt(self.variance.max(axis=1)), spread.max(axis=1))
        s0 = self.prior.mu.sd
        if math.isfinite(s0):
            spread = np.maximum(spread, np.abs(self.prior_residual)[:, None])
            precision = precision + s0**-2
            largest = np.maximum(
                np.maximum(largest, spread.max(axis=1)), s0 * math.sqrt(self.groups)
            )
        smallest = precision**-0.5
        steep = ((spread / self.variance) ** 2).sum(axis=1)
        with np.errstate(divide="ignore"):
            smallest = np.minimum(smallest, steep**-0.5)
        ours = self.prior.tau.scales
        lowest = np.log(np.minimum(smallest, min(ours, default=math.inf)))
        highest = np.log(np.maximum(largest, max(ours, default=0.0)))
        return lowest, highest + 0.5 * math.log(self.groups)

    def _weighted(self, s: Array, at: At) -> list[Array]:
        """Logs of the density, and of it times the powers of tau whose moments exist."""
        t = self.line.log_tau(s)
        growths = [0] if self.line.bounded else [g for g in range(3) if g < self.power]
        return [at.log_density + g * t for g in growths]

    def bulk(self) -> tuple[Array, Array, Array, Array]:
        """Ends of s within which the density counts, its sd there, and mu's mean at the mode.

        Zooms in on where the density, or its product with a power of tau, is within `DEPTH` of
        its peak. Between two points a peak can rise above them as far as the curvature of J
        groups allows. Each of shape (T,).
        """
        widest = min(self.prior.tau.support[1], 1e150)
        steep = self.groups + (self.residual**2 / (self.variance + widest**2)).sum(axis=1)
        low, high = self.line.ends(*self.scales(), steep)
        sd, center = np.empty(len(self)), self.center.copy()
        active = np.arange(len(self))
        for _ in range(8):
            rows = self.rows(active)
            step = (high[active] - low[active]) / (SCAN - 1)
            s = low[active, None] + step[:, None] * np.arange(SCAN)
            at = rows.at(s)
            depth = (DEPTH + self.groups * step**2 / 4)[:, None]
            kept = np.zeros(s.shape, dtype=bool)
            for logs in rows._weighted(s, at):
                kept |= logs >= logs.max(axis=1)[:, None] - depth
            first = np.maximum(kept.argmax(axis=1) - 1, 0)
            last = np.minimum(SCAN - kept[:, ::-1].argmax(axis=1), SCAN - 1)
            every = np.arange(len(active))
            low[active], high[active] = s[every, first], s[every, last]
            top = at.log_density.argmax(axis=1)
            weight = np.exp(at.log_density - at.log_density[every, top][:, None])
            weight /= weight.sum(axis=1)[:, None]
            middle = (weight * s).sum(axis=1)[:, None]
            sd[active] = np.sqrt((weight * (s - middle) ** 2).sum(axis=1) + step**2 / 12)
            center[active] = self.center[active] + at.shift[every, top]
            active = active[last - first < SCAN / 2]
            if not len(active):
                break
        return low, high, sd, center


@dataclass(frozen=True, eq=False)
class Rule:
    """Every `stride`-th of evenly spaced nodes, with weights that sum to one in each table.

    Attributes
    ----------
    tables
        What it is of.
    s
        Shape (T, n).
    step
        Shape (T,), of s.
    at
        What is known at the nodes.
    """

    tables: Tables
    s: Array
    step: Array
    at: At

    @classmethod
    def between(cls, tables: Tables, low: Array, high: Array, count: int) -> Rule:
        """With so many nodes from low to high."""
        step = (high - low) / (count - 1)
        s = low[:, None] + step[:, None] * np.arange(count)
        return cls(tables, s, step, tables.at(s))

    def every(self, stride: int) -> Rule:
        """The rule of some of the nodes, of which both ends must be among."""
        at = At(*(np.ascontiguousarray(values[:, ::stride]) for values in self.at))
        return Rule(self.tables, self.s[:, ::stride], self.step * stride, at)

    def rows(self, index: NDArray[np.bool_]) -> Rule:
        """The rules of some of the tables."""
        if index.all():
            return self
        at = At(*(values[index] for values in self.at))
        return Rule(self.tables.rows(index), self.s[index], self.step[index], at)

    def given_tau(self, variable: str) -> tuple[Array, Array]:
        """Mean and variance of mu or theta_new at the nodes, each of shape (T, n)."""
        variance = 1 / self.at.precision
        return self.at.shift, variance + self.at.tau**2 if variable == "theta_new" else variance

    @cached_property
    def _top(self) -> Array:
        return self.at.log_density.max(axis=1)

    @cached_property
    def density(self) -> Array:
        """Posterior density of s at the nodes, as this rule normalizes it."""
        return self.weight_of_node / self.step[:, None]

    @cached_property
    def weight_of_node(self) -> Array:
        """Of each node for itself, without what lies beyond the ends."""
        return self._unscaled / self._total[:, None]

    @cached_property
    def _unscaled(self) -> Array:
        return np.exp(self.at.log_density - self._top[:, None])

    @cached_property
    def _total(self) -> Array:
        return self._with_ends(self._unscaled, 0, 0).sum(axis=1)

    @cached_property
    def log_norm(self) -> Array:
        """Shape (T,), log of the integral of prior times likelihood."""
        return self._top + np.log(self._total * self.step)

    @cached_property
    def weight(self) -> Array:
        """Shape (T, n), posterior probability that each node stands for."""
        return self.weights(0)

    def weights(self, growth: int, power_of_tau: int = 0) -> Array:
        """Weights to integrate what grows as tau ** growth in the right tail.

        In the left tail it is constant or, if that is given, a power of tau. They are nan where
        the moment does not exist.
        """
        return self._with_ends(self.weight_of_node, growth, power_of_tau)

    def _with_ends(self, weight: Array, growth: int, power_of_tau: int) -> Array:
        weight = weight.copy()
        for end, rate in ((0, self.left_rate(power_of_tau)), (-1, self.right_rate(growth))):
            if rate > 0:
                weight[:, end] /= -np.expm1(-rate * self.step)
            else:
                weight[:, end] = np.nan
        return weight

    def left_rate(self, power_of_tau: int = 0) -> float:
        """See `Line`."""
        return self.tables.line.left_rate(power_of_tau)

    def right_rate(self, growth: int = 0) -> float:
        """See `Line`."""
        return self.tables.line.right_rate(growth, self.tables.power)

    @property
    def ends_are_reached(self) -> NDArray[np.bool_]:
        """Shape (T,), whether the density is negligible at an end of which no rate is known."""
        reached = np.ones(len(self.tables), dtype=bool)
        for end, rate in ((0, self.left_rate()), (-1, self.right_rate())):
            if math.isinf(rate):
                for logs in self.tables._weighted(self.s, self.at):
                    reached &= logs[:, end] < logs.max(axis=1) - 0.8 * DEPTH
        return reached

    @property
    def is_free_of_rounding(self) -> NDArray[np.bool_]:
        """Shape (T,), whether no density that counts is a difference of large numbers."""
        large = self.at.squares + np.abs(self.at.log_density)
        return (np.where(self.weight > 1e-10, large, 0) < LARGE).all(axis=1)

    # -- moments ---------------------------------------------------------------------------

    def moments_of_tau(self) -> tuple[Array, Array]:
        """Mean and sd of tau, each of shape (T,); nan where they do not exist."""
        tau = self.at.tau
        weights = [self.weights(power, power) for power in range(3)]
        mean = (weights[1] * tau).sum(axis=1)
        squares = (weights[0] * (tau - mean[:, None]) ** 2)[:, 1:-1].sum(axis=1)
        for end in (0, -1):  # each power of tau in (tau - mean)^2 has its own weight in the tails
            w0, w1, w2 = (weight[:, end] for weight in weights)
            x = tau[:, end]
            squares = squares + (w0 * mean**2 - 2 * w1 * mean * x + w2 * x**2)
        return mean, np.sqrt(squares)

    def moments_of_log_tau(self) -> tuple[Array, Array]:
        """Mean and sd of log tau, each of shape (T,)."""
        t = self.tables.line.log_tau(self.s)
        weight = self.weight
        place, extra = t.copy(), np.zeros(len(t))
        lower, upper = self.tables.prior.tau.support
        for end, rate, moves in (
            (0, self.left_rate(), lower == 0),
            (-1, self.right_rate(), math.isinf(upper)),
        ):
            if moves and math.isfinite(rate):  # the nodes beyond, a geometric series
                q = np.exp(-rate * self.step)
                late = self.step * q / (1 - q)
                place[:, end] += -late if end == 0 else late
                extra += weight[:, end] * (self.step / (1 - q)) ** 2 * q
        mean = (weight * place).sum(axis=1)
        return mean, np.sqrt((weight * (place - mean[:, None]) ** 2).sum(axis=1) + extra)

    def moments_of(self, shift: Array, variance: Array, spreads: bool) -> tuple[Array, Array]:
        """Mean and sd of what has this mean and variance at the nodes, each of shape (T,).

        `spreads` says that the variance grows as tau ** 2.
        """
        mean = (self.weight * shift).sum(axis=1)
        within = (self.weights(2 if spreads else 0) * variance).sum(axis=1)
        between = (self.weight * (shift - mean[:, None]) ** 2).sum(axis=1)
        if spreads and not self.right_rate(1) > 0:
            mean = np.full_like(mean, np.nan)
        return mean, np.sqrt(within + between)
