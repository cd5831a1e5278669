"""Tables of equally many groups together: given tau, and where their posteriors of tau lie.

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
from partial_pooling.priors.prior import Scale
from partial_pooling.priors.priors import HyperPrior

DEPTH = 36.0  # log of what is negligible beside the peak
FAR = 20.0  # log units beyond all scales where a light tail has ended
LARGEST = 300.0  # log tau
WIDTH = 2.5  # of the map from u to s, in sds of s
SCAN = 40  # points to look for the bulk of the density with
LOOKS = 6


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

    def ends(
        self, lowest: Array, highest: Array, steep: Array, slowest: float
    ) -> tuple[Array, Array]:
        """Ends of s, beyond which nothing counts, each of shape (T,).

        Parameters
        ----------
        lowest, highest
            Logs of the ends of the scales of the problem.
        steep
            How fast the log likelihood may change with log tau.
        slowest
            The least exponent of a power of tau that must have become negligible.
        """
        if self.bounded:
            lower, upper = self.prior.support
            left = np.minimum(lowest - math.log(upper - lower), 0) - DEPTH
            return left, DEPTH + np.log(steep)
        far = FAR if math.isinf(slowest) else DEPTH / slowest
        both = [
            self.prior.ends(low, high, DEPTH, far)
            for low, high in zip(lowest.tolist(), highest.tolist(), strict=True)
        ]
        left, right = np.array(both).reshape(-1, 2).T
        return left, np.minimum(right, LARGEST)


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

    def _growths(self) -> list[int]:
        """Powers of tau, up to the second, whose moments depend on the tail of tau and exist."""
        return [0] if self.line.bounded else [g for g in range(3) if g < self.power]

    def weighted(self, s: Array, log_density: Array) -> list[Array]:
        """Logs of a density of s, and of it times the powers of tau whose moments exist."""
        t = self.line.log_tau(s)
        return [log_density + growth * t for growth in self._growths()]

    def bulk(self) -> Bulk:
        """Find where the density counts, or its product with a power of tau.

        Between two points a peak can rise above them: at first as far as the curvature of J groups
        allows, then as the points around tell.
        """
        widest = min(self.prior.tau.support[1], 1e150)
        steep = self.groups + (self.residual**2 / (self.variance + widest**2)).sum(axis=1)
        slowest = self.power - max(self._growths())
        low, high = self.line.ends(*self.scales(), steep, slowest)
        bulk = Bulk(low, high, (low + high) / 2, high - low, self.center.copy())
        active = np.arange(len(self))
        for again in range(LOOKS):
            part = bulk.rows(active)
            rows = self.rows(active, part.center)
            u, s, log_slope = part.nodes(SCAN)
            at = rows.at(s)
            kept = np.zeros(s.shape, dtype=bool)
            for logs in rows.weighted(s, at.log_density):
                if again:
                    bend = np.abs(np.diff(logs, 2, axis=1))
                    rise = np.zeros_like(logs)
                    rise[:, 1:-1] = bend
                    rise[:, :-2] = np.maximum(rise[:, :-2], bend)
                    rise[:, 2:] = np.maximum(rise[:, 2:], bend)
                    rise *= 0.25
                else:
                    rise = self.groups * (s[:, 1:2] - s[:, :1]) ** 2 / 4
                kept |= logs + rise >= logs.max(axis=1)[:, None] - DEPTH
            first = np.maximum(kept.argmax(axis=1) - 1, 0)
            last = np.minimum(SCAN - kept[:, ::-1].argmax(axis=1), SCAN - 1)
            every = np.arange(len(active))
            logs = at.log_density + log_slope
            top = logs.argmax(axis=1)
            weight = np.exp(logs - logs[every, top][:, None])
            weight /= weight.sum(axis=1)[:, None]
            middle = (weight * s).sum(axis=1)
            here = np.exp(log_slope[every, top]) * (u[:, 1] - u[:, 0])  # step of s
            sd = np.sqrt((weight * (s - middle[:, None]) ** 2).sum(axis=1) + here**2 / 12)
            new = Bulk(
                s[every, first],
                s[every, last],
                middle,
                WIDTH * sd,
                part.center + at.shift[every, top],
            )
            settled = (new.width > 0.8 * part.width) & (last - first > SCAN / 2)
            bulk.set(active, new)
            active = active[~settled]
            if not len(active):
                break
        return bulk


class Bulk(NamedTuple):
    """Where the density of s counts, in each of T tables; each of shape (T,).

    Attributes
    ----------
    low, high
        Ends of s.
    middle, width
        Of the map from u to s.
    center
        About the mean of mu there.
    """

    low: Array
    high: Array
    middle: Array
    width: Array
    center: Array

    def rows(self, index: NDArray[Any]) -> Bulk:
        """Some of the tables."""
        return Bulk(*(values[index] for values in self))

    def set(self, index: NDArray[Any], new: Bulk) -> None:
        """Replace some of the tables."""
        for values, replaced in zip(self, new, strict=True):
            values[index] = replaced

    @property
    def ends(self) -> tuple[Array, Array]:
        """Ends of u."""
        low, high = ((end - self.middle) / self.width for end in (self.low, self.high))
        return np.arcsinh(low), np.arcsinh(high)

    def s(self, u: Array) -> Array:
        """The s at u, shape (T, n)."""
        return self.middle[:, None] + self.width[:, None] * np.sinh(u)

    def nodes(self, count: int) -> tuple[Array, Array, Array]:
        """So many u, s and logs of d s / d u, each of shape (T, count)."""
        left, right = self.ends
        u = left[:, None] + ((right - left) / (count - 1))[:, None] * np.arange(count)
        return u, self.s(u), np.log(self.width[:, None] * np.cosh(u))
