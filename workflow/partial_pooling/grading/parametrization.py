"""Which parametrization suits the data, from the exact posterior, before anything is sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.families.family import Family

# A share of the information from which on a group wants to be centered. The most precise group
# decides: to leave it noncentered costs more than to center a vague one. (Of the 22 data sets of
# benchmarks/parametrizations.py the fits of one contradict it, with a share of 0.52.)
EVEN = 0.5


def parametrization(weights: pd.DataFrame, family: Family) -> dict[str, Any]:
    """Say which model to sample, and which if theta cannot be integrated out.

    Parameters
    ----------
    weights
        As of weights.csv: a row a group, `group`, `weight`, `suggested`.
    family
        The groups' likelihood.

    Returns
    -------
    dict
        `recommended`; `centered_or_noncentered`, the older question, answered from the largest
        share; `shares`, least, mean and most of what is known of a theta, given mu, that its
        group's own data tell; `centered_groups`, how many have more than half;
        `weights`, which the model `partial` takes, by group; `by_hand`, whether they were given.
    """
    shares = weights["suggested"].to_numpy()
    return {
        "recommended": "marginal" if family.integrates_theta else "partial",
        "centered_or_noncentered": "centered" if shares.max() > EVEN else "noncentered",
        "shares": {
            "least": float(shares.min()),
            "mean": float(shares.mean()),
            "most": float(shares.max()),
        },
        "centered_groups": int((shares > EVEN).sum()),
        "by_hand": not np.array_equal(weights["weight"], weights["suggested"]),
        "weights": dict(zip(weights["group"], map(float, weights["weight"]), strict=True)),
    }
