"""A fit graded: convergence diagnostics from ArviZ, and the distance from the exact answer.

A cell is the first `draws` draws of a fit. References: Vehtari, Gelman, Simpson, Carpenter,
Burkner (2021), Rank-normalization, folding, and localization: an improved R-hat, Bayesian
Analysis 16(2); Betancourt (2016), arXiv:1604.00695, for E-BFMI.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri
from scipy.stats import rankdata

from partial_pooling.exact.face import Posterior
from partial_pooling.grading.distances import PROBABILITIES, errors
from partial_pooling.grading.grades import NECK

BLOCK = 16  # variables estimated at once: several copies of their draws are held
ONE_SIGMA = np.array([[0.1586553], [0.8413447]])  # as ArviZ rounds them
QUARTERS = 4


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

    Effective sample sizes and R-hat of given chains are ArviZ's. Its functions for all else each
    rank, split and sort the draws anew, and would find the effective sample size of a quantile
    twice, for the tail and for the quantile's standard error; here that is done once, to the same
    numbers. By ArviZ alone (1.3) a fit of the default study takes 2.1 times as long
    (`benchmarks/diagnostics.py`), which would add 7 % to the study's CPU time.

    Parameters
    ----------
    samples
        Dimensions (variable, chain, draw).

    Returns
    -------
    pandas.DataFrame
        One row a variable: mean, sd, quantiles and the MCSE of each, in the units of the
        variable; bulk and tail ESS (tail: the smaller of the 5 % and 95 % quantiles'); R-hat,
        rank-normalized, split and folded; ess_q<p>, the ESS of the share of draws below each
        sampled quantile. R-hat and bulk ESS are NaN for fewer than 8 draws a chain, of which each
        half would have fewer than ArviZ's least of 4.
    """
    values = samples.transpose("variable", "chain", "draw").to_numpy()
    blocks = [values[i : i + BLOCK] for i in range(0, len(values), BLOCK)]
    table = pd.concat([_estimate(block) for block in blocks], ignore_index=True)
    table.insert(0, "variable", samples["variable"].to_numpy())
    return table


def _estimate(values: NDArray[np.float64]) -> pd.DataFrame:
    flat = values.reshape(len(values), -1)
    sd = flat.std(axis=1, ddof=1)
    columns = {"mean": flat.mean(axis=1), "sd": sd}
    columns["mcse_mean"] = sd / np.sqrt(_ess(values, "mean"))

    columns["ess_bulk"], r_hat = _of_ranks(values)
    ordered = np.sort(flat, axis=1)
    quantiles = np.quantile(ordered, list(PROBABILITIES.values()), axis=1)
    ess = [_ess(values <= quantile[:, None, None], "mean") for quantile in quantiles]
    columns["ess_tail"] = np.minimum(ess[0], ess[-1])
    columns["r_hat"] = r_hat
    columns["mcse_sd"] = _mcse_sd(values)
    columns |= zip(PROBABILITIES, quantiles, strict=True)
    for (name, probability), effective in zip(PROBABILITIES.items(), ess, strict=True):
        columns[f"mcse_{name}"] = _mcse_quantile(ordered, probability, effective)
        columns[f"ess_{name}"] = effective
    return pd.DataFrame(columns)


