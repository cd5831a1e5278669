"""The first screen: the answer, whether to believe it, the forest plot, the sampler in a line."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np

from partial_pooling.grading.agreement import conflicts
from partial_pooling.grading.grades import GOOD
from partial_pooling.report.agreement import agreement_words
from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, mark
from partial_pooling.report.results import Results
from partial_pooling.report.sections.influence import deciders
from partial_pooling.report.sections.priors import differing
from partial_pooling.report.side import side
from partial_pooling.words import count, first_upper, percent


def title(report: Results) -> Html:
    """Heading; the exact answer in the units that people read; what qualifies it."""
    of = f", {report.measure.label}" if report.measure and report.measure.label else ""
    rows = "".join(
        f'<div><dt>{name}</dt><dd class="value">{value}</dd><dd>{range_}</dd>'
        f'<dd class="note">{note}</dd></div>'
        for name, value, range_, note in answers(report)
    )
    return Html(
        f'<header class="title"><h1>{escape(report.name)}</h1>'
        f"<p>{count(len(report.groups), 'group')}{escape(of)}</p></header>"
        f'<dl class="answer">{rows}</dl>'
        f'<p class="marks">{"".join(each(report) for each in MARKS)}</p>'
    )


def answers(report: Results) -> list[tuple[str, str, str, str]]:
    """Name, value, 95 % interval and explanation of each number of the answer, as HTML."""
    read, measure = report.reading, report.measure
    mean = "mean" if report.centre_in_words("mu").startswith("mean") else "median"
    if read:
        name, mean = first_upper(read.name), "median"
        (pooled, pooled_range), (_, new_range) = map(report.read, ("mu", "theta_new"))
        scale = f" (the scale of the {escape(measure.label)})" if measure else ""
        same = f"; {escape(measure.label)} {_model_scale(report)}" if measure else ""
    else:
        name = first_upper(measure.label) if measure and measure.label else "Common mean"
        pooled = report.centre_in_words("mu").partition(" ")[2]
        pooled_range, new_range = report.interval("mu"), report.interval("theta_new")
        scale = same = ""
    shared = percent(report.heterogeneity["i_squared"])
    return [
        (
            escape(name),
            pooled,
            pooled_range,
            f"μ, the mean of the groups' true values: {mean} and 95 % interval{same}"
            f"{_no_effect(report)}",
        ),
        (
            "A new group",
            "",
            new_range,
            "where the true value of one more group would lie, 95 %",
        ),
        (
            "Groups differ by",
            report.in_units("tau", "q50"),
            report.interval("tau"),
            f"τ, the standard deviation of the groups' true values{scale}: median and 95 % "
            f"interval. I² {shared}: the share of the estimates' variation that is not their own "
            "error",
        ),
        _chance(report),
    ]


def _chance(report: Results) -> tuple[str, str, str, str]:
    """How probable it is that mu lies on the side of c where most of it is; a new group's too."""
    mu, new = (float(report.decisions["probability"][v]) for v in ("mu", "theta_new"))
    told = side(report)
    null = report.measure.null if report.measure else None
    return (
        escape(told.name),
        told.of(mu),
        "",
        f"probability that {escape(told.words)}{' (no effect)' if null == report.above else ''}; "
        f"of a new group, {told.of(new)}",
    )


def _model_scale(report: Results) -> str:
    return f"{report.in_units('mu', 'q50')} ({report.interval('mu')})"


def _no_effect(report: Results) -> str:
    """Whether the measure's value of no effect lies within mu's interval."""
    measure = report.measure
    if measure is None or measure.null is None:
        return ""
    low, high = (report.value("mu", column) for column in ("q2.5", "q97.5"))
    read = report.reading.read if report.reading else lambda theta: theta
    no_effect = f"{float(read(np.array(measure.null))):g}"
    what = report.reading.name if report.reading else measure.label
    inside = "inside" if low <= measure.null <= high else "outside"
    return f". No effect ({escape(what)} {no_effect}) lies {inside} the interval"


def answer_mark(report: Results) -> Html:
    """Whether the exact numbers can be quoted, and if not, why."""
    if report.verdict["answer"]["quote"]:
        return mark(True, "Exact: quote these", "methods")
    found = agreement_words(
        report.agreement, report.threshold("prior_conflict"), report.units, report.approximated
    )
    return mark(False, f"Prior and data conflict: {_first_lower(found)}", "prior")


def agreement_mark(report: Results) -> Html:
    """Whether prior and data agree, where that can be asked and is not said already."""
    agreement = report.agreement
    if conflicts(agreement, report.threshold("prior_conflict")):
        return Html("")
    asked = any(agreement[name]["p_value"] is not None for name in ("location", "spread"))
    if not asked:
        return Html("")
    return mark(True, "Prior and data agree", "prior")


def priors_mark(report: Results) -> Html:
    """Whether priors in common use come to another conclusion."""
    asked = int((report.priors["reason"] == "").sum()) - 1
    if asked < 1:
        return Html("")
    other = differing(report)
    if not other:
        return mark(True, f"{count(asked, 'usual prior')}: same conclusion", "priors")
    return mark(False, f"Another conclusion under the prior {_some(other)}", "priors")


def group_mark(report: Results) -> Html:
    """Whether the conclusion is another without one of the groups."""
    if len(report.groups) < 2 or not (report.influence["reason"] == "").any():
        return Html("")
    other = deciders(report)
    if not other:
        left = int((report.influence["reason"] == "").sum())
        of = "" if left == len(report.groups) else f" of the {left} that can be left out"
        return mark(True, f"No group{of} decides", "influence")
    return mark(False, f"Another conclusion without {_some(other)}", "influence")


def _some(names: list[str]) -> str:
    return names[0] + (f", and {len(names) - 1} more" if len(names) > 1 else "")


def sampler(report: Results) -> Html:
    """Would a sampler have got it right? Of each model, in how many fits."""
    each = []
    for model, told in report.sampling["models"].items():
        fits = told["fits"]
        right = sum(told["verdicts"].get(grade, 0) for grade in GOOD)
        word = "yes" if right == fits else "in part" if right else "no"
        each.append(f"{bold(model)} {word}, {report.good} in {right} of {count(fits, 'fit')}")
    once = " One seed says little." if report.best["fits"] == 1 else ""
    return Html(
        '<p class="sampler"><a href="#sampling">Would a sampler have got it right?</a> '
        f"{'; '.join(each)}.{once}</p>"
    )


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


# What qualifies the answer: each opens the section that says more. In this order.
MARKS: tuple[Callable[[Results], Html], ...] = (
    answer_mark,
    agreement_mark,
    priors_mark,
    group_mark,
)

CONTENT = (title, Figure("forest"), sampler)
