"""Which parametrization suits the data, and a model to copy."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from partial_pooling.families.registry import FAMILIES
from partial_pooling.grading.grades import GOOD
from partial_pooling.grading.inference import mean_interval, share_interval
from partial_pooling.models.snippet import pymc_code
from partial_pooling.report.html import (
    FEW_ROWS,
    Html,
    Shown,
    bold,
    folded,
    paragraphs,
    table,
)
from partial_pooling.report.results import Results
from partial_pooling.words import COST, PERCENTS, Format, count, even, fixed, percent, significant

PAIR = ["centered", "noncentered"]
EFFICIENCY = "ess_per_1000_gradients"
LEVEL = 0.05  # at which two models are told apart by their seeds


TITLE = "Which parametrization"


def finding(report: Results) -> str:
    """Which model to sample, chosen by the exact posterior."""
    told = report.verdict["parametrization"]
    if told["recommended"] == "marginal":
        return (
            f"<b>Sample the {bold('marginal')} model</b> where you can: θ is integrated out of it, "
            "so that two numbers are left to sample, μ and τ, and each θ is drawn afterwards from "
            "its exact distribution given them."
        )
    return (
        f"<b>Sample the {bold('partial')} model</b>: at every value of τ it centers each group as "
        "far as the group's own data, taken as an estimate with its error, inform θ."
        + (" (Here it has fixed weights, by hand.)" if told["by_hand"] else "")
    )


def which(report: Results) -> Html:
    """Centered or noncentered, where theta has to stay; what the fits say of it."""
    told = report.verdict["parametrization"]
    return paragraphs(
        [_older_question(report, told), _measured(report, told), _outdone(report, told)]
    )


def _older_question(report: Results, told: dict[str, Any]) -> str:
    shares = told["shares"]
    total, above = len(report.groups), told["centered_groups"]
    least, most = percent(shares["least"]), percent(shares["most"])
    carries = least if least == most else f"{least} to {most}"
    suits = bold(told["centered_or_noncentered"])
    if 0 < above < total:
        groups = (
            f"It is more than half in {above:,} of {total:,} groups: no one answer suits all, and "
            f"{bold('partial')}, which centers each group by itself, does. Of the two, {suits}, as "
            "the most precise groups want it"
        )
    else:
        groups = f"That is {'more than' if above else 'at most'} half in every group: {suits}"
    return (
        "Centered or noncentered, for a model in which θ has to stay? The exact posterior tells "
        "before anything is sampled. Given μ, and with τ at the lower quartile of its posterior, a "
        f"group's own data carry {carries} of the information on its θ (mean "
        f"{percent(shares['mean'])}), the others the rest. {groups}."
    )


def _measured(report: Results, told: dict[str, Any]) -> str:
    """Whether the fits at hand bear out the answer to the older question."""
    if not set(PAIR) <= set(report.models):
        return ""
    rows = {model: _rows(report, model) for model in PAIR}
    right = [_good(rows[model]) for model in PAIR]
    fits = len(rows[PAIR[0]])
    counted = (
        f"at target_accept {_middle(report):g} {right[0]} of {fits} centered fits were "
        f"{report.good} and {right[1]} of {fits} noncentered ones"
    )
    cost = [np.log(rows[model][EFFICIENCY].to_numpy()) for model in PAIR]
    if right[0] < fits or right[1] < fits:  # what is not right can be efficient all the same
        p = stats.fisher_exact([[n, fits - n] for n in right]).pvalue
        better, why = right[0] > right[1], f"{counted} (Fisher's test, 5 %)"
    else:
        p = stats.ttest_ind(*cost, equal_var=False).pvalue if fits > 1 else 1.0
        better = bool(cost[0].mean() > cost[1].mean())
        why = f"{counted}, with more effective draws a gradient (Welch's t, 5 %)"
    if not p < LEVEL:
        return f"The fits of this study do not tell the two apart: {counted}."
    found = PAIR[0] if better else PAIR[1]
    agrees = found == told["centered_or_noncentered"]
    return (
        f"The fits of this study {'agree' if agrees else '<b>say otherwise</b>'}, "
        f"{bold(found)}: {why}."
    )


def _outdone(report: Results, told: dict[str, Any]) -> str:
    """Which model was more efficient than the recommended one, if the fits show that."""
    first = told["recommended"]
    fits = {model: _rows(report, model) for model in report.models}
    right = {m: np.log(f[EFFICIENCY]) for m, f in fits.items() if _good(f) == len(f) > 1}
    if first not in right or len(right) < 2:
        return ""
    others = {model: cost for model, cost in right.items() if model != first}
    best = max(others, key=lambda model: others[model].mean())
    times = float(np.exp(others[best].mean() - right[first].mean()))
    p = stats.ttest_ind(others[best], right[first], equal_var=False).pvalue
    if times < 1 or not p * len(others) < LEVEL:
        return ""
    numbers = len(report.groups) + 2
    corrected = f", corrected for {len(others)} models" if len(others) > 1 else ""
    return (
        f"In the fits of this study {bold(best)} had {significant(2)(times)} times as many "
        f"effective draws a gradient as {first} (Welch's t, 5 %{corrected})."
        + (
            f" A gradient of {first} is of two numbers, one of {best} of {numbers:,}."
            if first == "marginal"
            else ""
        )
    )


def measured_table(report: Results) -> Html:
    """The models that ran: how efficient, how often right, how often with an alarm."""
    rows = []
    of_model = {model: _rows(report, model) for model in report.models}
    shares = {m: share_interval(_good(fits), len(fits)) for m, fits in of_model.items()}
    percents = PERCENTS.of(end for share in shares.values() for end in (share.low, share.high))
    for model, fits in of_model.items():
        cost = mean_interval(fits[EFFICIENCY]).within(0)
        share, good = shares[model], _good(fits)
        rows.append(
            {
                "model": model,
                COST: cost,
                f"{report.good}": Shown(
                    good,
                    Html(
                        f"{good} of {len(fits)} <small>{percents(share.low)} to "
                        f"{percents(share.high)}</small>"
                    ),
                ),
                "with an alarm": Shown(
                    alarms := int((fits["alarms"] != "").sum()), Html(f"{alarms} of {len(fits)}")
                ),
            }
        )
    return table(
        pd.DataFrame(rows),
        {COST: even(3)},
        f"The models that ran, at target_accept {_middle(report):g} and {report.draws:,} draws a "
        "chain: effective draws of the slowest variable for 1,000 gradient evaluations, tuning "
        f"included (mean over {count(len(fits), 'seed')}, 95 % interval of Student's t), and how "
        "many fits came out how (95 % interval of Clopper and Pearson).",
        "parametrizations",
    )


def model_to_copy(report: Results) -> Html:
    """PyMC code of the recommended model, and of the one that keeps theta."""
    told = report.verdict["parametrization"]
    weights = np.array(list(told["weights"].values())) if told["by_hand"] else None

    def folded(model: str, what: str, is_open: bool) -> str:
        code = pymc_code(
            model,
            report.data,
            report.prior,
            FAMILIES[report.family],
            weights,
            draws=report.draws,
            target_accept=_middle(report),
        )
        return (
            f'<details class="note copy"{" open" if is_open else ""}><summary>{what}</summary>'
            f'<pre tabindex="0"><code>{escape(code)}</code></pre></details>'
        )

    first = told["recommended"]
    short = len(report.groups) <= 12
    text = folded(first, f"The model to copy: {bold(first)} in PyMC, with these data", short)
    if first != "partial":
        text += folded(
            "partial", f"The same where θ has to stay in the model: {bold('partial')}", False
        )
    return Html(text)


def weights_table(report: Results) -> Html:
    """How far the model `partial` centers each group."""
    told = report.verdict["parametrization"]
    frame = pd.DataFrame(
        {
            "group": report.groups.names,
            "standard error": report.groups.std_error,
            "weight": list(told["weights"].values()),
        }
    )
    if told["by_hand"]:
        caption = (
            "Weights of the partial model, 1 for centered and 0 for noncentered, as the "
            "configuration gives them."
        )
    else:
        caption = (
            "The share of what is known of θ, given μ and with τ at its lower quartile, that the "
            "group's own data tell. So far, or nearly so far, the partial model centers the group "
            "there, 1 for centered and 0 for noncentered, and farther where τ is larger."
        )
    formats: dict[str, Format] = {
        "standard error": report.units,
        "weight": fixed(2),
    }
    inner = table(
        frame,
        formats,
        caption,
        "weights",
        "" if told["by_hand"] else "weights.csv",
        most=FEW_ROWS,
    )
    return folded("Weights of the groups", inner)


def _middle(report: Results) -> float:
    """The target_accept in the middle of the study's: chosen by no result."""
    accepts = sorted(report.last["target_accept"].unique())
    return float(accepts[(len(accepts) - 1) // 2])


def _rows(report: Results, model: str) -> pd.DataFrame:
    last = report.last
    rows: pd.DataFrame = last[(last["model"] == model) & (last["target_accept"] == _middle(report))]
    return rows


def _good(rows: pd.DataFrame) -> int:
    return int(rows["verdict"].isin(GOOD).sum())


CONTENT = (which, measured_table, model_to_copy, weights_table)
