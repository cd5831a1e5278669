"""Leave-one-out from draws of one fit, as people get it who have no exact answer.

Pareto smoothed importance sampling (PSIS: Vehtari, Gelman and Gabry 2017, Practical Bayesian model
evaluation using leave-one-out cross-validation and WAIC, Statistics and Computing 27; Vehtari,
Simpson, Gelman, Yao and Gabry 2024, Journal of Machine Learning Research 25) weights the draws of
the whole posterior by one over the likelihood of the group that is left out. That likelihood is of
its data given its theta, as models in PyMC and Stan have it; or given mu and tau, with theta
integrated out, whose weights vary less since theta need not follow (Vehtari, Mononen, Tolvanen,
Sivula and Winther 2016, Journal of Machine Learning Research 17).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from arviz_stats.base import array_stats
from scipy.special import logsumexp

from partial_pooling.arrays import Array
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.exact.nested.inner import Thetas
from partial_pooling.exact.nested.rules import COARSE
from partial_pooling.families.family import Family

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

DRAWS = 4000  # of all chains, as people have them
FEWER = 1000  # where theta is integrated out by quadrature
MOST_GROUPS = 100  # of which it is, then


def loo_draws(family: Family, chains: int) -> int:
    """Draws of each chain to weight."""
    return (DRAWS if family.integrates_theta else FEWER) // chains


def loo_table(
    groups: Groups, family: Family, posterior: xr.Dataset, log_predictive: pd.Series[float]
) -> pd.DataFrame:
    """Log predictive densities of each group given the others by PSIS, beside the exact ones.

    Parameters
    ----------
    groups, family
        Data and their likelihood.
    posterior
        `mu`, `tau` (chain, draw) and `theta` (chain, draw, group) of a fit, with its `seed` and
        `target_accept`.
    log_predictive
        Exact, in the order of the groups.

    Returns
    -------
    pandas.DataFrame
        One row a group: group, target_accept, seed, draws (of all chains), k_limit, exact; and by
        PSIS, given theta (conditional) and with it integrated out (integrated), each with its
        Monte Carlo standard error (..._mcse, nan where k is too large) and Pareto's k (..._k).
        Integrated ones are nan of too many groups.
    """
    import pandas as pd

    mu, tau = (posterior[name].transpose("chain", "draw").to_numpy() for name in ("mu", "tau"))
    theta = posterior["theta"].transpose("chain", "draw", "group").to_numpy()
    every = np.concatenate([mu[..., None], tau[..., None], theta], axis=2)
    # as ArviZ has it: of all variables, on average
    efficiency = float(np.mean(array_stats.ess(every, method="mean", chain_axis=0, draw_axis=1)))
    efficiency /= mu.size
    flat = mu.ravel(), tau.ravel(), theta.reshape(mu.size, -1)
    table = pd.DataFrame(
        {
            "group": groups.names,
            "target_accept": float(posterior["target_accept"]),
            "seed": int(posterior["seed"]),
            "draws": mu.size,
            "k_limit": k_limit(mu.size),
            "exact": np.asarray(log_predictive, dtype=float),
        }
    )
    conditional = family.log_likelihood(groups, flat[2])
    integrated = log_likelihood_of_population(groups, family, *flat[:2])
    for name, log_likelihood in (("conditional", conditional), ("integrated", integrated)):
        found = np.full((3, len(groups)), math.nan)
        if log_likelihood is not None:
            found = np.array(psis(log_likelihood, efficiency))
        for ending, values in zip(("", "_mcse", "_k"), found, strict=True):
            table[f"{name}{ending}"] = values
    return table


def k_limit(draws: int) -> float:
    """Pareto's k from which so many draws do not do (Vehtari et al. 2024)."""
    return min(1 - 1 / math.log10(draws), 0.7)


def psis(log_likelihood: Array, efficiency: float) -> tuple[Array, Array, Array]:
    """Log predictive density of each group without it, its Monte Carlo error and Pareto's k.

    Parameters
    ----------
    log_likelihood
        Shape (S, J), of each group's data at S draws of the whole posterior.
    efficiency
        Effective draws a draw.

    Returns
    -------
    tuple of numpy.ndarray
        Shape (J,) each; the error, that of a self-normalized weighted mean, is nan where k is
        above `k_limit`. k is 0 where all weights are equal, as of a group whose data bear on no
        theta, and infinite where the largest are, as of chains that stand still.
    """
    log_likelihood = np.ascontiguousarray(log_likelihood.T)
    log_weight, k = np.empty_like(log_likelihood), np.empty(len(log_likelihood))
    for j, row in enumerate(log_likelihood):
        try:
            log_weight[j], k[j] = array_stats.psislw(row, r_eff=efficiency)
        except ValueError:  # weights in the tail do not differ: it has no shape
            log_weight[j], k[j] = -row - logsumexp(-row), math.inf if np.ptp(row) else 0
    density = logsumexp(log_weight + log_likelihood, axis=1)
    relative = np.expm1(log_likelihood - density[:, None])
    error = np.sqrt((np.exp(log_weight) ** 2 * relative**2).sum(axis=1) / efficiency)
    return density, np.where(k > k_limit(log_likelihood.shape[1]), math.nan, error), k


def log_likelihood_of_population(
    groups: Groups, family: Family, mu: Array, tau: Array
) -> Array | None:
    """Log p(y_j | mu, tau) at S draws, shape (S, J); None of too many groups for quadrature."""
    if isinstance(groups, Estimates) and family.integrates_theta:
        spread = groups.std_error**2 + tau[:, None] ** 2
        square = (groups.estimate - mu[:, None]) ** 2 / spread
        return np.asarray(-0.5 * (square + np.log(2 * math.pi * spread)))
    if len(groups) > MOST_GROUPS:
        return None
    order = np.argsort(tau)
    result = np.empty((len(tau), len(groups)))
    result[order] = Thetas(groups, family, COARSE).integrate(mu[order], tau[order]).log_evidence
    return result
