"""The question and the data."""

from __future__ import annotations

import pandas as pd

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, table
from partial_pooling.report.results import Results


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
    return table(
        frame,
        dict.fromkeys(frame.columns[1:], report.units)
        | {name: report.column(frame[name]) for name in ("std. error σ", "θ sd")},
        "Estimates with their standard errors, and the exact posterior of each group's θ: "
        "mean, standard deviation and central 95 % interval, in the units of the data.",
        "groups",
        "exact.csv",
    )


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
