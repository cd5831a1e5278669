"""A fit graded: convergence diagnostics from ArviZ, and the distance from the exact answer.

A cell is the first `draws` draws of a fit. References: Vehtari, Gelman, Simpson, Carpenter,
Burkner (2021), Rank-normalization, folding, and localization: an improved R-hat, Bayesian
Analysis 16(2); Betancourt (2016), arXiv:1604.00695, for E-BFMI.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from partial_pooling.exact import ExactPosterior

PROBABILITIES = {"q5": 0.05, "q50": 0.5, "q95": 0.95}
NECK = {"1": 0.01, "5": 0.05, "25": 0.25}


def stack_variables(posterior: xr.Dataset) -> xr.DataArray:
    """Stack the variables of a fit under the names that tables have for them.

    Parameters
    ----------
    posterior
        `mu`, `tau`, `log_tau` (chain, draw) and `theta` (chain, draw, group).

    Returns
    -------
    xarray.DataArray
        Dimensions (variable, chain, draw); `variable` is mu, tau, log_tau, theta[<group>]...
    """
    names = ["mu", "tau", "log_tau", *(f"theta[{name}]" for name in posterior["group"].values)]
    values = np.empty((len(names), posterior.sizes["chain"], posterior.sizes["draw"]))
    for i, name in enumerate(("mu", "tau", "log_tau")):
        values[i] = posterior[name].transpose("chain", "draw").values
    values[3:] = posterior["theta"].transpose("group", "chain", "draw").values
    return xr.DataArray(values, dims=("variable", "chain", "draw"), coords={"variable": names})


def estimate(samples: xr.DataArray) -> pd.DataFrame:
    """Estimate every variable from draws, with Monte Carlo standard errors.

    Parameters
    ----------
    samples
        Dimensions (variable, chain, draw).

    Returns
    -------
    pandas.DataFrame
        One row a variable: mean, sd, quantiles and the MCSE of each, in the units of the
        variable; bulk and tail ESS (tail: the smaller of the 5 % and 95 % quantiles'); R-hat,
        rank-normalized, split and folded.
    """
    values = samples.transpose("variable", "chain", "draw").values
    axes: dict[str, Any] = {"chain_axis": 1, "draw_axis": 2}
    flat = values.reshape(len(values), -1)
    quantiles = np.quantile(flat, list(PROBABILITIES.values()), axis=1)
    columns: dict[str, NDArray[np.float64]] = {
        "mean": flat.mean(axis=1),
        "sd": flat.std(axis=1, ddof=1),
        "mcse_mean": array_stats.mcse(values, method="mean", **axes),
        "ess_bulk": array_stats.ess(values, method="bulk", **axes),
        "ess_tail": array_stats.ess(values, method="tail", prob=(0.05, 0.95), **axes),
        "r_hat": array_stats.rhat(values, method="rank", **axes),
        "mcse_sd": array_stats.mcse(values, method="sd", **axes),
        **dict(zip(PROBABILITIES, quantiles, strict=True)),
        **{
            f"mcse_{name}": array_stats.mcse(values, method="quantile", prob=probability, **axes)
            for name, probability in PROBABILITIES.items()
        },
    }
    return pd.DataFrame({"variable": samples["variable"].values, **columns})


def sampler_summary(stats: xr.Dataset) -> dict[str, float]:
    """Summarize how the sampler fared in a cell.

    Parameters
    ----------
    stats
        `sample_stats` of a fit, its first draws, dimensions (chain, draw).

    Returns
    -------
    dict
        divergences and divergence_rate (of all kept transitions of all chains), ebfmi_min (over
        chains), max_treedepth_hits, step_size and acceptance_rate (means), gradients (leapfrog
        steps, tuning included).
    """
    divergences = int(stats["diverging"].sum())
    ebfmi = array_stats.bfmi(
        stats["energy"].transpose("chain", "draw").values.astype(float), chain_axis=0, draw_axis=1
    )
    return {
        "divergences": divergences,
        "divergence_rate": divergences / stats["diverging"].size,
        "ebfmi_min": float(np.min(ebfmi)),
        "max_treedepth_hits": int(stats["reached_max_treedepth"].sum()),
        "step_size": float(stats["step_size"].mean()),
        "gradients": int(stats["n_steps"].sum() + stats["n_steps_tune"].sum()),
        "acceptance_rate": float(stats["acceptance_rate"].mean(dtype=float)),
    }


def neck(samples: xr.DataArray, diverging: xr.DataArray, exact: ExactPosterior) -> dict[str, float]:
    """Hold the sampled left tail of log tau, the neck of the funnel, against the exact one.

    Parameters
    ----------
    samples
        log tau of a cell, dimensions (chain, draw).
    diverging
        Which of these transitions diverged, same dimensions.
    exact
        The exact posterior.

    Returns
    -------
    dict
        For p of `NECK`: neck_<p>, the fraction sampled below the exact p quantile, and
        mcse_neck_<p>; kolmogorov, the largest distance between the sampled and the exact CDF;
        divergence_rank, the mean rank (0 to 1) of log tau at the divergent transitions among
        all, NaN where none diverged: 0.5 if they fall like all draws, less in the neck.
    """
    values = samples.transpose("chain", "draw").to_numpy()
    cuts = exact.quantile("log_tau", list(NECK.values()))
    below = values[None] < np.reshape(cuts, (-1, 1, 1))
    mcse = array_stats.mcse(below.astype(float), method="mean", chain_axis=1, draw_axis=2)
    result: dict[str, float] = {}
    for i, name in enumerate(NECK):
        result[f"neck_{name}"] = float(below[i].mean())
        result[f"mcse_neck_{name}"] = float(mcse[i])
    ordered = np.sort(values, axis=None)
    exact_cdf = exact.cdf("log_tau", ordered)
    steps = np.arange(ordered.size + 1) / ordered.size
    result["kolmogorov"] = float(max(np.max(steps[1:] - exact_cdf), np.max(exact_cdf - steps[:-1])))
    divergent = values[diverging.transpose("chain", "draw").to_numpy()]
    ranks = np.searchsorted(ordered, divergent) / ordered.size
    result["divergence_rank"] = float(ranks.mean()) if divergent.size else math.nan
    return result


def diagnose_fit(
    fit: xr.DataTree, draws: Sequence[int], exact: ExactPosterior
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Diagnose the first `draws` draws of a fit, for each number of draws.

    Parameters
    ----------
    fit
        A tree of `fits.read_fits`, as long as the largest number of draws.
    draws
        Numbers of draws a chain.
    exact
        The exact posterior of the same data and priors.

    Returns
    -------
    estimates, fits : pandas.DataFrame
        One row a cell and variable; one row a cell.
    """
    samples = stack_variables(fit["posterior"].to_dataset())
    stats = fit["sample_stats"].to_dataset()
    target_accept, seed = float(stats["target_accept"]), int(stats["seed"])
    estimates, cells = [], []
    for count in draws:
        first, first_stats = samples.isel(draw=slice(count)), stats.isel(draw=slice(count))
        table = estimate(first)
        worst = {
            "r_hat_max": table["r_hat"].max(),
            "ess_bulk_min": table["ess_bulk"].min(),
            "ess_tail_min": table["ess_tail"].min(),
        }
        summary = sampler_summary(first_stats)
        tail = neck(first.sel(variable="log_tau"), first_stats["diverging"], exact)
        cell = {"target_accept": target_accept, "seed": seed, "draws": count}
        estimates.append(pd.DataFrame(cell, index=table.index).join(table))
        cells.append({**cell, **summary, **worst, **tail})
    return pd.concat(estimates, ignore_index=True), pd.DataFrame(cells)


def grade(estimates: pd.DataFrame, exact: ExactPosterior) -> pd.DataFrame:
    """Hold estimates against the exact posterior.

    Parameters
    ----------
    estimates
        Rows of `diagnose_fit`, of any number of cells.
    exact
        The exact posterior.

    Returns
    -------
    pandas.DataFrame
        The same rows with, after r_hat, exact_mean, bias (mean - exact_mean) and z (bias in units
        of mcse_mean), NaN where the exact mean does not exist; and at the end exact_sd and
        coverage_90, the exact probability of the sampled central 90 % interval.
    """
    variables = estimates["variable"].unique()
    graded = estimates.assign(
        exact_mean=estimates["variable"].map({name: exact.mean(name) for name in variables}),
        exact_sd=estimates["variable"].map({name: exact.sd(name) for name in variables}),
        coverage_90=math.nan,
    )
    graded["bias"] = graded["mean"] - graded["exact_mean"]
    graded["z"] = graded["bias"] / graded["mcse_mean"]
    for name in variables:
        rows = graded["variable"] == name
        below = exact.cdf(name, graded.loc[rows, ["q5", "q95"]].to_numpy())
        graded.loc[rows, "coverage_90"] = below[:, 1] - below[:, 0]
    first = [*estimates.columns[: list(estimates.columns).index("r_hat") + 1]]
    first += ["exact_mean", "bias", "z"]
    return graded[first + [name for name in graded.columns if name not in first]]
