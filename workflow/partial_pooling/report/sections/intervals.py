"""Classical intervals, each named with what it rests on."""

from __future__ import annotations

import math

import pandas as pd

from partial_pooling.report.html import Html, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.report.sections.classical import METHOD_NAMES
from partial_pooling.words import percent, symbol

TITLE = "Classical intervals"


def finding(report: Results) -> str:
    """The classical interval of mu beside the exact one."""
    return _lines(report)[0]


def interval_words(report: Results) -> Html:
    """The classical interval of tau beside the exact one."""
    return paragraphs(_lines(report)[1:])


def _lines(report: Results) -> list[str]:
    rows = report.intervals
    tau = rows[rows["of"] == "tau"].iloc[0]
    share = rows[rows["of"] == "i_squared"].iloc[0]
    hartung = rows[(rows["method"] == "Knapp-Hartung") & (rows["tau_by"] == "reml")].iloc[0]
    lines = [
        f"With REML and Knapp-Hartung μ is {report.units(hartung['estimate'])} "
        f"({report.units(hartung['lower'])} to {report.units(hartung['upper'])}); the exact "
        f"posterior, which has the priors too, {report.interval('mu')}."
    ]
    if math.isnan(tau["lower"]):
        lines.append(
            "The estimates differ by less than their standard errors would have them: the "
            "Q-profile interval of τ is empty."
        )
    else:
        lines.append(
            f"The Q-profile interval of τ is {report.finely(tau['lower'])} to "
            f"{report.finely(tau['upper'])}, which makes I² {percent(share['lower'])} to "
            f"{percent(share['upper'])} ({percent(share['estimate'])} by REML); the exact "
            f"posterior has τ in {report.interval('tau')}. All at 95 %."
        )
    if report.approximated:
        lines.append("They rest on the normal approximation of each group's data.")
    return lines


def interval_table(report: Results) -> Html:
    """Each interval with its method, distribution and degrees of freedom."""
    rows = report.intervals[report.intervals["of"] != "i_squared"]  # which has no units
    frame = pd.DataFrame(
        {
            "of": [symbol(str(of)) for of in rows["of"]],
            "method": rows["method"].to_numpy(),
            "τ by": [METHOD_NAMES.get(str(name), "–") for name in rows["tau_by"]],
            "distribution": rows["distribution"].to_numpy(),
            "df": ["–" if math.isnan(f) else f"{f:.0f}" for f in rows["degrees_of_freedom"]],
        }
    )
    ends = ["estimate", "lower", "upper"]
    frame[ends] = rows[ends].to_numpy()
    return table(
        frame,
        dict.fromkeys(ends, report.units),
        "Classical 95 % intervals, flat in μ: Wald's and Knapp and Hartung's of μ, Higgins, "
        "Thompson and Spiegelhalter's of a new group's θ, the Q-profile of τ with its estimate "
        "by REML; df are degrees of freedom.",
        "intervals",
    )


CONTENT = (
    interval_words,
    interval_table,
)
