"""Fits of many tables, graded against their exact posteriors; the draws are dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.collection.store import KEY
from partial_pooling.data.groups import Groups
from partial_pooling.exact.face import Posterior
from partial_pooling.grading.diagnostics import diagnose_fit, grade
from partial_pooling.sampling.fits import as_tree
from partial_pooling.sampling.refits import Refits

# of a fit's estimates, what its verdict rests on
JUDGED = (
    *("draws", "mean", "sd", "mcse_mean", "mcse_sd", "ess_bulk", "bias", "z", "exact_sd"),
    *("error_mean", "error_sd", "error_quantile"),
    *("ess_q5", "ess_q50", "ess_q95", "below_q5", "below_q50", "below_q95"),
)
OF_FIT, OF_ESTIMATES = "fit:", "estimate:"  # how the columns of a chunk begin


@dataclass(frozen=True)
class Asked:
    """A fit that is to be made.

    Attributes
    ----------
    key
        Of all that it depends on.
    data
        Digest of the table's data.
    seed, target_accept
        Of the sampler.
    """

    key: str
    data: str
    seed: int
    target_accept: float


def fit_table(
    refits: Refits, groups: Groups, exact: Posterior, asked: Asked, draws: Sequence[int]
) -> dict[str, Any]:
    """Fit a table and grade the fit.

    Returns
    -------
    dict
        key; reason, empty or why sampling failed; a list a column of `diagnose_fit`'s two tables,
        a value a cell, or a cell and variable.
    """
    try:
        fit = refits.fit(groups, asked.seed, asked.target_accept)
    except RuntimeError as error:
        return {KEY: asked.key, "reason": str(error).strip().partition("\n")[0] or "it failed"}
    estimates, cells = diagnose_fit(as_tree(fit, groups.names), draws, exact)
    graded = grade(estimates, exact)
    row: dict[str, Any] = {KEY: asked.key, "reason": ""}
    row |= {f"{OF_FIT}{name}": cells[name].to_numpy() for name in cells}
    row |= {f"{OF_ESTIMATES}{name}": graded[name].to_numpy() for name in JUDGED}
    row[f"{OF_ESTIMATES}variable"] = graded["variable"].to_numpy()
    return row


def as_columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of `fit_table` as columns; a failed fit has no values."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, np.empty(0)) for row in rows] for name in names}


def unpack(columns: pd.DataFrame, start: str) -> pd.DataFrame:
    """One row a value of the lists of a chunk, whose columns begin with `start`, with the key."""
    names = [str(name) for name in columns if str(name).startswith(start)]
    lengths = columns[names[0]].map(len).to_numpy() if names else 0
    long = {KEY: np.repeat(columns[KEY].to_numpy(), lengths)}
    for name in names:
        long[name.removeprefix(start)] = np.concatenate([np.empty(0), *columns[name]])
    return pd.DataFrame(long)
