"""The Student family: means of normal observations whose variances are not known.

With the prior 1 / sigma_j^2 for the variance of a group's observations (Gelman et al., Bayesian
Data Analysis, 3rd ed., section 3.2), the mean of n of them is a t variable about theta, of n - 1
degrees of freedom and scale s / sqrt(n), the sd s being held.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates, Summaries
from partial_pooling.families.counting import stirling_error
from partial_pooling.families.family import Family

# in the log of a precision, and in its sds if it is nearly normal: the trapezoid's error is 1e-11
STEP, STEP_SD = 0.25, 0.6
DEPTH = 32.0  # log of what is left out


class Student(Family[Summaries]):
    """Means, standard deviations and numbers of observations."""

    name = "student"
    design = "standard deviations and sizes of the samples"
    code = """\
# sd is held: the mean of n normal values is then a t variable
pm.StudentT(
    "y", nu=n - 1, mu=theta, sigma=sd / np.sqrt(n), observed=mean, dims="group"
)"""
    forms = ("summaries", "observations")

    def _scale(self, groups: Summaries) -> Array:
        return groups.sd / np.sqrt(groups.n)

    def log_likelihood(self, groups: Summaries, theta: Array) -> Array:
        nu, scale = groups.n - 1, self._scale(groups)
        z = np.abs(groups.mean - theta) / scale / np.sqrt(nu)
        small = np.minimum(z, 1.0)
        log_tail = np.where(z < 1, np.log1p(small**2), 2 * np.log(np.hypot(1, z)))
        return _log_constant(nu) - np.log(scale) - 0.5 * (nu + 1) * log_tail

    def score(self, groups: Summaries, theta: Array) -> Array:
        distance = groups.mean - theta
        return groups.n * distance / (distance**2 + (groups.n - 1) * self._scale(groups) ** 2)

    def information(self, groups: Summaries, theta: Array) -> Array:
        return np.broadcast_to(self.approximation(groups).std_error ** -2.0, np.shape(theta))

    def approximation(self, groups: Summaries) -> Estimates:
        """With the error of the expected information, (nu + 1) / (nu + 3) of the normal's."""
        error = self._scale(groups) * np.sqrt((groups.n + 2) / groups.n)
        return Estimates(groups.names, groups.mean, error)

    def falls(self, groups: Summaries) -> NDArray[np.bool_]:
        return np.ones((2, len(groups)), dtype=bool)

    def tail(self, groups: Summaries) -> Array:
        return groups.n

    def normals(self, groups: Summaries, index: int, distance: float) -> tuple[Array, Array]:
        """A t density is a normal one averaged over its precision, here by the trapezoid rule.

        In w, the log of the precision in units of the scale's, the weights are a gamma density.
        """
        nu, scale = float(groups.n[index]) - 1, float(self._scale(groups)[index])
        step = min(STEP, STEP_SD * math.sqrt(2 / (nu + 1)))
        # far from the estimate the mixture's mass is at lower precisions
        peak = min(0.0, math.log((nu + 1) / (nu + (distance / scale) ** 2)))
        excess = 2 * DEPTH / nu
        below = peak - min(1 + excess, math.sqrt(2 * excess) + excess / 2)
        above = min(math.sqrt(2 * excess), math.log1p(excess) + 1.5)
        w = step * np.arange(math.floor(below / step), math.ceil(above / step) + 1)
        log_gamma = -float(stirling_error(nu / 2)) + 0.5 * math.log(nu / (4 * math.pi))
        log_weight = math.log(step) + log_gamma - 0.5 * nu * (np.expm1(w) - w)
        return scale**2 * np.exp(-w), log_weight

    def simulate(self, groups: Summaries, theta: Array, rng: np.random.Generator) -> Summaries:
        mean = theta + self._scale(groups) * rng.standard_t(groups.n - 1)
        return Summaries(groups.names, mean, groups.sd, groups.n)

    def replicated(self, groups: Summaries, theta: Array) -> tuple[Array, Array]:
        nu = groups.n - 1
        with np.errstate(divide="ignore"):
            variance = self._scale(groups) ** 2 * np.where(nu > 2, nu / (nu - 2), np.inf)
        return np.where(nu > 1, theta, np.nan), np.broadcast_to(variance, np.shape(theta))

    def cdf(self, groups: Summaries, theta: Array, y: Array) -> Array:
        from scipy.special import stdtr  # the Snakefile imports this room, and not SciPy

        return np.asarray(stdtr(groups.n - 1, (y - theta) / self._scale(groups)))

    def powered(self, groups: Summaries, alpha: float) -> tuple[Student, Summaries] | None:
        n = groups.n * alpha
        if not (n > 1).all():
            return None
        # the exponent is n / 2; n / ((n - 1) sd^2) stays what it is
        sd = groups.sd * np.sqrt(alpha * (groups.n - 1) / (n - 1))
        return self, Summaries(groups.names, groups.mean, sd, n)

    def data(self, groups: Summaries) -> dict[str, Array]:
        scale = self._scale(groups)
        return {"mean": groups.mean, "scale": scale, "freedom": groups.n - 1}

    def observe(self, pm: ModuleType, groups: Summaries, theta: Any, data: dict[str, Any]) -> Any:
        return pm.StudentT(
            "y",
            nu=data["freedom"],
            mu=theta,
            sigma=data["scale"],
            observed=data["mean"],
            dims="group",
        )


def _log_constant(nu: Array) -> Array:
    """Log of the standard t density at zero, without the cancellation of two log gammas."""
    from scipy.special import gammaln  # the Snakefile imports this room, and not SciPy

    # Stirling's formula for both, of Gamma((nu + 1) / 2) and Gamma(nu / 2)
    high, low = (nu + 1) / 2, nu / 2
    large = np.maximum(low, 15.0)
    ratio = large * np.log1p(0.5 / large) - 0.5
    ratio = ratio + stirling_error(large + 0.5) - stirling_error(large)
    few = gammaln(high) - gammaln(low) - 0.5 * np.log(low)
    return np.where(low > 15, ratio, few) - 0.5 * math.log(2 * math.pi)


STUDENT = Student()
