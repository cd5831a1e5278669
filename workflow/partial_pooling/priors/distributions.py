"""The priors that there are: a class a distribution, named and parametrized as in PyMC.

A further prior is one class, of a location (mu) or a scale (tau), and its name in `CHOICES`. What
it must say of itself stands in `prior`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.limits import LARGEST
from partial_pooling.priors.prior import Improper, Location, Prior, Scale, parameter

# -- of mu ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Normal(Location):
    """Normal(mu, sd sigma)."""

    mu: float = parameter(-LARGEST)
    sigma: float = parameter()

    @property
    def mean(self) -> float:
        return self.mu

    @property
    def sd(self) -> float:
        return self.sigma

    def powered(self, alpha: float) -> Location:
        return Normal(self.mu, self.sigma / math.sqrt(alpha))

    def _log_density(self, x: Array) -> Array:
        return _log_normal(x, self.mu, self.sigma)

    def quantile(self, p: float) -> float:
        return self.mu + self.sigma * _normal_quantile(p)

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.normal(self.mu, self.sigma))


@dataclass(frozen=True)
class Flat(Improper, Location):
    """Every value alike."""

    @property
    def mean(self) -> float:
        return 0.0

    @property
    def sd(self) -> float:
        return math.inf

    def powered(self, alpha: float) -> Location:
        return self


# -- of tau --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HalfCauchy(Scale):
    """The absolute value of a Cauchy variable of scale beta."""

    beta: float = parameter()

    @property
    def tail(self) -> float:
        return 1.0

    def _log_density(self, x: Array) -> Array:
        # hypot keeps the tail where z ** 2 would overflow
        log_tail = np.log(np.hypot(1, x / self.beta))
        return math.log(2 / (math.pi * self.beta)) - 2 * log_tail

    def quantile(self, p: float) -> float:
        return self.beta * math.tan(math.pi * p / 2)

    def draw(self, rng: np.random.Generator) -> float:
        return abs(float(self.beta * rng.standard_cauchy()))


@dataclass(frozen=True)
class HalfNormal(Scale):
    """The absolute value of a normal variable of mean 0 and sd sigma."""

    sigma: float = parameter()

    def _log_density(self, x: Array) -> Array:
        return math.log(2) + _log_normal(x, 0.0, self.sigma)

    def quantile(self, p: float) -> float:
        return self.sigma * _normal_quantile((1 + p) / 2)

    def draw(self, rng: np.random.Generator) -> float:
        return abs(float(rng.normal(0, self.sigma)))

    def _change(self, t: Array, tau: Array, reference: float, log_step: Array) -> Array:
        step = tau - reference
        return log_step - 0.5 * step / self.sigma * ((tau + reference) / self.sigma)


@dataclass(frozen=True)
class HalfStudentT(Scale):
    """The absolute value of sigma times a t variable of nu degrees of freedom."""

    nu: float = parameter(0.01, 1e6)
    sigma: float = parameter()

    @property
    def tail(self) -> float:
        return self.nu

    @property
    def scales(self) -> list[float]:
        return [self.sigma, self.sigma * math.sqrt(self.nu)]

    def _log_density(self, x: Array) -> Array:
        nu = self.nu
        constant = (
            math.log(2)
            + math.lgamma((nu + 1) / 2)
            - math.lgamma(nu / 2)
            - 0.5 * math.log(nu * math.pi)
            - math.log(self.sigma)
        )
        z = x / self.sigma
        return constant - (nu + 1) * np.log(np.hypot(1, z / math.sqrt(nu)))

    def quantile(self, p: float) -> float:
        from scipy.special import stdtrit  # the Snakefile imports this module, and not SciPy

        return self.sigma * float(stdtrit(self.nu, (1 + p) / 2))

    def draw(self, rng: np.random.Generator) -> float:
        return abs(float(self.sigma * rng.standard_t(self.nu)))


@dataclass(frozen=True)
class Uniform(Scale):
    """Uniform between lower and upper."""

    lower: float = parameter(0.0)
    upper: float = parameter()

    @property
    def support(self) -> tuple[float, float]:
        return self.lower, self.upper

    @property
    def scales(self) -> list[float]:
        return [self.upper]

    @classmethod
    def refusal(cls, parameters: dict[str, float]) -> tuple[str, str] | None:
        if parameters["upper"] > parameters["lower"]:
            return None
        return "upper", f"a number above lower, which is {parameters['lower']:g}"

    def _log_density(self, x: Array) -> Array:
        return np.full_like(x, -math.log(self.upper - self.lower))

    def quantile(self, p: float) -> float:
        return self.lower + p * (self.upper - self.lower)

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.uniform(self.lower, self.upper))


@dataclass(frozen=True)
class Exponential(Scale):
    """Exponential, of mean scale."""

    scale: float = parameter()

    def _log_density(self, x: Array) -> Array:
        return -math.log(self.scale) - x / self.scale

    def quantile(self, p: float) -> float:
        return -self.scale * math.log1p(-p)

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.exponential(self.scale))

    def _change(self, t: Array, tau: Array, reference: float, log_step: Array) -> Array:
        return log_step - (tau - reference) / self.scale


@dataclass(frozen=True)
class LogNormal(Scale):
    """The exponential of a normal variable of mean mu and sd sigma."""

    positive = True

    mu: float = parameter(-100.0, 100.0)
    sigma: float = parameter(1e-6, 20.0)

    @property
    def scales(self) -> list[float]:
        return []

    def ends(self, lowest: float, highest: float, depth: float, far: float) -> tuple[float, float]:
        reach = math.sqrt(2 * depth) * self.sigma
        # the first two moments of tau lie sigma^2 and 2 sigma^2 to the right
        right = max(self.mu + 2 * self.sigma**2, highest)
        return min(self.mu, lowest) - reach, right + reach

    def _log_density(self, x: Array) -> Array:
        return _log_normal(np.log(x), self.mu, self.sigma) - np.log(x)

    def quantile(self, p: float) -> float:
        return math.exp(self.mu + self.sigma * _normal_quantile(p))

    def draw(self, rng: np.random.Generator) -> float:
        return float(rng.lognormal(self.mu, self.sigma))

    def _change(self, t: Array, tau: Array, reference: float, log_step: Array) -> Array:
        return -0.5 * log_step * (t + math.log(reference) - 2 * self.mu) / self.sigma**2

    def powered(self, alpha: float) -> Scale:
        # 1 / tau of the density is a power, too
        variance = self.sigma**2 / alpha
        return LogNormal(self.mu + (1 - alpha) * variance, math.sqrt(variance))


@dataclass(frozen=True)
class HalfFlat(Improper, Scale):
    """Every value above 0 alike."""

    @property
    def tail(self) -> float:
        return -1.0


# Which distributions each variable can have, by name.
CHOICES: dict[str, dict[str, type[Prior]]] = {
    variable: {choice.__name__: choice for choice in choices}
    for variable, choices in {
        "mu": (Normal, Flat),
        "tau": (
            HalfCauchy,
            HalfNormal,
            HalfStudentT,
            Uniform,
            Exponential,
            LogNormal,
            HalfFlat,
        ),
    }.items()
}


def _log_normal(x: Array, mean: float, sd: float) -> Array:
    return -0.5 * ((x - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2 * math.pi)


def _normal_quantile(p: float) -> float:
    from scipy.special import ndtri  # the Snakefile imports this module, and not SciPy

    return float(ndtri(p))
