"""The groups: raw estimates beside the partially pooled ones."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.html import Html, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import Column, Format, even, significant

TITLE = "The groups"


def finding(report: Results) -> str:
    """Where the groups lie, raw and pooled."""
    y, centres = report.groups.estimate, report.theta["centre"].to_numpy()
    kind, form, of = "means", report.units, ""
    if report.reading:  # whose medians are those of theta, read
        y, centres = map(report.reading.read, (y, report.theta["q50"].to_numpy()))
        kind, form, of = "medians", significant(3), f" of the {escape(report.reading.name)}"
    elif report.centre != "mean":
        kind = "medians"
    raw = (
        f"lie between {form(y.min())} and {form(y.max())}"
        if y.max() > y.min()
        else f"are all {form(y.min())}"
    )
    return (
        f"The raw estimates{of} {raw}, the groups' posterior {kind} between "
        f"{form(centres.min())} and {form(centres.max())}: partial pooling draws a group towards "
        "the others, the more the less its own data say."
    )


def data_table(report: Results) -> Html:
    """Raw estimates beside the partially pooled ones."""
    frame = pd.DataFrame(
        {
            "group": report.groups.names,
            "estimate y": report.groups.estimate,
            "std. error σ": report.groups.std_error,
            "θ mean": report.theta["mean"].to_numpy(),
            "θ sd": report.theta["sd"].to_numpy(),
            "θ 2.5 %": report.theta["q2.5"].to_numpy(),
            "θ 97.5 %": report.theta["q97.5"].to_numpy(),
        }
    )
    formats: dict[str, Format | Column] = {
        **dict.fromkeys(frame.columns[1:], report.units),
        **{name: report.column(frame[name]) for name in ("std. error σ", "θ sd")},
    }
    caption = (
        "Estimates with their standard errors, and the exact posterior of each group's θ: "
        "mean, standard deviation and central 95 % interval, "
    )
    if report.measure is None or not report.measure.label:
        caption += "in the units of the data."
    else:
        caption += f"on the scale of the {report.measure.label}."
    if report.reading:
        for column in ("q50", "q2.5", "q97.5"):
            name = f"{report.reading.name} {column[1:]} %"
            frame[name] = report.reading.read(report.theta[column].to_numpy())
            formats[name] = even(3)
        caption += f" Then its median and interval on the scale of the {report.reading.name}."
    return Html(
        measured(report) + table(frame, formats, caption, "groups", "exact.csv", stacks=True)
    )


def family_name(family: str) -> str:
    """A family as people write it."""
    return {"student": "Student t", "poisson": "Poisson"}.get(family, family)


def measured(report: Results) -> Html:
    """How the estimates were made from the data, where they were."""
    measure = report.measure
    if measure is None or not measure.told or report.dataset["form"] == "estimates":
        return Html()
    told = measure.told.format(correction=f"{report.dataset['continuity_correction']:g}")
    rests = (
        f"The posterior rests on the {family_name(report.family)} likelihood of the data "
        "themselves, not on these estimates"
        if report.approximated
        else "Its standard error is taken as known, and the estimate as normal about θ"
    )
    return paragraphs([f"Each estimate y is the {escape(measure.label)} {told}. {rests}."])


CONTENT = (data_table,)
