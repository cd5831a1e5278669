"""Classical estimates of many tables at once: those of `estimates`, in arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from partial_pooling.arrays import Array, slices, sums_without
from partial_pooling.classical.estimates import GRID
from partial_pooling.data.groups import Estimates

HALVINGS = 60  # of an interval between points of the grid: to the last digit
NEWTON = 500  # steps at most: each at least doubles what is far below the root


@dataclass(frozen=True, eq=False)
class ManyEstimates:
    """Heterogeneity and tau of T tables, each of shape (T,); nan for a table of one group.

    Attributes
    ----------
    q, p_value, i_squared
        Cochran's Q, its p-value if all theta were equal, and I^2 (see `Heterogeneity`).
    dersimonian_laird, paule_mandel, reml
        tau by each method, in the units of the data.
    """

    q: Array
    p_value: Array
    i_squared: Array
    dersimonian_laird: Array
    paule_mandel: Array
    reml: Array


def estimate_many(tables: Sequence[Estimates]) -> ManyEstimates:
    """Compute heterogeneity and three estimates of tau, as `estimates` does for one table.

    A table's numbers are the same to the last bit whichever tables stand beside it.
    """
    result = ManyEstimates(*(np.full(len(tables), np.nan) for _ in range(6)))
    by_size: dict[int, list[int]] = {}
    for i, table in enumerate(tables):
        if len(table) > 1:
            by_size.setdefault(len(table), []).append(i)
    for size, members in by_size.items():
        for part in slices(len(members), size * GRID):
            _estimate_alike(result, np.array(members[part]), tables)
    return result


def _estimate_alike(
    result: ManyEstimates, where: NDArray[np.intp], tables: Sequence[Estimates]
) -> None:
    """Fill in tables of equally many groups."""
    y = np.array([tables[i].estimate for i in where])
    variance = np.array([tables[i].std_error for i in where]) ** 2
    y = y - np.median(y, axis=1)[:, None]  # for its digits
    alike = _Alike(y, variance)
    freedom = y.shape[1] - 1
    q = alike.misfit(np.zeros(len(y)))[0]
    result.q[where] = q
    result.p_value[where] = chi2.sf(q, freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        result.i_squared[where] = np.where(q > freedom, (q - freedom) / q, 0)
    weight = 1 / variance
    share = sums_without(weight) / weight.sum(axis=1)[:, None]
    excess = np.maximum(q - freedom, 0)
    result.dersimonian_laird[where] = np.sqrt(excess / (weight * share).sum(axis=1))
    result.paule_mandel[where] = np.sqrt(alike.paule_mandel(q))
    result.reml[where] = np.sqrt(alike.reml())


@dataclass(frozen=True, eq=False)
class _Alike:
    """T tables of J groups: estimate and variance (T, J). tau^2 has a shape (T, ...)."""

    estimate: Array
    variance: Array

    def rows(self, index: NDArray[np.intp]) -> _Alike:
        return _Alike(self.estimate[index], self.variance[index])

    def _weighted(self, tau2: Array, passes: int = 3) -> tuple[Array, Array, Array]:
        """Weights, residuals about their mean, both (T, ..., J), and the mean's precision."""
        shape = (len(tau2), *(1,) * (tau2.ndim - 1), self.estimate.shape[1])
        weight = self.variance.reshape(shape) + tau2[..., None]
        np.divide(1, weight, out=weight)
        precision = weight.sum(axis=-1)
        y = self.estimate.reshape(shape)
        residual, mean = y, np.zeros_like(tau2)
        for _ in range(passes):  # each takes off the digits that the one before could not hold
            mean = mean + (weight * residual).sum(axis=-1) / precision
            residual = y - mean[..., None]
        return weight, residual, precision

    def misfit(self, tau2: Array) -> tuple[Array, Array]:
        """Q with weights 1 / (sigma^2 + tau^2), and its derivative by tau^2."""
        weight, residual, _ = self._weighted(tau2)
        terms = weight * residual**2
        return terms.sum(axis=-1), -(terms * weight).sum(axis=-1)

    def score(self, tau2: Array, passes: int = 3) -> Array:
        """Derivative of the restricted log likelihood by tau^2 (Viechtbauer 2005), doubled."""
        weight, residual, precision = self._weighted(tau2, passes)
        weight *= weight
        squares = weight.sum(axis=-1)
        residual *= residual
        residual *= weight
        result: Array = residual.sum(axis=-1) - precision + squares / precision
        return result

    def log_likelihood(self, tau2: Array) -> Array:
        """The restricted log likelihood, doubled, but for a constant."""
        weight, residual, precision = self._weighted(tau2)
        terms = weight * residual**2 - np.log(weight)
        return -terms.sum(axis=-1) - np.log(precision)

    def paule_mandel(self, q: Array) -> Array:
        """tau^2 where Q is J - 1: Q falls and is convex, so Newton's method comes from below."""
        freedom = self.estimate.shape[1] - 1
        tau2 = np.zeros(len(q))
        active = np.flatnonzero(q > freedom)
        for _ in range(NEWTON):
            if not len(active):
                break
            value, slope = self.rows(active).misfit(tau2[active])
            step = (freedom - value) / slope
            tau2[active] += step
            active = active[np.abs(step) > 1e-14 * tau2[active]]
        return tau2

    def reml(self) -> Array:
        """tau^2 of the highest maximum: see `estimates.maximum_likelihood`."""
        # above every root: see `estimates._largest`
        upper = 4 * np.ptp(self.estimate, axis=1) ** 2 + 4 * self.variance.max(axis=1)
        lower = 1e-8 * np.minimum(self.variance.min(axis=1), upper)
        grid = np.zeros((len(upper), GRID + 1))
        grid[:, 1:] = np.geomspace(lower, upper, GRID, axis=1)
        slopes = self.score(grid, passes=1)  # only its sign is wanted
        row, k = np.nonzero((slopes[:, :-1] > 0) & (slopes[:, 1:] <= 0))
        roots = _halve(self.rows(row).score, grid[row, k], grid[row, k + 1])
        best = np.zeros(len(upper))
        height = self.log_likelihood(best)
        heights = self.rows(row).log_likelihood(roots)
        for i, root, high in zip(row, roots, heights, strict=True):
            if high > height[i]:
                best[i], height[i] = root, high
        return best


def _halve(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Roots (n,) between ends where the function is positive and where it is not."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        positive = function(middle) > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    return (low + high) / 2
