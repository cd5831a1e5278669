"""What tables of fits say, in words: each claim is a test's, and says how far it could see."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from partial_pooling.grading.inference import (
    Interval,
    holm,
    mean_interval,
    share_interval,
    share_p_value,
)
from partial_pooling.words import (
    NO_BREAK,
    Format,
    count,
    fixed,
    listed,
    percent,
    signed,
    significant,
)

# Of each grade and check: its name, what it asks, and how its values are written.
GRADE_WORDS: dict[str, tuple[str, str, Format]] = {
    "error_mean": (
        "error of means",
        "How far is the mean of a variable from the exact one, in exact posterior standard "
        "deviations?",
        significant(2),
    ),
    "error_sd": (
        "error of sds",
        "How far is a standard deviation from the exact one, as a share of it?",
        percent,
    ),
    "error_quantile": (
        "error of quantiles",
        "Where the sampled 5, 50 and 95 % quantiles stand in the exact distribution: how far from "
        "5, 50 and 95 %?",
        percent,
    ),
    "honest": (
        "honest",
        "Does the fit err more than it admits? Each mean, and the shares of draws below the exact "
        "5, 50 and 95 % quantiles, are tested for an error above a tolerance, in units of their "
        "Monte Carlo error; the smallest p-value, corrected for their number (Holm).",
        significant(2),
    ),
}
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
    "divergence_rate": (
        "divergences",
        "Share of transitions in which the simulated path left the curve that it should follow: a "
        "hint that a region was too narrow for the step.",
        percent,
    ),
    "ebfmi": (
        "E-BFMI",
        "Does the sampler change its energy fast enough to reach the tails? The smallest of any "
        "chain; near 1 is good.",
        fixed(2),
    ),
    "max_treedepth_rate": (
        "tree depth",
        "Share of transitions that were cut off because their path became too long.",
        percent,
    ),
}
LEVEL = 0.001  # of the tests behind a sentence on the funnel's neck
FEWEST_SEEDS = 5  # that can show a part of the error which does not fall with draws
UNEVEN = 0.01  # p-value below which shares by quarter are called uneven
FUNNEL = 2.0  # change of the conditional spread of theta from which a posterior has a funnel


def funnel_factor(std_error: ArrayLike, low: float, high: float) -> float:
    """By what factor the spread of a group's theta changes with tau: the shape of the funnel.

    Parameters
    ----------
    std_error
        Shape (J,), the groups' standard errors.
    low, high
        Exact 5 and 95 % quantiles of tau, in the units of the data.

    Returns
    -------
    float
        The standard deviation of theta given mu and tau, ``(1 / sigma^2 + 1 / tau^2) ** -0.5``, at
        the upper quantile over that at the lower one: the median over groups.
    """
    precision = np.asarray(std_error, dtype=float) ** -2
    return float(np.median(np.sqrt((precision + low**-2) / (precision + high**-2))))


def neck_shares(rows: pd.DataFrame, shares: Sequence[str]) -> dict[str, tuple[Interval, float]]:
    """Shares of draws in the left tail of log tau, over the fits of one setting.

    Parameters
    ----------
    rows
        Fits of one setting, a row a seed.
    shares
        What the table has in its columns' names: `neck_<p>`, p in percent.

    Returns
    -------
    dict
        For each p the share over fits, weighted by effective draws, with its 95 % interval, and
        the p-value of the hypothesis that it is p %, corrected for the number of shares (Holm).
    """
    found, p_values = [], []
    for p in shares:
        # by effective draws, so that a fit that was stuck does not hide what the others show
        ess = rows[f"ess_neck_{p}"].to_numpy()
        effective = float(ess.sum())
        share = float(rows[f"neck_{p}"].to_numpy() @ ess) / effective
        found.append(share_interval(share * effective, effective))
        p_values.append(float(share_p_value(share, effective, float(p) / 100)))
    return dict(zip(shares, zip(found, holm(p_values), strict=True), strict=True))


def neck_words(rows: pd.DataFrame, shares: Sequence[str]) -> str:
    """Say how much of the neck these fits of one setting reached, and what that bears."""
    found = neck_shares(rows, shares)
    each = [
        f"{percent_with(interval)} where the exact posterior has {p} %"
        for p, (interval, _) in found.items()
    ]
    less = [p for p, (i, chance) in found.items() if chance < LEVEL and i.value < float(p) / 100]
    more = [p for p, (i, chance) in found.items() if chance < LEVEL and i.value > float(p) / 100]
    judgement = {
        (True, False): "It comes to small τ too seldom",
        (False, True): "It stays at small τ too long",
        (True, True): "It has too few draws at some small τ and too many at others",
        (False, False): "No share is further from the exact one than chance may take it",
    }[bool(less), bool(more)]
    if not less and not more and any(interval.low <= 0 for interval, _ in found.values()):
        judgement = "So few effective draws cannot tell whether it comes there often enough"
    over = f"over {count(len(rows), 'fit')}" if len(rows) > 1 else "in one fit"
    return (
        f"at target_accept {rows['target_accept'].iloc[0]:g} has, of its draws, {listed(each)} "
        f"({over}; 95 % intervals). {judgement} ({len(found)} tests, together wrong once in 1,000)."
    )


def divergence_words(model: Mapping[str, Any]) -> str:
    """Say of a model's divergences where they lie, whether they become fewer, what they come with.

    Parameters
    ----------
    model
        An entry of `models` of `verdict.verdict`.

    Returns
    -------
    str
        Plain text.
    """
    rates = list(model["divergences"]["rate_by_target_accept"].items())
    if not any(rate for _, rate in rates):
        settings = "at any target_accept" if len(rates) > 1 else f"at target_accept {rates[0][0]}"
        return f"no divergences {settings}."
    words = [
        _where_they_lie(model["divergences"]),
        _whether_fewer(rates, model["divergences"]["rate_change"]),
        _with_which_error(model),
    ]
    return " ".join(filter(None, words))


def _where_they_lie(divergences: Mapping[str, Any]) -> str:
    total, accept = divergences["total"], divergences["target_accept"]
    if not total:
        return f"at target_accept {accept:g} there are none."
    shares, chance = divergences["by_quarter"], divergences["p_value"]
    is_or_are = "is" if total == 1 else "are"
    told = f"at target_accept {accept:g} there {is_or_are} {count(total, 'divergent transition')}"
    if shares is None:
        return f"{told}, too few to say where they lie."
    told += (
        f"; {percent(shares[0])}, {percent(shares[1])}, {percent(shares[2])} and "
        f"{percent(shares[3])} of them lie in the quarters of log τ, from the lowest up, where any "
        f"draw lies with 25 % each (p {p_text(chance)})"
    )
    if chance >= UNEVEN:
        return f"{told}: chance may make them as uneven."
    fullest = ("lowest", "second", "third", "highest")[int(np.argmax(shares))]
    most = "most of them" if max(shares) > 0.5 else "the largest share"
    return f"{told}: not like any draw, and {most} in the {fullest} quarter."


def _whether_fewer(rates: list[tuple[str, float]], change: Mapping[str, Any] | None) -> str:
    (first, before), (last, after) = rates[0], rates[-1]
    if change is None:
        return f"The rate is {percent(before)}."
    told = (
        f"The rate goes from {percent(before)} at target_accept {first} to {percent(after)} at "
        f"{last}"
    )
    if change["low"] is None:
        return f"{told}; with one seed, or equal ones, whether that is chance cannot be told."
    interval = Interval(change["value"], change["low"], change["high"])
    bounds = f"95 % interval of the change {_to(interval, lambda v: signed(v, percent))}"
    if not interval.excludes_zero:
        return f"{told} ({bounds}): a change that these seeds do not tell from chance."
    return f"{told} ({bounds}): {'fewer' if interval.value < 0 else 'more'}."


def _with_which_error(model: Mapping[str, Any]) -> str:
    error = model["log_tau_error"]
    accept = model["divergences"]["target_accept"]
    if error["value"] is None or error["low"] is None:
        return ""
    interval = Interval(error["value"], error["low"], error["high"])
    two = significant(2)
    told = (
        f"At target_accept {accept:g} the mean of log τ is off by {signed(interval.value, two)} "
        f"exact standard deviations (95 % interval over seeds "
        f"{_to(interval, lambda v: signed(v, two))})"
    )
    if interval.excludes_zero:
        return f"{told}: a bias."
    largest = max(abs(interval.low), abs(interval.high))
    return f"{told}: no bias is seen, and the interval leaves out any above {two(largest)}."


def error_words(estimates: pd.DataFrame, model: str) -> str:
    """Say how the error of the mean of log tau falls with draws; nothing where it cannot be said.

    Parameters
    ----------
    estimates
        Graded estimates of all cells.
    model
        Which model.
    """
    found = error_reduction(estimates, model)
    if found is None:
        return ""
    few, many, before, after, factor = found
    alone = math.sqrt(many / few)
    two = significant(2)
    told = (
        f"From {few:,} to {many:,} draws a chain the root mean squared error of the mean of log τ "
        f"goes from {two(before)} to {two(after)}, a factor of {two(factor.value)}"
    )
    if math.isnan(factor.low):
        return f"{told}; draws alone would give {two(alone)}."
    told += f" (95 % interval over seeds {_to(factor, two)}); draws alone would give {two(alone)}"
    if factor.high < alone and _is_biased(estimates, model, many):
        return f"{told}: a part of the error does not fall with draws."
    return f"{told}."


def _is_biased(estimates: pd.DataFrame, model: str, draws: int) -> bool:
    """Whether the mean of log tau is off over five seeds or more, by Student's t at 95 %."""
    rows = estimates[
        (estimates["model"] == model)
        & (estimates["variable"] == "log_tau")
        & (estimates["draws"] == draws)
    ]
    by_seed = rows.groupby("seed")["bias"].mean()
    return len(by_seed) >= FEWEST_SEEDS and mean_interval(by_seed).excludes_zero


