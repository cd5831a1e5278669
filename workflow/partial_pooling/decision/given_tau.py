"""What is known of mu given tau under many normal priors of it at once, for any family.

Priors of mu have one mean and S sds. The likelihood of (mu, tau) is one for all of them. Of the
normal family everything given tau is in closed form: with ``V_j = sigma_j^2 + tau^2``, ``A = sum
1 / V_j``, ``m = sum y_j / V_j / A`` and a prior Normal(m0, s) of mu

    log p(y | tau) = -1/2 [ sum log V_j + log(1 + s^2 A) + sum (y_j - m)^2 / V_j
                            + (m - m0)^2 / (s^2 + 1 / A) ] + constant

Of other families the groups are integrated out at a few mu of a few tau. Between these mu the log
likelihood is a Chebyshev series, which is integrated against every prior; between the taus what
comes of that is a spline.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from scipy.interpolate import make_interp_spline
from scipy.special import ndtr

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.exact.nested.inner import Thetas
from partial_pooling.exact.nested.rules import COARSE
from partial_pooling.exact.nodes import Legendre
from partial_pooling.families.family import Family

REACH = 8.5  # sds of mu given tau, to either side
PANEL = 3.0  # sds of mu under the narrowest prior
MOST_PANELS = 400
RULE = Legendre.of(10)
FLAT = 6.0  # log units below all scales where the likelihood depends on tau no more
STEEP = 4.0  # the same above, where it is a power of tau
STEP = 0.4  # of log tau
ORDER, LOWER = 7, 5  # of the splines, and of those to hold them against
SERIES = 16  # of the Chebyshev series, the degree to begin with
MOST_SERIES = 256
RESOLVED = 1e-6  # what is left of the series, in log likelihood


class GivenTau(NamedTuple):
    """Under S priors at n values of tau, each of shape (n, S).

    Log likelihood; probabilities that mu and the theta of a new group are above c; mean of mu, and
    of the square of its distance from the priors' mean.
    """

    log_likelihood: Array
    mu_above: Array
    new_above: Array
    mean: Array
    square: Array


type Given = Callable[[Array], GivenTau]


def closed(groups: Estimates, center: float, sds: Array, above: float) -> Given:
    """Of the normal family."""
    y, variance = groups.estimate, groups.std_error**2

    def given(tau: Array) -> GivenTau:
        square = tau**2
        spread = variance + square[:, None]
        precise = 1 / spread
        precision = precise.sum(axis=1)[:, None]
        middle = (precise @ y)[:, None] / precision
        fit = ((y - middle) ** 2 * precise + np.log(spread)).sum(axis=1)[:, None]
        log_likelihood = -0.5 * (fit + (middle - center) ** 2 / (sds**2 + 1 / precision))
        log_likelihood = log_likelihood - 0.5 * np.log1p(sds**2 * precision)
        within = 1 / (precision + sds**-2.0)
        mean = within * (precision * middle + center * sds**-2.0)
        return GivenTau(
            log_likelihood,
            ndtr((mean - above) / np.sqrt(within)),
            ndtr((mean - above) / np.sqrt(within + square[:, None])),
            mean,
            within + (mean - center) ** 2,
        )

    return given


@dataclass(frozen=True, eq=False)
class Rows:
    """Of any family, by quadrature, between `lowest` and `highest` log tau.

    Attributes
    ----------
    groups, family
        Data and their likelihood.
    center, sds
        Mean of the priors of mu, and their S sds.
    above
        The c of the decision.
    lowest, highest
        Logs of the smallest and the largest scale of tau that matters.
    """

    groups: Groups
    family: Family
    center: float
    sds: Array
    above: float
    lowest: float
    highest: float

    @cached_property
    def _known(self) -> tuple[Array, Array]:
        halves = math.ceil((self.highest - self.lowest) / (2 * STEP))
        t = np.linspace(self.lowest, self.highest, 2 * halves + 1)
        return t, np.array([self._row(tau) for tau in np.exp(t).tolist()])

    def given(self, order: int = ORDER) -> Given:
        """What is known given tau, by splines of an order."""
        t, values = self._known
        # what differs from normal groups varies less
        normal = closed(self._normal, self.center, self.sds, self.above)
        spline = make_interp_spline(t, values - _stacked(normal(np.exp(t))), order, axis=0)
        last, slope = values[-1, 0], (values[-1, 0] - values[-2, 0]) / (t[-1] - t[-2])

        def given(tau: Array) -> GivenTau:
            at = np.log(tau)
            inside = np.clip(at, t[0], t[-1])
            found = spline(inside) + _stacked(normal(np.exp(inside)))
            beyond = np.maximum(at - t[-1], 0.0)[:, None]
            # a power of tau there
            log_likelihood = np.where(beyond > 0, last + slope * beyond, found[:, 0])
            return GivenTau(log_likelihood, *np.moveaxis(found[:, 1:], 1, 0))

        return given

    @cached_property
    def _thetas(self) -> Thetas:
        return Thetas(self.groups, self.family, COARSE)

    @cached_property
    def _normal(self) -> Estimates:
        return self.family.approximation(self.groups)

    def _row(self, tau: float) -> Array:
        """`GivenTau` at a value of tau, shape (5, S)."""
        precise = 1 / (self._normal.std_error**2 + tau**2)
        precision = float(precise.sum())
        middle, sd = float(precise @ self._normal.estimate) / precision, precision**-0.5
        low = min(middle, self.center) - REACH * sd
        high = max(middle, self.center) + REACH * sd
        mu, width = self._nodes(low, high, (precision + float(self.sds.min()) ** -2) ** -0.5)
        log_likelihood = self._log_likelihood(tau, low, high)(mu)
        z = (mu - self.center) / self.sds[:, None]
        logs = log_likelihood - 0.5 * z**2 - np.log(self.sds * math.sqrt(2 * math.pi))[:, None]
        top = logs.max(axis=1)
        weight = np.exp(logs - top[:, None]) * width
        total = weight.sum(axis=1)
        weight /= total[:, None]
        new = ndtr((mu - self.above) / tau)
        over = (mu > self.above).astype(float)
        moments: list[Array] = [over, new, mu, (mu - self.center) ** 2]
        return np.array([top + np.log(total), *(weight @ each for each in moments)])

    def _nodes(self, low: float, high: float, narrow: float) -> tuple[Array, Array]:
        """Panels of mu, one of which ends at c."""
        parts = [low, self.above, high] if low < self.above < high else [low, high]
        edges = [
            np.linspace(a, b, 1 + min(MOST_PANELS, math.ceil((b - a) / (PANEL * narrow))))
            for a, b in pairwise(parts)
        ]
        left = np.concatenate([each[:-1] for each in edges])
        half = (np.concatenate([each[1:] for each in edges]) - left)[:, None] / 2
        node: Array = left[:, None] + half * (1 + RULE.node)
        width: Array = half * RULE.weight
        return node.ravel(), width.ravel()

    def _log_likelihood(self, tau: float, low: float, high: float) -> Callable[[Array], Array]:
        """Log likelihood of mu given tau, from low to high."""

        def at(x: Array) -> Array:
            mu = (low + high) / 2 + (high - low) / 2 * x
            with np.errstate(over="ignore"):  # of a tau far beyond all scales
                found = self._thetas.integrate(mu, np.full(len(mu), tau)).log_evidence
            total: Array = found.sum(axis=1)
            return total

        degree = SERIES
        series: Array = np.empty(0)
        x = chebyshev.chebpts2(degree + 1)
        values = at(x)
        while True:
            matrix = chebyshev.chebvander(x, degree)
            series = np.asarray(np.linalg.solve(matrix, values), dtype=np.float64)
            if np.abs(series[-3:]).max() < RESOLVED or degree >= MOST_SERIES:
                break
            degree *= 2
            x = chebyshev.chebpts2(degree + 1)
            finer: Array = np.empty(degree + 1)
            finer[::2], finer[1::2] = values, at(x[1::2])
            values = finer

        def between(mu: Array) -> Array:
            x = (2 * mu - low - high) / (high - low)
            return np.asarray(chebyshev.chebval(x, series), dtype=np.float64)

        return between


def _stacked(given: GivenTau) -> Array:
    return np.stack(given, axis=1)
