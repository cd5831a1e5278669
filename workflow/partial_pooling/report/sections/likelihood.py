"""The normal approximation of the data beside their exact likelihood."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.classical.coverage import coverage_of_known_sd
from partial_pooling.data.groups import Summaries
from partial_pooling.data.measures import MEASURES, measures_of
from partial_pooling.families.normal import NORMAL
from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.grades import ERRORS
from partial_pooling.grading.inference import Interval
from partial_pooling.report.html import Html, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.report.sections.groups import family_name
from partial_pooling.words import (
    CHANCES,
    Column,
    Format,
    even,
    fixed,
    listed,
    percent,
    significant,
    some_of,
    symbol,
)

type Row = Mapping[Any, Any]

SHOWN = ("mu", "tau", "theta_new")  # of which it is said whether the approximation will do


TITLE = "Normal or exact likelihood?"


def finding(report: Results) -> str:
    """Whether it matters here; empty where the data have but one likelihood."""
    both = report.likelihoods
    if both.empty:
        return ""
    refused = both[both["note"] != ""]
    if refused.empty:
        return _matters(report, both)
    (family, note), *_ = refused[["family", "note"]].itertuples(index=False, name=None)
    return f"The {_name(family)} has no posterior to show beside it: {escape(note.rstrip('.'))}."


def likelihood(report: Results) -> Html:
    """Both posteriors; nothing where the data have but one likelihood."""
    both = report.likelihoods
    if both.empty:
        return Html("")
    if (both["note"] != "").any():
        return paragraphs([_what(report, both), _coverage(report)])
    return Html(
        paragraphs([_what(report, both)])
        + _table(report, both)
        + paragraphs([_groups(report, both), _coverage(report)])
    )


def _name(family: str) -> str:
    if family == NORMAL.name:
        return "normal approximation"
    return f"exact {family_name(family)} likelihood"


def _what(report: Results, both: pd.DataFrame) -> str:
    """What the normal approximation is of these data, and which of the two the study has."""
    own = next(name for name in both["family"] if name != NORMAL.name)
    measure = report.measure or MEASURES[measures_of(FAMILIES[own].forms[0])[0]]
    if measure.told:
        told = measure.told.format(
            correction=f"{report.dataset.get('continuity_correction', 0.5):g}"
        )
        each = f"the {measure.label} {told}"
    else:
        each = "the mean, its standard error the standard deviation over √n"
    return (
        "A normal approximation takes one estimate of each group for the data, with a standard "
        f"error as if that were known: {escape(each)}. An exact likelihood takes the data as they "
        f"are. This study has the {_name(report.family)}."
    )


def _table(report: Results, solved: pd.DataFrame) -> Html:
    """One row a likelihood: medians and 95 % intervals, and the probability of an effect."""
    null = report.measure.null if report.measure else None
    rows: list[dict[str, object]] = []
    for family in solved["family"].unique():
        of_family = _by_variable(solved[solved["family"] == family])
        row: dict[str, object] = {"likelihood": _name(family).removesuffix(" likelihood")}
        for variable in SHOWN:
            if variable == "tau" and null is not None:
                row[f"P(μ > {null:g})"] = of_family["mu"]["above_null"]
            told = np.array([of_family[variable][q] for q in ("q50", "q2.5", "q97.5")])
            row[symbol(variable)] = Interval(*told)
            if variable == "mu" and report.reading:
                row[f"{report.reading.name} of μ"] = Interval(*report.reading.read(told))
        rows.append(row)
    medians = solved[solved["variable"] == "tau"]["q50"]
    formats: dict[str, Format | Column] = {
        **{symbol(variable): report.units for variable in SHOWN},
        symbol("tau"): report.column(medians),
    }
    if report.reading:
        formats[f"{report.reading.name} of μ"] = even(3)
    if null is not None:
        formats[f"P(μ > {null:g})"] = CHANCES
    caption = (
        "Posterior medians with central 95 % intervals, exact under either likelihood and the same "
        "priors"
    )
    if null is not None:
        caption += f"; P(μ > {null:g}) is the probability that μ is above no effect"
    return table(
        pd.DataFrame(rows),
        formats,
        caption + ".",
        "likelihoods",
        "likelihoods.csv",
    )


def _chance(p: float) -> str:
    if p < 1e-8:
        return "< 1e−8"
    if p > 1 - 1e-4:
        return f"1 − {_chance(1 - p)}" if p < 1 - 1e-8 else "> 1 − 1e−8"
    return significant(2)(p) if p < 0.1 else fixed(3)(p)


def _passes(report: Results, row: Row) -> bool:
    """Whether the errors are within the limits of an accurate fit; those that are none are."""
    return not any(row[key] > report.threshold(key) for key in ERRORS)


def _matters(report: Results, solved: pd.DataFrame) -> str:
    """Whether the approximation would pass as a fit of mu, tau and a new group, with numbers."""
    own, normal = _pair(solved)
    passes = {name: _passes(report, normal[name]) for name in SHOWN}
    limits = (
        f"its mean within {report.threshold('error_mean'):g} posterior sd, its sd within "
        f"{percent(report.threshold('error_sd'))}, its 5, 50 and 95 % quantiles within "
        f"{report.threshold('error_quantile'):g} in probability"
    )
    found = "; ".join(
        f"{escape(symbol(name))} {'passes' if passes[name] else 'fails'} "
        f"({_errors(own[name], normal[name])})"
        for name in SHOWN
    )
    verdict = "It matters here."
    if all(passes.values()):
        verdict = f"It hardly matters here for {listed([escape(symbol(v)) for v in SHOWN])}."
    chance = ""
    if report.measure and report.measure.null is not None:
        exactly, roughly = (_chance(rows["mu"]["above_null"]) for rows in (own, normal))
        null = f"P(μ > {report.measure.null:g})"
        chance = f" {escape(f'{null} is {roughly} in place of {exactly}.')}"
    return (
        f"<b>{verdict}</b> Held to what is asked of a fit ({limits} of the exact likelihood's), "
        f"the normal approximation of {found}.{chance}"
    )


def _errors(own: Row, normal: Row) -> str:
    """How the normal approximation differs from the exact likelihood, in one variable."""
    told = []
    if math.isfinite(normal["error_mean"]):
        side = "higher" if normal["mean"] > own["mean"] else "lower"
        told.append(f"mean {significant(2)(normal['error_mean'])} sd {side}")
    if math.isfinite(normal["error_sd"]):
        side = "larger" if normal["sd"] > own["sd"] else "smaller"
        told.append(f"sd {percent(normal['error_sd'])} {side}")
    told.append(f"quantiles off by up to {significant(2)(normal['error_quantile'])}")
    return ", ".join(told)


def _groups(report: Results, solved: pd.DataFrame) -> str:
    """How many of the groups' thetas are off, and which most."""
    own, normal = _pair(solved)
    thetas = [name for name in normal if name.startswith("theta[")]
    fails = sum(not _passes(report, normal[name]) for name in thetas)
    worst = max(thetas, key=lambda name: normal[name]["error_quantile"])
    return (
        f"Of θ it fails in {some_of(fails, len(thetas), 'group')}; furthest off is "
        f"{escape(symbol(worst))} ({_errors(own[worst], normal[worst])})."
    )


