"""Does one group decide? Each group left out."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, folded, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.report.sections.decisions import above_words
from partial_pooling.words import count, fixed, listed, percent, significant

OUTLIER = 0.05  # corrected p-value below which a group is named
SURE = 0.975


def stands(chance: float) -> str:
    """What an exact probability to be above c says, in a word."""
    return "above" if chance > SURE else "below" if chance < 1 - SURE else "undecided"


def deciders(report: Results) -> list[str]:
    """Groups without which the conclusion about mu is another."""
    conclusion = stands(float(report.decisions["probability"]["mu"]))
    told = report.influence[report.influence["reason"] == ""]
    return [str(name) for name, p in told["mu_above"].items() if stands(p) != conclusion]


TITLE = "Does one group decide?"


def finding(report: Results) -> str:
    """Which group carries the conclusion."""
    return _lines(report)[0]


def influence_words(report: Results) -> Html:
    """Which group the others do not expect, and of which nothing is told."""
    return paragraphs(_lines(report)[1:])


def _lines(report: Results) -> list[str]:
    told = report.influence[report.influence["reason"] == ""]
    missing = report.influence[report.influence["reason"] != ""]
    chance, c = float(report.decisions["probability"]["mu"]), above_words(report)
    lines = []
    if len(told):
        move = (told["mu_above"] - chance).abs()
        most = str(move.idxmax())
        other = deciders(report)
        none = "No single group decides"
        if len(missing):
            none = f"None of the {count(len(told), 'group')} that can be left out decides"
        lines.append(
            f"With all groups P(μ > {escape(c)}) is {percent(chance)}. It moves most without "
            f"{bold(most)}, to {percent(float(told['mu_above'][most]))}. "
            + (
                f"{bold('One group decides')}: without {listed([bold(name) for name in other])} "
                "the conclusion, whether μ is above, below or neither with a probability of "
                "97.5 %, is another."
                if other
                else f"{none}: without any of them the conclusion, whether μ is "
                "above, below or neither with a probability of 97.5 %, is the same."
            )
        )
        odd = [str(name) for name, p in told["p_corrected"].items() if p < OUTLIER]
        least = float(told["p_corrected"].min())
        corrected = f"corrected for {count(len(told), 'group')} (Holm)"
        lines.append(
            f"{listed([bold(name) for name in odd])} "
            f"{'is an outlier' if len(odd) == 1 else 'are outliers'}: the other groups do not "
            f"expect such data (smallest p {significant(2)(least)}, {corrected})."
            if odd
            else "No group is an outlier: held against what all others predict of it, the "
            f"smallest p-value, {corrected}, is {significant(2)(least)}."
        )
    if len(missing):
        reasons = ", ".join(sorted(set(missing["reason"])))
        lines.append(f"Of {count(len(missing), 'group')} nothing is told here: {escape(reasons)}.")
    return lines


def influence_table(report: Results) -> Html:
    """Mu, tau and the decision without each group, and its PIT."""
    rows = report.influence.loc[list(report.groups.names)]
    frame = pd.DataFrame(
        {
            "left out": report.groups.names,
            "μ median": rows["mu_q50"].to_numpy(),
            "μ 2.5 %": rows["mu_q2.5"].to_numpy(),
            "μ 97.5 %": rows["mu_q97.5"].to_numpy(),
            "τ median": rows["tau_q50"].to_numpy(),
            "P(μ > c)": rows["mu_above"].to_numpy(),
            "P(new > c)": rows["new_above"].to_numpy(),
            "log p(y)": rows["log_predictive"].to_numpy(),
            "PIT": rows["pit"].to_numpy(),
            "p (Holm)": rows["p_corrected"].to_numpy(),
        }
    )
    formats = {
        **dict.fromkeys(("μ median", "μ 2.5 %", "μ 97.5 %", "τ median"), report.units),
        **dict.fromkeys(("P(μ > c)", "P(new > c)", "PIT"), percent),
        "log p(y)": fixed(2),
        "p (Holm)": significant(2),
    }
    inner = table(
        frame,
        formats,
        f"The exact posterior without each group, c = {above_words(report)}; then log density of "
        "the group's data given all others, and their place in what these predict (PIT: 50 % is "
        "the middle), with the two-sided p-value of that, corrected for the number of groups.",
        "influence",
        "influence.csv",
    )
    return folded("The numbers without each group", inner)


CONTENT = (
    influence_words,
    Figure("influence"),
    influence_table,
)
