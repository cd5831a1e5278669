"""The normal family: estimates whose standard errors are known, y_j ~ Normal(theta_j, sigma_j).

Given tau, everything of interest is normal in closed form (Gelman et al., Bayesian Data
Analysis, 3rd ed., section 5.4), which `GivenTau` has.

Rounding. Positions are kept relative to ``E[mu | tau_0, y]``, and the log likelihood relative to
its value at tau_0, a reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array, slices, sums_without
from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import Estimates
from partial_pooling.families.family import Family
from partial_pooling.priors.prior import Location

REACH = 7.5  # standard deviations beyond which a normal has 3e-14
TINY = 1e-150  # a standard deviation of 0, as where exp(log tau) is 0 in floats


class Normal(Family[Estimates]):
    """Estimates with known standard errors."""

    name = "normal"
    design = "standard errors"
    code = 'pm.Normal("y", mu=theta, sigma=std_error, observed=estimate, dims="group")'
    forms = tuple(FORMS)
    on_estimates = True

    def log_likelihood(self, groups: Estimates, theta: Array) -> Array:
        z = (groups.estimate - theta) / groups.std_error
        result: Array = -0.5 * z**2 - np.log(groups.std_error) - 0.5 * math.log(2 * math.pi)
        return result

    reach = math.inf

    def score(self, groups: Estimates, theta: Array) -> Array:
        return (groups.estimate - theta) / groups.std_error**2

    def information(self, groups: Estimates, theta: Array) -> Array:
        return np.broadcast_to(groups.std_error**-2.0, np.shape(theta))

    def approximation(self, groups: Estimates) -> Estimates:
        return groups

    def centering(self, groups: Estimates) -> Estimates:
        return groups

    def falls(self, groups: Estimates) -> NDArray[np.bool_]:
        return np.ones((2, len(groups)), dtype=bool)

    def simulate(self, groups: Estimates, theta: Array, rng: np.random.Generator) -> Estimates:
        estimate = theta + groups.std_error * rng.standard_normal(len(groups))
        return Estimates(groups.names, estimate, groups.std_error)

    def replicated(self, groups: Estimates, theta: Array) -> tuple[Array, Array]:
        return theta, np.broadcast_to(groups.std_error**2, np.shape(theta))

    def cdf(self, groups: Estimates, theta: Array, y: Array) -> Array:
        from scipy.special import ndtr  # the Snakefile imports this room, and not SciPy

        return np.asarray(ndtr((y - theta) / groups.std_error))

    def powered(self, groups: Estimates, alpha: float) -> tuple[Normal, Estimates]:
        std_error = groups.std_error / math.sqrt(alpha)
        return self, Estimates(groups.names, groups.estimate, std_error)

    def joined(self, groups: Estimates, more: Estimates) -> Estimates:
        precision, other = groups.std_error**-2, more.std_error**-2
        total = precision + other
        estimate = (precision * groups.estimate + other * more.estimate) / total
        return Estimates(groups.names, estimate, total**-0.5)

    def data(self, groups: Estimates) -> dict[str, Array]:
        return {"estimate": groups.estimate, "std_error": groups.std_error}

    def observe(self, pm: ModuleType, groups: Estimates, theta: Any, data: dict[str, Any]) -> Any:
        return pm.Normal(
            "y", mu=theta, sigma=data["std_error"], observed=data["estimate"], dims="group"
        )

    integrates_theta = True

    def observe_integrated(
        self, pm: ModuleType, groups: Estimates, mu: Any, tau: Any, data: dict[str, Any]
    ) -> Any:
        spread = pm.math.sqrt(data["std_error"] ** 2 + tau**2)
        return pm.Normal("y", mu=mu, sigma=spread, observed=data["estimate"], dims="group")

    def theta_given(self, groups: Estimates, mu: Array, tau: Array, z: Array) -> Array:
        # BDA 3rd ed., equation 5.17
        total = groups.std_error**2 + tau[..., None] ** 2
        keep = tau[..., None] ** 2 / total
        sd = groups.std_error * tau[..., None] / np.sqrt(total)
        return mu[..., None] + keep * (groups.estimate - mu[..., None]) + sd * z

    def given_tau(self, groups: Estimates, prior: Location, tau: float) -> GivenTau:
        return GivenTau.about(groups, prior, tau)


NORMAL = Normal()


@dataclass(frozen=True, eq=False)
class GivenTau:
    """Likelihood of tau with mu integrated out, and what is normal given tau.

    Formulas from BDA 3rd ed., equations 5.20 and 5.21, with a normal prior of mu added. Means are
    relative to the center. `tau` has shape (n,), `index` shape (K,) says which groups.

    Attributes
    ----------
    groups
        Estimates and standard errors.
    residual
        Shape (J,), y - center.
    center
        E[mu | tau_0, y].
    reference
        tau_0.
    prior_precision
        1 / s0^2, 0 if mu is flat.
    prior_residual
        m0 - center.
    """

    groups: Estimates
    residual: Array
    center: float
    reference: float
    prior_precision: float
    prior_residual: float

    @classmethod
    def about(cls, groups: Estimates, prior: Location, tau: float) -> GivenTau:
        """With its center and reference at a value of tau."""
        precise = 1 / (groups.std_error**2 + tau**2)
        extra = prior.sd**-2
        # rounding here does no harm: the center need not be the mean to the last digit
        center = float((precise @ groups.estimate + extra * prior.mean) / (precise.sum() + extra))
        return cls(
            groups,
            groups.estimate - center,
            center,
            tau,
            extra,
            prior.mean - center if extra else 0.0,
        )

    # -- the likelihood of tau -------------------------------------------------------------

    @cached_property
    def _variance(self) -> Array:
        return self.groups.std_error**2 + self.reference**2

    @cached_property
    def _misfit(self) -> float:
        """The quadratic form at the reference."""
        return float(
            self.residual**2 @ (1 / self._variance) + self.prior_precision * self.prior_residual**2
        )

    @cached_property
    def _reference_precision(self) -> float:
        return float((1 / self._variance).sum() + self.prior_precision)

    def log_density_at_reference(self, of_tau: float) -> float:
        """Log p(tau_0) p(y | tau_0) from log p(tau_0); a flat prior of mu counts as density one."""
        unit = self.prior_precision or 2 * math.pi
        of_mu = -0.5 * math.log(self._reference_precision / unit)
        squares = float(np.log(2 * math.pi * self._variance).sum()) + self._misfit
        return of_tau + of_mu - 0.5 * squares

    def log_likelihood(self, tau: Array) -> Array:
        """Log p(y | tau) - log p(y | tau_0), of shape (n,).

        The change of the quadratic form is had in two ways. As a difference of two sums of
        squares its rounding grows with the squares; from the changes of 1 / V, with the changes.
        Take the smaller: the second where estimates and priors conflict so much that the squares
        are large whatever tau, the first where the mean of mu moves far.
        """
        result = np.empty_like(tau)
        shift, precision = self.mu(tau)
        for part in slices(len(tau), len(self.residual)):
            variance = self.groups.std_error**2 + tau[part, None] ** 2
            log_ratio = np.log(variance / self._variance).sum(axis=1)
            log_ratio += np.log(precision[part] / self._reference_precision)
            squares = ((self.residual - shift[part, None]) ** 2 / variance).sum(axis=1)
            squares += self.prior_precision * (self.prior_residual - shift[part]) ** 2
            step = (tau[part] - self.reference) * (tau[part] + self.reference)
            drop = step * ((1 / variance) @ (self.residual**2 / self._variance))
            moved = precision[part] * shift[part] ** 2
            change = np.where(
                np.abs(drop) + moved < squares + self._misfit,
                -drop - moved,
                squares - self._misfit,
            )
            result[part] = -0.5 * (log_ratio + change)
        return result

    def log_predictive_without(self, index: NDArray[np.intp], tau: Array) -> Array:
        """Log p(y_j | tau, y without j), of shape (K, n)."""
        result = np.empty((len(index), len(tau)))
        for part in slices(len(tau), len(self.residual)):
            variance = self.groups.std_error**2 + tau[part, None] ** 2
            # sums without j from both sides: subtracting j from the sum would lose digits
            precision = sums_without(1 / variance)[:, index] + self.prior_precision
            pull = sums_without(self.residual / variance)[:, index]
            mean = (pull + self.prior_precision * self.prior_residual) / precision
            spread = variance[:, index] + 1 / precision
            z2 = (self.residual[index] - mean) ** 2 / spread
            result[:, part] = (-0.5 * (z2 + np.log(2 * math.pi * spread))).T
        return result

    # -- normal given tau ------------------------------------------------------------------

    def mu(self, tau: Array) -> tuple[Array, Array]:
        """Mean of mu and its precision, each of shape (n,)."""
        shift, precision = np.empty_like(tau), np.empty_like(tau)
        for part in slices(len(tau), len(self.residual)):
            precise = 1 / (self.groups.std_error**2 + tau[part, None] ** 2)
            precision[part] = precise.sum(axis=1) + self.prior_precision
            pull = precise @ self.residual + self.prior_precision * self.prior_residual
            shift[part] = pull / precision[part]
        return shift, precision

    def pooling(self, index: NDArray[np.intp], tau: Array) -> Array:
        """B_j = sigma_j^2 / (sigma_j^2 + tau^2), of shape (K, n)."""
        variance = self.groups.std_error[index, None] ** 2
        return variance / (variance + tau**2)

    def theta(
        self, index: NDArray[np.intp], tau: Array, shift: Array, precision: Array
    ) -> tuple[Array, Array]:
        """Mean and variance of theta, each of shape (K, n), from mean and precision of mu."""
        variance = self.groups.std_error[index, None] ** 2
        total = variance + tau**2
        pooling = variance / total
        keep = tau**2 / total
        return (
            pooling * shift + keep * self.residual[index, None],
            keep * variance + pooling**2 / precision,
        )

    def difference(
        self, a: int, b: NDArray[np.intp], tau: Array, shift: Array, precision: Array
    ) -> tuple[Array, Array]:
        """Mean and sd of theta_a - theta_b, each of shape (K, n), for K groups b.

        The covariance of theta_a and theta_b is B_a B_b / P, P the precision of mu.
        """
        y, std_error = self.groups.estimate, self.groups.std_error
        first, second = std_error[a] ** 2, std_error[b, None] ** 2
        total, totals = first + tau**2, second + tau**2
        keep, keeps = tau**2 / total, tau**2 / totals
        # B_a - B_b, and y_a - y_b below, without the cancellation of nearly equal numbers; and the
        # distance from mu of the more precise of the two: the other may be nearly at mu
        further = std_error[a] - std_error[b, None]
        pooling = keep * (further * (std_error[a] + std_error[b, None])) / totals
        variance = keep * first + keeps * second + pooling**2 / precision
        from_mu = np.where(further < 0, self.residual[a], self.residual[b, None]) - shift
        return (
            np.minimum(keep, keeps) * (y[a] - y[b, None]) - pooling * from_mu,
            np.maximum(np.sqrt(variance), TINY),
        )

    # -- normal given tau and mu -----------------------------------------------------------

    def thetas_about_one(self, mu: Array, tau: Array) -> tuple[Array, Array]:
        """Means and sds of the thetas given (mu, tau), both (n, J), in units of tau.

        Each row's origin is the theta that matters most to which is largest: distances from it
        keep their digits where thetas are known far better than they differ from mu.
        """
        y, std_error = self.groups.estimate, self.groups.std_error
        tau, mu = tau[:, None], mu[:, None]
        total = std_error**2 + tau**2
        sd = std_error / np.sqrt(total)
        mean = tau * (self.residual - mu) / total
        for _ in range(2):  # the first origin is chosen by distances from mu, with fewer digits
            origin = (mean - REACH * sd).argmax(axis=1)[:, None]
            error, of_origin = std_error[origin], np.take_along_axis(total, origin, axis=1)
            # how far the more precise of the two is from mu: the other may be nearly at mu
            from_mu = np.where(std_error < error, self.residual, self.residual[origin]) - mu
            wider = (error - std_error) * (error + std_error) / np.minimum(total, of_origin)
            mean = tau / np.maximum(total, of_origin) * (y - y[origin] + wider * from_mu)
        return mean, sd

    def bend(self, tau: Array, precision: Array) -> Array:
        """Squared Mahalanobis distance that the thetas' differences move while mu moves by its sd.

        Of shape (n,), like tau and the precision of mu.
        """
        result = np.empty_like(precision)
        square = self.groups.std_error**2
        for part in slices(len(precision), len(square)):
            total = square + tau[part, None] ** 2
            weight = total / square  # 1 / variance of theta in units of tau
            keep = tau[part, None] / total  # how theta lags, in units of tau, as mu moves by one
            keep -= np.average(keep, axis=1, weights=weight)[:, None]
            result[part] = (weight * keep**2).sum(axis=1) / precision[part]
        return result
