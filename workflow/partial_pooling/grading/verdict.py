"""Verdicts over seeds: which setting to trust, what the checks caught, what divergences mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import ndtr

from partial_pooling.files import number_or_null
from partial_pooling.grading.agreement import conflicts
from partial_pooling.grading.grades import (
    CELL,
    CHECKS,
    ERRORS,
    FEW,
    GOOD,
    HONEST,
    MORE_DRAWS,
    NONE,
    RIGHT,
    TRUST,
    WRONG,
)
from partial_pooling.grading.inference import Interval, mean_interval, share_interval

SETTING = ["model", "target_accept"]
QUARTERS = [f"divergent_q{k}" for k in range(1, 5)]
# Pearson's chi-square wants five expected in each cell.
FEWEST_DIVERGENCES = 5 * len(QUARTERS)


def accuracy(estimates: pd.DataFrame) -> pd.DataFrame:
    """Summarize, over seeds, how far estimated means are from the exact ones.

    Parameters
    ----------
    estimates
        Graded estimates of all cells.

    Returns
    -------
    pandas.DataFrame
        One row a (model, target_accept, draws, variable): number of seeds; bias_mean with its
        standard error over seeds, bias_std_error, and the ends of its 95 % interval, bias_low and
        bias_high (Student's t; all NaN for one seed); rmse; mcse_mean (root mean square of the
        seeds' MCSEs, what an honest sampler's rmse is near); coverage_90 (mean exact probability
        of the sampled central 90 % intervals); share of absolute z above 2 and 4 beside the shares
        expected of a right sampler, 2 Phi(-2) and 2 Phi(-4).
    """
    groups = estimates.groupby(["model", "target_accept", "draws", "variable"], sort=False)
    table = groups.agg(
        seeds=("seed", "size"),
        exact_mean=("exact_mean", "first"),
        bias_mean=("bias", "mean"),
        bias_std_error=("bias", _standard_error),
        rmse=("bias", _root_mean_square),
        mcse_mean=("mcse_mean", _root_mean_square),
        coverage_90=("coverage_90", "mean"),
        share_z_above_2=("z", lambda z: _share_above(z, 2)),
        share_z_above_4=("z", lambda z: _share_above(z, 4)),
    ).reset_index()
    with np.errstate(invalid="ignore"):
        half = stats.t.ppf(0.975, table["seeds"] - 1) * table["bias_std_error"]
    after = list(table.columns).index("bias_std_error") + 1
    table.insert(after, "bias_low", table["bias_mean"] - half)
    table.insert(after + 1, "bias_high", table["bias_mean"] + half)
    table["expected_above_2"] = 2 * ndtr(-2)
    table["expected_above_4"] = 2 * ndtr(-4)
    return table


def _standard_error(values: pd.Series[float]) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def _root_mean_square(values: pd.Series[float]) -> float:
    return float(np.sqrt(np.mean(values.to_numpy() ** 2)))


def _share_above(z: pd.Series[float], bound: float) -> float:
    return math.nan if z.isna().any() else float((z.abs() > bound).mean())


def answer(agreement: Mapping[str, Any], thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Say whether the exact numbers can be quoted as they stand, and what speaks against it.

    Parameters
    ----------
    agreement
        Of `agreement.prior_data_agreement`, as plain values.
    thresholds
        The configuration's.

    Returns
    -------
    dict
        `quote`; `conflicts`, the checks of prior against data that failed; `agreement`.
    """
    found = conflicts(agreement, thresholds["prior_conflict"])
    return {"quote": not found, "conflicts": found, "agreement": dict(agreement)}


