"""What to see in each figure, in words computed from the tables, and its alternative text."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from partial_pooling.report.results import Results
from partial_pooling.words import count, first_upper, fixed, percent, signed, significant

type Caption = tuple[str, str]  # alternative text, caption


# What there is to see in the figures of a calibration is told in sentences beside them.
CALIBRATION: dict[str, Caption] = {
    "calibration_ecdf": (
        "ECDF of the ranks of the truth minus the uniform one, a column a model and one for the "
        "exact control, a row a variable, with a simultaneous band.",
        "Ranks of the truth among the draws: their ECDF minus the uniform one. Each curve by "
        "itself stays within the band, whole, in 95 % of calibrations of a right sampler; several "
        "together leave it more often. A curve above zero at its left has the truth below the "
        "draws more often than uniform ranks would. The exact control ranks the truth in "
        "the exact posterior of the same data.",
    ),
    "calibration_ranks": (
        "Histograms of the ranks of the truth, relative to uniform ones, a column a model and one "
        "for the exact control, a row a variable.",
        "The same ranks as histograms, relative to uniform ones, with a band for all bins at once.",
    ),
    "calibration_by_tau": (
        "Error of the posterior mean of log tau, and shares of poor fits, against the simulated "
        "tau, a line a model.",
        "Where a model fails: above, the sampled mean of log τ minus the exact one, in exact "
        "posterior standard deviations, by the τ that was simulated; below, the shares of fits "
        "with few effective draws, and with divergences.",
    ),
    "calibration_coverage": (
        "Coverage of central intervals less their nominal probability, a line a model and one for "
        "the exact control.",
        "How often central intervals hold the truth, less their nominal probability, with 95 % "
        "intervals.",
    ),
    "calibration_power": (
        "Share of subsets of the simulations in which a fault is seen, against their size, a line "
        "a model and test.",
        "How many simulations it takes to see a fault: the share of subsets in which ranks are "
        "found not uniform, all variables taken together.",
    ),
}


def caption(results: Results, figure: str) -> Caption:
    """Alternative text and caption of a figure, by its file's name without the ending."""
    return FIGURES[figure](results)


def _forest(results: Results) -> Caption:
    groups, theta, units = results.groups, results.theta, results.units
    centre = "mean" if results.centre == "mean" else "median"
    moves = np.abs(theta["centre"].to_numpy() - groups.estimate)
    far = int(np.argmax(moves))
    alternative = (
        f"Forest plot of {count(len(groups), 'group')}: estimates from "
        f"{units(groups.estimate.min())} to {units(groups.estimate.max())}, posterior {centre}s "
        f"from {units(theta['centre'].min())} to {units(theta['centre'].max())}, each with its 95 "
        f"% interval; a new group from {results.interval('theta_new')}."
    )
    return alternative, (
        f"Each group's estimate by itself (brown) and its exact posterior {centre} (black). Bars "
        "are 95 % intervals; the grey band is the mean of all groups under complete pooling. "
        f"{groups.names[far]} moves furthest, from {units(groups.estimate[far])} to "
        f"{units(theta['centre'].iloc[far])}."
    )


def _divergences(results: Results) -> Caption:
    each = [
        f"{model}: {_diverged(row, results)}, {percent(row['neck_5'])} of the draws below the "
        "dashed line"
        for model, row in results.shown.iterrows()
    ]
    group = results.groups.names[0]
    return (
        f"Draws in the plane of log τ and θ of {group}, a panel a model. {_sentence(each)}",
        f"log τ against θ of {group}, every transition of {_of_shown(results)}. "
        "Divergent transitions are black and in front. Of the exact posterior 5 % lies below the "
        f"dashed line and 1 % below the other. {_sentence(each)}",
    )


def _funnel_neck(results: Results) -> Caption:
    each = [
        f"{model} has {percent(row['neck_1'])} of its draws below the exact 1 % quantile, "
        f"{percent(row['neck_5'])} below the 5 % and {percent(row['neck_25'])} below the 25 % one"
        for model, row in results.shown.iterrows()
    ]
    return (
        "Probability that log τ is below c against c, on a logarithmic scale: exact, and sampled "
        f"by each model. {_sentence(each)}",
        "Small τ in numbers: the probability that log τ is below c, sampled and exact, for "
        f"{_of_shown(results)}. A line below the black one has fewer draws there than the exact "
        f"posterior. {_sentence(each)} The far end of each line rests on few draws.",
    )


