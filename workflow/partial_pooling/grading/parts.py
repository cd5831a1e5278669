"""What a fit got right of mu, of tau and of theta, and the Monte Carlo errors it admits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from partial_pooling.grading.distances import PROBABILITIES
from partial_pooling.grading.grades import ERRORS, HONEST
from partial_pooling.grading.judgement import judge_estimates

PARTS = {"mu": ("mu",), "tau": ("tau", "log_tau"), "theta": ()}  # theta: all others

GRADES = [f"{grade}_{part}" for part in PARTS for grade in ("accurate", HONEST)]


def part_of(variables: pd.Series[str]) -> pd.Series[str]:
    """The part that each variable belongs to."""
    names = {variable: part for part, its in PARTS.items() for variable in its}
    return variables.map(names).fillna("theta")


def judge_parts(
    estimates: pd.DataFrame, thresholds: Mapping[str, float], cell: Sequence[str]
) -> pd.DataFrame:
    """Grade mu, tau and theta of each cell by themselves.

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
        A row a cell, indexed by `cell`: accurate_<part> and honest_<part>, whose tests are
        corrected for those of the part alone; mcse_mean_max, the largest Monte Carlo standard
        error of a mean over the sampled standard deviation; mcse_quantile_max, that of a quantile,
        in probability: sqrt(p (1 - p) / ESS) at the sampled 5, 50 and 95 % quantiles.
    """
    by = list(cell)
    ess = estimates[[f"ess_{name}" for name in PROBABILITIES]].to_numpy()
    ess = np.fmin(ess, estimates["ess_bulk"].to_numpy()[:, None])
    p = np.array(list(PROBABILITIES.values()))
    errors = estimates[by].assign(
        mcse_mean_max=estimates["mcse_mean"] / estimates["sd"],
        mcse_quantile_max=np.sqrt(p * (1 - p) / ess).max(axis=1),
    )
    columns = [errors.groupby(by, sort=False).max()]
    part = part_of(estimates["variable"])
    for name in PARTS:
        rows = judge_estimates(estimates[part == name].reset_index(drop=True), thresholds, by)
        missed = np.column_stack([rows[error] > thresholds[error] for error in ERRORS])
        graded = rows[by].copy()
        graded[f"accurate_{name}"] = ~missed.any(axis=1)
        graded[f"{HONEST}_{name}"] = rows[HONEST]
        columns.append(graded.groupby(by, sort=False).all())
    return pd.concat(columns, axis=1)