def error_reduction(
    estimates: pd.DataFrame, model: str
) -> tuple[int, int, float, float, Interval] | None:
    """Factor by which more draws reduce the error of the mean of log tau.

    Returns
    -------
    tuple
        The smallest and largest number of draws, the root mean squared errors there over all
        seeds and target_accepts, and their ratio with a 95 % interval (jackknife over seeds, of
        the ratio's logarithm, Student's t); None for one number of draws or where no mean exists.
    """
    rows = estimates[(estimates["model"] == model) & (estimates["variable"] == "log_tau")]
    squares = (rows["bias"] ** 2).groupby([rows["draws"], rows["seed"]]).sum().unstack()
    if len(squares) < 2 or not (squares.sum(axis=1) > 0).all():
        return None
    few, many = squares.index[0], squares.index[-1]
    first, last = squares.loc[few].to_numpy(), squares.loc[many].to_numpy()
    of_all = len(rows) / len(squares)
    before, after = math.sqrt(first.sum() / of_all), math.sqrt(last.sum() / of_all)
    factor = Interval(before / after, math.nan, math.nan)
    seeds = len(first)
    if seeds > 2:
        without = 0.5 * np.log((first.sum() - first) / (last.sum() - last))
        pseudo = seeds * math.log(before / after) - (seeds - 1) * without
        interval = mean_interval(pseudo)
        factor = Interval(before / after, math.exp(interval.low), math.exp(interval.high))
    return int(few), int(many), before, after, factor


def percent_with(interval: Interval) -> str:
    """Write a share with its interval in percent, to the decimals that the interval's width bears.

    Examples
    --------
    >>> percent_with(Interval(0.2503, 0.2461, 0.2546)).replace(NO_BREAK, " ")
    '25.0 % (24.6 to 25.5 %)'
    """
    width = 100 * (interval.high - interval.low)
    form = fixed(max(0, 1 - math.floor(math.log10(width)))) if width > 0 else fixed(1)
    value, low, high = (form(100 * share) for share in interval)
    return f"{value}{NO_BREAK}% ({low} to {high}{NO_BREAK}%)"


def p_text(chance: float) -> str:
    """Write a p-value, with how it compares: `= 0.03`, `< 0.0001`."""
    return f"= {significant(2)(chance)}" if chance >= 1e-4 else "< 0.0001"


def _to(interval: Interval, form: Format) -> str:
    return f"{form(interval.low)} to {form(interval.high)}"
