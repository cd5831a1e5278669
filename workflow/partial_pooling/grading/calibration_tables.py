"""What the ranks of a calibration say, in tables: uniform or not, and where not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from partial_pooling.grading.inference import holm, share_interval
from partial_pooling.grading.pairing import paired
from partial_pooling.grading.power import power
from partial_pooling.grading.ranks import Calibration
from partial_pooling.grading.uniformity import LEVEL, count_below, null_distribution

COVERAGE_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TAU_BINS = 10


def uniformity(calibration: Calibration) -> pd.DataFrame:
    """Test every variable's ranks, of each model and of the exact control.

    Returns
    -------
    pandas.DataFrame
        A row a source, variable and choice of fits: `all`, which judges the sampler, and beside it
        `thinned`, only the fits that could be thinned to nearly independent draws. Which those
        are depends on data and draws, not on the truth given the data, so their ranks are uniform
        too if the sampler is right; but to look at them alone hides where it fails. Columns source,
        fits, variable, simulations, mean_position (0.5 if uniform), p_value, p_corrected (Holm,
        over the rows of one choice of fits), uniform (p_corrected >= `LEVEL`).
    """
    choices = []
    for fits in ("all", "thinned"):
        rows = []
        for source, table in calibration.ranked(fits == "thinned"):
            null = null_distribution(len(table), calibration.different)
            p_values = null.p_value(count_below(table.to_numpy(), calibration.different))
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "fits": fits,
                        "variable": table.columns,
                        "simulations": len(table),
                        "mean_position": (table.mean().to_numpy() + 0.5) / calibration.different,
                        "p_value": p_values,
                    }
                )
            )
        if rows:
            choice = pd.concat(rows, ignore_index=True)
            choice["p_corrected"] = holm(choice["p_value"].to_numpy())
            choices.append(choice)
    result = pd.concat(choices, ignore_index=True)
    return result.assign(uniform=result["p_corrected"] >= LEVEL)


def ecdf(calibration: Calibration) -> pd.DataFrame:
    """ECDF of ranks minus the uniform CDF, with simultaneous bands.

    Returns
    -------
    pandas.DataFrame
        source, variable, position (0 to 1), difference, lower, upper: of all fits.
    """
    rows = []
    for source, table in calibration.ranked():
        null = null_distribution(len(table), calibration.different)
        lower, upper = (np.r_[0, end - null.cuts, 0] for end in null.band())
        below = count_below(table.to_numpy(), calibration.different) / len(table)
        for variable, line in zip(table.columns, below, strict=True):
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "variable": variable,
                        "position": np.r_[0, null.cuts, 1],
                        "difference": np.r_[0, line - null.cuts, 0],
                        "lower": lower,
                        "upper": upper,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def histogram(calibration: Calibration) -> pd.DataFrame:
    """Count ranks in bins.

    Returns
    -------
    pandas.DataFrame
        source, variable, left, right (positions, 0 to 1), count, expected, lower, upper: counts
        that uniform ranks keep in all bins of a histogram at once but for 5 % (Bonferroni).
    """
    rows = []
    for source, table in calibration.ranked():
        count = len(table)
        bins = min(20, max(5, count // 10), calibration.different)
        of_rank = np.arange(calibration.different) * bins // calibration.different
        width = np.bincount(of_rank, minlength=bins) / calibration.different
        edges = np.r_[0, width.cumsum()]
        for variable in table.columns:
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "variable": variable,
                        "left": edges[:-1],
                        "right": edges[1:],
                        "count": np.bincount(of_rank[table[variable]], minlength=bins),
                        "expected": count * width,
                        "lower": binom.ppf(LEVEL / bins / 2, count, width),
                        "upper": binom.ppf(1 - LEVEL / bins / 2, count, width),
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def coverage(calibration: Calibration) -> pd.DataFrame:
    """How often central intervals hold the truth.

    Returns
    -------
    pandas.DataFrame
        source, variable, nominal (the probability that the ranks allow nearest to
        `COVERAGE_LEVELS`), coverage, lower, upper (its 95 % interval, Clopper and Pearson 1934).
    """
    different = calibration.different
    cut = {round(different * (1 - level) / 2) for level in COVERAGE_LEVELS}
    cuts = np.array(sorted((c for c in cut if 2 * c < different), reverse=True))
    rows = []
    for source, table in calibration.ranked():
        count = len(table)
        for variable in table.columns:
            ranks = table[variable].to_numpy()[:, None]
            inside = ((ranks >= cuts) & (ranks < different - cuts)).sum(axis=0)
            intervals = [share_interval(number, count, 1 - LEVEL) for number in inside]
            rows.append(
                pd.DataFrame(
                    {
                        "source": source,
                        "variable": variable,
                        "nominal": 1 - 2 * cuts / different,
                        "coverage": [interval.value for interval in intervals],
                        "lower": [interval.low for interval in intervals],
                        "upper": [interval.high for interval in intervals],
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def by_tau(calibration: Calibration) -> pd.DataFrame:
    """Where, in terms of the simulated tau, each model fails to find log tau.

    Given the truth, ranks are not uniform even if the sampler is right: the truth's position in the
    exact CDF is the measure. Both columns of errors are zero on average in every bin then.

    Returns
    -------
    pandas.DataFrame
        A row a model and bin of true tau with equally many simulations: model, tau_low, tau_high,
        simulations, thinned and divergent (shares of the fits), error and error_se (mean of
        log_tau minus the exact mean, in exact posterior standard deviations, and the standard error
        of its average), shift and shift_se (of the rank's position, 0 to 1, from the exact one),
        beyond_4 (share of |z| > 4).
    """
    fits = calibration.fits
    edges = np.quantile(
        fits.drop_duplicates("simulation")["true_tau"], np.linspace(0, 1, TAU_BINS + 1)
    )
    ranks = calibration.ranks[calibration.ranks["variable"] == "log_tau"]
    rows = []
    for model in calibration.models:
        of_model = fits[fits["model"] == model].merge(
            ranks[ranks["model"] == model].drop(columns="model"), on="simulation", how="left"
        )
        offset = of_model["mean"] - of_model["exact_mean"]
        of_model["error"] = offset / of_model["exact_sd"]
        of_model["beyond_4"] = (offset / of_model["mcse_mean"]).abs() > 4
        position = (of_model["rank"] + 0.5) / calibration.different
        of_model["shift"] = position - of_model["exact_cdf"]
        of_model["divergent"] = of_model["divergences"] > 0
        which = np.clip(np.searchsorted(edges, of_model["true_tau"]) - 1, 0, TAU_BINS - 1)
        for number in np.unique(which):
            cell = of_model[which == number]
            row: dict[str, Any] = {
                "model": model,
                "tau_low": edges[number],
                "tau_high": edges[number + 1],
                "simulations": len(cell),
            }
            for name in ("thinned", "divergent", "beyond_4"):
                row[name] = cell[name].mean()
            for name in ("error", "shift"):
                row[name], row[f"{name}_se"] = cell[name].mean(), cell[name].sem()
            rows.append(row)
    return pd.DataFrame(rows)


def fared(calibration: Calibration) -> pd.DataFrame:
    """How each model's fits fared: counts and shares, a row a model."""
    rows = []
    for model in calibration.models:
        fits = calibration.fits[calibration.fits["model"] == model]
        failed = fits["reason"].fillna("").str.startswith("sampling failed")
        log_tau = calibration.ranks[
            (calibration.ranks["model"] == model) & (calibration.ranks["variable"] == "log_tau")
        ]
        z = (log_tau["mean"] - log_tau["exact_mean"]) / log_tau["mcse_mean"]
        rows.append(
            {
                "model": model,
                "simulations": len(fits),
                "failed": int(failed.sum()),
                "too_poor_to_thin": int((~fits["thinned"] & ~failed).sum()),
                "with_divergences": int((fits["divergences"] > 0).sum()),
                "with_max_treedepth_hits": int((fits["max_treedepth_hits"] > 0).sum()),
                "r_hat_above_1.01": int((fits["r_hat"] > 1.01).sum()),
                "median_ess_bulk": float(fits["ess_bulk"].median()),
                "median_ess_tail": float(fits["ess_tail"].median()),
                "log_tau_beyond_z_4": int((z.abs() > 4).sum()),
            }
        )
    return pd.DataFrame(rows)


def summarize(
    calibration: Calibration,
) -> tuple[dict[str, pd.DataFrame], dict[str, list[dict[str, Any]]]]:
    """Compute every table, and those that a report shows as plain data.

    Parameters
    ----------
    calibration
        All simulations.

    Returns
    -------
    tables : dict of pandas.DataFrame
        uniformity, paired, ecdf, histogram, coverage, by_tau, power, fared.
    shown : dict
        The tables uniformity (of all fits), paired, by_tau and fared as lists of rows; no NaN.
    """
    tables = {
        table.__name__: table(calibration)
        for table in (uniformity, paired, ecdf, histogram, coverage, by_tau, power, fared)
    }
    tests = tables["uniformity"]
    of_all = tests[tests["fits"] == "all"].drop(columns="fits")
    return tables, {
        name: [
            {str(key): None if value != value else value for key, value in row.items()}
            for row in table.to_dict("records")
        ]
        for name, table in {**tables, "uniformity": of_all}.items()
        if name in ("uniformity", "paired", "by_tau", "fared")
    }
