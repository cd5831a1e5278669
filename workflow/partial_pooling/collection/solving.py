"""Exact and classical answers of many tables, as columns of a chunk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from partial_pooling.classical.estimates import (
    dersimonian_laird,
    heterogeneity,
    maximum_likelihood,
    paule_mandel,
)
from partial_pooling.collection.store import KEY
from partial_pooling.exact.batched import VARIABLES, solve_many
from partial_pooling.priors.priors import HyperPrior

QUANTILES = {"q2.5": 0.025, "q50": 0.5, "q97.5": 0.975}
CLASSICAL = ("q", "q_p_value", "i2", "tau_reml", "tau_pm", "tau_dl", "typical_error")
OF_GROUPS = ("theta_mean", "theta_sd", *(f"theta_{q}" for q in QUANTILES), "pooling")


def solve_tables(keys: Sequence[str], tables: Sequence[Any], prior: HyperPrior) -> dict[str, Any]:
    """Solve tables of the normal family.

    Returns
    -------
    dict
        A list a column: key; reason, empty or why a table has no posterior; moments, quantiles,
        P(mu > 0) and evidence; classical estimates; and, a list a table, moments and quantiles of
        theta and the pooling factor of each group.
    """
    found = solve_many(tables, prior, tuple(QUANTILES.values()))
    columns: dict[str, Any] = {KEY: list(keys), "reason": list(found.reason)}
    for k, variable in enumerate(VARIABLES):
        columns[f"{variable}_mean"] = found.mean[:, k]
        columns[f"{variable}_sd"] = found.sd[:, k]
        for q, name in enumerate(QUANTILES):
            columns[f"{variable}_{name}"] = found.quantile[:, k, q]
    columns["p_mu_above_0"] = found.mu_above
    columns["log_evidence"] = found.log_marginal_likelihood
    columns |= zip(CLASSICAL, np.array([classical(table) for table in tables]).T, strict=True)
    quantiles = {f"theta_{name}": found.theta_quantile[:, q] for q, name in enumerate(QUANTILES)}
    of_groups = {
        "theta_mean": found.theta_mean,
        "theta_sd": found.theta_sd,
        **quantiles,
        "pooling": found.pooling_factor,
    }
    for name, values in of_groups.items():
        columns[name] = np.split(values, found.offsets[1:-1])
    return columns


def classical(groups: Any) -> tuple[float, ...]:
    """Values of `CLASSICAL`: Q with its p-value, I^2, three estimates of tau, a typical error."""
    spread = heterogeneity(groups)
    return (
        spread.q,
        spread.p_value,
        spread.i_squared,
        math.sqrt(maximum_likelihood(groups, restricted=True)),
        math.sqrt(paule_mandel(groups)),
        math.sqrt(dersimonian_laird(groups)),
        float(np.median(groups.std_error)),
    )
