"""Quantiles of many mixtures of normals, each with weights of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from partial_pooling.arrays import Array
from partial_pooling.exact.mixture import Mixture

ROUNDS = 12  # of Newton's method; three are many
NEAR = 1e-5  # in probability: one step more is far closer than 1e-9
SHARE = 0.01  # of a density, by which it may change within that step


@dataclass(frozen=True, eq=False)
class Mixtures:
    """R mixtures of n normals: mean, inverse sd, weight and a start's mean and sd.

    Attributes
    ----------
    mean, inverse_sd, weight
        Shape (R, n).
    middle, width
        Shape (R,), about where each mixture is, and how wide.
    """

    mean: Array
    inverse_sd: Array
    weight: Array
    middle: Array
    width: Array

    def below(self, x: Array) -> Array:
        """Probabilities to be below x, shape (R,) both."""
        return (ndtr((x[:, None] - self.mean) * self.inverse_sd) * self.weight).sum(axis=1)

    def quantiles(self, p: Array, coarse: Array) -> tuple[Array, Array]:
        """Quantiles, and how far off they would be without every other normal.

        Parameters
        ----------
        p
            Shape (P,).
        coarse
            Shape (R, (n + 1) / 2), weights of every other normal alone.

        Returns
        -------
        quantile, difference
            Shape (R, P), the second in probability.
        """
        first = Mixtures(
            np.ascontiguousarray(self.mean[:, ::2]),
            np.ascontiguousarray(self.inverse_sd[:, ::2]),
            coarse,
            self.middle,
            self.width,
        )
        quantile = np.empty((len(self.mean), len(p)))
        difference = np.empty_like(quantile)
        for k, each in enumerate(p.tolist()):
            start, _ = first._solve(each, self.middle + self.width * ndtri(each), 1e-3)
            quantile[:, k], cdf = self._solve(each, start, NEAR)
            with np.errstate(invalid="ignore"):
                difference[:, k] = np.abs(
                    (cdf[:, ::2] * coarse).sum(axis=1) - (cdf * self.weight).sum(axis=1)
                )
        return quantile, difference

    def _solve(self, p: float, x: Array, near: float) -> tuple[Array, Array]:
        """Solve for one quantile of each by Halley's method, from x (R,).

        Returns
        -------
        quantile, cdf
            Shape (R,) and (R, n), the second of each normal, at the last point but one.
        """
        x = x.copy()
        cdf = np.empty_like(self.mean)
        low, high = np.full_like(x, -np.inf), np.full_like(x, np.inf)
        active: NDArray[np.intp] | slice = slice(None)
        mean, inverse, weight, width = self.mean, self.inverse_sd, self.weight, self.width
        for _ in range(ROUNDS):
            at = x[active]
            z = (at[:, None] - mean) * inverse
            each = ndtr(z)
            cdf[active] = each
            each *= weight
            miss = each.sum(axis=1) - p
            np.multiply(z, z, out=each)
            each *= -0.5
            np.exp(each, out=each)
            each *= weight
            each *= inverse
            slope = each.sum(axis=1) / math.sqrt(2 * math.pi)
            z *= inverse
            z *= each
            bend = z.sum(axis=1) / (-2 * math.sqrt(2 * math.pi))
            lower = np.where(miss <= 0, at, low[active])
            upper = np.where(miss >= 0, at, high[active])
            low[active], high[active] = lower, upper
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = miss / slope
                change = newton * bend / slope  # half the share by which the density changes
                step = at - newton / (1 - np.clip(change, -0.5, 0.5))
                halved = np.where(
                    np.isfinite(lower) & np.isfinite(upper),
                    (lower + upper) / 2,
                    at - np.sign(miss) * width,
                )
            good = (step >= lower) & (step <= upper) & (np.abs(step - at) <= 2 * width)
            x[active] = np.where(good, step, halved)
            pending = ~((np.abs(miss) <= near) & (np.abs(change) <= SHARE) & good)
            if not pending.any():
                return x, cdf
            if pending.all():
                continue
            active = np.arange(len(x))[active][pending]
            mean, inverse, weight, width = (
                values[active] for values in (self.mean, self.inverse_sd, self.weight, self.width)
            )
        if near == NEAR:
            for row in np.arange(len(x))[active]:  # one at a time
                one = Mixture(
                    self.mean[row, None], 1 / self.inverse_sd[row, None], self.weight[row]
                )
                x[row] = one.quantile(np.array([p]))[0, 0]
                cdf[row] = ndtr((x[row] - self.mean[row]) * self.inverse_sd[row])
        return x, cdf
