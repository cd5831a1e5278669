"""What a prior must say of itself; those that there are stand in `distributions`.

What a prior knows is in its class and nowhere else: which parameters it takes and within which
limits, its density, its tails, where quadrature must look for it and how to draw from it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from partial_pooling.arrays import Array
from partial_pooling.limits import LARGEST, SMALLEST


def parameter(least: float = SMALLEST, greatest: float = LARGEST) -> Any:
    """Declare a parameter and its allowed range; by default that of a scale.

    Beyond, squares are no floats (see `limits`), or a density is narrower or a tail heavier than
    floats can follow.
    """
    return field(metadata={"range": (least, greatest)})


@dataclass(frozen=True)
class Prior:
    """A prior distribution of one variable; its fields are the parameters, by PyMC's names."""

    is_proper: ClassVar[bool] = True  # whether the density integrates to one
    positive: ClassVar[bool] = False  # whether the density is 0 at 0 and below

    @property
    def dist(self) -> str:
        """Name of the distribution in PyMC."""
        return type(self).__name__

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters by PyMC's names. `sigma` is a standard deviation."""
        return asdict(self)

    @property
    def support(self) -> tuple[float, float]:
        """Lower and upper end of the values with positive density."""
        raise NotImplementedError

    def log_density(self, value: ArrayLike) -> Array:
        """Log of the density at each value.

        Parameters
        ----------
        value
            Points, any shape, in the units of the variable.

        Returns
        -------
        numpy.ndarray
            Same shape; minus infinity outside the support. An improper prior has density one.
        """
        x = np.asarray(value, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            log_density = self._log_density(x)
        lower, upper = self.support
        return np.where(
            (x < lower) | (x > upper) | (self.positive & (x <= 0)), -np.inf, log_density
        )

    def _log_density(self, x: Array) -> Array:
        """Log of the density within the support."""
        raise NotImplementedError

    def quantile(self, p: float) -> float:
        """Quantile at a probability strictly between 0 and 1; NaN for an improper prior."""
        raise NotImplementedError

    def draw(self, rng: np.random.Generator) -> float:
        """Draw one value.

        Raises
        ------
        ValueError
            The prior is improper.
        """
        raise NotImplementedError

    @classmethod
    def refusal(cls, parameters: dict[str, float]) -> tuple[str, str] | None:
        """Name of a parameter that does not go with the others and what is allowed, or None."""
        return None

    def as_dict(self) -> dict[str, Any]:
        """The prior as it is written in a configuration."""
        return {"dist": self.dist, **self.parameters}

    def __str__(self) -> str:
        parameters = ", ".join(f"{k}={v:g}" for k, v in self.parameters.items())
        return f"{self.dist}({parameters})" if parameters else self.dist


class Improper(Prior):
    """Density one everywhere."""

    is_proper = False

    def _log_density(self, x: Array) -> Array:
        return np.zeros_like(x)

    def quantile(self, p: float) -> float:
        return math.nan

    def draw(self, rng: np.random.Generator) -> float:
        raise ValueError(f"{self} is improper: nothing can be drawn from it")


class Location(Prior):
    """A prior of mu. The exact posterior integrates mu in closed form, so it is normal or flat."""

    @property
    def mean(self) -> float:
        """Mean; of a flat prior, the limit of normal ones, any number."""
        raise NotImplementedError

    def powered(self, alpha: float) -> Location:
        """The prior whose density is this one's to the power alpha, but for a factor."""
        raise NotImplementedError

    @property
    def sd(self) -> float:
        """Standard deviation; of a flat prior infinite."""
        raise NotImplementedError

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf


class Scale(Prior):
    """A prior of tau.

    A `tail` of k says that P(tau > x) falls as ``x ** -k``; it is infinite where it falls faster
    than any power.
    """

    @property
    def tail(self) -> float:
        """Exponent of the power law of P(tau > x) as x grows; infinite for a light tail."""
        return math.inf

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    @property
    def scales(self) -> list[float]:
        """Values of tau between which the density changes its shape, for quadrature."""
        return list(self.parameters.values())

    def ends(self, lowest: float, highest: float, depth: float, far: float) -> tuple[float, float]:
        """Ends of log tau for quadrature, where a posterior's density has become negligible.

        Parameters
        ----------
        lowest, highest
            Logs of the least and the greatest scale of the problem.
        depth
            Log of what is negligible; the density of log tau falls as tau on the left.
        far
            Log units beyond all scales that a tail may take to fall so far.
        """
        return lowest - depth, highest + far

    def log_density_change(self, t: Array, tau: Array, reference: float) -> Array:
        """Log density of log tau at t less that at log(reference), without cancellation.

        Differences are taken before the logs where the density is a steep function of tau. They
        are taken at tau, that is exp(t) as rounded, so that where prior and likelihood are steep
        and opposed the rounding of tau cancels.
        """
        step = tau - reference
        with np.errstate(divide="ignore", invalid="ignore"):
            log_step = np.where(
                np.abs(step) < 0.5 * reference,
                np.log1p(step / reference),
                t - math.log(reference),
            )
        return self._change(t, tau, reference, log_step)

    def _change(self, t: Array, tau: Array, reference: float, log_step: Array) -> Array:
        return log_step + self.log_density(tau) - self.log_density(reference)

    def powered(self, alpha: float) -> Scale:
        """The prior whose density is this one's to the power alpha, but for a factor."""
        return Powered(self, alpha)


@dataclass(frozen=True)
class Powered(Improper, Scale):
    """A density to the power alpha, whose integral is not known."""

    of: Scale
    alpha: float

    @property
    def tail(self) -> float:
        return self.alpha * (self.of.tail + 1) - 1

    @property
    def support(self) -> tuple[float, float]:
        return self.of.support

    @property
    def scales(self) -> list[float]:
        return self.of.scales

    def _log_density(self, x: Array) -> Array:
        return self.alpha * self.of._log_density(x)

    def _change(self, t: Array, tau: Array, reference: float, log_step: Array) -> Array:
        of = self.of._change(t, tau, reference, log_step)
        return log_step + self.alpha * (of - log_step)

    def __str__(self) -> str:
        return f"{self.of} to the power {self.alpha:g}"
