"""Does one group decide? Each group left out."""

from __future__ import annotations

from html import escape

import pandas as pd

from partial_pooling.report.figure import Figure
from partial_pooling.report.html import Html, bold, folded, paragraphs, table
from partial_pooling.report.results import Results
from partial_pooling.report.side import above_words, side
from partial_pooling.words import (
    CHANCES,
    Column,
    Format,
    count,
    fixed,
    listed,
    p_value,
    significant,
    some_of,
)

OUTLIER = 0.05  # corrected p-value below which a group is named
SURE = 0.975
NAMED = 5  # groups of a list
OFF = 0.1  # of a log density: about 10 % of the density


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
    chance, beyond = float(report.decisions["probability"]["mu"]), side(report)
    lines = []
    if len(told):
        move = (told["mu_above"] - chance).abs()
        most = str(move.idxmax())
        other = deciders(report)
        none = "No single group decides"
        if len(missing):
            none = f"None of the {count(len(told), 'group')} that can be left out decides"
        there, moved = beyond.of(chance), beyond.of(float(told["mu_above"][most]))
        alike = {beyond.of(float(p)) for p in told["mu_above"]} == {there}
        lines.append(
            f"With all groups {escape(beyond.name)} is {there}. "
            + (
                f"Without any one of them it is {there} too. "
                if alike
                else f"It moves most without {bold(most)}, to {moved}. "
            )
            + (
                f"{bold('One group decides')}: without {_any_of(other)} the conclusion, whether μ "
                "is above, below or neither with a probability of 97.5 %, is another."
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


def _any_of(names: list[str]) -> str:
    """One group, or any one of several, of which the first are named."""
    if len(names) == 1:
        return bold(names[0])
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return f"any one of {listed([*map(bold, names[:NAMED]), *more])}"


def loo_words(report: Results) -> Html:
    """Whether the usual tool, which needs no exact answer, gets these densities right."""
    told = report.loo[report.loo["exact"].notna()]
    if not len(told):
        return Html("")
    first = told.iloc[0]
    fit = (
        f"one fit ({escape(str(first['model']))}, target_accept {first['target_accept']:g}, "
        f"{int(first['draws']):,} draws)"
    )
    limit = fixed(2)(float(first["k_limit"]))
    lines = [
        f"Without an exact answer people use PSIS-LOO, which weights the draws of {fit} as if a "
        "group were not there; where its Pareto k is too large (here above "
        f"{limit}) it warns. With the likelihood given θ, as PyMC and ArviZ have it, "
        f"{_off(told, 'conditional')}"
    ]
    if told["integrated"].notna().any():
        lines.append(
            "With θ integrated out of the likelihood, which leaves μ and τ to weight, "
            f"{_off(told, 'integrated')}"
        )
    return paragraphs(lines)


def _off(told: pd.DataFrame, form: str) -> str:
    """How far PSIS is from the exact densities, and whether k tells."""
    miss = (told[form] - told["exact"]).abs()
    off, warned = miss > OFF, told[f"{form}_k"] > told["k_limit"]
    words = (
        f"log p(y) is off by at most {significant(2)(miss.max())} ({bold(str(miss.idxmax()))}), by "
        f"more than {OFF:g} in {some_of(int(off.sum()), len(told), 'group')}"
    )
    if not off.any():
        return f"{words}; it warns of {some_of(int(warned.sum()), len(told), 'group')}."
    found, false = int((off & warned).sum()), int((~off & warned).sum())
    others = f"{false:,} other{'' if false == 1 else 's'}" if false else "no other"
    return f"{words}; it warns of {f'{found:,}' if found else 'none'} of these, and of {others}."


def loo_table(report: Results) -> Html:
    """Log predictive densities by PSIS beside the exact ones."""
    rows = report.loo.loc[list(report.groups.names)]
    frame = pd.DataFrame({"left out": report.groups.names, "exact": rows["exact"].to_numpy()})
    for form, name in (("conditional", "given θ"), ("integrated", "θ integrated out")):
        frame[name] = rows[form].to_numpy()
        frame[f"{name}, std. error"] = rows[f"{form}_mcse"].to_numpy()
        frame[f"{name}, k"] = rows[f"{form}_k"].to_numpy()
    inner = table(
        frame,
        dict.fromkeys(frame.columns[1:], fixed(3)),
        "Log density of each group's data given all others, exactly and by PSIS-LOO from draws, "
        "with its Monte Carlo standard error (none where k is too large) and Pareto's k.",
        "loo",
        "loo.csv",
    )
    return folded("Leave-one-out from draws, beside the exact", inner)


def influence_table(report: Results) -> Html:
    """Mu, tau and the decision without each group, and its PIT."""
    rows, beyond = report.influence.loc[list(report.groups.names)], side(report)
    of_mu, of_new = f"P(μ {beyond.sign} c)", f"P(new {beyond.sign} c)"
    frame = pd.DataFrame(
        {
            "left out": report.groups.names,
            "μ median": rows["mu_q50"].to_numpy(),
            "μ 2.5 %": rows["mu_q2.5"].to_numpy(),
            "μ 97.5 %": rows["mu_q97.5"].to_numpy(),
            "τ median": rows["tau_q50"].to_numpy(),
            of_mu: beyond.share(rows["mu_above"]).to_numpy(),
            of_new: beyond.share(rows["new_above"]).to_numpy(),
            "log p(y)": rows["log_predictive"].to_numpy(),
            "PIT": rows["pit"].to_numpy(),
            "p (Holm)": rows["p_corrected"].to_numpy(),
        }
    )
    formats: dict[str, Format | Column] = {
        **dict.fromkeys(("μ median", "μ 2.5 %", "μ 97.5 %", "τ median"), report.units),
        **dict.fromkeys((of_mu, of_new, "PIT"), CHANCES),
        "log p(y)": fixed(2),
        "p (Holm)": p_value,
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
    loo_words,
    loo_table,
)
