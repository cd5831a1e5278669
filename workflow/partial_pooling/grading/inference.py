"""What a number that rests on chance can bear: tails, intervals, corrections for many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betainccinv, betaincinv, ndtr, stdtrit

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """A value with the ends of its interval; the ends are NaN where chance cannot be told."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside; not so where the ends are NaN."""
        return self.low > 0 or self.high < 0

    def within(self, lowest: float, highest: float = math.inf) -> Interval:
        """The same, its ends cut to values that are possible, which costs no coverage."""
        low, high = (min(max(end, lowest), highest) for end in (self.low, self.high))
        return Interval(self.value, low, high) if self.low == self.low else self


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of independent values with Student's t interval, n - 1 degrees of freedom.

    The ends are NaN for a single value, and for values that are all equal, of which nothing
    tells how much they vary.
    """
    x = np.asarray(values, dtype=float)
    mean = float(x.mean())
    spread = float(x.std(ddof=1)) if x.size > 1 else 0.0
    if not spread > 0:
        return Interval(mean, math.nan, math.nan)
    half = float(stdtrit(x.size - 1, (1 + level) / 2)) * spread / math.sqrt(x.size)
    return Interval(mean, mean - half, mean + half)


def share_interval(events: float, trials: float, level: float = 0.95) -> Interval:
    """A share with the interval of Clopper and Pearson (1934), Biometrika 26, 404-413.

    Parameters
    ----------
    events, trials
        Counts, which need not be whole: draws count as many trials as are effective.
    level
        Probability, at least, that the interval holds the true share.
    """
    tail = (1 - level) / 2
    low = float(betaincinv(events, trials - events + 1, tail)) if events > 0 else 0.0
    high = float(betainccinv(events + 1, trials - events, tail)) if events < trials else 1.0
    return Interval(events / trials, float(low), float(high))


def share_p_value(
    share: ArrayLike, trials: ArrayLike, null: float, tolerance: float = 0.0
) -> Array:
    """p-value of the hypothesis that a true share is within a tolerance of `null`.

    Twice the binomial's tail at the end of the tolerance on the side where the share lies; its
    incomplete beta function takes trials that are not whole. An event that was never seen is so
    judged by its chance never to be seen, ``(1 - null + tolerance) ** trials``.

    Parameters
    ----------
    share
        Observed shares, any shape.
    trials
        Independent trials that they rest on, the same shape; where NaN the p-value is NaN.
    null, tolerance
        Between 0 and 1; `null` less and plus the tolerance too.
    """
    share, trials = np.asarray(share, dtype=float), np.asarray(trials, dtype=float)
    events = share * trials
    # P(X >= k) = I_q(k, n - k + 1) and P(X <= k) = 1 - I_q(k + 1, n - k), I = 1 or 0 at the ends
    tiny = np.finfo(float).tiny
    above = betainc(np.maximum(events, tiny), trials - events + 1, null + tolerance)
    below = betainc(np.maximum(trials - events, tiny), events + 1, 1 - null + tolerance)
    return np.asarray(np.minimum(1.0, 2 * np.where(share > null, above, below)))


def error_p_value(error: ArrayLike, std_error: ArrayLike, tolerance: ArrayLike = 0.0) -> Array:
    """p-value of the hypothesis that the true value of a normal error is within a tolerance."""
    error, std_error = np.asarray(error, dtype=float), np.asarray(std_error, dtype=float)
    excess = np.maximum(np.abs(error) - tolerance, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(excess == 0, 0.0, excess / std_error)
    return np.asarray(2 * ndtr(-distance))


def holm(p_values: Sequence[float] | Array) -> Array:
    """Correct p-values for their number (Holm 1979): below alpha once in 1 / alpha.

    The rate is that of one or more false alarms among all, however the tests depend on each other.
    NaN stands for a test that was not made: it stays NaN and does not count.
    """
    p = np.asarray(p_values, dtype=float)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    stepped = np.maximum.accumulate(p[order] * np.arange(order.size, 0, -1))
    corrected = np.full_like(p, np.nan)
    corrected[order] = np.minimum(stepped, 1)
    return corrected
