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
        f"The posterior rests on the {family_name(report.family)} likelihood of the data "
        "themselves, not on these estimates"
        if report.approximated
        else "Its standard error is taken as known, and the estimate as normal about θ"
    )
    return paragraphs([f"Each estimate y is the {escape(measure.label)} {told}. {rests}."])


# What p(y_j | theta_j) is, by family, in HTML.
LIKELIHOODS = {
    "normal": "y<sub>j</sub> ~ Normal(θ<sub>j</sub>, σ<sub>j</sub>): an estimate with a known "
    "standard error σ<sub>j</sub>",
    "student": "y<sub>j</sub> is the mean of n<sub>j</sub> normal values about θ<sub>j</sub>, "
    "whose standard deviation is known from their spread alone: a t variable of "
    "n<sub>j</sub> − 1 degrees of freedom, of scale s<sub>j</sub> / √n<sub>j</sub>",
    "binomial": "y<sub>j</sub> ~ Binomial(n<sub>j</sub>, p<sub>j</sub>): events among "
    "n<sub>j</sub> trials, whose probability p<sub>j</sub> has the log odds θ<sub>j</sub>",
    "poisson": "y<sub>j</sub> ~ Poisson(T<sub>j</sub> exp θ<sub>j</sub>): events during an "
    "exposure T<sub>j</sub>, at a rate whose logarithm is θ<sub>j</sub>",
    "hypergeometric": "y<sub>j</sub>, the events in the treated arm given how many there were in "
    "both arms, is noncentral hypergeometric with the log odds ratio θ<sub>j</sub>",
}


def family_name(family: str) -> str:
    """A family as people write it."""
    return {"student": "Student t", "poisson": "Poisson"}.get(family, family)


def likelihood(report: Results) -> Html:
    """What the data of a group are, given its theta."""
    return paragraphs([f"Here {LIKELIHOODS[report.family]}."])


CONTENT = (
    r"""## The question and the data

Each group has data that tell of its true value $\theta_j$, some more precisely than others. How
much should a group's own data be believed, and how much should it be pulled towards the others? A
hierarchical model lets the data say:

$$\mu \sim p(\mu), \qquad \tau \sim p(\tau)$$

$$\theta_j \sim \mathrm{Normal}(\mu, \tau), \qquad y_j \sim p(y_j \mid \theta_j)$$

$\mu$ is the mean of all groups' true values, and $\tau$ their standard deviation around it. With
$\tau = 0$ all groups are one (complete pooling); with large $\tau$ each stands alone (no pooling);
in between is partial pooling.""",
    likelihood,
    data_table,
    Figure("forest"),
)
