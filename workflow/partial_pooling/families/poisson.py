"""The Poisson family: events during an exposure, theta the log of their rate."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates, Rates
from partial_pooling.families.counting import stirling_error
from partial_pooling.families.family import Family


class Poisson(Family[Rates]):
    """Events whose expected number is exposure times exp(theta)."""

    name = "poisson"
    design = "exposures"
    code = """\
mean = exposure * pm.math.exp(theta)
pm.Poisson("y", mu=mean, observed=events, dims="group")"""
    forms = ("rates",)
    whole = True
    reach = 0.2

    def log_likelihood(self, groups: Rates, theta: Array) -> Array:
        some = groups.events > 0
        x = np.where(some, groups.events, 1.0)
        # the fall from the mode, a small difference of large terms
        step = theta - np.log(x / groups.exposure)
        with np.errstate(over="ignore"):
            fall = x * (step - np.expm1(step))
            none = -groups.exposure * np.exp(theta)
        top = -stirling_error(x) - 0.5 * np.log(2 * math.pi * x)
        return np.where(some, top + fall, none)

    def score(self, groups: Rates, theta: Array) -> Array:
        with np.errstate(over="ignore"):
            result: Array = groups.events - groups.exposure * np.exp(theta)
        return result

    def information(self, groups: Rates, theta: Array) -> Array:
        with np.errstate(over="ignore"):
            result: Array = groups.exposure * np.exp(theta)
        return result

    def approximation(self, groups: Rates) -> Estimates:
        events = groups.events + 0.5
        return Estimates(groups.names, np.log(events / groups.exposure), events**-0.5)

    def falls(self, groups: Rates) -> NDArray[np.bool_]:
        return np.array([groups.events > 0, np.ones(len(groups), dtype=bool)])

    def simulate(self, groups: Rates, theta: Array, rng: np.random.Generator) -> Rates:
        # ASSUME no more events than numpy can draw: a prior so wide has no such data
        mean = np.minimum(groups.exposure * np.exp(np.minimum(theta, 700.0)), 1e18)
        return Rates(groups.names, rng.poisson(mean).astype(float), groups.exposure)

    def replicated(self, groups: Rates, theta: Array) -> tuple[Array, Array]:
        mean = self.information(groups, theta)
        return mean, mean

    def cdf(self, groups: Rates, theta: Array, y: Array) -> Array:
        from scipy.special import gammaincc  # the Snakefile imports this room, and not SciPy

        y = np.floor(y)
        below = gammaincc(np.maximum(y, 0) + 1, self.information(groups, theta))
        return np.where(y < 0, 0.0, below)

    def powered(self, groups: Rates, alpha: float) -> tuple[Poisson, Rates]:
        return self, Rates(groups.names, groups.events * alpha, groups.exposure * alpha)

    def data(self, groups: Rates) -> dict[str, Array]:
        return {"events": groups.events, "exposure": groups.exposure}

    def observe(self, pm: ModuleType, groups: Rates, theta: Any, data: dict[str, Any]) -> Any:
        mean = data["exposure"] * pm.math.exp(theta)
        return pm.Poisson("y", mu=mean, observed=data["events"], dims="group")


POISSON = Poisson()
