"""The hypergeometric family: two arms given their margins, theta the log odds ratio.

Given how many events there were in both arms together, those in the treated arm have Fisher's
noncentral hypergeometric distribution (Stijnen, Hamza and Ozdemir 2010, Statistics in Medicine 29):

    p(a | theta) = C(n1, a) C(n2, m - a) exp(a theta) / Z(theta)

with Z the sum of such terms over all that the margins allow. Z is a polynomial in exp(theta) with
negative roots only, so its log is analytic for ``|Im theta| < pi`` and linear far out, and is
tabulated once for given margins (`normalizer`).
"""

from __future__ import annotations

import math
from dataclasses import fields
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates, TwoByTwo
from partial_pooling.families.counting import log_binomial
from partial_pooling.families.family import Family
from partial_pooling.families.normalizer import Normalizer, cumulative, symbol

TOGETHER = 100  # thetas of a table whose probabilities are held at once


class Hypergeometric(Family[TwoByTwo]):
    """Events in a treated and a control arm, conditional on the margins."""

    name = "hypergeometric"
    design = "sizes of the arms and numbers of events in both"
    code = """\
# events of the treated arm given the margins: of k all that these allow
total = events_treated + events_control
k = np.arange(np.minimum(n_treated, total).max() + 1)
with np.errstate(divide="ignore", invalid="ignore"):
    rest = total[:, None] - k
    log_ways = -(
        gammaln(k + 1)
        + gammaln(n_treated[:, None] - k + 1)
        + gammaln(rest + 1)
        + gammaln(n_control[:, None] - rest + 1)
    )
log_ways[(k > n_treated[:, None]) | (rest < 0) | (rest > n_control[:, None])] = -np.inf
log_norm = pm.math.logsumexp(
    log_ways + k * theta[:, None], axis=1, keepdims=False
)
pm.Potential("y", events_treated * theta - log_norm, dims="group")"""
    forms = ("two_by_two",)
    whole = True
    reach = 0.2

    def log_likelihood(self, groups: TwoByTwo, theta: Array) -> Array:
        table = _normalizer(groups)
        at_origin = log_binomial(groups.events_treated, groups.n_treated, table.logits[0])
        at_origin += log_binomial(groups.events_control, groups.n_control, table.logits[1])
        change = table.log_likelihood(groups.events_treated, theta)
        result: Array = at_origin - table.at_origin + change
        return result

    def score(self, groups: TwoByTwo, theta: Array) -> Array:
        return _normalizer(groups).score(groups.events_treated, theta)

    def information(self, groups: TwoByTwo, theta: Array) -> Array:
        return np.maximum(_normalizer(groups).values(theta, 2), 0.0)

    def approximation(self, groups: TwoByTwo) -> Estimates:
        a, b, c, d = (cell + 0.5 for cell in _cells(groups))
        return Estimates(
            groups.names, np.log(a / b) - np.log(c / d), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        )

    def falls(self, groups: TwoByTwo) -> NDArray[np.bool_]:
        total = groups.events_treated + groups.events_control
        least = np.maximum(0, total - groups.n_control)
        most = np.minimum(groups.n_treated, total)
        return np.array([groups.events_treated > least, groups.events_treated < most])

    def simulate(self, groups: TwoByTwo, theta: Array, rng: np.random.Generator) -> TwoByTwo:
        drawn, chance = np.empty(len(groups)), rng.random(len(groups))
        total = groups.events_treated + groups.events_control
        margins = np.stack([groups.n_treated, groups.n_control, total], axis=1)
        each, which = np.unique(margins, axis=0, return_inverse=True)
        for row, (n1, n2, m) in enumerate(each.tolist()):
            alike = np.flatnonzero(np.ravel(which) == row)
            alike = alike[np.argsort(theta[alike])]
            for start in range(0, len(alike), TOGETHER):
                of = alike[start : start + TOGETHER]
                first, below = cumulative(n1, n2, m, theta[of])
                # the first column is of none
                drawn[of] = first + (below[:, 1:-1] <= chance[of, None]).sum(axis=1)
        return TwoByTwo(groups.names, drawn, groups.n_treated, total - drawn, groups.n_control)

    def replicated(self, groups: TwoByTwo, theta: Array) -> tuple[Array, Array]:
        return groups.events_treated - self.score(groups, theta), self.information(groups, theta)

    def cdf(self, groups: TwoByTwo, theta: Array, y: Array) -> Array:
        result = np.empty(np.broadcast_shapes(np.shape(theta), np.shape(y)))
        total = groups.events_treated + groups.events_control
        for j in range(len(groups)):
            at, of = theta[..., j], np.floor(y[..., j])
            margins = float(groups.n_treated[j]), float(groups.n_control[j]), float(total[j])
            first, below = cumulative(*margins, at.ravel())
            row = np.arange(at.size).reshape(at.shape)
            column = np.clip(of - first + 1, 0, below.shape[1] - 1).astype(np.intp)
            result[..., j] = below[row, column]
        return result

    def below(self, groups: TwoByTwo, theta: Array) -> tuple[Array, Array]:
        from scipy.special import gammaln  # the Snakefile imports this room, and not SciPy

        log_as_much = self.log_likelihood(groups, theta)
        less = np.zeros(np.shape(theta))
        total = groups.events_treated + groups.events_control
        for j, (n1, n2, m, a) in enumerate(
            zip(groups.n_treated, groups.n_control, total, groups.events_treated, strict=True)
        ):
            k = np.arange(max(0.0, m - n2), a + 1)
            ways = gammaln(k + 1) + gammaln(n1 - k + 1)
            ways = -(ways + gammaln(m - k + 1) + gammaln(n2 - m + k + 1))
            # each term beside that of the data, which is the last
            terms = (ways - ways[-1])[:-1] + theta[..., j, None] * (k - a)[:-1]
            with np.errstate(over="ignore"):
                less[..., j] = np.exp(log_as_much[..., j, None] + terms).sum(axis=-1)
        return np.minimum(less, 1.0), np.exp(log_as_much)

    def powered(self, groups: TwoByTwo, alpha: float) -> tuple[Hypergeometric, TwoByTwo]:
        return _Powered(alpha), groups

    def data(self, groups: TwoByTwo) -> dict[str, Array]:
        table = _normalizer(groups)
        return {
            **{f.name: getattr(groups, f.name) for f in fields(groups) if f.name != "names"},
            # of the data at the origin
            "top": _log_ways(groups) + self.log_likelihood(groups, table.origin),
            **table.data(),
        }

    def observe(self, pm: ModuleType, groups: TwoByTwo, theta: Any, data: dict[str, Any]) -> Any:
        pt = pm.math.pt  # PyTensor, which the exact posterior does not rest on
        n1, n2, events = data["n_treated"], data["n_control"], data["events_treated"]
        total, origin = events + data["events_control"], data["origin"]

        def log_probability(a: Any, theta: Any) -> Any:
            cells = pt.gammaln(a + 1) + pt.gammaln(n1 - a + 1)
            cells += pt.gammaln(total - a + 1) + pt.gammaln(n2 - total + a + 1)
            # at the origin, whatever a is, and from there
            at_origin = data["top"] - cells + (a - events) * origin
            return at_origin + (a - data["pull"]) * (theta - origin) - symbol(pt, theta, data)

        return pm.CustomDist(
            "y", theta, logp=log_probability, observed=data["events_treated"], dims="group"
        )


