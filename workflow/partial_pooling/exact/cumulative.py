"""Quantiles of log tau from its density at the evenly spaced nodes of many tables.

Between two nodes the density is the polynomial through the sixteen nodes around, which is
integrated exactly; beyond the ends it is the exponential that it has become there.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.exact.trapezoid import Rule

POINTS = 16  # nodes around a cell
FEWER = 12  # that should tell the same


@cache
def _integrals(points: int) -> Array:
    """Integrals from 0 to u of the Lagrange polynomials of integers around the cell from 0 to 1.

    Returns
    -------
    numpy.ndarray
        Shape (points, points + 1), coefficients of u ** 0, u ** 1, ...
    """
    places = range(1 - points // 2, points // 2 + 1)
    rows = []
    for j in places:
        polynomial, scale = [1], 1
        for other in places:
            if other != j:
                moved = [0, *polynomial]
                polynomial = [a - other * b for a, b in zip(moved, [*polynomial, 0], strict=True)]
                scale *= j - other
        terms = [Fraction(c, scale * (k + 1)) for k, c in enumerate(polynomial)]
        rows.append([0.0, *map(float, terms)])
    return np.array(rows)


class CumulativeOfLogTau:
    """The posterior of log tau as a distribution, from a rule with one (see the module).

    Attributes
    ----------
    error
        Shape (T,), how far the probabilities may be off: what they miss a sum of one by, and what
        fewer points around a cell would change.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.left, self.right = rule.left_rate(), rule.right_rate()
        beyond = np.arange(1, POINTS // 2 + 1) * rule.step[:, None]
        density = rule.density
        self._density = np.concatenate(  # at the nodes and on both sides of them
            [
                density[:, :1] * np.exp(-self.left * beyond[:, -2::-1]),
                density,
                density[:, -1:] * np.exp(-self.right * beyond),
            ],
            axis=1,
        )
        # probability below the first node, and above the last
        self._below, self._above = density[:, 0] / self.left, density[:, -1] / self.right
        cells = np.stack([self._cells(POINTS), self._cells(FEWER)])
        below = self._below[:, None] + np.cumsum(cells, axis=2)
        self._at_nodes = np.concatenate([self._below[:, None], below[0]], axis=1)
        self.error = np.abs(below[0] - below[1]).max(axis=1)
        self.error += np.abs(self._at_nodes[:, -1] + self._above - 1)

    def _cells(self, points: int) -> Array:
        """Shape (T, n - 1), the probability between each two nodes."""
        count = self.rule.s.shape[1] - 1
        first = (POINTS - points) // 2
        result = np.zeros((len(self.rule.step), count))
        for j, factor in enumerate(_integrals(points).sum(axis=1)):
            result += factor * self._density[:, first + j : first + j + count]
        return result * self.rule.step[:, None]

    def quantiles(self, p: Array) -> Array:
        """Quantiles of s, shape (T, P), at probabilities (P,)."""
        rule = self.rule
        count = rule.s.shape[1] - 1
        cell = (self._at_nodes[:, None, :] <= p[:, None]).sum(axis=2) - 1
        inside = np.clip(cell, 0, count - 1)
        row = np.arange(len(rule.step))[:, None]
        around = self._density[row[:, :, None], inside[:, :, None] + np.arange(POINTS)]
        terms = (around[..., None] * _integrals(POINTS)).sum(axis=2) * rule.step[:, None, None]
        target = p - self._at_nodes[row, inside]
        low, high = np.zeros_like(target), np.ones_like(target)
        u = np.full_like(target, 0.5)
        done = np.zeros(target.shape, dtype=bool)
        for _ in range(60):  # Newton's method kept inside a bracket
            value, slope = np.zeros_like(u), np.zeros_like(u)
            for k in range(POINTS, -1, -1):
                slope = slope * u + value
                value = value * u + terms[..., k]
            low, high = np.where(value <= target, u, low), np.where(value > target, u, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = u - (value - target) / slope
            step = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
            done, u = done | (np.abs(step - u) < 1e-10), np.where(done, u, step)
            if done.all():
                break
        s = rule.s[row, inside] + u * rule.step[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            left = rule.s[:, :1] + np.log(p / self._below[:, None]) / self.left
            right = rule.s[:, -1:] - np.log((1 - p) / self._above[:, None]) / self.right
        s = np.where(cell < 0, np.minimum(left, rule.s[:, :1]), s)
        return np.where(cell >= count, np.maximum(right, rule.s[:, -1:]), s)