def _pair(solved: pd.DataFrame) -> tuple[dict[str, Row], dict[str, Row]]:
    """Rows of the exact likelihood and of the normal approximation, by variable."""
    normal = solved["family"] == NORMAL.name
    return _by_variable(solved[~normal]), _by_variable(solved[normal])


def _by_variable(rows: pd.DataFrame) -> dict[str, Row]:
    return {str(row["variable"]): row for row in rows.to_dict("records")}


def _coverage(report: Results) -> str:
    """What is left out of means of samples where their estimated sds count as known."""
    given = report.given
    if not isinstance(given, Summaries):
        return ""
    z = "95 % interval y ± 1.96 s / √n"
    if report.dataset.get("pooled_sd"):
        freedom = float((given.n - 1).sum())
        return (
            f"The pooled sd rests on {freedom:,.0f} degrees of freedom. Taken as known, it makes "
            f"the {z} of a group cover {_covers(freedom)} where groups do share one sd."
        )
    order = np.argsort(given.n, kind="stable")
    first, last = int(order[0]), int(order[-1])
    least, most = given.n[first], given.n[last]
    of_least = f"{_covers(least - 1)} with n = {least:.0f} ({escape(given.names[first])})"
    told = of_least
    if most > least:
        told += f", {_covers(most - 1)} with n = {most:.0f} ({escape(given.names[last])})"
    left_out = "leaves" if report.family == NORMAL.name else "would leave"
    return (
        f"What the normal approximation {left_out} out is that each s is itself an estimate: the "
        f"{z} of a group, meant to cover its true mean with 95 %, covers {told} (Student's t of "
        "n − 1 degrees of freedom; of normal observations)."
    )


def _covers(freedom: float) -> str:
    return f"{100 * float(coverage_of_known_sd(freedom)):.1f} %"


CONTENT = (likelihood,)
