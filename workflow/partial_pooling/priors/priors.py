"""Priors for mu and tau, written as PyMC writes them.

A prior is a distribution's name and its parameters, by PyMC's names. This module checks
them and knows their densities; `models` hands them to PyMC, `exact` integrates them.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partial_pooling.errors import InputError
from partial_pooling.limits import LARGEST, SMALLEST

# Parameter names of each distribution; those in POSITIVE must be above zero.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "Normal": ("mu", "sigma"),
    "Flat": (),
    "HalfCauchy": ("beta",),
    "HalfNormal": ("sigma",),
    "HalfStudentT": ("nu", "sigma"),
    "Uniform": ("lower", "upper"),
    "Exponential": ("scale",),
    "LogNormal": ("mu", "sigma"),
    "HalfFlat": (),
}
POSITIVE = {"sigma", "beta", "nu", "scale", "upper"}
IMPROPER = {"Flat", "HalfFlat"}
# Allowed range of a parameter: of all distributions, or of one. Beyond, squares are no floats
# (see `limits`), or a density is narrower or a tail heavier than floats can follow.
RANGES: dict[str, tuple[float, float]] = {
    "mu": (-LARGEST, LARGEST),
    "nu": (0.01, 1e6),
    "lower": (0.0, LARGEST),
    "LogNormal.mu": (-100.0, 100.0),
    "LogNormal.sigma": (1e-6, 20.0),
}

# Which distributions each variable can have.
CHOICES: dict[str, tuple[str, ...]] = {
    "mu": ("Normal", "Flat"),
    "tau": (
        "HalfCauchy",
        "HalfNormal",
        "HalfStudentT",
        "Uniform",
        "Exponential",
        "LogNormal",
        "HalfFlat",
    ),
}


@dataclass(frozen=True)
class Prior:
    """A prior distribution of one variable.

    Attributes
    ----------
    dist
        Name of the distribution in PyMC.
    parameters
        Its parameters by PyMC's names. `sigma` is a standard deviation.
    """

    dist: str
    parameters: Mapping[str, float]

    @property
    def is_proper(self) -> bool:
        """Whether the density integrates to one."""
        return self.dist not in IMPROPER

    @property
    def support(self) -> tuple[float, float]:
        """Lower and upper end of the values with positive density."""
        if self.dist in ("Normal", "Flat"):
            return -math.inf, math.inf
        if self.dist == "Uniform":
            return self.parameters["lower"], self.parameters["upper"]
        return 0.0, math.inf

    def log_density(self, value: ArrayLike) -> NDArray[np.float64]:
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
        p = self.parameters
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            match self.dist:
                case "Flat" | "HalfFlat":
                    log_density = np.zeros_like(x)
                case "Normal":
                    log_density = _log_normal(x, p["mu"], p["sigma"])
                case "HalfNormal":
                    log_density = math.log(2) + _log_normal(x, 0.0, p["sigma"])
                case "HalfCauchy":
                    z = x / p["beta"]
                    # hypot keeps the tail where z ** 2 would overflow
                    log_density = math.log(2 / (math.pi * p["beta"])) - 2 * np.log(np.hypot(1, z))
                case "HalfStudentT":
                    nu = p["nu"]
                    z = x / p["sigma"]
                    constant = (
                        math.log(2)
                        + math.lgamma((nu + 1) / 2)
                        - math.lgamma(nu / 2)
                        - 0.5 * math.log(nu * math.pi)
                        - math.log(p["sigma"])
                    )
                    log_density = constant - (nu + 1) * np.log(np.hypot(1, z / math.sqrt(nu)))
                case "Uniform":
                    log_density = np.full_like(x, -math.log(p["upper"] - p["lower"]))
                case "Exponential":
                    log_density = -math.log(p["scale"]) - x / p["scale"]
                case "LogNormal":
                    log_density = _log_normal(np.log(x), p["mu"], p["sigma"]) - np.log(x)
                case _:
                    raise NotImplementedError(self.dist)
        lower, upper = self.support
        outside = (x < lower) | (x > upper) | ((x <= 0) if self.dist == "LogNormal" else False)
        return np.where(outside, -np.inf, log_density)

    def quantile(self, p: float) -> float:
        """Quantile at a probability strictly between 0 and 1; NaN for an improper prior."""
        from scipy.special import ndtri, stdtrit  # the Snakefile imports this module, and not SciPy

        parameters = self.parameters
        match self.dist:
            case "Normal":
                return parameters["mu"] + parameters["sigma"] * float(ndtri(p))
            case "HalfNormal":
                return parameters["sigma"] * float(ndtri((1 + p) / 2))
            case "HalfCauchy":
                return parameters["beta"] * math.tan(math.pi * p / 2)
            case "HalfStudentT":
                return parameters["sigma"] * float(stdtrit(parameters["nu"], (1 + p) / 2))
            case "Uniform":
                return parameters["lower"] + p * (parameters["upper"] - parameters["lower"])
            case "Exponential":
                return -parameters["scale"] * math.log1p(-p)
            case "LogNormal":
                return math.exp(parameters["mu"] + parameters["sigma"] * float(ndtri(p)))
        return math.nan

    def as_dict(self) -> dict[str, Any]:
        """The prior as it is written in a configuration."""
        return {"dist": self.dist, **self.parameters}

    def __str__(self) -> str:
        parameters = ", ".join(f"{k}={v:g}" for k, v in self.parameters.items())
        return f"{self.dist}({parameters})" if parameters else self.dist


@dataclass(frozen=True)
class HyperPrior:
    """The priors of the two hyperparameters."""

    mu: Prior
    tau: Prior

    @property
    def is_proper(self) -> bool:
        """Whether both priors integrate to one, so that data can be simulated from them."""
        return self.mu.is_proper and self.tau.is_proper

    def tail_power(self, groups: int) -> float:
        """Exponent of the power law of P(tau > x | y) as x grows; infinite for a light tail.

        The likelihood of tau falls as tau ** -J, or tau ** -(J - 1) if mu is flat; the prior's
        tail adds its own power. The posterior is proper if and only if the sum is above 0, and
        the k-th moment of tau exists if and only if it is above k.
        """
        tail = {
            "HalfCauchy": 1.0,
            "HalfStudentT": self.tau.parameters.get("nu", math.nan),
            "HalfFlat": -1.0,
        }.get(self.tau.dist, math.inf)
        return tail + groups - (1 if self.mu.dist == "Flat" and groups > 0 else 0)

    def check_proper_posterior(self, groups: int, where: str = "prior") -> None:
        """Raise InputError if the posterior of this many groups does not integrate to one."""
        if not self.tail_power(groups) > 0:
            raise InputError(
                f"{where}.tau: found HalfFlat with mu {self.mu} and {groups} "
                f"group{'s' if groups > 1 else ''}, whose posterior is improper: its density "
                f"falls no faster than 1 / tau; allowed: {3 if self.mu.dist == 'Flat' else 2} "
                "groups or more, or a proper prior for tau"
            )

    def as_dict(self) -> dict[str, Any]:
        """The priors as they are written in a configuration."""
        return {"mu": self.mu.as_dict(), "tau": self.tau.as_dict()}


def parse_prior(variable: str, spec: Mapping[str, Any], where: str = "prior") -> Prior:
    """Check one prior as written in a configuration.

    Parameters
    ----------
    variable
        `mu` or `tau`: says which distributions are allowed.
    spec
        `dist` and the parameters, such as ``{"dist": "Normal", "mu": 0, "sigma": 5}``.
    where
        Key to name in an error.

    Raises
    ------
    InputError
        Unknown distribution, or a parameter that is unknown, missing or out of range.
    """
    dist = spec.get("dist")
    choices = CHOICES[variable]
    if dist not in choices:
        raise InputError(
            f"{where}.dist: found {dist!r}{did_you_mean(dist, choices)}; "
            f"allowed for {variable}: {', '.join(choices)}"
        )
    names = PARAMETERS[dist]
    takes = f"{dist} takes {', '.join(names) or 'no parameters'}"
    for key in spec:
        if key != "dist" and key not in names:
            raise InputError(f"{where}.{key}: unknown parameter{did_you_mean(key, names)}; {takes}")
    for name in names:
        if name not in spec:
            raise InputError(f"{where}: parameter {name} is missing; {takes}")
        value = spec[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{where}.{name}: found {value!r}; allowed: a number")
        _check_number(f"{where}.{name}", dist, name, value)
    if dist == "Uniform" and spec["upper"] <= spec["lower"]:
        raise InputError(
            f"{where}.upper: found {spec['upper']:g}; "
            f"allowed: a number above lower, which is {spec['lower']:g}"
        )
    return Prior(dist, {name: float(spec[name]) for name in names})


def _check_number(where: str, dist: str, name: str, value: float) -> None:
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        number = math.inf if value > 0 else -math.inf
    if not math.isfinite(number):
        raise InputError(f"{where}: found {number}; allowed: a finite number")
    if name in POSITIVE and number <= 0:
        raise InputError(f"{where}: found {number:g}; allowed: a number above 0")
    if name == "lower" and number < 0:
        raise InputError(f"{where}: found {number:g}; allowed: 0 or more")
    least, greatest = RANGES.get(f"{dist}.{name}", RANGES.get(name, (SMALLEST, LARGEST)))
    if not least <= number <= greatest:
        raise InputError(
            f"{where}: found {number:g}; allowed: a number from {least:g} to {greatest:g}"
        )


def parse_hyperprior(spec: Mapping[str, Any], where: str = "prior") -> HyperPrior:
    """Check the priors of mu and tau as written in a configuration.

    Raises
    ------
    InputError
        A prior is missing, or wrong (see `parse_prior`).
    """
    for variable in CHOICES:
        if variable not in spec:
            raise InputError(f"{where}.{variable}: missing; allowed: a prior of {variable}")
    return HyperPrior(**{v: parse_prior(v, spec[v], f"{where}.{v}") for v in CHOICES})


def prior_to_offer(estimate: NDArray[np.float64], std_error: NDArray[np.float64]) -> HyperPrior:
    """A weakly informative prior on the scale of the data, in round numbers.

    With s the standard deviation of the estimates, or their median standard error if that is
    larger: Normal(mean of the estimates, 10 s) for mu and HalfNormal(2 s) for tau. Standard
    deviations are rounded to 1, 2 or 5 times a power of ten, whichever is nearest by ratio, and
    the mean to a tenth of the power of ten of mu's.

    Parameters
    ----------
    estimate, std_error
        Shape (J,), J >= 2, in the units of the data.
    """
    largest = float(np.abs(estimate).max()) or 1.0  # squares of estimates may overflow
    spread = largest * float(np.std(estimate / largest, ddof=1))
    # so far off that no posterior could be solved; here only for numbers to remain numbers
    scale = float(np.clip(max(spread, np.median(std_error)), 1e-300, 1e300))
    sigma = _round(10 * scale)
    centre = largest * float(np.mean(estimate / largest))
    mu = round(centre, 1 - _exponent(sigma)) + 0.0  # not -0.0
    return HyperPrior(
        Prior("Normal", {"mu": mu, "sigma": sigma}),
        Prior("HalfNormal", {"sigma": _round(2 * scale)}),
    )


def did_you_mean(found: object, allowed: Iterable[Any]) -> str:
    """Suggest the allowed word nearest to the one found, or nothing."""
    close = difflib.get_close_matches(str(found), [str(word) for word in allowed], n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _round(value: float) -> float:
    """1, 2 or 5 times a power of ten, whichever is nearest by ratio."""
    candidates = [float(f"{digit}e{_exponent(value)}") for digit in (1, 2, 5, 10)]
    return min(candidates, key=lambda candidate: abs(math.log(candidate / value)))


def _exponent(value: float) -> int:
    """The power of ten of a number in scientific notation."""
    return int(f"{value:.16e}".partition("e")[2])


def _log_normal(x: NDArray[np.float64], mean: float, sd: float) -> NDArray[np.float64]:
    return -0.5 * ((x - mean) / sd) ** 2 - math.log(sd) - 0.5 * math.log(2 * math.pi)
