"""Which parametrization suits the data, from the exact posterior, before anything is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from partial_pooling.families.family import Family

# A share of the information from which on a group wants to be centered. The most precise group
# decides: to leave it noncentered costs more than to center a vague one. (Of the 22 data sets of
# benchmarks/parametrizations.py the fits of one contradict it, with a share of 0.52.)
EVEN = 0.5


def parametrization(
    weights: pd.DataFrame, family: Family, by_hand: Sequence[float]
) -> dict[str, Any]:
    """Say which model to sample, and which if theta cannot be integrated out.

    Parameters
    ----------
    weights
        As of weights.csv: a row a group, `group`, `weight`.
    family
        The groups' likelihood.
    by_hand
        Weights that the configuration gives the model `partial`: none, one or one a group.

    Returns
    -------
    dict
        `recommended`; `centered_or_noncentered`, the older question, answered from the largest
        share; `shares`, least, mean and most of what is known of a theta, given mu, that its
        group's own data tell; `centered_groups`, how many have more than half;
        `by_hand`, whether the model `partial` is given weights; `weights`, by group, these or else
        how far it centers the group with tau at its lower quartile, which are the shares.
    """
    shares = weights["weight"].to_numpy()
    used = np.broadcast_to(by_hand, len(shares)) if by_hand else shares
    return {
        "recommended": "marginal" if family.integrates_theta else "partial",
        "centered_or_noncentered": "centered" if shares.max() > EVEN else "noncentered",
        "shares": {
            "least": float(shares.min()),
            "mean": float(shares.mean()),
            "most": float(shares.max()),
        },
        "centered_groups": int((shares > EVEN).sum()),
        "by_hand": bool(by_hand),
        "weights": dict(zip(weights["group"], map(float, used), strict=True)),
    }