def _densities(results: Results) -> Caption:
    each = [
        f"{model}: {significant(2)(row['kolmogorov'])}" for model, row in results.shown.iterrows()
    ]
    return (
        "Histograms of the draws of μ, τ and log τ, a row a model, with the exact densities as "
        f"lines. Largest gap between the distributions of log τ: {'; '.join(each)}.",
        f"Draws of {_of_shown(results)} as histograms, the exact density as a line; a histogram "
        "stays below the line where it has fewer draws. Largest gap between the sampled "
        "and the exact distribution function of log τ (0: the same; 1: nothing in common): "
        f"{'; '.join(each)}.",
    )


def _traces(results: Results) -> Caption:
    each = [
        f"{model}: largest R-hat {fixed(3)(row['r_hat_max'])}, smallest bulk ESS "
        f"{fixed(0)(row['ess_bulk_min'])}"
        for model, row in results.shown.iterrows()
    ]
    return (
        "Densities and traces of μ, τ, log τ and θ, a column a model. " + _sentence(each),
        f"Densities (left) and traces of {_of_shown(results)}. A line of the densities is a "
        "chain, or for θ a group. Chains that agree lie on one another; a stretch that stays at "
        f"one value is a chain that was stuck. {_sentence(each)}",
    )


def _log_tau(results: Results) -> Caption:
    each = [f"{model}: {_diverged(row, results)}" for model, row in results.shown.iterrows()]
    return (
        "log τ over iterations, chains joined end to end, a panel a model; ticks below mark "
        f"divergent transitions. {_sentence(each)}",
        f"log τ over the iterations of {_of_shown(results)}, chains joined end to end; the thick "
        f"vertical line ends the first one. Ticks below are divergent transitions. "
        f"{_sentence(each)}",
    )


def _cumulative_mean(results: Results) -> Caption:
    exact = results.value("log_tau")
    rows = _of_variable(results, "log_tau")
    each = [
        f"{model} ends at {significant(3)(row['mean'])}" + _off(row["z"])
        for model, row in rows.iterrows()
    ]
    line = (
        f"The black line is the exact mean, {fixed(4)(exact)}. "
        if math.isfinite(exact)
        else "The exact mean of log τ does not exist. "
    )
    return (
        "Mean of log τ over the draws so far, a line a model with a band of two Monte Carlo "
        f"standard errors. {line}{_sentence(each)}",
        f"The mean of log τ over the draws so far of {_of_shown(results)}, chains joined end to "
        f"end, with a band of two Monte Carlo standard errors. {line}{_sentence(each)}",
    )


def _off(z: float) -> str:
    return "" if math.isnan(z) else f", {signed(z, fixed(1))} standard errors off"


def _z_scores(results: Results) -> Caption:
    here = results.estimates[results.estimates["variable"].isin(["mu", "tau", "log_tau"])]
    each = []
    for model, z in here.dropna(subset="z").groupby("model", sort=False)["z"]:
        each.append(f"{model}: {percent(float((z.abs() > 2).mean()))} of the points beyond ±2")
    found = _sentence(each) if each else "No exact mean exists, so there is no z."
    return (
        f"z of the means of μ, τ and log τ against draws, a row a model. {found}",
        "Errors of the means of μ, τ and log τ in Monte Carlo standard errors (z), a point a seed "
        "and target_accept; at the right their distribution over the normal curve, which has 4.6 "
        f"% beyond ±2. {found} Counts of draws are beginnings of the same fits, so points are not "
        "independent; values beyond the axis stand at its edge.",
    )


def _error(results: Results) -> Caption:
    each = []
    rows = results.accuracy[results.accuracy["variable"] == "log_tau"]
    for model, of_model in rows.groupby("model", sort=False):
        rmse = np.sqrt((of_model["rmse"] ** 2).groupby(of_model["draws"]).mean())
        if len(rmse) > 1 and rmse.notna().all():
            each.append(
                f"{model}: {significant(2)(rmse.iloc[0])} at {rmse.index[0]:,} draws, "
                f"{significant(2)(rmse.iloc[-1])} at {rmse.index[-1]:,}"
            )
    found = f" Log τ, all target_accepts together: {_sentence(each)}" if each else ""
    seeds = len(results.settings["sampling"]["seeds"])
    return (
        f"Root mean squared error of the means of log τ and μ against draws.{found}",
        f"Root mean squared error over {count(seeds, 'seed')}, a line a target_accept. The dashed "
        "guide falls as one over the square root of the draws, as the error of a right sampler "
        f"does on average; that of a biased one levels off.{found}"
        + (" With few seeds each point is itself uncertain." if seeds < 20 else ""),
    )


