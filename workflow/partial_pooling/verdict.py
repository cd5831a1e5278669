"""Verdicts: what fits have in common over seeds, which to trust, and which model to use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

CELL = ["model", "target_accept", "seed", "draws"]
SETTING = ["model", "target_accept"]

# Column of the fits' table, the threshold's key, and whether the column must be at least that.
CHECKS = (
    ("r_hat_max", "r_hat", False),
    ("ess_bulk_min", "ess_bulk", True),
    ("ess_tail_min", "ess_tail", True),
    ("divergences", "divergences", False),
    ("ebfmi_min", "ebfmi", True),
    ("max_treedepth_hits", "max_treedepth_hits", False),
    ("z_max", "z", False),
)
EXACT_CHECK = "z"
FIRST_COLUMNS = [
    *CELL,
    "divergences",
    "divergence_rate",
    "ebfmi_min",
    "max_treedepth_hits",
    "step_size",
    "gradients",
    "verdict",
]


def judge_fits(
    fits: pd.DataFrame, estimates: pd.DataFrame, thresholds: Mapping[str, float]
) -> pd.DataFrame:
    """Give every cell its verdict.

    Parameters
    ----------
    fits, estimates
        Tables of `diagnostics.diagnose_fit`, estimates graded.
    thresholds
        The configuration's.

    Returns
    -------
    pandas.DataFrame
        The fits with ess_per_1000_gradients (of the variable with the smallest bulk ESS), z_max
        (largest |z| of any variable) and verdict: `trusted`, or the failed checks in the order
        of `CHECKS`, separated by spaces. A check whose value is undefined has failed, except z:
        where no exact mean exists there is nothing to hold the fit against.
    """
    z_max = estimates.assign(z=estimates["z"].abs()).groupby(CELL, sort=False)["z"].max()
    fits = fits.join(z_max.rename("z_max"), on=CELL)
    fits["ess_per_1000_gradients"] = 1000 * fits["ess_bulk_min"] / fits["gradients"]
    failed = {key: _fails(fits, key, thresholds) for _, key, _ in CHECKS}
    fits["verdict"] = [
        " ".join(key for key, fails in failed.items() if fails.iloc[i]) or "trusted"
        for i in range(len(fits))
    ]
    rest = [name for name in fits.columns if name not in FIRST_COLUMNS]
    return fits[FIRST_COLUMNS + rest]


def _fails(fits: pd.DataFrame, key: str, thresholds: Mapping[str, float]) -> pd.Series[bool]:
    column, _, at_least = next(check for check in CHECKS if check[1] == key)
    values = fits[column]
    passes = values >= thresholds[key] if at_least else values <= thresholds[key]
    return ~(passes | values.isna()) if key == EXACT_CHECK else ~passes


def accuracy(estimates: pd.DataFrame) -> pd.DataFrame:
    """Summarize, over seeds, how far estimated means are from the exact ones.

    Parameters
    ----------
    estimates
        Graded estimates of all cells.

    Returns
    -------
    pandas.DataFrame
        One row a (model, target_accept, draws, variable): number of seeds; bias_mean and its
        standard error over seeds, bias_std_error (NaN for one seed); rmse; mcse_mean (root mean
        square of the seeds' MCSEs, what an honest sampler's rmse is near); coverage_90 (mean
        exact probability of the sampled central 90 % intervals); share of |z| above 2 and 4
        beside the shares expected of a right sampler, 2 Phi(-2) and 2 Phi(-4).
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
    table["expected_above_2"] = 2 * ndtr(-2)
    table["expected_above_4"] = 2 * ndtr(-4)
    return table


def _standard_error(values: pd.Series[float]) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def _root_mean_square(values: pd.Series[float]) -> float:
    return float(np.sqrt(np.mean(values.to_numpy() ** 2)))


def _share_above(z: pd.Series[float], bound: float) -> float:
    return math.nan if z.isna().any() else float((z.abs() > bound).mean())


