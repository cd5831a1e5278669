"""The checks of a sampler that need no exact answer, as people use them, and in combination.

Each says of the fits at a number of draws which ones it would stop at. Thresholds are customary
ones: R-hat above 1.01 and fewer than 100 effective draws a chain (Vehtari, Gelman, Simpson,
Carpenter, Burkner 2021), R-hat above 1.05 (an older custom), any divergence, any transition at the
largest tree depth, E-BFMI below 0.3 (CmdStan's and ArviZ's diagnose), Monte Carlo error of a mean
above a twentieth of the standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

type Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """A check at its customary threshold.

    Attributes
    ----------
    name
        In tables.
    short, words
        What it stops at, for axes and in full.
    raised
        From rows of fits (with `chains`) to whether it stops at them; what is undefined is stopped.
    """

    name: str
    short: str
    words: str
    raised: Callable[[pd.DataFrame], Flags]


def _above(column: str, limit: float) -> Callable[[pd.DataFrame], Flags]:
    return lambda fits: ~(fits[column].to_numpy(dtype=float) <= limit)


def _below(column: str, limit: float) -> Callable[[pd.DataFrame], Flags]:
    return lambda fits: ~(fits[column].to_numpy(dtype=float) >= limit)


def _few(column: str) -> Callable[[pd.DataFrame], Flags]:
    return lambda fits: (
        ~(fits[column].to_numpy(dtype=float) >= 100 * fits["chains"].to_numpy(dtype=float))
    )


SINGLE = (
    Check("r_hat_1.01", "R-hat > 1.01", "R-hat above 1.01", _above("r_hat_max", 1.01)),
    Check("r_hat_1.05", "R-hat > 1.05", "R-hat above 1.05", _above("r_hat_max", 1.05)),
    Check("ess_bulk", "bulk ESS < 100 a chain", "bulk ESS below 100 a chain", _few("ess_bulk_min")),
    Check("ess_tail", "tail ESS < 100 a chain", "tail ESS below 100 a chain", _few("ess_tail_min")),
    Check("divergences_any", "any divergence", "any divergence", _above("divergence_rate", 0)),
    Check(
        "divergences_0.001",
        "divergences > 0.1 %",
        "divergences above 0.1 %",
        _above("divergence_rate", 0.001),
    ),
    Check(
        "divergences_0.01",
        "divergences > 1 %",
        "divergences above 1 %",
        _above("divergence_rate", 0.01),
    ),
    Check("ebfmi", "E-BFMI < 0.3", "E-BFMI below 0.3", _below("ebfmi_min", 0.3)),
    Check(
        "treedepth",
        "tree depth reached",
        "any transition at the largest tree depth",
        _above("max_treedepth_rate", 0),
    ),
    Check(
        "mcse_mean",
        "MCSE of a mean > 0.05 sd",
        "Monte Carlo error of a mean above 0.05 sd",
        _above("mcse_mean_max", 0.05),
    ),
    Check(
        "mcse_quantile",
        "MCSE of a quantile > 0.02",
        "Monte Carlo error of a quantile above 0.02",
        _above("mcse_quantile_max", 0.02),
    ),
)
_BY_NAME = {check.name: check for check in SINGLE}


def _any(*names: str) -> Callable[[pd.DataFrame], Flags]:
    return lambda fits: np.any([_BY_NAME[name].raised(fits) for name in names], axis=0)


USUAL = ("r_hat_1.01", "ess_bulk", "ess_tail")
COMBINED = (
    Check(
        "usual",
        "R-hat and ESS",
        "R-hat above 1.01, bulk or tail ESS below 100 a chain",
        _any(*USUAL),
    ),
    Check(
        "diagnose",
        "diagnose: all but MCSE",
        "R-hat, ESS, any divergence, E-BFMI or tree depth (CmdStan's and ArviZ's diagnose)",
        _any(*USUAL, "divergences_any", "ebfmi", "treedepth"),
    ),
    Check(
        "any",
        "any of all above",
        "any of all checks",
        _any(*(c.name for c in SINGLE if c.name != "r_hat_1.05")),
    ),
    Check(
        "alarms",
        "this project's alarms",
        "this project's alarms at the thresholds of the configuration",
        lambda fits: (fits["alarms"] != "").to_numpy(),
    ),
)
CHECKS = (*SINGLE, *COMBINED)

# Checks as numbers: column, and whether more of it is worse.
SCORES = {
    "r_hat_max": True,
    "ess_bulk_min": False,
    "ess_tail_min": False,
    "divergence_rate": True,
    "ebfmi_min": False,
    "max_treedepth_rate": True,
    "mcse_mean_max": True,
    "mcse_quantile_max": True,
}

SCORE_WORDS = {
    "r_hat_max": "R-hat",
    "ess_bulk_min": "bulk ESS",
    "ess_tail_min": "tail ESS",
    "divergence_rate": "divergences",
    "ebfmi_min": "E-BFMI",
    "max_treedepth_rate": "tree depth",
    "mcse_mean_max": "MCSE of a mean",
    "mcse_quantile_max": "MCSE of a quantile",
}


def score(fits: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A check as a number that is the larger the worse; what is undefined is the worst."""
    values = fits[column].to_numpy(dtype=float)
    return np.where(np.isnan(values), np.inf, values if SCORES[column] else -values)
