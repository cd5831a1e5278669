"""An exact posterior as files hold it: a table of moments and quantiles, and a labelled dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from partial_pooling.exact.face import PROBABILITIES, Posterior

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

GRID_POINTS = 201  # of each density in exact_dataset
QUARTERS = (0.25, 0.5, 0.75)


def exact_table(posterior: Posterior, with_errors: bool = True) -> pd.DataFrame:
    """Moments and quantiles of every variable, one row a variable.

    Parameters
    ----------
    posterior
        The posterior.
    with_errors
        Whether to bound its errors, which may take another solution.

    Returns
    -------
    pandas.DataFrame
        Columns variable, mean, sd, q2.5, q5, q25, q50, q75, q95, q97.5; rows in the order of
        `Posterior.variables`. A moment that does not exist is nan. Where there is no closed form, a
        column error: a bound on the error of the row (see `Posterior.errors`).
    """
    import pandas as pd

    variables = posterior.variables
    mean, sd = posterior.moments(variables)
    quantiles = posterior.quantiles(variables, np.array(PROBABILITIES))
    table = pd.DataFrame({"variable": variables, "mean": mean, "sd": sd})
    for k, p in enumerate(PROBABILITIES):
        table[f"q{100 * p:g}"] = quantiles[:, k]
    errors = posterior.errors(variables) if with_errors else None
    return table if errors is None else table.assign(error=errors)


def exact_dataset(posterior: Posterior) -> xr.Dataset:
    """Everything about a posterior that figures and reports need, labelled.

    Returns
    -------
    xarray.Dataset
        Coordinates variable, group, other (the group compared with), probability, grid (index
        into each variable's own points `value`) and at_tau. Beyond `Posterior.most_compared`
        groups, probability_greater and probability_largest are left out.
    """
    import xarray as xr

    groups, variables = posterior.groups, posterior.variables
    units = "units of theta"
    p = np.array([0.0005, 0.9995, *PROBABILITIES])
    quantiles = posterior.quantiles(variables, p)
    mean, sd = posterior.moments(variables)
    low, high = quantiles[:, 0], quantiles[:, 1]
    tau = variables.index("tau")
    low[tau] = posterior.prior.tau.support[0]
    # even in asinh of the distance from the median: dense in the body, however long the tails
    quarter, median, three_quarters = (quantiles[:, 2 + PROBABILITIES.index(q)] for q in QUARTERS)
    spread = three_quarters - quarter
    spread = np.where(spread > 0, spread, 1.0)  # 0 where floats do not tell the quantiles apart
    first, last = (np.arcsinh((end - median) / spread) for end in (low, high))
    steps = np.linspace(first, last, GRID_POINTS, axis=1)
    value = median[:, None] + spread[:, None] * np.sinh(steps)
    value[:, 0], value[:, -1] = low, high
    cdf, density = np.empty_like(value), np.empty_like(value)
    for k, variable in enumerate(variables):
        if variable in ("tau", "log_tau"):
            cdf[k] = posterior.cdf(variable, value[k])
            density[k] = posterior.density(variable, value[k])
        else:
            cdf[k], density[k] = posterior.curves(variable, value[k])
    at_tau = value[tau]
    given = posterior.conditional(at_tau)
    estimates = posterior.family.approximation(groups)
    predictive = posterior.predictive()
    datum = next(iter(posterior.family.data(groups))).replace("_", " ")
    units_of_data = "1" if posterior.family.whole else units

    contents: dict[str, tuple[tuple[str, ...], ArrayLike, str, str]] = {
        "mean": (("variable",), mean, "posterior mean", units),
        "sd": (("variable",), sd, "posterior standard deviation", units),
        "quantile": (("variable", "probability"), quantiles[:, 2:], "posterior quantile", units),
        "value": (("variable", "grid"), value, "points of density and cdf", units),
        "density": (("variable", "grid"), density, "posterior density", "1 / units of theta"),
        "cdf": (("variable", "grid"), cdf, "posterior cumulative probability", "1"),
        "tau_density": (
            ("at_tau",),
            posterior.density("tau", at_tau),
            "posterior density of tau",
            "1 / units of theta",
        ),
        "mu_mean_given_tau": (("at_tau",), given.mu_mean, "E[mu | tau, y]", units),
        "mu_sd_given_tau": (("at_tau",), given.mu_sd, "sd[mu | tau, y]", units),
        "theta_mean_given_tau": (
            ("at_tau", "group"),
            given.theta_mean,
            "E[theta | tau, y]",
            units,
        ),
        "theta_sd_given_tau": (("at_tau", "group"), given.theta_sd, "sd[theta | tau, y]", units),
        "estimate": (("group",), estimates.estimate, "estimate y", units),
        "std_error": (("group",), estimates.std_error, "standard error sigma", units),
        "pooling_factor": (
            ("group",),
            posterior.pooling_factor(),
            "posterior mean of sigma^2 / (sigma^2 + tau^2)",
            "1",
        ),
        "log_predictive_without": (
            ("group",),
            posterior.leave_one_out(),
            "log p(y of the group | y of all others)",
            "log(1 / units of y)",
        ),
        "predictive_mean": (
            ("group",),
            predictive.mean,
            f"mean of a replicated {datum}",
            units_of_data,
        ),
        "predictive_sd": (("group",), predictive.sd, f"sd of a replicated {datum}", units_of_data),
        "predictive_quantile": (
            ("group", "probability"),
            predictive.quantile,
            f"quantile of a replicated {datum}",
            units_of_data,
        ),
        "predictive_cdf": (
            ("group",),
            predictive.cdf_at_observed,
            f"probability that a replicated {datum} is at most the observed one",
            "1",
        ),
        "log_marginal_likelihood": (
            (),
            posterior.log_marginal_likelihood,
            "log p(y)",
            "log(1 / units of y^J)",
        ),
    }
    if len(groups) <= posterior.most_compared:
        contents["probability_greater"] = (
            ("group", "other"),
            posterior.probability_greater(),
            "P(theta of group > theta of other)",
            "1",
        )
        contents["probability_largest"] = (
            ("group",),
            posterior.probability_largest(),
            "P(theta of group is the largest)",
            "1",
        )
    names = np.array(groups.names, dtype=object)
    dataset = xr.Dataset(
        {
            name: (dims, values, {"long_name": long_name, "units": unit})
            for name, (dims, values, long_name, unit) in contents.items()
        },
        coords={
            "variable": ("variable", np.array(variables, dtype=object), {"long_name": "variable"}),
            "group": ("group", names, {"long_name": "group"}),
            "probability": (
                "probability",
                np.array(PROBABILITIES),
                {"long_name": "probability", "units": "1"},
            ),
            "grid": ("grid", np.arange(GRID_POINTS), {"long_name": "index of the point"}),
            "at_tau": ("at_tau", at_tau, {"long_name": "tau conditioned on", "units": units}),
        },
        attrs={
            "title": "Exact posterior",
            "prior_mu": str(posterior.prior.mu),
            "prior_tau": str(posterior.prior.tau),
        },
    )
    if "probability_greater" in dataset:
        dataset = dataset.assign_coords(
            other=("other", names, {"long_name": "group compared with"})
        )
    for name in ("mean", "sd", "quantile", "value"):
        dataset[name].attrs["comment"] = "log_tau is the log of tau in units of theta"
    return dataset
