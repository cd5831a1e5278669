"""Classical estimates, and what they plug in."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.findings import p_text
from partial_pooling.report.html import FEW_ROWS, Html, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.words import (
    Format,
    at_scale,
    first_upper,
    fixed,
    percent,
    significant,
    some_of,
)

METHOD_NAMES = {
    "no_pooling": "no pooling",
    "complete_pooling": "complete pooling",
    "dersimonian_laird": "DerSimonian-Laird",
    "paule_mandel": "Paule-Mandel",
    "ml": "maximum likelihood (ML)",
    "reml": "restricted ML (REML)",
}


TITLE = "Classical estimates"


def finding(report: Results) -> str:
    """Heterogeneity, by Cochran's test."""
    tests = report.heterogeneity
    freedom = tests["degrees_of_freedom"]
    return (
        f"Cochran's Q, the sum of squared standardized distances from the common mean, is "
        f"{significant(3)(tests['q'])} on {freedom} degree{'s' if freedom > 1 else ''} of "
        f"freedom (p {escape(p_text(tests['p_value']))}). I², the share of the variation "
        f"that sampling error does not explain, is {percent(tests['i_squared'])}."
    )


def shrinkage_table(report: Results) -> Html:
    """Pooling factor of each group, and its theta by empirical Bayes and exactly."""
    tau, reml = report.value("tau", "q50"), float(report.classical["tau"].loc["reml"])
    plugged = report.classical_theta.loc["reml"].loc[list(report.groups.names)]
    variance = report.groups.std_error**2
    frame = pd.DataFrame(
        {
            "group": report.groups.names,
            "estimate y": report.groups.estimate,
            "pooling factor B": variance / (variance + tau**2),
            "EB mean": plugged["theta"].to_numpy(),
            "EB sd": plugged["theta_sd"].to_numpy(),
            "exact mean": report.theta["mean"].to_numpy(),
            "exact sd": report.theta["sd"].to_numpy(),
        }
    )
    formats: dict[str, Format] = {
        **dict.fromkeys(frame.columns[1:], report.units),
        **{name: report.column(frame[name]) for name in ("EB sd", "exact sd")},
        "pooling factor B": fixed(2),
    }
    return table(
        frame,
        formats,
        f"Shrinkage: the pooling factor at the posterior median of τ ({report.finely(tau)}; 1 is "
        "complete pooling, 0 none); θ by empirical Bayes (EB), which plugs in the REML "
        f"estimate τ = {report.finely(reml)} and has a flat prior "
        "for μ; and the exact posterior.",
        "shrinkage",
        "classical_theta.csv",
        most=FEW_ROWS,
    )


def classical_words(report: Results) -> Html:
    """What the plug-in estimates of tau leave out."""
    taus = report.classical["tau"].drop(["no_pooling", "complete_pooling"])
    lines = []
    zeros = int((taus == 0).sum())
    interval = f"the exact posterior's 95 % interval is {report.interval('tau')}"
    if zeros:
        lines.append(
            f"{first_upper(some_of(zeros, len(taus), 'classical estimate'))} of τ "
            f"{'is' if zeros == 1 else 'are'} exactly 0, that is, groups that do not differ at "
            f"all. Plugged in, 0 pools completely; under the priors of this study {interval}."
        )
    else:
        lines.append(
            f"The classical estimates of τ lie between {report.finely(taus.min())} and "
            f"{report.finely(taus.max())}. Plugging one in takes τ as known; under the priors "
            f"of this study {interval}."
        )
    if report.approximated:
        lines.append(
            "All of this is classical, and of the normal approximation of each group's data: the "
            "estimates and standard errors of the table above."
        )
    return paragraphs(lines)


def classical_table(report: Results) -> Html:
    """Classical estimates of tau and mu beside the exact posterior."""
    frame = pd.DataFrame(
        {
            "method": report.classical.index.map(METHOD_NAMES),
            "τ": report.classical["tau"].to_numpy(),
            "μ": report.classical["mu"].to_numpy(),
            "std. error of μ": report.classical["mu_std_error"].to_numpy(),
            "new group 2.5 %": report.classical["prediction_lower"].to_numpy(),
            "97.5 %": report.classical["prediction_upper"].to_numpy(),
        }
    )
    columns = ["q50", "mean", "sd", "q2.5", "q97.5"]
    variables = ["tau", "mu", "mu", "theta_new", "theta_new"]
    exact = [report.value(v, q) for v, q in zip(variables, columns, strict=True)]
    row = dict(zip(frame.columns, ["exact posterior (τ: median)", *exact], strict=True))
    frame = pd.concat([frame, pd.DataFrame([row])], ignore_index=True)
    one_more = at_scale(report.scale, further=1)
    return table(
        frame,
        dict.fromkeys(frame.columns[1:], one_more),
        "Classical estimates plug in one value of τ; μ, its standard error, and the 95 % "
        "interval of a new group (Student's t with two degrees of freedom less than there are "
        "groups, so none for two) follow from it. The last row is the exact posterior, which "
        "has the priors too.",
        "classical",
    )


CONTENT = (classical_words, classical_table, shrinkage_table)
