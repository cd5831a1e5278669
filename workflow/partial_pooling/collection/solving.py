"""Exact and classical answers of many tables, as columns of a chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from partial_pooling.classical.many import estimate_many
from partial_pooling.collection.store import KEY
from partial_pooling.data.groups import Estimates, Groups
from partial_pooling.exact.batched import VARIABLES, Solver, solve_many
from partial_pooling.families.family import Family
from partial_pooling.priors.priors import HyperPrior

QUANTILES = {"q2.5": 0.025, "q50": 0.5, "q97.5": 0.975}
CLASSICAL = ("q", "q_p_value", "i2", "tau_reml", "tau_pm", "tau_dl", "typical_error")
OF_GROUPS = ("theta_mean", "theta_sd", *(f"theta_{q}" for q in QUANTILES), "pooling")


def solve_tables(
    keys: Sequence[str],
    tables: Sequence[Groups],
    prior: HyperPrior,
    family: Family,
    solver: Solver | None = None,
) -> dict[str, Any]:
    """Solve tables of one family.

    Parameters
    ----------
    keys
        Of the tables.
    tables, prior, family, solver
        As of `solve_many`.

    Returns
    -------
    dict
        A list a column: key; reason, empty or why a table has no posterior; moments, quantiles,
        P(mu > 0) and evidence; classical estimates, of the normal approximation where the data
        are no estimates; and, a list a table, moments and quantiles of theta and the pooling factor
        of each group.
    """
    found = solve_many(tables, prior, family, tuple(QUANTILES.values()), solver=solver)
    columns: dict[str, Any] = {KEY: list(keys), "reason": list(found.reason)}
    for k, variable in enumerate(VARIABLES):
        columns[f"{variable}_mean"] = found.mean[:, k]
        columns[f"{variable}_sd"] = found.sd[:, k]
        for q, name in enumerate(QUANTILES):
            columns[f"{variable}_{name}"] = found.quantile[:, k, q]
    columns["p_mu_above_0"] = found.mu_above
    columns["log_evidence"] = found.log_marginal_likelihood
    columns |= classical([family.approximation(table) for table in tables])
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


def classical(tables: Sequence[Estimates]) -> dict[str, Any]:
    """Columns `CLASSICAL`: Q with its p-value, I^2, three estimates of tau, a typical error."""
    found = estimate_many(tables)
    typical = np.array([np.median(table.std_error) for table in tables])
    taus = (found.reml, found.paule_mandel, found.dersimonian_laird)
    columns = (found.q, found.p_value, found.i_squared, *taus, typical)
    return dict(zip(CLASSICAL, columns, strict=True))