def verdict(
    fits: pd.DataFrame, accuracy: pd.DataFrame, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """Say which (model, target_accept) to trust at the largest number of draws, and why.

    Parameters
    ----------
    fits
        Table of `judge_fits`.
    accuracy
        Table of `accuracy`.
    thresholds
        The configuration's.

    Returns
    -------
    dict
        Plain values, ready for JSON: `draws`; `thresholds`; `settings`, a list with for each
        (model, target_accept) whether it is trusted (every seed's fit is), the reasons if not,
        and in how many fits the ordinary checks raised an alarm and z knew of an error;
        `models`, per model the answers to the questions about divergences and the words on it;
        `recommendation`, the setting to use and why.
    """
    draws = int(fits["draws"].max())
    last = fits[fits["draws"] == draws]
    settings = [_judge_setting(rows, thresholds) for _, rows in last.groupby(SETTING, sort=False)]
    models = {
        str(model): _judge_model(
            rows,
            accuracy[(accuracy["model"] == model) & (accuracy["draws"] == draws)],
            thresholds,
        )
        for model, rows in last.groupby("model", sort=False)
    }
    return {
        "draws": draws,
        "thresholds": dict(thresholds),
        "settings": settings,
        "models": models,
        "recommendation": _recommend(settings),
    }


def _judge_setting(rows: pd.DataFrame, thresholds: Mapping[str, float]) -> dict[str, Any]:
    reasons = []
    for column, key, at_least in CHECKS:
        fails = _fails(rows, key, thresholds)
        if fails.any():
            worst = rows[column].min() if at_least else rows[column].max()
            reasons.append(
                {
                    "check": key,
                    "fits": int(fails.sum()),
                    "worst": _number(worst),
                    "allowed": thresholds[key],
                }
            )
    wrong = _fails(rows, EXACT_CHECK, thresholds)
    alarm = _alarm(rows)
    return {
        "model": str(rows["model"].iloc[0]),
        "target_accept": float(rows["target_accept"].iloc[0]),
        "trusted": not reasons,
        "fits": len(rows),
        "trusted_fits": int((rows["verdict"] == "trusted").sum()),
        "reasons": reasons,
        "alarms": int(alarm.sum()),
        "wrong": int(wrong.sum()),
        "wrong_without_alarm": int((wrong & ~alarm).sum()),
        "ess_per_1000_gradients": float(rows["ess_per_1000_gradients"].mean()),
    }


def _alarm(rows: pd.DataFrame) -> pd.Series[bool]:
    """Whether a check that needs no exact answer failed."""
    ordinary = [set(words.split()) - {EXACT_CHECK, "trusted"} for words in rows["verdict"]]
    return pd.Series([bool(failed) for failed in ordinary], index=rows.index)


def _judge_model(
    rows: pd.DataFrame, accuracy: pd.DataFrame, thresholds: Mapping[str, float]
) -> dict[str, Any]:
    rates = rows.groupby("target_accept")["divergence_rate"].mean()
    lowest = rows[rows["target_accept"] == rates.index.min()]
    log_tau = accuracy[accuracy["variable"] == "log_tau"].sort_values("target_accept")
    total = int(lowest["divergences"].sum())
    rank = (
        float(np.average(lowest["divergence_rank"].fillna(0), weights=lowest["divergences"]))
        if total
        else None
    )
    wrong, alarm = _fails(rows, EXACT_CHECK, thresholds), _alarm(rows)
    return {
        "fits": len(rows),
        "alarms": int(alarm.sum()),
        "wrong": int(wrong.sum()),
        "wrong_without_alarm": int((wrong & ~alarm).sum()),
        "alarm_without_wrong": int((alarm & ~wrong).sum()),
        "divergences": {
            "at_lowest_target_accept": total,
            "mean_rank_of_log_tau": rank,
            "rate_by_target_accept": {f"{accept:g}": float(rate) for accept, rate in rates.items()},
        },
        "log_tau_by_target_accept": {
            f"{row['target_accept']:g}": {
                "bias": _number(row["bias_mean"]),
                "std_error": _number(row["bias_std_error"]),
            }
            for row in log_tau.to_dict("records")
        },
    }


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else float(value)


def _recommend(settings: list[dict[str, Any]]) -> dict[str, Any]:
    """Prefer trusted settings, then those with fewer failing fits; among equals the cheapest."""
    best = max(
        settings,
        key=lambda s: (s["trusted"], s["trusted_fits"] / s["fits"], s["ess_per_1000_gradients"]),
    )
    return {name: best[name] for name in ("model", "target_accept", "trusted")} | {
        "ess_per_1000_gradients": best["ess_per_1000_gradients"],
        "trusted_fits": best["trusted_fits"],
        "fits": best["fits"],
    }
