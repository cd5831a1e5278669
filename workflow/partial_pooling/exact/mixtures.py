"""Quantiles of many mixtures of normals, each with weights of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from partial_pooling.arrays import Array
from partial_pooling.exact.mixture import Mixture

CACHED = 32_000  # numbers to work on at once: what is made of them fits the nearest cache
ROUNDS = 12  # of Newton's method; three are many
NEAR = 5e-9  # error in probability
NEARLY = 1e-4  # of a start


@dataclass(frozen=True, eq=False)
class Mixtures:
    """R mixtures of n normals: mean, inverse sd and weight of each.

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
        quantile = np.empty((len(self.mean), len(p)))
        difference = np.empty_like(quantile)
        size = max(1, CACHED // (self.mean.shape[1] * len(p)))
        for start in range(0, len(self.mean), size):
            part = slice(start, start + size)
            index = np.tile(np.arange(len(self.mean))[part], len(p))
            each = np.repeat(p, len(index) // len(p))
            some, thin = self._rows(index), coarse[index]
            half = Mixtures(
                np.ascontiguousarray(some.mean[:, ::2]),
                np.ascontiguousarray(some.inverse_sd[:, ::2]),
                thin,
                some.middle,
                some.width,
            )
            guess, _ = half._solve(each, some.middle + some.width * ndtri(each), NEARLY)
            found, cdf = some._solve(each, guess, NEAR)
            miss = np.abs((cdf[:, ::2] * thin).sum(axis=1) - (cdf * some.weight).sum(axis=1))
            quantile[part] = found.reshape(len(p), -1).T
            difference[part] = miss.reshape(len(p), -1).T
        return quantile, difference

    def _rows(self, index: NDArray[np.intp]) -> Mixtures:
        return Mixtures(
            self.mean[index],
            self.inverse_sd[index],
            self.weight[index],
            self.middle[index],
            self.width[index],
        )

    def _solve(self, p: Array, x: Array, near: float) -> tuple[Array, Array]:
        """Solve for one quantile of each by Newton's method and two orders more.

        Parameters
        ----------
        p, x
            Shape (R,), probabilities and where to begin.
        near
            Greatest error to leave, in probability.

        Returns
        -------
        quantile, cdf
            Shape (R,) and (R, n), the second of each normal, at the last point but one.
        """
        x = x.copy()
        cdf = np.empty_like(self.mean)
        low, high = np.full_like(x, -np.inf), np.full_like(x, np.inf)
        active, some, wanted = np.arange(len(x)), self, p
        for _ in range(ROUNDS):
            at = x[active]
            z = (at[:, None] - some.mean) * some.inverse_sd
            each, square = ndtr(z), np.empty_like(z)
            cdf[active] = each
            each *= some.weight
            miss = each.sum(axis=1) - wanted
            np.multiply(z, z, out=square)
            np.multiply(square, -0.5, out=each)
            np.exp(each, out=each)
            each *= some.weight
            each *= some.inverse_sd
            slope = each.sum(axis=1)
            each *= some.inverse_sd
            z *= each
            bend = z.sum(axis=1)
            square -= 1
            square *= each
            square *= some.inverse_sd
            twist = square.sum(axis=1)
            lower = np.where(miss <= 0, at, low[active])
            upper = np.where(miss >= 0, at, high[active])
            low[active], high[active] = lower, upper
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = miss / slope * math.sqrt(2 * math.pi)
                # terms of the inverse's series: f' / 2 f and f'' / 6 f, times the step
                second = newton * bend / slope / -2
                third = newton**2 * twist / slope / 6
                step = at - newton * (1 + second + 2 * second**2 - third)
                error = 5 * np.abs(miss) * (np.abs(second) + np.sqrt(np.abs(third))) ** 3
                plain = at - newton
                step = np.where(np.abs(second) + np.sqrt(np.abs(third)) < 0.5, step, plain)
                halved = np.where(
                    np.isfinite(lower) & np.isfinite(upper),
                    (lower + upper) / 2,
                    at - np.sign(miss) * some.width,
                )
            good = (step >= lower) & (step <= upper) & (np.abs(step - at) <= 2 * some.width)
            x[active] = np.where(good, step, halved)
            pending = ~((error <= near) & good)
            if not pending.any():
                return x, cdf
            if not pending.all():
                active = active[pending]
                some, wanted = self._rows(active), p[active]
        if near == NEAR:
            for row in active:  # one at a time
                one = Mixture(
                    self.mean[row, None], 1 / self.inverse_sd[row, None], self.weight[row]
                )
                x[row] = one.quantile(p[row : row + 1])[0, 0]
                cdf[row] = ndtr((x[row] - self.mean[row]) * self.inverse_sd[row])
        return x, cdf