def verdict(
    fits: pd.DataFrame, estimates: pd.DataFrame, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Say what sampling would have told at the largest number of draws, setting by setting.

    Parameters
    ----------
    fits
        Table of `grading.judge_fits`.
    estimates
        Table of `grading.judge_estimates`.
    thresholds
        The configuration's.

    Returns
    -------
    dict
        Plain values, ready for JSON: `draws`; `thresholds`; `rests_on`, what fits were graded on;
        `settings`, a list with for each (model, target_accept) whether it is trusted (every seed's
        fit is right), how sure so many seeds make, and the reasons if not; `alarms`, how verdicts
        and the ordinary checks go together, for all fits; `models`, for each model the same and
        the numbers about its divergences; `recommendation`, the setting to use and its cost.
    """
    draws = int(fits["draws"].max())
    last = fits[fits["draws"] == draws]
    last_estimates = estimates[estimates["draws"] == draws]
    settings = [
        _judge_setting(rows, last_estimates, thresholds)
        for _, rows in last.groupby(SETTING, sort=False)
    ]
    return {
        "draws": draws,
        "thresholds": dict(thresholds),
        "rests_on": _rests_on(last_estimates),
        "settings": settings,
        "alarms": count_alarms(last),
        "models": {
            str(model): _describe_model(rows, last_estimates[last_estimates["model"] == model])
            for model, rows in last.groupby("model", sort=False)
        },
        "recommendation": _recommend(settings, last),
    }


def _rests_on(estimates: pd.DataFrame) -> dict[str, Any]:
    """Which grades could be given, and of which variables not."""
    names = estimates["variable"].unique()
    undefined = {
        error: [
            str(name)
            for name in names
            if estimates.loc[estimates["variable"] == name, error].isna().all()
        ]
        for error in ERRORS
    }
    exact = any(len(lacking) < len(names) for lacking in undefined.values())
    return {
        "checks": [*ERRORS, HONEST] if exact else [key for _, key, _ in CHECKS],
        "undefined": {error: lacking for error, lacking in undefined.items() if lacking},
    }


def _judge_setting(
    rows: pd.DataFrame, estimates: pd.DataFrame, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    model, accept = str(rows["model"].iloc[0]), float(rows["target_accept"].iloc[0])
    mine = estimates[(estimates["model"] == model) & (estimates["target_accept"] == accept)]
    good = int(rows["verdict"].isin(GOOD).sum())
    interval = share_interval(good, len(rows))
    return {
        "model": model,
        "target_accept": accept,
        "trusted": good == len(rows),
        "fits": len(rows),
        "right": good,
        "right_interval": [interval.low, interval.high],
        "too_few_draws": int((rows["verdict"] == FEW).sum()),
        "wrong": int((rows["verdict"] == WRONG).sum()),
        "reasons": _reasons(mine, thresholds),
        "alarms": {
            key: int(rows["alarms"].str.split().map(lambda failed, key=key: key in failed).sum())
            for _, key, _ in CHECKS
        },
        "fits_with_alarm": int((rows["alarms"] != "").sum()),
        "draws_needed": number_or_null(rows["draws_needed"].max()),
        "ess_per_1000_gradients": _plain(mean_interval(rows["ess_per_1000_gradients"]).within(0)),
    }


def _reasons(estimates: pd.DataFrame, thresholds: Mapping[str, float]) -> list[dict[str, Any]]:
    """Grades that some fit missed: in how many fits, by how much at worst, of which variables."""
    failing = {
        error: (estimates[error] > thresholds[error], estimates[error].max(), thresholds[error])
        for error in ERRORS
    }
    failing[HONEST] = (
        ~estimates[HONEST].astype(bool),
        estimates["p_honest"].min(),
        thresholds["honest_level"],
    )
    return [
        {
            "check": check,
            "fits": int(estimates.loc[fails, CELL].drop_duplicates().shape[0]),
            "variables": [str(name) for name in estimates.loc[fails, "variable"].unique()],
            "worst": number_or_null(worst),
            "allowed": allowed,
        }
        for check, (fails, worst, allowed) in failing.items()
        if fails.any()
    ]


def count_alarms(fits: pd.DataFrame) -> dict[str, int]:
    """How verdicts and alarms go together.

    Returns
    -------
    dict
        Numbers of fits: caught (wrong, alarm), missed (wrong, none), false_alarm (right, alarm),
        quiet (right, none), and of those with too few draws few_alarm and few_quiet.
    """
    alarm = fits["alarms"] != ""
    pairs = {
        "caught": (WRONG, True),
        "missed": (WRONG, False),
        "few_alarm": (FEW, True),
        "few_quiet": (FEW, False),
        "false_alarm": (RIGHT, True),
        "quiet": (RIGHT, False),
    }
    return {
        name: int(((fits["verdict"] == grade) & (alarm == rung)).sum())
        for name, (grade, rung) in pairs.items()
    }


def _describe_model(rows: pd.DataFrame, estimates: pd.DataFrame) -> dict[str, Any]:
    accepts = sorted(rows["target_accept"].unique())
    lowest = rows[rows["target_accept"] == accepts[0]]
    log_tau = estimates[
        (estimates["variable"] == "log_tau") & (estimates["target_accept"] == accepts[0])
    ]
    verdicts = rows["verdict"].value_counts()
    return {
        "fits": len(rows),
        "verdicts": {name: int(number) for name, number in verdicts.items()},
        "alarms": count_alarms(rows),
        "divergences": {
            "target_accept": float(accepts[0]),
            "total": int(lowest["divergences"].sum()),
            **locate_divergences(lowest),
            "rate_by_target_accept": {
                f"{accept:g}": float(rate)
                for accept, rate in rows.groupby("target_accept")["divergence_rate"].mean().items()
            },
            "rate_change": _rate_change(rows, accepts[0], accepts[-1]),
        },
        # in exact standard deviations of log tau
        "log_tau_error": _plain(mean_interval(log_tau["bias"] / log_tau["exact_sd"])),
    }


def locate_divergences(fits: pd.DataFrame) -> dict[str, Any]:
    """Test whether divergent transitions lie, by quarter of log tau, like any draw.

    Pearson's chi-square of the fits' summed counts, divided by their design effect (see
    `diagnostics.where_divergent`).

    Parameters
    ----------
    fits
        Rows of one setting or of several, of one number of draws.

    Returns
    -------
    dict
        by_quarter, shares from the lowest quarter up, and p_value; both None where fewer than
        `FEWEST_DIVERGENCES` diverged, counted as independent ones.
    """
    counts = fits[QUARTERS].sum().to_numpy(dtype=float)
    total = counts.sum()
    if not total:
        return {"by_quarter": None, "p_value": None}
    weights = fits[QUARTERS].sum(axis=1)
    effect = float(np.average(fits["divergence_design_effect"].fillna(1), weights=weights))
    if total / effect < FEWEST_DIVERGENCES:
        return {"by_quarter": None, "p_value": None}
    statistic = float(((counts - total / 4) ** 2 / (total / 4)).sum()) / effect
    return {
        "by_quarter": [float(share) for share in counts / total],
        "p_value": float(stats.chi2.sf(statistic, len(QUARTERS) - 1)),
    }


def _rate_change(rows: pd.DataFrame, low: float, high: float) -> dict[str, float | None] | None:
    """Change of the divergence rate from the lowest to the highest target_accept, over seeds."""
    if low == high:
        return None
    by_seed = rows.pivot(index="seed", columns="target_accept", values="divergence_rate")
    return _plain(mean_interval(by_seed[high] - by_seed[low]))


def _plain(interval: Interval) -> dict[str, float | None]:
    return {name: number_or_null(value) for name, value in interval._asdict().items()}


def _recommend(settings: list[dict[str, Any]], fits: pd.DataFrame) -> dict[str, Any]:
    """The cheapest trusted setting; or the cheapest that only lacks draws; or none.

    Cheap is what has most effective draws a gradient evaluation.
    """

    def cost(setting: dict[str, Any]) -> float:
        value = setting["ess_per_1000_gradients"]["value"]
        return -math.inf if value is None else value

    trusted = [setting for setting in settings if setting["trusted"]]
    honest = [setting for setting in settings if not setting["wrong"] and setting["draws_needed"]]
    if trusted:
        status, choices = TRUST, trusted
    elif honest and fits["verdict"].isin([RIGHT, FEW]).any():
        status, choices = MORE_DRAWS, honest
    else:  # nothing to recommend: that which has most right fits is nearest
        most = max(setting["right"] for setting in settings)
        status, choices = NONE, [setting for setting in settings if setting["right"] == most]
    best, *rest = sorted(choices, key=cost, reverse=True)
    shown = ("model", "target_accept", "fits", "right", "right_interval", "draws_needed")
    return {
        "status": status,
        **{name: best[name] for name in (*shown, "ess_per_1000_gradients")},
        "next": [
            {name: other[name] for name in ("model", "target_accept", "ess_per_1000_gradients")}
            for other in rest[:2]
        ],
        "cheaper_than_next": _is_cheaper(best, rest[0], fits) if rest else None,
    }


def _is_cheaper(best: Mapping[str, Any], other: Mapping[str, Any], fits: pd.DataFrame) -> bool:
    """Whether the costs of two settings differ by more than chance over seeds: Welch's t, 5 %."""
    one, two = (
        fits.loc[
            (fits["model"] == setting["model"])
            & (fits["target_accept"] == setting["target_accept"]),
            "ess_per_1000_gradients",
        ]
        for setting in (best, other)
    )
    if len(one) < 2:
        return False
    return bool(stats.ttest_ind(one, two, equal_var=False).pvalue < 0.05)
