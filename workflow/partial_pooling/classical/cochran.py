"""The distribution of Cochran's Q given tau, in both tails and to full relative precision.

With weights ``w_j = 1 / sigma_j^2``, mu dropped out and z_j = y_j / sigma_j of variance
``d_j = 1 + tau^2 w_j``, Q is the quadratic form ``z' (I - h h') z`` with ``h_j^2 = w_j / sum w``: a
sum of J - 1 chi-squares with weights. By the matrix determinant lemma its cumulant function is

    K(s) = log E exp(s Q) = -1/2 [ sum_j log(1 - 2 s d_j) + log sum_j h_j^2 / (1 - 2 s d_j) ],

which takes no eigenvalues and O(J) operations an s. The group of largest d, the most precise, is
multiplied into the sum, ``F(s) = h_1^2 + (1 - 2 s d_1) sum_{j > 1} h_j^2 / (1 - 2 s d_j)``: F is
positive up to the first singularity of K, which can lie far beyond ``1 / (2 d_1)``.

The tails are contour integrals of ``exp(K(s) - s q) / s``, after Imhof (1961), Computing the
distribution of quadratic forms in normal variables, Biometrika 48, but along a path through the
saddle point (Lugannani and Rice 1980, Advances in Applied Probability 12): a parabola around the
singularities, all of which are real, on which the integrand neither oscillates nor cancels. So a
probability of 1e-80 has as many digits as one of 0.5. The trapezoid rule converges geometrically;
its own subset of every other node says when it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri_exp

from partial_pooling.arrays import BLOCK, Array

INTERVALS = 24  # of the trapezoid rule on half the path, to begin with
MOST_INTERVALS = 1024
AGREED = 1e-7  # relative, of a rule and its coarser half: the error is about its power of 1.5
SMOOTH = 1e-8  # absolute, of the polynomial of half the degree
FAR = 1e10  # times all scales of the problem: what is left out is its square
MANY = 200  # groups; a tail is then steep in tau
NOTHING = -40.0  # log of a tail of many groups that counts for nothing
ROUNDED = -200.0  # log of a tail that is given as Chernoff's bound
FLATTER = 20  # times to make a path four times flatter; two are many
DECAY = 40.0  # log of what is negligible at the end of the path beside its middle


@dataclass(frozen=True, eq=False)
class CochranTails:
    """Tail probabilities of Cochran's Q for values of tau.

    Attributes
    ----------
    q
        Where the tails begin, 0 or more.
    std_error
        Shape (J,), J >= 2, in the units of the data.
    """

    q: float
    std_error: Array

    def logs(self, tau: Array) -> tuple[Array, Array]:
        """Logs of P(Q <= q | tau) and of P(Q >= q | tau), both of the shape (n,) of tau.

        Relative error of the smaller probability: 1e-8. With `MANY` groups that is the absolute
        error, and what is below 4e-18 is given as that.
        """
        if self.q == 0:
            return np.full_like(tau, -np.inf), np.zeros_like(tau)
        lower, upper = self.window
        # beyond all scales P(Q <= q) is a power of tau, to the last digit
        excess = np.log(np.maximum(tau / self._highest, 1))
        tau = np.minimum(tau, self._highest)
        below = np.where(tau > upper, NOTHING, 0.0)
        above = np.where(tau < lower, NOTHING, 0.0)
        inside = (tau >= lower) & (tau <= upper)
        if len(self.std_error) < MANY:
            below[inside], above[inside] = self._integrate(tau[inside])
        else:
            score = self._score(self._position(tau[inside]))
            below[inside], above[inside] = log_ndtr(-score), log_ndtr(score)
        return below - (len(self.std_error) - 1) * excess, above

    def _integrate(self, tau: Array) -> tuple[Array, Array]:
        below, above = np.empty_like(tau), np.empty_like(tau)
        size = max(1, BLOCK // (len(self.std_error) * INTERVALS))
        for start in range(0, len(tau), size):
            part = slice(start, start + size)
            below[part], above[part] = self._given(tau[part]).log_tails()
        return below, above

    def _position(self, tau: Array) -> Array:
        """A scale on which the tails are analytic near tau = 0, where they depend on tau^2."""
        result: Array = np.log1p((tau / self._increasing[0]) ** 2)
        return result

    @cached_property
    def _score(self) -> Chebyshev:
        """The z for which Phi(z) is P(Q >= q | tau), by position, interpolated in the window.

        With many groups an integral takes long, and z is smooth, since Q is nearly normal.
        """
        lower, upper = (float(end) for end in self._position(np.array(self.window)))
        ends = [lower, upper + 1e-9]

        def score(position: Array) -> Array:
            below, above = self._integrate(self._increasing[0] * np.sqrt(np.expm1(position)))
            smaller = ndtri_exp(np.minimum(below, above))
            return np.where(above < below, smaller, -smaller)

        degree, coarse = 16, Chebyshev.interpolate(score, 8, ends)
        while degree <= MOST_INTERVALS:
            fine = Chebyshev.interpolate(score, degree, ends)
            probe = np.linspace(ends[0], ends[1], 4 * degree + 1)
            if np.abs(ndtr(fine(probe)) - ndtr(coarse(probe))).max() < SMOOTH:
                return fine
            degree, coarse = 2 * degree, fine
        raise ArithmeticError("the distribution of Cochran's Q did not converge over tau")

    @cached_property
    def _highest(self) -> float:
        return FAR * math.sqrt(1 + self.q) * float(self.std_error.max())

    @cached_property
    def window(self) -> tuple[float, float]:
        """Lowest and highest tau between which both tails count.

        Q grows with tau, so one tail falls and the other grows. Both ends are within the scales
        of the problem: below them Q does not depend on tau, above see `logs`.
        """
        if len(self.std_error) < MANY:  # it is wide, and no work is spared
            return 0.0, math.inf
        ends = math.log(self.std_error.min() / FAR), math.log(self._highest)
        lower = self._change(*ends, lambda bound, is_above: is_above and bound < NOTHING)
        upper = self._change(*ends, lambda bound, is_above: is_above or bound >= NOTHING)
        return math.exp(lower) if lower > ends[0] + 1 else 0.0, math.exp(upper)

    def _change(self, low: float, high: float, before: Callable[[float, bool], bool]) -> float:
        """Log tau up to which something is true; an end if it is everywhere or nowhere."""
        for _ in range(60):
            middle = (low + high) / 2
            bound, is_above = self._given(np.array([math.exp(middle)])).log_bound()
            if before(float(bound[0]), bool(is_above[0])):
                low = middle
            else:
                high = middle
        return high

    @cached_property
    def _increasing(self) -> Array:
        return np.sort(self.std_error)

    def _given(self, tau: Array) -> _Form:
        return _Form.given(self.q, self._increasing, tau)


@dataclass(frozen=True, eq=False)
class _Form:
    """Q for n values of tau, each in a unit of its own: the d of the second most precise group.

    Attributes
    ----------
    q
        Shape (n,), where the tails begin.
    first, first_share
        d (n,) and h^2 of the most precise group.
    rest, share
        d (n, J - 1) and h^2 (J - 1,) of the others, decreasing.
    """

    q: Array
    first: Array
    first_share: float
    rest: Array
    share: Array

    @classmethod
    def given(cls, q: float, std_error: Array, tau: Array) -> _Form:
        """Standard errors increasing."""
        weight = (std_error[0] / std_error) ** 2
        share = weight / weight.sum()
        d = 1 + (tau[:, None] / std_error) ** 2
        unit = d[:, 1]
        return cls(q / unit, d[:, 0] / unit, float(share[0]), d[:, 1:] / unit[:, None], share[1:])

    def rows(self, index: NDArray[np.intp]) -> _Form:
        return replace(self, q=self.q[index], first=self.first[index], rest=self.rest[index])

    def cumulant(self, s: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """K at s of shape (n, m), in the upper half plane or on the real axis."""
        # in real numbers, of which NumPy takes logarithms ten times faster
        real = 1 - 2 * s.real[:, :, None] * self.rest[:, None, :]
        imaginary = -2 * s.imag[:, :, None] * self.rest[:, None, :]
        square = real**2 + imaginary**2
        logs = 0.5 * np.log(square).sum(axis=2) + 1j * np.arctan2(imaginary, real).sum(axis=2)
        inverses = (real / square) @ self.share - 1j * ((imaginary / square) @ self.share)
        mixed = self.first_share + (1 - 2 * s * self.first[:, None]) * inverses
        result: NDArray[np.complex128] = -0.5 * (logs + np.log(mixed))
        return result

    def derivatives(self, s: Array) -> tuple[Array, Array, Array, Array]:
        """First three derivatives of K at real s (n,), and F, not positive beyond K's domain."""
        x = 1 / (1 - 2 * s[:, None] * self.rest)
        y = 2 * self.rest * x
        head = 1 - 2 * s * self.first
        sums, shared, power = [], [x @ self.share], np.ones_like(y)
        for _ in range(3):
            power *= y
            sums.append(power.sum(axis=1))
            shared.append((power * x) @ self.share)  # a derivative of the first, over k!
        f, f1, f2, f3 = (
            math.factorial(k) * (head * shared[k] - 2 * self.first * (shared[k - 1] if k else 0))
            for k in range(4)
        )
        f = f + self.first_share
        with np.errstate(divide="ignore", invalid="ignore"):
            l1 = f1 / f
            l2 = f2 / f - l1**2
            l3 = f3 / f - 3 * l1 * f2 / f + 2 * l1**3
        return 0.5 * (sums[0] - l1), 0.5 * (sums[1] - l2), 0.5 * (2 * sums[2] - l3), f

    def log_tails(self) -> tuple[Array, Array]:
        """Logs of both tails: (about) the smaller one is integrated, the other its complement."""
        is_above, saddle = self._tail_and_saddle()
        at_saddle = self.cumulant(saddle[:, None].astype(complex))[:, 0].real
        # so small a tail has lost its digits to rounding; its bound serves as well
        result = at_saddle - saddle * self.q
        pending = np.flatnonzero(result > ROUNDED)
        intervals = INTERVALS
        while len(pending):
            fine, coarse = self.rows(pending)._log_integral(saddle[pending], intervals)
            result[pending] = fine
            pending = pending[~(np.abs(fine - coarse) < AGREED)]
            intervals *= 2
            if len(pending) and intervals > MOST_INTERVALS:
                raise ArithmeticError("the distribution of Cochran's Q did not converge")
        smaller = np.minimum(result, 0.0)
        with np.errstate(divide="ignore"):
            larger = np.log(-np.expm1(smaller))
        return np.where(is_above, larger, smaller), np.where(is_above, smaller, larger)

    def log_bound(self) -> tuple[Array, NDArray[np.bool_]]:
        """Chernoff's bound of the (about) smaller tail, in logs; whether that is the upper one."""
        is_above, saddle = self._tail_and_saddle()
        return self.cumulant(saddle[:, None].astype(complex))[:, 0].real - saddle * self.q, is_above

    def _tail_and_saddle(self) -> tuple[NDArray[np.bool_], Array]:
        """Whether q is above Q's mean; the minimum of K(s) - s q - log|s| on that side of 0.

        The function is convex: Newton's method in a bracket.
        """
        mean, variance, _, _ = self.derivatives(np.zeros_like(self.first))
        is_above = self.q > mean
        # K'(s) = q + 1/s has its solution between these: above, K' grows from the mean by less
        # than 1/s, and is infinite before 1/2; below, K' is between 0 and (J - 1) / (2 |s|)
        lower = np.where(
            is_above, 0.1 / np.sqrt(variance), -(self.rest.shape[1] + 2) / (2 * self.q)
        )
        upper = np.where(is_above, 0.5, -1 / self.q)
        s = np.where(lower > 0, lower, (lower + upper) / 2)
        for _ in range(100):
            k1, k2, _, f = self.derivatives(s)
            outside = ~(f > 0)
            slope = np.where(outside, np.inf, k1 - self.q - 1 / s)
            lower = np.where(slope < 0, s, lower)
            upper = np.where(slope > 0, s, upper)
            with np.errstate(invalid="ignore"):
                newton = s - slope / (k2 + 1 / s**2)
            inside = (newton > lower) & (newton < upper)
            step = np.where(inside, newton, (lower + upper) / 2)
            # any path near the saddle will do
            done = np.abs(step - s) * np.sqrt(np.where(outside, np.inf, k2) + s**-2.0) < 1e-3
            s = np.where(done | outside & (lower == upper), s, step)
            if done.all():
                break
        return is_above, s

    def _log_integral(self, saddle: Array, intervals: int) -> tuple[Array, Array]:
        """Log of the tail by the trapezoid rule, and by its coarser half."""
        _, k2, k3, _ = self.derivatives(saddle)
        width = 1 / np.sqrt(k2 + saddle**-2.0)
        bend = k3 / (6 * k2)  # of the steepest descent at the saddle
        at_saddle = self.cumulant(saddle[:, None].astype(complex)).real

        def path(y: Array) -> tuple[NDArray[Any], NDArray[Any]]:
            step = 1j * y + bend[:, None] * y**2
            return step, self.cumulant(saddle[:, None] + step) - at_saddle - step * self.q[:, None]

        for _ in range(FLATTER):
            height = np.sqrt(DECAY / (self.q * bend))
            # beside a singularity so narrow a path would run along it, where nothing decays
            decays = path(height[:, None])[1].real[:, 0] < -DECAY / 2
            if decays.all():
                break
            bend = np.where(decays, bend, bend / 4)
        end = np.arcsinh(height / width)
        x = end[:, None] * np.arange(intervals + 1) / intervals
        y = width[:, None] * np.sinh(x)
        step, exponent = path(y)
        slope = (1j + 2 * bend[:, None] * y) * width[:, None] * np.cosh(x)
        s = saddle[:, None] + step
        values = (np.exp(exponent) * slope * (saddle[:, None] / s)).imag
        values[:, [0, -1]] /= 2
        fine = values.sum(axis=1) * end / (np.pi * intervals)
        coarse = values[:, ::2].sum(axis=1) * 2 * end / (np.pi * intervals)
        height = at_saddle[:, 0] - saddle * self.q - np.log(np.abs(saddle))
        with np.errstate(divide="ignore", invalid="ignore"):
            return height + np.log(fine), height + np.log(coarse)
