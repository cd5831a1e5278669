"""Does the prior matter? Its weight, priors that others use, and a map of a thousand."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from partial_pooling.decision.side import Side
from partial_pooling.grading.inference import Interval
from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, folded, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.report.sections.influence import stands
from partial_pooling.report.side import above_words, side
from partial_pooling.words import CHANCES, chance, fixed, listed, percent, symbol

PARTS = {"prior of mu": "prior of μ", "prior of tau": "prior of τ", "likelihood": "data"}
THRESHOLD = 0.05  # of the distance, as ArviZ's psense_summary has it
SHOWN = ("mu", "tau", "log_tau", "theta_new")


TITLE = "Does the prior matter?"


def finding(report: Results) -> str:
    """Whether priors in common use say the same."""
    return _lines(report)[0]


def sensitivity_words(report: Results) -> Html:
    """How far mu and log tau move when a prior counts double, and what psense would diagnose."""
    rows = report.sensitivity
    lines = []
    beyond = side(report)
    for part, proper in (
        ("prior of mu", report.prior.mu.is_proper),
        ("prior of tau", report.prior.tau.is_proper),
    ):
        if not proper:
            lines.append(f"The {PARTS[part]} is flat: twice as much of it is the same.")
            continue
        of = rows[rows["part"] == part].set_index("variable")
        move, above = of["mean_double"], float(of["mean_double"]["mu > c"])
        if not pd.notna(move["mu"]) and not pd.notna(move["log_tau"]):
            continue
        lines.append(
            f"If the {PARTS[part]} counted double, the mean of μ would move by "
            f"{signed_sds(move['mu'])}, that of log τ by {signed_sds(move['log_tau'])}, and "
            f"{escape(beyond.name)} by {fixed(1)(100 * (above if beyond.above else -above))} "
            "percentage points."
        )
    found = [
        f"{bold(PARTS[str(part)])}: {escape(str(diagnosis))} "
        f"({escape(listed([symbol(str(v)) for v in some['variable']]))})"
        for (part, diagnosis), some in rows[rows["diagnosis"] != ""].groupby(
            ["part", "diagnosis"], sort=False
        )
    ]
    asked = rows[rows["distance"].notna()]
    if found:
        lines.append(
            "ArviZ's psense, which asks whether a posterior moves with the weight of the prior and "
            "of the data, not whether the two disagree, would name (its threshold: "
            f"{THRESHOLD:g} a unit of log₂ α): {'; '.join(found)}."
        )
    elif len(asked):
        lines.append(
            "No prior is diagnosed by the thresholds of ArviZ's psense: no distance to the "
            f"posterior with a prior scaled reaches {THRESHOLD:g} a unit of log₂ α."
        )
    for reason in sorted({str(r) for r in rows["reason"] if r}):
        lines.append(f"Not all could be computed: {escape(reason)}.")
    return paragraphs(lines)


def signed_sds(move: float) -> str:
    """A move in posterior sds."""
    return f"{fixed(2)(move)} posterior sds" if pd.notna(move) else "what has no mean"


def sensitivity_table(report: Results) -> Html:
    """Moves and distances of the hyperparameters and a new group."""
    rows = report.sensitivity[report.sensitivity["variable"].isin(SHOWN)]
    frame = pd.DataFrame(
        {
            "part": [PARTS[part] for part in rows["part"]],
            "variable": [symbol(variable) for variable in rows["variable"]],
            "mean, half": rows["mean_half"].to_numpy(),
            "mean, double": rows["mean_double"].to_numpy(),
            "sd, half": rows["sd_half"].to_numpy(),
            "sd, double": rows["sd_double"].to_numpy(),
            "distance": rows["distance"].to_numpy(),
        }
    )
    formats = dict.fromkeys(frame.columns[2:], fixed(3))
    inner = table(
        frame,
        formats,
        "How the exact posterior moves if a part of the model counts half (α = 1/2) or double "
        "(α = 2): the mean in posterior standard deviations, the standard deviation as a share of "
        "itself. The distance is the cumulative Jensen-Shannon distance at α = 0.99 and 1.01, a "
        "unit of log₂ α, over the range that 4,000 draws have.",
        "sensitivity",
        "sensitivity.csv",
    )
    return folded("How far each part moves each variable", inner)


def _range(beyond: Side, above: pd.Series[float]) -> str:
    ends = sorted(beyond.share(float(end)) for end in (above.min(), above.max()))
    return escape(" to ".join(dict.fromkeys(map(chance, ends))))


def differing(report: Results) -> list[str]:
    """Priors in common use under which the conclusion about mu is another."""
    told = report.priors[report.priors["reason"] == ""]["mu_above"]
    return [str(name) for name, p in told.iloc[1:].items() if stands(p) != stands(told.iloc[0])]


def prior_words(report: Results) -> Html:
    """Which of the priors could not be used."""
    return paragraphs(_lines(report)[1:])


def _lines(report: Results) -> list[str]:
    told = report.priors[report.priors["reason"] == ""]
    own, others = told["mu_above"].iloc[0], told["mu_above"].iloc[1:]
    lines, beyond = [], side(report)
    if len(others):
        differ = differing(report)
        lines.append(
            f"Under {len(others)} priors in common use {escape(beyond.name)} is "
            f"{_range(beyond, others)}; under this study's own, {beyond.of(own)}. "
            + (
                f"The conclusion is another under {listed([bold(name) for name in differ])}."
                if differ
                else "All come to the same conclusion, whether μ is above, below or neither with a "
                "probability of 97.5 %."
            )
        )
    missing = report.priors[report.priors["reason"] != ""]
    lines += [
        f"Nothing is told under {listed([bold(str(name)) for name in some.index])}: "
        f"{escape(str(reason))}."
        for reason, some in missing.groupby("reason", sort=False)
    ]
    return lines


def prior_table(report: Results) -> Html:
    """The same data under each prior, with its source."""
    rows = report.priors
    frame = pd.DataFrame({"prior": rows.index, "of μ": rows["prior_mu"], "of τ": rows["prior_tau"]})
    for name, variable in (("μ", "mu"), ("τ", "tau"), ("new group", "new")):
        ends = rows[[f"{variable}_q{q}" for q in ("50", "2.5", "97.5")]].to_numpy(dtype=float)
        shown: list[Any] = [Interval(*row) for row in ends]
        frame[name] = shown
    beyond = side(report)
    of_mu = f"P(μ {beyond.sign} c)"
    frame[of_mu] = beyond.share(rows["mu_above"]).to_numpy()
    sources = [f"{name}: {source}" for name, source in rows["source"].items() if source]
    inner = table(
        frame,
        {**dict.fromkeys(("μ", "τ", "new group"), report.units), of_mu: CHANCES},
        f"The same data under other priors: exact medians and 95 % intervals, c = "
        f"{above_words(report)}. {'; '.join(sources)}.",
        "priors",
        "priors.csv",
    )
    return folded("The numbers under each prior, and where it is from", inner)


def atlas_words(report: Results) -> Html:
    """Under which share of the priors of the atlas the conclusion is the same."""
    above = report.atlas["mu_above"].dropna()
    missing = len(report.atlas) - len(above)
    if not len(above):
        return paragraphs(["A map over a thousand priors is not drawn of so many groups."])
    own = stands(float(report.decisions["probability"]["mu"]))
    same = sum(stands(p) == own for p in above)
    how_many = f"{same:,} ({percent(same / len(above))})" if same < len(above) else "all"
    return paragraphs(
        [
            f"Of {len(above):,} priors, with scales of τ's and μ's from 1/32 to 32 times those "
            f"of the study, {how_many} come to the study's "
            f"conclusion; {escape(side(report).name)} is {_range(side(report), above)} over them."
            + (f" Under {missing:,} more it could not be computed." if missing else "")
        ]
    )


CONTENT = (
    prior_words,
    Figure("usual_priors"),
    sensitivity_words,
    atlas_words,
    Figure("atlas"),
    prior_table,
    sensitivity_table,
)
