"""Mixtures of normals with common weights: their moments, CDFs and quantiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from partial_pooling.arrays import Array, slices


@dataclass(frozen=True, eq=False)
class Mixture:
    """K mixtures of N normals with common weights: mean and sd (K, N), weight (N,)."""

    mean: Array
    sd: Array
    weight: Array
    center: float = 0.0

    def curves(self, x: Array) -> tuple[Array, Array]:
        """CDF and density of the one mixture there is, at x of any shape about zero."""
        flat = np.ravel(x) - self.center
        cdf, density = np.empty_like(flat), np.empty_like(flat)
        for part in slices(len(flat), self.mean.shape[1]):
            cdf[None, part], density[None, part] = self._cdf_and_density(flat[None, part])
        return cdf.reshape(np.shape(x)), density.reshape(np.shape(x))

    def moments(self) -> tuple[Array, Array]:
        """Means and standard deviations, each of shape (K,)."""
        mean = self.mean @ self.weight
        variance = (self.sd**2 + (self.mean - mean[:, None]) ** 2) @ self.weight
        return mean, np.sqrt(variance)

    def cdf(self, x: Array) -> Array:
        """Probabilities to be at most x; both of shape (K, P)."""
        return self._cdf_and_density(x)[0]

    def quantile(self, p: Array) -> Array:
        """Quantiles of shape (K, P)."""
        kept = self.weight > 1e-14  # a node so light moves no quantile
        light = Mixture(self.mean[:, kept], self.sd[:, kept], self.weight[kept])
        middle = int(np.searchsorted(np.cumsum(light.weight), 0.5))
        # A mixture's quantile lies between the least and the greatest of its components'
        each = light.mean[:, None, :] + light.sd[:, None, :] * ndtri(p)[:, None]
        return invert(
            light._cdf_and_density,
            np.broadcast_to(p, each.shape[:2]),
            each.min(axis=2),
            each.max(axis=2),
            each[:, :, middle],
            np.broadcast_to(light.sd[:, None, middle], each.shape[:2]),
        )

    def _cdf_and_density(self, x: Array) -> tuple[Array, Array]:
        inverse = 1 / self.sd
        z = (x[:, :, None] - self.mean[:, None, :]) * inverse[:, None, :]
        below = np.clip(ndtr(z) @ self.weight, 0, 1)  # weights sum to one within rounding
        np.multiply(z, z, out=z)
        z *= -0.5
        np.exp(z, out=z)
        density = (z @ (inverse * self.weight)[:, :, None])[:, :, 0] / math.sqrt(2 * math.pi)
        return below, density


def invert(
    value_and_slope: Callable[[Array], tuple[Array, Array]],
    target: Array,
    lower: Array,
    upper: Array,
    start: Array,
    scale: Array,
) -> Array:
    """Solve increasing functions for x, elementwise: Newton's method kept inside a bracket.

    Where Newton's step leaves the bracket, halve it instead in asinh(x / scale), since brackets
    of heavy tails span many orders of magnitude.
    """
    x = np.clip(start, lower, upper)
    for _ in range(200):
        value, slope = value_and_slope(x)
        lower = np.where(value <= target, x, lower)
        upper = np.where(value >= target, x, upper)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x - (value - target) / slope
        low, high = np.arcsinh((lower - start) / scale), np.arcsinh((upper - start) / scale)
        halved = start + scale * np.sinh((low + high) / 2)
        step = np.where((newton >= lower) & (newton <= upper), newton, halved)
        done = np.abs(step - x) <= 1e-9 * scale  # the step after is its square
        x = np.where(lower == upper, x, step)
        if np.all(done | (lower == upper)):
            break
    return x
