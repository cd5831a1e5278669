"""The question and the data."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import significant


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
    formats = dict.fromkeys(frame.columns[1:], report.units) | {
        name: report.column(frame[name]) for name in ("std. error σ", "θ sd")
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
            formats[name] = significant(3)
        caption += f" Then its median and interval on the scale of the {report.reading.name}."
    return Html(measured(report) + table(frame, formats, caption, "groups", "exact.csv"))


def measured(report: Results) -> Html:
    """How the estimates were made from the data, where they were."""
    measure = report.measure
    if measure is None or not measure.told or report.dataset["form"] == "estimates":
        return Html()
    told = measure.told.format(correction=f"{report.dataset['continuity_correction']:g}")
    rests = (
        f"The posterior rests on the {report.family} likelihood of the data themselves, not on "
        "these estimates"
        if report.approximated
        else "Its standard error is taken as known, and the estimate as normal about θ"
    )
    return paragraphs([f"Each estimate y is the {escape(measure.label)} {told}. {rests}."])


CONTENT = (
    r"""## The question and the data

Each group has an estimate $y_j$ with a known standard error $\sigma_j$. How much should a group's
own estimate be believed, and how much should it be pulled towards the others? The normal-normal
hierarchical model lets the data say:

$$\mu \sim p(\mu), \qquad \tau \sim p(\tau)$$

$$\theta_j \sim \mathrm{Normal}(\mu, \tau), \qquad y_j \sim \mathrm{Normal}(\theta_j, \sigma_j)$$

Here $\theta_j$ is a group's true value, $\mu$ the mean of all groups' true values, and $\tau$
their standard deviation around it. With $\tau = 0$ all groups are one (complete pooling); with
large $\tau$ each stands alone (no pooling); in between is partial pooling.""",
    data_table,
    Figure("forest"),
)