def convergence(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """R-hat, bulk ESS and tail ESS, as of `estimate` and no more; each of shape (V,).

    Parameters
    ----------
    values
        Shape (V, chain, draw).
    """
    bulk, r_hat = _of_ranks(values)
    tails = np.quantile(values, (min(PROBABILITIES.values()), max(PROBABILITIES.values())), (1, 2))
    tail = [_ess(values <= quantile[:, None, None], "mean") for quantile in tails]
    return r_hat, bulk, np.minimum(*tail)


def _of_ranks(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bulk ESS and R-hat, from the same normal scores."""
    halves = _split(values)
    scores = _normal_scores(halves)
    folded = _normal_scores(np.abs(halves - np.median(halves, axis=(1, 2), keepdims=True)))
    return _ess(scores, "identity"), np.maximum(_r_hat(scores), _r_hat(folded))


def _ess(values: NDArray[Any], method: str) -> NDArray[np.float64]:
    ess: NDArray[np.float64] = array_stats.ess(values, method=method, chain_axis=1, draw_axis=2)
    return ess


def _r_hat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):  # chains that never move: inf, or nan
        r_hat: NDArray[np.float64] = array_stats.rhat(
            values, method="identity", chain_axis=1, draw_axis=2
        )
    return r_hat


def _split(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make two chains of each; the middle draw of an odd number is left out."""
    half = values.shape[2] // 2
    return np.concatenate([values[..., :half], values[..., -half:]], axis=1)


def _normal_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal scores of each variable's ranks over all chains (Vehtari et al. 2021, eq. 14)."""
    ranks = rankdata(values.reshape(len(values), -1), axis=1)
    scores: NDArray[np.float64] = ndtri((ranks - 3 / 8) / (ranks.shape[1] + 1 / 4))
    return scores.reshape(values.shape)


def _mcse_sd(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """MCSE of the standard deviation, by the delta method from that of the variance."""
    squares = (values - values.mean(axis=(1, 2), keepdims=True)) ** 2
    variance = squares.mean(axis=(1, 2))
    of_variance = ((squares**2).mean(axis=(1, 2)) - variance**2) / _ess(squares, "mean")
    with np.errstate(invalid="ignore"):  # 0 / 0 of chains that never move
        mcse: NDArray[np.float64] = np.sqrt(of_variance / variance / 4)
    return mcse


def _mcse_quantile(
    ordered: NDArray[np.float64], probability: float, ess: NDArray[np.float64]
) -> NDArray[np.float64]:
    """MCSE of a quantile, by its order statistics (Vehtari et al. 2021, section 4.4).

    Half the distance between the draws at the ends of a beta distribution's central 68 %.
    """
    size = ordered.shape[1]
    about = betaincinv(ess * probability + 1, ess * (1 - probability) + 1, ONE_SIGMA) * size - 1
    low = np.floor(np.fmax(about[0], 0)).astype(int)
    high = np.ceil(np.fmin(about[1], size - 1)).astype(int)
    row = np.arange(len(ordered))
    mcse: NDArray[np.float64] = (ordered[row, high] - ordered[row, low]) / 2
    return mcse


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
        chains), max_treedepth_hits and max_treedepth_rate (likewise), step_size and
        acceptance_rate (means), gradients (leapfrog steps, tuning included).
    """
    divergences = int(stats["diverging"].sum())
    hits = int(stats["reached_max_treedepth"].sum())
    ebfmi = array_stats.bfmi(
        stats["energy"].transpose("chain", "draw").values.astype(float), chain_axis=0, draw_axis=1
    )
    return {
        "divergences": divergences,
        "divergence_rate": divergences / stats["diverging"].size,
        "ebfmi_min": float(np.min(ebfmi)),
        "max_treedepth_hits": hits,
        "max_treedepth_rate": hits / stats["diverging"].size,
        "step_size": float(stats["step_size"].mean()),
        "gradients": int(stats["n_steps"].sum() + stats["n_steps_tune"].sum()),
        "acceptance_rate": float(stats["acceptance_rate"].mean(dtype=float)),
    }


# all fits of a batch are held against the same posterior
@functools.lru_cache(maxsize=1)
def _exact_quantiles(exact: Posterior) -> NDArray[np.float64]:
    names = [name for name in exact.variables if name != "theta_new"]
    return exact.quantiles(names, np.array(list(PROBABILITIES.values())))


@functools.lru_cache(maxsize=1)
def _exact_neck(exact: Posterior) -> NDArray[np.float64]:
    return np.asarray(exact.quantile("log_tau", list(NECK.values())))


def neck(samples: xr.DataArray, exact: Posterior) -> dict[str, float]:
    """Hold the sampled left tail of log tau, the neck of the funnel, against the exact one.

    Parameters
    ----------
    samples
        log tau of a cell, dimensions (chain, draw).
    exact
        The exact posterior.

    Returns
    -------
    dict
        For p of `NECK`: neck_<p>, the fraction sampled at or below the exact p quantile, and
        ess_neck_<p>, the effective draws that it rests on (of the sampled p quantile, or of all
        ranks if fewer); kolmogorov, the largest distance between the sampled and the exact CDF.
    """
    values = samples.transpose("chain", "draw").to_numpy()
    cuts = _exact_neck(exact)
    sampled = np.quantile(values, list(NECK.values()))
    ess = _ess(values[None] <= sampled[:, None, None], "mean")
    bulk = _ess(_normal_scores(_split(values[None])), "identity")[0]
    result: dict[str, float] = {}
    for i, name in enumerate(NECK):
        result[f"neck_{name}"] = float((values <= cuts[i]).mean())
        result[f"ess_neck_{name}"] = float(np.fmin(ess[i], bulk))
    ordered = np.sort(values, axis=None)
    exact_cdf = exact.cdf("log_tau", ordered)
    steps = np.arange(ordered.size + 1) / ordered.size
    result["kolmogorov"] = float(max(np.max(steps[1:] - exact_cdf), np.max(exact_cdf - steps[:-1])))
    return result


def where_divergent(samples: xr.DataArray, diverging: xr.DataArray) -> dict[str, float]:
    """Count divergent transitions by quarter of the draws of log tau.

    Transitions of a chain are not independent, so shares are more uneven by chance than those of
    independent ones. By how much is read off the chains themselves: which transitions diverged is
    shifted against log tau, round the chain, by every number of steps, which keeps how each of the
    two clusters. The design effect is the variance of the counts over all shifts relative to the
    multinomial's (the first-order correction of Rao and Scott 1981, Journal of the American
    Statistical Association 76, 221-230).

    Parameters
    ----------
    samples
        log tau of a cell, dimensions (chain, draw).
    diverging
        Which of these transitions diverged, same dimensions.

    Returns
    -------
    dict
        divergent_q1 to divergent_q4, from the lowest quarter up, and divergence_design_effect,
        NaN where none diverged, at least 1.
    """
    values = samples.transpose("chain", "draw").to_numpy()
    divergent = diverging.transpose("chain", "draw").to_numpy()
    ranks = rankdata(values, method="ordinal", axis=None).reshape(values.shape)
    quarter = (ranks.astype(int) - 1) * QUARTERS // values.size
    total = int(divergent.sum())
    counts = np.bincount(quarter[divergent], minlength=QUARTERS)
    design_effect = math.nan
    if total:
        inside = quarter == np.arange(QUARTERS)[:, None, None]
        spectrum = np.fft.rfft(divergent, axis=-1).conj() * np.fft.rfft(inside, axis=-1)
        shifted = np.fft.irfft(spectrum, n=values.shape[1], axis=-1)
        variance = shifted.var(axis=-1).sum()
        design_effect = max(1.0, variance / (total * (1 - 1 / QUARTERS)))
    return {
        **{f"divergent_q{k + 1}": int(counts[k]) for k in range(QUARTERS)},
        "divergence_design_effect": design_effect,
    }


def diagnose_fit(
    fit: xr.DataTree, draws: Sequence[int], exact: Posterior
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Diagnose the first `draws` draws of a fit, for each number of draws.

    Parameters
    ----------
    fit
        A tree of `manifests.read_fits`, as long as the largest number of draws.
    draws
        Numbers of draws a chain.
    exact
        The exact posterior of the same data and priors.

    Returns
    -------
    estimates, fits : pandas.DataFrame
        One row a cell and variable, with below_q<p>, the share of draws at or below the exact p
        quantile; one row a cell.
    """
    cuts = _exact_quantiles(exact)
    samples = stack_variables(fit["posterior"].to_dataset())
    stats = fit["sample_stats"].to_dataset()
    target_accept, seed = float(stats["target_accept"]), int(stats["seed"])
    estimates, cells = [], []
    for count in draws:
        first, first_stats = samples.isel(draw=slice(count)), stats.isel(draw=slice(count))
        table = estimate(first)
        # a variable at a time: of many groups all at once would take the memory of their draws
        pairs = zip(first.values, cuts, strict=True)
        below = np.array([(x[..., None] <= cut).mean((0, 1)) for x, cut in pairs])
        table[[f"below_{name}" for name in PROBABILITIES]] = below
        worst = {
            "r_hat_max": table["r_hat"].max(),
            "ess_bulk_min": table["ess_bulk"].min(),
            "ess_tail_min": table["ess_tail"].min(),
        }
        summary = sampler_summary(first_stats)
        log_tau = first.sel(variable="log_tau")
        tail = neck(log_tau, exact) | where_divergent(log_tau, first_stats["diverging"])
        cell = {"target_accept": target_accept, "seed": seed, "draws": count}
        estimates.append(pd.DataFrame(cell, index=table.index).join(table))
        cells.append({**cell, **summary, **worst, **tail})
    return pd.concat(estimates, ignore_index=True), pd.DataFrame(cells)


def grade(estimates: pd.DataFrame, exact: Posterior) -> pd.DataFrame:
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
        The same rows with what `distances.errors` gives, and z, bias in units of mcse_mean, NaN
        where no second moment exists, of which a Monte Carlo error would have to be made: the
        errors after r_hat, exact_sd and coverage_90 at the end.
    """
    found = errors(estimates, exact)
    z = (found["bias"] / estimates["mcse_mean"]).where(found["error_mean"].notna())
    found.insert(2, "z", z)
    graded = estimates.join(found)
    first = [*estimates.columns[: list(estimates.columns).index("r_hat") + 1]]
    first += ["exact_mean", "bias", "z", "error_mean", "error_sd", "error_quantile"]
    return graded[first + [name for name in graded.columns if name not in first]]
