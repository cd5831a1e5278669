"""What tables of fits say, in words: the neck, divergences, errors; and what each check asks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.words import Format, count, fixed, percent, signed, significant

# Of each check: its name, what it asks, and how its values are written.
CHECK_WORDS: dict[str, tuple[str, str, Format]] = {
    "r_hat": (
        "R-hat",
        "Do the chains agree with one another, and each with itself? 1 if they do, more if not "
        "(rank-normalized and split, the largest of any variable).",
        fixed(3),
    ),
    "ess_bulk": (
        "bulk ESS",
        "Effective sample size: how many independent draws would be as good, for means and "
        "medians (the smallest of any variable).",
        fixed(0),
    ),
    "ess_tail": ("tail ESS", "The same for the 5 % and 95 % quantiles.", fixed(0)),
    "divergences": (
        "divergences",
        "Transitions in which the simulated path left the curve that it should follow: a hint "
        "that a region was too narrow for the step.",
        fixed(0),
    ),
    "ebfmi": (
        "E-BFMI",
        "Does the sampler change its energy fast enough to reach the tails? The smallest of any "
        "chain; near 1 is good.",
        fixed(2),
    ),
    "max_treedepth_hits": (
        "tree depth",
        "Transitions that were cut off because their path became too long.",
        fixed(0),
    ),
    "z": (
        "|z|",
        "Distance of an estimated mean from the exact one, in Monte Carlo standard errors (MCSE): "
        "the largest of any variable. The one check that needs the exact answer.",
        fixed(1),
    ),
}
FEW_DIVERGENCES = 10
REAL, FALSE = "real", "false alarms"


def neck_finding(rows: pd.DataFrame, p: str) -> str:
    """Hold the sampled share below the exact p % quantile of log tau against p %.

    Parameters
    ----------
    rows
        Fits of one setting, a row a seed.
    p
        What the table has in its columns' names: `neck_<p>`, p in percent.

    Returns
    -------
    str
        `seldom` or `often` where the mean over the fits is more than 4 of its standard errors
        off, `agrees` within 2, else `unclear`. Where no draw is below, and so no standard error
        can be estimated, that of `p` itself at the fit's smallest bulk ESS stands for it.
    """
    share = rows[f"neck_{p}"]
    below = float(p) / 100
    ideal = np.sqrt(below * (1 - below) / rows["ess_bulk_min"])
    error = rows[f"mcse_neck_{p}"].where(share > 0, ideal)
    gap = float(share.mean()) - below
    total = math.sqrt(float((error**2).sum(skipna=False))) / len(rows)
    if abs(gap) > 4 * total:
        return "seldom" if gap < 0 else "often"
    return "agrees" if abs(gap) <= 2 * total else "unclear"


def divergence_words(model: Mapping[str, Any]) -> str:
    """Say whether a model's divergences are real: where they sit, whether they vanish, matter.

    Parameters
    ----------
    model
        An entry of `models` in verdict.json.

    Returns
    -------
    str
        Plain text. Only where all three questions have the same answer it ends with a summary.
    """
    rates = list(model["divergences"]["rate_by_target_accept"].items())
    if not any(rate for _, rate in rates):
        settings = "at any target_accept" if len(rates) > 1 else f"at target_accept {rates[0][0]}"
        return f"no divergences {settings}."
    answers = [_where_they_sit(model), _whether_they_vanish(rates), _whether_they_matter(model)]
    words = [text for text, _ in answers if text]
    for answer in (REAL, FALSE):
        if all(found == answer for _, found in answers):
            words.append(f"All three answers say that these divergences are {answer}.")
    return " ".join(words)


type Answer = tuple[str, str | None]


def _where_they_sit(model: Mapping[str, Any]) -> Answer:
    divergences = model["divergences"]
    total, rank = divergences["at_lowest_target_accept"], divergences["mean_rank_of_log_tau"]
    if rank is None:
        return "", None
    if total < FEW_DIVERGENCES:
        where, answer = "too few to say where they sit", None
    elif rank < 0.25:
        where, answer = "they gather in the neck", REAL
    elif rank < 0.4:
        where, answer = "they lean towards the neck", None
    elif rank <= 0.6:
        where, answer = "they are scattered like any draw", FALSE
    else:
        where, answer = "they lean towards the wide part", None
    lowest = next(iter(divergences["rate_by_target_accept"]))
    return (
        f"at target_accept {lowest}, log τ at the {count(total, 'divergent transition')} has mean "
        f"rank {fixed(2)(rank)} among all draws (0.50 if they fell like any draw, near 0 deep in "
        f"the neck): {where}.",
        answer,
    )


def _whether_they_vanish(rates: list[tuple[str, float]]) -> Answer:
    if len(rates) == 1:
        return f"at target_accept {rates[0][0]} the rate is {percent(rates[0][1])}.", None
    (first, before), (last, after) = rates[0], rates[-1]
    if after == 0:
        trend, answer = "divergences vanish", FALSE
    elif after < before:
        trend, answer = "divergences become fewer but do not vanish", REAL
    else:
        trend, answer = "divergences do not become fewer", REAL
    return (
        f"The rate goes from {percent(before)} at target_accept {first} to {percent(after)} at "
        f"{last}: {trend}.",
        answer,
    )


def _whether_they_matter(model: Mapping[str, Any]) -> Answer:
    accept, log_tau = next(iter(model["log_tau_by_target_accept"].items()))
    bias, error = log_tau["bias"], log_tau["std_error"]
    if bias is None or not error:
        return "", None
    size = abs(bias) / error
    if size > 4:
        matter, answer = "they matter", REAL
    elif size < 2:
        matter, answer = "no bias can be seen", FALSE
    else:
        matter, answer = "whether they matter these seeds cannot tell", None
    return (
        f"At target_accept {accept} the mean of log τ is off by {signed(bias, significant(2))} ± "
        f"{significant(1)(error)} (standard error over seeds): {matter}.",
        answer,
    )


def error_words(accuracy: pd.DataFrame, model: str) -> str:
    """Say how the error of the mean of log tau falls with draws; nothing where it cannot be said.

    Parameters
    ----------
    accuracy
        Table of `verdict.accuracy`.
    model
        Which model.
    """
    rows = accuracy[(accuracy["model"] == model) & (accuracy["variable"] == "log_tau")]
    rmse = rows.groupby("draws")["rmse"].mean()
    if len(rmse) < 2 or not (rmse > 0).all():
        return ""
    few, many = rmse.index[0], rmse.index[-1]
    two = significant(2)
    return (
        f"From {few:,} to {many:,} draws a chain the root mean squared error of the mean of log τ "
        f"goes from {two(rmse.iloc[0])} to {two(rmse.iloc[-1])}, a factor of "
        f"{two(rmse.iloc[0] / rmse.iloc[-1])}; draws alone would give {two(math.sqrt(many / few))}."
    )