def _cells(groups: TwoByTwo) -> tuple[Array, Array, Array, Array]:
    return (
        groups.events_treated,
        groups.n_treated - groups.events_treated,
        groups.events_control,
        groups.n_control - groups.events_control,
    )


def _log_ways(groups: TwoByTwo) -> Array:
    """Sum of the log factorials of the cells."""
    from scipy.special import gammaln  # the Snakefile imports this room, and not SciPy

    return np.sum([gammaln(cell + 1) for cell in _cells(groups)], axis=0)


class _Powered(Hypergeometric):
    """The likelihood to a power: no table of counts has that."""

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha

    def log_likelihood(self, groups: TwoByTwo, theta: Array) -> Array:
        return self._alpha * super().log_likelihood(groups, theta)

    def score(self, groups: TwoByTwo, theta: Array) -> Array:
        return self._alpha * super().score(groups, theta)

    def information(self, groups: TwoByTwo, theta: Array) -> Array:
        return self._alpha * super().information(groups, theta)

    def approximation(self, groups: TwoByTwo) -> Estimates:
        normal = super().approximation(groups)
        return Estimates(normal.names, normal.estimate, normal.std_error / math.sqrt(self._alpha))


@lru_cache(maxsize=4)
def _normalizer(groups: TwoByTwo) -> Normalizer:
    """The table of these groups' margins, made once."""
    origin = HYPERGEOMETRIC.approximation(groups).estimate
    total = groups.events_treated + groups.events_control
    return Normalizer.of(groups.n_treated, groups.n_control, total, origin)


HYPERGEOMETRIC = Hypergeometric()
