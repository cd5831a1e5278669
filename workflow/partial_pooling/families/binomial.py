"""The binomial family: events among trials, theta the log odds of an event."""

from __future__ import annotations

import math
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Counts, Estimates
from partial_pooling.families.counting import expit, log1p_exp, stirling_error
from partial_pooling.families.family import Family


class Binomial(Family[Counts]):
    """Events among n trials, whose probability has the logit theta."""

    name = "binomial"
    design = "numbers of trials"
    code = 'pm.Binomial("y", n=n, logit_p=theta, observed=events, dims="group")'
    forms = ("counts",)
    whole = True
    reach = 0.2

    def log_likelihood(self, groups: Counts, theta: Array) -> Array:
        mode, low, high, top = _mode(groups)
        # the fall from the mode, a small difference of large terms
        step = theta - mode
        share = np.where(step < 0, low, high)
        step = -np.abs(step)
        result: Array = top + groups.n * (share * step - np.log1p(share * np.expm1(step)))
        for at, sign in ((groups.events == 0, 1), (groups.events == groups.n, -1)):
            if at.any():
                result[..., at] = -groups.n[at] * log1p_exp(sign * theta[..., at])
        return result

    def score(self, groups: Counts, theta: Array) -> Array:
        return groups.events - groups.n * expit(theta)

    def information(self, groups: Counts, theta: Array) -> Array:
        return groups.n * expit(theta) * expit(-theta)

    def approximation(self, groups: Counts) -> Estimates:
        events, rest = groups.events + 0.5, groups.n - groups.events + 0.5
        return Estimates(groups.names, np.log(events / rest), np.sqrt(1 / events + 1 / rest))

    def falls(self, groups: Counts) -> NDArray[np.bool_]:
        return np.array([groups.events > 0, groups.events < groups.n])

    def simulate(self, groups: Counts, theta: Array, rng: np.random.Generator) -> Counts:
        events = rng.binomial(groups.n.astype(np.int64), expit(theta))
        return Counts(groups.names, events.astype(float), groups.n)

    def replicated(self, groups: Counts, theta: Array) -> tuple[Array, Array]:
        return groups.n * expit(theta), self.information(groups, theta)

    def cdf(self, groups: Counts, theta: Array, y: Array) -> Array:
        from scipy.special import betainc  # the Snakefile imports this room, and not SciPy

        y = np.floor(y)
        inner = np.clip(y, 0, groups.n - 1)
        below = betainc(groups.n - inner, inner + 1, expit(-theta))
        return np.where(y < 0, 0.0, np.where(y >= groups.n, 1.0, below))

    def powered(self, groups: Counts, alpha: float) -> tuple[Binomial, Counts]:
        return self, Counts(groups.names, groups.events * alpha, groups.n * alpha)

    def data(self, groups: Counts) -> dict[str, Array]:
        return {"events": groups.events, "n": groups.n.astype(np.int64)}

    def observe(self, pm: ModuleType, groups: Counts, theta: Any, data: dict[str, Any]) -> Any:
        return pm.Binomial(
            "y",
            n=data["n"],
            logit_p=theta,
            observed=data["events"],
            dims="group",
        )


@lru_cache(maxsize=4)
def _mode(groups: Counts) -> tuple[Array, Array, Array, Array]:
    """Where the likelihood is greatest, the shares of events and of the rest, and its log there.

    Of groups without events, or without any rest, as if half of them were events.
    """
    n = groups.n
    inside = (groups.events > 0) & (groups.events < n)
    x, rest = np.where(inside, groups.events, n / 2), np.where(inside, n - groups.events, n / 2)
    top = stirling_error(n) - stirling_error(x) - stirling_error(rest)
    top += 0.5 * np.log(n / (2 * math.pi * x) / rest)
    return np.log(x / rest), x / n, rest / n, top


BINOMIAL = Binomial()
