"""Every fit graded: accurate, honest, and what the ordinary checks say of it.

Accurate: is the answer good enough to use? Held against the exact posterior, no mean, standard
deviation or quantile is further off than a stated part of the posterior's own spread.

Honest: does it err more than it admits? The mean of each variable, and the shares of its draws
below exact quantiles, are tested for an error above a tolerance, in units of the Monte Carlo error
that a right sampler with as many effective draws would have. Without a tolerance any finite chain
fails some day as draws grow, and a longer run would be less trusted than a shorter.

A fit that is both is right; honest but not accurate, it has too few draws; and one that is not
honest is wrong, which more draws do not cure. The ordinary checks need no exact answer: they raise
alarms, which stand beside the verdict and are not part of it where there is an exact answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from partial_pooling.grading.distances import PROBABILITIES
from partial_pooling.grading.grades import (
    ALARM,
    CELL,
    CHECKS,
    ERRORS,
    FEW,
    HONEST,
    QUIET,
    RIGHT,
    WRONG,
)
from partial_pooling.grading.inference import error_p_value, holm, share_p_value

FIRST_COLUMNS = [
    *CELL,
    "divergences",
    "divergence_rate",
    "ebfmi_min",
    "max_treedepth_hits",
    "step_size",
    "gradients",
    "verdict",
    "accurate",
    "honest",
    "alarms",
]
LIKELY = 0.95  # chance to be accurate that the needed number of draws gives


def judge_estimates(
    estimates: pd.DataFrame, thresholds: Mapping[str, float], cell: Sequence[str] = CELL
) -> pd.DataFrame:
    """Say of every estimate whether it errs more than it admits.

    Parameters
    ----------
    estimates
        Rows of `diagnostics.grade`, of whole cells.
    thresholds
        The configuration's.
    cell
        Columns that name a cell.

    Returns
    -------
    pandas.DataFrame
        The same rows with, after error_quantile, honest, and as last column p_honest: the smallest
        p-value of the row's tests, corrected by Holm for all tests of its cell. NaN where nothing
        could be tested, which counts as honest.
    """
    raw = _p_values(estimates, thresholds)
    corrected = np.full_like(raw, np.nan)
    variable = estimates["variable"].to_numpy()
    for rows in estimates.groupby(list(cell), sort=False).indices.values():
        corrected[rows] = holm(raw[rows].ravel()).reshape(-1, raw.shape[1])
        # tau and log tau lie below their quantiles together: tested once, it tells of both
        names = variable[rows]
        tau, log_tau = rows[names == "tau"], rows[names == "log_tau"]
        if tau.size and log_tau.size:
            corrected[log_tau, 1:] = corrected[tau, 1:]
    least = np.fmin.reduce(corrected, axis=1)
    judged = estimates.assign(p_honest=least)
    judged.insert(
        list(judged.columns).index("error_quantile") + 1,
        HONEST,
        ~(least < thresholds["honest_level"]),
    )
    return judged


def _p_values(estimates: pd.DataFrame, thresholds: Mapping[str, float]) -> NDArray[np.float64]:
    """p-values of the mean and of each share below an exact quantile, a row an estimate.

    The standard errors are those under the null: of the exact spread, and of as many draws as are
    effective for the mean, or for the share below the sampled quantile. The smaller of that and
    the bulk ESS is taken: estimated from few effective draws either can come out far too large
    (measured on right chains of autocorrelation 0.9 and 100 draws, the share's own ESS alone called
    one in five wrong). A share of no draws at all thus rests on effective draws too.
    """
    bulk = estimates["ess_bulk"].to_numpy()
    ess_mean = np.fmin((estimates["sd"] / estimates["mcse_mean"]).to_numpy() ** 2, bulk)
    columns = [
        error_p_value(
            np.where(estimates["z"].isna(), np.nan, estimates["bias"] / estimates["exact_sd"]),
            1 / np.sqrt(ess_mean),
            thresholds["tolerance_mean"],
        )
    ]
    tested = (estimates["variable"] != "log_tau").to_numpy()
    for name, probability in PROBABILITIES.items():
        ess = np.fmin(estimates[f"ess_{name}"].to_numpy(), bulk)
        p_value = share_p_value(
            estimates[f"below_{name}"].to_numpy(), ess, probability, thresholds["tolerance_share"]
        )
        columns.append(np.where(tested, p_value, np.nan))
    return np.column_stack(columns)


def judge_fits(
    fits: pd.DataFrame,
    estimates: pd.DataFrame,
    thresholds: Mapping[str, float],
    cell: Sequence[str] = CELL,
) -> pd.DataFrame:
    """Give every cell its verdict, and the alarms of the ordinary checks.

    Parameters
    ----------
    fits
        Table of `diagnostics.diagnose_fit`.
    estimates
        Of `judge_estimates`.
    thresholds
        The configuration's.
    cell
        Columns that name a cell.

    Returns
    -------
    pandas.DataFrame
        The fits with verdict (`right`, `too few draws`, `wrong`; where there is no exact answer
        `no alarm` or `alarm`), accurate, honest, alarms (the failed checks in the order of
        `CHECKS`, separated by spaces; a check whose value is undefined has failed), and further
        ess_per_1000_gradients (of the variable with the smallest bulk ESS, tuning counted), z_max
        (largest absolute z), error_<...>_max, p_honest_min, and draws_needed (see `draws_needed`).
    """
    cells = estimates.assign(z=estimates["z"].abs()).groupby(list(cell), sort=False)
    graded = cells[[*ERRORS, "z"]].max().add_suffix("_max")
    graded["p_honest_min"] = cells["p_honest"].min()
    graded["honest"] = cells[HONEST].all()
    graded["draws_needed"] = draws_needed(estimates, thresholds, cell)
    errors = graded[[f"{name}_max" for name in ERRORS]]
    limits = [thresholds[name] for name in ERRORS]
    graded["accurate"] = ~(errors > limits).any(axis=1)
    graded["exact"] = errors.notna().any(axis=1)

    fits = fits.join(graded, on=list(cell))
    fits["ess_per_1000_gradients"] = 1000 * fits["ess_bulk_min"] / fits["gradients"]
    fits["alarms"] = _alarms(fits, thresholds)
    with_exact = np.where(fits["honest"], np.where(fits["accurate"], RIGHT, FEW), WRONG)
    without = np.where(fits["alarms"] == "", QUIET, ALARM)
    fits["verdict"] = np.where(fits["exact"], with_exact, without)
    # more draws of a wrong fit make it no more accurate
    fits.loc[fits["verdict"] == WRONG, "draws_needed"] = np.nan
    fits = fits.drop(columns="exact")
    rest = [name for name in fits.columns if name not in FIRST_COLUMNS]
    return fits[FIRST_COLUMNS + rest]


def _alarms(fits: pd.DataFrame, thresholds: Mapping[str, float]) -> list[str]:
    failed = {}
    for column, key, at_least in CHECKS:
        values = fits[column]
        passes = values >= thresholds[key] if at_least else values <= thresholds[key]
        failed[key] = ~passes.to_numpy()
    return [
        " ".join(key for key, fails in failed.items() if fails[row]) for row in range(len(fits))
    ]


def draws_needed(
    estimates: pd.DataFrame, thresholds: Mapping[str, float], cell: Sequence[str] = CELL
) -> pd.Series[float]:
    """Draws a chain at which a fit as efficient as this one is accurate, in 95 of 100 cases.

    Effective draws are taken to grow as draws do, errors to be normal, and all criteria to be
    met at once (Bonferroni).

    Returns
    -------
    pandas.Series
        A value a cell, indexed by `cell`.
    """
    bulk = estimates["ess_bulk"].to_numpy()
    scale = estimates["exact_sd"].where(estimates["error_sd"].notna())
    ess_mean = ((estimates["sd"] / estimates["mcse_mean"]) ** 2).where(estimates["z"].notna())
    relative = {
        "mean": ess_mean**-0.5 / thresholds["error_mean"],
        "sd": estimates["mcse_sd"] / scale / thresholds["error_sd"],
    } | {
        name: np.sqrt(p * (1 - p) / np.fmin(estimates[f"ess_{name}"], bulk))
        / thresholds["error_quantile"]
        for name, p in PROBABILITIES.items()
    }
    worst = pd.DataFrame(relative, index=estimates.index)
    table = pd.DataFrame({"worst": worst.max(axis=1), "criteria": worst.notna().sum(axis=1)}).join(
        estimates[list(cell)]
    )
    cells = table.groupby(list(cell), sort=False).agg(
        worst=("worst", "max"), criteria=("criteria", "sum")
    )
    distance = ndtri(1 - (1 - LIKELY) / 2 / cells["criteria"])
    draws = cells.index.get_level_values("draws").to_numpy()
    return pd.Series(np.ceil(draws * (distance * cells["worst"]) ** 2), cells.index)
