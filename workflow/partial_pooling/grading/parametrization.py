"""Which parametrization suits the data, from the exact posterior, before anything is sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.families.family import Family

EVEN = 0.5  # a share of the information from which on centered suits better than noncentered


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
        `recommended`; `centered_or_noncentered`, the older question, answered from the mean of the
        shares; `shares`, least, mean and most of what is known of a theta, given mu, that its
        group's own data tell; `centered_groups`, how many have more than half;
        `weights`, which the model `partial` takes, by group; `by_hand`, whether they were given.
    """
    shares = weights["suggested"].to_numpy()
    return {
        "recommended": "marginal" if family.integrates_theta else "partial",
        "centered_or_noncentered": "centered" if shares.mean() > EVEN else "noncentered",
        "shares": {
            "least": float(shares.min()),
            "mean": float(shares.mean()),
            "most": float(shares.max()),
        },
        "centered_groups": int((shares > EVEN).sum()),
        "by_hand": not np.array_equal(weights["weight"], weights["suggested"]),
        "weights": dict(zip(weights["group"], map(float, weights["weight"]), strict=True)),
    }
