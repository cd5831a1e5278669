"""Effect measures: what a group's theta is, and how the group's data estimate it.

An estimate and its standard error bring data of any form to the normal family, which takes the
standard error as known. Formulas and their corrections are those of `escalc` of the R package
metafor with its defaults (Viechtbauer 2010, Journal of Statistical Software 36(3)), where each has
its sources. In a family that takes the data as they are, theta is the first measure of their form.

A further measure is an entry of `MEASURES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from partial_pooling.arrays import Array
from partial_pooling.data.forms.registry import FORMS
from partial_pooling.data.groups import (
    Correlations,
    Counts,
    Estimates,
    Groups,
    Rates,
    Summaries,
    TwoByTwo,
    TwoMeans,
)
from partial_pooling.limits import ANY, SCALE, is_any, is_scale

CORRECTION = 0.5  # added where a count is zero, if nothing else is said
EXACT_TO = 200  # degrees of freedom; beyond, a series for Hedges' factor has all digits


@dataclass(frozen=True)
class ReadingScale:
    """The scale on which people read theta.

    Attributes
    ----------
    name
        What stands there, for one group.
    read, write
        From theta to what people read, increasing, and back.
    """

    name: str
    read: Callable[[Array], Array]
    write: Callable[[Array], Array]


def _expit(theta: Array) -> Array:
    result: Array = 0.5 * (1 + np.tanh(np.asarray(theta) / 2))
    return result


def _logit(p: Array) -> Array:
    result: Array = np.log(p) - np.log1p(-np.asarray(p))
    return result


def _exp(name: str) -> ReadingScale:
    return ReadingScale(name, np.exp, np.log)


@dataclass(frozen=True)
class Measure:
    """An effect measure.

    Attributes
    ----------
    name
        As in a configuration.
    kind
        Whose data it is computed from. Estimates may be any measure: they are taken as they are.
    label
        What theta is, in words, which also name the unit of mu and tau; empty where all that is
        known is that it is in the units of the data.
    null
        Theta where there is no effect; None for what is no comparison.
    reading
        The scale on which people read theta, if it is another.
    told
        How it is estimated, in words. `{correction}` stands for the continuity correction.
    of
        From the data and the continuity correction to estimates and standard errors, each of shape
        (J,).
    """

    name: str
    kind: type[Groups]
    label: str
    null: float | None
    reading: ReadingScale | None
    told: str
    of: Callable[[Any, float], tuple[Array, Array]]

    @property
    def corrected(self) -> bool:
        """Whether a continuity correction is a part of it."""
        return "{correction}" in self.told


def null_of(measure: str | None) -> float | None:
    """Theta where there is no effect; None for what is no comparison, 0 where nothing is known."""
    return MEASURES[measure].null if measure else 0.0


class UnusableGroupError(Exception):
    """The data of a group have no estimate, or none that can be computed with.

    Attributes
    ----------
    group, found, allowed
        The group's name, what was found and what is allowed.
    """

    def __init__(self, group: str, found: str, allowed: str) -> None:
        super().__init__(f"group {group!r}: found {found}; allowed: {allowed}")
        self.group, self.found, self.allowed = group, found, allowed


def measures_of(form: str) -> list[str]:
    """Names of the measures that a form's data can be brought to, its default first.

    Estimates have none by default, and may be any: they are what they are.
    """
    kind = FORMS[form].kind
    return [m.name for m in MEASURES.values() if kind is Estimates or m.kind is kind]


def estimates_of(
    groups: Groups, measure: str | None = None, correction: float = CORRECTION
) -> Estimates:
    """The normal approximation of the groups' data: an estimate each, and its standard error.

    Parameters
    ----------
    groups
        Data of any kind; estimates come back as they are.
    measure
        A key of `MEASURES` for this kind of data; by default the kind's first one.
    correction
        What is added where a count is zero.

    Raises
    ------
    UnusableGroupError
        A group has no finite estimate with a standard error above zero.
    """
    if isinstance(groups, Estimates):
        return groups
    if measure is None:
        measure = next(m.name for m in MEASURES.values() if isinstance(groups, m.kind))
    found = MEASURES[measure]
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, std_error = found.of(groups, correction)
    for name, value, error in zip(groups.names, estimate, std_error, strict=True):
        if not (math.isfinite(value) and 0 < error < math.inf) and found.corrected:
            raise UnusableGroupError(
                name,
                f"a zero count, which leaves no {found.label} with a standard error",
                "a continuity_correction above 0, or another family or measure",
            )
        if not is_any(value):
            raise UnusableGroupError(name, f"a {found.label or found.name} of {value:g}", ANY)
        if not is_scale(error):
            raise UnusableGroupError(
                name, f"a standard error of {error:g} of the {found.label or found.name}", SCALE
            )
    return Estimates(groups.names, estimate, std_error)


# -- two arms of events ------------------------------------------------------------------------


def _cells(groups: TwoByTwo, correction: float) -> tuple[Array, Array, Array, Array]:
    """Events and others, treated and control; corrected in tables that have a zero cell."""
    cells = np.array(
        [
            groups.events_treated,
            groups.n_treated - groups.events_treated,
            groups.events_control,
            groups.n_control - groups.events_control,
        ]
    )
    a, b, c, d = cells + correction * (cells == 0).any(axis=0)
    return a, b, c, d


def _log_odds_ratio(groups: TwoByTwo, correction: float) -> tuple[Array, Array]:
    a, b, c, d = _cells(groups, correction)
    return np.log(a / b * (d / c)), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _log_risk_ratio(groups: TwoByTwo, correction: float) -> tuple[Array, Array]:
    a, b, c, d = _cells(groups, correction)
    ratio = a / (a + b) * ((c + d) / c)
    # 1/a - 1/n1 + 1/c - 1/n2, without its cancellation
    return np.log(ratio), np.sqrt(b / (a * (a + b)) + d / (c * (c + d)))


def _risk_difference(groups: TwoByTwo, correction: float) -> tuple[Array, Array]:
    a, b, c, d = _cells(groups, correction)
    treated, control = a + b, c + d
    variance = a * b / treated**3 + c * d / control**3
    return a / treated - c / control, np.sqrt(variance)


# -- one arm of events -------------------------------------------------------------------------


def _log_odds(groups: Counts, correction: float) -> tuple[Array, Array]:
    cells = np.array([groups.events, groups.n - groups.events])
    x, others = cells + correction * (cells == 0).any(axis=0)
    return np.log(x / others), np.sqrt(1 / x + 1 / others)


def _log_rate(groups: Rates, correction: float) -> tuple[Array, Array]:
    x = groups.events + correction * (groups.events == 0)
    return np.log(x) - np.log(groups.exposure), 1 / np.sqrt(x)


# -- means -------------------------------------------------------------------------------------


def _mean(groups: Summaries, _: float) -> tuple[Array, Array]:
    return groups.mean, groups.sd / np.sqrt(groups.n)


def _mean_difference(groups: TwoMeans, _: float) -> tuple[Array, Array]:
    # each arm has a variance of its own
    variance = groups.sd_treated**2 / groups.n_treated + groups.sd_control**2 / groups.n_control
    return groups.mean_treated - groups.mean_control, np.sqrt(variance)


def _std_mean_difference(groups: TwoMeans, _: float) -> tuple[Array, Array]:
    treated, control = groups.n_treated - 1, groups.n_control - 1
    freedom = treated + control
    squares = treated * groups.sd_treated**2 + control * groups.sd_control**2
    g = (groups.mean_treated - groups.mean_control) / np.sqrt(squares / freedom)
    g *= [hedges_factor(m) for m in freedom]
    n = groups.n_treated + groups.n_control
    # Hedges 1982, equation 8, at the corrected estimate
    variance = 1 / groups.n_treated + 1 / groups.n_control + g**2 / (2 * n)
    return g, np.sqrt(variance)


def hedges_factor(m: float) -> float:
    """What takes the bias off a standardized mean difference (Hedges 1981, equation 6d).

    ``Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2))``.

    Parameters
    ----------
    m
        Degrees of freedom of the pooled standard deviation, 2 or more.
    """
    if m <= EXACT_TO:
        return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
    x = (m - 1) / 2
    # Gamma(x + 1/2) / Gamma(x) / sqrt(x), since log gammas of large numbers lose its digits
    series = 1 - 1 / (8 * x) + 1 / (128 * x**2) + 5 / (1024 * x**3) - 21 / (32768 * x**4)
    return math.sqrt((m - 1) / m) * series


# -- correlations ------------------------------------------------------------------------------


def _fisher_z(groups: Correlations, _: float) -> tuple[Array, Array]:
    return np.arctanh(groups.r), 1 / np.sqrt(groups.n - 3)


def _given(groups: Estimates, _: float) -> tuple[Array, Array]:
    return groups.estimate, groups.std_error


# Of each kind of data the first is its default.
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "log_odds_ratio",
            TwoByTwo,
            "log odds ratio",
            0.0,
            _exp("odds ratio"),
            "of the treated arm over the control arm, with {correction} added to all four cells of "
            "each table that has a zero cell",
            _log_odds_ratio,
        ),
        Measure(
            "log_risk_ratio",
            TwoByTwo,
            "log risk ratio",
            0.0,
            _exp("risk ratio"),
            "of the treated arm over the control arm, with {correction} added to all four cells of "
            "each table that has a zero cell",
            _log_risk_ratio,
        ),
        Measure(
            "risk_difference",
            TwoByTwo,
            "risk difference",
            0.0,
            None,
            "of the treated arm less the control arm, with {correction} added to all four cells of "
            "each table that has a zero cell",
            _risk_difference,
        ),
        Measure(
            "logit",
            Counts,
            "log odds",
            None,
            ReadingScale("probability", _expit, _logit),
            "of events, with {correction} added to events and to the others of each group that has "
            "none of one",
            _log_odds,
        ),
        Measure(
            "log_rate",
            Rates,
            "log rate",
            None,
            _exp("rate"),
            "of events for one unit of exposure, with {correction} added where there are none",
            _log_rate,
        ),
        Measure(
            "mean",
            Summaries,
            "",
            None,
            None,
            "",
            _mean,
        ),
        Measure(
            "mean_difference",
            TwoMeans,
            "mean difference",
            0.0,
            None,
            "of the treated arm less the control arm",
            _mean_difference,
        ),
        Measure(
            "std_mean_difference",
            TwoMeans,
            "standardized mean difference",
            0.0,
            None,
            "of the treated arm less the control arm, in pooled standard deviations, corrected for "
            "its bias (Hedges' g)",
            _std_mean_difference,
        ),
        Measure(
            "fisher_z",
            Correlations,
            "Fisher's z",
            0.0,
            ReadingScale("correlation", np.tanh, np.arctanh),
            "of the correlation, its inverse hyperbolic tangent",
            _fisher_z,
        ),
        Measure(
            "log_hazard_ratio",
            Estimates,
            "log hazard ratio",
            0.0,
            _exp("hazard ratio"),
            "",
            _given,
        ),
    )
}