def _estimates(results: Results) -> Caption:
    group = results.groups.names[0]
    accepts = sorted(results.fits["target_accept"].unique())
    at = (
        f"the lowest and the highest target_accept ({accepts[0]:g} and {accepts[-1]:g})"
        if len(accepts) > 1
        else f"target_accept {accepts[0]:g}"
    )
    return (
        f"Estimated means of μ, τ, log τ and θ of {group} against draws, a point a seed.",
        f"Estimated means of μ, τ, log τ and θ of {group} at {at}: a point a seed, its bar two "
        "Monte Carlo standard errors either side. The black line is the exact mean, where one "
        "exists. As draws grow, the bars of a biased sampler shrink beside the line.",
    )


def _target_accept(results: Results) -> Caption:
    each = []
    for model, rows in results.last.groupby("model", sort=False):
        cost = rows.groupby("target_accept")["ess_per_1000_gradients"].mean()
        if len(cost) > 1 and cost.notna().any():
            each.append(
                f"{model}: most effective draws per gradient at target_accept {cost.idxmax():g} "
                "(mean over seeds)"
            )
    found = f" {_sentence(each)}" if each else ""
    return (
        "Step size, divergent transitions, smallest bulk ESS and its cost against target_accept."
        f"{found}",
        "Each point is a seed, each line the mean over seeds; a gradient is one leapfrog step, "
        f"tuning included.{found}",
    )


def _shrinkage(results: Results) -> Caption:
    median, ends = results.in_units("tau", "q50"), results.interval("tau")
    return (
        "Mean and standard deviation of each group's θ given τ, against τ, over the posterior "
        f"density of τ, whose median is {median} and 95 % interval {ends}.",
        "Exact mean (above) and standard deviation (below) of each group's θ if τ were known. At "
        "τ = 0 all groups share one mean; as τ grows each returns to its own estimate and standard "
        "error. Dashed lines mark what empirical Bayes would plug in for τ; grey is the posterior "
        f"density of τ (median {median}, 95 % interval {ends}), the uncertainty that plugging in "
        "leaves out. After Gelman et al., Bayesian Data Analysis, section 5.5.",
    )


FIGURES: dict[str, Callable[[Results], Caption]] = {
    "forest": _forest,
    "divergences": _divergences,
    "funnel_neck": _funnel_neck,
    "densities": _densities,
    "traces": _traces,
    "log_tau": _log_tau,
    "cumulative_mean": _cumulative_mean,
    "z_scores": _z_scores,
    "error": _error,
    "estimates": _estimates,
    "target_accept": _target_accept,
    "shrinkage": _shrinkage,
}


def _of_shown(results: Results) -> str:
    sampling = results.settings["sampling"]
    return (
        f"one fit of each model (seed {sampling['seeds'][0]}, target_accept "
        f"{sampling['target_accept'][0]:g}, {count(sampling['chains'], 'chain')} of "
        f"{results.draws:,} draws)"
    )


def _diverged(row: pd.Series[float], results: Results) -> str:
    number = f"{int(row['divergences']):,}" if row["divergences"] else "none"
    return f"{number} of {results.transitions:,} transitions diverged"


def _of_variable(results: Results, variable: str) -> pd.DataFrame:
    """Estimates of a variable by the fits that figures show, by model."""
    sampling = results.settings["sampling"]
    rows = results.estimates
    by_model: pd.DataFrame = rows[
        (rows["variable"] == variable)
        & (rows["draws"] == results.draws)
        & (rows["seed"] == sampling["seeds"][0])
        & (rows["target_accept"] == sampling["target_accept"][0])
    ].set_index("model")
    return by_model


def _sentence(parts: list[str]) -> str:
    """Put what is said of each model into one sentence."""
    return first_upper(f"{'; '.join(parts)}.") if parts else ""
