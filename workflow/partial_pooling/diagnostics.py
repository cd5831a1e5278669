"""A fit graded: convergence diagnostics of every cell, from ArviZ.

A cell is the first `draws` draws of a fit. References: Vehtari, Gelman, Simpson, Carpenter,
Burkner (2021), Rank-normalization, folding, and localization: an improved R-hat, Bayesian
Analysis 16(2); Betancourt (2016), arXiv:1604.00695, for E-BFMI.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray

PROBABILITIES = {"q5": 0.05, "q50": 0.5, "q95": 0.95}
CELL = ["model", "target_accept", "seed", "draws"]


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


def diagnose_fit(
    fit: xr.DataTree, model: str, draws: Sequence[int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Diagnose the first `draws` draws of a fit, for each number of draws.

    Parameters
    ----------
    fit
        A tree of `fits.read_fits`, as long as the largest number of draws.
    model
        Name of the parametrization, for the tables' first column.
    draws
        Numbers of draws a chain.

    Returns
    -------
    estimates, fits : pandas.DataFrame
        One row a cell and variable; one row a cell.
    """
    samples = stack_variables(fit["posterior"].to_dataset())
    stats = fit["sample_stats"].to_dataset()
    estimates, cells = [], []
    for count in draws:
        cell = {
            "model": model,
            "target_accept": float(stats["target_accept"]),
            "seed": int(stats["seed"]),
            "draws": count,
        }
        table = estimate(samples.isel(draw=slice(count)))
        summary = sampler_summary(stats.isel(draw=slice(count)))
        worst = {
            "r_hat_max": table["r_hat"].max(),
            "ess_bulk_min": table["ess_bulk"].min(),
            "ess_tail_min": table["ess_tail"].min(),
        }
        estimates.append(
            pd.DataFrame({name: [value] * len(table) for name, value in cell.items()}).join(table)
        )
        cells.append({**cell, **summary, **worst})
    return pd.concat(estimates, ignore_index=True), pd.DataFrame(cells)
