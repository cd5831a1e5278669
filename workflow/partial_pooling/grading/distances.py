"""How far numbers are from an exact posterior, whoever made them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from partial_pooling.exact.face import Posterior

PROBABILITIES = {"q5": 0.05, "q50": 0.5, "q95": 0.95}


def errors(estimates: pd.DataFrame, exact: Posterior) -> pd.DataFrame:
    """Measure how far estimates are from the exact posterior.

    Parameters
    ----------
    estimates
        Columns variable, mean, sd, q5, q50, q95.
    exact
        The exact posterior.

    Returns
    -------
    pandas.DataFrame
        The same index; exact_mean; bias, mean - exact_mean; error_mean, ``|bias|`` in exact
        standard deviations s; error_sd, ``|sd / s - 1|``; error_quantile, the largest
        ``|F(q_p) - p|`` of the 5, 50 and 95 % quantiles, F the exact CDF; exact_sd; coverage_90,
        the exact probability between the 5 and the 95 % quantile. error_mean is NaN where no
        second moment exists, error_sd where no fourth exists; quantiles always exist.
    """
    names = list(estimates["variable"].unique())
    mean, sd = (dict(zip(names, column, strict=True)) for column in exact.moments(names))
    order = estimates["variable"].map({name: exact.moment_order(name) for name in names})
    exact_mean, exact_sd = (estimates["variable"].map(each) for each in (mean, sd))
    # a moment that exists can still be too large for a float
    scale = exact_sd.where(np.isfinite(exact_sd) & (order > 2))
    bias = estimates["mean"] - exact_mean
    told = estimates[list(PROBABILITIES)].to_numpy()
    below = np.empty_like(told)
    for name in names:
        rows = (estimates["variable"] == name).to_numpy()
        below[rows] = exact.cdf(name, told[rows])
    return pd.DataFrame(
        {
            "exact_mean": exact_mean,
            "bias": bias,
            "error_mean": bias.abs() / scale,
            "error_sd": (estimates["sd"] / scale.where(order > 4) - 1).abs(),
            "error_quantile": np.abs(below - list(PROBABILITIES.values())).max(axis=1),
            "exact_sd": exact_sd,
            "coverage_90": below[:, -1] - below[:, 0],
        },
        index=estimates.index,
    )
