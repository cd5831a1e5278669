"""The priors of a study: of mu and tau together, read from a configuration, or offered."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.errors import InputError
from partial_pooling.priors.distributions import CHOICES, HalfNormal, Normal
from partial_pooling.priors.prior import Location, Prior, Scale


@dataclass(frozen=True)
class HyperPrior:
    """The priors of the two hyperparameters."""

    mu: Location
    tau: Scale

    @property
    def is_proper(self) -> bool:
        """Whether both priors integrate to one, so that data can be simulated from them."""
        return self.mu.is_proper and self.tau.is_proper

    def tail_power(self, groups: int) -> float:
        """Exponent of the power law of P(tau > x | y) as x grows; infinite for a light tail.

        The likelihood of tau falls as tau ** -J, or tau ** -(J - 1) if mu is flat (and so it grows
        as tau with J = 0, if groups fall on one side only); the prior's tail adds its own power.
        The posterior is proper if and only if the sum is above 0, and
        the k-th moment of tau exists if and only if it is above k.

        Parameters
        ----------
        groups
            J: those whose likelihood falls on both sides (see `families`).
        """
        return self.tau.tail + groups - (0 if self.mu.is_proper else 1)

    def check_proper_posterior(self, groups: int, where: str = "prior") -> None:
        """Raise InputError if the posterior of this many groups does not integrate to one."""
        if not self.tail_power(groups) > 0:
            raise InputError(
                f"{where}.tau: found {self.tau} with mu {self.mu} and {groups} "
                f"group{'' if groups == 1 else 's'}, whose posterior is improper: its density "
                f"falls no faster than 1 / tau; allowed: {2 if self.mu.is_proper else 3} "
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
    if not isinstance(dist, str) or dist not in choices:
        raise InputError(
            f"{where}.dist: found {dist!r}{did_you_mean(dist, choices)}; "
            f"allowed for {variable}: {', '.join(choices)}"
        )
    ranges = {each.name: each.metadata["range"] for each in fields(choices[dist])}
    takes = f"{dist} takes {', '.join(ranges) or 'no parameters'}"
    for key in spec:
        if key != "dist" and key not in ranges:
            raise InputError(
                f"{where}.{key}: unknown parameter{did_you_mean(key, ranges)}; {takes}"
            )
    for name, allowed in ranges.items():
        if name not in spec:
            raise InputError(f"{where}: parameter {name} is missing; {takes}")
        value = spec[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            hint = as_number(value) if isinstance(value, str) else ""
            raise InputError(f"{where}.{name}: found {value!r}{hint}; allowed: a number")
        _check_number(f"{where}.{name}", value, *allowed)
    parameters = {name: float(spec[name]) for name in ranges}
    if refusal := choices[dist].refusal(parameters):
        name, instead = refusal
        raise InputError(f"{where}.{name}: found {spec[name]:g}; allowed: {instead}")
    return choices[dist](**parameters)


def _check_number(where: str, value: float, least: float, greatest: float) -> None:
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        number = math.inf if value > 0 else -math.inf
    if not math.isfinite(number):
        raise InputError(f"{where}: found {number}; allowed: a finite number")
    if least > 0 >= number:
        raise InputError(f"{where}: found {number:g}; allowed: a number above 0")
    if least == 0 > number:
        raise InputError(f"{where}: found {number:g}; allowed: 0 or more")
    if not least <= number <= greatest:
        raise InputError(
            f"{where}: found {number:g}; allowed: a number from {least:g} to {greatest:g}"
        )


def written(variable: str) -> list[str]:
    """How each prior that a variable can have is written, such as `Normal(mu, sigma)`."""
    parameters = {
        name: ", ".join(each.name for each in fields(prior))
        for name, prior in CHOICES[variable].items()
    }
    return [f"{name}({takes})" if takes else name for name, takes in parameters.items()]


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
    mu, tau = (parse_prior(v, spec[v], f"{where}.{v}") for v in CHOICES)
    assert isinstance(mu, Location) and isinstance(tau, Scale)
    return HyperPrior(mu, tau)


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
        Normal(mu, sigma),
        HalfNormal(_round(2 * scale)),
    )


def did_you_mean(found: object, allowed: Iterable[Any]) -> str:
    """Suggest the allowed word nearest to the one found, or nothing."""
    close = difflib.get_close_matches(str(found), [str(word) for word in allowed], n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def as_number(text: str) -> str:
    """Say that a value is text, and how YAML writes the number that it may mean."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        return " (text)"
    if value.is_integer() and abs(value) < 1e6:
        return f" (text; write {value:.0f})"
    digits, e, exponent = repr(value).partition("e")  # YAML wants a point, and a sign behind the e
    return f" (text; write {digits if '.' in digits else digits + '.0'}{e}{exponent})"


def _round(value: float) -> float:
    """1, 2 or 5 times a power of ten, whichever is nearest by ratio."""
    candidates = [float(f"{digit}e{_exponent(value)}") for digit in (1, 2, 5, 10)]
    return min(candidates, key=lambda candidate: abs(math.log(candidate / value)))


def _exponent(value: float) -> int:
    """The power of ten of a number in scientific notation."""
    return int(f"{value:.16e}".partition("e")[2])
